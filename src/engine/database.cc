#include "engine/database.h"

#include "base/hot_scope.h"
#include "engine/core.h"
#include "engine/statement_runner.h"
#include "functions/register.h"
#include "sql/parser.h"

namespace laminar::engine {

Connection::Connection(Database& database) : database_(database) {
  SettingValues initial;
  initial.worker_cores = database.core().options().worker_cores;
  initial.state_memory_bytes = database.core().options().state_memory_bytes;
  initial.spill_directory = database.core().options().spill_directory;
  initial.cpu_pinning = database.core().options().cpu_pinning;
  settings_.SetInitial(initial);
}
Connection::~Connection() = default;

Result<std::vector<std::string>> Connection::SplitScript(std::string_view script) {
  const std::vector<sql::Statement> statements = TRY(sql::ParseScript(script));
  std::vector<std::string> out;
  for (const sql::Statement& statement : statements)
    out.emplace_back(script.substr(statement.text_offset, statement.text_length));
  return out;
}

Result<Outcome> Connection::Execute(std::string_view text) {
  const sql::Statement statement = TRY(sql::ParseStatement(text));
  StatementRunner runner(*this, database_.core(), text);
  return runner.Run(statement);
}

void Connection::Cancel() {
  cancelled_.store(true, std::memory_order_release);
  database_.core().WakeWaiters();
}

Database::Database() = default;
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::Open(DatabaseOptions options) {
  std::unique_ptr<Database> database(new Database());
  Status status = database->Load(options, false);
  // Damage in a block of a large checkpoint shows only when it is read: then all are read before one is chosen.
  if (status.code() == ErrorCode::kCorrupt) status = database->Load(options, true);
  if (!status.ok()) return Error(std::move(status));
  if (Status started = database->core_->Start(); !started.ok())
    return Error(std::move(started.Prefix("opening a database")));
  return database;
}

// On failure the options are as they were.
Status Database::Load(DatabaseOptions& options, bool reads_all) {
  const std::string path = options.path;
  os::FileSystem& files = options.files != nullptr ? *options.files : os::RealFileSystem();
  const os::Clock& clock = options.clock != nullptr ? *options.clock : os::RealClock();
  DurabilityOptions durable;
  durable.is_inline = options.is_inline;
  durable.segment_bytes = options.log_segment_bytes;
  durable.reads_all = reads_all;
  const uint64_t worker_cores = options.worker_cores;
  const std::string cpu_pinning = options.cpu_pinning;
  core_ = std::make_unique<Core>(std::move(options), functions::BuiltinFunctions());
  auto load = [&]() -> Status {
    TRY(core_->UseCores(worker_cores));
    TRY(core_->watch().Pin(cpu_pinning));
    if (path.empty()) return {};
    std::unique_ptr<DatabaseDirectory> directory = TRY(DatabaseDirectory::Open(files, clock, path));
    std::unique_ptr<Durability> durability = TRY(Durability::Open(std::move(directory), clock, durable));
    Status restored = core_->Restore(std::move(durability), [&](const CatalogEntry& entry) -> Status {
      Connection connection(*this);
      for (const auto& [name, value] : entry.settings) TRY(connection.settings().Set(name, value));
      TRY(connection.Execute(entry.sql));
      return {};
    });
    return restored.Prefix("opening database \"" + path + "\"");
  };
  Status status = load();
  if (!status.ok()) {
    options = core_->TakeOptions();
    core_.reset();
  }
  return status;
}

const RecoveryReport* Database::recovery() const {
  return core_->is_durable() ? &core_->durability()->report() : nullptr;
}

namespace {

constexpr std::atomic<bool> kNever{false};

}  // namespace

Status Database::AwaitDurable(uint64_t epoch) {
  return epoch == 0 ? Status() : core_->durability()->WaitDurable(epoch, kNever);
}

namespace {

Result<SourceNode*> Pushable(Core& core, std::string_view name) {
  SourceNode* node = core.FindSource(name);
  if (node == nullptr) {
    TRY(core.catalog().Get(name));
    return Error(Status(ErrorCode::kNotThatKind, "\"" + std::string(name) + "\" is neither a source nor a table"));
  }
  return node;
}

const data::Schema& PushedColumns(const SourceNode& node) {
  return node.relation->physical.size() == 0 ? node.relation->schema : node.relation->physical;
}

Status CheckBatch(const SourceNode& node, const data::Batch& batch) {
  const size_t columns = PushedColumns(node).size();
  if (batch.column_count != columns) {
    return Status(ErrorCode::kBatchMismatch, "a batch for \"" + node.relation->name + "\" has " +
                                                 std::to_string(batch.column_count) + " columns, not " +
                                                 std::to_string(columns));
  }
  if (batch.rows > data::kBatchCapacity)
    return Status(ErrorCode::kBatchMismatch, "a batch has " + std::to_string(batch.rows) + " rows; the most is " +
                                                 std::to_string(data::kBatchCapacity));
  if (batch.weights == nullptr || !node.relation->append_only || !node.relation->primary_key.empty()) return {};
  // What reads an append-only relation keeps less than taking back would need.
  for (uint32_t row = 0; row < batch.rows; ++row) {
    if (batch.weights[row] == 1) continue;
    return Status(ErrorCode::kWeightMismatch, "a row of weight " + std::to_string(batch.weights[row]) + " for \"" +
                                                  node.relation->name + "\", which takes only new rows")
        .WithHint("create the source WITH (connector = 'memory', changelog = true)");
  }
  return {};
}

Status PushLocked(Core& core, SourceNode& node, data::Batch& batch) {
  TRY(CheckBatch(node, batch));
  TRY(core.PrepareToTake());
  TRY(core.CheckPush(node, batch, batch.rows));
  TRY(core.Push(node, batch));
  core.NoteChange();
  return {};
}

}  // namespace

Status Database::Push(std::string_view source, data::Batch& batch) {
  TRY(core_->WaitToPush(kNever));
  uint64_t epoch = 0;
  {
    Core::Lock lock(*core_);
    TRY(PushLocked(*core_, *TRY(Pushable(*core_, source)), batch));
    epoch = TRY(core_->Acknowledge());
  }
  return AwaitDurable(epoch);
}

Result<Database::PushHandle> Database::OpenPush(std::string_view source, data::Schema* schema) {
  Core::Lock lock(*core_);
  SourceNode* node = TRY(Pushable(*core_, source));
  if (schema != nullptr) *schema = PushedColumns(*node);
  return PushHandle{node, node->serial, core_->graph_version()};
}

Status Database::Push(const PushHandle& handle, data::Batch& batch) {
  TRY(core_->WaitToPush(kNever));
  uint64_t epoch = 0;
  {
    Core::Lock lock(*core_);
    auto* node = static_cast<SourceNode*>(handle.node);
    if (handle.version != core_->graph_version()) [[unlikely]] {  // some source went: was it this one?
      if (!core_->HasSource(node, handle.serial))
        return Status(ErrorCode::kClosed, "the source or table was dropped while rows were pushed into it");
    }
    TRY(PushLocked(*core_, *node, batch));
    epoch = TRY(core_->Acknowledge());
  }
  return AwaitDurable(epoch);
}

Status Database::PushWatermark(std::string_view source, Timestamp watermark) {
  uint64_t epoch = 0;
  {
    Core::Lock lock(*core_);
    SourceNode* node = TRY(Pushable(*core_, source));
    TRY(core_->PushWatermark(*node, watermark));
    core_->NoteChange();
    epoch = TRY(core_->Acknowledge());
  }
  return AwaitDurable(epoch);
}

Status Database::EndSource(std::string_view source) {
  uint64_t epoch = 0;
  {
    Core::Lock lock(*core_);
    SourceNode* node = TRY(Pushable(*core_, source));
    TRY(core_->End(*node));
    core_->NoteChange();
    epoch = TRY(core_->Acknowledge());
  }
  return AwaitDurable(epoch);
}

namespace {

// A reader of a view's fan-out that calls the program.
class CallbackReader final : public exec::Operator {
 public:
  explicit CallbackReader(ChangeCallback callback) : callback_(std::move(callback)) {}
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, data::Batch& batch, exec::Output&) override {
    AllowAllocation allow;  // the program may do as it likes
    callback_(batch);
    return exec::Step::kMore;
  }
  exec::Step Watermark(int, Timestamp, exec::Output&) override { return exec::Step::kMore; }
  exec::Step Tick(Timestamp, exec::Output&) override { return exec::Step::kMore; }
  exec::Step Barrier(exec::Epoch, exec::Output&) override { return exec::Step::kMore; }

 private:
  ChangeCallback callback_;
};

exec::FanOut* FanOutOf(Core& core, std::string_view name) {
  if (ViewNode* view = core.FindView(name)) return view->fan_out.get();
  const SourceNode* source = core.FindSource(name);
  return source != nullptr && source->shared != nullptr ? source->shared->fan_out : nullptr;
}

class CallbackSubscription final : public Subscription {
 public:
  CallbackSubscription(Core& core, std::string view, ChangeCallback callback)
      : core_(core), view_(std::move(view)), reader_(std::move(callback)) {}
  ~CallbackSubscription() override {
    Core::Lock lock(core_);
    if (exec::FanOut* fan_out = FanOutOf(core_, view_)) fan_out->Remove(&reader_);
  }
  exec::Operator* reader() { return &reader_; }

 private:
  Core& core_;
  std::string view_;
  CallbackReader reader_;
};

}  // namespace

Result<std::unique_ptr<Subscription>> Database::Subscribe(std::string_view view, ChangeCallback callback,
                                                          data::Schema* schema) {
  Core::Lock lock(*core_);
  const catalog::RelationPtr relation = TRY(core_->catalog().Get(view));
  exec::FanOut* fan_out = FanOutOf(*core_, view);
  if (fan_out == nullptr) {
    return Error(Status(ErrorCode::kNotThatKind, "\"" + std::string(view) + "\" cannot be subscribed to")
                     .WithHint("subscribe to a materialized view, a table or a memory source"));
  }
  if (schema != nullptr) *schema = relation->schema;
  // Its destructor takes the lock: nothing may fail from here on.
  auto subscription = std::make_unique<CallbackSubscription>(*core_, std::string(view), std::move(callback));
  fan_out->Add(subscription->reader(), 0);
  return subscription;
}

Result<data::Schema> Database::SchemaOf(std::string_view relation) {
  Core::Lock lock(*core_, Core::Lock::Use::kRead);
  return TRY(core_->catalog().Get(relation))->schema;
}

Result<bool> Database::RunUntilIdle(uint64_t turns_max) {
  bool any = false;
  TRY(core_->CheckUsable());
  for (uint64_t turn = 0; turns_max == 0 || turn < turns_max; ++turn) {
    Core::Lock lock(*core_);
    if (!TRY(core_->Turn())) break;
    any = true;
  }
  return any;
}

Progress Database::GetProgress() {
  Core::Lock lock(*core_, Core::Lock::Use::kRead);
  return core_->GetProgress();
}

std::vector<std::string> Database::Names() {
  Core::Lock lock(*core_, Core::Lock::Use::kRead);
  std::vector<std::string> names = core_->functions().Names();
  for (const catalog::RelationPtr& relation : core_->catalog().All()) {
    names.push_back(relation->name);
    for (const data::Field& field : relation->schema.fields()) names.push_back(field.name);
  }
  return names;
}

}  // namespace laminar::engine
