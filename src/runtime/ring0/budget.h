// Budgets: how long a piece of work took against how long it may take. Nothing is pre-empted; the figures show who
// overstays, and background work asks whether to yield.
//
//     TaskBudget budget(BudgetId::kBatch, budgets, batch.rows);   // measured until the end of the block
//
// CoreBudgets belongs to one core: clock, limits, counters and histograms, all allocated at construction; any thread
// may read it. Single events are timed one in 64, because reading a clock costs more than they may; batches and slices
// always. The clock is the processor's counter where its rate is constant, else the monotonic clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "observe/histogram.h"
#include "observe/metric.h"
#include "os/clock.h"
#include "runtime/ring0/core_confined.h"

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

enum class BudgetMeasure : uint8_t { kSampled, kAlways, kPerRow };

struct BudgetFacts {
  std::string_view name;
  uint8_t ring;
  uint64_t nanos;
  BudgetMeasure measure;
};
const BudgetFacts& FactsOf(BudgetId id);

// Ticks of one core's clock and what they are in nanoseconds.
class BudgetClock {
 public:
  // Of this machine; the first one in a process measures the counter's rate (10 ms).
  BudgetClock();
  // Reads `nanos` instead, for tests and simulation.
  explicit BudgetClock(const uint64_t* nanos) : fake_(nanos) {}

  uint64_t Now() const {
    if (fake_ != nullptr) [[unlikely]]
      return *fake_;
    return uses_counter_ ? os::CycleCounter() : static_cast<uint64_t>(os::RealClock().MonotonicNanos());
  }
  // From one reading to a later one; 0 when the clock went back.
  uint64_t NanosBetween(uint64_t from, uint64_t to) const {
    if (to <= from) return 0;
    return static_cast<uint64_t>(static_cast<__uint128_t>(to - from) * nanos_per_tick_q32_ >> 32);
  }
  bool uses_counter() const { return uses_counter_; }

 private:
  const uint64_t* fake_ = nullptr;
  uint64_t nanos_per_tick_q32_ = uint64_t{1} << 32;  // times 2^32
  bool uses_counter_ = false;
};

class CoreBudgets : public CoreConfined {
 public:
  explicit CoreBudgets(BudgetClock clock = BudgetClock(), uint32_t sample_every = 64);

  // Before the core runs.
  void SetLimit(BudgetId id, uint64_t nanos) { At(id).limit_nanos = nanos; }
  const BudgetClock& clock() const { return clock_; }
  uint64_t LimitOf(BudgetId id, uint64_t rows) const {
    const Cell& cell = At(id);
    if (cell.measure != BudgetMeasure::kPerRow || rows <= kRowsOfBatchBudget) return cell.limit_nanos;
    return cell.limit_nanos * rows / kRowsOfBatchBudget;
  }
  // Is this one timed?
  bool IsMeasured(BudgetId id) {
    Cell& cell = At(id);
    if (cell.measure != BudgetMeasure::kSampled) return true;
    if (++cell.since_sample < sample_every_) return false;
    cell.since_sample = 0;
    return true;
  }
  void Record(BudgetId id, uint64_t elapsed_nanos, uint64_t limit_nanos) {
    DCHECK_OWNER();
    Cell& cell = At(id);
    cell.durations.Record(static_cast<int64_t>(elapsed_nanos));
    if (elapsed_nanos <= limit_nanos) return;
    cell.exceeded.Add();
    cell.exceeded_by_nanos.Add(elapsed_nanos - limit_nanos);
  }
  void CountYield(bool for_ring0) { (for_ring0 ? priority_yields_ : budget_yields_).Add(); }

  // Any thread. Of sampled tasks: of the sample.
  struct Reading {
    uint64_t exceeded = 0;
    uint64_t exceeded_by_nanos = 0;
  };
  Reading Read(BudgetId id) const {
    return {.exceeded = At(id).exceeded.value(), .exceeded_by_nanos = At(id).exceeded_by_nanos.value()};
  }
  // How many tasks stand behind one that is measured.
  uint32_t TasksPerMeasured(BudgetId id) const { return At(id).measure == BudgetMeasure::kSampled ? sample_every_ : 1; }
  const observe::Histogram& Durations(BudgetId id) const { return At(id).durations; }
  uint64_t budget_yields() const { return budget_yields_.value(); }
  uint64_t priority_yields() const { return priority_yields_.value(); }

 private:
  static constexpr uint64_t kRowsOfBatchBudget = 10;
  struct Cell {
    uint64_t limit_nanos = 0;
    BudgetMeasure measure = BudgetMeasure::kAlways;
    uint32_t since_sample = 0;
    observe::Counter exceeded;
    observe::Counter exceeded_by_nanos;
    observe::Histogram durations;
  };
  Cell& At(BudgetId id) { return cells_[static_cast<uint32_t>(id)]; }
  const Cell& At(BudgetId id) const { return cells_[static_cast<uint32_t>(id)]; }

  BudgetClock clock_;
  uint32_t sample_every_;
  Cell cells_[kBudgetCount];
  observe::Counter budget_yields_;
  observe::Counter priority_yields_;
};

// Measures its own life. An event that is not in the sample has no clock reading and counts as not exceeded.
class TaskBudget {
 public:
  TaskBudget(BudgetId id, CoreBudgets& budgets, uint64_t rows = 1) : budgets_(budgets), id_(id) {
    if (!budgets.IsMeasured(id)) return;
    is_measured_ = true;
    limit_nanos_ = budgets.LimitOf(id, rows);
    start_ = budgets.clock().Now();
  }
  ~TaskBudget() {
    if (is_measured_) budgets_.Record(id_, elapsed_nanos(), limit_nanos_);
  }
  TaskBudget(const TaskBudget&) = delete;
  TaskBudget& operator=(const TaskBudget&) = delete;

  uint64_t elapsed_nanos() const {
    return is_measured_ ? budgets_.clock().NanosBetween(start_, budgets_.clock().Now()) : 0;
  }
  int64_t remaining_nanos() const { return static_cast<int64_t>(limit_nanos_) - static_cast<int64_t>(elapsed_nanos()); }
  bool exceeded() const { return elapsed_nanos() > limit_nanos_; }
  bool almost_exceeded() const { return elapsed_nanos() * 10 > limit_nanos_ * 8; }  // more than 80 %
  bool is_measured() const { return is_measured_; }

 private:
  CoreBudgets& budgets_;
  BudgetId id_;
  bool is_measured_ = false;
  uint64_t limit_nanos_ = 0;
  uint64_t start_ = 0;
};

// What a loop of ring 0 knows of waiting work, for those that must give way to it.
class Ring0Work {
 public:
  virtual bool HasWork() const = 0;

 protected:
  ~Ring0Work() = default;
};

enum class YieldReason : uint8_t { kBudgetExceeded, kRing0Priority, kQueueEmpty };

// One slice of background work: ask before every work item.
class Ring1Slice {
 public:
  // ring0 may be null: a thread of its own, which gives way to nobody.
  Ring1Slice(BudgetId id, CoreBudgets& budgets, const Ring0Work* ring0)
      : budget_(id, budgets), budgets_(budgets), ring0_(ring0) {}
  // Why to stop now; nullopt: go on.
  std::optional<YieldReason> Check() {
    if (ring0_ != nullptr && ring0_->HasWork()) return Yield(YieldReason::kRing0Priority);
    if (budget_.exceeded()) return Yield(YieldReason::kBudgetExceeded);
    return std::nullopt;
  }
  // Calls item() until it says that nothing is left (false) or it is time to yield; not at all while ring 0 has work.
  template <class Item>
  YieldReason Run(Item&& item) {
    for (;;) {
      if (const std::optional<YieldReason> why = Check()) return *why;
      if (!item()) return YieldReason::kQueueEmpty;
    }
  }

 private:
  YieldReason Yield(YieldReason why) {
    budgets_.CountYield(why == YieldReason::kRing0Priority);
    return why;
  }
  TaskBudget budget_;
  CoreBudgets& budgets_;
  const Ring0Work* ring0_;
};

}  // namespace laminar::runtime
