// Time from outside. Nothing but this interface asks the machine what time it is, so a test can own time (sim/clock.h).
// Thread: every Clock may be read from any thread.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace laminar::os {

// What a thread has used since it began.
struct ThreadTime {
  int64_t cpu_nanos = 0;
  int64_t waits = 0;  // times it gave its cpu away by itself: for a lock, a disk, a page that is read
};

class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since 1970-01-01T00:00:00Z. May jump when the machine's clock is set.
  virtual Timestamp WallMicros() const = 0;
  // Nanoseconds since an arbitrary start. Never goes back.
  virtual int64_t MonotonicNanos() const = 0;
  // Of the calling thread. Where a test owns time, nobody takes a thread's cpu away.
  virtual ThreadTime UsedByThread() const { return {.cpu_nanos = MonotonicNanos(), .waits = 0}; }
};

// How long something has taken the calling thread, and how much of that was its own doing.
class Stopwatch {
 public:
  explicit Stopwatch(const Clock& clock) : clock_(clock), start_(clock.MonotonicNanos()), used_(clock.UsedByThread()) {}
  int64_t Nanos() const { return clock_.MonotonicNanos() - start_; }
  // Without what other programs, or the machine below this one, had of its cpu meanwhile: the thread's own time of the
  // cpu, and all of Nanos() where it has waited for anything. Less than Nanos(), but for what the two clocks differ.
  int64_t OwnNanos() const;

 private:
  const Clock& clock_;
  int64_t start_;
  ThreadTime used_;
};

// The machine's clock. One object without state, alive for the whole process.
const Clock& RealClock();

// A free-running counter for measuring short spans on one core: the processor's time-stamp counter where there is one.
// Its unit is CyclesPerSecond().
inline uint64_t CycleCounter() {
#if defined(__x86_64__)
  uint32_t low = 0;
  uint32_t high = 0;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return static_cast<uint64_t>(high) << 32 | low;
#elif defined(__aarch64__)
  uint64_t count = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(count));
  return count;
#else
  return static_cast<uint64_t>(RealClock().MonotonicNanos());
#endif
}
// Measured once (about 10 ms) on the first call.
double CyclesPerSecond();

}  // namespace laminar::os
