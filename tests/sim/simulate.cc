// The program ./dev sim runs: whole databases on a simulated disk, each life decided by a seed.
//
//   simulate [--seed N] [--cases K] [--seconds S] [--twice] [--log] [--watch]
// A failing seed prints its steps and the first difference; the same seed gives the same life again. Every 16th case
// (with --twice: each) is lived twice, and both must have seen the same.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "case.h"

namespace {

using laminar::simulate::Case;
using laminar::simulate::CaseResult;

double SecondsNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// Lives that once showed a fault of the database. Without --seed they come first.
struct Known {
  uint64_t seed;
  const char* fault;
};
constexpr Known kKnown[] = {
    {19, "a sink that could not prepare an epoch forgot all it had written"},
    {72, "a source that failed took the reading positions of late views with it: the database did not open any more"},
    {98, "opened with fewer cores and then with more again, windows stood at an old watermark"},
    {222, "an epoch under durability = 'none' was missing behind an older checkpoint"},
    {373, "acknowledged rows behind an epoch under durability = 'none' were lost when its checkpoint failed"},
    {592, "a table whose sync and removal failed got into a checkpoint as it was"},
};

struct Request {
  uint64_t seed = 1;
  uint64_t cases = 0;  // 0: no limit
  double seconds = 0;  // 0: no limit
  bool twice = false;
  bool log = false;
  bool watch = false;
  bool known = false;
};

void PrintLog(const CaseResult& result) {
  for (const std::string& line : result.log) std::printf("  %s\n", line.c_str());
}

bool RunOne(uint64_t seed, const Request& request, CaseResult& result) {
  result = Case(seed, request.log, request.watch).Run();
  if (!result.failure.empty()) {
    std::printf("seed %llu failed:\n", static_cast<unsigned long long>(seed));
    if (!request.log) PrintLog(result);
    std::printf("seed %llu failed: %s\n", static_cast<unsigned long long>(seed), result.failure.c_str());
    return false;
  }
  if (!request.twice && seed % 16 != 0) return true;
  const CaseResult again = Case(seed).Run();
  if (again.trace == result.trace) return true;
  std::printf("seed %llu failed: its second life was another\n", static_cast<unsigned long long>(seed));
  for (size_t i = 0; i < result.log.size() || i < again.log.size(); ++i) {
    const std::string one = i < result.log.size() ? result.log[i] : "(over)";
    const std::string two = i < again.log.size() ? again.log[i] : "(over)";
    const uint64_t calls = i < result.calls.size() ? result.calls[i] : 0;
    const uint64_t others = i < again.calls.size() ? again.calls[i] : 0;
    if (one == two && calls == others) continue;
    std::printf("  first, behind %llu calls of the disk:  %s\n  second, behind %llu: %s\n",
                static_cast<unsigned long long>(calls), one.c_str(), static_cast<unsigned long long>(others),
                two.c_str());
    break;
  }
  return false;
}

Request Read(int count, char** words) {
  Request request;
  bool has_seed = false;
  for (int i = 1; i < count; ++i) {
    const bool has_value = i + 1 < count;
    if (std::strcmp(words[i], "--twice") == 0) {
      request.twice = true;
    } else if (std::strcmp(words[i], "--watch") == 0) {
      request.watch = true;
    } else if (std::strcmp(words[i], "--log") == 0) {
      request.log = true;
    } else if (std::strcmp(words[i], "--seed") == 0 && has_value) {
      request.seed = std::strtoull(words[++i], nullptr, 10);
      has_seed = true;
    } else if (std::strcmp(words[i], "--cases") == 0 && has_value) {
      request.cases = std::strtoull(words[++i], nullptr, 10);
    } else if (std::strcmp(words[i], "--seconds") == 0 && has_value) {
      request.seconds = std::atof(words[++i]);
    } else if (std::strcmp(words[i], "--minutes") == 0 && has_value) {
      request.seconds = 60 * std::atof(words[++i]);
    } else {
      std::printf("usage: simulate [--seed N] [--cases K] [--seconds S | --minutes M] [--twice] [--log] [--watch]\n");
      std::exit(64);
    }
  }
  request.known = !has_seed;
  if (request.cases == 0 && request.seconds == 0) {
    if (has_seed)
      request.cases = 1;
    else
      request.seconds = 60;
  }
  return request;
}

struct Totals {
  uint64_t passed = 0, failed = 0, steps = 0, crashes = 0, openings = 0, faults = 0, checks = 0, savepoints = 0,
           savepoints_again = 0, blocks_moved = 0, refusals = 0, large_inserts = 0;
  int64_t nanos = 0;
  void Run(uint64_t seed, const Request& request) {
    CaseResult result;
    ++(RunOne(seed, request, result) ? passed : failed);
    std::fflush(stdout);
    steps += result.steps;
    crashes += result.crashes;
    openings += result.openings;
    faults += result.faults;
    checks += result.checks;
    savepoints += result.savepoints;
    savepoints_again += result.savepoints_again;
    blocks_moved += result.blocks_moved;
    refusals += result.refusals;
    large_inserts += result.large_inserts;
    nanos += result.nanos;
  }
};

}  // namespace

int main(int count, char** words) {
  const Request request = Read(count, words);
  const double start = SecondsNow();
  Totals totals;
  for (const Known& known : kKnown) {
    if (!request.known) break;
    const uint64_t failed = totals.failed;
    totals.Run(known.seed, request);
    if (totals.failed > failed)
      std::printf("seed %llu is known: %s\n", static_cast<unsigned long long>(known.seed), known.fault);
  }
  for (uint64_t i = 0; request.cases == 0 || i < request.cases; ++i) {
    if (request.seconds > 0 && SecondsNow() - start > request.seconds) break;
    totals.Run(request.seed + i, request);
  }
  const auto number = [](uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "%llu savepoints opened, %llu of savepoints; %llu large inserts; %llu blocks of state moved to disk, "
      "%llu refusals for want of memory\n",
      number(totals.savepoints), number(totals.savepoints_again), number(totals.large_inserts),
      number(totals.blocks_moved), number(totals.refusals));
  std::printf("%llu steps, %llu crashes, %llu openings, %llu faults, %llu checks; %.2f simulated hours in %.1f s\n",
              number(totals.steps), number(totals.crashes), number(totals.openings), number(totals.faults),
              number(totals.checks), static_cast<double>(totals.nanos) / 3.6e12, SecondsNow() - start);
  std::printf("%llu passed, %llu failed\n", number(totals.passed), number(totals.failed));
  return totals.failed == 0 ? 0 : 1;
}
