// A thread of the operating system with a name, and the event count on which it sleeps when it has nothing to do.
//
// Law of the event count: what is published before Notify is seen either by the waiter's look after PrepareWait or ends
// its Wait; no wake-up is lost. Notify costs one fence and one load while the waiter is awake, a system call only when
// it sleeps. One waiter; any number of notifiers.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"

namespace laminar::os {

class Thread {
 public:
  // Runs main(argument). kLimitReached where there is no room for another. Signals stay with the threads that were
  // there before. The name is cut to 15 bytes.
  static Result<Thread> Start(const std::string& name, void (*main)(void*), void* argument);

  // For tests: the n-th start from now on fails as it does where there is no room for another thread; 0: none.
  static void FailStart(uint64_t n);

  Thread() = default;
  ~Thread();  // Join must have been called
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;

  void Join();
  bool is_joinable() const { return is_joinable_; }
  pthread_t handle() const { return handle_; }  // while it is joinable, for os/cpu.h
  int32_t id() const { return id_ == nullptr ? 0 : id_->load(std::memory_order_relaxed); }  // the kernel's; 0: not yet
  // The cpu it runs on, or ran on last before it went to sleep; nullopt: the kernel does not say.
  std::optional<uint32_t> LastCore() const;

 private:
  pthread_t handle_{};
  std::unique_ptr<std::atomic<int32_t>> id_;  // the kernel's; 0 until it runs
  bool is_joinable_ = false;
};

class EventCount {
 public:
  // Waiter: announce, look once more for work, then CancelWait or Wait.
  void PrepareWait();
  void CancelWait() { state_.store(kAwake, std::memory_order_relaxed); }
  // Sleeps until a Notify that came after PrepareWait, or for nanos (negative: for ever). True when notified.
  bool Wait(int64_t nanos);

  // Any thread, after what it announces was published. True when it had to wake somebody.
  bool Notify() {
    FullFence();
    if (state_.load(std::memory_order_relaxed) == kAwake) [[likely]]
      return false;
    return WakeUp();
  }

 private:
  static constexpr uint32_t kAwake = 0;
  static constexpr uint32_t kParked = 1;

  void FullFence();
  bool WakeUp();

  // Written by the waiter and by the notifier that wakes it; the fences on both sides pair.
  alignas(64) std::atomic<uint32_t> state_{kAwake};
};

inline void EventCount::FullFence() {
#ifdef __SANITIZE_THREAD__  // which knows no fences
  state_.fetch_or(0, std::memory_order_seq_cst);
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

}  // namespace laminar::os
