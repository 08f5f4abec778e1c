// The verb `checkpoint`: looks into the checkpoints of a database without opening it, so also while it is in use.
//
// `list` and `verify` answer for each; `show` for one, the newest that can be read or the one that --id names: what is
// in it, the rows of one table, or SQL over all of it, in the words and with the exit status of the shell.
#include <fmt/format.h>

#include <optional>

#include "base/text.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "data/value.h"
#include "engine/checkpoint_sql.h"
#include "engine/checkpoint_view.h"
#include "os/file.h"

namespace laminar::cli {
namespace {

using engine::CheckpointContents;
using engine::CheckpointSummary;

struct ShowArguments {
  std::string verb;
  std::string directory;
  std::string table;
  std::vector<std::string> commands;
  OutputFormat format = OutputFormat::kTable;
  bool has_format = false;
  std::optional<uint64_t> id;
};

std::string TimeText(Timestamp t) { return data::Value::Int(t).ToString(data::Type(data::TypeId::kTimestamp)); }

Status List(const std::vector<CheckpointSummary>& checkpoints) {
  WriteOutput(fmt::format("{:>6} {:>10}  {:26} {:>10} {:>10} {:>6}  {}\n", "id", "epoch", "created (UTC)", "size",
                          "new", "files", "folder"));
  for (const CheckpointSummary& c : checkpoints) {
    if (c.id == 0) {
      WriteOutput(fmt::format("{:>6} {:>10}  {:26} {:>10} {:>10} {:>6}  {}\n", "?", "?", "not readable", "", "", "",
                              c.directory));
      continue;
    }
    WriteOutput(fmt::format("{:>6} {:>10}  {:26} {:>10} {:>10} {:>6}  {}\n", c.id, c.epoch, TimeText(c.created),
                            FormatBytes(c.bytes), FormatBytes(c.new_bytes), c.files, c.directory));
  }
  return {};
}

// Goes on after a damaged one; the first failure is the answer.
Status Verify(const std::vector<CheckpointSummary>& checkpoints) {
  Status first;
  for (const CheckpointSummary& c : checkpoints) {
    Status status = engine::VerifyCheckpointOf(os::RealFileSystem(), c);
    WriteOutput((status.ok() ? "ok       " : "DAMAGED  ") + c.directory + "\n");
    if (!status.ok() && first.ok()) first = std::move(status);
  }
  return first;
}

void WriteRelations(const CheckpointContents& contents) {
  WriteOutput("\nrelations\n");
  for (const engine::CatalogEntry& entry : contents.relations) {
    WriteOutput(fmt::format("  {}  made {}\n    {}\n", entry.name, TimeText(entry.created), entry.sql));
    const auto failure = contents.failures.find(entry.name);
    if (failure != contents.failures.end() && failure->second.state != 0)
      WriteOutput("    does not run: " + failure->second.message + "\n");
  }
}

void WriteNotices(const std::vector<std::string>& notices) {
  for (const std::string& notice : notices) WriteError("notice: " + notice + "\n");
}

Status ShowContents(const ShowArguments& arguments) {
  CheckpointContents contents;
  std::vector<std::string> notices;
  const auto read = [&](const CheckpointSummary& one) -> Status {
    contents = TRY(engine::ReadContents(os::RealFileSystem(), one));
    return {};
  };
  const CheckpointSummary checkpoint =
      TRY(engine::PickCheckpoint(os::RealFileSystem(), arguments.directory, arguments.id, read, &notices));
  WriteNotices(notices);
  WriteOutput("checkpoint " + checkpoint.directory + "\n");
  WriteRelations(contents);
  WriteOutput("\ntables\n");
  for (const engine::TableSummary& table : contents.tables) {
    WriteOutput(fmt::format("  {} {} ({}): {} rows, {}\n    {}\n", table.number, table.path, table.name, table.rows,
                            FormatBytes(table.bytes), table.shape));
  }
  WriteOutput("\nnotes\n");
  for (const auto& [path, bytes] : contents.notes) WriteOutput(fmt::format("  {}: {} bytes\n", path, bytes));
  WriteOutput("\nreading positions\n");
  for (const engine::StoredHead& head : contents.positions) {
    WriteOutput(fmt::format("  {} {}: {} rows, {} bytes of position{}\n", head.serial, head.source, head.rows,
                            head.position.size(), head.has_ended ? ", ended" : ""));
  }
  return {};
}

// Rows of a table, or what SQL says. The verdict of what ran; an error when it did not come to that.
Result<Verdict> ShowRows(const ShowArguments& arguments, const Host& host) {
  engine::DatabaseOptions options;
  options.connectors = host.make_connectors();
  engine::CheckpointDatabase opened =
      TRY(engine::OpenCheckpointSql(os::RealFileSystem(), arguments.directory, arguments.id, std::move(options)));
  WriteNotices(opened.notices);
  std::vector<std::string> commands = arguments.commands;
  if (!arguments.table.empty()) {
    const std::string name = TRY(engine::FindCheckpointRelation(*opened.database, arguments.table));
    commands.push_back("SELECT * FROM \"" + ReplaceAll(name, "\"", "\"\"") + "\"");
  }
  SessionOptions session_options;
  session_options.format = arguments.format;
  const std::unique_ptr<Session> session = Session::Over(std::move(opened.database), session_options);
  for (const std::string& command : commands) {
    const Verdict verdict = session->RunScript("", command);
    if (verdict != Verdict::kOk) return verdict;
  }
  return session->FinishSinks();
}

Result<ShowArguments> ParseShow(const std::vector<std::string>& arguments) {
  const auto wrong = [](std::string what, std::string hint) {
    return Error(Status(ErrorCode::kBadArgument, std::move(what)).WithHint(std::move(hint)));
  };
  ShowArguments out;
  std::vector<std::string> words;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool takes_value =
        word == "-c" || word == "--command" || word == "-o" || word == "--output" || word == "--id";
    if (!takes_value) {
      if (word.starts_with('-'))
        return wrong("checkpoint has no option " + Quoted(word), "there are: -c SQL, -o FORMAT, --id N");
      words.push_back(word);
      continue;
    }
    if (i + 1 >= arguments.size()) return wrong("option " + word + " needs a value", "");
    const std::string& value = arguments[++i];
    if (word == "-c" || word == "--command") {
      out.commands.push_back(value);
    } else if (word == "--id") {
      const auto id = ParseUint64(value);
      if (!id)
        return wrong("--id takes the number of a checkpoint, found " + Quoted(value), "checkpoint list says them");
      out.id = *id;
    } else {
      const auto format = FormatNamed(value);
      if (!format) return wrong("there is no output format " + Quoted(value), "table, csv, json or ndjson");
      out.format = *format;
      out.has_format = true;
    }
  }
  if (words.size() < 2 || (words[0] != "list" && words[0] != "verify" && words[0] != "show"))
    return wrong("checkpoint list, verify or show, and the folder of a database",
                 "laminar checkpoint show DIRECTORY [TABLE | -c SQL] [-o FORMAT] [--id N]");
  out.verb = words[0];
  out.directory = words[1];
  if (words.size() > 2) out.table = words[2];
  const bool has_rows = !out.table.empty() || !out.commands.empty();
  if (words.size() > 3) return wrong("checkpoint " + out.verb + " does not know what " + Quoted(words[3]) + " is", "");
  if (out.verb != "show" && (has_rows || out.has_format || out.id))
    return wrong("checkpoint " + out.verb + " takes a folder and nothing else", "checkpoint show takes more");
  if (!out.table.empty() && !out.commands.empty())
    return wrong("show the rows of a table, or give SQL with -c, not both", "");
  if (out.has_format && !has_rows) return wrong("-o is for rows", "name a table, or give SQL with -c");
  return out;
}

}  // namespace

int RunCheckpoint(const std::vector<std::string>& arguments, const Host& host) {
  const auto fail = [](const Status& status, int code) {
    FlushOutput();
    WriteError(ErrorText(status, {}, PaintOf(2)));
    return code;
  };
  const Result<ShowArguments> parsed = ParseShow(arguments);
  if (!parsed) return fail(parsed.error(), 2);
  if (parsed->verb == "show" && (!parsed->table.empty() || !parsed->commands.empty())) {
    const Result<Verdict> verdict = ShowRows(*parsed, host);
    if (!verdict) return fail(verdict.error(), 1);
    FlushOutput();
    return *verdict == Verdict::kOk ? 0 : *verdict == Verdict::kInterrupted ? 130 : 1;
  }
  const auto run = [&]() -> Status {
    if (parsed->verb == "show") return ShowContents(*parsed);
    const auto checkpoints = TRY(engine::ListCheckpointsOf(os::RealFileSystem(), parsed->directory));
    if (parsed->verb == "list") return List(checkpoints);
    if (checkpoints.empty())
      return Status(ErrorCode::kNotFound, "there is no checkpoint in " + Quoted(parsed->directory, 300));
    return Verify(checkpoints);
  };
  const Status status = run();
  if (!status.ok()) return fail(status, 1);
  FlushOutput();
  return 0;
}

}  // namespace laminar::cli
