#include "plan/planner.h"

#include <algorithm>

#include "base/text.h"
#include "expr/program.h"
#include "plan/bind/query_binder.h"
#include "sql/printer.h"

namespace laminar::plan {

using exec::EmitKind;

namespace {

// Every relation a query names, through CTEs and sub-queries; for choosing batch or streaming before anything is bound.
class RelationWalk {
 public:
  explicit RelationWalk(const catalog::Catalog& catalog) : catalog_(catalog) {}

  bool all_bounded() const { return all_bounded_; }

  void Query(const sql::Query& query) {
    const size_t before = ctes_.size();
    for (const sql::CommonTable& cte : query.with) {
      Query(*cte.query);
      ctes_.push_back(cte.name);
    }
    Body(*query.body);
    ctes_.resize(before);
  }

 private:
  void Body(const sql::QueryBody& body) {
    if (body.select != nullptr) {
      for (const sql::TableRefPtr& ref : body.select->from) Ref(*ref);
    }
    for (const sql::QueryBodyPtr& input : body.inputs) Body(*input);
    if (body.nested != nullptr) Query(*body.nested);
  }
  void Ref(const sql::TableRef& ref) {
    if (ref.query != nullptr) Query(*ref.query);
    if (ref.join != nullptr) {
      Ref(*ref.join->left);
      Ref(*ref.join->right);
    }
    if (ref.kind == sql::TableRefKind::kNamed) Name(ref.name);
    if (ref.function != nullptr) {
      for (const sql::ExpressionPtr& argument : ref.function->children) {
        if (argument == nullptr) continue;
        if (argument->query != nullptr) Query(*argument->query);
        if (IsWindowName(ref.function->name.back()) && !argument->name.empty()) Name(argument->name);
      }
    }
  }
  void Name(const sql::Name& name) {
    if (name.size() == 1 && std::ranges::find(ctes_, name[0]) != ctes_.end()) return;
    const catalog::RelationPtr relation = catalog_.Find(name.back());
    if (relation == nullptr) return;
    if (relation->kind == catalog::RelationKind::kSource) all_bounded_ &= relation->bounded;
    if (relation->kind == catalog::RelationKind::kView) {
      for (const std::string& below : relation->depends_on) Name({below});
    }
    // Tables and materialized views are read as snapshots, which end.
  }

  const catalog::Catalog& catalog_;
  std::vector<std::string> ctes_;
  bool all_bounded_ = true;
};

Result<EmitKind> KindOf(sql::EmitKind emit, TextPosition position) {
  switch (emit) {
    case sql::EmitKind::kOnWatermark: return EmitKind::kOnWatermark;
    case sql::EmitKind::kOnWindowClose: return EmitKind::kOnWindowClose;
    case sql::EmitKind::kOnUpdate: return EmitKind::kOnUpdate;
    case sql::EmitKind::kChanges: return EmitKind::kChanges;
    case sql::EmitKind::kFinal: return EmitKind::kFinal;
    case sql::EmitKind::kEvery:
      return Error(
          NotSupportedYet("EMIT EVERY", position, "ON WATERMARK, ON WINDOW CLOSE, ON UPDATE, CHANGES and FINAL work"));
    case sql::EmitKind::kUnspecified: break;
  }
  return Error(ErrorCode::kInternal, "an EMIT of unknown kind");
}

Result<EmitKind> KindOfOption(const std::string& text) {
  const std::string word = ReplaceAll(ToLower(text), " ", "_");
  if (word == "on_watermark" || word == "after_watermark") return EmitKind::kOnWatermark;
  if (word == "on_window_close") return EmitKind::kOnWindowClose;
  if (word == "on_update") return EmitKind::kOnUpdate;
  if (word == "changes") return EmitKind::kChanges;
  if (word == "final") return EmitKind::kFinal;
  if (word.starts_with("every"))
    return Error(
        NotSupportedYet("emit = 'every ...'", {}, "on_watermark, on_window_close, on_update, changes and final work"));
  return Error(Status(ErrorCode::kBadOption, "option emit has the value '" + text + "'")
                   .WithHint("one of on_watermark, on_window_close, on_update, changes, final"));
}

Result<EmitChoice> ChooseEmit(const sql::Query& query, const QueryRequest& request) {
  EmitChoice choice;
  const sql::StreamClauses* both[] = {&query.stream, request.outer};
  for (const sql::StreamClauses* clauses : both) {
    if (clauses == nullptr) continue;
    if (clauses->delay != nullptr) return Error(NotSupportedYet("EMIT ... WITH DELAY", clauses->emit_position));
    if (!clauses->late_to.empty()) {
      return Error(NotSupportedYet("LATE DATA TO", clauses->late_to_position,
                                   "late rows are counted and kept: SELECT * FROM late('view')"));
    }
    if (clauses->emit == sql::EmitKind::kUnspecified) continue;
    if (choice.kind) return Error(Status(ErrorCode::kClauseTwice, "EMIT is written twice").At(clauses->emit_position));
    choice.kind = TRY(KindOf(clauses->emit, clauses->emit_position));
    choice.origin = "query";
    choice.position = clauses->emit_position;
  }
  if (request.emit_option) {
    const EmitKind option = TRY(KindOfOption(*request.emit_option));
    if (choice.kind && *choice.kind != option)
      return Error(Status(ErrorCode::kClauseTwice, "the EMIT clause and the option emit differ").At(choice.position));
    choice.kind = option;
    choice.origin = "query";
  }
  if (!choice.kind && request.default_emit) {
    choice.kind = request.default_emit;
    choice.origin = request.default_origin;
  }
  return choice;
}

bool HasWindow(const Node& node) {
  return node.kind == NodeKind::kWindowAggregate ||
         std::ranges::any_of(node.inputs, [](const NodePtr& n) { return HasWindow(*n); });
}

}  // namespace

std::string_view EmitName(EmitKind emit) {
  switch (emit) {
    case EmitKind::kOnWatermark: return "ON WATERMARK";
    case EmitKind::kOnWindowClose: return "ON WINDOW CLOSE";
    case EmitKind::kOnUpdate: return "ON UPDATE";
    case EmitKind::kChanges: return "CHANGES";
    case EmitKind::kFinal: return "FINAL";
  }
  return "";
}

Result<QueryPlan> PlanQuery(const PlanContext& context, const sql::Query& query, const QueryRequest& request) {
  QueryPlan plan;
  EmitChoice emit = TRY(ChooseEmit(query, request));
  plan.has_emit = emit.origin == "query";
  RelationWalk walk(*context.catalog);
  walk.Query(query);
  plan.mode = request.mode.value_or(plan.has_emit || !walk.all_bounded() ? QueryMode::kStreaming : QueryMode::kBatch);
  QueryBinder binder(context, plan.mode, std::move(emit), plan);
  if (request.outer != nullptr && request.outer->lateness != nullptr) {
    if (query.stream.lateness != nullptr)
      return Error(
          Status(ErrorCode::kClauseTwice, "ALLOW LATENESS is written twice").At(request.outer->lateness_position));
    return Error(NotSupportedYet("ALLOW LATENESS outside of the query's parentheses", request.outer->lateness_position,
                                 "write it inside"));
  }
  plan.root = TRY(binder.BindQuery(query, true));
  if (query.stream.lateness != nullptr && !HasWindow(*plan.root)) {
    return Error(Status(ErrorCode::kLateWithoutWindow, "ALLOW LATENESS stands on a query without a window")
                     .WithHint("group by TUMBLE or HOP")
                     .At(query.stream.lateness_position));
  }
  Optimize(plan);
  return plan;
}

Result<QueryPlan> PlanInsert(const PlanContext& context, const sql::Insert& insert, const catalog::Relation& table) {
  QueryPlan plan = TRY(PlanQuery(context, *insert.query, {QueryMode::kBatch}));
  std::vector<int> from(table.schema.size(), -1);
  size_t given = table.schema.size();
  if (insert.columns.empty()) {
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<int>(i);
  } else {
    given = insert.columns.size();
    for (size_t i = 0; i < insert.columns.size(); ++i) {
      const int column = table.schema.IndexOf(insert.columns[i]);
      if (column < 0) {
        std::vector<std::string> names;
        for (const data::Field& field : table.schema.fields()) names.push_back(field.name);
        return Error(
            Status(ErrorCode::kUnknownColumn, "\"" + table.name + "\" has no column \"" + insert.columns[i] + "\"")
                .WithHint(DidYouMean(insert.columns[i], names)));
      }
      if (from[static_cast<size_t>(column)] >= 0)
        return Error(ErrorCode::kUnknownColumn, "column \"" + insert.columns[i] + "\" is named twice");
      from[static_cast<size_t>(column)] = static_cast<int>(i);
    }
  }
  const size_t have = plan.root->schema.size();
  if (have > given || (insert.columns.empty() ? have < given : have != given)) {
    return Error(Status(ErrorCode::kTypeMismatch, "INSERT into \"" + table.name + "\" has " + std::to_string(have) +
                                                      " values for " + std::to_string(given) + " columns")
                     .WithHint("name the columns: INSERT INTO " + table.name + " (a, b) VALUES ..."));
  }
  std::vector<expr::ExprPtr> outputs;
  std::vector<std::string> names;
  for (size_t i = 0; i < from.size(); ++i) {
    const data::Field& field = table.schema[i];
    names.push_back(field.name);
    if (from[i] < 0) {
      outputs.push_back(expr::MakeLiteral(data::Value(), field.type));
      continue;
    }
    const data::Field& source = plan.root->schema[static_cast<size_t>(from[i])];
    auto cast = CastTo(expr::MakeColumn(static_cast<uint32_t>(from[i]), source.type, source.nullable), field.type, {});
    if (!cast) return Error(std::move(cast.error().Prefix("column \"" + field.name + "\"")));
    outputs.push_back(*std::move(cast));
  }
  plan.root = MakeFilterProject(std::move(plan.root), nullptr, std::move(outputs), std::move(names));
  Optimize(plan);
  return plan;
}

Result<catalog::Relation> ViewRelation(const std::string& name, const std::vector<std::string>& columns,
                                       const QueryPlan& plan, TextPosition position) {
  catalog::Relation view;
  view.name = name;
  view.kind = catalog::RelationKind::kMaterializedView;
  std::vector<data::Field> fields = plan.root->schema.fields();
  if (!columns.empty() && columns.size() != fields.size()) {
    return Error(Status(ErrorCode::kTypeMismatch, "view \"" + name + "\" names " + std::to_string(columns.size()) +
                                                      " columns, its query has " + std::to_string(fields.size()))
                     .At(position));
  }
  for (size_t i = 0; i < columns.size(); ++i) fields[i].name = columns[i];
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string base = fields[i].name;
    auto taken = [&](const std::string& candidate) {
      return std::any_of(fields.begin(), fields.begin() + static_cast<std::ptrdiff_t>(i),
                         [&](const data::Field& f) { return f.name == candidate; });
    };
    for (int n = 1; taken(fields[i].name); ++n) fields[i].name = base + "_" + std::to_string(n);
  }
  view.schema = data::Schema(std::move(fields));
  const Properties& p = plan.root->properties;
  view.append_only = p.append_only;
  view.upsert_key = p.upsert_key;
  view.time_attribute = p.time_attribute;
  view.has_watermark = p.has_watermark;
  view.bounded = p.bounded;
  view.depends_on = plan.depends_on;
  if (const Node* window = LateWindow(*plan.root)) view.late_schema = window->inputs[0]->schema;
  return view;
}

const Node* LateWindow(const Node& root) {
  const Node* lowest = nullptr;
  for (const Node* node = &root; node != nullptr; node = node->inputs.size() == 1 ? node->inputs[0].get() : nullptr) {
    if (node->kind == NodeKind::kWindowAggregate) lowest = node;
  }
  return lowest;
}

catalog::OptionList StoredOptions(const sql::Options& options) {
  catalog::OptionList out;
  for (const sql::Option& option : options) out.emplace_back(option.key, option.value);
  return out;
}

}  // namespace laminar::plan
