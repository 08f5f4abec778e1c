// Placement: how many threads turn a database, and which cpu each of them runs on. Control only.
//
// Honours what the process may use: its affinity mask and the quota of its container. One hardware thread of each
// physical core comes first, then the siblings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "os/cpu.h"

namespace laminar::runtime {

struct PlacementRequest {
  uint32_t threads = 1;
  bool isolated_only = false;  // cpus that the kernel keeps free of ordinary threads
  std::string cpu_list;        // "2-5,8"; empty: all that the process may use
};

// What the machine offers; of this one, or made up by a test.
struct MachineOffer {
  std::vector<os::CpuFacts> allowed;  // by the affinity mask, ascending
  uint32_t quota = 0;                 // whole cores of the container; 0: none
  std::vector<uint32_t> isolated;

  // That may run at once; at least one.
  uint32_t usable() const;
};
MachineOffer ThisMachine();
// One a usable cpu, less one for background work when there are more than two.
constexpr uint32_t ThreadsFor(uint32_t usable) { return usable > 2 ? usable - 1 : usable; }

struct Placement {
  std::vector<std::optional<uint32_t>> cpus;  // by thread; nullopt: wherever the kernel puts it
  std::vector<std::string> notes;             // what could not be had as asked
};
// kBadOption names what is wrong and the cpus that are allowed.
Result<Placement> PlaceThreads(const PlacementRequest& request, const MachineOffer& machine);

}  // namespace laminar::runtime
