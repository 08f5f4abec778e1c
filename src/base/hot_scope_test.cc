#include "base/hot_scope.h"

#include <doctest/doctest.h>

#include <sched.h>

#include <condition_variable>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

namespace laminar {
namespace {

// Keeps the compiler from removing an allocation it can see through.
void Keep(void* pointer) { asm volatile("" : : "g"(pointer) : "memory"); }

uint64_t BreachesOf(void (*step)()) {
  HotScope::SetMode(HotScope::Mode::kCount);
  const uint64_t before = HotScope::Violations();
  step();
  HotScope::SetMode(HotScope::Mode::kAbort);
  return HotScope::Violations() - before;
}

void AllocateHot() {
  HotScope scope("test operator");
  auto number = std::make_unique<int>(1);
  Keep(number.get());
}

void GrowVectorHot() {
  std::vector<int> rows;
  HotScope scope("test operator");
  rows.push_back(1);
  Keep(rows.data());
}

void CallMallocHot() {
  HotScope scope("test operator");
  void* block = std::malloc(100);
  Keep(block);
  block = std::realloc(block, 200);
  Keep(block);
  std::free(block);
}

void CallSystemHot() {
  HotScope scope("test operator");
  ForbidInHotScope("file read");
}

void AllocateAllowed() {
  HotScope scope("test operator");
  AllowAllocation growth;
  auto number = std::make_unique<int>(1);
  Keep(number.get());
}

void AllocateInScopeInsideAllowed() {
  HotScope outer("outer");
  AllowAllocation growth;
  HotScope inner("inner");
  auto number = std::make_unique<int>(1);
  Keep(number.get());
}

void AllocateOutside() {
  {
    HotScope scope("test operator");
  }
  auto number = std::make_unique<int>(1);
  Keep(number.get());
}

TEST_CASE("a planted allocation inside a hot scope is caught" * doctest::skip(!HotScope::kIsGuarded)) {
  CHECK(BreachesOf(AllocateHot) == 1);
  CHECK(BreachesOf(GrowVectorHot) == 1);
  CHECK(BreachesOf(CallMallocHot) == 2);
}

TEST_CASE("a planted system call inside a hot scope is caught" * doctest::skip(!HotScope::kIsGuarded)) {
  CHECK(BreachesOf(CallSystemHot) == 1);
}

void LockHot() {
  std::mutex mutex;
  HotScope scope("test operator");
  const std::lock_guard lock(mutex);
}

void LockSharedHot() {
  std::shared_mutex mutex;
  HotScope scope("test operator");
  mutex.lock();
  mutex.unlock();
  mutex.lock_shared();
  mutex.unlock_shared();
}

void TryLockHot() {
  std::mutex mutex;
  HotScope scope("test operator");
  if (mutex.try_lock()) mutex.unlock();
}

void WaitHot() {
  std::mutex mutex;
  std::condition_variable condition;
  std::unique_lock lock(mutex);
  HotScope scope("test operator");
  condition.wait_until(lock, std::chrono::steady_clock::time_point());  // long past
}

void SleepHot() {
  HotScope scope("test operator");
  const timespec no_time{};
  nanosleep(&no_time, nullptr);
  clock_nanosleep(CLOCK_MONOTONIC, 0, &no_time, nullptr);
  sched_yield();
}

void LockAllowed() {
  std::mutex mutex;
  HotScope scope("test operator");
  AllowAllocation growth;
  const std::lock_guard lock(mutex);
}

TEST_CASE("a planted lock inside a hot scope is caught, whichever" * doctest::skip(!HotScope::kIsGuarded)) {
  CHECK(BreachesOf(LockHot) == 1);
  CHECK(BreachesOf(LockSharedHot) == 2);
  CHECK(BreachesOf(TryLockHot) == 0);  // waits for nobody
  CHECK(BreachesOf(LockAllowed) == 0);
}

TEST_CASE("a planted wait or sleep inside a hot scope is caught" * doctest::skip(!HotScope::kIsGuarded)) {
  CHECK(BreachesOf(WaitHot) >= 1);  // the wait, and maybe the lock it takes again
  CHECK(BreachesOf(SleepHot) == 3);
}

TEST_CASE("an allowance covers its own scope and no scope opened inside it" * doctest::skip(!HotScope::kIsGuarded)) {
  CHECK(BreachesOf(AllocateAllowed) == 0);
  CHECK(BreachesOf(AllocateInScopeInsideAllowed) == 1);
}

TEST_CASE("outside a hot scope nothing is counted") {
  CHECK(BreachesOf(AllocateOutside) == 0);
  CHECK_FALSE(HotScope::IsHot());
}

}  // namespace
}  // namespace laminar
