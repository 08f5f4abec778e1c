// Syntax tree of an expression -> bound expression: names to columns, calls to functions, explicit casts, folded
// constants.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "plan/bind/scope.h"
#include "sql/ast.h"

namespace laminar::plan {

// What binding may look at. Everything outlives the binder.
struct PlanContext {
  const expr::FunctionRegistry* functions = nullptr;
  const catalog::Catalog* catalog = nullptr;
  const expr::EvalEnvironment* environment = nullptr;
  std::span<const data::Value> parameters;  // values of $1, $2, ...
  std::span<const data::Type> parameter_types;
  // A nameless source over a file, for read_csv('path') and the like in FROM; format empty: by the file's extension.
  // Null: such functions are refused.
  std::function<Result<catalog::RelationPtr>(const std::string& path, const std::string& format)> open_file;
};

class ExpressionBinder {
 public:
  // Asked before a node is bound; a null expression means "bind it as usual". How columns above an aggregation are
  // found.
  class Interceptor {
   public:
    virtual ~Interceptor() = default;
    virtual Result<expr::ExprPtr> Intercept(const sql::Expression& node) = 0;
  };

  ExpressionBinder(const PlanContext& context, const Scope& scope, Interceptor* interceptor = nullptr)
      : context_(context), scope_(scope), interceptor_(interceptor) {}

  Result<expr::ExprPtr> Bind(const sql::Expression& node);
  // Binds and casts to BOOLEAN context: kTypeMismatch naming `clause` otherwise.
  Result<expr::ExprPtr> BindCondition(const sql::Expression& node, std::string_view clause);
  // A call with arguments already bound; asts[i] (may be empty) tells which are bare text literals.
  Result<expr::ExprPtr> Call(std::string_view name, std::vector<expr::ExprPtr> args,
                             std::span<const sql::ExpressionPtr> asts, TextPosition position);

 private:
  Result<expr::ExprPtr> BindUsual(const sql::Expression& node);
  Result<expr::ExprPtr> BindColumn(const sql::Expression& node);
  Result<expr::ExprPtr> BindCallNode(const sql::Expression& node);
  Result<expr::ExprPtr> BindBinary(const sql::Expression& node);
  Result<expr::ExprPtr> BindLogical(const sql::Expression& node);
  Result<expr::ExprPtr> BindCase(const sql::Expression& node);
  Result<expr::ExprPtr> BindBetween(const sql::Expression& node);
  Result<expr::ExprPtr> BindIn(const sql::Expression& node);
  Result<expr::ExprPtr> BindLike(const sql::Expression& node);
  Result<expr::ExprPtr> BindCoalesce(const sql::Expression& node);
  Result<expr::ExprPtr> BindSubscript(const sql::Expression& node);
  Result<expr::ExprPtr> BindNested(const sql::Expression& node);
  Result<std::vector<expr::ExprPtr>> BindAll(std::span<const sql::ExpressionPtr> nodes);
  Result<expr::ExprPtr> Field(expr::ExprPtr base, const std::string& name, TextPosition position);
  Result<expr::ExprPtr> Compare(std::string_view op, expr::ExprPtr left, expr::ExprPtr right,
                                const sql::Expression& left_node, const sql::Expression& right_node,
                                TextPosition position);

  const PlanContext& context_;
  const Scope& scope_;
  Interceptor* interceptor_;
};

// Casts all to the type they have in common (bare text literals take the others' type). For CASE, COALESCE, IN, VALUES,
// UNION.
Result<data::Type> Unify(std::vector<expr::ExprPtr>& args, std::span<const sql::Expression* const> nodes,
                         TextPosition position);
// `value` cast to `type`: a literal is cast now (kBadValue at the position), anything else gets a cast node.
Result<expr::ExprPtr> CastTo(expr::ExprPtr value, const data::Type& type, TextPosition position, bool is_try = false);

bool IsBareText(const sql::Expression& node);
Result<expr::ExprPtr> BindLiteral(const sql::Expression& node);
// The fixed length of an INTERVAL literal or constant expression in microseconds; kBadDuration with `what` in the
// message.
Result<Duration> BindDuration(const PlanContext& context, const sql::Expression& node, std::string_view what);
// The value of a constant expression cast to `type`.
Result<data::Value> BindConstant(const PlanContext& context, const sql::Expression& node, const data::Type& type,
                                 std::string_view what);

}  // namespace laminar::plan
