// CRC32C (Castagnoli), the checksum of everything we store: any single flipped bit, and any burst of up to 32, changes
// it. With the processor's instruction where there is one; both ways give the same numbers.
// Ours, because no library we use offers it to its callers, and it is a table and a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace laminar {

// Goes on from the checksum of the bytes before these; 0 at the start: Crc32c(Crc32c(0, a), b) == Crc32c(0, a + b).
uint32_t Crc32c(uint32_t before, std::string_view bytes);

bool IsCrc32cInHardware();
uint32_t Crc32cInSoftware(uint32_t before, std::string_view bytes);  // for machines without, and for tests

}  // namespace laminar
