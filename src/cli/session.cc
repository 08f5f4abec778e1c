#include "cli/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "cli/output.h"
#include "cli/watcher.h"
#include "data/value.h"
#include "engine/durability.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/stream.h"
#include "sql/parser.h"

namespace laminar::cli {

namespace {

constexpr uint64_t kScriptBytesMax = uint64_t{256} << 20;

std::string QuotedName(std::string_view name) { return "\"" + ReplaceAll(name, "\"", "\"\"") + "\""; }

}  // namespace

namespace {

// What a crash left and opening mended, in one line; nothing to say of a database that was closed.
std::string RecoveryLine(const engine::RecoveryReport& report, const std::string& path) {
  if (report.log_epochs == 0 && report.bytes_cut == 0 && report.skipped_checkpoints.empty()) return "";
  std::string line = fmt::format("recovered {} at epoch {}: ", path, report.epoch);
  line += report.checkpoint_id == 0 ? "no checkpoint" : fmt::format("checkpoint {}", report.checkpoint_id);
  line += fmt::format(" and {} epochs of the log", report.log_epochs);
  if (report.bytes_cut > 0) line += fmt::format(", {} of an unfinished write cut", FormatBytes(report.bytes_cut));
  line += fmt::format(", in {:.0f} ms\n", static_cast<double>(report.nanos) / 1e6);
  for (const std::string& skipped : report.skipped_checkpoints)
    line += "a damaged checkpoint was passed over: " + skipped + "\n";
  return line;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::Open(const Host& host, const SessionOptions& options) {
  engine::DatabaseOptions database;
  database.connectors = host.make_connectors();
  database.path = options.database;
  database.allows_lost_sinks = options.allows_lost_sinks;
  std::unique_ptr<Session> session = Over(TRY(engine::Database::Open(std::move(database))), options);
  if (const engine::RecoveryReport* report = session->database_->recovery())
    WriteError(RecoveryLine(*report, options.database));
  return session;
}

std::unique_ptr<Session> Session::Over(std::unique_ptr<engine::Database> database, const SessionOptions& options) {
  std::unique_ptr<Session> session(new Session(options));
  session->database_ = std::move(database);
  session->connection_ = std::make_unique<engine::Connection>(*session->database_);
  return session;
}

Verdict Session::RunScript(std::string_view name, std::string_view text) {
  // A script is read whole before its first statement runs: one with a syntax error does nothing.
  const auto statements = sql::ParseScript(text);
  if (!statements) {
    WriteError(ErrorText(statements.error(), {name, text, 0}, PaintOf(2)));
    return Verdict::kFailed;
  }
  for (const sql::Statement& statement : *statements) {
    const Verdict verdict = RunStatement(name, text, statement.text_offset, statement.text_length);
    if (verdict != Verdict::kOk) return verdict;
    if (IsOutputClosed()) return Verdict::kFailed;
  }
  return Verdict::kOk;
}

Verdict Session::RunFile(const std::string& path) {
  auto text =
      path == "-" ? os::ReadStandardInput(kScriptBytesMax) : os::RealFileSystem().ReadWhole(path, kScriptBytesMax);
  if (!text) {
    WriteError(ErrorText(text.error().Prefix("reading the script " + Quoted(path)), {}, PaintOf(2)));
    return Verdict::kFailed;
  }
  return RunScript(path == "-" ? "stdin" : path, *text);
}

Verdict Session::RunStatement(std::string_view name, std::string_view script, size_t offset, size_t length) {
  const int64_t start = os::RealClock().MonotonicNanos();
  bool interrupted = false;
  const Status status = Execute(script.substr(offset, length), interrupted);
  FlushOutput();
  if (!status.ok()) {
    if (interrupted && status.code() == ErrorCode::kCancelled) {
      WriteError("interrupted\n");
      return Verdict::kInterrupted;
    }
    WriteError(ErrorText(status, {name, script, offset}, PaintOf(2)));
    return Verdict::kFailed;
  }
  if (timer_) {
    WriteError(fmt::format("({:.3f} s)\n", static_cast<double>(os::RealClock().MonotonicNanos() - start) / 1e9));
  }
  return Verdict::kOk;
}

Status Session::Execute(std::string_view statement, bool& interrupted) {
  Watcher watcher(*database_, *connection_, interrupts_);
  auto run = [&]() -> Status {
    const auto inputs = connection_->InputsThatEnd(statement);  // an error shows again below, with its place
    for (const std::string& input : inputs ? *inputs : std::vector<std::string>()) {
      TRY(connection_->Execute("WAIT FOR " + QuotedName(input)));
    }
    engine::Outcome outcome = TRY(connection_->Execute(statement));
    for (const std::string& notice : outcome.notices) WriteError("notice: " + notice + "\n");
    if (outcome.cursor != nullptr) return ShowRows(*outcome.cursor, watcher);
    watcher.Hide();
    if (options_.is_interactive && !outcome.message.empty()) WriteOutput(outcome.message + "\n");
    return {};
  };
  const Status status = run();
  interrupted = watcher.was_interrupted();
  return status;
}

WriterRequest Session::WriterFor(const engine::Cursor& cursor) const {
  WriterRequest request;
  request.format = options_.format;
  request.schema = cursor.schema();
  request.is_changelog = cursor.is_changelog();
  request.time_zone = connection_->settings().timezone;
  if (os::IsTerminal(1)) {
    request.columns_max = os::TerminalColumns(1);
    request.unicode = IsUtf8Terminal();
  }
  if (options_.is_interactive) {
    if (!request.is_changelog) request.rows_shown_max = rows_shown_max_;
    request.row_count = true;
  }
  return request;
}

Status Session::ShowRows(engine::Cursor& cursor, Watcher& watcher) {
  watcher.Watch(&cursor);
  auto read = [&]() -> Status {
    std::unique_ptr<ResultWriter> writer = TRY(MakeResultWriter(WriterFor(cursor)));
    data::BatchBuffer buffer(cursor.schema().Types());
    const bool shares_terminal = os::IsTerminal(1);
    bool has_begun = false;
    auto begin = [&]() -> Status {
      if (shares_terminal) watcher.Hide();
      if (!has_begun) TRY(writer->Begin());
      has_begun = true;
      return {};
    };
    while (true) {
      // Changes are shown as they come: when there are none for the moment, what was held back goes out.
      if (cursor.is_changelog()) {
        if (!TRY(cursor.Poll(buffer))) break;
        if (buffer.rows() == 0) {
          if (has_begun) TRY(writer->Pause());
          if (!TRY(cursor.Next(buffer))) break;
        }
      } else if (!TRY(cursor.Next(buffer))) {
        break;
      }
      TRY(begin());
      TRY(writer->Rows(buffer.batch()));
      if (IsOutputClosed()) return {};
    }
    TRY(begin());
    return writer->End();
  };
  const Status status = read();
  for (const std::string& notice : status.ok() ? cursor.Notices() : std::vector<std::string>())
    WriteError("notice: " + notice + "\n");
  watcher.Watch(nullptr);
  return status;
}

Verdict Session::FinishSinks() {
  bool interrupted = false;
  const std::vector<std::string> names = FirstColumn("SHOW SINKS");
  if (names.empty()) return Verdict::kOk;
  // The program that pushes is this script, and it is over. What is on disk goes on in the next run.
  const bool is_over = database_->recovery() == nullptr;
  for (const engine::SourceProgress& source : database_->GetProgress().sources) {
    if (is_over && database_->EndsByItself(source.name))
      (void)database_->EndSource(source.name);  // those with a connector refuse
  }
  for (const std::string& name : names) {
    if (!database_->EndsByItself(name)) WriteError("notice: sink " + name + " runs until Ctrl-C\n");
    const Status status = Execute("WAIT FOR " + QuotedName(name), interrupted);
    if (interrupted) return Verdict::kInterrupted;
    if (!status.ok()) {
      WriteError(ErrorText(status, {}, PaintOf(2)));
      return Verdict::kFailed;
    }
  }
  return Verdict::kOk;
}

bool Session::SetTimer(std::string_view word) {
  const auto on = ParseBool(word);
  if (on)
    timer_ = *on;
  else
    WriteError(".timer on or .timer off\n");
  return true;
}

// The statements that made what there is; of one name, or of all.
void Session::ShowSchema(std::string_view name) {
  for (const char* kind : {"SOURCE", "TABLE", "VIEW", "MATERIALIZED VIEW", "SINK"}) {
    for (const std::string& one : FirstColumn(std::string("SHOW ") + kind + "S")) {
      if (!name.empty() && one != name) continue;
      for (const std::string& text : FirstColumn(std::string("SHOW CREATE ") + kind + " " + QuotedName(one)))
        WriteOutput(text + ";\n");
    }
  }
}

std::vector<std::string> Session::FirstColumn(const std::string& sql) {
  std::vector<std::string> out;
  auto outcome = connection_->Execute(sql);
  if (!outcome || outcome->cursor == nullptr) return out;
  data::BatchBuffer rows(outcome->cursor->schema().Types());
  while (outcome->cursor->Next(rows).value_or(false)) {
    for (uint32_t row = 0; row < rows.rows(); ++row) {
      out.push_back(data::Value::FromColumn(rows.column(0), rows.types()[0], row).ToString(rows.types()[0]));
    }
  }
  return out;
}

bool Session::RunDotCommand(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::string_view word : Split(Trim(line), ' ')) {
    if (!word.empty()) words.push_back(word);
  }
  const std::string command = ToLower(words.empty() ? "." : words[0]);
  const std::string_view word = words.size() > 1 ? words[1] : "";
  if (command == ".quit" || command == ".exit" || command == ".q") return false;
  if (command == ".timer") return SetTimer(word);
  if (command == ".tables") {
    for (const char* kind : {"SOURCES", "TABLES", "VIEWS", "MATERIALIZED VIEWS", "SINKS"}) {
      std::string what = ToLower(kind);
      what.pop_back();
      for (const std::string& name : FirstColumn(std::string("SHOW ") + kind))
        WriteOutput(fmt::format("{:18} {}\n", what, name));
    }
  } else if (command == ".schema") {
    ShowSchema(word);
  } else if (command == ".read") {
    if (word.empty())
      WriteError(".read FILE\n");
    else
      (void)RunFile(std::string(word));
  } else if (command == ".output" || command == ".mode") {
    if (const auto format = FormatNamed(word))
      options_.format = *format;
    else
      WriteError(".output table, csv, json or ndjson\n");
  } else if (command == ".rows") {
    const auto rows = ParseUint64(word);
    if (EqualsIgnoreCase(word, "all"))
      rows_shown_max_ = 0;
    else if (rows)
      rows_shown_max_ = *rows;
    else
      WriteError(".rows N or .rows all\n");
  } else if (command == ".help") {
    WriteOutput(
        ".help             this text\n"
        ".output FORMAT    table, csv, json or ndjson\n"
        ".quit             leave (also Ctrl-D)\n"
        ".read FILE        run a script\n"
        ".rows N           how many rows of a result are shown; all: every one\n"
        ".schema [NAME]    the statement that made it\n"
        ".tables           what there is\n"
        ".timer on|off     how long statements take\n"
        "\n"
        "Statements end with ; and may span lines. Ctrl-C ends what runs, not the shell. Tab completes names and "
        "words.\n"
        "To start:  SHOW FUNCTIONS;  SHOW CONNECTORS;  SELECT 40 + 2 AS answer;\n");
  } else {
    static constexpr std::string_view kCommands[] = {".help", ".output", ".quit",   ".read",
                                                     ".rows", ".schema", ".tables", ".timer"};
    const std::string near = DidYouMean(command, kCommands);
    WriteError("there is no command " + Quoted(command) + "; " + (near.empty() ? ".help lists them" : near) + "\n");
  }
  FlushOutput();
  return true;
}

}  // namespace laminar::cli
