// Statements that bring many batches of rows, with a disk that fails or fills up meanwhile: each is there whole or not
// at all, in memory at once and after every crash. One with a bad row in its middle leaves nothing.
#include "case.h"

namespace laminar::simulate {

namespace {

constexpr uint64_t kLargeMost = 6;  // in one life

}  // namespace

void Case::InsertBatches() {
  if (result_.large_inserts >= kLargeMost) return;
  if (random_.OneIn(6)) {
    waits_for_disk_ = false;
    Control("SET durability = 'async'");
  }
  const Step step = generator_.InsertBatches(Relations());
  if (IsOver() || step.text.empty()) return;
  ++result_.large_inserts;
  if (random_.OneIn(8))
    PlanFault(faults::kAnywhere);
  else if (random_.OneIn(2))
    PlanFault(faults::kOfInsert);
  const size_t before = steps_.size();
  DoStep(step);
  if (!IsOver() && steps_.size() == before) CheckLeftNothing(step);
  if (IsOver() || !random_.OneIn(4)) return;
  Crash();
  OpenAgain(true);
}

void Case::CheckLeftNothing(const Step& step) {
  if (IsCut()) return;
  CheckPushed();
  if (IsOver()) result_.failure = "refused, but not without a trace: " + Describe(step) + "\n  " + result_.failure;
}

}  // namespace laminar::simulate
