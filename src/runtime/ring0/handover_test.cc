#include "runtime/ring0/handover.h"

#include <doctest/doctest.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace laminar::runtime {
namespace {

TEST_CASE("what is handed over comes in the order in which it was given") {
  Handover<int> handover;
  std::vector<int> taken;
  const auto take = [&](int value) { taken.push_back(value); };
  CHECK(handover.empty());
  handover.TakeAll(take);
  CHECK(taken.empty());
  for (int i = 0; i < 3; ++i) handover.Give(i);
  CHECK_FALSE(handover.empty());
  handover.TakeAll(take);
  CHECK(taken == std::vector<int>{0, 1, 2});
  CHECK(handover.empty());
  handover.Give(3);
  handover.TakeAll(take);
  CHECK(taken == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("what nobody took goes with the handover") {
  const auto counted = std::make_shared<int>(1);
  {
    Handover<std::shared_ptr<int>> handover;
    for (int i = 0; i < 3; ++i) handover.Give(counted);
    CHECK(counted.use_count() == 4);
  }
  CHECK(counted.use_count() == 1);
}

TEST_CASE("with many givers nothing is lost or doubled, and what each gives keeps its order") {
  constexpr int kGivers = 3;
  constexpr int kEach = 20'000;
  Handover<std::pair<int, int>> handover;
  std::vector<std::thread> givers;
  for (int giver = 0; giver < kGivers; ++giver) {
    givers.emplace_back([&handover, giver] {
      for (int i = 0; i < kEach; ++i) handover.Give({giver, i});
    });
  }
  std::vector<int> next(kGivers, 0);
  int count = 0;
  while (count < kGivers * kEach) {
    handover.TakeAll([&](const std::pair<int, int>& taken) {
      REQUIRE(taken.second == next[static_cast<size_t>(taken.first)]++);
      ++count;
    });
  }
  for (std::thread& giver : givers) giver.join();
  CHECK(handover.empty());
}

}  // namespace
}  // namespace laminar::runtime
