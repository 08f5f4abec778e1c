// SHOW, DESCRIBE and EXPLAIN.
#include <algorithm>

#include "base/text.h"
#include "engine/cursors.h"
#include "engine/statement_runner.h"
#include "expr/aggregate.h"
#include "os/file.h"
#include "sql/parser.h"
#include "sql/printer.h"

namespace laminar::engine {

using catalog::RelationKind;
using catalog::RelationPtr;
using data::Schema;
using data::TypeId;
using data::Value;

namespace {

using Rows = std::vector<std::vector<Value>>;

Value Cell(std::string_view text) { return Value::String(std::string(text)); }

Outcome List(std::vector<std::string> columns, Rows rows) {
  Schema schema;
  for (std::string& column : columns) schema.Add({std::move(column), TypeId::kVarchar, true});
  Outcome outcome;
  outcome.cursor = OpenListCursor(std::move(schema), std::move(rows));
  return outcome;
}

Rows Columns(const Schema& schema, const catalog::Relation* relation) {
  Rows rows;
  for (uint32_t i = 0; i < schema.size(); ++i) {
    std::string notes;
    auto note = [&](std::string_view text) { notes += (notes.empty() ? "" : ", ") + std::string(text); };
    if (relation != nullptr) {
      const auto& key = relation->upsert_key ? *relation->upsert_key : relation->primary_key;
      if (std::ranges::find(key, i) != key.end()) note("key");
      if (relation->watermark && relation->watermark->column == i) note("event time, watermark " + FormatDuration(relation->watermark->delay) + " behind");
      if (i < relation->time_attribute.size() && relation->time_attribute[i]) note("event time");
    }
    rows.push_back({Cell(schema[i].name), Cell(schema[i].type.ToString()), Cell(schema[i].nullable ? "yes" : "no"), Cell(notes)});
  }
  return rows;
}

std::string OptionText(const catalog::OptionList& options) {
  std::string out;
  for (const auto& [key, value] : options) out += (out.empty() ? "" : ", ") + key + " = " + (catalog::IsSecretOption(key) ? "'***'" : sql::QuoteString(value));
  return out;
}

// The statement that made an object, with secrets masked.
std::string CreateText(const catalog::Relation& relation) {
  const bool secret = std::ranges::any_of(relation.options, [](const auto& o) { return catalog::IsSecretOption(o.first); });
  if (!secret) return relation.sql;
  std::string text = relation.sql;
  for (const auto& [key, value] : relation.options) {
    if (catalog::IsSecretOption(key)) text = ReplaceAll(text, sql::QuoteString(value), "'***'");
  }
  return text;
}

std::string ShapeText(const catalog::Relation& relation) { return relation.append_only ? "append-only" : "changelog"; }

}  // namespace

Result<Outcome> StatementRunner::Do(const sql::Show& s) {
  Core::Lock lock(core_);
  Rows rows;
  auto matches = [&](const std::string& name) {
    if (!s.like) return true;
    // LIKE with % and _ over names, by the glob of the same meaning.
    return os::GlobMatches(ReplaceAll(ReplaceAll(ToLower(*s.like), "%", "*"), "_", "?"), ToLower(name));
  };
  auto each = [&](RelationKind kind, const auto& add) {
    for (const RelationPtr& relation : core_.catalog().All()) {
      if (relation->kind == kind && matches(relation->name)) add(*relation);
    }
  };
  switch (s.kind) {
    case sql::ShowKind::kSources:
      each(RelationKind::kSource, [&](const catalog::Relation& r) {
        const SourceNode* node = core_.FindSource(r.name);
        const std::string state = !node->failure.ok() ? "ERROR: " + node->failure.ToString() : node->shared == nullptr ? "not read yet" : node->shared->has_ended ? "ended" : "reading";
        rows.push_back({Cell(r.name), Cell(r.connector), Cell(std::to_string(node->shared ? node->shared->rows : 0)), Cell(std::to_string(node->errors->count())), Cell(state), Cell(OptionText(r.options))});
      });
      return List({"name", "connector", "rows", "bad_rows", "state", "options"}, std::move(rows));
    case sql::ShowKind::kTables:
      each(RelationKind::kTable, [&](const catalog::Relation& r) { rows.push_back({Cell(r.name), Cell(std::to_string(core_.FindSource(r.name)->stored->state_rows()))}); });
      return List({"name", "rows"}, std::move(rows));
    case sql::ShowKind::kViews:
      each(RelationKind::kView, [&](const catalog::Relation& r) { rows.push_back({Cell(r.name), Cell(r.query)}); });
      return List({"name", "query"}, std::move(rows));
    case sql::ShowKind::kMaterializedViews:
    case sql::ShowKind::kQueries:
    case sql::ShowKind::kContinuousQueries:
      each(RelationKind::kMaterializedView, [&](const catalog::Relation& r) {
        const ViewNode* node = core_.FindView(r.name);
        const std::string state = node->state == ViewState::kRunning ? "RUNNING" : node->state == ViewState::kPaused ? "PAUSED" : "ERROR: " + node->failure.ToString();
        rows.push_back({Cell(r.name), Cell(state), Cell(std::to_string(node->stored->state_rows())), Cell(ShapeText(r)), Cell(Join(r.depends_on, ", "))});
      });
      return List({"name", "state", "rows", "shape", "reads"}, std::move(rows));
    case sql::ShowKind::kSinks:
      each(RelationKind::kSink, [&](const catalog::Relation& r) {
        const ViewNode* node = core_.FindView(r.name);
        const std::string state = node->state == ViewState::kRunning ? "RUNNING" : node->state == ViewState::kPaused ? "PAUSED" : "ERROR: " + node->failure.ToString();
        rows.push_back({Cell(r.name), Cell(r.connector), Cell(state), Cell(Join(r.depends_on, ", ")), Cell(OptionText(r.options))});
      });
      return List({"name", "connector", "state", "reads", "options"}, std::move(rows));
    case sql::ShowKind::kFunctions:
      for (const expr::ScalarFunction* f : core_.functions().Scalars()) {
        if (matches(f->name)) rows.push_back({Cell(f->name), Cell("scalar"), Cell(f->category), Cell(f->doc), f->examples.empty() ? Value() : Cell(f->examples[0].first + " = " + f->examples[0].second)});
      }
      for (const expr::AggregateFunction* f : core_.functions().Aggregates()) {
        if (matches(f->name)) rows.push_back({Cell(f->name), Cell("aggregate"), Cell("aggregate"), Cell(f->doc), f->examples.empty() ? Value() : Cell(f->examples[0].first)});
      }
      return List({"name", "kind", "category", "what_it_does", "example"}, std::move(rows));
    case sql::ShowKind::kConnectors:
      rows.push_back({Cell("memory"), Cell("rows pushed by the program or by INSERT")});
      for (sdk::Connector* c : core_.Connectors()) rows.push_back({Cell(c->name()), Cell(c->doc())});
      return List({"name", "what_it_does"}, std::move(rows));
    case sql::ShowKind::kVariables:
      for (const Settings::Entry& e : connection_.settings().All()) {
        if (matches(e.name)) rows.push_back({Cell(e.name), Cell(e.value), Cell(e.initial), Cell(e.doc)});
      }
      return List({"name", "value", "default", "what_it_does"}, std::move(rows));
    case sql::ShowKind::kVariable:
      rows.push_back({Cell(TRY(connection_.settings().Show(s.variable)))});
      return List({s.variable}, std::move(rows));
    case sql::ShowKind::kPrepared:
      for (const auto& p : connection_.prepared_) rows.push_back({Cell(p.name), Cell(p.sql)});
      return List({"name", "statement"}, std::move(rows));
    case sql::ShowKind::kMetrics: {
      core_.AppendMetrics(rows);
      Outcome outcome;
      outcome.cursor = OpenListCursor(Schema({{"name", TypeId::kVarchar, false}, {"labels", TypeId::kVarchar, false}, {"kind", TypeId::kVarchar, false}, {"value", TypeId::kDouble, false}}), std::move(rows));
      return outcome;
    }
    case sql::ShowKind::kCheckpoints:
      return Error(Status(ErrorCode::kNotSupported, "SHOW CHECKPOINTS is not supported yet: this version keeps everything in memory"));
    case sql::ShowKind::kWatermarks: {
      const Progress progress = core_.GetProgress();
      auto time = [](Timestamp t) { return t == kMinTimestamp ? Value() : t == kMaxTimestamp ? Cell("end of stream") : Cell(Value::Int(t).ToString(data::Type(TypeId::kTimestamp))); };
      auto wanted = [&](const std::string& name) { return s.name.empty() || s.name.back() == name; };
      for (const SourceProgress& p : progress.sources) {
        if (wanted(p.name)) rows.push_back({Cell(p.name), time(p.watermark)});
      }
      for (const ViewProgress& p : progress.views) {
        if (wanted(p.name)) rows.push_back({Cell(p.name), time(p.watermark)});
      }
      return List({"name", "watermark"}, std::move(rows));
    }
    case sql::ShowKind::kCreate: {
      const RelationPtr relation = TRY(core_.catalog().Get(s.name.back()));
      rows.push_back({Cell(CreateText(*relation))});
      return List({"statement"}, std::move(rows));
    }
    case sql::ShowKind::kColumns: {
      const RelationPtr relation = TRY(core_.catalog().Get(s.name.back()));
      return List({"column", "type", "nullable", "notes"}, Columns(relation->schema, relation.get()));
    }
    case sql::ShowKind::kDependencies:
    case sql::ShowKind::kDependents: {
      const RelationPtr root = TRY(core_.catalog().Get(s.name.back()));
      const bool up = s.kind == sql::ShowKind::kDependents;
      std::vector<std::pair<RelationPtr, int>> queue = {{root, 0}};
      for (size_t i = 0; i < queue.size(); ++i) {
        const auto [relation, depth] = queue[i];
        rows.push_back({Cell(std::to_string(depth)), Cell(relation->name), Cell(catalog::KindName(relation->kind)), Cell(Join(relation->depends_on, ", "))});
        std::vector<RelationPtr> next;
        if (up) next = core_.catalog().Dependents(relation->name);
        else for (const std::string& name : relation->depends_on) next.push_back(core_.catalog().Find(name));
        for (const RelationPtr& r : next) {
          if (r != nullptr && std::ranges::none_of(queue, [&](const auto& q) { return q.first == r; })) queue.emplace_back(r, depth + 1);
        }
      }
      return List({"depth", "object", "kind", "depends_on"}, std::move(rows));
    }
  }
  return Error(ErrorCode::kInternal, "a SHOW of unknown kind");
}

Result<Outcome> StatementRunner::Do(const sql::Describe& s) {
  Core::Lock lock(core_);
  if (s.query != nullptr) {
    const plan::QueryPlan plan = TRY(plan::PlanQuery(Context(), *s.query, {}));
    return List({"column", "type", "nullable", "notes"}, Columns(plan.root->schema, nullptr));
  }
  const RelationPtr relation = TRY(core_.catalog().Get(s.name.back()));
  return List({"column", "type", "nullable", "notes"}, Columns(relation->schema, relation.get()));
}

Result<plan::QueryPlan> StatementRunner::PlanOfExplained(const sql::Statement& statement) {
  if (const auto* select = std::get_if<sql::SelectStatement>(&statement.node)) return plan::PlanQuery(Context(), *select->query, {});
  if (const auto* view = std::get_if<sql::CreateView>(&statement.node)) return PlanViewQuery(*view);
  if (const auto* sink = std::get_if<sql::CreateSink>(&statement.node); sink != nullptr && sink->query != nullptr) {
    plan::QueryRequest request;
    request.mode = plan::QueryMode::kStreaming;
    request.outer = &sink->stream;
    return plan::PlanQuery(Context(), *sink->query, request);
  }
  return Error(Status(ErrorCode::kNotSupported, "EXPLAIN of this statement is not supported yet").WithHint("EXPLAIN works on SELECT, CREATE VIEW and CREATE SINK ... FROM (query)"));
}

Result<Outcome> StatementRunner::Do(const sql::Explain& s) {
  Core::Lock lock(core_);
  core_.RefreshTime();
  if (s.analyze) return Error(Status(ErrorCode::kNotSupported, "EXPLAIN ANALYZE is not supported yet").WithHint("EXPLAIN shows the plan; SHOW METRICS what runs"));
  if (s.format == sql::ExplainFormat::kDot) return Error(Status(ErrorCode::kNotSupported, "EXPLAIN (FORMAT DOT) is not supported yet").WithHint("TEXT and JSON work"));
  const plan::QueryPlan plan = TRY(PlanOfExplained(*s.statement));
  Rows rows;
  if (s.format == sql::ExplainFormat::kJson) {
    rows.push_back({Cell(plan::ExplainJson(plan))});
  } else {
    const std::string text = plan::ExplainText(plan, s.verbose);
    for (std::string_view line : Split(text, '\n')) {
      if (!line.empty()) rows.push_back({Cell(line)});
    }
  }
  return List({"plan"}, std::move(rows));
}

}  // namespace laminar::engine
