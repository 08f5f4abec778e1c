// What stands behind the handles of laminar.h, and the door every entry goes through.
//
// Law: the engine's database lives as long as any handle made from it; it is held by SharedDatabase. Nothing crosses
// the border as an exception. A thread that is inside a subscriber's call holds the engine's lock, so what it asks of
// that database is refused and what it frees is freed afterwards.
#pragma once

#include <atomic>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "data/arrow_c.h"
#include "engine/database.h"
#include "laminar/laminar.h"

namespace laminar::api {

// Something that may be freed later than asked.
class Freeable {
 public:
  virtual ~Freeable() = default;
};

struct SharedDatabase {
  std::unique_ptr<engine::Database> database;
  data::ArrowExportOptions arrow;
  std::optional<laminar_recovery> recovery;  // of a database on disk

  // Freed inside a subscriber's call, waiting for the next call from outside one.
  std::mutex waiting_mutex;
  std::vector<std::unique_ptr<Freeable>> waiting;
  std::atomic<bool> has_waiting{false};  // pairs with the check at every entry; the mutex orders the rest
};
using DatabasePtr = std::shared_ptr<SharedDatabase>;

// This thread is inside a subscriber's call of a database.
class CallScope {
 public:
  explicit CallScope(const SharedDatabase* database) : database_(database), outer_(innermost_) { innermost_ = this; }
  ~CallScope() { innermost_ = outer_; }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;
  static bool IsInside(const SharedDatabase* database);

 private:
  const SharedDatabase* database_;
  const CallScope* outer_;
  static thread_local constinit const CallScope* innermost_;
};

// Every call that reaches the engine starts with this.
Status Enter(SharedDatabase& database);
// Frees now, or after the subscriber's call this thread is in.
void Free(const DatabasePtr& database, std::unique_ptr<Freeable> handle);

laminar_error* MakeError(Status status);
laminar_error* OutOfMemory();

// Runs an entry's body, which returns a Status.
template <class Body>
laminar_error* Run(Body&& body) noexcept {
  try {
    Status status = body();
    return status.ok() ? nullptr : MakeError(std::move(status));
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  } catch (const std::exception& thrown) {
    return MakeError(Status(ErrorCode::kInternal, thrown.what()));
  }
}

Status NullHandle(const char* what);

// A connection's engine side; results keep it, so that laminar_interrupt finds their cursors.
struct ConnectionState {
  explicit ConnectionState(DatabasePtr owner) : database(std::move(owner)), connection(*database->database) {}
  DatabasePtr database;
  engine::Connection connection;
  std::mutex mutex;
  std::vector<engine::Cursor*> cursors;  // of open results
};

// A cursor that its connection can interrupt.
class HeldCursor final : public Freeable {
 public:
  HeldCursor(std::shared_ptr<ConnectionState> state, std::unique_ptr<engine::Cursor> cursor);
  ~HeldCursor() override;
  HeldCursor(const HeldCursor&) = delete;
  HeldCursor& operator=(const HeldCursor&) = delete;
  engine::Cursor* operator->() { return cursor_.get(); }
  const std::shared_ptr<ConnectionState>& connection() const { return state_; }

 private:
  std::shared_ptr<ConnectionState> state_;
  std::unique_ptr<engine::Cursor> cursor_;
};

// Converts one value; see laminar_batch_int64 and laminar_batch_double.
int64_t ValueAsInt64(const data::Column& column, const data::Type& type, uint32_t row);
double ValueAsDouble(const data::Column& column, const data::Type& type, uint32_t row);

}  // namespace laminar::api

struct laminar_database final : laminar::api::Freeable {
  laminar::api::DatabasePtr shared;
};

struct laminar_connection final : laminar::api::Freeable {
  std::shared_ptr<laminar::api::ConnectionState> state;
};

struct laminar_result final : laminar::api::Freeable {
  std::shared_ptr<laminar::api::ConnectionState> connection;
  std::shared_ptr<const laminar::data::Schema> schema;  // empty without rows
  std::vector<std::string> type_names;
  std::string message;
  std::deque<std::string> notices;  // what was given out stays where it is
  bool is_changelog = false;
  bool has_ended = false;
  std::unique_ptr<laminar::api::HeldCursor> cursor;  // null: no rows, or given away as a stream
};

struct laminar_batch {
  std::shared_ptr<const laminar::data::Schema> schema;
  laminar::data::ArrowExportOptions arrow;
  std::optional<laminar::data::BatchBuffer> owned;  // of a result
  laminar::data::Batch rows;
  std::vector<int64_t> kept_weights;  // of rows that moved out
  laminar::data::StringHeap texts;    // what laminar_batch_text gave out
  std::string text;                   // the one in work
};

struct laminar_appender final : laminar::api::Freeable {
  laminar_appender(laminar::api::DatabasePtr owner, laminar::engine::Database::PushHandle to,
                   laminar::data::Schema columns)
      : shared(std::move(owner)), handle(to), schema(std::move(columns)), buffer(schema.Types()) {}
  laminar::api::DatabasePtr shared;
  laminar::engine::Database::PushHandle handle;
  laminar::data::Schema schema;
  laminar::data::BatchBuffer buffer;
  uint32_t column = 0;  // the next one of the row in work
};

struct laminar_subscription final : laminar::api::Freeable {
  laminar::api::DatabasePtr shared;
  laminar_batch batch;  // reused for every call
  laminar::data::Schema schema;
  laminar_on_changes callback = nullptr;
  void* user = nullptr;
  std::unique_ptr<laminar::engine::Subscription> subscription;  // ends first
};
