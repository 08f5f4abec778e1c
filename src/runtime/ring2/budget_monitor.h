// BudgetMonitor: says which kind of task oversteps its budget too often, over all threads. Asked by control now and
// then; it looks at most once a window. An alert is raised, once a window, while a kind stands above the rate, and is
// cleared after two quiet windows.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/ring0/budget.h"

namespace laminar::runtime {

struct BudgetMonitorConfig {
  int64_t window_nanos = 1'000'000'000;
  double alert_rate = 100;  // violations a second
};

struct BudgetAlert {
  BudgetId task = BudgetId::kTurn;
  double rate = 0;  // violations a second; of sampled tasks an estimate
  uint64_t average_excess_nanos = 0;
};

class BudgetMonitor {
 public:
  BudgetMonitor(BudgetMonitorConfig config, int64_t now_nanos) : config_(config), window_start_(now_nanos) {}

  bool IsDue(int64_t now_nanos) const { return now_nanos - window_start_ >= config_.window_nanos; }
  // Alerts of the windows that have passed; empty when none has. Of the same threads each time, or more.
  std::vector<BudgetAlert> Check(int64_t now_nanos, std::span<const CoreBudgets* const> threads);
  bool IsAlerting(BudgetId task) const { return tasks_[static_cast<uint32_t>(task)].is_alerting; }
  uint64_t alerts(BudgetId task) const { return tasks_[static_cast<uint32_t>(task)].alerts; }

 private:
  struct Task {
    CoreBudgets::Reading seen;
    uint64_t alerts = 0;
    int64_t quiet_windows = 0;
    bool is_alerting = false;
  };

  BudgetMonitorConfig config_;
  int64_t window_start_;
  std::array<Task, kBudgetCount> tasks_;
};

}  // namespace laminar::runtime
