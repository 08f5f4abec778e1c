#include "runtime/ring0/budget.h"

#include <doctest/doctest.h>

#include "base/hot_scope.h"

namespace laminar::runtime {
namespace {

class FakeClock final : public os::Clock {
 public:
  Timestamp WallMicros() const override { return 0; }
  int64_t MonotonicNanos() const override { return now; }
  int64_t now = 1'000'000;
};

struct Fake {
  FakeClock clock;
  CoreBudgets budgets{clock, 1};

  void Take(BudgetId id, int64_t nanos, uint64_t rows = 1) {
    TaskBudget budget(id, budgets);
    budget.SetRows(rows);
    clock.now += nanos;
  }
};

TEST_CASE("a budget is exceeded strictly above it, and by how much is added up") {
  Fake fake;
  fake.Take(BudgetId::kPush, 5'000);
  CHECK(fake.budgets.Read(BudgetId::kPush).exceeded == 0);
  fake.Take(BudgetId::kPush, 5'001);
  fake.Take(BudgetId::kPush, 6'000);
  const CoreBudgets::Reading reading = fake.budgets.Read(BudgetId::kPush);
  CHECK(reading.exceeded == 2);
  CHECK(reading.exceeded_by_nanos == 1'001);
  observe::HistogramSummary summary;
  summary.Merge(fake.budgets.Durations(BudgetId::kPush));
  CHECK(summary.count() == 3);
  CHECK(summary.max() == 6'000);
  CHECK(FactsOf(BudgetId::kLogWrite).name == "log_write");
  CHECK(FactsOf(BudgetId::kLogWrite).ring == 1);
}

TEST_CASE("a budget grows with the rows beyond ten, and what had nothing to do does not count") {
  Fake fake;
  CHECK(CoreBudgets::LimitOf(BudgetId::kPush, 0) == 5'000);
  CHECK(CoreBudgets::LimitOf(BudgetId::kPush, 10) == 5'000);
  CHECK(CoreBudgets::LimitOf(BudgetId::kPush, 1024) == 512'000);
  fake.Take(BudgetId::kTurn, 1'024'000, 1024);
  CHECK(fake.budgets.Read(BudgetId::kTurn).exceeded == 0);
  fake.Take(BudgetId::kTurn, 1'024'001, 1024);
  CHECK(fake.budgets.Read(BudgetId::kTurn).exceeded == 1);
  {
    TaskBudget budget(BudgetId::kTurn, fake.budgets);
    fake.clock.now += 1'000'000;
    budget.Drop();
  }
  CHECK(fake.budgets.Read(BudgetId::kTurn).exceeded == 1);
}

TEST_CASE("a clock that jumps back gives zero and no wrap") {
  Fake fake;
  fake.Take(BudgetId::kPush, -900'000);
  CHECK(fake.budgets.Read(BudgetId::kPush).exceeded == 0);
  observe::HistogramSummary summary;
  summary.Merge(fake.budgets.Durations(BudgetId::kPush));
  CHECK(summary.count() == 1);
  CHECK(summary.max() == 0);
  const BudgetClock counter(os::RealClock());
  CHECK(counter.NanosBetween(1'000, 999) == 0);
  CHECK(counter.NanosBetween(UINT64_MAX, 0) == 0);
}

TEST_CASE("short work is sampled, long work is not, and nothing is measured when that is asked") {
  FakeClock clock;
  CoreBudgets budgets(clock, 64);
  auto measured = [&](BudgetId id) {
    int count = 0;
    for (int i = 0; i < 6'400; ++i) count += TaskBudget(id, budgets).is_measured() ? 1 : 0;
    return count;
  };
  CHECK(measured(BudgetId::kPush) == 100);
  CHECK(measured(BudgetId::kCommit) == 6'400);
  CHECK(budgets.TasksPerMeasured(BudgetId::kPush) == 64);
  CHECK(budgets.TasksPerMeasured(BudgetId::kCommit) == 1);
  budgets.SetSampleEvery(0);
  CHECK(measured(BudgetId::kPush) == 0);
  CHECK(measured(BudgetId::kCommit) == 0);
}

TEST_CASE("measuring allocates nothing, and the machine's clock goes forward once its rate is known") {
  CoreBudgets budgets(os::RealClock(), 1);
  const int64_t start = os::RealClock().MonotonicNanos();
  while (os::RealClock().MonotonicNanos() - start < 11'000'000) {
  }
  HotScope hot("budgets");
  for (int i = 0; i < 1'000; ++i) {
    TaskBudget budget(BudgetId::kTurn, budgets);
    REQUIRE(budget.is_measured());
  }
  BudgetClock clock(os::RealClock());
  CHECK(clock.IsReady());
  const uint64_t from = clock.Now();
  const int64_t from_nanos = os::RealClock().MonotonicNanos();
  int64_t nanos = 0;
  while (nanos < 3'000'000) nanos = os::RealClock().MonotonicNanos() - from_nanos;
  const auto counted = static_cast<double>(clock.NanosBetween(from, clock.Now()));
  CHECK(counted > 2'900'000);
  CHECK(counted < 3'000'000'000);  // this thread may have slept
}

}  // namespace
}  // namespace laminar::runtime
