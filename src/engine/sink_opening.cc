#include "engine/sink_opening.h"

#include "engine/core.h"
#include "engine/sink_operator.h"

namespace laminar::engine {
namespace {

class LostSink final : public sdk::Sink {
 public:
  Status Write(const data::Batch&) override { return {}; }
  Status Prepare(uint64_t, std::string&) override { return {}; }
  Status Commit(uint64_t) override { return {}; }
  Status Close() override { return {}; }
};

}  // namespace

Result<std::unique_ptr<sdk::Sink>> OpenSink(const Core& core, sdk::Connector& connector, sdk::SinkRequest request,
                                            Status& lost) {
  const bool is_restored = core.restoring() != nullptr;
  const bool has_failed = is_restored && core.restored().FailureOf(request.name).value_or(StoredFailure()).state != 0;
  if (is_restored) {
    // Of an undecided first epoch nothing is stored: all that came is taken back.
    const std::string note = core.restored().NoteOf("v/" + request.name + "/0").value_or("");
    request.resume = SinkOperator::ResumeOf(note).value_or("");
  }
  auto opened = connector.OpenSink(std::move(request));
  if (opened || !is_restored) return opened;
  if (!has_failed && !core.options().allows_lost_sinks) {
    return Error(std::move(opened.error())
                     .WithHint("put back what it wrote; or open the database with allow_lost_sinks (laminar "
                               "--allow-lost-sinks), which lets the sink fail for good, and drop it"));
  }
  lost = opened.error();
  return std::make_unique<LostSink>();
}

}  // namespace laminar::engine
