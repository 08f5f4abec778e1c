#include "plan/bind/expression_binder.h"

#include "base/text.h"
#include "expr/aggregate.h"
#include "expr/cast.h"
#include "expr/program.h"
#include "plan/bind/type_binder.h"
#include "sql/printer.h"

namespace laminar::plan {

using data::Type;
using data::TypeId;
using data::Value;
using expr::ExprPtr;
using sql::ExpressionKind;

namespace {

Status NotYet(const std::string& what, TextPosition position, std::string hint = "") {
  return Status(ErrorCode::kNotSupported, what + " is not supported yet").WithHint(std::move(hint)).At(position);
}

std::string_view SymbolOf(sql::BinaryOperator op) {
  using enum sql::BinaryOperator;
  switch (op) {
    case kEqual: return "=";
    case kNotEqual: return "<>";
    case kLess: return "<";
    case kLessEqual: return "<=";
    case kGreater: return ">";
    case kGreaterEqual: return ">=";
    case kAdd: return "+";
    case kSubtract: return "-";
    case kMultiply: return "*";
    case kDivide: return "/";
    case kModulo: return "%";
    case kPower: return "^";
    case kConcat: return "||";
    case kBitAnd: return "&";
    case kBitOr: return "|";
    case kBitXor: return "#";
    case kShiftLeft: return "<<";
    case kShiftRight: return ">>";
    case kJsonGet: return "->";
    case kJsonGetText: return "->>";
    case kJsonPath: return "#>";
    case kJsonPathText: return "#>>";
    case kJsonExists: return "?";
    case kContains: return "@>";
    case kContainedBy: return "<@";
    case kRegexMatch: return "~";
    case kRegexMatchInsensitive: return "~*";
    case kRegexNotMatch: return "!~";
    case kRegexNotMatchInsensitive: return "!~*";
  }
  return "";
}

bool IsComparison(sql::BinaryOperator op) { return op <= sql::BinaryOperator::kGreaterEqual; }

std::vector<const sql::Expression*> Pointers(std::span<const sql::ExpressionPtr> nodes) {
  std::vector<const sql::Expression*> out;
  for (const sql::ExpressionPtr& node : nodes) out.push_back(node.get());
  return out;
}

}  // namespace

Result<ExprPtr> ExpressionBinder::Bind(const sql::Expression& node) {
  if (interceptor_ != nullptr) {
    ExprPtr found = TRY(interceptor_->Intercept(node));
    if (found != nullptr) return found;
  }
  ExprPtr bound = TRY(BindUsual(node));
  if (bound->position.line == 0) bound->position = node.position;
  return bound;
}

Result<ExprPtr> ExpressionBinder::BindUsual(const sql::Expression& node) {
  switch (node.kind) {
    case ExpressionKind::kLiteral:
    case ExpressionKind::kTypedLiteral:
    case ExpressionKind::kInterval: return BindLiteral(node);
    case ExpressionKind::kColumn: return BindColumn(node);
    case ExpressionKind::kStar:
      return Error(Status(ErrorCode::kUnexpectedToken, "* stands where a value is needed")
                       .WithHint("* works in SELECT lists and in count(*)")
                       .At(node.position));
    case ExpressionKind::kCall: return BindCallNode(node);
    case ExpressionKind::kUnary: {
      std::vector<ExprPtr> args = TRY(BindAll(node.children));
      switch (node.unary) {
        case sql::UnaryOperator::kPlus: return std::move(args[0]);
        case sql::UnaryOperator::kNot:
          args[0] = TRY(CastTo(std::move(args[0]), Type(TypeId::kBool), node.position));
          return Call("not", std::move(args), {}, node.position);
        case sql::UnaryOperator::kNegate: return Call("-", std::move(args), node.children, node.position);
        case sql::UnaryOperator::kBitNot: return Call("~", std::move(args), node.children, node.position);
      }
      break;
    }
    case ExpressionKind::kBinary: return BindBinary(node);
    case ExpressionKind::kAnd:
    case ExpressionKind::kOr: return BindLogical(node);
    case ExpressionKind::kCast: {
      const Type type = TRY(BindType(*node.type));
      ExprPtr value = TRY(Bind(*node.children[0]));
      return CastTo(std::move(value), type, node.position, node.try_cast);
    }
    case ExpressionKind::kCase: return BindCase(node);
    case ExpressionKind::kBetween: return BindBetween(node);
    case ExpressionKind::kIn: return BindIn(node);
    case ExpressionKind::kLike: return BindLike(node);
    case ExpressionKind::kIsNull:
      return Call(node.negated ? "is_not_null" : "is_null", TRY(BindAll(node.children)), {}, node.position);
    case ExpressionKind::kIsDistinct: {
      std::vector<ExprPtr> args = TRY(BindAll(node.children));
      TRY(Unify(args, Pointers(node.children), node.position));
      return Call(node.negated ? "is_not_distinct_from" : "is_distinct_from", std::move(args), {}, node.position);
    }
    case ExpressionKind::kIsBool: {
      std::vector<ExprPtr> args = TRY(BindAll(node.children));
      args[0] = TRY(CastTo(std::move(args[0]), Type(TypeId::kBool), node.position));
      const char* name = node.truth == sql::Truth::kTrue    ? "is_true"
                         : node.truth == sql::Truth::kFalse ? "is_false"
                                                            : "is_null";
      ExprPtr test = TRY(Call(name, std::move(args), {}, node.position));
      if (!node.negated) return test;
      std::vector<ExprPtr> one;
      one.push_back(std::move(test));
      return Call("not", std::move(one), {}, node.position);
    }
    case ExpressionKind::kExists:
    case ExpressionKind::kSubquery:
    case ExpressionKind::kQuantified:
      return Error(NotYet("a sub-query inside an expression", node.position, "put it in FROM or in a view"));
    case ExpressionKind::kArray:
    case ExpressionKind::kStructLiteral:
    case ExpressionKind::kMapLiteral:
    case ExpressionKind::kRow: return BindNested(node);
    case ExpressionKind::kSubscript:
    case ExpressionKind::kSlice: return BindSubscript(node);
    case ExpressionKind::kField: {
      ExprPtr base = TRY(Bind(*node.children[0]));
      return Field(std::move(base), node.labels[0], node.position);
    }
    case ExpressionKind::kLambda: return Error(NotYet("a lambda", node.position));
    case ExpressionKind::kParameter: {
      const size_t i = node.parameter - 1;
      if (i >= context_.parameters.size()) {
        return Error(Status(ErrorCode::kBadParameter, "parameter $" + std::to_string(node.parameter) + " has no value")
                         .WithHint("PREPARE p AS ...; EXECUTE p(value, ...)")
                         .At(node.position));
      }
      return expr::MakeLiteral(context_.parameters[i], context_.parameter_types[i]);
    }
    case ExpressionKind::kAtTimeZone: {
      std::vector<ExprPtr> args;
      args.push_back(TRY(Bind(*node.children[1])));
      args.push_back(TRY(Bind(*node.children[0])));
      return Call("timezone", std::move(args), {}, node.position);
    }
    case ExpressionKind::kTableArgument:
      return Error(Status(ErrorCode::kMisplacedWindow, "TABLE stands where a value is needed").At(node.position));
  }
  return Error(ErrorCode::kInternal, "an expression of unknown kind");
}

Result<std::vector<ExprPtr>> ExpressionBinder::BindAll(std::span<const sql::ExpressionPtr> nodes) {
  std::vector<ExprPtr> out;
  for (const sql::ExpressionPtr& node : nodes) out.push_back(TRY(Bind(*node)));
  return out;
}

Result<ExprPtr> ExpressionBinder::BindCondition(const sql::Expression& node, std::string_view clause) {
  ExprPtr bound = TRY(Bind(node));
  if (bound->type.id() != TypeId::kBool && bound->type.id() != TypeId::kNull) {
    return Error(
        Status(ErrorCode::kTypeMismatch, std::string(clause) + " needs a BOOLEAN, found " + bound->type.ToString())
            .WithHint("compare it with something")
            .At(node.position));
  }
  return CastTo(std::move(bound), Type(TypeId::kBool), node.position);
}

Result<ExprPtr> ExpressionBinder::BindColumn(const sql::Expression& node) {
  auto [column, parts] = TRY(scope_.Resolve(node.name, node.position));
  ExprPtr bound = expr::MakeColumn(column->index, column->type, column->nullable);
  for (size_t i = parts; i < node.name.size(); ++i) bound = TRY(Field(std::move(bound), node.name[i], node.position));
  return bound;
}

Result<ExprPtr> ExpressionBinder::Field(ExprPtr base, const std::string& name, TextPosition position) {
  if (base->type.id() == TypeId::kStruct || base->type.id() == TypeId::kMap) {
    const char* function = base->type.id() == TypeId::kStruct ? "struct_extract" : "element_at";
    std::vector<ExprPtr> args;
    args.push_back(std::move(base));
    args.push_back(expr::MakeLiteral(Value::String(name), Type(TypeId::kVarchar)));
    return Call(function, std::move(args), {}, position);
  }
  return Error(
      Status(ErrorCode::kUnknownColumn, "a value of type " + base->type.ToString() + " has no field \"" + name + "\"")
          .At(position));
}

Result<ExprPtr> ExpressionBinder::Call(std::string_view name, std::vector<ExprPtr> args,
                                       std::span<const sql::ExpressionPtr> asts, TextPosition position) {
  std::vector<Type> types;
  std::vector<const Value*> constants;
  bool any_bare = false;
  auto is_bare = [&](size_t i) { return i < asts.size() && asts[i] != nullptr && IsBareText(*asts[i]); };
  for (size_t i = 0; i < args.size(); ++i) {
    expr::FoldConstants(args[i], *context_.environment);
    types.push_back(args[i]->type);
    constants.push_back(args[i]->kind == expr::ExprKind::kLiteral ? &args[i]->literal : nullptr);
    any_bare |= is_bare(i);
  }
  auto resolved = context_.functions->Resolve({name, types, constants});
  if (!resolved && any_bare && resolved.error().code() == ErrorCode::kFunctionArguments) {
    // Bare text takes the type the function wants, as an untyped literal does in Postgres.
    std::vector<Type> open = types;
    for (size_t i = 0; i < args.size(); ++i) {
      if (is_bare(i)) open[i] = Type(TypeId::kNull);
    }
    auto second = context_.functions->Resolve({name, open, constants});
    if (second) resolved = std::move(second);
  }
  if (!resolved) return Error(std::move(resolved.error().At(position)));
  const expr::BoundFunction& function = **resolved;
  for (size_t i = 0; i < args.size(); ++i) args[i] = TRY(CastTo(std::move(args[i]), function.arguments[i], position));
  ExprPtr call = expr::MakeCall(*std::move(resolved), std::move(args));
  call->position = position;
  return call;
}

Result<ExprPtr> ExpressionBinder::Compare(std::string_view op, ExprPtr left, ExprPtr right,
                                          const sql::Expression& left_node, const sql::Expression& right_node,
                                          TextPosition position) {
  std::vector<ExprPtr> args;
  args.push_back(std::move(left));
  args.push_back(std::move(right));
  const sql::Expression* nodes[] = {&left_node, &right_node};
  if (IsBareText(left_node) != IsBareText(right_node) || args[0]->type != args[1]->type) {
    const bool nulls = args[0]->type.id() == TypeId::kNull || args[1]->type.id() == TypeId::kNull;
    auto unified = Unify(args, nodes, position);
    if (!unified && !nulls) {
      if (unified.error().code() != ErrorCode::kTypeMismatch) return Error(std::move(unified.error()));
      return Error(Status(ErrorCode::kTypeMismatch, "cannot compare " + args[0]->type.ToString() + " " +
                                                        std::string(op) + " " + args[1]->type.ToString())
                       .WithHint("cast one side, for example CAST(x AS " + args[0]->type.ToString() + ")")
                       .At(position));
    }
  }
  return Call(op, std::move(args), {}, position);
}

Result<ExprPtr> ExpressionBinder::BindBinary(const sql::Expression& node) {
  ExprPtr left = TRY(Bind(*node.children[0]));
  ExprPtr right = TRY(Bind(*node.children[1]));
  if (IsComparison(node.binary)) {
    return Compare(SymbolOf(node.binary), std::move(left), std::move(right), *node.children[0], *node.children[1],
                   node.position);
  }
  std::vector<ExprPtr> args;
  args.push_back(std::move(left));
  args.push_back(std::move(right));
  return Call(SymbolOf(node.binary), std::move(args), node.children, node.position);
}

Result<ExprPtr> ExpressionBinder::BindLogical(const sql::Expression& node) {
  const bool is_and = node.kind == ExpressionKind::kAnd;
  auto bound = std::make_unique<expr::Expr>();
  bound->kind = is_and ? expr::ExprKind::kAnd : expr::ExprKind::kOr;
  bound->type = Type(TypeId::kBool);
  for (const sql::ExpressionPtr& child : node.children)
    bound->args.push_back(TRY(BindCondition(*child, is_and ? "AND" : "OR")));
  return bound;
}

Result<ExprPtr> ExpressionBinder::BindCase(const sql::Expression& node) {
  auto bound = std::make_unique<expr::Expr>();
  bound->kind = expr::ExprKind::kCase;
  size_t i = node.has_operand ? 1 : 0;
  const size_t end = node.children.size() - (node.has_else ? 1 : 0);
  std::vector<ExprPtr> whens;
  std::vector<ExprPtr> values;
  std::vector<const sql::Expression*> value_nodes;
  for (; i + 1 < end + 1 && i < end; i += 2) {
    const sql::Expression& when = *node.children[i];
    if (node.has_operand) {
      ExprPtr operand = TRY(Bind(*node.children[0]));
      ExprPtr candidate = TRY(Bind(when));
      whens.push_back(
          TRY(Compare("=", std::move(operand), std::move(candidate), *node.children[0], when, when.position)));
    } else {
      whens.push_back(TRY(BindCondition(when, "WHEN")));
    }
    values.push_back(TRY(Bind(*node.children[i + 1])));
    value_nodes.push_back(node.children[i + 1].get());
  }
  if (node.has_else) {
    values.push_back(TRY(Bind(*node.children.back())));
    value_nodes.push_back(node.children.back().get());
  } else {
    values.push_back(expr::MakeLiteral(Value(), Type(TypeId::kNull)));
    value_nodes.push_back(nullptr);
  }
  bound->type = TRY(Unify(values, value_nodes, node.position));
  for (size_t w = 0; w < whens.size(); ++w) {
    bound->args.push_back(std::move(whens[w]));
    bound->args.push_back(std::move(values[w]));
  }
  bound->args.push_back(std::move(values.back()));
  return bound;
}

Result<ExprPtr> ExpressionBinder::BindBetween(const sql::Expression& node) {
  const sql::Expression& value = *node.children[0];
  std::vector<ExprPtr> both;
  for (size_t side = 1; side <= 2; ++side) {
    ExprPtr left = TRY(Bind(value));
    ExprPtr bound = TRY(Bind(*node.children[side]));
    both.push_back(TRY(Compare(side == 1 ? ">=" : "<=", std::move(left), std::move(bound), value, *node.children[side],
                               node.position)));
  }
  ExprPtr range = expr::MakeAnd(std::move(both));
  if (!node.negated) return range;
  std::vector<ExprPtr> one;
  one.push_back(std::move(range));
  return Call("not", std::move(one), {}, node.position);
}

Result<ExprPtr> ExpressionBinder::BindIn(const sql::Expression& node) {
  if (node.query != nullptr)
    return Error(NotYet("IN with a sub-query", node.position, "join with it, or list the values"));
  std::vector<ExprPtr> args = TRY(BindAll(node.children));
  TRY(Unify(args, Pointers(node.children), node.position));
  ExprPtr in = TRY(Call("in", std::move(args), {}, node.position));
  if (!node.negated) return in;
  std::vector<ExprPtr> one;
  one.push_back(std::move(in));
  return Call("not", std::move(one), {}, node.position);
}

Result<ExprPtr> ExpressionBinder::BindLike(const sql::Expression& node) {
  static constexpr std::string_view kNames[] = {"like", "ilike", "similar"};
  ExprPtr like =
      TRY(Call(kNames[static_cast<size_t>(node.like)], TRY(BindAll(node.children)), node.children, node.position));
  if (!node.negated) return like;
  std::vector<ExprPtr> one;
  one.push_back(std::move(like));
  return Call("not", std::move(one), {}, node.position);
}

Result<ExprPtr> ExpressionBinder::BindCoalesce(const sql::Expression& node) {
  if (node.children.empty())
    return Error(Status(ErrorCode::kFunctionArguments, "coalesce needs at least one argument").At(node.position));
  auto bound = std::make_unique<expr::Expr>();
  bound->kind = expr::ExprKind::kCoalesce;
  bound->args = TRY(BindAll(node.children));
  bound->type = TRY(Unify(bound->args, Pointers(node.children), node.position));
  return bound;
}

Result<ExprPtr> ExpressionBinder::BindCallNode(const sql::Expression& node) {
  const std::string name = node.name.size() == 1 ? node.name[0] : sql::PrintName(node.name);
  if (node.call != nullptr && node.call->over != nullptr) {
    return Error(NotYet("a window function with OVER", node.position, "aggregate in a TUMBLE or HOP window"));
  }
  if (name == "coalesce") return BindCoalesce(node);
  const bool scalar = context_.functions->FindScalar(name) != nullptr;
  if (!scalar && context_.functions->FindAggregate(name) != nullptr) {
    return Error(Status(ErrorCode::kMisplacedAggregate, "aggregate " + name + " stands where single rows are looked at")
                     .WithHint("aggregates work in SELECT, HAVING and ORDER BY; filter groups with HAVING")
                     .At(node.position));
  }
  if (name == "session") {
    return Error(Status(ErrorCode::kMisplacedWindow, "SESSION stands where a value is needed")
                     .WithHint("SESSION works in GROUP BY and FROM")
                     .At(node.position));
  }
  if (scalar && node.call != nullptr &&
      (node.call->distinct || node.call->filter || !node.call->order_by.empty() || !node.call->within_group.empty())) {
    return Error(Status(ErrorCode::kFunctionArguments,
                        name + " is not an aggregate: DISTINCT, FILTER and ORDER BY mean nothing to it")
                     .At(node.position));
  }
  std::vector<ExprPtr> args = TRY(BindAll(node.children));
  if (name == "nullif" || name == "greatest" || name == "least" || name == "ifnull" || name == "nvl") {
    TRY(Unify(args, Pointers(node.children), node.position));
  }
  return Call(name, std::move(args), node.children, node.position);
}

Result<ExprPtr> ExpressionBinder::BindSubscript(const sql::Expression& node) {
  std::vector<ExprPtr> args;
  args.push_back(TRY(Bind(*node.children[0])));
  const TypeId base = args[0]->type.id();
  for (size_t i = 1; i < node.children.size(); ++i) {
    args.push_back(node.children[i] ? TRY(Bind(*node.children[i])) : expr::MakeLiteral(Value(), Type(TypeId::kInt64)));
  }
  if (node.kind == ExpressionKind::kSlice) return Call("array_slice", std::move(args), {}, node.position);
  const char* name = base == TypeId::kStruct ? "struct_extract"
                     : base == TypeId::kMap  ? "element_at"
                     : base == TypeId::kJson ? "->"
                                             : "array_element";
  return Call(name, std::move(args), node.children, node.position);
}

Result<ExprPtr> ExpressionBinder::BindNested(const sql::Expression& node) {
  std::vector<ExprPtr> args = TRY(BindAll(node.children));
  if (node.kind == ExpressionKind::kArray) {
    TRY(Unify(args, Pointers(node.children), node.position));
    return Call("make_array", std::move(args), {}, node.position);
  }
  if (node.kind == ExpressionKind::kRow) return Call("row", std::move(args), {}, node.position);
  if (node.kind == ExpressionKind::kStructLiteral) {
    std::vector<ExprPtr> named;
    for (size_t i = 0; i < args.size(); ++i) {
      named.push_back(expr::MakeLiteral(Value::String(node.labels[i]), Type(TypeId::kVarchar)));
      named.push_back(std::move(args[i]));
    }
    return Call("named_struct", std::move(named), {}, node.position);
  }
  std::vector<ExprPtr> keys;
  std::vector<ExprPtr> values;
  for (size_t i = 0; i < args.size(); ++i) (i % 2 == 0 ? keys : values).push_back(std::move(args[i]));
  std::vector<ExprPtr> both;
  for (std::vector<ExprPtr>* side : {&keys, &values}) {
    TRY(Unify(*side, {}, node.position));
    both.push_back(TRY(Call("make_array", std::move(*side), {}, node.position)));
  }
  return Call("map", std::move(both), {}, node.position);
}

}  // namespace laminar::plan
