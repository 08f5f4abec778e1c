#include "connectors/blackhole/blackhole.h"

#include "base/text.h"
#include "sdk/token.h"

namespace laminar::connectors {
namespace {

constexpr uint8_t kTokenVersion = 1;

class BlackholeSink final : public sdk::Sink {
 public:
  Status Write(const data::Batch&) override { return {}; }
  // Nothing is kept, so nothing can come twice: any token will do to go on.
  Status Prepare(uint64_t, std::string& token) override {
    sdk::SealToken(sdk::BeginToken(sdk::TokenKind::kEmptySink, kTokenVersion, token), token);
    return {};
  }
  Status Commit(uint64_t) override { return {}; }
  Status Close() override { return {}; }
  bool can_resume() const override { return true; }
};

}  // namespace

Result<sdk::SinkShape> BlackholeConnector::CheckSink(const sdk::SinkRequest& request) {
  sdk::Options options = request.options;
  TRY(options.RejectUnread("connector 'blackhole'"));
  return sdk::SinkShape::kChangelog;
}

Result<std::unique_ptr<sdk::Sink>> BlackholeConnector::OpenSink(sdk::SinkRequest request) {
  TRY(request.options.RejectUnread("connector 'blackhole'"));
  if (request.resume.has_value() && !request.resume->empty()) {
    const std::string what = "the state of sink " + Quoted(request.name);
    const auto token = TRY(sdk::TokenReader::Open(*request.resume, sdk::TokenKind::kEmptySink, kTokenVersion, what));
    TRY(token.Finish());
  }
  return std::make_unique<BlackholeSink>();
}

}  // namespace laminar::connectors
