#include <doctest/doctest.h>
#include <sched.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "os/clock.h"
#include "os/cpu.h"
#include "os/process.h"

namespace laminar::os {
namespace {

TEST_CASE("the monotonic clock never goes back and the cycle counter runs") {
  int64_t last = RealClock().MonotonicNanos();
  const uint64_t cycles = CycleCounter();
  for (int i = 0; i < 10'000; ++i) {
    const int64_t now = RealClock().MonotonicNanos();
    REQUIRE(now >= last);
    last = now;
  }
  CHECK(CycleCounter() > cycles);
  CHECK(CyclesPerSecond() > 1e6);
  CHECK(RealClock().WallMicros() > 50 * 365 * kDay);
}

class ToldClock final : public Clock {
 public:
  Timestamp WallMicros() const override { return 0; }
  int64_t MonotonicNanos() const override { return nanos; }
  ThreadTime UsedByThread() const override { return used; }
  int64_t nanos = 1000;
  ThreadTime used{.cpu_nanos = 70, .waits = 3};
};

TEST_CASE("a thread's own are its time of the cpu, and all of the time once it has waited") {
  ToldClock clock;
  const Stopwatch watch(clock);
  CHECK(watch.OwnNanos() == 0);
  clock.nanos += 500;
  clock.used.cpu_nanos += 200;
  CHECK(watch.Nanos() == 500);
  CHECK(watch.OwnNanos() == 200);
  clock.used.cpu_nanos += 400;  // clocks differ
  CHECK(watch.OwnNanos() == 500);
  clock.used.cpu_nanos -= 400;
  clock.used.waits += 1;
  CHECK(watch.OwnNanos() == 500);
}

TEST_CASE("the machine's clock counts waits, and tells what a thread took itself from what others had of its cpu") {
  const int64_t waits = RealClock().UsedByThread().waits;
  for (int i = 0; i < 10'000 && RealClock().UsedByThread().waits == waits; ++i) std::thread([] {}).join();
  CHECK(RealClock().UsedByThread().waits > waits);

  const uint32_t core = UsableCores().front();
  std::atomic<bool> is_over = false;
  const auto spin = [&] {
    CHECK(PinThread(pthread_self(), core).ok());
    while (!is_over.load()) {
    }
  };
  std::thread rival(spin);
  std::thread measured([&] {
    CHECK(PinThread(pthread_self(), core).ok());
    // Two want one core, so each gets about half of it, whatever else the machine does. A wait for anything, memory
    // too, makes a measurement the thread's own: then the next one is looked at.
    const int64_t give_up = RealClock().MonotonicNanos() + 20'000'000'000;
    bool was_told_apart = false;
    bool is_own_at_most_all = true;
    while (!was_told_apart && RealClock().MonotonicNanos() < give_up) {
      const Stopwatch watch(RealClock());
      while (!was_told_apart && watch.Nanos() < 200'000'000) {
        const int64_t own = watch.OwnNanos();
        is_own_at_most_all = is_own_at_most_all && own <= watch.Nanos();
        was_told_apart = own > 5'000'000 && own * 5 < watch.Nanos() * 4;
      }
    }
    CHECK(is_own_at_most_all);
    CHECK(was_told_apart);
    is_over = true;
  });
  measured.join();
  rival.join();
}

TEST_CASE("usable cores are allowed ones, and a pinned thread stays on its core") {
  const std::vector<uint32_t> cores = UsableCores();
  REQUIRE_FALSE(cores.empty());
  CHECK(cores.size() <= AllowedCores().size());
  std::thread pinned([&] {
    for (const uint32_t core : cores) {
      CHECK(PinThread(pthread_self(), core).ok());
      CHECK(CoresOfThread(pthread_self()) == std::vector<uint32_t>{core});
      CHECK(static_cast<uint32_t>(sched_getcpu()) == core);
    }
    CHECK(AllowedCores().size() >= cores.size());
    CHECK(UnpinThread(pthread_self()).ok());
    CHECK(CoresOfThread(pthread_self()) == AllowedCores());
    CHECK(PinThread(pthread_self(), 100'000).code() == ErrorCode::kBadArgument);
    NameThisThread("a name longer than fifteen bytes");
  });
  pinned.join();
  CHECK_FALSE(CpuModel().empty());
}

TEST_CASE("an interrupt is a flag while somebody looks") {
  InterruptFlag flag;
  CHECK_FALSE(flag.IsRaised());
  std::raise(SIGINT);
  CHECK(flag.IsRaised());
  CHECK(flag.Take());
  CHECK_FALSE(flag.Take());
  std::raise(SIGINT);
  CHECK(flag.Take());
}

TEST_CASE("environment and use of the process are readable") {
  CHECK(Environment("PATH").has_value());
  CHECK_FALSE(Environment("LAMINAR_NO_SUCH_VARIABLE").has_value());
  const ProcessUse use = UseOfThisProcess();
  CHECK(use.resident_bytes > 100'000);
  CHECK(use.resident_bytes_max > 100'000);
  CHECK(use.cpu_nanos > 0);
  CHECK(TerminalColumns(-1) == 80);
  CHECK_FALSE(IsTerminal(-1));
}

}  // namespace
}  // namespace laminar::os
