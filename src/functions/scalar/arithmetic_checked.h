// Integer arithmetic that notices overflow: fast loops that only collect one sticky word, and exact functions for the
// second pass.
//
// Law: a row fails exactly when the mathematical result is not a value of the type, or a divisor is zero.
#pragma once

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "functions/kernel.h"

namespace laminar::functions {

// ---- Exact, one row ----

template <class T>
Outcome AddExact(T a, T b, T& out) {
  return Outcome::FailIf(__builtin_add_overflow(a, b, &out), ErrorCode::kOverflow);
}
template <class T>
Outcome SubtractExact(T a, T b, T& out) {
  return Outcome::FailIf(__builtin_sub_overflow(a, b, &out), ErrorCode::kOverflow);
}
template <class T>
Outcome MultiplyExact(T a, T b, T& out) {
  return Outcome::FailIf(__builtin_mul_overflow(a, b, &out), ErrorCode::kOverflow);
}
template <class T>
constexpr bool IsOverflowingDivision(T a, T b) {
  if constexpr (std::is_signed_v<T>) {
    return a == std::numeric_limits<T>::min() && b == T{-1};
  } else {
    return false;
  }
}
template <class T>
Outcome DivideExact(T a, T b, T& out) {
  if (b == 0) return Outcome::Fail(ErrorCode::kDivisionByZero);
  if (IsOverflowingDivision(a, b)) return Outcome::Fail(ErrorCode::kOverflow);
  out = static_cast<T>(a / b);
  return Outcome::Value();
}
template <class T>
Outcome RemainderExact(T a, T b, T& out) {
  if (b == 0) return Outcome::Fail(ErrorCode::kDivisionByZero);
  out = IsOverflowingDivision(a, b) ? T{0} : static_cast<T>(a % b);
  return Outcome::Value();
}

// ---- Fast, a batch ----

// Each computes the wrapped result and a word whose top bit says that it may be wrong.
template <class T>
using Bits = std::make_unsigned_t<T>;

template <class T>
struct AddFast {
  static constexpr T Value(T a, T b) { return static_cast<T>(static_cast<Bits<T>>(a) + static_cast<Bits<T>>(b)); }
  static constexpr Bits<T> Doubt(T a, T b, T sum) {
    if constexpr (std::is_signed_v<T>) return static_cast<Bits<T>>((a ^ sum) & (b ^ sum));
    return static_cast<Bits<T>>((a & b) | ((a | b) & ~sum));
  }
};
template <class T>
struct SubtractFast {
  static constexpr T Value(T a, T b) { return static_cast<T>(static_cast<Bits<T>>(a) - static_cast<Bits<T>>(b)); }
  static constexpr Bits<T> Doubt(T a, T b, T difference) {
    if constexpr (std::is_signed_v<T>) return static_cast<Bits<T>>((a ^ b) & (a ^ difference));
    return static_cast<Bits<T>>((~a & b) | ((~a | b) & difference));
  }
};
template <class T>
struct MultiplyFast {
  // Products of numbers in the lower half of the bits cannot overflow; anything else is looked at again.
  static constexpr int kHalf = sizeof(T) * 4 - (std::is_signed_v<T> ? 1 : 0);
  static constexpr T Value(T a, T b) { return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b)); }
  static constexpr Bits<T> Doubt(T a, T b, T) {
    constexpr Bits<T> kLimit = static_cast<Bits<T>>(Bits<T>{1} << kHalf);
    if constexpr (std::is_signed_v<T>) {
      const Bits<T> x = static_cast<Bits<T>>(static_cast<Bits<T>>(a) + kLimit);
      const Bits<T> y = static_cast<Bits<T>>(static_cast<Bits<T>>(b) + kLimit);
      return static_cast<Bits<T>>((x | y) >> (kHalf + 1) != 0 ? ~Bits<T>{0} : Bits<T>{0});
    }
    return static_cast<Bits<T>>((a | b) >> kHalf != 0 ? ~Bits<T>{0} : Bits<T>{0});
  }
};

template <class T, class Fast, auto Exact>
void Checked(KernelContext& context, Arguments args, Column& out) {
  const T* __restrict a = args[0]->As<T>();
  const T* __restrict b = args[1]->As<T>();
  T* __restrict values = out.As<T>();
  Bits<T> sticky = 0;
  const uint32_t rows = context.rows;
  if (args[1]->encoding == data::Encoding::kConstant) {
    const T y = b[0];
    for (uint32_t i = 0; i < rows; ++i) {
      const T x = a[i];
      const T value = Fast::Value(x, y);
      values[i] = value;
      sticky |= Fast::Doubt(x, y, value);
    }
  } else if (args[0]->encoding == data::Encoding::kConstant) {
    const T x = a[0];
    for (uint32_t i = 0; i < rows; ++i) {
      const T y = b[i];
      const T value = Fast::Value(x, y);
      values[i] = value;
      sticky |= Fast::Doubt(x, y, value);
    }
  } else {
    for (uint32_t i = 0; i < rows; ++i) {
      const T x = a[i];
      const T y = b[i];
      const T value = Fast::Value(x, y);
      values[i] = value;
      sticky |= Fast::Doubt(x, y, value);
    }
  }
  if ((sticky >> (sizeof(T) * 8 - 1)) != 0) [[unlikely]] {
    expr::kernel_internal::MarkRows<Exact, T, T, T>(context, out, Arg<T>(*args[0]), Arg<T>(*args[1]));
  }
}

// ---- Division by a constant ----

// Between whole numbers below 2^51 and doubles by adding 1.5 * 2^52: plain vector arithmetic, unlike the conversion
// instructions.
inline constexpr int64_t kExactLimit = int64_t{1} << 51;
// Below 2^52 exactly if |value| < 2^51 (or it is -2^51).
inline uint64_t BelowLimit(int64_t value) { return static_cast<uint64_t>(value) + static_cast<uint64_t>(kExactLimit); }
// The remainder that a rounded quotient leaves, and whether it has the wrong sign (all ones) for a quotient cut towards
// zero.
inline int64_t Wrapped(uint64_t value) { return static_cast<int64_t>(value); }
inline int64_t RestOf(int64_t x, int64_t rounded, int64_t d) {
  return Wrapped(static_cast<uint64_t>(x) - static_cast<uint64_t>(rounded) * static_cast<uint64_t>(d));
}
inline int64_t IsWrongRest(int64_t rest, int64_t negative) {
  const int64_t negated = Wrapped(uint64_t{0} - static_cast<uint64_t>(rest));
  return ((rest ^ negative) >> 63) & ((rest | negated) >> 63);
}
// value, or -value where sign is all ones.
inline int64_t WithSign(int64_t value, int64_t sign) {
  return Wrapped(static_cast<uint64_t>(value ^ sign) - static_cast<uint64_t>(sign));
}
inline double SmallToDouble(int64_t value) {
  const uint64_t bits = static_cast<uint64_t>(value) + 0x4338000000000000u;
  double shifted = 0;
  std::memcpy(&shifted, &bits, 8);
  return shifted - 0x1.8p52;
}
inline int64_t SmallToInteger(double value) {
  const double shifted = value + 0x1.8p52;
  uint64_t bits = 0;
  std::memcpy(&bits, &shifted, 8);
  return static_cast<int64_t>(bits - 0x4338000000000000u);
}

// Rows / divisor and rows % divisor for 0 < |divisor| < 2^31 and |rows| < 2^51. The rounded quotient is off by less
// than one, so one correction towards zero makes it exact. False: a row is too large, `values` is unfinished.
template <bool kIsRemainder>
bool DivideByConstant(const int64_t* __restrict a, int64_t divisor, uint32_t rows, int64_t* __restrict values) {
  const int64_t d = divisor < 0 ? -divisor : divisor;
  const int64_t sign = divisor < 0 ? -1 : 0;
  const double inverse = 1.0 / static_cast<double>(d);
  uint64_t sticky = 0;
  for (uint32_t i = 0; i < rows; ++i) {
    const int64_t x = a[i];
    sticky |= BelowLimit(x);
    const int64_t rounded = SmallToInteger(SmallToDouble(x) * inverse);
    const int64_t rest = RestOf(x, rounded, d);
    const int64_t negative = x >> 63;
    const int64_t is_wrong = IsWrongRest(rest, negative);
    if constexpr (kIsRemainder) {
      values[i] = Wrapped(static_cast<uint64_t>(rest) + static_cast<uint64_t>(is_wrong & WithSign(d, negative)));
    } else {
      const int64_t step = is_wrong & (negative | 1);
      values[i] = WithSign(Wrapped(static_cast<uint64_t>(rounded) - static_cast<uint64_t>(step)), sign);
    }
  }
  return (sticky >> 52) == 0;
}

// The same for two columns of numbers below 2^51. False also when a divisor is zero: the exact kernel then says which.
template <bool kIsRemainder>
bool DivideSmall(const int64_t* __restrict a, const int64_t* __restrict b, uint32_t rows, int64_t* __restrict values) {
  uint64_t sticky = 0;
  for (uint32_t i = 0; i < rows; ++i) {
    const int64_t x = a[i];
    const int64_t y = b[i];
    const int64_t sign = y >> 63;
    const int64_t d = WithSign(y, sign);
    // Of a zero divisor d - 1 has its top bits set.
    sticky |= BelowLimit(x) | BelowLimit(y) | (static_cast<uint64_t>(d) - 1);
    const int64_t rounded = SmallToInteger(SmallToDouble(x) / SmallToDouble(d));
    const int64_t rest = RestOf(x, rounded, d);
    const int64_t negative = x >> 63;
    const int64_t is_wrong = IsWrongRest(rest, negative);
    if constexpr (kIsRemainder) {
      values[i] = Wrapped(static_cast<uint64_t>(rest) + static_cast<uint64_t>(is_wrong & WithSign(d, negative)));
    } else {
      const int64_t step = is_wrong & (negative | 1);
      values[i] = WithSign(Wrapped(static_cast<uint64_t>(rounded) - static_cast<uint64_t>(step)), sign);
    }
  }
  return (sticky >> 52) == 0;
}

template <class T, bool kIsRemainder>
void Divide(KernelContext& context, Arguments args, Column& out) {
  if constexpr (std::is_same_v<T, int64_t>) {
    const bool is_flat = args[0]->encoding == data::Encoding::kFlat;
    if (is_flat && args[1]->encoding == data::Encoding::kFlat) {
      if (DivideSmall<kIsRemainder>(args[0]->As<int64_t>(), args[1]->As<int64_t>(), context.rows, out.As<int64_t>()))
        return;
    } else if (is_flat) {
      const int64_t divisor = args[1]->As<int64_t>()[0];
      const bool is_small = divisor != 0 && divisor > -(int64_t{1} << 31) && divisor < (int64_t{1} << 31);
      if (is_small && DivideByConstant<kIsRemainder>(args[0]->As<int64_t>(), divisor, context.rows, out.As<int64_t>()))
        return;
    }
  }
  if constexpr (kIsRemainder) {
    Binary<T, T, T, RemainderExact<T>>(context, args, out);
  } else {
    Binary<T, T, T, DivideExact<T>>(context, args, out);
  }
}

}  // namespace laminar::functions
