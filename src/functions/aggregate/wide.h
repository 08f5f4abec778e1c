// Exact sums that cannot overflow: 128 bits for integers, 192 bits for decimals; and compensated sums of doubles.
//
// Each is linear: Add(v, -w) undoes Add(v, w), and a sum whose count is back at zero is exactly empty again.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include "data/value.h"

namespace laminar::functions {

using data::Int128;
using data::UInt128;

// A sum of integers of at most 64 bits. Fields are 8-aligned, unlike __int128.
struct IntegerSum {
  uint64_t low = 0;
  uint64_t high = 0;
  int64_t count = 0;

  Int128 sum() const { return static_cast<Int128>(static_cast<UInt128>(high) << 64 | low); }
  void AddSum(Int128 value) {
    const UInt128 total = static_cast<UInt128>(sum()) + static_cast<UInt128>(value);
    low = static_cast<uint64_t>(total);
    high = static_cast<uint64_t>(total >> 64);
  }
  static void Merge(IntegerSum& into, const IntegerSum& from) {
    into.AddSum(from.sum());
    into.count += from.count;
  }
};

// A sum of 128-bit integers, in 192 bits.
struct DecimalSum {
  uint64_t limbs[3] = {0, 0, 0};  // two's complement, low first
  int64_t count = 0;

  // Adds value * 2^(64 * limb).
  void AddAt(int limb, Int128 value) {
    const uint64_t parts[3] = {static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64),
                               value < 0 ? ~uint64_t{0} : 0};
    UInt128 carry = 0;
    for (int i = limb; i < 3; ++i) {
      carry += static_cast<UInt128>(limbs[i]) + parts[i - limb];
      limbs[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
  }
  // Each half of the value times the weight fits 128 bits with its sign.
  void Add(Int128 value, int64_t weight) {
    AddAt(0, static_cast<Int128>(static_cast<uint64_t>(value)) * weight);
    AddAt(1, (value >> 64) * weight);
    count += weight;
  }
  static void Merge(DecimalSum& into, const DecimalSum& from) {
    UInt128 carry = 0;
    for (int i = 0; i < 3; ++i) {
      carry += static_cast<UInt128>(into.limbs[i]) + from.limbs[i];
      into.limbs[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    into.count += from.count;
  }
  bool FitsInt128() const { return limbs[2] == ((limbs[1] >> 63) != 0 ? ~uint64_t{0} : 0); }
  Int128 sum() const { return static_cast<Int128>(static_cast<UInt128>(limbs[1]) << 64 | limbs[0]); }
};

// Neumaier's sum: `rest` gathers what each addition rounds away, so the error does not grow with the number of rows.
// NaN and infinities are counted apart, so they can be taken back.
struct DoubleSum {
  double total = 0;
  double rest = 0;
  int64_t finite = 0;
  int64_t nans = 0;
  int64_t plus_infinite = 0;
  int64_t minus_infinite = 0;

  int64_t count() const { return finite + nans + plus_infinite + minus_infinite; }

  // total + rest + value, without a branch and without loss.
  void AddExactly(double value) {
    const double next = total + value;
    const double taken = next - total;
    rest += (total - (next - taken)) + (value - taken);
    total = next;
  }
  void AddOne(double value) {
    if (!std::isfinite(value)) [[unlikely]]
      return AddSpecial(value, 1);
    AddExactly(value);
    ++finite;
  }
  void Add(double value, int64_t weight) {
    if (!std::isfinite(value)) [[unlikely]]
      return AddSpecial(value, weight);
    const double factor = static_cast<double>(weight);
    const double product = value * factor;
    AddExactly(product);
    if (weight != 1 && weight != -1) rest += std::fma(value, factor, -product);
    finite += weight;
    ResetIfEmpty();
  }
  void AddSpecial(double value, int64_t weight) {
    if (std::isnan(value)) {
      nans += weight;
    } else if (value > 0) {
      plus_infinite += weight;
    } else {
      minus_infinite += weight;
    }
  }
  // Rounding must not survive the last row.
  void ResetIfEmpty() {
    if (finite == 0) {
      total = 0;
      rest = 0;
    }
  }
  double sum() const {
    if (nans != 0 || (plus_infinite != 0 && minus_infinite != 0)) return std::numeric_limits<double>::quiet_NaN();
    if (plus_infinite != 0) return std::numeric_limits<double>::infinity();
    if (minus_infinite != 0) return -std::numeric_limits<double>::infinity();
    return std::isfinite(total) ? total + rest : total;
  }
  static void Merge(DoubleSum& into, const DoubleSum& from) {
    into.AddExactly(from.total);
    into.rest += from.rest;
    into.finite += from.finite;
    into.nans += from.nans;
    into.plus_infinite += from.plus_infinite;
    into.minus_infinite += from.minus_infinite;
    into.ResetIfEmpty();
  }
};

}  // namespace laminar::functions
