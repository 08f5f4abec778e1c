#include "os/thread.h"

#include <doctest/doctest.h>

#include <atomic>

#include "os/clock.h"

namespace laminar::os {
namespace {

TEST_CASE("a thread runs what it was given and can be moved while it runs") {
  std::atomic<int> ran{0};
  Result<Thread> started = Thread::Start(
      "a test thread with a long name", [](void* counter) { static_cast<std::atomic<int>*>(counter)->fetch_add(1); },
      &ran);
  REQUIRE(started.has_value());
  Thread thread = *std::move(started);
  CHECK(thread.is_joinable());
  thread.Join();
  CHECK_FALSE(thread.is_joinable());
  thread.Join();
  CHECK(ran == 1);
}

struct PingPong {
  EventCount wake;
  std::atomic<uint64_t> value{0};
  uint64_t rounds = 0;
  uint64_t missed = 0;
};

TEST_CASE("no wake-up is lost between looking and sleeping") {
  PingPong shared;
#ifdef __SANITIZE_THREAD__
  shared.rounds = 20'000;
#else
  shared.rounds = 100'000;
#endif
  auto waiter = Thread::Start(
      "waiter",
      [](void* raw) {
        auto& all = *static_cast<PingPong*>(raw);
        uint64_t seen = 0;
        while (seen < all.rounds) {
          const uint64_t now = all.value.load(std::memory_order_acquire);
          if (now != seen) {
            seen = now;
            continue;
          }
          all.wake.PrepareWait();
          if (all.value.load(std::memory_order_acquire) != seen) {
            all.wake.CancelWait();
            continue;
          }
          // Ten seconds without a wake-up: lost.
          if (!all.wake.Wait(10'000'000'000) && all.value.load(std::memory_order_acquire) != seen) ++all.missed;
        }
      },
      &shared);
  REQUIRE(waiter.has_value());
  for (uint64_t i = 1; i <= shared.rounds; ++i) {
    shared.value.store(i, std::memory_order_release);
    shared.wake.Notify();
  }
  waiter->Join();
  CHECK(shared.missed == 0);
}

TEST_CASE("a wait without a notifier ends when its time is over") {
  EventCount wake;
  const int64_t start = RealClock().MonotonicNanos();
  wake.PrepareWait();
  CHECK_FALSE(wake.Wait(2'000'000));
  CHECK(RealClock().MonotonicNanos() - start >= 1'900'000);
  CHECK_FALSE(wake.Notify());
  wake.PrepareWait();
  CHECK(wake.Notify());
  CHECK(wake.Wait(-1));
}

}  // namespace
}  // namespace laminar::os
