// Event time and durations: 64-bit counts of microseconds, the unit in the type.
// Sentinels: kMinTimestamp is "no watermark yet", kMaxTimestamp is "end of input". Arithmetic saturates at them.
#pragma once

#include <cstdint>
#include <limits>

namespace laminar {

using Timestamp = int64_t;  // microseconds since 1970-01-01T00:00:00Z; may be negative
using Duration = int64_t;   // microseconds

inline constexpr Timestamp kMinTimestamp = std::numeric_limits<int64_t>::min();
inline constexpr Timestamp kMaxTimestamp = std::numeric_limits<int64_t>::max();

inline constexpr Duration kMicrosecond = 1;
inline constexpr Duration kMillisecond = 1000;
inline constexpr Duration kSecond = 1000 * kMillisecond;
inline constexpr Duration kMinute = 60 * kSecond;
inline constexpr Duration kHour = 60 * kMinute;
inline constexpr Duration kDay = 24 * kHour;

// t + d, pinned at the sentinels; a sentinel stays what it is.
constexpr Timestamp SaturatingAdd(Timestamp t, Duration d) {
  if (t == kMinTimestamp || t == kMaxTimestamp) return t;
  Timestamp sum = 0;
  if (__builtin_add_overflow(t, d, &sum)) return d > 0 ? kMaxTimestamp : kMinTimestamp;
  return sum;
}

// a - b * floor(a / b), so 0 <= result < b for every sign of a. b > 0.
constexpr int64_t FloorMod(int64_t a, int64_t b) {
  const int64_t m = a % b;
  return m < 0 ? m + b : m;
}
constexpr int64_t FloorDiv(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return q - ((a % b != 0) && ((a < 0) != (b < 0)) ? 1 : 0);
}

}  // namespace laminar
