// What a fuzzer is: one function of a seed, in a file x_fuzz.cc beside what it attacks. Its program runs fresh seeds
// for a while, or one seed again. A broken law aborts (CHECK) or crashes; the seed stands in the last line of the
// output.
//
//     void FuzzSeed(uint64_t seed) { laminar::Random random(seed); ... CHECK(law); }
#pragma once

#include <cstdint>

void FuzzSeed(uint64_t seed);  // each x_fuzz.cc defines it
