// Comparison of values of every type: the kernels that = <> < <= > >=, IN, NULLIF, GREATEST and IS DISTINCT FROM share.
//
// Law: a total order within one type that agrees with data::Value::Compare: NaN above all numbers and equal to itself,
// -0.0 equal to
// 0.0, texts by bytes, intervals by length with months of 30 days, lists item by item, NULL items last.
#pragma once

#include <bit>
#include <cmath>
#include <type_traits>

#include "data/numeric_bits.h"
#include "expr/function.h"
#include "functions/kernel.h"

namespace laminar::functions {

enum class CompareOp : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };

// Equality and order of single values; branch-free where the type allows it.
template <class T>
struct Order {
  static constexpr bool Equal(T a, T b) { return a == b; }
  static constexpr bool Less(T a, T b) { return a < b; }
};
template <class T>
  requires std::is_floating_point_v<T>
struct Order<T> {
  static constexpr bool Equal(T a, T b) { return (a == b) | ((a != a) & (b != b)); }
  static constexpr bool Less(T a, T b) { return (a < b) | ((b != b) & (a == a)); }
};
// A text of at most 12 bytes as one number: its bytes as big-endian digits, then its length, so that "a" comes before
// "a\0".
inline UInt128 InlineKey(const StringRef& text) {
  const uint64_t low = text.low();
  const uint64_t high = text.high();
  const uint64_t first = __builtin_bswap64(low >> 32 | high << 32);
  const uint64_t rest = (__builtin_bswap64(high) << 32) | (low & 0xFFFFFFFFu);
  return UInt128{first} << 64 | rest;
}
template <>
struct Order<StringRef> {
  static bool Equal(const StringRef& a, const StringRef& b) { return a == b; }
  static bool Less(const StringRef& a, const StringRef& b) {
    if (a.is_inline() && b.is_inline()) return InlineKey(a) < InlineKey(b);
    return a < b;
  }
};
template <>
struct Order<Interval> {
  static bool Equal(Interval a, Interval b) { return data::IntervalMicros(a) == data::IntervalMicros(b); }
  static bool Less(Interval a, Interval b) { return data::IntervalMicros(a) < data::IntervalMicros(b); }
};

// -1, 0, 1 for two rows of flat or constant columns of one type.
int CompareRows(const Column& a, uint32_t a_row, const Column& b, uint32_t b_row, const Type& type);

// State of comparisons of nested values.
struct ComparedType final : expr::FunctionState {
  Type type;
};

// The kernel for two columns of `type`; nested types need a ComparedType as state. Never null for a comparable type.
expr::Kernel CompareKernel(CompareOp op, const Type& type);
std::shared_ptr<const expr::FunctionState> CompareState(const Type& type);

// The type two sides are compared in; text without a type yet (NULL) takes the other side's.
Result<Type> ComparedTypeOf(const expr::BindCall& call);

}  // namespace laminar::functions
