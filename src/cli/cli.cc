// The front door: verbs, options, the loop of the interactive shell.
#include "cli/cli.h"

#include <algorithm>

#include "base/text.h"
#include "base/version.h"
#include "cli/arguments.h"
#include "cli/line_editor.h"
#include "cli/output.h"
#include "cli/session.h"
#include "cli/verbs.h"
#include "os/process.h"
#include "sql/parser.h"

namespace laminar::cli {

namespace {

constexpr Verb kVerbs[] = {
#define VERB(name, arguments, function, doc) {name, arguments, doc, &function},
#include "cli/verbs.def"
#undef VERB
};

constexpr int kFailed = 1;
constexpr int kBadArguments = 2;
constexpr int kInterrupted = 130;

std::vector<std::string> WordsToComplete(engine::Database& database) {
  std::vector<std::string> words = database.Names();
  for (const std::string_view keyword : sql::Keywords()) words.emplace_back(keyword);
  return words;
}

int RunInteractive(Session& session, const std::string& database) {
  WriteOutput("LaminarDB " + std::string(kVersion) + ". " +
              (database.empty() ? std::string("Everything is kept in memory") : "Database " + database) +
              ". .help helps, .quit leaves.\n");
  FlushOutput();
  LineEditor editor([&session] { return WordsToComplete(session.database()); });
  std::string statement;
  while (true) {
    std::string line;
    const LineState state = editor.Read(statement.empty() ? "laminar> " : "    ...> ", line);
    (void)session.interrupts().Take();
    if (state == LineState::kEnd) break;
    if (state == LineState::kInterrupted) {
      statement.clear();
      WriteError("\n");
      continue;
    }
    if (statement.empty()) {
      const std::string word = ToLower(Trim(line));
      if (word.empty()) continue;
      if (word[0] == '.' || word == "quit" || word == "exit" || word == "help") {
        editor.Remember(line);
        if (!session.RunDotCommand(word[0] == '.' ? line : "." + word)) return 0;
        continue;
      }
    }
    statement += (statement.empty() ? "" : "\n") + line;
    if (!sql::IsComplete(statement)) continue;
    editor.Remember(statement);
    (void)session.RunScript("", statement);
    statement.clear();
  }
  WriteOutput("\n");
  FlushOutput();
  return 0;
}

int StatusOf(Verdict verdict) {
  return verdict == Verdict::kOk ? 0 : verdict == Verdict::kInterrupted ? kInterrupted : kFailed;
}

int RunTasks(Session& session, const std::vector<Task>& tasks) {
  for (const Task& task : tasks) {
    const Verdict verdict = task.is_file ? session.RunFile(task.text) : session.RunScript("", task.text);
    if (verdict != Verdict::kOk) return StatusOf(verdict);
  }
  return StatusOf(session.FinishSinks());
}

}  // namespace

std::span<const Verb> Verbs() { return kVerbs; }

int Run(const std::vector<std::string>& arguments, const Host& host) {
  os::IgnoreBrokenPipes();
  if (!arguments.empty()) {
    for (const Verb& verb : kVerbs) {
      if (verb.name != arguments[0]) continue;
      const int code = verb.run({arguments.begin() + 1, arguments.end()}, host);
      FlushOutput();
      return code;
    }
  }
  auto parsed = ParseArguments(arguments);
  if (!parsed) {
    WriteError(ErrorText(parsed.error(), {}, PaintOf(2)));
    return kBadArguments;
  }
  if (parsed->help || parsed->version) {
    WriteOutput(parsed->help ? HelpText() : "LaminarDB " + std::string(kVersion) + "\n");
    FlushOutput();
    return 0;
  }
  if (parsed->tasks.empty() && !os::IsTerminal(0)) parsed->tasks.push_back({true, "-"});
  SessionOptions options;
  options.format = parsed->format;
  options.database = parsed->database;
  options.allows_lost_sinks = parsed->allows_lost_sinks;
  options.is_interactive = parsed->tasks.empty();
  auto session = Session::Open(host, options);
  if (!session) {
    WriteError(ErrorText(session.error(), {}, PaintOf(2)));
    return kFailed;
  }
  const int code =
      parsed->tasks.empty() ? RunInteractive(**session, parsed->database) : RunTasks(**session, parsed->tasks);
  FlushOutput();
  return code;
}

}  // namespace laminar::cli
