#include "runtime/ring2/budget_monitor.h"

#include <doctest/doctest.h>

namespace laminar::runtime {
namespace {

TEST_CASE("an alert comes once a window above the rate, and ends after two quiet windows") {
  uint64_t ticks = 0;
  CoreBudgets one{BudgetClock(&ticks)};
  CoreBudgets two{BudgetClock(&ticks)};
  BudgetMonitor monitor({&one, &two}, {}, 0);
  int64_t now = 0;
  auto second = [&](int violations) {
    for (int i = 0; i < violations; ++i) (i % 2 == 0 ? one : two).Record(BudgetId::kSlice, 1'500, 1'000);
    now += 1'000'000'000;
    return monitor.Check(now);
  };
  CHECK(second(0).empty());
  CHECK(second(100).empty());  // at the rate, not above it
  const std::vector<BudgetAlert> alerts = second(101);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].task == BudgetId::kSlice);
  CHECK(alerts[0].rate == doctest::Approx(101));
  CHECK(alerts[0].average_excess_nanos == 500);
  CHECK(monitor.Check(now + 1).empty());  // the window has not passed
  CHECK(second(500).size() == 1);
  CHECK(monitor.IsAlerting(BudgetId::kSlice));
  CHECK(second(10).empty());
  CHECK(monitor.IsAlerting(BudgetId::kSlice));
  CHECK(second(200).size() == 1);  // one quiet window was not enough
  CHECK(second(0).empty());
  CHECK(second(0).empty());
  CHECK_FALSE(monitor.IsAlerting(BudgetId::kSlice));
  CHECK(monitor.alerts(BudgetId::kSlice) == 3);
  CHECK(monitor.alerts(BudgetId::kBatch) == 0);
}

TEST_CASE("of sampled tasks the alert estimates all from the sample") {
  uint64_t ticks = 0;
  CoreBudgets core(BudgetClock(&ticks), 64);
  BudgetMonitor monitor({&core}, {}, 0);
  core.Record(BudgetId::kEvent, 900, 500);
  core.Record(BudgetId::kEvent, 900, 500);
  const std::vector<BudgetAlert> alerts = monitor.Check(1'000'000'000);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].rate == doctest::Approx(128));
}

}  // namespace
}  // namespace laminar::runtime
