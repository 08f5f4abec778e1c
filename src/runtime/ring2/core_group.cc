#include "runtime/ring2/core_group.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "os/cpu.h"

namespace laminar::runtime {
namespace internal {

void WaitedCommand::Run(CoreLoop& loop) {
  Do(loop);
  state_.store(1, std::memory_order_release);
  done_.Notify();
  state_.store(2, std::memory_order_release);  // the last touch
}

void WaitedCommand::WaitUntilDone() {
  while (state_.load(std::memory_order_acquire) == 0) {
    done_.PrepareWait();
    if (state_.load(std::memory_order_acquire) != 0) {
      done_.CancelWait();
      break;
    }
    done_.Wait(-1);
  }
  while (state_.load(std::memory_order_acquire) != 2) os::CpuRelax();
}

}  // namespace internal

CoreGroup::CoreGroup(std::vector<CoreLoopConfig> configs) {
  for (CoreLoopConfig& config : configs) {
    loops_.push_back(std::make_unique<CoreLoop>(std::move(config)));
    loops_.back()->SetFailureListener(this);
  }
}

CoreGroup::~CoreGroup() { static_cast<void>(Stop(StopMode::kNow)); }

Status CoreGroup::Start() {
  CHECK(!is_running_);
  for (size_t i = 0; i < loops_.size(); ++i) {
    Status status = loops_[i]->Start();
    if (status.ok()) continue;
    for (size_t started = 0; started < i; ++started) loops_[started]->RequestStop(StopMode::kNow);
    for (size_t started = 0; started < i; ++started) loops_[started]->Join();
    return status;
  }
  is_running_ = true;
  return {};
}

// Between the two questions to a loop lies a whole turn of it. If in two rounds no loop did any work, then none worked
// at the moment between the rounds, and all found their inputs empty after it: nothing is on its way.
Status CoreGroup::WaitUntilIdle() {
  std::vector<uint64_t> before;
  for (;;) {
    std::vector<uint64_t> now;
    bool is_quiet = before.size() == loops_.size();
    for (size_t i = 0; i < loops_.size(); ++i) {
      uint64_t first = 0;
      uint64_t second = 0;
      const bool is_alive = RunOn(*loops_[i], [&](CoreLoop& loop) { first = loop.busy_turns(); }) &&
                            RunOn(*loops_[i], [&](CoreLoop& loop) { second = loop.busy_turns(); });
      if (!is_alive || has_failed()) return Failure();
      is_quiet = is_quiet && first == second && first == before[i];
      now.push_back(second);
    }
    if (is_quiet) return {};
    before = std::move(now);
  }
}

Status CoreGroup::Stop(StopMode mode) {
  if (!is_running_) return Failure();
  if (mode == StopMode::kDrain) static_cast<void>(WaitUntilIdle());
  for (const auto& loop : loops_) loop->RequestStop(mode);
  for (const auto& loop : loops_) loop->Join();
  is_running_ = false;
  return Failure();
}

double CoreGroup::Skew() const {
  uint64_t most = 0;
  uint64_t sum = 0;
  for (const auto& loop : loops_) {
    most = std::max(most, loop->busy_turns());
    sum += loop->busy_turns();
  }
  return sum == 0 ? 1.0 : static_cast<double>(most) * static_cast<double>(loops_.size()) / static_cast<double>(sum);
}

void CoreGroup::OnFailure(CoreLoop& loop) {
  CoreLoop* none = nullptr;
  if (!first_failed_.compare_exchange_strong(none, &loop, std::memory_order_acq_rel)) return;
  for (const auto& other : loops_) {
    if (other.get() != &loop) other->RequestStop(StopMode::kNow);
  }
}

Status CoreGroup::Failure() const {
  const CoreLoop* failed = first_failed_.load(std::memory_order_acquire);
  return failed == nullptr ? Status() : failed->failure();
}

}  // namespace laminar::runtime
