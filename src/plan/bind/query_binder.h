// Queries to plan trees: FROM, WHERE, GROUP BY, HAVING, SELECT, DISTINCT, ORDER BY, LIMIT, set operations, CTEs, views.
//
// The binder decides what each operator emits (spec F011): in batch mode everything is final; in streaming mode the
// statement's EMIT goes to the outermost aggregation and inner ones take their defaults.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/bind/expression_binder.h"
#include "plan/node.h"

namespace laminar::plan {

struct EmitChoice {
  std::optional<exec::EmitKind> kind;  // none: the default of the operator
  std::string origin = "default";
  TextPosition position;
};

// A relation under construction: its plan and the names it can be called by.
struct Bound {
  NodePtr node;
  Scope scope;
};

// What GROUP BY says of time.
struct WindowCall {
  bool is_hop = false;
  uint32_t time_column = 0;  // of the select's input
  Duration size = 0;
  Duration slide = 0;
  Duration offset = 0;
  std::string relation;  // alias of a window in FROM; empty for the GROUP BY form
  bool in_from = false;
  TextPosition position;
};

class QueryBinder {
 public:
  QueryBinder(const PlanContext& context, QueryMode mode, EmitChoice emit, QueryPlan& plan)
      : context_(context), mode_(mode), emit_(std::move(emit)), plan_(plan) {}

  // The whole query; `is_top`: EMIT applies to its aggregation.
  Result<NodePtr> BindQuery(const sql::Query& query, bool is_top);

 private:
  friend class SelectBinder;  // the part that handles one SELECT

  Result<NodePtr> BindBody(const sql::QueryBody& body, const sql::Query& owner, bool is_top, bool& took_order);
  Result<NodePtr> BindSetOperation(const sql::QueryBody& body, bool is_top);
  Result<NodePtr> BindValues(const sql::QueryBody& body);
  Result<NodePtr> AddOrderAndLimit(NodePtr node, const sql::Query& query, bool took_order);
  Result<NodePtr> AddLimit(NodePtr node, const sql::Query& query);
  Result<std::pair<uint64_t, uint64_t>> BindLimit(const sql::Query& query);

  Result<Bound> BindFrom(const sql::TableRef& ref, bool is_top, std::optional<WindowCall>& window);
  Result<Bound> BindNamed(const sql::TableRef& ref);
  Result<Bound> BindRelation(const catalog::RelationPtr& relation, const std::string& alias, TextPosition position);
  Result<Bound> BindTableFunction(const sql::TableRef& ref, std::optional<WindowCall>& window);
  Result<Bound> BindWindowFunction(const sql::TableRef& ref, std::optional<WindowCall>& window);
  Result<Bound> BindUnnest(const sql::TableRef& ref, Bound input);
  Result<Bound> BindSystemFunction(const sql::TableRef& ref);
  Result<Bound> BindFile(const sql::TableRef& ref);
  Result<Bound> Alias(NodePtr node, const sql::TableRef& ref);
  Result<NodePtr> ExpandView(const catalog::Relation& view, TextPosition position);
  void DependOn(const std::string& name);

  const PlanContext& context_;
  QueryMode mode_;
  EmitChoice emit_;
  QueryPlan& plan_;
  std::vector<const sql::CommonTable*> ctes_;
  Duration lateness_ = 0;
  int depth_ = 0;
};

// Small constructors shared by the binder's files.
NodePtr MakeFilterProject(NodePtr input, expr::ExprPtr predicate, std::vector<expr::ExprPtr> outputs,
                          std::vector<std::string> names);
NodePtr MakeFilter(NodePtr input, expr::ExprPtr predicate);
NodePtr MakeDistinct(NodePtr input, QueryMode mode, const EmitChoice& emit);
Scope ScopeOf(const Node& node, const std::string& relation);
// Window arguments (column, durations) of a TUMBLE / HOP / SLIDE call; `first` is the position of the time argument in
// the call.
Status BindWindowArguments(const PlanContext& context, const sql::Expression& call, size_t first, WindowCall& window);
Status NotSupportedYet(const std::string& what, TextPosition position, std::string hint = "");
bool IsWindowName(std::string_view name);

// SELECT ... FROM ... WHERE ... GROUP BY ... HAVING with the query's ORDER BY (which may look below the projection).
Result<NodePtr> BindSelect(QueryBinder& binder, const sql::Select& select, const sql::Query& owner, bool is_top,
                           bool& took_order);

}  // namespace laminar::plan
