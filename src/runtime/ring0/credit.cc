#include "runtime/ring0/credit.h"

#include <string>

namespace laminar::runtime {

Status Validate(const BackpressureConfig& config) {
  constexpr uint32_t kCreditsMax = 1u << 16;
  if (config.exclusive_credits < 1 || config.exclusive_credits > kCreditsMax || config.floating_credits > kCreditsMax) {
    return Error(ErrorCode::kBadArgument, "credits of a channel: " + std::to_string(config.exclusive_credits) +
                                              " of its own (1 to " + std::to_string(kCreditsMax) + ") and " +
                                              std::to_string(config.floating_credits) + " floating (0 to " +
                                              std::to_string(kCreditsMax) + ")");
  }
  if (!(config.low_watermark > 0) || !(config.low_watermark <= config.high_watermark) ||
      !(config.high_watermark <= 1)) {
    return Error(ErrorCode::kBadArgument, "back-pressure between " + std::to_string(config.low_watermark) + " and " +
                                              std::to_string(config.high_watermark) +
                                              ": expected 0 < low <= high <= 1");
  }
  switch (config.overflow) {
    case OverflowPolicy::kBlock: return {};
    case OverflowPolicy::kDropNewest:
    case OverflowPolicy::kDropOldest:
    case OverflowPolicy::kError: break;
  }
  return Error(
      Status(ErrorCode::kNotSupported, "an overflow policy that loses rows or stops the pipeline")
          .WithHint("use the policy 'block': a slow receiver then slows its sources down, and no row is lost"));
}

}  // namespace laminar::runtime
