// `laminar bench latency`: one trade in, the changed one-minute bar of one of 8 symbols (EMIT ON UPDATE) seen by a
// subscriber, through the C interface, as a program does it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace laminar::cli {

struct LatencyOptions {
  uint64_t pushes = 1'000'000;
  int views = 1;  // that read the source; the first has the subscriber
};

struct LatencyFigures {
  std::string name;
  std::string what;
  uint64_t pushes = 0;
  double p50_nanos = 0;
  double p99_nanos = 0;
  double p999_nanos = 0;
  double max_nanos = 0;
  double pushes_per_second = 0;     // one after the other, with what makes the rows
  double allocations_per_push = 0;  // after warm-up; -1: cannot be counted
  int64_t core_lost = 0;            // times the scheduler took the core away: figures mean something where it did not
};

// On the same thread, and to another one that spins or sleeps where the process has two cores.
Result<std::vector<LatencyFigures>> MeasureLatency(const LatencyOptions& options);

// Measures and prints: a table, or a line of JSON a case.
Status RunLatencyBench(const LatencyOptions& options, bool json);

}  // namespace laminar::cli
