#include "runtime/ring0/budget.h"

#include <doctest/doctest.h>

#include <memory>

#include "base/hot_scope.h"

namespace laminar::runtime {
namespace {

struct Fake {
  uint64_t now = 1'000'000;
  std::unique_ptr<CoreBudgets> budgets = std::make_unique<CoreBudgets>(BudgetClock(&now), 1);
};

struct Pending final : Ring0Work {
  bool HasWork() const override { return has_work; }
  bool has_work = false;
};

TEST_CASE("a budget is exceeded strictly above it and almost exceeded above 80 percent") {
  Fake fake;
  {
    TaskBudget budget(BudgetId::kEvent, *fake.budgets);
    fake.now += 400;
    CHECK_FALSE(budget.almost_exceeded());
    fake.now += 1;
    CHECK(budget.almost_exceeded());
    fake.now += 99;
    CHECK(budget.elapsed_nanos() == 500);
    CHECK(budget.remaining_nanos() == 0);
    CHECK_FALSE(budget.exceeded());
    fake.now += 1;
    CHECK(budget.exceeded());
    CHECK(budget.remaining_nanos() == -1);
  }
  const CoreBudgets::Reading reading = fake.budgets->Read(BudgetId::kEvent);
  CHECK(reading.exceeded == 1);
  CHECK(reading.exceeded_by_nanos == 1);
  observe::HistogramSummary summary;
  summary.Merge(fake.budgets->Durations(BudgetId::kEvent));
  CHECK(summary.count() == 1);
  CHECK(summary.max() == 501);
  CHECK(FactsOf(BudgetId::kWalFlush).name == "wal_flush");
  CHECK(FactsOf(BudgetId::kWalFlush).ring == 1);
}

TEST_CASE("the budget of a batch grows with its rows and can be set") {
  Fake fake;
  CHECK(fake.budgets->LimitOf(BudgetId::kBatch, 1) == 5'000);
  CHECK(fake.budgets->LimitOf(BudgetId::kBatch, 10) == 5'000);
  CHECK(fake.budgets->LimitOf(BudgetId::kBatch, 1024) == 512'000);
  CHECK(fake.budgets->LimitOf(BudgetId::kTurn, 1024) == 10'000);
  fake.budgets->SetLimit(BudgetId::kBatch, 1'000);
  CHECK(fake.budgets->LimitOf(BudgetId::kBatch, 100) == 10'000);
}

TEST_CASE("a clock that jumps back gives zero and no wrap") {
  Fake fake;
  {
    TaskBudget budget(BudgetId::kEvent, *fake.budgets);
    fake.now -= 10'000;
    CHECK(budget.elapsed_nanos() == 0);
    CHECK_FALSE(budget.exceeded());
    CHECK(budget.remaining_nanos() == 500);
  }
  CHECK(fake.budgets->Read(BudgetId::kEvent).exceeded == 0);
}

TEST_CASE("single events are sampled, batches are not") {
  uint64_t now = 0;
  CoreBudgets budgets(BudgetClock(&now), 64);
  int measured = 0;
  for (int i = 0; i < 6'400; ++i) measured += TaskBudget(BudgetId::kEvent, budgets).is_measured() ? 1 : 0;
  CHECK(measured == 100);
  for (int i = 0; i < 10; ++i) CHECK(TaskBudget(BudgetId::kBatch, budgets, 5).is_measured());
}

TEST_CASE("background work yields at once when ring 0 has work") {
  Fake fake;
  Pending ring0;
  ring0.has_work = true;
  int done = 0;
  CHECK(Ring1Slice(BudgetId::kSlice, *fake.budgets, &ring0).Run([&] { return ++done, true; }) ==
        YieldReason::kRing0Priority);
  CHECK(done == 0);
  ring0.has_work = false;
  const YieldReason why = Ring1Slice(BudgetId::kSlice, *fake.budgets, &ring0).Run([&] {
    ring0.has_work = ++done == 5;
    return true;
  });
  CHECK(why == YieldReason::kRing0Priority);
  CHECK(done == 5);
  CHECK(fake.budgets->priority_yields() == 2);
}

TEST_CASE("slow background items yield after a millisecond, quick ones when nothing is left") {
  Fake fake;
  int left = 1'000;
  int slices = 0;
  for (YieldReason why = YieldReason::kBudgetExceeded; why != YieldReason::kQueueEmpty; ++slices) {
    const uint64_t start = fake.now;
    why = Ring1Slice(BudgetId::kSlice, *fake.budgets, nullptr).Run([&] {
      if (left == 0) return false;
      fake.now += 100'000;  // a tenth of a millisecond each
      return --left, true;
    });
    CHECK(fake.now - start <= 1'100'000);
  }
  CHECK(left == 0);
  CHECK(slices == 91);  // eleven items pass a millisecond
  CHECK(fake.budgets->budget_yields() == 90);
}

TEST_CASE("measuring allocates nothing and the machine's clock goes forward") {
  CoreBudgets budgets;
  HotScope hot("budgets");
  uint64_t total = 0;
  for (int i = 0; i < 1'000; ++i) {
    TaskBudget budget(BudgetId::kBatch, budgets, 100);
    total += budget.elapsed_nanos() < 1'000'000'000 ? 1 : 0;
  }
  CHECK(total == 1'000);
}

}  // namespace
}  // namespace laminar::runtime
