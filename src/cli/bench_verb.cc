// The verb `bench`: reads the arguments and runs cli/bench.
#include <algorithm>

#include "base/text.h"
#include "cli/bench/bench.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace laminar::cli {

namespace {

Result<BenchOptions> ParseBenchOptions(const std::vector<std::string>& arguments) {
  BenchOptions options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--json") {
      options.json = true;
    } else if (word == "--rows" || word == "--repeats" || word == "--seed" || word == "--views" || word == "--export") {
      if (i + 1 >= arguments.size()) return Error(ErrorCode::kBadArgument, "option " + word + " needs a value");
      const std::string& value = arguments[++i];
      if (word == "--rows") options.rows = TRY(ParseUint64(value));
      if (word == "--repeats") options.repeats = static_cast<int>(std::min<uint64_t>(1000, TRY(ParseUint64(value))));
      if (word == "--views") options.views = static_cast<int>(std::clamp<uint64_t>(TRY(ParseUint64(value)), 1, 1000));
      if (word == "--seed") options.seed = TRY(ParseUint64(value));
      if (word == "--export") options.export_directory = value;
    } else if (word.starts_with("-")) {
      return Error(Status(ErrorCode::kBadArgument, "bench has no option " + Quoted(word))
                       .WithHint("--json, --rows N, --repeats N, --seed N, --views N, --export FOLDER"));
    } else {
      options.names.push_back(word);
    }
  }
  return options;
}

}  // namespace

int RunBenchVerb(const std::vector<std::string>& arguments, const Host& host) {
  auto options = ParseBenchOptions(arguments);
  const Status status = options ? RunBench(*options, host.make_connectors) : options.error();
  if (status.ok()) return 0;
  WriteError(ErrorText(status, {}, PaintOf(2)));
  return options ? 1 : 2;
}

}  // namespace laminar::cli
