// Runs one .slt file in one mode: an inline database on a simulated clock, nothing sleeps, nothing is tried twice.
//
// Modes cut and mix what is fed, and must change nothing in what a file expects: plain; batch1 (a row at a time);
// rebatch (random cuts); shuffle (rows of different partitions in another order); cores4 (keyed parts on shards, turned
// in a random order); restart (on a simulated disk; after every directive the power is cut, or the database closed, and
// opened again).
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.h"
#include "cli/slt_file.h"

namespace laminar::cli {

enum class SltMode : uint8_t { kPlain, kBatch1, kRebatch, kShuffle, kCores4, kRestart };

// What an expectation should say instead, for --accept.
struct SltRewrite {
  uint32_t line = 0;  // the first expected line
  uint32_t lines_old = 0;
  bool has_separator = false;
  std::vector<std::string> lines;
};

struct SltOutcome {
  Status status;                                 // the first failure; position().line is the directive's
  std::string detail;                            // expected and found, line by line
  std::string skipped;                           // why the file does not run here; empty: it ran
  std::map<std::string, uint64_t> not_compared;  // why, and how many expectations the mode cannot check
  std::vector<SltRewrite> rewrites;
};

struct SltRequest {
  std::string path;
  SltMode mode = SltMode::kPlain;
  bool accept = false;
  uint64_t seed = 1;
};

// `directives` with includes and loops already expanded.
SltOutcome RunSlt(const std::vector<Directive>& directives, const SltRequest& request, const Host& host);

}  // namespace laminar::cli
