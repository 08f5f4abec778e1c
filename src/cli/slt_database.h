// The database an .slt file runs on: inline, on a simulated clock; in memory, or on a simulated disk that can lose its
// power.
//
// Law of a crash: what was acknowledged is there after it. What lives in a session (SET, PREPARE) is said again, as a
// program that connects again would. Threads: one; Cancel may be called from any.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.h"
#include "cli/cli.h"
#include "cli/slt_rows.h"
#include "engine/database.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::cli {

// The rows a statement answered with.
struct SltAnswer {
  data::Schema schema;
  std::vector<Change> rows;
  std::vector<std::vector<std::string>> cells;  // of the rows, as they are; NULL is empty
  bool is_changelog = false;
};

std::string QuotedName(std::string_view name);

// "fail OPERATION KIND [at N] [times N] [path PART]" as words.
Result<sim::FileFault> ParseFault(const std::vector<std::string>& words);

class SltDatabase {
 public:
  SltDatabase(const Host& host, bool is_on_disk, Timestamp now);
  ~SltDatabase();

  Status Open();
  engine::Database& database() { return *database_; }
  engine::Connection& connection() { return *connection_; }
  sim::SimClock& clock() { return clock_; }
  sim::SimFileSystem& files() { return files_; }
  bool is_on_disk() const { return is_on_disk_; }
  void Cancel();

  Result<SltAnswer> Execute(const std::string& sql);
  // To be said again after opening: SET, RESET, PREPARE, DEALLOCATE.
  void NoteStatement(const std::string& sql);

  // Does some source read by a connector?
  Result<bool> HasReaders();

  // No subscription may be alive. The power goes at once: closing writes nothing. Parts of what was not flushed
  // survive, by `random`.
  Status Crash(Random& random);
  Status Restart();  // closed and opened again

 private:
  void Close();

  const Host& host_;
  const bool is_on_disk_;
  sim::SimClock clock_;
  sim::SimFileSystem files_;
  std::unique_ptr<engine::Database> database_;
  std::mutex mutex_;  // of the pointer below, for Cancel
  std::unique_ptr<engine::Connection> connection_;
  std::vector<std::string> session_;
};

}  // namespace laminar::cli
