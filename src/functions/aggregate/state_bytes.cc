// Errors of unreadable accumulators.
#include "functions/aggregate/state_bytes.h"

#include <fmt/format.h>

namespace laminar::functions {

Status UnreadableState(std::string_view aggregate, std::string_view why) {
  return Status(ErrorCode::kUnreadableState, fmt::format("reading the state of aggregate '{}': {}", aggregate, why))
      .WithHint("the checkpoint is damaged or was written by another version; restore an older one");
}

Status ReadVersion(std::string_view& in, std::string_view aggregate) {
  uint8_t version = 0;
  if (!TakeNumber(in, version)) return UnreadableState(aggregate, "it is empty");
  if (version != kStateVersion) {
    return UnreadableState(aggregate, fmt::format("found version {}, expected {}", version, kStateVersion));
  }
  return Status::Ok();
}

}  // namespace laminar::functions
