#include "runtime/ring2/budget_monitor.h"

#include <doctest/doctest.h>

namespace laminar::runtime {
namespace {

struct Threads {
  CoreBudgets one{os::RealClock()};
  CoreBudgets two{os::RealClock()};
  std::vector<const CoreBudgets*> all = {&one, &two};
};

TEST_CASE("an alert comes once a window above the rate, and ends after two quiet windows") {
  Threads threads;
  BudgetMonitor monitor({}, 0);
  int64_t now = 0;
  auto second = [&](int violations, int64_t seconds = 1) {
    const uint64_t limit = FactsOf(BudgetId::kLogWrite).nanos;
    for (int i = 0; i < violations; ++i)
      (i % 2 == 0 ? threads.one : threads.two).Record(BudgetId::kLogWrite, limit + 500, 1);
    now += seconds * 1'000'000'000;
    return monitor.Check(now, threads.all);
  };
  CHECK(second(0).empty());
  CHECK(second(100).empty());  // at the rate, not above it
  const std::vector<BudgetAlert> alerts = second(101);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].task == BudgetId::kLogWrite);
  CHECK(alerts[0].rate == doctest::Approx(101));
  CHECK(alerts[0].average_excess_nanos == 500);
  CHECK(monitor.Check(now + 1, threads.all).empty());  // the window has not passed
  CHECK(second(500).size() == 1);
  CHECK(monitor.IsAlerting(BudgetId::kLogWrite));
  CHECK(second(10).empty());
  CHECK(monitor.IsAlerting(BudgetId::kLogWrite));
  CHECK(second(200).size() == 1);  // one quiet window was not enough
  CHECK(second(0).empty());
  CHECK(second(0).empty());
  CHECK_FALSE(monitor.IsAlerting(BudgetId::kLogWrite));
  CHECK(monitor.alerts(BudgetId::kLogWrite) == 3);
  CHECK(monitor.alerts(BudgetId::kTurn) == 0);
  CHECK(second(300).size() == 1);
  CHECK(second(0, 5).empty());  // nobody asked for five windows, all quiet
  CHECK_FALSE(monitor.IsAlerting(BudgetId::kLogWrite));
}

TEST_CASE("of sampled tasks the alert estimates all from the sample") {
  Threads threads;
  BudgetMonitor monitor({}, 0);
  threads.one.Record(BudgetId::kPush, 9'000, 1);
  threads.two.Record(BudgetId::kPush, 9'000, 1);
  const std::vector<BudgetAlert> alerts = monitor.Check(1'000'000'000, threads.all);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].rate == doctest::Approx(128));
}

}  // namespace
}  // namespace laminar::runtime
