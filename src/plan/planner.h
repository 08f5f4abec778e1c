// The planner's door: syntax trees in, plans and definitions out. The only module that knows both `sql` and `exec`.
//
// Pure: reads the catalog, changes nothing; a failing call has no side effect. Callers: the engine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plan/bind/expression_binder.h"
#include "plan/node.h"

namespace laminar::plan {

// How a query is meant to run. Unset mode: batch when every relation it reads ends and no EMIT was written, else
// streaming.
struct QueryRequest {
  std::optional<QueryMode> mode;
  const sql::StreamClauses* outer = nullptr;   // clauses outside of the query (CREATE SINK ... EMIT)
  std::optional<std::string> emit_option;      // WITH (emit = '...')
  std::optional<exec::EmitKind> default_emit;  // what a sink wants when nothing was written
  std::string default_origin = "default";
};

Result<QueryPlan> PlanQuery(const PlanContext& context, const sql::Query& query, const QueryRequest& request);

// CREATE SOURCE / TABLE: types, generated columns, watermark, primary key. `inferred` stands in when no columns were
// written. The result lacks what the connector decides (replayable, bounded).
Result<catalog::Relation> BindSource(const PlanContext& context, const sql::CreateSource& create,
                                     const std::optional<data::Schema>& inferred);
Result<catalog::Relation> BindTable(const PlanContext& context, const sql::CreateTable& create);

// Options as stored: keys and canonical values; kDuplicateOption cannot happen here (the parser refuses).
catalog::OptionList StoredOptions(const sql::Options& options);

// INSERT: the query's columns cast to the table's, in the table's order; columns not named are NULL.
Result<QueryPlan> PlanInsert(const PlanContext& context, const sql::Insert& insert, const catalog::Relation& table);

// A materialized view's relation from its plan. columns: names written after the view's name, or empty.
Result<catalog::Relation> ViewRelation(const std::string& name, const std::vector<std::string>& columns,
                                       const QueryPlan& plan, TextPosition position);

// The window whose late rows late('view') shows: the lowest on the way down from the root, where a source's rows are late.
// Null: there is none, or a union stands above.
const Node* LateWindow(const Node& root);

// Rewrites a plan in place; appends the names of the rules that changed it (rules/rules.def).
void Optimize(QueryPlan& plan);

// The plan as text, one operator a line, inputs indented. verbose: with types and state.
std::string ExplainText(const QueryPlan& plan, bool verbose);
std::string ExplainJson(const QueryPlan& plan);

std::string_view EmitName(exec::EmitKind emit);  // "ON WATERMARK"

}  // namespace laminar::plan
