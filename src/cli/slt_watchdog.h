// Ends an .slt file that waits for what never comes: simulated time does not pass by itself.
// Owned by the runner of the file; its thread only cancels.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "cli/slt_database.h"

namespace laminar::cli {

class Watchdog {
 public:
  explicit Watchdog(SltDatabase& place) : thread_([this, &place] { Main(place); }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  static constexpr auto kPatience = std::chrono::seconds(60);
  void Main(SltDatabase& place) {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kPatience, [this] { return stop_; })) place.Cancel();
  }

  std::mutex mutex_;  // guards stop_
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace laminar::cli
