#include "os/cpu.h"

#include <doctest/doctest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "os/file.h"
#include "os/thread.h"

namespace laminar::os {
namespace {

TEST_CASE("lists of cpus are read, and what is none is refused") {
  CHECK(*ParseCpuList("2-5,8") == std::vector<uint32_t>{2, 3, 4, 5, 8});
  CHECK(*ParseCpuList(" 3 , 1-2,2 ") == std::vector<uint32_t>{1, 2, 3});
  CHECK(ParseCpuList("")->empty());
  CHECK(ParseCpuList("0")->size() == 1);
  for (const char* bad : {"a", "1-", "-1", "5-2", "1,,2", "1-2-3", "99999999999", "0-4000000000"})
    CHECK(ParseCpuList(bad).error().code() == ErrorCode::kBadArgument);
}

TEST_CASE("the topology names each allowed cpu once, also where the kernel tells nothing") {
  const std::vector<uint32_t> cpus = AllowedCores();
  const std::vector<CpuFacts> facts = ReadTopology(RealFileSystem(), cpus);
  REQUIRE(facts.size() == cpus.size());
  for (size_t i = 0; i < cpus.size(); ++i) CHECK(facts[i].cpu == cpus[i]);
  const std::vector<CpuFacts> unknown = ReadTopology(RealFileSystem(), {70'000, 70'001});
  CHECK(unknown[0].core != unknown[1].core);
}

TEST_CASE("a pinned thread is where it was put, a thousand times") {
  auto thread = Thread::Start(
      "pinned",
      [](void*) {
        const uint32_t core = AllowedCores().back();
        CHECK(PinThread(pthread_self(), core).ok());
        int elsewhere = 0;
        for (int i = 0; i < 1'000; ++i) elsewhere += static_cast<uint32_t>(sched_getcpu()) == core ? 0 : 1;
        CHECK(elsewhere == 0);
      },
      nullptr);
  REQUIRE(thread.has_value());
  thread->Join();
}

TEST_CASE("a thread is pinned and set free by another, which sees where it runs") {
  struct Spinning {
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> looks{0};
  } spinning;
  auto thread = Thread::Start(
      "spinning",
      [](void* raw) {
        auto& mine = *static_cast<Spinning*>(raw);
        while (!mine.stop) ++mine.looks;
      },
      &spinning);
  REQUIRE(thread.has_value());
  for (const uint32_t core : AllowedCores()) {
    CHECK(PinThread(thread->handle(), core).ok());
    CHECK(CoresOfThread(thread->handle()) == std::vector<uint32_t>{core});
    for (const uint64_t looks = spinning.looks; spinning.looks < looks + 1'000;) CpuRelax();
    CHECK(thread->LastCore() == core);
  }
  CHECK(UnpinThread(thread->handle()).ok());
  CHECK(CoresOfThread(thread->handle()) == AllowedCores());
  spinning.stop = true;
  thread->Join();
}

// By a thread of its own, so that the test's thread stays as it is.
void InThread(void (*main)(void*), void* argument = nullptr) {
  auto thread = Thread::Start("test", main, argument);
  REQUIRE(thread.has_value());
  thread->Join();
}

bool MayBeRealTime() {
  bool may = false;
  InThread([](void* raw) { *static_cast<bool*>(raw) = SetRealTimePriority(pthread_self(), 1).ok(); }, &may);
  return may;
}

TEST_CASE("real-time priority is had as asked or refused with what would grant it, and goes again") {
  InThread([](void*) {
    CHECK(RealTimePriority(0) == 0);
    for (const int priority : {1, 7, 3}) {
      const Status status = SetRealTimePriority(pthread_self(), priority);
      CHECK(RealTimePriority(0) == (status.ok() ? priority : 0));
      if (status.ok()) continue;
      CHECK(status.code() == ErrorCode::kLimitReached);
      CHECK(status.hint().find("CAP_SYS_NICE") != std::string::npos);
    }
    InThread([](void*) { CHECK(RealTimePriority(0) == 0); });  // what it starts has none
    CHECK(SetRealTimePriority(pthread_self(), 0).ok());
    CHECK(RealTimePriority(0) == 0);
    CHECK(SetRealTimePriority(pthread_self(), 0).ok());
    CHECK_FALSE(SetRealTimePriority(pthread_self(), 1000).ok());
    CHECK(RealTimePriority(0) == 0);
  });
}

TEST_CASE("a process without the permission goes on with the priority it has") {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const rlimit none{};
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const __user_cap_data_struct no_capabilities[_LINUX_CAPABILITY_U32S_3]{};
    if (setrlimit(RLIMIT_RTPRIO, &none) != 0 || syscall(SYS_capset, &header, no_capabilities) != 0) _exit(2);
    const Status status = SetRealTimePriority(pthread_self(), 5);
    const bool is_told = status.code() == ErrorCode::kLimitReached &&
                         status.message().find("not permitted") != std::string::npos &&
                         status.hint().find("ulimit -r) of at least 5") != std::string::npos;
    _exit(is_told && RealTimePriority(0) == 0 && SetRealTimePriority(pthread_self(), 0).ok() ? 0 : 1);
  }
  int how = -1;
  REQUIRE(waitpid(child, &how, 0) == child);
  CHECK(how == 0);
}

TEST_CASE("a refusal of real-time priority can be had for tests") {
  RefuseRealTimePriority(true);
  InThread([](void*) {
    CHECK(SetRealTimePriority(pthread_self(), 1).code() == ErrorCode::kLimitReached);
    CHECK(SetRealTimePriority(pthread_self(), 0).ok());
  });
  RefuseRealTimePriority(false);
}

TEST_CASE("who waits with real-time priority lets a thread of normal priority have the cpu that both need") {
  if (!MayBeRealTime()) {
    MESSAGE("not tried: there is no permission for real-time priority here");
    return;
  }
  struct Two {
    std::atomic<bool> is_waiting{false};
    std::atomic<bool> is_done{false};
    uint64_t looks = 0;
  } two;
  auto lower = Thread::Start(
      "lower",
      [](void* raw) {
        auto& mine = *static_cast<Two*>(raw);
        CHECK(PinThread(pthread_self(), AllowedCores().front()).ok());
        while (!mine.is_waiting) CpuRelax();
        for (std::atomic<int> work = 0; work < 10'000;) ++work;
        mine.is_done = true;
      },
      &two);
  REQUIRE(lower.has_value());
  InThread(
      [](void* raw) {
        auto& mine = *static_cast<Two*>(raw);
        CHECK(PinThread(pthread_self(), AllowedCores().front()).ok());
        CHECK(SetRealTimePriority(pthread_self(), 1).ok());
        mine.is_waiting = true;
        Patience patience;
        for (; !mine.is_done; ++mine.looks) patience.Wait();
      },
      &two);
  lower->Join();
  CHECK(two.looks < 5'000'000);  // spinning, it would look until the kernel takes its cpu away after a second
}

}  // namespace
}  // namespace laminar::os
