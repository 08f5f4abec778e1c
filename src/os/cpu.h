// Which cores this process may use, and pinning a thread to one. Asks the kernel; answers honour affinity masks and the
// CPU quota of a container, so a database in a two-core box starts two shards, whatever the machine has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace laminar::os {

class FileSystem;

// Core numbers this process may run on, ascending; never empty.
std::vector<uint32_t> AllowedCores();
// The quota of the control group in whole cores, rounded up; 0: no quota. Reads cgroup v2, then v1.
uint32_t CoreQuota(FileSystem& files);
// The cores to start shards on: the allowed ones, no more of them than the quota.
std::vector<uint32_t> UsableCores();

// Ties the calling thread to one core.
Status PinThisThread(uint32_t core);
// Lets the calling thread run on any allowed core again.
Status UnpinThisThread();
// Shown in process lists; cut to 15 bytes.
void NameThisThread(const std::string& name);

// For SHOW RUNTIME and benchmark reports: "AMD EPYC ... (avx2 avx512f)".
std::string CpuModel();

}  // namespace laminar::os
