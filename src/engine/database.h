// Database and Connection: the engine's front. A Database holds catalog, running views and their stored results; a
// Connection executes SQL on it.
//
// Threads: every call on a Database is safe from any thread; a Connection, and what it returns, is used by one thread
// at a time (Cancel excepted). Two shapes from the same code. Inline: no thread of its own, sources advance only inside
// calls (RunUntilIdle, WAIT FOR, reading a cursor): for embedding, tests and simulation. Threaded: one core thread
// reads the sources. Law: results do not depend on the shape. Every read sees all views at one epoch: a cut between two
// source batches.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/catalog.h"
#include "data/batch.h"
#include "data/type.h"
#include "engine/settings.h"
#include "os/clock.h"
#include "os/file.h"
#include "sdk/connector.h"

namespace laminar::os {
class SpillFiles;
}

namespace laminar::engine {

class Core;
struct RecoveryReport;

struct DatabaseOptions {
  bool is_inline = false;
  const os::Clock* clock = nullptr;                 // null: the real one
  std::string path;                                 // the database's folder; empty: in memory, gone when it is closed
  os::FileSystem* files = nullptr;                  // of that folder; null: the machine's
  uint64_t log_segment_bytes = uint64_t{64} << 20;  // of a file of the log, taken from the disk at once
  uint64_t worker_cores = 0;        // for the views that opening brings back, and those made before a SET worker_cores
  uint64_t state_memory_bytes = 0;  // as SET state_memory_bytes, from the opening on
  std::string spill_directory;      // the same
  os::SpillFiles* spill_files = nullptr;  // makes the file there; null: the machine
  std::string cpu_pinning = "off";        // as SET cpu_pinning; what the machine lacks is an error of Open
  bool allows_lost_sinks = false;  // a sink that cannot go on is opened as failed; else the database is not opened
  uint64_t seed = 0x1A31AA5DB;  // of everything that is drawn by chance: random(), and inline the order of the shards
  std::vector<std::unique_ptr<sdk::Connector>>
      connectors;  // besides "memory" (alias "test", "channel"), which is the engine's own
};

// What is happening, for people and metrics.
struct SourceProgress {
  std::string name;
  uint64_t rows = 0;
  uint64_t bad_rows = 0;
  Timestamp watermark = kMinTimestamp;
  uint64_t done = 0;  // of `total`, in the source's own unit; total 0: unknown
  uint64_t total = 0;
  bool has_ended = false;
};
struct ViewProgress {
  std::string name;
  uint64_t rows_stored = 0;
  uint64_t rows_out = 0;
  Timestamp watermark = kMinTimestamp;
  std::string state;  // "RUNNING", "ERROR", "PAUSED"
};
struct Progress {
  std::vector<SourceProgress> sources;
  std::vector<ViewProgress> views;
};

// The rows of a query, pulled. Batches of at most kBatchCapacity rows.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual const data::Schema& schema() const = 0;
  // True: rows carry weights that matter (-1: the row is taken back).
  virtual bool is_changelog() const = 0;
  // Fills `out` (schema().Types()) with the next rows; false: no more. Blocks until there are rows. kCancelled after
  // Cancel.
  virtual Result<bool> Next(data::BatchBuffer& out) = 0;
  // As Next, but returns rows() == 0 rather than block when nothing can be had at the moment.
  virtual Result<bool> Poll(data::BatchBuffer& out) = 0;
  // Rows read from sources so far, for a progress display; from any thread. 0 where others read.
  virtual uint64_t rows_read() const { return 0; }
  // When there are no more rows: what their reader should know, such as that some could not be read.
  virtual std::vector<std::string> Notices() const { return {}; }
  // From any thread: makes Next return soon.
  virtual void Cancel() = 0;
};

// What one statement answered.
struct Outcome {
  std::string message;             // "CREATE SOURCE trades", "INSERT 3"; empty when there are rows
  std::unique_ptr<Cursor> cursor;  // of queries
  std::vector<std::string> notices;
};

// Called with every change of a view, on the thread that made it, between two source batches; must return soon and must
// not call the database.
using ChangeCallback = std::function<void(const data::Batch& changes)>;

// Ends the subscription when destroyed.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class Database;

class Connection {
 public:
  explicit Connection(Database& database);
  ~Connection();
  // One statement. A failing one has no side effect.
  Result<Outcome> Execute(std::string_view sql);
  // The statements of a script as texts, so that each can be executed and shown before the next. Errors name the
  // statement's place.
  static Result<std::vector<std::string>> SplitScript(std::string_view script);
  // Of a SELECT that answers with final rows: the views it reads that are complete one day, to WAIT FOR before it.
  // Nothing for other statements.
  Result<std::vector<std::string>> InputsThatEnd(std::string_view sql);
  // From any thread: ends what this connection is waiting for (WAIT FOR, INSERT).
  void Cancel();
  Settings& settings() { return settings_; }

 private:
  friend class StatementRunner;
  struct PreparedStatement {
    std::string name;
    std::string sql;
  };
  Database& database_;
  Settings settings_;
  std::vector<PreparedStatement> prepared_;
  std::atomic<bool> cancelled_{false};
};

class Database {
 public:
  static Result<std::unique_ptr<Database>> Open(DatabaseOptions options);
  ~Database();

  // Rows from the program for a `memory` source or a table, with the relation's column types. Returns when all views
  // have taken them in.
  Status Push(std::string_view source, data::Batch& batch);
  // A promise that no earlier event time follows.
  Status PushWatermark(std::string_view source, Timestamp watermark);
  // No more rows will be pushed: the end of the stream.
  Status EndSource(std::string_view source);
  // For repeated pushes without a name look-up. A handle outlives its source: pushing then answers kClosed. `schema`,
  // if wanted: the columns a batch has.
  struct PushHandle {
    void* node = nullptr;
    uint64_t serial = 0;   // of the node, as addresses come again
    uint64_t version = 0;  // of the graph when the node was seen to be in it
  };
  Result<PushHandle> OpenPush(std::string_view source, data::Schema* schema = nullptr);
  Status Push(const PushHandle& handle, data::Batch& batch);

  // `schema`, if wanted, is filled before the first call.
  Result<std::unique_ptr<Subscription>> Subscribe(std::string_view view, ChangeCallback callback,
                                                  data::Schema* schema = nullptr);
  Result<data::Schema> SchemaOf(std::string_view relation);
  // Whether all sources below it end by themselves (what the program pushes counts as ended), or a LIMIT ends it.
  bool EndsByItself(std::string_view relation);

  // What opening the folder found; null for a database in memory. Valid while the database lives.
  const RecoveryReport* recovery() const;

  // Inline shape: reads sources until none has anything at the moment. `turns_max` 0: no limit. Returns whether
  // anything was done.
  Result<bool> RunUntilIdle(uint64_t turns_max = 0);
  Progress GetProgress();
  // Names for completion: relations, columns, functions.
  std::vector<std::string> Names();

  Core& core() { return *core_; }

 private:
  friend class Connection;
  friend class StatementRunner;
  Database();
  Status Load(DatabaseOptions& options, bool reads_all);
  Status AwaitDurable(uint64_t epoch);  // 0: nothing to wait for
  std::unique_ptr<Core> core_;
};

}  // namespace laminar::engine
