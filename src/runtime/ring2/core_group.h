// CoreGroup: the loops of one database: started together or not at all, stopped together, failed together.
//
// A drain ends when no loop has anything to do and nothing is on its way between two of them: two rounds of questions,
// in which every loop makes a whole idle turn and has done no work in between. RunOn carries a piece of control work to
// a loop and waits for it. Thread: one controlling thread, which is none of the loops'.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/status.h"
#include "runtime/ring0/core_loop.h"

namespace laminar::runtime {

namespace internal {

// A command the caller waits for.
class WaitedCommand : public LoopCommand {
 public:
  void Run(CoreLoop& loop) final;
  void WaitUntilDone();

 protected:
  virtual void Do(CoreLoop& loop) = 0;
  ~WaitedCommand() = default;

 private:
  os::EventCount done_;
  std::atomic<uint8_t> state_{0};  // 1: done, 2: and the loop has let go of it; release in Run, acquire in the waiter
};

}  // namespace internal

// Runs work(loop) on the loop between two turns and returns when it has; at once where the loop has no thread. False:
// the loop has ended and nothing was run.
template <class Work>
bool RunOn(CoreLoop& loop, Work&& work) {
  if (!loop.is_threaded()) return work(loop), true;
  struct Command final : internal::WaitedCommand {
    explicit Command(Work& wanted) : work(wanted) {}
    void Do(CoreLoop& on) override { work(on); }
    Work& work;
  } command(work);
  if (!loop.Post(&command)) return false;
  command.WaitUntilDone();
  return true;
}

class CoreGroup final : private LoopFailureListener {
 public:
  explicit CoreGroup(std::vector<CoreLoopConfig> configs);
  ~CoreGroup();  // stops at once what still runs

  size_t size() const { return loops_.size(); }
  CoreLoop& operator[](size_t i) { return *loops_[i]; }

  // All threads run, or none and the reason.
  Status Start();
  // Waits until nothing moves any more; every source must have been told to give nothing new. The first failure, if a
  // loop failed.
  Status WaitUntilIdle();
  // kDrain: WaitUntilIdle first. Returns the first failure of any loop.
  Status Stop(StopMode mode);
  bool has_failed() const { return first_failed_.load(std::memory_order_acquire) != nullptr; }
  // How unevenly the work lies: the most busy turns of a loop over the mean; 1 is even.
  double Skew() const;

 private:
  void OnFailure(CoreLoop& loop) override;
  Status Failure() const;

  std::vector<std::unique_ptr<CoreLoop>> loops_;
  bool is_running_ = false;
  std::atomic<CoreLoop*> first_failed_{nullptr};  // release by the failing loop's thread, acquire by the controller
};

}  // namespace laminar::runtime
