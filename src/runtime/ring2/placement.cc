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
      return Error(Status(ErrorCode::kBadOption, "pinning threads to isolated cpus: none of the allowed cpus " +
                                                       ListOf(machine.allowed) + " is isolated")
                       .WithHint("boot with isolcpus=..., or allow the other cpus"));
    }
  }
  if (!request.cpu_list.empty()) {
    const std::vector<uint32_t> wanted = TRY(os::ParseCpuList(request.cpu_list));
    for (const uint32_t cpu : wanted) {
      if (std::ranges::any_of(cpus, [&](const auto& c) { return c.cpu == cpu; })) continue;
      return Error(Status(ErrorCode::kBadOption, "pinning threads to cpus " + request.cpu_list + ": cpu " +
                                                       std::to_string(cpu) + " is not allowed for this process")
                       .WithHint("allowed are " + ListOf(cpus)));
    }
    std::erase_if(cpus, [&](const auto& c) { return !Contains(wanted, c.cpu); });
  }
  std::set<std::pair<uint32_t, uint32_t>> seen;
  std::ranges::stable_partition(cpus, [&](const auto& c) { return seen.insert({c.package, c.core}).second; });
  return cpus;
}

}  // namespace

uint32_t MachineOffer::usable() const {
  const auto cpus = std::max<uint32_t>(1, static_cast<uint32_t>(allowed.size()));
  return quota > 0 ? std::min(cpus, quota) : cpus;
}

MachineOffer ThisMachine() {
  os::FileSystem& files = os::RealFileSystem();
  return {.allowed = os::ReadTopology(files, os::AllowedCores()),
          .quota = os::CoreQuota(files),
          .isolated = os::IsolatedCpus(files)};
}

Result<Placement> PlaceThreads(const PlacementRequest& request, const MachineOffer& machine) {
  const std::vector<os::CpuFacts> cpus = TRY(Candidates(request, machine));
  Placement placement;
  placement.cpus.resize(request.threads);
  const uint32_t usable = std::min(machine.usable(), static_cast<uint32_t>(cpus.size()));
  if (request.threads > usable) {
    placement.notes.push_back("threads are not pinned: there are " + std::to_string(request.threads) +
                              " of them (worker_cores), and cpus for " + std::to_string(usable));
    return placement;
  }
  for (uint32_t i = 0; i < request.threads; ++i) placement.cpus[i] = cpus[i].cpu;
  return placement;
}

}  // namespace laminar::runtime
