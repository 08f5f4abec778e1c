// Session: a database and one connection to it, driven by texts: scripts, statements, dot commands.
//
// Law: a script stops at its first failing statement; what stood before it has happened. A SELECT that answers with
// final rows first waits for the inputs that end. Thread: the caller's; a Watcher beside each statement.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cli.h"
#include "cli/result_writer.h"
#include "engine/database.h"
#include "os/process.h"

namespace laminar::cli {

struct SessionOptions {
  std::string database;  // its folder; empty: in memory
  OutputFormat format = OutputFormat::kTable;
  bool is_interactive = false;
  bool allows_lost_sinks = false;
};

enum class Verdict : uint8_t { kOk, kFailed, kInterrupted };

class Session {
 public:
  static Result<std::unique_ptr<Session>> Open(const Host& host, const SessionOptions& options);
  // Over a database that is there already; options.database is not used.
  static std::unique_ptr<Session> Over(std::unique_ptr<engine::Database> database, const SessionOptions& options);

  // All statements of a text. `name` says where it came from, for errors; may be empty.
  Verdict RunScript(std::string_view name, std::string_view text);
  // The script at a path, or standard input for "-".
  Verdict RunFile(const std::string& path);
  // A line that begins with a dot. False: leave the shell.
  bool RunDotCommand(std::string_view line);
  // At the end of a script: sinks that it made get everything that comes, until their inputs end or Ctrl-C.
  Verdict FinishSinks();

  engine::Database& database() { return *database_; }
  engine::Connection& connection() { return *connection_; }
  os::InterruptFlag& interrupts() { return interrupts_; }

 private:
  explicit Session(const SessionOptions& options) : options_(options) {}
  Verdict RunStatement(std::string_view name, std::string_view script, size_t offset, size_t length);
  Status Execute(std::string_view statement, bool& interrupted);
  Status ShowRows(engine::Cursor& cursor, class Watcher& watcher);
  WriterRequest WriterFor(const engine::Cursor& cursor) const;
  void ShowSchema(std::string_view name);
  std::vector<std::string> FirstColumn(const std::string& sql);
  bool SetTimer(std::string_view word);

  SessionOptions options_;
  os::InterruptFlag interrupts_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
  bool timer_ = false;
  uint64_t rows_shown_max_ = 1000;  // interactive only
};

}  // namespace laminar::cli
