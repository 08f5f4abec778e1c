// Time from outside. Nothing but this interface asks the machine what time it is, so a test can own time (sim/clock.h).
// Thread: every Clock may be read from any thread.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace laminar::os {

class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since 1970-01-01T00:00:00Z. May jump when the machine's clock is set.
  virtual Timestamp WallMicros() const = 0;
  // Nanoseconds since an arbitrary start. Never goes back.
  virtual int64_t MonotonicNanos() const = 0;
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
