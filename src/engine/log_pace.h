// LogPace: how much may wait for the log before sources are held back: what it takes in a tenth of a second, which is
// learned from the groups it has written. More would make nothing faster, and everybody who waits for an epoch waits
// for all that stands before it. Written by the writing thread, read by any.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace laminar::engine {

class LogPace {
 public:
  static constexpr int64_t kAimNanos = 100'000'000;
  static constexpr uint64_t kBytesMin = uint64_t{8} << 20;  // a flush has a price of its own

  uint64_t bytes_max() const { return bytes_max_.load(std::memory_order_relaxed); }
  // When so much has come while the store is given what the log has, the log is next.
  uint64_t bytes_much() const { return bytes_max() / kParts; }

  // A group was written and flushed in that time. Only groups that are large teach: how long a small one takes hangs on
  // other things than its bytes. `limit`: what may wait at all.
  void NoteGroup(uint64_t bytes, int64_t nanos, uint64_t limit) {
    const uint64_t most = bytes_max();
    if (bytes < bytes_much() || (nanos <= kAimNanos && nanos >= kAimNanos / kParts)) return;
    const double aim = static_cast<double>(bytes) * kAimNanos / static_cast<double>(std::max<int64_t>(nanos, 1));
    const auto top = static_cast<double>(std::max(std::min(2 * most, limit), kBytesMin));
    bytes_max_.store(static_cast<uint64_t>(std::clamp(aim, static_cast<double>(kBytesMin), top)),
                     std::memory_order_relaxed);
  }

 private:
  static constexpr int kParts = 4;
  std::atomic<uint64_t> bytes_max_{2 * kBytesMin};  // until something is known
};

}  // namespace laminar::engine
