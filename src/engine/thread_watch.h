// ThreadWatch: where the threads of a database run, how long their turns take, and how evenly the shards are loaded.
//
// The threads are the core thread and the workers that turn shards; inline there are none, and the program's own thread
// stays where the program put it. Budgets (runtime/ring0/budget.def) are measured in samples; who oversteps them often
// raises an alert in laminar_metrics. Laws: no result depends on any of it; watching costs below 10 ns a turn. Used by
// Core, under its lock.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "engine/metric_rows.h"
#include "engine/shard_set.h"
#include "os/thread.h"
#include "runtime/ring0/budget.h"
#include "runtime/ring2/budget_monitor.h"
#include "runtime/ring2/placement.h"

namespace laminar::engine {

// May cpu_pinning be set so? 'off', 'on', 'isolated', or a list of cpus, whether this machine has them or not.
Status CheckPinning(std::string_view setting);

class ThreadWatch {
 public:
  explicit ThreadWatch(const os::Clock& clock);

  // Of the core: whoever holds its lock.
  runtime::CoreBudgets& budgets() { return budgets_; }

  // Who there is to watch; they outlive it. Told again when there are more; pins them as was asked before.
  struct Threads {
    const os::Thread* core = nullptr;     // null or not started: inline
    ShardSet* shards = nullptr;           // null: none
    runtime::CoreBudgets* log = nullptr;  // null: in memory
  };
  void Watch(Threads threads);
  // As cpu_pinning says. On an error all stays as it is.
  Status Pin(std::string_view setting);
  // As rt_priority says. Who may not have it goes on with the normal priority.
  void SetRealTime(int priority);
  void SetSampleEvery(uint32_t n);  // 0: nothing is measured
  // What could not be had as asked, for whoever asked.
  const std::vector<std::string>& notes() const { return notes_; }

  // Once a turn: alerts of budgets, and the window of the skew.
  void Look(int64_t now_nanos) {
    if (monitor_.IsDue(now_nanos)) LookNow(now_nanos);
  }
  void AppendMetrics(MetricRows& rows, int64_t now_nanos);

  struct Place {
    std::string name;
    std::string does;
    std::optional<uint32_t> pinned_to;
    std::optional<uint32_t> runs_on;  // or ran last
    int rt_priority = 0;
    std::string note;
  };
  std::vector<Place> Places() const;
  // Of what takes longer than it may too often, in words.
  std::vector<std::string> Alerts() const;

 private:
  struct Watched {
    const os::Thread* thread = nullptr;
    std::optional<uint32_t> cpu;  // it was pinned to; the kernel may have taken it away since
    bool is_real_time = false;    // it was made so
    std::string failure;
    std::string rt_failure;
  };
  void LookNow(int64_t now_nanos);
  void Apply();
  void ApplyPinning();
  void ApplyRealTime();
  std::vector<const runtime::CoreBudgets*> AllBudgets() const;
  bool IsPinned(const Watched& watched) const;
  bool IsRealTime(const Watched& watched) const;
  std::string NameOf(size_t i) const;
  double Skew() const;

  runtime::CoreBudgets budgets_;
  runtime::BudgetMonitor monitor_;
  std::array<runtime::BudgetAlert, runtime::kBudgetCount> alerts_;  // the last of each task
  uint32_t sample_every_ = runtime::kSampleEvery;
  Threads threads_;
  std::vector<Watched> watched_;  // the core thread, then the workers
  std::string pinning_ = "off";
  int rt_priority_ = 0;
  runtime::MachineOffer machine_;
  std::vector<std::string> notes_;
  // Rows of each shard when the present window of the skew began, and the one before.
  std::vector<uint64_t> window_rows_;
  std::vector<uint64_t> last_window_rows_;
  int64_t window_start_;
};

}  // namespace laminar::engine
