#include "os/clock.h"

#include <sys/resource.h>

#include <algorithm>
#include <ctime>

namespace laminar::os {
namespace {

int64_t NanosOf(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class MachineClock final : public Clock {
 public:
  Timestamp WallMicros() const override { return FloorDiv(NanosOf(CLOCK_REALTIME), 1000); }
  int64_t MonotonicNanos() const override { return NanosOf(CLOCK_MONOTONIC); }
  ThreadTime UsedByThread() const override {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return {.cpu_nanos = NanosOf(CLOCK_THREAD_CPUTIME_ID), .waits = usage.ru_nvcsw};
  }
};

double MeasureCyclesPerSecond() {
  constexpr int64_t kSpanNanos = 10'000'000;
  const int64_t start_nanos = NanosOf(CLOCK_MONOTONIC);
  const uint64_t start_cycles = CycleCounter();
  int64_t nanos = 0;
  while (nanos < kSpanNanos) nanos = NanosOf(CLOCK_MONOTONIC) - start_nanos;
  return static_cast<double>(CycleCounter() - start_cycles) * 1e9 / static_cast<double>(nanos);
}

}  // namespace

const Clock& RealClock() {
  static const MachineClock clock;
  return clock;
}

int64_t Stopwatch::OwnNanos() const {
  const ThreadTime now = clock_.UsedByThread();
  const int64_t nanos = Nanos();
  return now.waits != used_.waits ? nanos : std::min(nanos, now.cpu_nanos - used_.cpu_nanos);
}

double CyclesPerSecond() {
  static const double cycles = MeasureCyclesPerSecond();
  return cycles;
}

}  // namespace laminar::os
