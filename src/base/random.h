// A seeded generator (xorshift64*): same seed, same numbers, on every machine. Not for secrets.
#pragma once

#include <cstdint>

namespace laminar {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ull + 0x1234567887654321ull) {
    if (state_ == 0) state_ = 1;
  }
  uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1Dull;
  }
  // Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound) { return static_cast<uint64_t>((static_cast<__uint128_t>(Next()) * bound) >> 64); }
  // Uniform in [low, high], which may be all of int64.
  int64_t Between(int64_t low, int64_t high) {
    const uint64_t count = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    return static_cast<int64_t>(static_cast<uint64_t>(low) + (count == 0 ? Next() : Below(count)));
  }
  // Uniform in [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  uint64_t state_;
};

}  // namespace laminar
