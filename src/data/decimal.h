// DECIMAL arithmetic on unscaled 128-bit integers: value = unscaled / 10^scale, at most 38 digits.
//
// Every function returns false where the result does not fit 38 digits (or the given precision) and leaves `out`
// untouched then. Rounding is half away from zero everywhere. Nothing allocates.
#pragma once

#include <cstdint>
#include <string_view>

namespace laminar::data {

using Int128 = __int128;
using UInt128 = unsigned __int128;

inline constexpr int kMaxDecimalPrecision = 38;
inline constexpr uint32_t kMaxDecimalText = 42;  // sign, 39 digits, point

// 10^exponent, 0 <= exponent <= 38.
Int128 PowerOfTen(int exponent);
// |value| < 10^precision.
bool FitsPrecision(Int128 value, int precision);

// [+-]digits[.digits][e[+-]digits]; digits beyond the scale are rounded.
bool ParseDecimal(std::string_view text, int precision, int scale, Int128& out);
// "-12.30"; always `scale` digits after the point. Returns the length.
uint32_t FormatDecimal(Int128 value, int scale, char* out);

bool RescaleDecimal(Int128 value, int from_scale, int to_scale, int to_precision, Int128& out);

// The operands have the same scale; the result has it too.
bool AddDecimal(Int128 a, Int128 b, Int128& out);
bool SubtractDecimal(Int128 a, Int128 b, Int128& out);
// Result scale is `scale`; operands may have any. The exact product or quotient is rounded once.
bool MultiplyDecimal(Int128 a, int a_scale, Int128 b, int b_scale, int scale, Int128& out);
bool DivideDecimal(Int128 a, int a_scale, Int128 b, int b_scale, int scale, Int128& out);  // false also for b == 0
// Remainder with the sign of a, at the larger of both scales.
bool RemainderDecimal(Int128 a, int a_scale, Int128 b, int b_scale, Int128& out);
// -1, 0, 1; exact for any scales.
int CompareDecimal(Int128 a, int a_scale, Int128 b, int b_scale);

// The nearest double.
double DecimalToDouble(Int128 value, int scale);
// False for NaN, infinities and values that do not fit.
bool DoubleToDecimal(double value, int precision, int scale, Int128& out);
bool DecimalToInt64(Int128 value, int scale, int64_t& out);
bool DecimalToUInt64(Int128 value, int scale, uint64_t& out);
bool Int64ToDecimal(int64_t value, int precision, int scale, Int128& out);
bool UInt64ToDecimal(uint64_t value, int precision, int scale, Int128& out);

}  // namespace laminar::data
