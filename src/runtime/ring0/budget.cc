#include "runtime/ring0/budget.h"

#include "os/cpu.h"

namespace laminar::runtime {
namespace {

constexpr int64_t kCalibrationNanos = 10'000'000;

struct Anchor {
  int64_t nanos = os::RealClock().MonotonicNanos();
  uint64_t cycles = os::CycleCounter();
};

// The first moment anybody asked.
const Anchor& FirstMoment() {
  static const Anchor anchor;
  return anchor;
}

}  // namespace

BudgetClock::BudgetClock(const os::Clock& clock)
    : clock_(&clock), uses_counter_(&clock == &os::RealClock() && os::HasConstantCycleCounter()) {
  if (uses_counter_)
    FirstMoment();
  else
    nanos_per_tick_q32_ = uint64_t{1} << 32;
}

bool BudgetClock::Calibrate() {
  const Anchor& anchor = FirstMoment();
  const Anchor now;
  if (now.nanos - anchor.nanos < kCalibrationNanos || now.cycles <= anchor.cycles) return false;
  nanos_per_tick_q32_ = static_cast<uint64_t>(static_cast<double>(now.nanos - anchor.nanos) /
                                              static_cast<double>(now.cycles - anchor.cycles) * 0x1.0p32);
  return true;
}

CoreBudgets::CoreBudgets(const os::Clock& clock, uint32_t sample_every) : clock_(clock), sample_every_(sample_every) {}

}  // namespace laminar::runtime
