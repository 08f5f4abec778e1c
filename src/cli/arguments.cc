#include "cli/arguments.h"

#include <array>

#include "base/text.h"
#include "cli/verbs.h"

namespace laminar::cli {

namespace {

constexpr std::array<std::string_view, 13> kOptions = {
    "-c",     "--command", "-f",        "--file", "-o", "--output",          "-h",
    "--help", "-V",        "--version", "--",     "-",  "--allow-lost-sinks"};

Result<OutputFormat> ParseFormat(std::string_view text) {
  if (const auto format = FormatNamed(text)) return *format;
  return Error(Status(ErrorCode::kBadArgument, "there is no output format " + Quoted(text))
                   .WithHint("table, csv, json or ndjson"));
}

Status TakePositional(const std::string& text, Arguments& out) {
  if (text == ":memory:") return {};
  if (EndsWith(ToLower(text), ".sql")) {
    out.tasks.push_back({true, text});
    return {};
  }
  for (const Verb& verb : Verbs()) {
    if (verb.name == text) {
      return Status(ErrorCode::kBadArgument, "\"" + text + "\" must be the first argument").WithHint("laminar " + text);
    }
  }
  if (text.empty()) return Status(ErrorCode::kBadArgument, "the name of a database is empty");
  if (!out.database.empty())
    return Status(ErrorCode::kBadArgument, "two databases are named: " + Quoted(out.database) + " and " + Quoted(text))
        .WithHint("one database a run; scripts end in .sql");
  out.database = text;
  return {};
}

}  // namespace

Result<Arguments> ParseArguments(const std::vector<std::string>& arguments) {
  Arguments out;
  bool only_positional = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string option = arguments[i];
    if (only_positional || option.empty() || option[0] != '-') {
      TRY(TakePositional(option, out));
      continue;
    }
    std::string value;
    bool has_value = false;
    if (const size_t equals = option.find('='); StartsWith(option, "--") && equals != std::string::npos) {
      value = option.substr(equals + 1);
      option.resize(equals);
      has_value = true;
    }
    const bool takes_value = option == "-c" || option == "--command" || option == "-f" || option == "--file" ||
                             option == "-o" || option == "--output";
    if (takes_value && !has_value) {
      if (i + 1 >= arguments.size()) return Error(ErrorCode::kBadArgument, "option " + option + " needs a value");
      value = arguments[++i];
    }
    if (!takes_value && has_value) return Error(ErrorCode::kBadArgument, "option " + option + " takes no value");
    if (option == "-c" || option == "--command") {
      out.tasks.push_back({false, value});
    } else if (option == "-f" || option == "--file") {
      out.tasks.push_back({true, value});
    } else if (option == "-o" || option == "--output") {
      out.format = TRY(ParseFormat(value));
      out.has_format = true;
    } else if (option == "--allow-lost-sinks") {
      out.allows_lost_sinks = true;
    } else if (option == "-h" || option == "--help") {
      out.help = true;
    } else if (option == "-V" || option == "--version") {
      out.version = true;
    } else if (option == "--") {
      only_positional = true;
    } else if (option == "-") {
      out.tasks.push_back({true, "-"});
    } else {
      std::string hint = DidYouMean(option, kOptions);
      return Error(Status(ErrorCode::kBadArgument, "there is no option " + Quoted(option))
                       .WithHint(hint.empty() ? "laminar --help lists them" : hint));
    }
  }
  return out;
}

std::string HelpText() {
  std::string text =
      "LaminarDB: streaming SQL in your process.\n"
      "\n"
      "usage: laminar [DIRECTORY | FILE.sql] [-c SQL]... [-f FILE]... [-o FORMAT]\n"
      "       laminar VERB [...]\n"
      "\n"
      "  -c, --command SQL   run these statements\n"
      "  -f, --file FILE     run this script; - is standard input\n"
      "  -o, --output FORMAT table (the default), csv, json, ndjson\n"
      "  --allow-lost-sinks  open a database whose sinks cannot go on; they have failed then\n"
      "  -h, --help          this text\n"
      "  -V, --version       the version\n"
      "\n"
      "DIRECTORY is a database on disk, made if it is not there; without it everything is kept in memory.\n"
      "Without -c, -f or a script the shell asks for statements; from a pipe it reads them. Several -c and -f run in\n"
      "order in one database. The first failing statement ends the run with status 1.\n"
      "\n"
      "verbs:\n";
  for (const Verb& verb : Verbs()) {
    std::string line = "  " + std::string(verb.name) + " " + std::string(verb.arguments);
    line.resize(std::max<size_t>(line.size() + 1, 38), ' ');
    text += line + std::string(verb.doc) + "\n";
  }
  text += "\nTwo ways to start:\n  laminar demo\n  laminar -c \"SELECT 40 + 2 AS answer\"\n";
  return text;
}

}  // namespace laminar::cli
