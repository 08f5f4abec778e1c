// `laminar bench`: each query beside a hand-written loop over the same rows in the same run, interleaved, medians. What
// counts is the ratio.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "sdk/connector.h"

namespace laminar::cli {

struct BenchOptions {
  uint64_t rows = 0;  // 0: 10 million, and a million pushes
  int repeats = 5;
  bool json = false;
  int views = 1;                   // of `latency`: how many read the source
  std::vector<std::string> names;  // empty: all queries; "latency" is measured when it is named
  std::string export_directory;    // write the rows as Parquet files there, for the peers, and stop
  uint64_t seed = 1;
};

// Runs and prints; a result that differs from the hand loop's is an error. `make_connectors` gives a fresh list for
// each database.
Status RunBench(const BenchOptions& options, std::vector<std::unique_ptr<sdk::Connector>> (*make_connectors)());

}  // namespace laminar::cli
