// Placement: which shard owns which vnode, and which cpu each shard's thread runs on.
//
// The vnode of a key (its hash mod 256) is part of the file format; which shard owns it is not, so a restart with
// another number of shards only changes the map. Control only.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "os/cpu.h"
#include "runtime/ring0/core_loop.h"

namespace laminar::runtime {

inline constexpr uint32_t kVnodes = 256;
inline constexpr uint32_t kShardsMax = kVnodes;

// vnode -> shard: neighbouring vnodes lie together, floor(vnode * shards / 256).
class VnodeMap {
 public:
  // 1 <= shards <= kShardsMax.
  explicit VnodeMap(uint32_t shards);

  uint32_t shards() const { return shards_; }
  uint16_t ShardOfVnode(uint8_t vnode) const { return shard_of_[vnode]; }
  uint16_t ShardOfHash(uint64_t hash) const { return shard_of_[hash & (kVnodes - 1)]; }
  const std::array<uint16_t, kVnodes>& targets() const { return shard_of_; }
  std::vector<uint8_t> VnodesOf(uint32_t shard) const;

  // What has to move when this map follows `before`: vnodes whose shard differs.
  struct Move {
    uint8_t vnode = 0;
    uint16_t from = 0;
    uint16_t to = 0;
  };
  std::vector<Move> MovesFrom(const VnodeMap& before) const;

 private:
  uint32_t shards_;
  std::array<uint16_t, kVnodes> shard_of_;
};

struct PlacementRequest {
  uint32_t shards = 0;   // 0: one a usable cpu, one less when there are more than two (for background work)
  bool pins = false;     // embedding programs dislike surprises
  std::string cpu_list;  // "2-5,8"; empty: all that the process may use
  bool avoids_smt_siblings = true;
  bool isolated_only = false;
  int32_t rt_priority = 0;
  IdlePolicy idle = IdlePolicy::kSpinThenPark;
};

// What the machine offers; from MachineCpus, or made up by a test.
struct MachineOffer {
  std::vector<os::CpuFacts> allowed;  // by the affinity mask, ascending
  uint32_t quota = 0;                 // whole cores of the container; 0: none
  std::vector<uint32_t> isolated;
};
MachineOffer ThisMachine();

struct Placement {
  std::vector<CoreLoopConfig> shards;
  std::vector<uint32_t> background_cpus;  // left over for ring 1; empty: shared
  std::vector<std::string> notes;         // what could not be had as asked, for SHOW RUNTIME and the log
};
// kBadArgument names what is wrong and the cpus that are allowed.
Result<Placement> PlaceShards(const PlacementRequest& request, const MachineOffer& machine);

}  // namespace laminar::runtime
