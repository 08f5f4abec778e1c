#include "runtime/ring0/budget.h"

#include "os/cpu.h"

namespace laminar::runtime {
namespace {

constexpr BudgetFacts kFacts[] = {
#define BUDGET(symbol, name, ring, nanoseconds, measured) {name, ring, nanoseconds, BudgetMeasure::measured},
#include "runtime/ring0/budget.def"
#undef BUDGET
};
static_assert(sizeof(kFacts) / sizeof(kFacts[0]) == kBudgetCount);

}  // namespace

const BudgetFacts& FactsOf(BudgetId id) { return kFacts[static_cast<uint32_t>(id)]; }

BudgetClock::BudgetClock() : uses_counter_(os::HasConstantCycleCounter()) {
  if (uses_counter_) nanos_per_tick_q32_ = static_cast<uint64_t>(1e9 / os::CyclesPerSecond() * 0x1.0p32);
}

CoreBudgets::CoreBudgets(BudgetClock clock, uint32_t sample_every)
    : clock_(clock), sample_every_(sample_every == 0 ? 1 : sample_every) {
  for (uint32_t i = 0; i < kBudgetCount; ++i) {
    cells_[i].limit_nanos = kFacts[i].nanos;
    cells_[i].measure = kFacts[i].measure;
  }
}

}  // namespace laminar::runtime
