#include "os/cpu.h"

#include <doctest/doctest.h>
#include <sched.h>

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

}  // namespace
}  // namespace laminar::os
