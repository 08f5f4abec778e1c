// Connector 'stdio': rows from standard input, rows to standard output.
//
// Options: format (csv by default), envelope ('none' or 'changelog', sinks only) and the format's own. Input cannot be
// read again, so the source is not replayable; a row is there as soon as its line is.
#pragma once

#include <memory>
#include <string_view>

#include "formats/formats.h"
#include "os/stream.h"
#include "sdk/connector.h"

namespace laminar::connectors {

class StdioConnector final : public sdk::Connector {
 public:
  StdioConnector(os::Stream& input, os::Stream& output) : input_(input), output_(output) {}
  std::string_view name() const override { return "stdio"; }
  std::string_view doc() const override;
  Result<sdk::SourceTraits> CheckSource(const sdk::SourceRequest& request) override;
  Result<std::unique_ptr<sdk::Source>> OpenSource(sdk::SourceRequest request) override;
  Result<sdk::SinkShape> CheckSink(const sdk::SinkRequest& request) override;
  Result<std::unique_ptr<sdk::Sink>> OpenSink(sdk::SinkRequest request) override;

 private:
  os::Stream& input_;
  os::Stream& output_;
};

}  // namespace laminar::connectors
