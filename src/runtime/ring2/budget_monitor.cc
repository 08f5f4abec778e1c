#include "runtime/ring2/budget_monitor.h"

namespace laminar::runtime {

std::vector<BudgetAlert> BudgetMonitor::Check(int64_t now_nanos, std::span<const CoreBudgets* const> threads) {
  constexpr int64_t kQuietWindows = 2;
  std::vector<BudgetAlert> alerts;
  if (!IsDue(now_nanos)) return alerts;
  const int64_t elapsed = now_nanos - window_start_;
  window_start_ = now_nanos;
  for (uint32_t i = 0; i < kBudgetCount; ++i) {
    const auto id = static_cast<BudgetId>(i);
    Task& task = tasks_[i];
    CoreBudgets::Reading now;
    for (const CoreBudgets* thread : threads) {
      const CoreBudgets::Reading one = thread->Read(id);
      now.exceeded += one.exceeded;
      now.exceeded_by_nanos += one.exceeded_by_nanos;
    }
    const uint64_t exceeded = now.exceeded - task.seen.exceeded;
    const uint64_t by_nanos = now.exceeded_by_nanos - task.seen.exceeded_by_nanos;
    task.seen = now;
    const double per_measured = threads.empty() ? 1 : threads.front()->TasksPerMeasured(id);
    const double rate = static_cast<double>(exceeded) * per_measured * 1e9 / static_cast<double>(elapsed);
    if (rate > config_.alert_rate) {
      task.is_alerting = true;
      task.quiet_windows = 0;
      ++task.alerts;
      alerts.push_back({.task = id, .rate = rate, .average_excess_nanos = exceeded == 0 ? 0 : by_nanos / exceeded});
    } else if (task.is_alerting) {
      task.quiet_windows += elapsed / config_.window_nanos;  // nobody asks while nothing happens
      if (task.quiet_windows >= kQuietWindows) task.is_alerting = false;
    }
  }
  return alerts;
}

}  // namespace laminar::runtime
