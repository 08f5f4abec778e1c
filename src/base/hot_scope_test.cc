#include "base/hot_scope.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
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
