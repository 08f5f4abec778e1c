// What an engineer would write by hand for one query over arrays in memory: the yardstick of every benchmark. Each
// returns a checksum that the engine's result is compared with, so no loop can be skipped by the compiler or be wrong.
#pragma once

#include "cli/bench/bench_data.h"

namespace laminar::cli {

struct HandResult {
  uint64_t rows = 0;  // of the result
  double sum = 0;     // of one column of the result
};

HandResult HandQ0(const Bids& bids);
HandResult HandQ1(const Bids& bids);
HandResult HandQ2(const Bids& bids);
HandResult HandHopCount(const Bids& bids);   // count by auction, 10 s windows sliding by 2 s
HandResult HandWindowMax(const Bids& bids);  // max(price) per 10 s
HandResult HandOhlc(const Trades& trades);   // by symbol and minute

}  // namespace laminar::cli
