// CoreLoop: the loop of one shard. It polls its tasks in a fixed order, gives spare time to background work, and sleeps
// when nobody has anything to do.
//
// Two shapes, one code: inline (no thread: whoever owns the database calls Turn) and threaded (Start; a thread of its
// own, pinned if asked). A turn ends early when its budget is used up; the next one goes on with the task that was due,
// so no task starves. Everything but Post, Wake, RequestStop and the readings belongs to the thread that turns.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/status.h"
#include "observe/metric.h"
#include "os/clock.h"
#include "os/thread.h"
#include "runtime/ring0/budget.h"
#include "runtime/ring0/core_confined.h"

namespace laminar::runtime {

class CoreLoop;

enum class Polled : uint8_t { kIdle, kWorked, kFailed };

// Ring-0 work of a shard: a source head, the receiving end of an exchange, timers.
class CoreTask {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  virtual ~CoreTask() = default;
  // A bounded piece of work. kFailed stops the loop with failure().
  virtual Polled Poll() = 0;
  // Does something wait? Asked before the loop sleeps and by background work. Cheap and without effect. Whoever makes
  // it true from another thread calls CoreLoop::Wake.
  virtual bool HasWork() const = 0;
  // When (os::Clock, monotonic) it wants to be polled though nobody wakes the loop.
  virtual int64_t due_nanos() const { return kNever; }
  virtual Status failure() const { return {}; }
};

// Ring-1 work done by the loop when ring 0 is idle, in slices of a millisecond.
class BackgroundTask {
 public:
  virtual ~BackgroundTask() = default;
  // One item of well below a millisecond; false: nothing left.
  virtual bool RunItem() = 0;
  virtual bool HasWork() const = 0;
};

// A message from outside, run between two turns. The sender keeps it alive until it has run.
class LoopCommand {
 public:
  virtual void Run(CoreLoop& loop) = 0;

 protected:
  ~LoopCommand() = default;

 private:
  friend class CoreLoop;
  LoopCommand* next_ = nullptr;
};

// Told by the thread of a loop that it failed; the loop turns no more.
class LoopFailureListener {
 public:
  virtual void OnFailure(CoreLoop& loop) = 0;

 protected:
  ~LoopFailureListener() = default;
};

enum class IdlePolicy : uint8_t { kSpin, kSpinThenPark, kPark };
enum class StopMode : uint8_t {
  kNow,    // after the present turn
  kDrain,  // once a whole turn found nothing to do
};

struct CoreLoopConfig {
  std::string name = "core";
  uint32_t core_index = 0;
  int32_t pin_to = -1;      // a cpu; -1: wherever the kernel puts it
  int32_t rt_priority = 0;  // 1 to 99 needs kPark: a spinning real-time thread can starve the host
  IdlePolicy idle = IdlePolicy::kSpinThenPark;
  uint32_t spin_turns = 1000;              // idle turns before it sleeps
  int64_t park_nanos_max = 1'000'000'000;  // a sleeping loop looks around at least so often
  uint32_t busy_turns_max = 64;      // after so many turns without an idle one, one background item runs all the same
  const os::Clock* clock = nullptr;  // null: the machine's
};
Status Validate(const CoreLoopConfig& config);

class CoreLoop : public CoreConfined, public Ring0Work {
 public:
  explicit CoreLoop(CoreLoopConfig config, BudgetClock budget_clock = BudgetClock());
  ~CoreLoop();  // a started loop must have been joined
  CoreLoop(const CoreLoop&) = delete;
  CoreLoop& operator=(const CoreLoop&) = delete;

  // --- The turning thread, between turns (before Start, or in a command). Tasks outlive their place here. ---
  void AddTask(CoreTask* task);
  void RemoveTask(const CoreTask* task);
  void AddBackground(BackgroundTask* task);
  void RemoveBackground(const BackgroundTask* task);
  // One turn: commands, every task once, background if nothing else was there. True when anything was done.
  bool Turn();
  bool HasWork() const override;  // of ring 0: a task or a command waits
  // When the next turn is due though nothing wakes the loop.
  int64_t due_nanos() const;
  CoreBudgets& budgets() { return budgets_; }
  // Ends the inline shape: commands that still wait are run, later ones refused.
  void Close();

  // --- Threaded shape ---
  // Returns when the thread runs, pinned or not (pin_status).
  Status Start();
  void RequestStop(StopMode mode);
  void Join();
  void SetFailureListener(LoopFailureListener* listener) { listener_ = listener; }  // before Start

  // --- Any thread ---
  // False: the loop has ended and will not run it.
  bool Post(LoopCommand* command);
  // A fence and a load while the loop is awake. Call it once for all that was made ready, not for each.
  void Wake() {
    if (wake_.Notify()) wakes_.fetch_add(1, std::memory_order_relaxed);
  }
  bool is_threaded() const { return is_threaded_.load(std::memory_order_acquire); }
  bool has_failed() const { return has_failed_.load(std::memory_order_acquire); }
  const CoreLoopConfig& config() const { return config_; }
  uint64_t turns() const { return turns_.value(); }
  uint64_t busy_turns() const { return busy_turns_.value(); }  // in which a task or background did anything
  uint64_t parks() const { return parks_.value(); }
  uint64_t wakes() const { return wakes_.load(std::memory_order_relaxed); }

  // After has_failed or Join.
  const Status& failure() const { return failure_; }
  // After Start: why it runs unpinned or at ordinary priority though asked otherwise; ok: as asked.
  const Status& pin_status() const { return pin_status_; }
  const Status& priority_status() const { return priority_status_; }

 private:
  bool RunCommands(LoopCommand* closed_with);
  bool PollTasks(uint64_t start);
  bool RunBackground(bool is_busy);
  void Fail(Status status);
  void ThreadMain();
  void RunThread();
  bool Park();

  const CoreLoopConfig config_;
  const os::Clock& clock_;
  CoreBudgets budgets_;
  std::vector<CoreTask*> tasks_;
  std::vector<BackgroundTask*> background_;
  size_t next_task_ = 0;
  size_t next_background_ = 0;
  uint32_t busy_turns_in_a_row_ = 0;
  bool is_turning_ = false;
  Status failure_;
  Status pin_status_;
  Status priority_status_;
  LoopFailureListener* listener_ = nullptr;
  os::Thread thread_;
  observe::Counter turns_;
  observe::Counter busy_turns_;
  observe::Counter parks_;

  // Touched by other threads.
  os::EventCount wake_;
  os::EventCount started_;
  std::atomic<LoopCommand*> commands_{nullptr};  // newest first; pairs: Post releases, RunCommands acquires
  std::atomic<uint8_t> stop_{0};                 // 0, or 1 + StopMode; release in RequestStop, acquire in RunThread
  std::atomic<uint64_t> wakes_{0};               // statistics only
  std::atomic<bool> is_threaded_{false};         // release in Start, acquire by readers
  std::atomic<bool> has_started_{false};         // release in ThreadMain, acquire in Start
  std::atomic<bool> has_failed_{false};          // release after failure_ was written
};

// Several loops on one thread, each next turn given to one picked by a seed: every interleaving of shards at the grain
// of turns, repeatable.
class SeededScheduler {
 public:
  SeededScheduler(std::vector<CoreLoop*> loops, uint64_t seed) : loops_(std::move(loops)), random_(seed) {}
  // True when the picked loop had work.
  bool Step();
  // Until every loop had a turn without work after the last one with; false when turns_max did not suffice.
  bool RunUntilIdle(uint64_t turns_max);

 private:
  std::vector<CoreLoop*> loops_;
  std::vector<bool> is_idle_;
  Random random_;
  size_t picked_ = 0;
};

}  // namespace laminar::runtime
