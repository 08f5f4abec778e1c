// A clock that stands still until a test moves it. Twin of os::RealClock.
// Thread: one thread moves it, any may read.
#pragma once

#include <atomic>

#include "base/check.h"
#include "os/clock.h"

namespace laminar::sim {

class SimClock final : public os::Clock {
 public:
  explicit SimClock(Timestamp wall_start = 0) : wall_(wall_start) {}

  Timestamp WallMicros() const override { return wall_.load(std::memory_order_relaxed); }
  int64_t MonotonicNanos() const override { return monotonic_.load(std::memory_order_relaxed); }

  // Both clocks go on; d >= 0.
  void Advance(Duration d) { AdvanceNanos(d * 1000); }
  void AdvanceNanos(int64_t nanos) {
    CHECK(nanos >= 0);
    monotonic_.store(monotonic_.load() + nanos);
    nanos_left_ += nanos;
    wall_.store(SaturatingAdd(wall_.load(), nanos_left_ / 1000));
    nanos_left_ %= 1000;
  }
  // Somebody sets the machine's clock; it may go back. Monotonic time does not notice.
  void SetWall(Timestamp now) { wall_.store(now); }

 private:
  std::atomic<Timestamp> wall_;        // the mover writes, any reads
  std::atomic<int64_t> monotonic_{0};  // the same
  int64_t nanos_left_ = 0;             // the mover's only: what Advance has not yet made a microsecond of
};

}  // namespace laminar::sim
