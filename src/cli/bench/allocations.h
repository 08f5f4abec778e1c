// Counts the allocations of the process while somebody asks for it: `laminar bench latency` shows that a push allocates
// nothing.
#pragma once

#include <cstdint>

namespace laminar::cli {

// False where operator new belongs to a sanitizer: the count stays 0 then.
bool CanCountAllocations();

// Of all threads, from here on; one count at a time.
void StartCountingAllocations();
uint64_t StopCountingAllocations();

}  // namespace laminar::cli
