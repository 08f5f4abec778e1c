// The main of every fuzzer: [--seed n] [--seconds s]. Prints "seed n" before each run, so a crash names its seed.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "fuzz.h"

namespace {

double SecondsNow() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

uint64_t FreshSeed() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
}

void RunSeed(uint64_t seed) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  FuzzSeed(seed);
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 2;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seed") == 0) {
      RunSeed(std::strtoull(argv[i + 1], nullptr, 10));
      return 0;
    }
    if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::atof(argv[i + 1]);
  }
  const double end = SecondsNow() + seconds;
  uint64_t seed = FreshSeed();
  uint64_t runs = 0;
  for (; SecondsNow() < end; ++runs) RunSeed(seed++);
  std::printf("%llu runs\n", static_cast<unsigned long long>(runs));
  return 0;
}
