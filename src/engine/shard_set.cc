#include "engine/shard_set.h"

#include <algorithm>

#include "base/check.h"

namespace laminar::engine {
namespace {

constexpr uint32_t kSpins = 20'000;  // looks without work before a worker parks
constexpr uint32_t kGlances = 16;    // the same with real-time priority: about what it takes to ask whether it has that
constexpr int64_t kNapNanos = 100'000;

}  // namespace

ShardSet::ShardSet(uint32_t shards, const os::Clock& clock) : clock_(clock) {
  for (uint32_t i = 0; i < shards; ++i) shards_.push_back(std::make_unique<Shard>());
}

ShardSet::~ShardSet() {
  stop_.store(true, std::memory_order_release);
  for (const auto& worker : workers_) worker->parked.Notify();
  for (const auto& worker : workers_) worker->thread.Join();
}

Status ShardSet::StartWorkers(uint32_t workers) {
  while (workers_.size() < workers) {
    auto worker = std::make_unique<Worker>(clock_);
    worker->set = this;
    worker->first = static_cast<uint32_t>(workers_.size() * shards_.size() / workers);
    worker->thread = TRY(os::Thread::Start(
        "laminar-core-" + std::to_string(workers_.size() + 1),
        [](void* argument) {
          auto* self = static_cast<Worker*>(argument);
          self->set->WorkerMain(*self);
        },
        worker.get()));
    workers_.push_back(std::move(worker));
  }
  return {};
}

// Pairs with GiveBack: what the last one did is seen.
bool ShardSet::TryTake(Shard& shard) {
  return !shard.is_turned.load(std::memory_order_relaxed) && !shard.is_turned.exchange(true, std::memory_order_acquire);
}

void ShardSet::GiveBack(Shard& shard) { shard.is_turned.store(false, std::memory_order_release); }

bool ShardSet::HasWork(const Shard& shard) {
  return std::ranges::any_of(shard.tasks, [](const ShardTask* task) { return task->HasWork(); });
}

ShardTask::Polled ShardSet::Turn(Shard& shard, runtime::CoreBudgets& budgets) {
  runtime::TaskBudget budget(runtime::BudgetId::kShardTurn, budgets);
  ShardTask::Polled all;
  for (ShardTask* task : shard.tasks) {
    if (!task->HasWork()) continue;
    const ShardTask::Polled polled = task->Poll();
    all.has_worked |= polled.has_worked;
    all.rows += polled.rows;
  }
  budget.SetRows(all.rows);
  if (!all.has_worked) budget.Drop();
  return all;
}

// The shard is taken before its tasks are asked: their list may change otherwise.
bool ShardSet::TurnOne(uint32_t first, runtime::CoreBudgets& budgets, Look look) {
  const auto count = static_cast<uint32_t>(shards_.size());
  for (uint32_t n = 0; n < count; ++n) {
    Shard& shard = *shards_[(first + n) % count];
    if (look == Look::kMarked && !shard.may_have_work.load(std::memory_order_relaxed)) continue;
    if (!TryTake(shard)) continue;
    // Pairs with Wake: either what was sent before it is seen below, or it sees that the mark is gone and sets it.
    if (look == Look::kMarked) shard.may_have_work.exchange(false, std::memory_order_seq_cst);
    const ShardTask::Polled polled = Turn(shard, budgets);
    if (polled.has_worked) {
      shard.turns.Add();
      shard.rows.Add(polled.rows);
      if (look == Look::kMarked) shard.may_have_work.store(true, std::memory_order_relaxed);  // until a turn finds none
    }
    GiveBack(shard);
    if (polled.has_worked) return true;
  }
  return false;
}

bool ShardSet::Help(runtime::CoreBudgets& budgets, Look look) {
  // The workers begin at the front, the helper where they come last.
  const uint32_t first = workers_.empty() ? static_cast<uint32_t>(random_.Below(shards_.size())) : size() - 1;
  if (TurnOne(first, budgets, look)) return true;
  if (std::ranges::any_of(shards_, [](const auto& s) { return s->is_turned.load(std::memory_order_relaxed); }))
    WaitForOthers();
  return false;
}

bool ShardSet::IsIdle() const {
  for (const auto& shard : shards_) {
    if (!TryTake(*shard)) return false;
    const bool has_work = HasWork(*shard);
    GiveBack(*shard);
    if (has_work) return false;
  }
  return true;
}

bool ShardSet::LooksIdle() const {
  return std::ranges::none_of(shards_, [](const auto& shard) {
    return shard->may_have_work.load(std::memory_order_relaxed) || shard->is_turned.load(std::memory_order_relaxed);
  });
}

void ShardSet::AddTask(uint32_t shard, ShardTask* task) {
  while (!TryTake(*shards_[shard])) WaitForOthers();
  shards_[shard]->tasks.push_back(task);
  GiveBack(*shards_[shard]);
}

void ShardSet::RemoveTask(uint32_t shard, const ShardTask* task) {
  while (!TryTake(*shards_[shard])) WaitForOthers();
  std::erase(shards_[shard]->tasks, task);
  GiveBack(*shards_[shard]);
}

uint64_t ShardSet::turns() const {
  uint64_t turns = 0;
  for (const auto& shard : shards_) turns += shard->turns.value();
  return turns;
}

void ShardSet::Wake() {
#ifdef __SANITIZE_THREAD__  // which knows no fences
  for (const auto& shard : shards_) shard->may_have_work.exchange(true, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (const auto& shard : shards_) {
    if (!shard->may_have_work.load(std::memory_order_seq_cst))
      shard->may_have_work.store(true, std::memory_order_release);
  }
#endif
  for (const auto& worker : workers_) {
    if (worker->parked.Notify()) wake_ups_.Add();
  }
}

// A shard that a turn would get.
bool ShardSet::IsAnyToTake() const {
  return std::ranges::any_of(shards_, [](const auto& shard) {
    return shard->may_have_work.load(std::memory_order_relaxed) && !shard->is_turned.load(std::memory_order_relaxed);
  });
}

// Where shards are not idle but there is none to take, another thread turns them, or fills them without a word. It may
// wait for this very cpu, which a thread of normal priority gives up sooner or later though it spins; one of real-time
// priority gives it up only by sleeping.
void ShardSet::Park(Worker& worker) {
  const bool is_real_time = os::RealTimePriority(0) != 0;
  worker.parked.PrepareWait();
  const bool is_idle = IsIdle();
  if (stop_.load(std::memory_order_acquire) || (!is_idle && (!is_real_time || IsAnyToTake())))
    worker.parked.CancelWait();
  else
    (void)worker.parked.Wait(is_idle ? -1 : kNapNanos);
}

void ShardSet::WorkerMain(Worker& worker) {
  uint32_t idle = 0;
  uint32_t next = worker.first;
  while (!stop_.load(std::memory_order_acquire)) {
    if (TurnOne(next++ % size(), worker.budgets, Look::kMarked)) {
      idle = 0;
      continue;
    }
    ++idle;
    if (idle < kSpins && (idle != kGlances || os::RealTimePriority(0) == 0)) {
      os::CpuRelax();
      continue;
    }
    idle = 0;
    Park(worker);
  }
}

}  // namespace laminar::engine
