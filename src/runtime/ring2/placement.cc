#include "runtime/ring2/placement.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "os/file.h"

namespace laminar::runtime {
namespace {

std::string ListOf(const std::vector<os::CpuFacts>& cpus) {
  std::string text;
  for (const os::CpuFacts& cpu : cpus) {
    if (!text.empty()) text += ',';
    text += std::to_string(cpu.cpu);
  }
  return text;
}

bool Contains(const std::vector<uint32_t>& cpus, uint32_t cpu) { return std::ranges::find(cpus, cpu) != cpus.end(); }

// The cpus to choose from, in the order to take them: one of each physical core first, then the siblings.
Result<std::vector<os::CpuFacts>> Candidates(const PlacementRequest& request, const MachineOffer& machine) {
  std::vector<os::CpuFacts> cpus = machine.allowed;
  if (request.isolated_only) {
    std::erase_if(cpus, [&](const auto& c) { return !Contains(machine.isolated, c.cpu); });
    if (cpus.empty()) {
      return Error(Status(ErrorCode::kBadArgument, "placing shards on isolated cpus only: none of the allowed cpus " +
                                                       ListOf(machine.allowed) + " is isolated")
                       .WithHint("boot with isolcpus=..., or allow the other cpus"));
    }
  }
  if (!request.cpu_list.empty()) {
    const std::vector<uint32_t> wanted = TRY(os::ParseCpuList(request.cpu_list));
    for (const uint32_t cpu : wanted) {
      if (std::ranges::any_of(cpus, [&](const auto& c) { return c.cpu == cpu; })) continue;
      return Error(Status(ErrorCode::kBadArgument, "placing shards on cpus " + request.cpu_list + ": cpu " +
                                                       std::to_string(cpu) + " is not allowed for this process")
                       .WithHint("allowed are " + ListOf(cpus)));
    }
    std::erase_if(cpus, [&](const auto& c) { return !Contains(wanted, c.cpu); });
  }
  if (!request.avoids_smt_siblings) return cpus;
  std::set<std::pair<uint32_t, uint32_t>> seen;
  std::ranges::stable_partition(cpus, [&](const auto& c) { return seen.insert({c.package, c.core}).second; });
  return cpus;
}

}  // namespace

VnodeMap::VnodeMap(uint32_t shards) : shards_(shards) {
  CHECK(shards >= 1 && shards <= kShardsMax);
  for (uint32_t v = 0; v < kVnodes; ++v) shard_of_[v] = static_cast<uint16_t>(v * shards / kVnodes);
}

std::vector<uint8_t> VnodeMap::VnodesOf(uint32_t shard) const {
  std::vector<uint8_t> vnodes;
  for (uint32_t v = 0; v < kVnodes; ++v) {
    if (shard_of_[v] == shard) vnodes.push_back(static_cast<uint8_t>(v));
  }
  return vnodes;
}

std::vector<VnodeMap::Move> VnodeMap::MovesFrom(const VnodeMap& before) const {
  std::vector<Move> moves;
  for (uint32_t v = 0; v < kVnodes; ++v) {
    if (before.shard_of_[v] != shard_of_[v])
      moves.push_back({.vnode = static_cast<uint8_t>(v), .from = before.shard_of_[v], .to = shard_of_[v]});
  }
  return moves;
}

MachineOffer ThisMachine() {
  os::FileSystem& files = os::RealFileSystem();
  return {.allowed = os::ReadTopology(files, os::AllowedCores()),
          .quota = os::CoreQuota(files),
          .isolated = os::IsolatedCpus(files)};
}

Result<Placement> PlaceShards(const PlacementRequest& request, const MachineOffer& machine) {
  const std::vector<os::CpuFacts> cpus = TRY(Candidates(request, machine));
  if (cpus.empty()) return Error(ErrorCode::kBadArgument, "placing shards: no cpu is left to place them on");
  if (request.shards > kShardsMax) {
    return Error(ErrorCode::kBadArgument, "placing " + std::to_string(request.shards) + " shards: at most " +
                                              std::to_string(kShardsMax) + ", one a vnode");
  }
  Placement placement;
  auto usable = static_cast<uint32_t>(cpus.size());
  if (machine.quota > 0) usable = std::min(usable, machine.quota);
  const uint32_t by_itself = std::min(usable > 2 ? usable - 1 : usable, kShardsMax);
  const uint32_t shards = request.shards == 0 ? by_itself : request.shards;
  if (shards > usable) {
    placement.notes.push_back(std::to_string(shards) + " shards share " + std::to_string(usable) +
                              " usable cpus: more shards than cpus make nothing faster");
  }
  const bool can_pin = request.pins && shards <= cpus.size();
  if (request.pins && !can_pin) placement.notes.push_back("not pinned: there are more shards than cpus to pin them to");
  for (uint32_t s = 0; s < shards; ++s) {
    CoreLoopConfig config;
    config.name = "shard-" + std::to_string(s);
    config.core_index = s;
    config.pin_to = can_pin ? static_cast<int32_t>(cpus[s].cpu) : -1;
    config.rt_priority = request.rt_priority;
    config.idle = request.idle;
    TRY(Validate(config));
    placement.shards.push_back(std::move(config));
  }
  for (size_t i = shards; i < cpus.size(); ++i) placement.background_cpus.push_back(cpus[i].cpu);
  return placement;
}

}  // namespace laminar::runtime
