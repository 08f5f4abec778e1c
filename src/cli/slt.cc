// The verb `test`: finds .slt files, runs each in every mode, reports, rewrites expectations on request.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "cli/output.h"
#include "cli/slt_file.h"
#include "cli/slt_run.h"
#include "cli/verbs.h"
#include "os/file.h"

namespace laminar::cli {

namespace {

constexpr uint64_t kFileBytesMax = uint64_t{16} << 20;
constexpr int kIncludeDepthMax = 8;
constexpr size_t kLoopTurnsMax = 10'000;

struct ModeName {
  std::string_view name;
  SltMode mode;
  bool is_available;
};
constexpr ModeName kModes[] = {
    {"plain", SltMode::kPlain, true},     {"batch1", SltMode::kBatch1, true}, {"rebatch", SltMode::kRebatch, true},
    {"shuffle", SltMode::kShuffle, true}, {"cores4", SltMode::kCores4, true}, {"restart", SltMode::kRestart, true},
};

const ModeName* FindMode(std::string_view name) {
  const auto found = std::ranges::find(kModes, name, &ModeName::name);
  return found == std::end(kModes) ? nullptr : found;
}

struct SltOptions {
  std::vector<std::string> paths;
  std::vector<const ModeName*> modes;  // empty: all
  bool accept = false;
  bool verbose = false;
  uint64_t seed = 1;
};

Result<SltOptions> ParseOptions(const std::vector<std::string>& arguments) {
  SltOptions options;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--accept") {
      options.accept = true;
    } else if (word == "--verbose" || word == "-v") {
      options.verbose = true;
    } else if (word == "--mode" || word == "--seed") {
      if (++i == arguments.size()) return Error(ErrorCode::kBadArgument, "option " + word + " needs a value");
      if (word == "--seed") {
        options.seed = TRY(ParseUint64(arguments[i]));
        continue;
      }
      const ModeName* mode = FindMode(arguments[i]);
      if (mode == nullptr) {
        return Error(Status(ErrorCode::kBadArgument, "there is no mode " + Quoted(arguments[i]))
                         .WithHint("plain, batch1, rebatch, shuffle, cores4, restart"));
      }
      if (!mode->is_available) return Error(ErrorCode::kNotSupported, "mode " + arguments[i] + " is not supported yet");
      options.modes.push_back(mode);
    } else if (StartsWith(word, "-")) {
      return Error(Status(ErrorCode::kBadArgument, "test has no option " + Quoted(word))
                       .WithHint("--mode NAME, --accept, --seed N, --verbose"));
    } else {
      options.paths.push_back(word);
    }
  }
  if (options.paths.empty()) {
    return Error(Status(ErrorCode::kBadArgument, "no test was named").WithHint("laminar test FILE.slt or a folder"));
  }
  return options;
}

Result<std::vector<std::string>> FindFiles(const std::vector<std::string>& paths) {
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    if (EndsWith(path, ".slt") && !os::HasGlob(path)) {
      out.push_back(path);
      continue;
    }
    const std::string pattern = os::HasGlob(path) ? path : os::JoinPath(path, "**/*.slt");
    const std::vector<std::string> found = TRY(os::RealFileSystem().Glob(pattern));
    if (found.empty()) return Error(ErrorCode::kBadFile, "there is no .slt file at " + Quoted(path));
    out.insert(out.end(), found.begin(), found.end());
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void Substitute(Directive& d, const std::string& name, const std::string& value) {
  const std::string sign = "${" + name + "}";
  auto replace = [&](std::string& text) { text = ReplaceAll(text, sign, value); };
  for (std::string& word : d.words) replace(word);
  replace(d.rest);
  replace(d.sql);
  for (std::string& row : d.rows) replace(row);
  for (std::string& line : d.expected) replace(line);
  d.is_rewritable = false;
}

Result<std::vector<Directive>> Expand(const std::string& path, int depth);

// The directives of one level, from `at` to its endloop or the end.
Status ExpandLevel(const std::vector<Directive>& in, size_t& at, const std::string& path, int depth, bool in_loop,
                   std::vector<Directive>& out) {
  for (; at < in.size(); ++at) {
    const Directive& d = in[at];
    if (d.kind == DirectiveKind::kEndLoop) {
      if (in_loop) return {};
      return Status(ErrorCode::kBadRow, "endloop without loop").At({d.line, 1, 0});
    }
    if (d.kind == DirectiveKind::kInclude) {
      const std::string below = os::JoinPath(os::DirectoryOf(path), d.rest);
      std::vector<Directive> included = TRY(Expand(below, depth + 1));
      for (Directive& one : included) {
        one.is_rewritable = false;
        one.line = d.line;
        out.push_back(std::move(one));
      }
      continue;
    }
    if (d.kind != DirectiveKind::kLoop) {
      out.push_back(d);
      continue;
    }
    if (d.words.size() != 4) return Status(ErrorCode::kBadRow, "loop NAME FIRST LAST").At({d.line, 1, 0});
    const int64_t first = TRY(ParseInt64(d.words[2]));
    const int64_t last = TRY(ParseInt64(d.words[3]));
    std::vector<Directive> body;
    ++at;
    TRY(ExpandLevel(in, at, path, depth, true, body));
    if (at >= in.size()) return Status(ErrorCode::kBadRow, "loop without endloop").At({d.line, 1, 0});
    for (int64_t i = first; i <= last; ++i) {
      if (static_cast<size_t>(i - first) >= kLoopTurnsMax)
        return Status(ErrorCode::kLimitReached, "a loop of too many turns").At({d.line, 1, 0});
      for (Directive one : body) {
        Substitute(one, d.words[1], std::to_string(i));
        out.push_back(std::move(one));
      }
    }
  }
  return {};
}

Result<std::vector<Directive>> Expand(const std::string& path, int depth) {
  if (depth > kIncludeDepthMax) return Error(ErrorCode::kTooComplex, "includes nest too deep at " + Quoted(path));
  const std::string text = TRY(os::RealFileSystem().ReadWhole(path, kFileBytesMax));
  const std::vector<Directive> parsed = TRY(ParseSlt(text));
  std::vector<Directive> out;
  size_t at = 0;
  TRY(ExpandLevel(parsed, at, path, depth, false, out));
  return out;
}

// The modes a file lets itself be run in.
Result<std::vector<const ModeName*>> ModesOf(const std::vector<Directive>& directives) {
  std::vector<const ModeName*> out;
  for (const ModeName& mode : kModes) out.push_back(&mode);
  for (const Directive& d : directives) {
    if (d.kind != DirectiveKind::kModes) continue;
    out.clear();
    const std::string names = ReplaceAll(d.rest, ",", " ");  // what the views below point into
    for (std::string_view name : Split(names, ' ')) {
      if (name.empty()) continue;
      const ModeName* mode = FindMode(name);
      if (mode == nullptr)
        return Error(Status(ErrorCode::kBadRow, "there is no mode " + Quoted(name)).At({d.line, 1, 0}));
      out.push_back(mode);
    }
  }
  return out;
}

Status Rewrite(const std::string& path, const std::vector<SltRewrite>& rewrites) {
  const std::string text = TRY(os::RealFileSystem().ReadWhole(path, kFileBytesMax));
  std::vector<std::string> lines;
  for (std::string_view line : Split(text, '\n')) lines.emplace_back(line);
  for (auto it = rewrites.rbegin(); it != rewrites.rend(); ++it) {
    const auto at = lines.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(it->line - 1, lines.size()));
    auto next = lines.erase(at, at + static_cast<std::ptrdiff_t>(it->lines_old));
    std::vector<std::string> fresh = it->lines;
    if (!it->has_separator) fresh.insert(fresh.begin(), "----");
    lines.insert(next, fresh.begin(), fresh.end());
  }
  std::string out = Join(lines, "\n");
  if (!out.empty() && out.back() != '\n') out += '\n';
  return os::RealFileSystem().WriteWhole(path, out);
}

class Report {
 public:
  explicit Report(bool verbose) : verbose_(verbose) {}
  void Pass(const std::string& path, std::string_view mode) {
    ++passed_;
    if (verbose_) WriteOutput("ok      " + path + " (" + std::string(mode) + ")\n");
  }
  void Fail(const std::string& path, std::string_view mode, const Status& status, const std::string& detail) {
    ++failed_;
    WriteOutput("FAILED  " + path + ":" + std::to_string(status.position().line) + " (" + std::string(mode) + "): " +
                status.message() + (status.hint().empty() ? "" : " (hint: " + status.hint() + ")") + "\n" + detail);
  }
  void Skip(const std::string& path, std::string_view mode, const std::string& why) {
    ++skipped_;
    if (verbose_ || !Contains(why, "mode"))
      WriteOutput("skipped " + path + " (" + std::string(mode) + "): " + why + "\n");
    ++reasons_[std::string(why)];
  }
  void NotCompared(std::string_view mode, const std::map<std::string, uint64_t>& counts) {
    for (const auto& [why, count] : counts) not_compared_["mode " + std::string(mode) + ", " + why] += count;
  }
  int Finish() {
    for (const auto& [why, count] : not_compared_)
      WriteOutput("not compared " + std::to_string(count) + " expectations: " + why + "\n");
    for (const auto& [why, count] : reasons_) WriteOutput("skipped " + std::to_string(count) + ": " + why + "\n");
    WriteOutput(std::to_string(passed_) + " passed, " + std::to_string(failed_) + " failed\n");
    FlushOutput();
    return failed_ > 0 || passed_ == 0 ? 1 : 0;
  }

 private:
  bool verbose_;
  uint64_t passed_ = 0;
  uint64_t failed_ = 0;
  uint64_t skipped_ = 0;
  std::map<std::string, uint64_t> reasons_;
  std::map<std::string, uint64_t> not_compared_;
};

void RunFile(const std::string& path, const SltOptions& options, const Host& host, Report& report) {
  const auto directives = Expand(path, 0);
  const auto modes = directives ? ModesOf(*directives) : std::vector<const ModeName*>();
  if (!directives || !modes) {
    report.Fail(path, "reading", !directives ? directives.error() : modes.error(), "");
    return;
  }
  const bool has_partitions = std::ranges::any_of(*directives, [](const Directive& d) {
    return d.kind == DirectiveKind::kFeed && std::ranges::find(d.words, "partition") != d.words.end();
  });
  for (const ModeName* mode : *modes) {
    if (!options.modes.empty() && std::ranges::find(options.modes, mode) == options.modes.end()) continue;
    if (options.accept && mode->mode != SltMode::kPlain) continue;
    if (!mode->is_available) {
      report.Skip(path, mode->name, "mode " + std::string(mode->name) + " is not available yet");
      continue;
    }
    if (mode->mode == SltMode::kShuffle && !has_partitions) continue;  // nothing to mix: it would be plain again
    const SltOutcome outcome = RunSlt(*directives, {path, mode->mode, options.accept, options.seed}, host);
    if (!outcome.skipped.empty())
      report.Skip(path, mode->name, outcome.skipped);
    else if (!outcome.status.ok())
      report.Fail(path, mode->name, outcome.status, outcome.detail);
    else
      report.Pass(path, mode->name);
    report.NotCompared(mode->name, outcome.not_compared);
    if (outcome.rewrites.empty() || !outcome.status.ok()) continue;
    if (const Status status = Rewrite(path, outcome.rewrites); !status.ok())
      report.Fail(path, "accept", status, "");
    else
      WriteOutput("rewrote " + std::to_string(outcome.rewrites.size()) + " expectations of " + path + "\n");
  }
}

}  // namespace

int RunTests(const std::vector<std::string>& arguments, const Host& host) {
  const auto options = ParseOptions(arguments);
  const auto files = options ? FindFiles(options->paths) : Result<std::vector<std::string>>(std::vector<std::string>());
  if (!options || !files) {
    WriteError(ErrorText(!options ? options.error() : files.error(), {}, PaintOf(2)));
    return 2;
  }
  Report report(options->verbose);
  for (const std::string& path : *files) RunFile(path, *options, host, report);
  return report.Finish();
}

}  // namespace laminar::cli
