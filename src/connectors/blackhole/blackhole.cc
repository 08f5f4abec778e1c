#include "connectors/blackhole/blackhole.h"

namespace laminar::connectors {
namespace {

class BlackholeSink final : public sdk::Sink {
 public:
  Status Write(const data::Batch&) override { return {}; }
  Status Prepare(uint64_t, std::string&) override { return {}; }
  Status Commit(uint64_t) override { return {}; }
  Status Close() override { return {}; }
};

}  // namespace

Result<sdk::SinkShape> BlackholeConnector::CheckSink(const sdk::SinkRequest& request) {
  sdk::Options options = request.options;
  TRY(options.RejectUnread("connector 'blackhole'"));
  return sdk::SinkShape::kChangelog;
}

Result<std::unique_ptr<sdk::Sink>> BlackholeConnector::OpenSink(sdk::SinkRequest request) {
  TRY(request.options.RejectUnread("connector 'blackhole'"));
  return std::make_unique<BlackholeSink>();
}

}  // namespace laminar::connectors
