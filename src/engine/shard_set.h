// ShardSet: the shards of a database and the threads that turn them.
//
// A shard is a set of tasks with the state they own; it is turned by one thread at a time, whichever is free: a worker,
// or the core thread when it has to wait for room (so two cores share any mix of reading and aggregating evenly). A
// thread looks first at the shards it turned before. Law: whoever turns a shard sees all that was done there before;
// tasks come and go only between turns. Inline there are no workers: the owner's thread turns the shards, in an order
// drawn from a seed, which is how interleavings are simulated. A worker without work spins for a moment, then parks;
// one of real-time priority (SET rt_priority) parks at once, and sleeps whenever others have what it wants.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/random.h"
#include "base/status.h"
#include "observe/metric.h"
#include "os/cpu.h"
#include "os/thread.h"
#include "runtime/ring0/budget.h"

namespace laminar::engine {

// Work of a shard. Called by whoever turns the shard.
class ShardTask {
 public:
  struct Polled {
    bool has_worked = false;
    uint64_t rows = 0;  // taken in
  };
  virtual ~ShardTask() = default;
  // A bounded piece of work.
  virtual Polled Poll() = 0;
  // Does something wait? Cheap and without effect. Whoever makes it true calls ShardSet::Wake.
  virtual bool HasWork() const = 0;
};

class ShardSet {
 public:
  // The clock is for the workers' budgets.
  ShardSet(uint32_t shards, const os::Clock& clock);
  ~ShardSet();  // stops the workers
  ShardSet(const ShardSet&) = delete;

  uint32_t size() const { return static_cast<uint32_t>(shards_.size()); }
  Status StartWorkers(uint32_t workers);
  uint32_t workers() const { return static_cast<uint32_t>(workers_.size()); }
  void SetSeed(uint64_t seed) { random_ = Random(seed); }

  // The owner's thread. A task outlives its place here.
  void AddTask(uint32_t shard, ShardTask* task);
  void RemoveTask(uint32_t shard, const ShardTask* task);
  // Who is looked at: shards that a Wake has marked, or all, also what was sent without a Wake.
  enum class Look : uint8_t { kMarked, kAll };
  // Turns one shard that has work and nobody turns, on the caller's budgets. False: there is none, and where others
  // turn some a moment was waited for them, so that who calls it again and again lets them.
  bool Help(runtime::CoreBudgets& budgets, Look look = Look::kMarked);
  // The owner's thread, in a loop: another thread has to do something first.
  void WaitForOthers() { patience_.Wait(); }
  // Nothing waits, and nobody turns one.
  bool IsIdle() const;
  // The same at a glance: it may be wrong.
  bool LooksIdle() const;
  uint64_t turns() const;
  uint64_t wake_ups() const { return wake_ups_.value(); }
  uint64_t rows(uint32_t shard) const { return shards_[shard]->rows.value(); }  // that it has taken in
  const os::Thread& thread(uint32_t worker) const { return workers_[worker]->thread; }
  runtime::CoreBudgets& budgets(uint32_t worker) { return workers_[worker]->budgets; }
  // The owner's thread: there may be work, parked workers look. Not needed by who turns the shards until nothing waits.
  void Wake();

 private:
  struct alignas(128) Shard {
    std::atomic<bool> is_turned{false};
    // Set by who sends, cleared by who turns before it looks: false means nothing to do, without taking the shard.
    std::atomic<bool> may_have_work{false};
    std::vector<ShardTask*> tasks;  // changed and read only by who turns it
    // Written by who turns it.
    observe::Counter turns;
    observe::Counter rows;
  };
  struct Worker {
    explicit Worker(const os::Clock& clock) : budgets(clock) {}
    ShardSet* set = nullptr;
    runtime::CoreBudgets budgets;
    uint32_t first = 0;  // the shard it looks at first
    os::Thread thread;
    os::EventCount parked;
  };
  static bool TryTake(Shard& shard);
  static void GiveBack(Shard& shard);
  static bool HasWork(const Shard& shard);
  static ShardTask::Polled Turn(Shard& shard, runtime::CoreBudgets& budgets);
  bool TurnOne(uint32_t first, runtime::CoreBudgets& budgets, Look look);
  bool IsAnyToTake() const;
  void Park(Worker& worker);
  void WorkerMain(Worker& worker);

  const os::Clock& clock_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::atomic<bool> stop_{false};
  observe::Counter wake_ups_;
  Random random_{1};
  os::Patience patience_;  // the owner's
};

}  // namespace laminar::engine
