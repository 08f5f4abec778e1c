// Connector 'file': rows from and to files of the machine.
//
// Source options: path (may be a glob; files are read in name order), format (from the name's extension by default),
// follow (keep reading as the last file grows and new files come), rate (rows a second), and the format's own. A new
// reader gives the same rows in the same order, and one opened at a position the rows behind it. Sink options: path,
// format, envelope ('none' or 'changelog'), in_place, and the format's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/formats.h"
#include "os/clock.h"
#include "os/file.h"
#include "sdk/connector.h"

namespace laminar::connectors {

class FileConnector final : public sdk::Connector {
 public:
  FileConnector(os::FileSystem& files, const os::Clock& clock) : files_(files), clock_(clock) {}
  std::string_view name() const override { return "file"; }
  std::string_view doc() const override;
  Result<sdk::SourceTraits> CheckSource(const sdk::SourceRequest& request) override;
  Result<data::Schema> InferSchema(sdk::Options options) override;
  Result<std::unique_ptr<sdk::Source>> OpenSource(sdk::SourceRequest request) override;
  Result<sdk::SinkShape> CheckSink(const sdk::SinkRequest& request) override;
  Result<std::unique_ptr<sdk::Sink>> OpenSink(sdk::SinkRequest request) override;

 private:
  os::FileSystem& files_;
  const os::Clock& clock_;
};

// What both directions read from the options.
struct FileTarget {
  std::string path;
  const formats::Format* format = nullptr;
};
Result<FileTarget> ReadFileTarget(sdk::Options& options, bool writing);
// Adds what a file name implies: tabs in a .tsv file.
sdk::Options WithImpliedOptions(const sdk::Options& options);

Result<std::unique_ptr<sdk::Source>> MakeFileSource(os::FileSystem& files, const os::Clock& clock,
                                                    sdk::SourceRequest request, FileTarget target,
                                                    std::vector<std::string> paths, bool follow, double rate);

struct FileSinkOptions {
  bool changelog = false;
  bool in_place = false;
  bool exactly_once = true;  // false: what is there after a crash stays, and rows may come twice
  bool needs_token = true;   // delivery was asked for or is of use
  bool is_durable = false;
  sdk::Options format;  // the format's own
};
Result<std::unique_ptr<sdk::Sink>> MakeFileSink(os::FileSystem& files, sdk::SinkRequest request, FileTarget target,
                                                FileSinkOptions options);

}  // namespace laminar::connectors
