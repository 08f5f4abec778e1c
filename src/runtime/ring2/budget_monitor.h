// BudgetMonitor: says which kind of task oversteps its budget too often, over all cores. Asked by control now and then;
// it looks at most once a window. A kind is alerted about once a window while it stands above the rate, and counts as
// quiet again after two windows below it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "runtime/ring0/budget.h"

namespace laminar::runtime {

struct BudgetMonitorConfig {
  int64_t window_nanos = 1'000'000'000;
  double alert_rate = 100;  // violations a second
};

struct BudgetAlert {
  BudgetId task = BudgetId::kEvent;
  double rate = 0;  // violations a second; of sampled tasks an estimate
  uint64_t average_excess_nanos = 0;
};

class BudgetMonitor {
 public:
  // The cores' budgets outlive it.
  BudgetMonitor(std::vector<const CoreBudgets*> cores, BudgetMonitorConfig config, int64_t now_nanos);

  // Alerts of the window that has passed; empty when it has not.
  std::vector<BudgetAlert> Check(int64_t now_nanos);
  bool IsAlerting(BudgetId task) const { return tasks_[static_cast<uint32_t>(task)].is_alerting; }
  uint64_t alerts(BudgetId task) const { return tasks_[static_cast<uint32_t>(task)].alerts; }

 private:
  struct Task {
    CoreBudgets::Reading seen;
    uint64_t alerts = 0;
    uint32_t quiet_windows = 0;
    bool is_alerting = false;
  };
  CoreBudgets::Reading Sum(BudgetId task) const;

  std::vector<const CoreBudgets*> cores_;
  BudgetMonitorConfig config_;
  int64_t window_start_;
  std::array<Task, kBudgetCount> tasks_;
};

}  // namespace laminar::runtime
