// A spill file without a disk: blocks move to memory of the kernel that has no name, at once, and come back from there
// page by page as from the machine's. Twin of os::SpillFile's own.
//
// Law: how much of a block is said to have come back is drawn from the seed, not asked of the machine, so that what
// hangs on it happens again with the same seed. Thread: one at a time.
#pragma once

#include <memory>

#include "base/status.h"
#include "os/spill_file.h"

namespace laminar::sim {

Result<std::unique_ptr<os::SpillFile>> MakeSpillMemory(uint64_t seed);

}  // namespace laminar::sim
