// Building, copying and comparing bound expression trees. Trees are at most as deep as the parser allows, so recursion
// is safe.
#include "base/check.h"
#include "base/hash.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "expr/tree_internal.h"

namespace laminar::expr {
namespace {

uint64_t HashText(std::string_view text) { return HashBytes(text.data(), text.size()); }

bool AnyNullable(const std::vector<ExprPtr>& args) {
  for (const ExprPtr& arg : args) {
    if (arg->nullable) return true;
  }
  return false;
}

}  // namespace

ExprPtr MakeColumn(uint32_t column, data::Type type, bool nullable) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::kColumn;
  expr->type = std::move(type);
  expr->nullable = nullable;
  expr->column = column;
  return expr;
}

ExprPtr MakeLiteral(data::Value value, data::Type type) {
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::kLiteral;
  expr->type = std::move(type);
  expr->nullable = value.is_null();
  expr->literal = std::move(value);
  return expr;
}

ExprPtr MakeCast(ExprPtr arg, const data::Type& type, bool is_try) {
  if (arg->type == type) return arg;
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::kCast;
  expr->type = type;
  // A JSON null casts to a NULL, so only casts from other types keep "never null".
  expr->nullable = arg->nullable || is_try || arg->type.id() == data::TypeId::kJson;
  expr->is_try = is_try;
  expr->position = arg->position;
  expr->args.push_back(std::move(arg));
  return expr;
}

ExprPtr MakeCall(std::shared_ptr<const BoundFunction> function, std::vector<ExprPtr> args) {
  CHECK(function != nullptr && function->arguments.size() == args.size());
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::kCall;
  expr->type = function->result;
  for (size_t i = 0; i < args.size(); ++i) args[i] = MakeCast(std::move(args[i]), function->arguments[i]);
  // A kernel may null a row whose arguments are not null, unless it says otherwise.
  expr->nullable = !function->never_null || (function->traits.nulls == NullPolicy::kPropagate && AnyNullable(args));
  expr->function = std::move(function);
  expr->args = std::move(args);
  return expr;
}

ExprPtr MakeAnd(std::vector<ExprPtr> args) {
  CHECK(!args.empty());
  if (args.size() == 1) return std::move(args[0]);
  auto expr = std::make_unique<Expr>();
  expr->kind = ExprKind::kAnd;
  expr->type = data::TypeId::kBool;
  for (ExprPtr& arg : args) {
    CHECK(arg->type.id() == data::TypeId::kBool);
    if (arg->kind == ExprKind::kAnd) {
      for (ExprPtr& inner : arg->args) expr->args.push_back(std::move(inner));
    } else {
      expr->args.push_back(std::move(arg));
    }
  }
  expr->nullable = AnyNullable(expr->args);
  return expr;
}

ExprPtr Clone(const Expr& expr) {
  auto copy = std::make_unique<Expr>();
  copy->kind = expr.kind;
  copy->type = expr.type;
  copy->nullable = expr.nullable;
  copy->is_try = expr.is_try;
  copy->column = expr.column;
  copy->literal = expr.literal;
  copy->function = expr.function;
  copy->position = expr.position;
  copy->args.reserve(expr.args.size());
  for (const ExprPtr& arg : expr.args) copy->args.push_back(Clone(*arg));
  return copy;
}

bool SameFunction(const BoundFunction* a, const BoundFunction* b) {
  if (a == b) return true;
  if (a == nullptr || b == nullptr) return false;
  if (a->kernel != b->kernel || a->name != b->name || a->arguments != b->arguments || a->result != b->result)
    return false;
  // States made by Resolve follow from name, types and constant arguments, which are compared beside this.
  return a->state == b->state || (a->is_resolved && b->is_resolved);
}

bool SameLiteral(const data::Value& a, const data::Value& b, const data::Type& type) {
  if (a.is_null() || b.is_null()) return a.is_null() == b.is_null();
  // Not by value order: -0.0 and 0.0 compare as equal, and so do intervals of one length.
  return type.is_float() || type.id() == data::TypeId::kInterval || type.is_nested()
             ? a.ToString(type) == b.ToString(type)
             : a == b;
}

bool Equal(const Expr& a, const Expr& b) {
  if (a.kind != b.kind || a.is_try != b.is_try || a.args.size() != b.args.size() || a.type != b.type) return false;
  if (a.kind == ExprKind::kColumn && a.column != b.column) return false;
  if (a.kind == ExprKind::kLiteral && !SameLiteral(a.literal, b.literal, a.type)) return false;
  if (a.kind == ExprKind::kCall && !SameFunction(a.function.get(), b.function.get())) return false;
  for (size_t i = 0; i < a.args.size(); ++i) {
    if (!Equal(*a.args[i], *b.args[i])) return false;
  }
  return true;
}

uint64_t HashNode(const Expr& expr) {
  uint64_t hash =
      HashCombine(static_cast<uint64_t>(expr.kind), static_cast<uint64_t>(expr.type.id()) * 2 + expr.is_try);
  if (expr.kind == ExprKind::kColumn) hash = HashCombine(hash, expr.column);
  if (expr.kind == ExprKind::kLiteral) hash = HashCombine(hash, HashText(expr.literal.ToString(expr.type)));
  if (expr.kind == ExprKind::kCall) hash = HashCombine(hash, HashText(expr.function->name));
  return hash;
}

uint64_t Hash(const Expr& expr) {
  uint64_t hash = HashNode(expr);
  for (const ExprPtr& arg : expr.args) hash = HashCombine(hash, Hash(*arg));
  return hash;
}

void CollectColumns(const Expr& expr, std::vector<uint32_t>& columns) {
  if (expr.kind == ExprKind::kColumn) columns.push_back(expr.column);
  for (const ExprPtr& arg : expr.args) CollectColumns(*arg, columns);
}

void RemapColumns(Expr& expr, const std::vector<uint32_t>& to) {
  if (expr.kind == ExprKind::kColumn) {
    CHECK(expr.column < to.size());
    expr.column = to[expr.column];
  }
  for (ExprPtr& arg : expr.args) RemapColumns(*arg, to);
}

bool IsVolatile(const Expr& expr) {
  if (expr.kind == ExprKind::kCall && expr.function->traits.is_volatile) return true;
  for (const ExprPtr& arg : expr.args) {
    if (IsVolatile(*arg)) return true;
  }
  return false;
}

bool IsConstant(const Expr& expr) {
  if (expr.kind == ExprKind::kColumn) return false;
  if (expr.kind == ExprKind::kCall && expr.function->traits.is_volatile) return false;
  for (const ExprPtr& arg : expr.args) {
    if (!IsConstant(*arg)) return false;
  }
  return true;
}

}  // namespace laminar::expr
