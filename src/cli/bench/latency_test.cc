#include "cli/bench/latency.h"

#include <doctest/doctest.h>

#include <memory>

#include "cli/bench/allocations.h"

namespace laminar::cli {
namespace {

TEST_CASE("allocations are counted while somebody asks, and only then") {
  auto before = std::make_unique<int>(1);
  StartCountingAllocations();
  CHECK(StopCountingAllocations() == 0);
  StartCountingAllocations();
  std::vector<std::unique_ptr<std::string>> held;
  held.reserve(3);
  for (int i = 0; i < 3; ++i) held.push_back(std::make_unique<std::string>(100, 'x'));
  const uint64_t counted = StopCountingAllocations();
  CHECK(counted == (CanCountAllocations() ? 7 : 0));
  before = std::make_unique<int>(2);
  CHECK(counted == (CanCountAllocations() ? 7 : 0));
}

TEST_CASE("the latency of pushes is measured with quantiles in their order, and a push allocates nothing") {
  const auto figures = MeasureLatency({.pushes = 2000, .views = 2});
  REQUIRE_MESSAGE(figures.has_value(), figures.error().ToString());
  REQUIRE(figures->size() >= 2);
  CHECK((*figures)[0].name == "same_thread");
  CHECK((*figures)[1].name == "push_returns");
  for (const LatencyFigures& f : *figures) {
    CAPTURE(f.name);
    CHECK(f.pushes > 0);
    CHECK(f.p50_nanos > 0);
    CHECK(f.p50_nanos <= f.p99_nanos);
    CHECK(f.p99_nanos <= f.p999_nanos);
    CHECK(f.p999_nanos <= f.max_nanos);
    CHECK(f.pushes_per_second > 0);
  }
  CHECK((*figures)[0].pushes == 2000);
  CHECK((*figures)[0].allocations_per_push <= 0);
}

TEST_CASE("no pushes or no view is refused") {
  CHECK(MeasureLatency({.pushes = 0, .views = 1}).error().code() == ErrorCode::kBadArgument);
  CHECK(MeasureLatency({.pushes = 1, .views = 0}).error().code() == ErrorCode::kBadArgument);
}

}  // namespace
}  // namespace laminar::cli
