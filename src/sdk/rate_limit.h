// How many rows a source may give out by now, so that it keeps to `rate` rows a second.
// Time comes from the caller (monotonic nanoseconds); which rows come is never changed, only when.
#pragma once

#include <algorithm>
#include <cstdint>

namespace laminar::sdk {

class RateLimit {
 public:
  // rows_per_second 0: no limit.
  explicit RateLimit(double rows_per_second) : rate_(rows_per_second) {}
  bool limited() const { return rate_ > 0; }
  // Rows that may be taken now, at most `wanted`. The first row is due at the first call.
  uint32_t Allowed(int64_t now_nanos, uint32_t wanted) {
    if (!limited()) return wanted;
    if (!started_) {
      started_ = true;
      start_nanos_ = now_nanos;
    }
    const double due = static_cast<double>(now_nanos - start_nanos_) * 1e-9 * rate_ + 1;
    if (due <= taken_) return 0;
    return static_cast<uint32_t>(std::min<double>(due - taken_, wanted));
  }
  void Take(uint32_t rows) { taken_ += rows; }

 private:
  double rate_ = 0;
  double taken_ = 0;
  bool started_ = false;
  int64_t start_nanos_ = 0;
};

}  // namespace laminar::sdk
