// Databases, connections and statements.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "api/handles.h"
#include "connectors/all.h"
#include "engine/durability.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/spill_file.h"

namespace laminar::api {

thread_local constinit const CallScope* CallScope::innermost_ = nullptr;

bool CallScope::IsInside(const SharedDatabase* database) {
  for (const CallScope* scope = innermost_; scope != nullptr; scope = scope->outer_) {
    if (scope->database_ == database) return true;
  }
  return false;
}

namespace {

void FreeWaiting(SharedDatabase& database) {
  std::vector<std::unique_ptr<Freeable>> freed;
  const std::lock_guard lock(database.waiting_mutex);
  freed.swap(database.waiting);
  database.has_waiting.store(false, std::memory_order_release);
}

}  // namespace

Status Enter(SharedDatabase& database) {
  if (CallScope::IsInside(&database)) [[unlikely]] {
    return Status(ErrorCode::kBadArgument, "the database was called from inside a subscriber's call")
        .WithHint("note what is to be done and do it after the call");
  }
  if (database.has_waiting.load(std::memory_order_acquire)) [[unlikely]]
    FreeWaiting(database);
  return {};
}

void Free(const DatabasePtr& database, std::unique_ptr<Freeable> handle) {
  if (!CallScope::IsInside(database.get())) {
    const DatabasePtr alive = database;  // what waits may hold the last other reference
    handle.reset();
    if (alive->has_waiting.load(std::memory_order_acquire)) FreeWaiting(*alive);
    return;
  }
  const std::lock_guard lock(database->waiting_mutex);
  database->waiting.push_back(std::move(handle));
  database->has_waiting.store(true, std::memory_order_release);
}

HeldCursor::HeldCursor(std::shared_ptr<ConnectionState> state, std::unique_ptr<engine::Cursor> cursor)
    : state_(std::move(state)), cursor_(std::move(cursor)) {
  const std::lock_guard lock(state_->mutex);
  state_->cursors.push_back(cursor_.get());
}

HeldCursor::~HeldCursor() {
  const std::lock_guard lock(state_->mutex);
  std::erase(state_->cursors, cursor_.get());
}

namespace {

// The struct may only grow, so any other size is not one this library knows.
constexpr size_t kOptionSizes[] = {
    offsetof(laminar_options, path),                // the first: databases in memory
    offsetof(laminar_options, cpu_pinning),         // databases on disk
    offsetof(laminar_options, state_memory_bytes),  // threads on cpus
    offsetof(laminar_options, allow_lost_sinks),    // state larger than memory
    sizeof(laminar_options),
};

laminar_recovery Described(const engine::RecoveryReport& report) {
  return {.epoch = report.epoch,
          .checkpoint_id = report.checkpoint_id,
          .log_epochs = report.log_epochs,
          .bytes_cut = report.bytes_cut,
          .checkpoints_skipped = report.skipped_checkpoints.size(),
          .micros = report.nanos / 1000,
          .is_new = report.is_new ? 1 : 0};
}

// 0: what the machine has.
Result<uint64_t> StateMemory(uint64_t asked) {
  constexpr uint64_t kLeast = uint64_t{1} << 20;
  if (asked == 0 || (asked >= kLeast && asked <= INT64_MAX)) return asked;
  return Error(
      Status(ErrorCode::kBadArgument,
             "opening a database: state_memory_bytes must be 0, or 1048576 (1 MiB) to 9223372036854775807, found " +
                 std::to_string(asked))
          .WithHint("it counts bytes; 0 takes 80 % of what the machine and its limits allow"));
}

// A name that is wrong would else be found when memory is short.
Result<std::string> SpillDirectory(const char* asked) {
  if (asked == nullptr || asked[0] == '\0') return std::string();
  auto file = os::SpillFile::Create(asked);
  if (file) return std::string(asked);
  return Error(Status(ErrorCode::kBadArgument, "opening a database: spill_directory: " + file.error().message())
                   .WithHint("name a folder on a disk that can be written to, or none"));
}

Result<uint64_t> WorkerCores(int asked) {
  if (asked >= 0 && asked <= 64) return static_cast<uint64_t>(asked);
  return Error(Status(ErrorCode::kBadArgument,
                      "opening a database: worker_cores must be 0 to 64, found " + std::to_string(asked))
                   .WithHint("0 takes what the machine and its limits allow, up to eight"));
}

Result<DatabasePtr> OpenDatabase(const laminar_options& options) {
  if (options.threading != LAMINAR_THREADED && options.threading != LAMINAR_INLINE) {
    return Error(ErrorCode::kBadArgument,
                 "opening a database: there is no threading " + std::to_string(options.threading));
  }
  engine::DatabaseOptions open;
  open.is_inline = options.threading == LAMINAR_INLINE;
  open.connectors = connectors::MakeConnectors(os::RealFileSystem(), os::RealClock());
  if (options.path != nullptr) open.path = options.path;
  open.worker_cores = TRY(WorkerCores(options.worker_cores));
  if (options.cpu_pinning != nullptr && options.cpu_pinning[0] != '\0') open.cpu_pinning = options.cpu_pinning;
  open.state_memory_bytes = TRY(StateMemory(options.state_memory_bytes));
  open.spill_directory = TRY(SpillDirectory(options.spill_directory));
  open.allows_lost_sinks = options.allow_lost_sinks != 0;
  auto shared = std::make_shared<SharedDatabase>();
  shared->arrow.offsets_instead_of_views = options.arrow_text_offsets != 0;
  shared->database = TRY(engine::Database::Open(std::move(open)));
  if (const engine::RecoveryReport* report = shared->database->recovery()) shared->recovery = Described(*report);
  return shared;
}

// Where a statement of a script stands: the line of its first byte, and its column for errors on that line.
Status InScript(Status status, std::string_view before) {
  TextPosition position = status.position();
  if (position.line == 0) return status;
  const auto lines = static_cast<uint32_t>(std::ranges::count(before, '\n'));
  if (position.line == 1) position.column += static_cast<uint32_t>(before.size() - (before.rfind('\n') + 1));
  position.line += lines;
  position.offset += static_cast<uint32_t>(before.size());
  return std::move(status).At(position);
}

Status RunScript(engine::Connection& connection, std::string_view script) {
  const std::vector<std::string> statements = TRY(engine::Connection::SplitScript(script));
  size_t from = 0;
  for (const std::string& statement : statements) {
    const size_t at = script.find(statement, from);
    auto outcome = connection.Execute(statement);
    if (!outcome)
      return at == std::string_view::npos ? std::move(outcome.error())
                                          : InScript(std::move(outcome.error()), script.substr(0, at));
    if (at != std::string_view::npos) from = at + statement.size();
  }
  return {};
}

std::unique_ptr<laminar_result> MakeResult(const std::shared_ptr<ConnectionState>& state, engine::Outcome outcome) {
  auto result = std::make_unique<laminar_result>();
  result->connection = state;
  result->message = std::move(outcome.message);
  for (std::string& notice : outcome.notices) result->notices.push_back(std::move(notice));
  if (outcome.cursor == nullptr) {
    result->schema = std::make_shared<const data::Schema>();
    return result;
  }
  result->schema = std::make_shared<const data::Schema>(outcome.cursor->schema());
  for (const data::Field& field : result->schema->fields()) result->type_names.push_back(field.type.ToString());
  result->is_changelog = outcome.cursor->is_changelog();
  result->cursor = std::make_unique<HeldCursor>(state, std::move(outcome.cursor));
  return result;
}

}  // namespace
}  // namespace laminar::api

using laminar::ErrorCode;
using laminar::Status;
namespace api = laminar::api;

const char* laminar_version(void) { return LAMINAR_VERSION; }

laminar_error* laminar_open(const laminar_options* options, laminar_database** out) {
  return api::Run([&]() -> Status {
    if (out == nullptr) return api::NullHandle("place for the database");
    *out = nullptr;
    laminar_options chosen{};
    if (options != nullptr) {
      if (std::ranges::find(api::kOptionSizes, options->struct_size) == std::end(api::kOptionSizes)) {
        return Status(ErrorCode::kBadArgument,
                      "opening a database: struct_size of the options is " + std::to_string(options->struct_size))
            .WithHint("set it to sizeof(laminar_options)");
      }
      std::memcpy(&chosen, options, options->struct_size);
    }
    auto handle = std::make_unique<laminar_database>();
    handle->shared = TRY(api::OpenDatabase(chosen));
    *out = handle.release();
    return {};
  });
}

void laminar_close(laminar_database* database) {
  if (database == nullptr) return;
  const api::DatabasePtr shared = database->shared;
  api::Free(shared, std::unique_ptr<api::Freeable>(database));
}

const laminar_recovery* laminar_recovery_get(const laminar_database* database) {
  return database == nullptr || !database->shared->recovery ? nullptr : &*database->shared->recovery;
}

laminar_error* laminar_connect(laminar_database* database, laminar_connection** out) {
  return api::Run([&]() -> Status {
    if (out == nullptr) return api::NullHandle("place for the connection");
    *out = nullptr;
    if (database == nullptr) return api::NullHandle("database");
    auto handle = std::make_unique<laminar_connection>();
    handle->state = std::make_shared<api::ConnectionState>(database->shared);
    *out = handle.release();
    return {};
  });
}

void laminar_connection_free(laminar_connection* connection) {
  if (connection == nullptr) return;
  const api::DatabasePtr shared = connection->state->database;
  api::Free(shared, std::unique_ptr<api::Freeable>(connection));
}

laminar_error* laminar_execute(laminar_connection* connection, const char* sql, laminar_result** out) {
  return api::Run([&]() -> Status {
    if (out != nullptr) *out = nullptr;
    if (connection == nullptr) return api::NullHandle("connection");
    if (sql == nullptr) return api::NullHandle("statement");
    TRY(api::Enter(*connection->state->database));
    laminar::engine::Outcome outcome = TRY(connection->state->connection.Execute(sql));
    if (out != nullptr) *out = api::MakeResult(connection->state, std::move(outcome)).release();
    return {};
  });
}

laminar_error* laminar_execute_script(laminar_connection* connection, const char* sql) {
  return api::Run([&]() -> Status {
    if (connection == nullptr) return api::NullHandle("connection");
    if (sql == nullptr) return api::NullHandle("script");
    TRY(api::Enter(*connection->state->database));
    return api::RunScript(connection->state->connection, sql);
  });
}

void laminar_interrupt(laminar_connection* connection) {
  if (connection == nullptr) return;
  connection->state->connection.Cancel();
  const std::lock_guard lock(connection->state->mutex);
  for (laminar::engine::Cursor* cursor : connection->state->cursors) cursor->Cancel();
}

laminar_error* laminar_run_until_idle(laminar_database* database, uint64_t turns_max, int* did_something) {
  return api::Run([&]() -> Status {
    if (did_something != nullptr) *did_something = 0;
    if (database == nullptr) return api::NullHandle("database");
    TRY(api::Enter(*database->shared));
    const bool any = TRY(database->shared->database->RunUntilIdle(turns_max));
    if (did_something != nullptr) *did_something = any ? 1 : 0;
    return {};
  });
}
