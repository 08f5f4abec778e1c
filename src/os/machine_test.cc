#include <doctest/doctest.h>
#include <sched.h>

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
