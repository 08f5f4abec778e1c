// Literals, constants and durations.
#include "base/text.h"
#include "expr/cast.h"
#include "expr/program.h"
#include "plan/bind/expression_binder.h"
#include "plan/bind/type_binder.h"
#include "sql/printer.h"

namespace laminar::plan {

using data::Type;
using data::TypeId;
using data::Value;
using expr::ExprPtr;

namespace {

// An exact number keeps all its digits: DECIMAL(p, s) with just enough of both.
Result<ExprPtr> BindDecimalLiteral(const sql::Expression& node) {
  const std::string& text = node.literal.text;
  int digits = 0;
  int scale = -1;
  for (char c : text) {
    if (c == '.') scale = 0;
    if (!IsDigitAscii(c)) continue;
    ++digits;
    if (scale >= 0) ++scale;
  }
  scale = scale < 0 ? 0 : scale;
  if (digits > 38) {
    return Error(Status(ErrorCode::kBadLiteral, "number " + text + " has more than 38 digits")
                     .WithHint("write it as a DOUBLE, for example 1e40")
                     .At(node.position));
  }
  const Type type = Type::Decimal(digits < 1 ? 1 : digits, scale);
  auto value = expr::CastValue(Value::String(text), Type(TypeId::kVarchar), type);
  if (!value) return Error(std::move(value.error().At(node.position)));
  return expr::MakeLiteral(*std::move(value), type);
}

Result<ExprPtr> BindTyped(const sql::Expression& node) {
  const Type type = TRY(BindType(*node.type));
  auto value = expr::CastValue(Value::String(node.literal.text), Type(TypeId::kVarchar), type);
  if (!value) return Error(std::move(value.error().At(node.position)));
  return expr::MakeLiteral(*std::move(value), type);
}

Result<ExprPtr> BindInterval(const sql::Expression& node) {
  const sql::IntervalValue& v = *node.interval;
  if (v.months != static_cast<int32_t>(v.months) || v.days != static_cast<int32_t>(v.days)) {
    return Error(Status(ErrorCode::kOutOfRange, "interval '" + v.text + "' is out of range").At(node.position));
  }
  return expr::MakeLiteral(Value::Of({static_cast<int32_t>(v.months), static_cast<int32_t>(v.days), v.microseconds}),
                           Type(TypeId::kInterval));
}

}  // namespace

bool IsBareText(const sql::Expression& node) {
  return node.kind == sql::ExpressionKind::kLiteral && node.literal.kind == sql::LiteralKind::kString;
}

Result<ExprPtr> BindLiteral(const sql::Expression& node) {
  if (node.kind == sql::ExpressionKind::kTypedLiteral) return BindTyped(node);
  if (node.kind == sql::ExpressionKind::kInterval) return BindInterval(node);
  const sql::Literal& literal = node.literal;
  switch (literal.kind) {
    case sql::LiteralKind::kNull: return expr::MakeLiteral(Value(), Type(TypeId::kNull));
    case sql::LiteralKind::kBoolean: return expr::MakeLiteral(Value::Bool(literal.boolean), Type(TypeId::kBool));
    case sql::LiteralKind::kInteger: {
      const bool fits = literal.integer == static_cast<int32_t>(literal.integer);
      return expr::MakeLiteral(Value::Int(literal.integer), Type(fits ? TypeId::kInt32 : TypeId::kInt64));
    }
    case sql::LiteralKind::kDecimal: return BindDecimalLiteral(node);
    case sql::LiteralKind::kFloat: return expr::MakeLiteral(Value::Double(literal.floating), Type(TypeId::kDouble));
    case sql::LiteralKind::kString: return expr::MakeLiteral(Value::String(literal.text), Type(TypeId::kVarchar));
  }
  return Error(ErrorCode::kInternal, "a literal of unknown kind");
}

Result<ExprPtr> CastTo(ExprPtr value, const Type& type, TextPosition position, bool is_try) {
  if (value->type == type) return value;
  if (value->kind == expr::ExprKind::kLiteral && !is_try) {
    auto cast = expr::CastValue(value->literal, value->type, type);
    if (!cast) return Error(std::move(cast.error().At(position)));
    return expr::MakeLiteral(*std::move(cast), type);
  }
  auto exists = expr::FindCast(value->type, type);
  if (!exists) return Error(std::move(exists.error().At(position)));
  ExprPtr cast = expr::MakeCast(std::move(value), type, is_try);
  cast->position = position;
  return cast;
}

Result<Type> Unify(std::vector<ExprPtr>& args, std::span<const sql::Expression* const> nodes, TextPosition position) {
  Type common(TypeId::kNull);
  for (int pass = 0; pass < 2; ++pass) {  // typed expressions first, bare text only when nothing else decides
    for (size_t i = 0; i < args.size(); ++i) {
      const bool bare = i < nodes.size() && nodes[i] != nullptr && IsBareText(*nodes[i]);
      if (bare != (pass == 1) || (pass == 1 && common.id() != TypeId::kNull)) continue;
      auto merged = expr::CommonType(common, args[i]->type);
      if (!merged) return Error(std::move(merged.error().At(position)));
      common = *std::move(merged);
    }
  }
  for (ExprPtr& arg : args) arg = TRY(CastTo(std::move(arg), common, position));
  return common;
}

Result<Value> BindConstant(const PlanContext& context, const sql::Expression& node, const Type& type,
                           std::string_view what) {
  const Scope nothing;
  ExpressionBinder binder(context, nothing);
  ExprPtr bound = TRY(binder.Bind(node));
  if (!expr::IsConstant(*bound)) {
    return Error(Status(ErrorCode::kTypeMismatch, std::string(what) + " must be a constant, found " + sql::Print(node))
                     .At(node.position));
  }
  bound = TRY(CastTo(std::move(bound), type, node.position));
  auto value = expr::EvaluateConstant(*bound, *context.environment);
  if (!value) return Error(std::move(value.error().At(node.position)));
  return value;
}

Result<Duration> BindDuration(const PlanContext& context, const sql::Expression& node, std::string_view what) {
  auto bad = [&](const std::string& why) {
    return Error(Status(ErrorCode::kBadDuration, std::string(what) + " " + why)
                     .WithHint("for example INTERVAL '5' MINUTE")
                     .At(node.position));
  };
  auto value = BindConstant(context, node, Type(TypeId::kInterval), what);
  if (!value) return bad("must be a constant interval, found " + sql::Print(node));
  if (value->is_null()) return bad("must not be NULL");
  const data::Interval interval = value->interval_value();
  if (interval.months != 0) return bad("must have a fixed length; months and years do not");
  Duration days = 0;
  Duration total = 0;
  if (__builtin_mul_overflow(Duration{interval.days}, kDay, &days) ||
      __builtin_add_overflow(days, interval.micros, &total)) {
    return bad("is out of range");
  }
  return total;
}

}  // namespace laminar::plan
