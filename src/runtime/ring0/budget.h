// Budgets: how long a piece of work took against how long it may. Nothing is pre-empted; the figures show who is slow.
//
//     TaskBudget budget(BudgetId::kTurn, budgets);   // measured until the end of the block
//     budget.SetRows(rows);                          // what may take longer with more rows
//
// CoreBudgets belongs to one thread, or to whoever holds one lock; any thread may read it. Short work is timed one in
// sample_every, because reading a clock twice costs more than ten nanoseconds; long work always. The clock is the
// processor's counter where its rate is constant, else the monotonic clock. budget.def lists the budgets.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "observe/histogram.h"
#include "observe/metric.h"
#include "os/clock.h"

namespace laminar::runtime {

enum class BudgetId : uint8_t {
#define BUDGET(symbol, name, ring, nanoseconds, measured) symbol,
#include "runtime/ring0/budget.def"
#undef BUDGET
};
inline constexpr uint32_t kBudgetCount = 0
#define BUDGET(symbol, name, ring, nanoseconds, measured) +1
#include "runtime/ring0/budget.def"
#undef BUDGET
    ;

enum class BudgetMeasure : uint8_t { kSampled, kAlways };

struct BudgetFacts {
  std::string_view name;
  uint8_t ring;
  uint64_t nanos;  // for up to ten rows
  BudgetMeasure measure;
};
inline constexpr BudgetFacts kBudgets[] = {
#define BUDGET(symbol, name, ring, nanoseconds, measured) {name, ring, nanoseconds, BudgetMeasure::measured},
#include "runtime/ring0/budget.def"
#undef BUDGET
};
constexpr const BudgetFacts& FactsOf(BudgetId id) { return kBudgets[static_cast<uint32_t>(id)]; }

inline constexpr uint32_t kSampleEvery = 64;

// Ticks of a clock and what they are in nanoseconds.
class BudgetClock {
 public:
  explicit BudgetClock(const os::Clock& clock);

  // False: the counter's rate is not known yet, in the first hundredth of a second of a process.
  bool IsReady() { return nanos_per_tick_q32_ != 0 || Calibrate(); }
  uint64_t Now() const { return uses_counter_ ? os::CycleCounter() : static_cast<uint64_t>(clock_->MonotonicNanos()); }
  // From one reading to a later one; 0 when the clock went back.
  uint64_t NanosBetween(uint64_t from, uint64_t to) const {
    if (to <= from) return 0;
    return static_cast<uint64_t>(static_cast<__uint128_t>(to - from) * nanos_per_tick_q32_ >> 32);
  }

 private:
  bool Calibrate();

  const os::Clock* clock_;
  uint64_t nanos_per_tick_q32_ = 0;  // times 2^32
  bool uses_counter_;
};

class CoreBudgets {
 public:
  explicit CoreBudgets(const os::Clock& clock, uint32_t sample_every = kSampleEvery);

  // --- The owner. ---
  // Is this one timed?
  bool IsMeasured(BudgetId id) {
    Cell& cell = cells_[static_cast<uint32_t>(id)];
    const uint32_t every = sample_every_.load(std::memory_order_relaxed);
    if (++cell.since_sample < every && FactsOf(id).measure == BudgetMeasure::kSampled) return false;
    cell.since_sample = 0;
    return every != 0 && clock_.IsReady();
  }
  void Record(BudgetId id, uint64_t elapsed_nanos, uint64_t rows) {
    Cell& cell = cells_[static_cast<uint32_t>(id)];
    const uint64_t limit = LimitOf(id, rows);
    cell.durations.Record(static_cast<int64_t>(elapsed_nanos));
    if (elapsed_nanos <= limit) return;
    cell.exceeded.Add();
    cell.exceeded_by_nanos.Add(elapsed_nanos - limit);
  }
  const BudgetClock& clock() const { return clock_; }

  // --- Any thread. ---
  static uint64_t LimitOf(BudgetId id, uint64_t rows) {
    constexpr uint64_t kRows = 10;
    const uint64_t nanos = FactsOf(id).nanos;
    return rows <= kRows ? nanos : nanos * rows / kRows;
  }
  void SetSampleEvery(uint32_t n) { sample_every_.store(n, std::memory_order_relaxed); }  // 0: nothing is measured
  // Of sampled tasks: of the sample.
  struct Reading {
    uint64_t exceeded = 0;
    uint64_t exceeded_by_nanos = 0;
  };
  Reading Read(BudgetId id) const {
    const Cell& cell = cells_[static_cast<uint32_t>(id)];
    return {.exceeded = cell.exceeded.value(), .exceeded_by_nanos = cell.exceeded_by_nanos.value()};
  }
  // How many tasks stand behind one that is measured.
  uint32_t TasksPerMeasured(BudgetId id) const {
    return FactsOf(id).measure == BudgetMeasure::kSampled ? sample_every_.load(std::memory_order_relaxed) : 1;
  }
  const observe::Histogram& Durations(BudgetId id) const { return cells_[static_cast<uint32_t>(id)].durations; }

 private:
  struct Cell {
    uint32_t since_sample = 0;
    observe::Counter exceeded;
    observe::Counter exceeded_by_nanos;
    observe::Histogram durations;
  };

  BudgetClock clock_;
  std::atomic<uint32_t> sample_every_;  // set by control, read by the owner
  Cell cells_[kBudgetCount];
};

// Measures its own life. What is not in the sample has no clock reading.
class TaskBudget {
 public:
  TaskBudget(BudgetId id, CoreBudgets& budgets) : budgets_(budgets), id_(id), is_measured_(budgets.IsMeasured(id)) {
    if (is_measured_) start_ = budgets.clock().Now();
  }
  ~TaskBudget() {
    if (!is_measured_) return;
    const BudgetClock& clock = budgets_.clock();
    budgets_.Record(id_, clock.NanosBetween(start_, clock.Now()), rows_);
  }
  TaskBudget(const TaskBudget&) = delete;
  TaskBudget& operator=(const TaskBudget&) = delete;

  void SetRows(uint64_t rows) { rows_ = rows; }
  // There was nothing to do: it does not count.
  void Drop() { is_measured_ = false; }
  bool is_measured() const { return is_measured_; }

 private:
  CoreBudgets& budgets_;
  BudgetId id_;
  bool is_measured_;
  uint64_t rows_ = 1;
  uint64_t start_ = 0;
};

}  // namespace laminar::runtime
