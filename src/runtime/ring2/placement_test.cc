#include "runtime/ring2/placement.h"

#include <doctest/doctest.h>

namespace laminar::runtime {
namespace {

using Pins = std::vector<std::optional<uint32_t>>;

// cpus 0..n-1, siblings being i and i + n / 2.
MachineOffer Machine(uint32_t cpus, bool has_siblings = false) {
  MachineOffer machine;
  for (uint32_t i = 0; i < cpus; ++i)
    machine.allowed.push_back({.cpu = i, .package = 0, .core = has_siblings ? i % (cpus / 2) : i});
  return machine;
}

Pins PinsOf(const PlacementRequest& request, const MachineOffer& machine) {
  const Result<Placement> placement = PlaceThreads(request, machine);
  REQUIRE(placement.has_value());
  CHECK(placement->cpus.size() == request.threads);
  return placement->cpus;
}

TEST_CASE("by itself there is a thread a cpu, less one for background work, within mask and quota") {
  CHECK(ThreadsFor(Machine(1).usable()) == 1);
  CHECK(ThreadsFor(Machine(2).usable()) == 2);
  CHECK(ThreadsFor(Machine(8).usable()) == 7);
  MachineOffer limited = Machine(8);
  limited.quota = 2;
  CHECK(limited.usable() == 2);
  CHECK(ThreadsFor(limited.usable()) == 2);
  limited.quota = 20;
  CHECK(ThreadsFor(limited.usable()) == 7);
  CHECK(ThreadsFor(MachineOffer().usable()) == 1);
}

TEST_CASE("physical cores come before their siblings") {
  const MachineOffer machine = Machine(8, true);
  CHECK(PinsOf({.threads = 4}, machine) == Pins{0, 1, 2, 3});
  CHECK(PinsOf({.threads = 6}, machine) == Pins{0, 1, 2, 3, 4, 5});
  CHECK(PinsOf({.threads = 3, .cpu_list = "0,4,1,5,2"}, machine) == Pins{0, 1, 2});
  CHECK(PinsOf({.threads = 3, .cpu_list = "0,4,1"}, machine) == Pins{0, 1, 4});
  CHECK(PinsOf({.threads = 2, .cpu_list = "0,4"}, machine) == Pins{0, 4});
}

TEST_CASE("more threads than cpus, or than the container's quota, are not pinned, and that is noted") {
  CHECK(PinsOf({.threads = 4, .cpu_list = "0-2"}, Machine(8)) == Pins(4));
  MachineOffer limited = Machine(8);
  limited.quota = 2;
  CHECK(PinsOf({.threads = 2}, limited) == Pins{0, 1});
  const Result<Placement> placement = PlaceThreads({.threads = 3}, limited);
  REQUIRE(placement.has_value());
  CHECK(placement->cpus == Pins(3));
  REQUIRE(placement->notes.size() == 1);
  CHECK(placement->notes[0] == "threads are not pinned: there are 3 of them (worker_cores), and cpus for 2");
}

TEST_CASE("what cannot be placed is refused with what is allowed") {
  const MachineOffer machine = Machine(4);
  const Status outside = PlaceThreads({.cpu_list = "2-5"}, machine).error();
  CHECK(outside.code() == ErrorCode::kBadOption);
  CHECK(outside.message() == "pinning threads to cpus 2-5: cpu 4 is not allowed for this process");
  CHECK(outside.hint() == "allowed are 0,1,2,3");
  CHECK(PlaceThreads({.cpu_list = "x"}, machine).error().hint() == "numbers and ranges with commas, like 2-5,8");
  CHECK(PlaceThreads({.isolated_only = true}, machine).error().code() == ErrorCode::kBadOption);
  MachineOffer isolated = machine;
  isolated.isolated = {2, 3};
  CHECK(PinsOf({.threads = 2, .isolated_only = true}, isolated) == Pins{2, 3});
  CHECK(PinsOf({.threads = 1, .isolated_only = true, .cpu_list = "3"}, isolated) == Pins{3});
  MachineOffer masked;
  for (const uint32_t cpu : {5u, 9u}) masked.allowed.push_back({.cpu = cpu, .core = cpu});
  CHECK(PinsOf({.threads = 2}, masked) == Pins{5, 9});
  CHECK(PlaceThreads({.cpu_list = "0"}, masked).error().hint() == "allowed are 5,9");
}

}  // namespace
}  // namespace laminar::runtime
