#include "connectors/file/file.h"

#include "base/text.h"
#include "os/stream.h"

namespace laminar::connectors {

namespace {

constexpr std::string_view kWhat = "connector 'file'";
constexpr size_t kSampleBytes = size_t{1} << 20;

struct SourceOptions {
  FileTarget target;
  bool follow = false;
  double rate = 0;
};

Result<SourceOptions> ReadSourceOptions(sdk::Options& options) {
  SourceOptions read;
  read.target = TRY(ReadFileTarget(options, false));
  read.follow = TRY(options.Boolean("follow", false));
  read.rate = TRY(options.Number("rate", 0, 0, 1e12));
  TRY(options.RejectUnread(kWhat));
  if (read.follow && !read.target.format->is_text()) {
    return Error(Status(ErrorCode::kBadOption,
                        "option 'follow' does not fit format '" + std::string(read.target.format->name) + "'")
                     .WithHint("such a file is complete when it is written; leave follow out"));
  }
  return read;
}

// An error names where a relative path was looked for.
Result<std::vector<std::string>> FindFiles(os::FileSystem& files, const std::string& path) {
  std::vector<std::string> found;
  if (os::HasGlob(path)) {
    found = TRY(files.Glob(path));
  } else if (files.Exists(path)) {
    found.push_back(path);
  }
  if (!found.empty()) return found;
  std::string message = (os::HasGlob(path) ? "no file matches " : "no file ") + Quoted(path, 300);
  if (!path.starts_with('/')) message += " in the working directory " + Quoted(os::WorkingDirectory(), 300);
  return Error(Status(ErrorCode::kBadFile, std::move(message)).WithHint("check the path; wildcards are * ? [a-z] **"));
}

Result<std::string> ReadSample(os::FileSystem& files, const std::string& path, bool& complete) {
  const std::unique_ptr<os::File> file = TRY(files.Open(path, os::OpenMode::kRead));
  std::string sample(kSampleBytes, '\0');
  size_t size = 0;
  while (size < sample.size()) {
    const size_t got = TRY(file->ReadAt(size, std::span<char>(sample).subspan(size)));
    if (got == 0) break;
    size += got;
  }
  complete = size < sample.size();
  sample.resize(size);
  return sample;
}

Result<bool> ReadEnvelope(sdk::Options& options, const data::Schema& schema) {
  constexpr std::string_view kEnvelopes[] = {"none", "changelog"};
  const bool changelog = TRY(options.Choice("envelope", "none", kEnvelopes)) == "changelog";
  if (changelog && (schema.IndexOf("_op") >= 0 || schema.IndexOf("_weight") >= 0)) {
    return Error(
        Status(ErrorCode::kBadOption, "envelope 'changelog' adds columns '_op' and '_weight', which the rows have")
            .WithHint("name the query's columns otherwise"));
  }
  return changelog;
}

Result<FileSinkOptions> ReadSinkOptions(sdk::Options& options, const FileTarget& target,
                                        const sdk::SinkRequest& request) {
  constexpr std::string_view kDeliveries[] = {"exactly_once", "at_least_once"};
  FileSinkOptions read;
  read.format = request.options;
  read.changelog = TRY(ReadEnvelope(options, request.schema));
  read.in_place = TRY(options.Boolean("in_place", false));
  read.exactly_once = TRY(options.Choice("delivery", "exactly_once", kDeliveries)) == "exactly_once";
  read.is_durable = request.is_durable || request.resume.has_value();
  read.needs_token = read.is_durable || options.Has("delivery");
  TRY(options.RejectUnread(kWhat));
  if (read.in_place && !target.format->is_text()) {
    return Error(Status(ErrorCode::kBadOption,
                        "option 'in_place' does not fit format '" + std::string(target.format->name) + "'")
                     .WithHint("such a file can be read only when it is complete; leave in_place out"));
  }
  return read;
}

}  // namespace

std::string_view FileConnector::doc() const {
  return "rows from and to CSV, JSON lines, Parquet and Arrow files; globs, follow = true, rate = rows a second";
}

sdk::Options WithImpliedOptions(const sdk::Options& options) {
  auto entries = options.entries();
  for (const auto& [key, value] : entries) {
    if (key == "path" && value.ends_with(".tsv") && !options.Has("delimiter") && !options.Has("format")) {
      entries.emplace_back("delimiter", "\\t");
      break;
    }
  }
  return sdk::Options(std::move(entries));
}

Result<FileTarget> ReadFileTarget(sdk::Options& options, bool writing) {
  FileTarget target;
  target.path = TRY(options.RequiredText("path", "data/trades-*.csv"));
  const std::string format = options.Text("format", "");
  target.format = format.empty() ? formats::FormatOfPath(target.path) : formats::FindFormat(format);
  if (target.format == nullptr) {
    const auto names = formats::FormatNames();
    if (format.empty()) {
      return Error(
          Status(ErrorCode::kBadOption, "the format of " + Quoted(target.path, 300) + " cannot be told from its name")
              .WithHint("set option format to one of: " + Join(names, ", ")));
    }
    return Error(
        Status(ErrorCode::kBadOption, "unknown format " + Quoted(format)).WithHint("accepted: " + Join(names, ", ")));
  }
  for (const std::string_view suffix : {".gz", ".zst", ".bz2", ".xz"}) {
    if (EndsWith(target.path, suffix)) {
      return Error(Status(ErrorCode::kNotSupported, "compressed files such as " + Quoted(target.path, 300))
                       .WithHint("unpack the file first, or use Parquet, which is compressed inside"));
    }
  }
  TRY(target.format->check(options, writing));
  return target;
}

Result<sdk::SourceTraits> FileConnector::CheckSource(const sdk::SourceRequest& request) {
  sdk::Options options = WithImpliedOptions(request.options);
  const SourceOptions read = TRY(ReadSourceOptions(options));
  return sdk::SourceTraits{.replayable = true, .bounded = !read.follow};
}

Result<data::Schema> FileConnector::InferSchema(sdk::Options given) {
  sdk::Options options = WithImpliedOptions(given);
  const SourceOptions read = TRY(ReadSourceOptions(options));
  const std::vector<std::string> paths = TRY(FindFiles(files_, read.target.path));
  if (!read.target.format->is_text()) {
    return read.target.format->file_schema(TRY(files_.Open(paths[0], os::OpenMode::kRead)));
  }
  // The first file that has a byte.
  for (size_t i = 0;; ++i) {
    bool complete = false;
    const std::string sample = TRY(ReadSample(files_, paths[i], complete));
    if (sample.empty() && i + 1 < paths.size()) continue;
    return read.target.format->infer(sample, complete, paths[i], options);
  }
}

Result<std::unique_ptr<sdk::Source>> FileConnector::OpenSource(sdk::SourceRequest request) {
  request.options = WithImpliedOptions(request.options);
  sdk::Options options = request.options;
  SourceOptions read = TRY(ReadSourceOptions(options));
  Result<std::vector<std::string>> paths = FindFiles(files_, read.target.path);
  // A position behind the last file needs none of them.
  if (!paths.has_value() && request.position.empty()) return Error(std::move(paths.error()));
  return MakeFileSource(files_, clock_, std::move(request), std::move(read.target),
                        paths.has_value() ? std::move(*paths) : std::vector<std::string>(), read.follow, read.rate);
}

Result<sdk::SinkShape> FileConnector::CheckSink(const sdk::SinkRequest& request) {
  sdk::Options options = WithImpliedOptions(request.options);
  const FileTarget target = TRY(ReadFileTarget(options, true));
  const FileSinkOptions read = TRY(ReadSinkOptions(options, target, request));
  return read.changelog ? sdk::SinkShape::kChangelog : sdk::SinkShape::kAppendOnly;
}

Result<std::unique_ptr<sdk::Sink>> FileConnector::OpenSink(sdk::SinkRequest request) {
  request.options = WithImpliedOptions(request.options);
  sdk::Options options = request.options;
  FileTarget target = TRY(ReadFileTarget(options, true));
  FileSinkOptions read = TRY(ReadSinkOptions(options, target, request));
  return MakeFileSink(files_, std::move(request), std::move(target), std::move(read));
}

}  // namespace laminar::connectors
