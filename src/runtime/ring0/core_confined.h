// Who may touch an object that belongs to one core. The owner is the first thread that enters; every public entry says
// DCHECK_OWNER(), which stops the process when another thread comes. Empty in release builds.
//
// An object changes owner only through Rebind, called while no core runs on it (construction -> start, stop -> look).
#pragma once

#include <atomic>

#include "base/check.h"

namespace laminar::runtime {

// One owner thread; empty and free without assertions.
class ThreadOwner {
 public:
#ifdef NDEBUG
  bool IsMine() const { return true; }
  void Rebind() {}
#else
  bool IsMine() const {
    const void* const me = ThisThread();
    const void* owner = owner_.load(std::memory_order_relaxed);
    if (owner == nullptr && owner_.compare_exchange_strong(owner, me, std::memory_order_relaxed)) return true;
    return owner == me;
  }
  void Rebind() { owner_.store(nullptr, std::memory_order_relaxed); }

 private:
  static const void* ThisThread() {
    static thread_local char mark;
    return &mark;
  }
  // Atomic only so that a breach is found, not undefined.
  mutable std::atomic<const void*> owner_{nullptr};
#endif
};

// Base of what one core owns.
class CoreConfined {
 public:
  // The next thread that enters is the owner.
  void RebindOwner() { owner_.Rebind(); }

 protected:
  const ThreadOwner& owner() const { return owner_; }
  CoreConfined() = default;
  ~CoreConfined() = default;

 private:
  [[no_unique_address]] ThreadOwner owner_;
};

// Not by CHECK, whose meaning in tests is another: these stand in loops of some nanoseconds.
#ifdef NDEBUG
#define DCHECK_OWNED_BY(owner) static_cast<void>(owner)
#else
#define DCHECK_OWNED_BY(owner)        \
  if (!(owner).IsMine()) [[unlikely]] \
  ::laminar::CheckFailed("called by the owner thread only: " #owner, __FILE__, __LINE__)
#endif
#define DCHECK_OWNER() DCHECK_OWNED_BY(this->owner())

}  // namespace laminar::runtime
