#include "runtime/ring0/core_loop.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "os/cpu.h"

namespace laminar::runtime {
namespace {

// Stands at the head of the commands of a loop that has ended; never run.
struct ClosedMark final : LoopCommand {
  void Run(CoreLoop&) override {}
};
ClosedMark closed_mark;

}  // namespace

Status Validate(const CoreLoopConfig& config) {
  const std::string doing = "settings of core " + std::to_string(config.core_index);
  if (config.rt_priority < 0 || config.rt_priority > 99)
    return Error(ErrorCode::kBadArgument,
                 doing + ": real-time priority " + std::to_string(config.rt_priority) + ", expected 0 to 99");
  if (config.rt_priority > 0 && config.idle != IdlePolicy::kPark) {
    return Error(Status(ErrorCode::kBadArgument, doing + ": a real-time thread that spins when idle")
                     .WithHint("set the idle policy to park: a spinning real-time thread can starve the machine"));
  }
  if (config.park_nanos_max <= 0) return Error(ErrorCode::kBadArgument, doing + ": sleeps of no length");
  return {};
}

CoreLoop::CoreLoop(CoreLoopConfig config, BudgetClock budget_clock)
    : config_(std::move(config)),
      clock_(config_.clock == nullptr ? os::RealClock() : *config_.clock),
      budgets_(budget_clock) {
  CHECK(Validate(config_).ok());
}

CoreLoop::~CoreLoop() { CHECK(!thread_.is_joinable()); }

void CoreLoop::AddTask(CoreTask* task) {
  DCHECK_OWNER();
  CHECK(!is_turning_);
  tasks_.push_back(task);
}

void CoreLoop::RemoveTask(const CoreTask* task) {
  DCHECK_OWNER();
  CHECK(!is_turning_);
  std::erase(tasks_, task);
  next_task_ = 0;
}

void CoreLoop::AddBackground(BackgroundTask* task) {
  DCHECK_OWNER();
  CHECK(!is_turning_);
  background_.push_back(task);
}

void CoreLoop::RemoveBackground(const BackgroundTask* task) {
  DCHECK_OWNER();
  CHECK(!is_turning_);
  std::erase(background_, task);
  next_background_ = 0;
}

bool CoreLoop::HasWork() const {
  if (commands_.load(std::memory_order_acquire) != nullptr) return true;
  return std::ranges::any_of(tasks_, [](const CoreTask* task) { return task->HasWork(); });
}

int64_t CoreLoop::due_nanos() const {
  int64_t due = CoreTask::kNever;
  for (const CoreTask* task : tasks_) due = std::min(due, task->due_nanos());
  return due;
}

bool CoreLoop::Turn() {
  DCHECK_OWNER();
  CHECK(!is_turning_);
  if (has_failed_.load(std::memory_order_relaxed)) return false;
  turns_.Add();
  const uint64_t start = budgets_.clock().Now();
  const bool has_run_commands = RunCommands(nullptr);
  is_turning_ = true;
  bool has_worked = PollTasks(start);
  if (has_worked) {
    budgets_.Record(BudgetId::kTurn, budgets_.clock().NanosBetween(start, budgets_.clock().Now()),
                    budgets_.LimitOf(BudgetId::kTurn, 1));
  }
  busy_turns_in_a_row_ = has_worked ? busy_turns_in_a_row_ + 1 : 0;
  if (!background_.empty() && (!has_worked || busy_turns_in_a_row_ >= config_.busy_turns_max))
    has_worked |= RunBackground(has_worked);
  is_turning_ = false;
  if (has_worked) busy_turns_.Add();
  return has_worked || has_run_commands;
}

// A turn that is cut short counts as one with work: it did not see that there is none.
bool CoreLoop::PollTasks(uint64_t start) {
  const uint64_t limit = budgets_.LimitOf(BudgetId::kTurn, 1);
  bool has_worked = false;
  for (size_t polled = 0; polled < tasks_.size(); ++polled) {
    CoreTask& task = *tasks_[next_task_];
    next_task_ = next_task_ + 1 == tasks_.size() ? 0 : next_task_ + 1;
    const Polled result = task.Poll();
    if (result == Polled::kIdle) continue;
    has_worked = true;
    if (result == Polled::kFailed) {
      Fail(task.failure());
      break;
    }
    if (budgets_.clock().NanosBetween(start, budgets_.clock().Now()) > limit) break;
  }
  // Without cuts every turn starts with the first task.
  if (!has_worked) next_task_ = 0;
  return has_worked;
}

// Busy: one item only, so that background work of a core that is never idle goes on.
bool CoreLoop::RunBackground(bool is_busy) {
  busy_turns_in_a_row_ = 0;
  bool any = false;
  size_t without_work = 0;
  auto item = [&] {
    while (without_work < background_.size()) {
      BackgroundTask& task = *background_[next_background_];
      next_background_ = next_background_ + 1 == background_.size() ? 0 : next_background_ + 1;
      if (task.RunItem()) {
        without_work = 0;
        return any = true;
      }
      ++without_work;
    }
    return false;
  };
  if (is_busy)
    item();
  else
    Ring1Slice(BudgetId::kSlice, budgets_, this).Run(item);
  return any;
}

bool CoreLoop::RunCommands(LoopCommand* closed_with) {
  if (closed_with == nullptr && commands_.load(std::memory_order_relaxed) == nullptr) return false;
  LoopCommand* newest = commands_.exchange(closed_with, std::memory_order_acquire);
  if (newest == &closed_mark) return false;
  LoopCommand* oldest = nullptr;
  while (newest != nullptr) {
    LoopCommand* next = newest->next_;
    newest->next_ = oldest;
    oldest = newest;
    newest = next;
  }
  const bool has_any = oldest != nullptr;
  while (oldest != nullptr) {
    LoopCommand* next = oldest->next_;  // read first: a command that has run may be gone
    oldest->Run(*this);
    oldest = next;
  }
  return has_any;
}

bool CoreLoop::Post(LoopCommand* command) {
  LoopCommand* newest = commands_.load(std::memory_order_relaxed);
  do {
    if (newest == &closed_mark) return false;
    command->next_ = newest;
  } while (!commands_.compare_exchange_weak(newest, command, std::memory_order_release, std::memory_order_relaxed));
  Wake();
  return true;
}

void CoreLoop::Close() {
  DCHECK_OWNER();
  RunCommands(&closed_mark);
}

void CoreLoop::Fail(Status status) {
  failure_ = status.ok() ? Status(ErrorCode::kClosed, "a task failed without saying why") : std::move(status);
  failure_.Prefix("core " + std::to_string(config_.core_index));
  has_failed_.store(true, std::memory_order_release);
  if (listener_ != nullptr) listener_->OnFailure(*this);
}

Status CoreLoop::Start() {
  CHECK(!thread_.is_joinable());
  RebindOwner();
  budgets_.RebindOwner();
  is_threaded_.store(true, std::memory_order_release);
  Result<os::Thread> started =
      os::Thread::Start(config_.name, [](void* self) { static_cast<CoreLoop*>(self)->ThreadMain(); }, this);
  if (!started) {
    is_threaded_.store(false, std::memory_order_release);
    return started.error();
  }
  thread_ = *std::move(started);
  while (!has_started_.load(std::memory_order_acquire)) {
    started_.PrepareWait();
    if (has_started_.load(std::memory_order_acquire)) {
      started_.CancelWait();
    } else {
      started_.Wait(-1);
    }
  }
  return {};
}

void CoreLoop::ThreadMain() {
  if (config_.pin_to >= 0) pin_status_ = os::PinThisThread(static_cast<uint32_t>(config_.pin_to));
  if (config_.rt_priority > 0) priority_status_ = os::SetRealTimePriority(config_.rt_priority);
  has_started_.store(true, std::memory_order_release);
  started_.Notify();
  RunThread();
  Close();
}

void CoreLoop::RunThread() {
  constexpr uint8_t kStopNow = 1 + static_cast<uint8_t>(StopMode::kNow);
  constexpr uint8_t kStopDrained = 1 + static_cast<uint8_t>(StopMode::kDrain);
  const uint32_t spin_turns = config_.idle == IdlePolicy::kPark ? 0 : config_.spin_turns;
  uint32_t idle_turns = 0;
  while (!has_failed()) {
    const uint8_t stop = stop_.load(std::memory_order_acquire);
    if (stop == kStopNow) return;
    if (Turn()) {
      idle_turns = 0;
      continue;
    }
    if (stop == kStopDrained) return;
    if (config_.idle == IdlePolicy::kSpin || idle_turns < spin_turns) {
      ++idle_turns;
      os::CpuRelax();
      continue;
    }
    // Woken by somebody: more may come soon. By time: back to sleep unless the next turn finds work.
    if (Park()) idle_turns = 0;
  }
}

bool CoreLoop::Park() {
  wake_.PrepareWait();
  const int64_t due = due_nanos();
  int64_t nanos = config_.park_nanos_max;
  if (due != CoreTask::kNever) nanos = std::min(nanos, due - clock_.MonotonicNanos());
  const bool has_background = std::ranges::any_of(background_, [](const auto* task) { return task->HasWork(); });
  if (nanos <= 0 || has_background || stop_.load(std::memory_order_acquire) != 0 || HasWork()) {
    wake_.CancelWait();
    return false;
  }
  parks_.Add();
  return wake_.Wait(nanos);
}

void CoreLoop::RequestStop(StopMode mode) {
  stop_.store(static_cast<uint8_t>(1 + static_cast<uint8_t>(mode)), std::memory_order_release);
  Wake();
}

void CoreLoop::Join() {
  thread_.Join();
  RebindOwner();
  budgets_.RebindOwner();
}

bool SeededScheduler::Step() {
  picked_ = random_.Below(loops_.size());
  return loops_[picked_]->Turn();
}

bool SeededScheduler::RunUntilIdle(uint64_t turns_max) {
  is_idle_.assign(loops_.size(), false);
  size_t idle = 0;
  for (uint64_t turn = 0; turn < turns_max && idle < loops_.size(); ++turn) {
    if (Step()) {
      is_idle_.assign(loops_.size(), false);
      idle = 0;
    } else if (!is_idle_[picked_]) {
      is_idle_[picked_] = true;
      ++idle;
    }
  }
  return idle == loops_.size();
}

}  // namespace laminar::runtime
