// The laws of positions (Source::AppendPosition), as a check a connector's test calls with its own options.
//
// 1. A reader opened at a position gives the rows and the bad rows behind it, and none before.
// 2. Before it has read, its own position is the one it was opened at, or one that means the same.
// 3. Both hold however many rows were asked for before and are asked for afterwards.
// 4. A position that was tampered with is refused (kCorrupt, kFormatVersion, kBadFile) or means another row; it never
//    breaks the reader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "sdk/connector.h"

namespace laminar::sdk {

// Reads a source that ends (or becomes idle) with random batch sizes, goes on from up to `resumes` of the positions
// it passed, and from the positions of those readers in turn. Every breach found, in words.
std::vector<std::string> CheckPositionLaws(Connector& connector, const SourceRequest& request, uint64_t seed,
                                           int resumes = 20);

// Cuts, lengthens, flips; sometimes with a checksum that fits again.
std::string TamperWithToken(Random& random, std::string token);

// Opens the source at tampered positions and reads some rows; breaches of law 4.
std::vector<std::string> CheckTamperedPositions(Connector& connector, const SourceRequest& request, uint64_t seed,
                                                int rounds = 50);

}  // namespace laminar::sdk
