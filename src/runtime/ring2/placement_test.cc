#include "runtime/ring2/placement.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/hash.h"
#include "base/random.h"
#include "runtime/ring2/core_group.h"

namespace laminar::runtime {
namespace {

// cpus 0..n-1, siblings being i and i + n / 2.
MachineOffer Machine(uint32_t cpus, bool has_siblings) {
  MachineOffer machine;
  for (uint32_t i = 0; i < cpus; ++i)
    machine.allowed.push_back({.cpu = i, .package = 0, .core = has_siblings ? i % (cpus / 2) : i});
  return machine;
}

std::vector<int32_t> Pins(const Placement& placement) {
  std::vector<int32_t> pins;
  for (const CoreLoopConfig& config : placement.shards) pins.push_back(config.pin_to);
  return pins;
}

TEST_CASE("a key stays on one shard, and shards own their vnodes evenly, whatever their number") {
  Random random(13);
  for (uint32_t shards = 1; shards <= 64; ++shards) {
    const VnodeMap map(shards);
    std::vector<uint32_t> owned(shards);
    uint16_t last = 0;
    for (uint32_t v = 0; v < kVnodes; ++v) {
      const uint16_t shard = map.ShardOfVnode(static_cast<uint8_t>(v));
      REQUIRE(shard < shards);
      REQUIRE(shard >= last);
      REQUIRE(shard == v * shards / 256);
      last = shard;
      ++owned[shard];
    }
    for (uint32_t s = 0; s < shards; ++s) {
      CHECK(owned[s] >= kVnodes / shards);
      CHECK(owned[s] <= kVnodes / shards + 1);
      CHECK(map.VnodesOf(s).size() == owned[s]);
    }
    for (int i = 0; i < 15'000; ++i) {
      const uint64_t hash = Hash64(random.Next());
      REQUIRE(map.ShardOfHash(hash) == map.ShardOfVnode(static_cast<uint8_t>(hash)));
    }
  }
}

TEST_CASE("another number of shards moves exactly the vnodes whose owner changes") {
  const VnodeMap four(4);
  const VnodeMap three(3);
  std::vector<uint16_t> owner(kVnodes);
  for (uint32_t v = 0; v < kVnodes; ++v) owner[v] = four.ShardOfVnode(static_cast<uint8_t>(v));
  for (const VnodeMap::Move& move : three.MovesFrom(four)) {
    CHECK(owner[move.vnode] == move.from);
    CHECK(move.from != move.to);
    owner[move.vnode] = move.to;
  }
  for (uint32_t v = 0; v < kVnodes; ++v) CHECK(owner[v] == three.ShardOfVnode(static_cast<uint8_t>(v)));
  CHECK(four.MovesFrom(four).empty());
  CHECK(VnodeMap(kShardsMax).VnodesOf(255) == std::vector<uint8_t>{255});
}

TEST_CASE("by itself there is a shard a cpu, less one for background work, within mask and quota") {
  CHECK(PlaceShards({}, Machine(1, false))->shards.size() == 1);
  CHECK(PlaceShards({}, Machine(2, false))->shards.size() == 2);
  CHECK(PlaceShards({}, Machine(8, false))->shards.size() == 7);
  CHECK(PlaceShards({}, Machine(8, false))->background_cpus == std::vector<uint32_t>{7});
  MachineOffer limited = Machine(8, false);
  limited.quota = 2;
  CHECK(PlaceShards({}, limited)->shards.size() == 2);
  CHECK(Pins(*PlaceShards({}, Machine(2, false))) == std::vector<int32_t>{-1, -1});
}

TEST_CASE("physical cores come before their siblings") {
  const MachineOffer machine = Machine(8, true);
  CHECK(Pins(*PlaceShards({.shards = 4, .pins = true}, machine)) == std::vector<int32_t>{0, 1, 2, 3});
  CHECK(Pins(*PlaceShards({.shards = 3, .pins = true, .cpu_list = "0,4,1,5,2"}, machine)) ==
        std::vector<int32_t>{0, 1, 2});
  CHECK(Pins(*PlaceShards({.shards = 4, .pins = true, .cpu_list = "0,4,1"}, machine)) ==
        std::vector<int32_t>{-1, -1, -1, -1});
  CHECK(Pins(*PlaceShards({.shards = 3, .pins = true, .cpu_list = "0,4,1"}, machine)) == std::vector<int32_t>{0, 1, 4});
  CHECK(Pins(*PlaceShards({.shards = 2, .pins = true, .cpu_list = "0,4", .avoids_smt_siblings = false}, machine)) ==
        std::vector<int32_t>{0, 4});
}

TEST_CASE("what cannot be placed is refused with what is allowed, or noted") {
  const MachineOffer machine = Machine(4, false);
  const Status outside = PlaceShards({.cpu_list = "2-5"}, machine).error();
  CHECK(outside.code() == ErrorCode::kBadArgument);
  CHECK(outside.hint() == "allowed are 0,1,2,3");
  CHECK(PlaceShards({.cpu_list = "x"}, machine).error().code() == ErrorCode::kBadArgument);
  CHECK(PlaceShards({.shards = 300}, machine).error().code() == ErrorCode::kBadArgument);
  CHECK(PlaceShards({.isolated_only = true}, machine).error().code() == ErrorCode::kBadArgument);
  CHECK(PlaceShards({.rt_priority = 5}, machine).error().code() == ErrorCode::kBadArgument);
  CHECK(PlaceShards({.rt_priority = 5, .idle = IdlePolicy::kPark}, machine)->shards[0].rt_priority == 5);
  CHECK(PlaceShards({.shards = 9, .pins = true}, machine)->notes.size() == 2);
  MachineOffer isolated = machine;
  isolated.isolated = {2, 3};
  CHECK(Pins(*PlaceShards({.pins = true, .isolated_only = true}, isolated)) == std::vector<int32_t>{2, 3});
}

TEST_CASE("shards placed on this machine run where they were put") {
  Result<Placement> placement = PlaceShards({.shards = 0, .pins = true}, ThisMachine());
  REQUIRE(placement.has_value());
  const std::vector<CoreLoopConfig> configs = placement->shards;
  CoreGroup group(configs);
  REQUIRE(group.Start().ok());
  for (size_t i = 0; i < configs.size(); ++i) {
    REQUIRE(group[i].pin_status().ok());
    uint32_t cpu = UINT32_MAX;
    CHECK(RunOn(group[i], [&](CoreLoop&) { cpu = os::CurrentCore(); }));
    CHECK(static_cast<int32_t>(cpu) == configs[i].pin_to);
  }
  CHECK(group.Stop(StopMode::kNow).ok());
}

}  // namespace
}  // namespace laminar::runtime
