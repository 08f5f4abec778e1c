// CoreMutex: the lock of a core. Law: who waits for it gets in between two turns of the core's thread, and between two
// slices of a definition that fills a view from rows that stand already, however many they are.
//
// While a definition is in slices the graph does not change: only readers (kRead) are let in, who look at it and take
// snapshots. Everybody else has the lock when the definition is done.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "base/status.h"
#include "os/clock.h"

namespace laminar::engine {

class CoreMutex {
 public:
  enum class Use : uint8_t {
    kAll,
    kRead,  // the graph, catalog and state as they are, and snapshots of them
  };
  void Lock(Use use);
  void Unlock() { mutex_.unlock(); }

  // --- The core's thread, and who waits for it to wake up ---
  std::mutex& mutex() { return mutex_; }
  // Before a turn, with the lock, which is let go of and taken again for who waits. False: nobody does.
  bool LetIn(std::unique_lock<std::mutex>& lock);

  class Guard {
   public:
    using Use = CoreMutex::Use;
    Guard(CoreMutex& mutex, Use use) : mutex_(mutex) { mutex_.Lock(use); }
    ~Guard() { mutex_.Unlock(); }
    Guard(const Guard&) = delete;

   private:
    CoreMutex& mutex_;
  };

  // --- The holder ---
  bool is_in_slices() const { return is_in_slices_; }
  // Lets readers in between slices as long as it lives.
  class Slices {
   public:
    Slices(CoreMutex& mutex, const os::Clock& clock, const std::atomic<bool>& cancelled);
    ~Slices();
    Slices(const Slices&) = delete;
    // If the slice has taken its time and somebody waits. True: others had the lock meanwhile. kCancelled.
    Result<bool> GiveWay();

   private:
    CoreMutex& mutex_;
    const os::Clock& clock_;
    const std::atomic<bool>& cancelled_;
    int64_t slice_start_;
  };

 private:
  bool is_wanted() const { return waiting_.load(std::memory_order_acquire) > 0; }
  void AwaitWholeGraph(std::unique_lock<std::mutex>& lock);
  void AwaitNext();

  std::mutex mutex_;
  std::atomic<int> waiting_{0};    // for the mutex
  bool is_in_slices_ = false;      // guarded by the mutex
  std::condition_variable whole_;  // the definition is done
};

}  // namespace laminar::engine
