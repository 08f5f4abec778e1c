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
      if (relation->watermark && relation->watermark->column == i)
        note("event time, watermark " + FormatDuration(relation->watermark->delay) + " behind");
      if (i < relation->time_attribute.size() && relation->time_attribute[i]) note("event time");
    }
    rows.push_back(
        {Cell(schema[i].name), Cell(schema[i].type.ToString()), Cell(schema[i].nullable ? "yes" : "no"), Cell(notes)});
  }
  return rows;
}

std::string OptionText(const catalog::OptionList& options) {
  std::string out;
  for (const auto& [key, value] : options)
    out += (out.empty() ? "" : ", ") + key + " = " + (catalog::IsSecretOption(key) ? "'***'" : sql::QuoteString(value));
  return out;
}

// The statement that made an object, with secrets masked.
std::string CreateText(const catalog::Relation& relation) {
  const bool secret =
      std::ranges::any_of(relation.options, [](const auto& o) { return catalog::IsSecretOption(o.first); });
  if (!secret) return relation.sql;
  std::string text = relation.sql;
  for (const auto& [key, value] : relation.options) {
    if (catalog::IsSecretOption(key)) text = ReplaceAll(text, sql::QuoteString(value), "'***'");
  }
  return text;
}

std::string StateText(const ViewNode& node) {
  switch (node.state) {
    case ViewState::kRunning: return "RUNNING";
    case ViewState::kPaused: return "PAUSED";
    case ViewState::kFailed: return "ERROR: " + node.failure.ToString();
  }
  return "";
}

std::string StateText(const SourceNode& node) {
  if (!node.failure.ok()) return "ERROR: " + node.failure.ToString();
  if (node.shared == nullptr) return "not read yet";
  return node.shared->has_ended ? "ended" : "reading";
}

// The lists of SHOW; each method is one of them. Needs the core's lock.
class ShowLists {
 public:
  ShowLists(Core& core, const sql::Show& show) : core_(core), show_(show) {}

  Outcome Sources() {
    Rows rows;
    for (const RelationPtr& r : Named(RelationKind::kSource)) {
      const SourceNode& node = *core_.FindSource(r->name);
      rows.push_back({Cell(r->name), Cell(r->connector), Cell(std::to_string(node.shared ? node.shared->rows : 0)),
                      Cell(std::to_string(node.errors->count())), Cell(StateText(node)), Cell(OptionText(r->options))});
    }
    return List({"name", "connector", "rows", "bad_rows", "state", "options"}, std::move(rows));
  }

  Outcome Tables() {
    Rows rows;
    for (const RelationPtr& r : Named(RelationKind::kTable)) {
      rows.push_back({Cell(r->name), Cell(std::to_string(core_.FindSource(r->name)->stored->state_rows()))});
    }
    return List({"name", "rows"}, std::move(rows));
  }

  Outcome Views() {
    Rows rows;
    for (const RelationPtr& r : Named(RelationKind::kView)) rows.push_back({Cell(r->name), Cell(r->query)});
    return List({"name", "query"}, std::move(rows));
  }

  Outcome MaterializedViews() {
    Rows rows;
    core_.Quiesce();
    for (const RelationPtr& r : Named(RelationKind::kMaterializedView)) {
      const ViewNode& node = *core_.FindView(r->name);
      uint64_t stored = 0;
      for (const exec::StoredResult* part : node.pipeline->stored()) stored += part->state_rows();
      rows.push_back({Cell(r->name), Cell(StateText(node)), Cell(std::to_string(stored)),
                      Cell(r->append_only ? "append-only" : "changelog"), Cell(Join(r->depends_on, ", "))});
    }
    return List({"name", "state", "rows", "shape", "reads"}, std::move(rows));
  }

  Outcome Sinks() {
    Rows rows;
    for (const RelationPtr& r : Named(RelationKind::kSink)) {
      rows.push_back({Cell(r->name), Cell(r->connector), Cell(StateText(*core_.FindView(r->name))),
                      Cell(Join(r->depends_on, ", ")), Cell(OptionText(r->options))});
    }
    return List({"name", "connector", "state", "reads", "options"}, std::move(rows));
  }

  Outcome Functions() {
    Rows rows;
    for (const expr::ScalarFunction* f : core_.functions().Scalars()) {
      if (!Matches(f->name)) continue;
      const Value example = f->examples.empty() ? Value() : Cell(f->examples[0].first + " = " + f->examples[0].second);
      rows.push_back({Cell(f->name), Cell("scalar"), Cell(f->category), Cell(f->doc), example});
    }
    for (const expr::AggregateFunction* f : core_.functions().Aggregates()) {
      if (!Matches(f->name)) continue;
      const Value example = f->examples.empty() ? Value() : Cell(f->examples[0].first);
      rows.push_back({Cell(f->name), Cell("aggregate"), Cell("aggregate"), Cell(f->doc), example});
    }
    return List({"name", "kind", "category", "what_it_does", "example"}, std::move(rows));
  }

  Outcome Connectors() {
    Rows rows = {{Cell("memory"), Cell("rows pushed by the program or by INSERT")}};
    for (sdk::Connector* c : core_.Connectors()) rows.push_back({Cell(c->name()), Cell(c->doc())});
    return List({"name", "what_it_does"}, std::move(rows));
  }

  Outcome Variables(const Settings& settings) {
    Rows rows;
    for (const Settings::Entry& e : settings.All()) {
      if (Matches(e.name)) rows.push_back({Cell(e.name), Cell(e.value), Cell(e.initial), Cell(e.doc)});
    }
    return List({"name", "value", "default", "what_it_does"}, std::move(rows));
  }

  Outcome Metrics() {
    Rows rows;
    core_.AppendMetrics(rows);
    Schema schema({{"name", TypeId::kVarchar, false},
                   {"labels", TypeId::kVarchar, false},
                   {"kind", TypeId::kVarchar, false},
                   {"value", TypeId::kDouble, false}});
    Outcome outcome;
    outcome.cursor = OpenListCursor(std::move(schema), std::move(rows));
    return outcome;
  }

  // The threads of the database and the cpus they run on; inline there are none.
  Outcome Runtime() {
    Rows rows;
    auto cpu = [](const std::optional<uint32_t>& number) { return number ? Value::Int(*number) : Value(); };
    for (const ThreadWatch::Place& place : core_.watch().Places()) {
      rows.push_back({Cell(place.name), Cell(place.does), cpu(place.pinned_to), cpu(place.runs_on),
                      place.rt_priority == 0 ? Value() : Value::Int(place.rt_priority),
                      place.note.empty() ? Value() : Cell(place.note)});
    }
    Schema schema({{"thread", TypeId::kVarchar, false},
                   {"what_it_does", TypeId::kVarchar, false},
                   {"pinned_to", TypeId::kInt64, true},
                   {"runs_on", TypeId::kInt64, true},
                   {"rt_priority", TypeId::kInt64, true},
                   {"note", TypeId::kVarchar, true}});
    Outcome outcome;
    outcome.cursor = OpenListCursor(std::move(schema), std::move(rows));
    outcome.notices = core_.watch().notes();
    for (std::string& alert : core_.watch().Alerts()) outcome.notices.push_back(std::move(alert));
    return outcome;
  }

  // Those on disk, oldest first; of a database in memory none.
  Outcome Checkpoints() {
    Rows rows;
    if (core_.is_durable()) {
      for (const state::CheckpointInfo& c : core_.durability()->Checkpoints()) {
        rows.push_back({Value::Int(static_cast<int64_t>(c.id)), Value::Int(static_cast<int64_t>(c.epoch)),
                        Value::Int(c.created), Value::Int(static_cast<int64_t>(c.bytes)),
                        Value::Int(static_cast<int64_t>(c.new_bytes)), Value::Int(c.files)});
      }
    }
    Schema schema({{"id", TypeId::kInt64, false},
                   {"epoch", TypeId::kInt64, false},
                   {"created", TypeId::kTimestamp, false},
                   {"bytes", TypeId::kInt64, false},
                   {"new_bytes", TypeId::kInt64, false},
                   {"files", TypeId::kInt64, false}});
    Outcome outcome;
    outcome.cursor = OpenListCursor(std::move(schema), std::move(rows));
    return outcome;
  }

  Outcome Watermarks() {
    Rows rows;
    const Progress progress = core_.GetProgress();
    auto add = [&](const std::string& name, Timestamp t) {
      if (!show_.name.empty() && show_.name.back() != name) return;
      const Value time = t == kMinTimestamp   ? Value()
                         : t == kMaxTimestamp ? Cell("end of stream")
                                              : Cell(Value::Int(t).ToString(data::Type(TypeId::kTimestamp)));
      rows.push_back({Cell(name), time});
    };
    for (const SourceProgress& p : progress.sources) add(p.name, p.watermark);
    for (const ViewProgress& p : progress.views) add(p.name, p.watermark);
    return List({"name", "watermark"}, std::move(rows));
  }

  // Breadth first, each object once, at its least depth.
  Outcome Graph(const RelationPtr& root, bool is_upwards) {
    Rows rows;
    std::vector<std::pair<RelationPtr, int>> queue = {{root, 0}};
    for (size_t i = 0; i < queue.size(); ++i) {
      const auto [relation, depth] = queue[i];
      rows.push_back({Cell(std::to_string(depth)), Cell(relation->name), Cell(catalog::KindName(relation->kind)),
                      Cell(Join(relation->depends_on, ", "))});
      std::vector<RelationPtr> next;
      if (is_upwards) {
        next = core_.catalog().Dependents(relation->name);
      } else {
        for (const std::string& name : relation->depends_on) next.push_back(core_.catalog().Find(name));
      }
      for (const RelationPtr& r : next) {
        const bool known = r == nullptr || std::ranges::any_of(queue, [&](const auto& q) { return q.first == r; });
        if (!known) queue.emplace_back(r, depth + 1);
      }
    }
    return List({"depth", "object", "kind", "depends_on"}, std::move(rows));
  }

 private:
  // LIKE with % and _ over names, by the glob of the same meaning.
  bool Matches(const std::string& name) const {
    if (!show_.like) return true;
    return os::GlobMatches(ReplaceAll(ReplaceAll(ToLower(*show_.like), "%", "*"), "_", "?"), ToLower(name));
  }
  std::vector<RelationPtr> Named(RelationKind kind) const {
    std::vector<RelationPtr> found;
    for (const RelationPtr& relation : core_.catalog().All()) {
      if (relation->kind == kind && Matches(relation->name)) found.push_back(relation);
    }
    return found;
  }

  Core& core_;
  const sql::Show& show_;
};

}  // namespace

Result<Outcome> StatementRunner::Do(const sql::Show& s) {
  Core::Lock lock(core_, Core::Lock::Use::kRead);
  ShowLists lists(core_, s);
  RelationPtr named;
  using enum sql::ShowKind;
  if (s.kind == kCreate || s.kind == kColumns || s.kind == kDependencies || s.kind == kDependents) {
    named = TRY(core_.catalog().Get(s.name.back()));
  }
  switch (s.kind) {
    case kSources: return lists.Sources();
    case kTables: return lists.Tables();
    case kViews: return lists.Views();
    case kMaterializedViews:
    case kQueries:
    case kContinuousQueries: return lists.MaterializedViews();
    case kSinks: return lists.Sinks();
    case kFunctions: return lists.Functions();
    case kConnectors: return lists.Connectors();
    case kVariables: return lists.Variables(connection_.settings());
    case kVariable: {
      const std::string value = TRY(connection_.settings().Show(s.variable));
      return List({s.variable}, {{Cell(value)}});
    }
    case kPrepared: {
      Rows rows;
      for (const auto& p : connection_.prepared_) rows.push_back({Cell(p.name), Cell(p.sql)});
      return List({"name", "statement"}, std::move(rows));
    }
    case kMetrics: return lists.Metrics();
    case kRuntime: return lists.Runtime();
    case kWatermarks: return lists.Watermarks();
    case kCheckpoints: return lists.Checkpoints();
    case kCreate: return List({"statement"}, {{Cell(CreateText(*named))}});
    case kColumns: return List({"column", "type", "nullable", "notes"}, Columns(named->schema, named.get()));
    case kDependencies: return lists.Graph(named, false);
    case kDependents: return lists.Graph(named, true);
  }
  return Error(ErrorCode::kInternal, "a SHOW of unknown kind");
}

Result<Outcome> StatementRunner::Do(const sql::Describe& s) {
  Core::Lock lock(core_, Core::Lock::Use::kRead);
  if (s.query != nullptr) {
    const plan::QueryPlan plan = TRY(plan::PlanQuery(Context(), *s.query, {}));
    return List({"column", "type", "nullable", "notes"}, Columns(plan.root->schema, nullptr));
  }
  const RelationPtr relation = TRY(core_.catalog().Get(s.name.back()));
  return List({"column", "type", "nullable", "notes"}, Columns(relation->schema, relation.get()));
}

Result<plan::QueryPlan> StatementRunner::PlanOfExplained(const sql::Statement& statement) {
  if (const auto* select = std::get_if<sql::SelectStatement>(&statement.node))
    return plan::PlanQuery(Context(), *select->query, {});
  if (const auto* view = std::get_if<sql::CreateView>(&statement.node)) return PlanViewQuery(*view);
  if (const auto* sink = std::get_if<sql::CreateSink>(&statement.node); sink != nullptr && sink->query != nullptr) {
    plan::QueryRequest request;
    request.mode = plan::QueryMode::kStreaming;
    request.outer = &sink->stream;
    return plan::PlanQuery(Context(), *sink->query, request);
  }
  return Error(Status(ErrorCode::kNotSupported, "EXPLAIN of this statement is not supported yet")
                   .WithHint("EXPLAIN works on SELECT, CREATE VIEW and CREATE SINK ... FROM (query)"));
}

Result<Outcome> StatementRunner::Do(const sql::Explain& s) {
  Core::Lock lock(core_, Core::Lock::Use::kRead);
  core_.RefreshTime();
  if (s.analyze)
    return Error(Status(ErrorCode::kNotSupported, "EXPLAIN ANALYZE is not supported yet")
                     .WithHint("EXPLAIN shows the plan; SHOW METRICS what runs"));
  if (s.format == sql::ExplainFormat::kDot)
    return Error(
        Status(ErrorCode::kNotSupported, "EXPLAIN (FORMAT DOT) is not supported yet").WithHint("TEXT and JSON work"));
  const plan::QueryPlan plan = TRY(PlanOfExplained(*s.statement));
  const auto* view = std::get_if<sql::CreateView>(&s.statement->node);
  const bool runs =
      (view != nullptr && view->materialized) || std::holds_alternative<sql::CreateSink>(s.statement->node);
  if (const uint32_t shards = core_.shards_of_views(); shards > 0 && runs) Pipeline::NotePlaces(*plan.root, shards);
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
