#include "runtime/ring2/budget_monitor.h"

#include <utility>

namespace laminar::runtime {

BudgetMonitor::BudgetMonitor(std::vector<const CoreBudgets*> cores, BudgetMonitorConfig config, int64_t now_nanos)
    : cores_(std::move(cores)), config_(config), window_start_(now_nanos) {
  for (uint32_t i = 0; i < kBudgetCount; ++i) tasks_[i].seen = Sum(static_cast<BudgetId>(i));
}

CoreBudgets::Reading BudgetMonitor::Sum(BudgetId task) const {
  CoreBudgets::Reading sum;
  for (const CoreBudgets* core : cores_) {
    const CoreBudgets::Reading one = core->Read(task);
    sum.exceeded += one.exceeded;
    sum.exceeded_by_nanos += one.exceeded_by_nanos;
  }
  return sum;
}

std::vector<BudgetAlert> BudgetMonitor::Check(int64_t now_nanos) {
  constexpr uint32_t kQuietWindows = 2;
  std::vector<BudgetAlert> alerts;
  const int64_t elapsed = now_nanos - window_start_;
  if (elapsed < config_.window_nanos || elapsed <= 0) return alerts;
  window_start_ = now_nanos;
  for (uint32_t i = 0; i < kBudgetCount; ++i) {
    const auto id = static_cast<BudgetId>(i);
    Task& task = tasks_[i];
    const CoreBudgets::Reading now = Sum(id);
    const uint64_t exceeded = now.exceeded - task.seen.exceeded;
    const uint64_t by_nanos = now.exceeded_by_nanos - task.seen.exceeded_by_nanos;
    task.seen = now;
    const double per_measured = cores_.empty() ? 1 : cores_.front()->TasksPerMeasured(id);
    const double rate = static_cast<double>(exceeded) * per_measured * 1e9 / static_cast<double>(elapsed);
    if (rate > config_.alert_rate) {
      task.is_alerting = true;
      task.quiet_windows = 0;
      ++task.alerts;
      alerts.push_back({.task = id, .rate = rate, .average_excess_nanos = exceeded == 0 ? 0 : by_nanos / exceeded});
    } else if (task.is_alerting && ++task.quiet_windows >= kQuietWindows) {
      task.is_alerting = false;
    }
  }
  return alerts;
}

}  // namespace laminar::runtime
