#include "engine/statement_runner.h"

#include <algorithm>

#include "base/text.h"
#include "engine/cursors.h"
#include "engine/sink_opening.h"
#include "engine/sink_operator.h"
#include "functions/register.h"
#include "sql/parser.h"
#include "sql/printer.h"

namespace laminar::engine {

using catalog::Relation;
using catalog::RelationKind;
using catalog::RelationPtr;
using data::Schema;
using data::Type;
using data::TypeId;
using data::Value;

namespace {

Outcome Message(std::string text) {
  Outcome outcome;
  outcome.message = std::move(text);
  return outcome;
}

Status NotYet(const std::string& what, std::string hint = "") {
  return Status(ErrorCode::kNotSupported, what + " is not supported yet").WithHint(std::move(hint));
}

// changelog = true: rows may carry weights, so that some of them take earlier ones back.
Status ReadMemoryOptions(Relation& relation) {
  for (const auto& [key, value] : relation.options) {
    if (key == "connector") continue;
    const auto flag = key == "changelog" ? ParseBool(value) : Result<bool>(false);
    if (key != "changelog" || !flag) {
      return Status(ErrorCode::kBadOption, key != "changelog" ? "a memory source has no option \"" + key + "\""
                                                              : "changelog is true or false, found '" + value + "'")
          .WithHint("there is: changelog = true, for rows with weights");
    }
    relation.append_only = !*flag;
  }
  return {};
}

}  // namespace

plan::PlanContext StatementRunner::Context() {
  plan::PlanContext context;
  context.functions = &core_.functions();
  context.catalog = &core_.catalog();
  context.environment = &core_.environment();
  context.parameters = parameters_;
  context.parameter_types = parameter_types_;
  context.open_file = [this](const std::string& path, const std::string& format) -> Result<RelationPtr> {
    sdk::Connector* connector = core_.FindConnector("file");
    if (connector == nullptr) return Error(NotYet("reading files in a build without the file connector"));
    auto relation = std::make_shared<Relation>();
    relation->name = path;
    relation->kind = RelationKind::kSource;
    relation->connector = "file";
    relation->options = {{"path", path}};
    if (!format.empty()) relation->options.emplace_back("format", format);
    relation->physical = TRY(connector->InferSchema(ConnectorOptions(*relation, false)));
    relation->schema = relation->physical;
    relation->replayable = true;
    relation->bounded = true;
    return relation;
  };
  return context;
}

Result<std::unique_ptr<Cursor>> StatementRunner::OpenQuery(plan::QueryPlan plan) {
  const Settings& settings = connection_.settings();
  if (CanRunAlone(core_, plan)) return OpenRunCursor(core_, std::move(plan), settings);
  if (plan.mode == plan::QueryMode::kBatch)
    return Error(NotYet("a batch query over a source that is pushed", "create a view or a table"));
  return OpenLiveCursor(core_, std::move(plan), settings);
}

Result<uint64_t> StatementRunner::BindEpoch(const sql::Expression& e) {
  const data::Value value = TRY(plan::BindConstant(Context(), e, TypeId::kInt64, "the epoch"));
  if (value.is_null() || value.int_value() < 0)
    return Error(Status(ErrorCode::kBadValue, "an epoch is a number from 0 on").At(e.position));
  return static_cast<uint64_t>(value.int_value());
}

Result<Outcome> StatementRunner::Do(const sql::SelectStatement& s) {
  {
    Core::Lock lock(core_, Core::Lock::Use::kRead);
    if (std::optional<Outcome> outcome = TRY(Select(s))) return *std::move(outcome);
  }
  Core::Lock lock(core_);
  return *TRY(Select(s));
}

// Under a reader's lock: null, if what runs it would change the graph.
Result<std::optional<Outcome>> StatementRunner::Select(const sql::SelectStatement& s) {
  core_.RefreshTime();
  if (!s.options.empty())
    return Error(Status(ErrorCode::kBadOption, "a query takes no option \"" + s.options[0].key + "\"")
                     .At(s.options[0].position));
  plan::QueryPlan plan = TRY(plan::PlanQuery(Context(), *s.query, {}));
  if (core_.is_defining() && !CanRunAlone(core_, plan)) return std::nullopt;
  Outcome outcome;
  outcome.notices = plan.notices;
  if (s.as_of_epoch != nullptr) {
    const uint64_t epoch = TRY(BindEpoch(*s.as_of_epoch));
    if (!CanRunAlone(core_, plan) || plan.mode == plan::QueryMode::kStreaming)
      return Error(
          NotYet("AS OF EPOCH with EMIT, or over a source that is pushed", "read a view WITH (retain_history)"));
    outcome.cursor = TRY(OpenRunCursor(core_, std::move(plan), connection_.settings(), epoch));
    return outcome;
  }
  outcome.cursor = TRY(OpenQuery(std::move(plan)));
  return outcome;
}

Result<bool> StatementRunner::ExistsAlready(const std::string& name, bool if_not_exists, bool or_replace,
                                            RelationKind kind) {
  if (if_not_exists && or_replace)
    return Error(Status(ErrorCode::kClauseTwice, "OR REPLACE and IF NOT EXISTS exclude each other"));
  const RelationPtr old = core_.catalog().Find(name);
  if (old == nullptr || !if_not_exists) {
    if (!or_replace) TRY(core_.catalog().CheckFree(name));  // before anything is made, or opened, or filled
    if (old != nullptr && or_replace && old->kind != kind)
      return Error(
          Status(ErrorCode::kNotThatKind, "\"" + name + "\" is a " + std::string(catalog::KindName(old->kind))));
    return false;
  }
  return true;
}

namespace {

// Of CatalogEntry::columns.
Result<Schema> ReadColumns(const std::string& text, const plan::PlanContext& context) {
  const sql::Statement statement = TRY(sql::ParseStatement("CREATE TABLE columns (" + text + ")"));
  return TRY(plan::BindTable(context, std::get<sql::CreateTable>(statement.node))).schema;
}

}  // namespace

Result<Outcome> StatementRunner::Do(const sql::CreateSource& s) {
  Core::Lock lock(core_);
  const std::string& name = s.name.back();
  if (TRY(ExistsAlready(name, s.if_not_exists, s.or_replace, RelationKind::kSource)))
    return Message("CREATE SOURCE: " + name + " exists already");
  std::optional<Schema> inferred;
  Relation relation;
  relation.connector = "memory";
  relation.options = plan::StoredOptions(s.options);
  for (const auto& [key, value] : relation.options) {
    if (key == "connector") relation.connector = ToLower(value);
  }
  const bool is_pushed =
      relation.connector == "memory" || relation.connector == "test" || relation.connector == "channel";
  sdk::Connector* connector = is_pushed ? nullptr : core_.FindConnector(relation.connector);
  if (!is_pushed && connector == nullptr) {
    std::vector<std::string> names = {"memory"};
    for (sdk::Connector* known : core_.Connectors()) names.emplace_back(known->name());
    return Error(Status(ErrorCode::kBadOption, "there is no connector '" + relation.connector + "'")
                     .WithHint("there are: " + Join(names, ", ")));
  }
  if (!s.format.format.empty() && s.format.format != "plain")
    return Error(NotYet("FORMAT " + ToUpper(s.format.format), "FORMAT PLAIN works"));
  const bool declared =
      std::ranges::any_of(s.definition.columns, [](const sql::ColumnDefinition& c) { return c.generated == nullptr; });
  if (!declared && connector != nullptr) {
    inferred = core_.restoring() != nullptr ? TRY(ReadColumns(core_.restoring()->columns, Context()))
                                            : TRY(connector->InferSchema(ConnectorOptions(relation, false)));
  }
  relation = TRY(plan::BindSource(Context(), s, inferred));
  relation.sql = Text();
  if (is_pushed) {
    relation.connector = "memory";
    TRY(ReadMemoryOptions(relation));
  } else {
    sdk::SourceRequest request;
    request.name = name;
    request.schema = relation.physical;
    request.needed.assign(relation.physical.size(), true);
    request.options = ConnectorOptions(relation, false);
    ErrorRows none(name, 0);
    request.bad_rows = &none;
    if (const CatalogEntry* known = core_.restoring()) {  // what it reads may be gone: the source will say so
      relation.replayable = known->replayable;
      relation.bounded = known->bounded;
    } else {
      const sdk::SourceTraits traits = TRY(connector->CheckSource(request));
      relation.replayable = traits.replayable;
      relation.bounded = traits.bounded;
    }
  }
  if (s.or_replace && core_.catalog().Find(name) != nullptr) {
    if (!core_.catalog().Dependents(name).empty())
      return Error(Status(ErrorCode::kReplaceIncompatible, "source \"" + name + "\" has dependents")
                       .WithHint("DROP SOURCE " + name + " CASCADE first"));
    core_.Remove(name);
  }
  TRY(core_.AddSource(std::make_shared<const Relation>(std::move(relation)), connection_.settings()));
  return Message("CREATE SOURCE " + name);
}

Result<Outcome> StatementRunner::Do(const sql::CreateTable& s) {
  Core::Lock lock(core_);
  const std::string& name = s.name.back();
  if (TRY(ExistsAlready(name, s.if_not_exists, s.or_replace, RelationKind::kTable)))
    return Message("CREATE TABLE: " + name + " exists already");
  if (s.query != nullptr)
    return Error(NotYet("CREATE TABLE ... AS", "create the table, then INSERT INTO it SELECT ..."));
  Relation relation = TRY(plan::BindTable(Context(), s));
  relation.sql = Text();
  if (s.or_replace && core_.catalog().Find(name) != nullptr) {
    if (!core_.catalog().Dependents(name).empty())
      return Error(Status(ErrorCode::kReplaceIncompatible, "table \"" + name + "\" has dependents")
                       .WithHint("DROP TABLE " + name + " CASCADE first"));
    core_.Remove(name);
  }
  TRY(core_.AddSource(std::make_shared<const Relation>(std::move(relation)), connection_.settings()));
  return Message("CREATE TABLE " + name);
}

Result<plan::QueryPlan> StatementRunner::PlanViewQuery(const sql::CreateView& s) {
  plan::QueryRequest request;
  request.mode = plan::QueryMode::kStreaming;
  for (const sql::Option& option : s.options) {
    if (option.key == "emit") {
      request.emit_option = option.value;
    } else if (option.key == "retain_history" && s.materialized) {
      if (!ParseBytes(option.value) || *ParseBytes(option.value) == 0)
        return Error(Status(ErrorCode::kBadOption, "retain_history cannot be '" + option.value + "'")
                         .WithHint("a size, for example '64 MiB'")
                         .At(option.position));
    } else {
      return Error(Status(ErrorCode::kBadOption, "a view has no option \"" + option.key + "\"")
                       .WithHint(s.materialized ? "there are: emit, retain_history" : "there is: emit")
                       .At(option.position));
    }
  }
  return plan::PlanQuery(Context(), *s.query, request);
}

Result<Outcome> StatementRunner::Do(const sql::CreateView& s) {
  Core::Lock lock(core_);
  core_.RefreshTime();
  const std::string& name = s.name.back();
  const RelationKind kind = s.materialized ? RelationKind::kMaterializedView : RelationKind::kView;
  const std::string what = ToUpper(catalog::KindName(kind));
  if (TRY(ExistsAlready(name, s.if_not_exists, s.or_replace, kind)))
    return Message("CREATE " + what + ": " + name + " exists already");
  plan::QueryPlan plan = TRY(PlanViewQuery(s));
  Relation relation = TRY(plan::ViewRelation(name, s.columns, plan, statement_->position));
  relation.kind = kind;
  relation.sql = Text();
  relation.query = QueryText(*s.query);
  relation.options = plan::StoredOptions(s.options);
  Outcome outcome = Message("CREATE " + what + " " + name);
  outcome.notices = plan.notices;
  if (std::ranges::find(plan.depends_on, name) != plan.depends_on.end()) {
    return Error(Status(ErrorCode::kDependencyCycle, "a view cannot read itself: " + name + " -> " + name));
  }
  if (s.or_replace && core_.catalog().Find(name) != nullptr) {
    for (const RelationPtr& dependent : core_.catalog().DependentsDeep(name)) {
      if (std::ranges::find(plan.depends_on, dependent->name) != plan.depends_on.end()) {
        return Error(Status(ErrorCode::kDependencyCycle,
                            "a cycle of views: " + name + " -> " + dependent->name + " -> " + name));
      }
    }
    if (!core_.catalog().Dependents(name).empty())
      return Error(Status(ErrorCode::kReplaceIncompatible, "view \"" + name + "\" has dependents")
                       .WithHint("DROP it with CASCADE first"));
    if (!s.materialized) core_.Remove(name);
  }
  auto shared = std::make_shared<const Relation>(std::move(relation));
  if (s.materialized)
    TRY(core_.AddView(std::move(shared), plan, connection_.settings(), connection_.cancelled_));
  else
    TRY(core_.AddPlainView(std::move(shared), connection_.settings()));
  return outcome;
}

Result<Outcome> StatementRunner::Do(const sql::CreateContinuousQuery&) {
  return Error(NotYet("CREATE CONTINUOUS QUERY", "CREATE MATERIALIZED VIEW, or CREATE SINK ... FROM (query)"));
}

Result<Outcome> StatementRunner::Do(const sql::CreateSink& s) {
  Core::Lock lock(core_);
  core_.RefreshTime();
  const std::string& name = s.name.back();
  if (TRY(ExistsAlready(name, s.if_not_exists, s.or_replace, RelationKind::kSink)))
    return Message("CREATE SINK: " + name + " exists already");
  if (s.from.empty() && s.query == nullptr)
    return Error(NotYet("a sink without FROM", "CREATE SINK " + name + " FROM view WITH (...)"));
  Relation relation;
  relation.name = name;
  relation.kind = RelationKind::kSink;
  relation.sql = Text();
  relation.options = plan::StoredOptions(s.options);
  if (!s.format.encode.empty()) relation.options.emplace_back("format", s.format.encode);
  for (const auto& [key, value] : relation.options) {
    if (key == "connector") relation.connector = ToLower(value);
  }
  sdk::Connector* connector = core_.FindConnector(relation.connector);
  if (connector == nullptr) {
    return Error(Status(ErrorCode::kBadOption, relation.connector.empty()
                                                   ? "sink \"" + name + "\" names no connector"
                                                   : "there is no connector '" + relation.connector + "'")
                     .WithHint("for example WITH (connector = 'file', path = 'out.csv')"));
  }
  sql::QueryPtr made;
  const sql::Query* query = s.query.get();
  if (query == nullptr) {
    sql::Statement all = TRY(sql::ParseStatement("SELECT * FROM " + sql::PrintName(s.from)));
    made = std::move(std::get<sql::SelectStatement>(all.node).query);
    query = made.get();
  }
  // What the sink can take decides what an unwritten EMIT means (spec F011B).
  sdk::SinkRequest request;
  request.name = name;
  request.options = ConnectorOptions(relation, false);
  const sdk::SinkShape shape = TRY(connector->CheckSink(request));
  plan::QueryRequest plan_request;
  plan_request.mode = plan::QueryMode::kStreaming;
  plan_request.outer = &s.stream;
  plan::QueryPlan plan = TRY(plan::PlanQuery(Context(), *query, plan_request));
  if (!plan.root->properties.append_only && shape == sdk::SinkShape::kAppendOnly && !plan.has_emit) {
    plan_request.default_emit = exec::EmitKind::kOnWindowClose;
    plan_request.default_origin = "sink";
    auto closed = plan::PlanQuery(Context(), *query, plan_request);
    if (closed) plan = *std::move(closed);
  }
  if (!plan.root->properties.append_only && shape == sdk::SinkShape::kAppendOnly) {
    return Error(Status(ErrorCode::kEmitNotAccepted,
                        "sink \"" + name + "\" takes only new rows, but its input changes rows it has emitted")
                     .WithHint("use EMIT ON WINDOW CLOSE or EMIT FINAL, or the option envelope = 'changelog'"));
  }
  relation.schema = plan.root->schema;
  relation.bounded = plan.root->properties.bounded;
  relation.depends_on = plan.depends_on;
  request.schema = relation.schema;
  request.options = ConnectorOptions(relation, false);
  request.input_retracts = !plan.root->properties.append_only;
  if (s.or_replace && core_.catalog().Find(name) != nullptr) core_.Remove(name);
  request.is_durable = core_.is_durable();
  Status lost;
  auto opened = TRY(OpenSink(core_, *connector, std::move(request), lost));
  auto sink = std::make_unique<SinkOperator>(name, std::move(opened), core_.is_durable());
  Outcome outcome = Message("CREATE SINK " + name);
  outcome.notices = plan.notices;
  TRY(core_.AddSink(std::make_shared<const Relation>(std::move(relation)), plan, std::move(sink),
                    connection_.settings(), std::move(lost)));
  return outcome;
}

Result<std::vector<std::string>> StatementRunner::DropRelation(const std::string& name, bool cascade) {
  std::vector<std::string> dropped;
  const std::vector<RelationPtr> dependents = core_.catalog().DependentsDeep(name);
  if (!dependents.empty() && !cascade) {
    std::vector<std::string> names;
    for (const RelationPtr& d : core_.catalog().Dependents(name)) names.push_back(d->name);
    return Error(Status(ErrorCode::kHasDependents, "\"" + name + "\" is read by " + Join(names, ", "))
                     .WithHint("drop them first, or DROP ... CASCADE"));
  }
  for (const RelationPtr& dependent : dependents) {
    dropped.push_back(dependent->name);
    core_.Remove(dependent->name);
  }
  dropped.push_back(name);
  core_.Remove(name);
  return dropped;
}

Result<Outcome> StatementRunner::Do(const sql::Drop& s) {
  Core::Lock lock(core_);
  static constexpr RelationKind kKinds[] = {
      RelationKind::kSource,           RelationKind::kSink, RelationKind::kMaterializedView,
      RelationKind::kMaterializedView, RelationKind::kView, RelationKind::kTable};
  const RelationKind kind = kKinds[static_cast<size_t>(s.kind)];
  for (const sql::Name& name : s.names) {  // all or nothing
    const RelationPtr found = core_.catalog().Find(name.back());
    if (found == nullptr) {
      if (s.if_exists) continue;
      return Error(Status(ErrorCode::kNotFound,
                          "there is no " + std::string(catalog::KindName(kind)) + " \"" + name.back() + "\"")
                       .WithHint("DROP ... IF EXISTS does not mind"));
    }
    if (found->kind != kind)
      return Error(
          Status(ErrorCode::kNotThatKind, "\"" + name.back() + "\" is a " + std::string(catalog::KindName(found->kind)))
              .WithHint("DROP " + ToUpper(catalog::KindName(found->kind)) + " " + name.back()));
  }
  std::vector<std::string> dropped;
  for (const sql::Name& name : s.names) {
    if (core_.catalog().Find(name.back()) == nullptr) continue;
    const std::vector<std::string> gone = TRY(DropRelation(name.back(), s.behaviour == sql::DropBehaviour::kCascade));
    dropped.insert(dropped.end(), gone.begin(), gone.end());
  }
  return Message(dropped.empty() ? "DROP: nothing to drop" : "DROP " + Join(dropped, ", "));
}

Result<Outcome> StatementRunner::Do(const sql::Insert& s) {
  std::unique_ptr<Cursor> cursor;
  std::string name = s.table.back();
  {
    Core::Lock lock(core_, Core::Lock::Use::kRead);
    core_.RefreshTime();
    auto relation = core_.catalog().Get(name);
    if (!relation) return Error(std::move(relation.error()));
    const SourceNode* node = core_.FindSource(name);
    if (node == nullptr || node->connector != nullptr) {
      return Error(Status(ErrorCode::kNotThatKind, "rows cannot be inserted into " +
                                                       std::string(catalog::KindName((*relation)->kind)) + " \"" +
                                                       name + "\"")
                       .WithHint("INSERT works on tables and on sources with connector = 'memory'"));
    }
    // A memory source takes physical columns; generated ones are computed.
    Relation target;
    target.name = name;
    target.schema = (*relation)->columns.empty() ? (*relation)->schema : (*relation)->physical;
    plan::QueryPlan plan = TRY(plan::PlanInsert(Context(), s, target));
    if (!CanRunAlone(core_, plan)) return Error(NotYet("INSERT from a source that is pushed", "create a view"));
    cursor = TRY(OpenRunCursor(core_, std::move(plan), connection_.settings()));
  }
  // All rows are there before the first goes in: a failing one leaves nothing behind.
  std::vector<std::unique_ptr<data::BatchBuffer>> rows;
  uint64_t count = 0;
  while (true) {
    auto buffer = std::make_unique<data::BatchBuffer>(cursor->schema().Types());
    if (!TRY(cursor->Next(*buffer))) break;
    count += buffer->rows();
    rows.push_back(std::move(buffer));
  }
  connection_.cancelled_.store(false, std::memory_order_release);
  TRY(core_.WaitToPush(connection_.cancelled_));
  Core::Lock lock(core_);
  SourceNode* node = core_.FindSource(name);
  if (node == nullptr)
    return Error(Status(ErrorCode::kNotFound, "\"" + name + "\" was dropped while rows were on their way"));
  TRY(core_.PrepareToTake());
  for (const auto& buffer : rows) TRY(core_.CheckPush(*node, buffer->batch(), count));
  for (const auto& buffer : rows) TRY(core_.Push(*node, buffer->batch()));
  core_.NoteChange();
  Outcome outcome = Message("INSERT " + std::to_string(count));
  outcome.notices = cursor->Notices();
  return outcome;
}

Result<Outcome> StatementRunner::Do(const sql::Update&) {
  return Error(NotYet("UPDATE", "INSERT into a table with a PRIMARY KEY replaces the row under its key"));
}
Result<Outcome> StatementRunner::Do(const sql::Delete&) { return Error(NotYet("DELETE")); }
Result<Outcome> StatementRunner::Do(const sql::Checkpoint&) {
  if (!core_.is_durable())
    return Error(Status(ErrorCode::kNotSupported, "CHECKPOINT needs a database on disk; this one is in memory")
                     .WithHint("open one: laminar DIRECTORY"));
  state::Epoch epoch = 0;
  {
    Core::Lock lock(core_);
    core_.durability()->RequestCheckpoint();
    epoch = TRY(core_.CommitEpoch());
  }
  connection_.cancelled_.store(false, std::memory_order_release);
  const state::CheckpointInfo info = TRY(core_.durability()->WaitCheckpoint(epoch, connection_.cancelled_));
  return Message("CHECKPOINT " + std::to_string(info.id) + ": epoch " + std::to_string(info.epoch) + ", " +
                 FormatBytes(info.bytes) + ", " + FormatBytes(info.new_bytes) + " of it new");
}
Result<Outcome> StatementRunner::Do(const sql::Alter&) { return Error(NotYet("ALTER ... PAUSE and RESUME")); }

Result<Outcome> StatementRunner::Do(const sql::Subscribe& s) {
  if (!s.options.empty() || (s.as_of != nullptr && !s.as_of_is_epoch) || s.up_to != nullptr)
    return Error(NotYet("SUBSCRIBE with options, AS OF a time or UP TO", "SUBSCRIBE TO view AS OF EPOCH n"));
  Core::Lock lock(core_);
  core_.RefreshTime();
  if (s.as_of != nullptr) {
    if (s.query != nullptr)
      return Error(NotYet("SUBSCRIBE TO a query AS OF EPOCH", "make it a view WITH (retain_history = '64 MiB')"));
    const uint64_t epoch = TRY(BindEpoch(*s.as_of));
    TRY(core_.catalog().Get(s.name.back()));
    TRY(core_.CheckEpoch(s.name.back(), epoch));
    Outcome outcome;
    outcome.cursor = TRY(OpenHistoryCursor(core_, *core_.FindView(s.name.back()), epoch));
    return outcome;
  }
  sql::QueryPtr made;
  const sql::Query* query = s.query.get();
  if (query == nullptr) {
    sql::Statement all = TRY(sql::ParseStatement("SELECT * FROM " + sql::PrintName(s.name)));
    made = std::move(std::get<sql::SelectStatement>(all.node).query);
    query = made.get();
  }
  plan::QueryRequest request;
  request.mode = plan::QueryMode::kStreaming;
  plan::QueryPlan plan = TRY(plan::PlanQuery(Context(), *query, request));
  plan.has_emit = true;  // rows carry their weights
  Outcome outcome;
  outcome.cursor = TRY(OpenQuery(std::move(plan)));
  return outcome;
}

Result<Outcome> StatementRunner::Do(const sql::WaitFor& s) {
  const std::string& name = s.name.back();
  Duration timeout = 0;
  {
    Core::Lock lock(core_, Core::Lock::Use::kRead);
    if (s.timeout != nullptr) timeout = TRY(plan::BindDuration(Context(), *s.timeout, "the timeout"));
  }
  connection_.cancelled_.store(false, std::memory_order_release);
  TRY(core_.WaitUntil([&] { return core_.IsComplete(name); }, connection_.cancelled_, timeout, "WAIT FOR " + name));
  TRY(core_.DeliverSink(name, connection_.cancelled_));
  return Message("WAIT FOR " + name);
}

// Some settings are the whole database's: of each the last SET holds, by whatever connection.
Status StatementRunner::ApplyToDatabase(std::string_view name, Settings before) {
  Core::Lock lock(core_);
  Status applied = core_.SetDatabase(connection_.settings(), name);
  if (!applied.ok()) connection_.settings() = std::move(before);
  return applied;
}

Result<Outcome> StatementRunner::Do(const sql::Set& s) {
  Settings before = connection_.settings();
  TRY(connection_.settings().Set(s.variable, s.value.value));
  TRY(ApplyToDatabase(s.variable, std::move(before)));
  Outcome outcome = Message("SET " + s.variable);
  if (s.variable == "cpu_pinning" || s.variable == "rt_priority" || s.variable == "worker_cores") {
    Core::Lock lock(core_);
    outcome.notices = core_.watch().notes();
  }
  return outcome;
}

Result<Outcome> StatementRunner::Do(const sql::Reset& s) {
  Settings before = connection_.settings();
  TRY(connection_.settings().Reset(s.variable));
  TRY(ApplyToDatabase(s.variable, std::move(before)));
  return Message(s.variable.empty() ? "RESET ALL" : "RESET " + s.variable);
}

Result<Outcome> StatementRunner::Do(const sql::Prepare& s) {
  auto& prepared = connection_.prepared_;
  if (std::ranges::any_of(prepared, [&](const auto& p) { return p.name == s.name; }))
    return Error(Status(ErrorCode::kAlreadyExists, "a prepared statement \"" + s.name + "\" exists")
                     .WithHint("DEALLOCATE " + s.name));
  prepared.push_back({s.name, sql::Print(*s.statement)});
  return Message("PREPARE " + s.name);
}

Result<Outcome> StatementRunner::Do(const sql::Execute& s) {
  for (const auto& prepared : connection_.prepared_) {
    if (prepared.name != s.name) continue;
    std::vector<Value> values;
    std::vector<Type> types;
    {
      Core::Lock lock(core_);
      const plan::PlanContext context = Context();
      const plan::Scope nothing;
      for (const sql::ExpressionPtr& argument : s.arguments) {
        plan::ExpressionBinder binder(context, nothing);
        const expr::ExprPtr bound = TRY(binder.Bind(*argument));
        types.push_back(bound->type);
        values.push_back(TRY(plan::BindConstant(context, *argument, bound->type, "an argument of EXECUTE")));
      }
    }
    const std::string text = prepared.sql;
    const sql::Statement statement = TRY(sql::ParseStatement(text));
    if (statement.parameter_count > values.size()) {
      return Error(Status(ErrorCode::kBadParameter, "\"" + s.name + "\" takes " +
                                                        std::to_string(statement.parameter_count) + " values, found " +
                                                        std::to_string(values.size())));
    }
    StatementRunner runner(connection_, core_, text);
    runner.SetParameters(std::move(values), std::move(types));
    return runner.Run(statement);
  }
  return Error(Status(ErrorCode::kNotFound, "there is no prepared statement \"" + s.name + "\"")
                   .WithHint("PREPARE " + s.name + " AS ..."));
}

Result<Outcome> StatementRunner::Do(const sql::Deallocate& s) {
  auto& prepared = connection_.prepared_;
  const size_t removed = s.name.empty() ? std::exchange(prepared, {}).size()
                                        : std::erase_if(prepared, [&](const auto& p) { return p.name == s.name; });
  if (removed == 0 && !s.name.empty())
    return Error(Status(ErrorCode::kNotFound, "there is no prepared statement \"" + s.name + "\""));
  return Message("DEALLOCATE " + (s.name.empty() ? "ALL" : s.name));
}

}  // namespace laminar::engine
