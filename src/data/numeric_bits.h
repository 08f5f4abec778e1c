// One place that says when numbers of a type count as equal and how they are ordered: -0.0 equals 0.0, all NaNs are
// equal and above every number; an INTERVAL is compared as a count of microseconds with months of 30 days and days of
// 24 hours. Used by Value::Compare, HashRows and the key encoding, which must agree.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "data/type.h"

namespace laminar::data {

// The value that stands for all that are equal to it.
inline double CanonicalDouble(double value) {
  if (std::isnan(value)) return std::bit_cast<double>(uint64_t{0x7FF8000000000000});
  return value == 0 ? 0.0 : value;
}

// Unsigned order of these is the order of the doubles.
inline uint64_t OrderedBits(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(CanonicalDouble(value));
  return (bits >> 63) != 0 ? ~bits : bits | (uint64_t{1} << 63);
}
inline double FromOrderedBits(uint64_t bits) {
  return std::bit_cast<double>((bits >> 63) != 0 ? bits & ~(uint64_t{1} << 63) : ~bits);
}

inline int CompareDoubles(double a, double b) {
  const bool a_nan = std::isnan(a);
  const bool b_nan = std::isnan(b);
  if (a_nan || b_nan) return static_cast<int>(a_nan) - static_cast<int>(b_nan);
  return a < b ? -1 : (a > b ? 1 : 0);
}

inline __int128 IntervalMicros(const Interval& value) {
  constexpr __int128 kMicrosPerDay = 86'400'000'000;
  return (static_cast<__int128>(value.months) * 30 + value.days) * kMicrosPerDay + value.micros;
}

}  // namespace laminar::data
