#include "data/decimal.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace laminar::data {
namespace {

constexpr std::array<Int128, 39> MakePowers() {
  std::array<Int128, 39> powers{};
  Int128 power = 1;
  for (Int128& entry : powers) {
    entry = power;
    if (power <= (std::numeric_limits<Int128>::max)() / 10) power *= 10;
  }
  return powers;
}
constexpr std::array<Int128, 39> kPowers = MakePowers();

UInt128 Magnitude(Int128 value) { return value < 0 ? 0 - static_cast<UInt128>(value) : static_cast<UInt128>(value); }

struct UInt256 {
  UInt128 high = 0;
  UInt128 low = 0;
};

UInt256 Multiply(UInt128 a, UInt128 b) {
  const UInt128 mask = ~uint64_t{0};
  const UInt128 a_low = a & mask;
  const UInt128 a_high = a >> 64;
  const UInt128 b_low = b & mask;
  const UInt128 b_high = b >> 64;
  const UInt128 low = a_low * b_low;
  const UInt128 middle_a = a_high * b_low + (low >> 64);
  const UInt128 middle_b = a_low * b_high + (middle_a & mask);
  return {.high = a_high * b_high + (middle_a >> 64) + (middle_b >> 64), .low = (middle_b << 64) | (low & mask)};
}

// By a number that leaves the product below 2^256; false if it does not.
bool Multiply(UInt256 a, UInt128 b, UInt256& out) {
  const UInt256 low = Multiply(a.low, b);
  const UInt256 high = Multiply(a.high, b);
  UInt128 top = 0;
  if (high.high != 0 || __builtin_add_overflow(high.low, low.high, &top)) return false;
  out = {.high = top, .low = low.low};
  return true;
}

// Quotient and remainder, one bit at a time where the hardware's 128 bits do not reach.
UInt256 Divide(UInt256 n, UInt128 d, UInt128& remainder) {
  if (n.high == 0) {
    remainder = n.low % d;
    return {.high = 0, .low = n.low / d};
  }
  UInt256 quotient{.high = n.high / d, .low = 0};
  UInt128 rest = n.high % d;
  for (int bit = 127; bit >= 0; --bit) {
    const bool carry = (rest >> 127) != 0;
    rest = (rest << 1) | ((n.low >> bit) & 1);
    if (carry || rest >= d) {
      rest -= d;
      quotient.low |= UInt128{1} << bit;
    }
  }
  remainder = rest;
  return quotient;
}

// A magnitude with its sign, if it has at most 38 digits.
bool Finish(UInt256 value, bool is_negative, Int128& out) {
  if (value.high != 0 || value.low >= static_cast<UInt128>(kPowers[38])) return false;
  out = is_negative ? -static_cast<Int128>(value.low) : static_cast<Int128>(value.low);
  return true;
}

UInt256 PlusOne(UInt256 value) {
  value.low += 1;
  if (value.low == 0) value.high += 1;
  return value;
}

UInt256 DivideRounded(UInt256 n, UInt128 d) {
  UInt128 remainder = 0;
  const UInt256 quotient = Divide(n, d, remainder);
  return remainder >= d - remainder ? PlusOne(quotient) : quotient;
}

// n / 10^digits, rounded once, digits up to 76.
UInt256 DropDigits(UInt256 n, int digits) {
  if (digits <= 38) return DivideRounded(n, static_cast<UInt128>(kPowers[digits]));
  UInt128 remainder = 0;
  n = Divide(n, static_cast<UInt128>(kPowers[38]), remainder);
  // The divisor is even, so what was cut off first cannot reach the half by itself.
  return DivideRounded(n, static_cast<UInt128>(kPowers[digits - 38]));
}

bool AddDigits(UInt256& n, int digits) {
  for (; digits > 38; digits -= 38) {
    if (!Multiply(n, static_cast<UInt128>(kPowers[38]), n)) return false;
  }
  return Multiply(n, static_cast<UInt128>(kPowers[digits]), n);
}

bool ReadExponent(std::string_view text, int& out) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  if (text.empty()) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && out >= -100'000 && out <= 100'000;
}

// Digits around an optional point, down to the scale.
struct Mantissa {
  UInt128 value = 0;
  bool round_up = false;
  bool has_digits = false;
  int64_t missing_zeros = 0;  // powers between the last digit and the scale

  bool Read(std::string_view text, int exponent, int scale) {
    const size_t point = text.find('.');
    const size_t whole = point == std::string_view::npos ? text.size() : point;
    int64_t power = static_cast<int64_t>(whole) - 1 + exponent;
    for (size_t i = 0; i < text.size(); ++i) {
      if (i == whole) continue;
      const uint32_t digit = static_cast<uint8_t>(text[i] - '0');
      if (digit > 9) return false;
      has_digits = true;
      if (power >= -scale) {
        if (value >= static_cast<UInt128>(kPowers[37])) return false;
        value = value * 10 + digit;
      } else if (power == -scale - 1) {
        round_up = digit >= 5;
      }
      --power;
    }
    missing_zeros = power + 1 + scale;
    return has_digits;
  }
};

}  // namespace

Int128 PowerOfTen(int exponent) { return kPowers[static_cast<size_t>(exponent)]; }

bool FitsPrecision(Int128 value, int precision) {
  return Magnitude(value) < static_cast<UInt128>(kPowers[static_cast<size_t>(precision)]);
}

bool ParseDecimal(std::string_view text, int precision, int scale, Int128& out) {
  const bool is_negative = !text.empty() && text[0] == '-';
  if (is_negative || (!text.empty() && text[0] == '+')) text.remove_prefix(1);
  int exponent = 0;
  if (const size_t mark = text.find_first_of("eE"); mark != std::string_view::npos) {
    if (!ReadExponent(text.substr(mark + 1), exponent)) return false;
    text = text.substr(0, mark);
  }
  Mantissa mantissa;
  if (!mantissa.Read(text, exponent, scale)) return false;
  UInt256 value{.high = 0, .low = mantissa.value};
  if (mantissa.missing_zeros > 0 && mantissa.value != 0) {
    if (mantissa.missing_zeros > 76 || !AddDigits(value, static_cast<int>(mantissa.missing_zeros))) return false;
  }
  if (mantissa.round_up) value = PlusOne(value);
  Int128 result = 0;
  if (!Finish(value, is_negative, result) || !FitsPrecision(result, precision)) return false;
  out = result;
  return true;
}

uint32_t FormatDecimal(Int128 value, int scale, char* out) {
  char digits[40];
  int count = 0;
  UInt128 rest = Magnitude(value);
  while (rest > UINT64_MAX) {
    digits[count++] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  auto small = static_cast<uint64_t>(rest);
  while (small > 0 || count <= scale) {
    digits[count++] = static_cast<char>('0' + small % 10);
    small /= 10;
  }
  char* p = out;
  if (value < 0) *p++ = '-';
  while (count > 0) {
    *p++ = digits[--count];
    if (count == scale && scale > 0) *p++ = '.';
  }
  return static_cast<uint32_t>(p - out);
}

bool RescaleDecimal(Int128 value, int from_scale, int to_scale, int to_precision, Int128& out) {
  Int128 result = value;
  if (to_scale > from_scale) {
    if (__builtin_mul_overflow(value, kPowers[static_cast<size_t>(to_scale - from_scale)], &result)) return false;
  } else if (to_scale < from_scale) {
    const UInt256 cut = DropDigits({.high = 0, .low = Magnitude(value)}, from_scale - to_scale);
    if (!Finish(cut, value < 0, result)) return false;
  }
  if (!FitsPrecision(result, to_precision)) return false;
  out = result;
  return true;
}

bool AddDecimal(Int128 a, Int128 b, Int128& out) {
  Int128 sum = 0;
  if (__builtin_add_overflow(a, b, &sum) || !FitsPrecision(sum, 38)) return false;
  out = sum;
  return true;
}

bool SubtractDecimal(Int128 a, Int128 b, Int128& out) {
  Int128 difference = 0;
  if (__builtin_sub_overflow(a, b, &difference) || !FitsPrecision(difference, 38)) return false;
  out = difference;
  return true;
}

bool MultiplyDecimal(Int128 a, int a_scale, Int128 b, int b_scale, int scale, Int128& out) {
  UInt256 product = Multiply(Magnitude(a), Magnitude(b));
  const int surplus = a_scale + b_scale - scale;
  if (surplus > 0) {
    product = DropDigits(product, surplus);
  } else if (surplus < 0 && !AddDigits(product, -surplus)) {
    return false;
  }
  return Finish(product, (a < 0) != (b < 0), out);
}

bool DivideDecimal(Int128 a, int a_scale, Int128 b, int b_scale, int scale, Int128& out) {
  if (b == 0) return false;
  UInt256 numerator{.high = 0, .low = Magnitude(a)};
  const UInt128 divisor = Magnitude(b);
  const int shift = scale + b_scale - a_scale;
  const bool is_negative = (a < 0) != (b < 0);
  if (shift >= 0) {
    // Where the shifted numerator leaves 256 bits the quotient has more than 38 digits.
    if (!AddDigits(numerator, shift)) return false;
    return Finish(DivideRounded(numerator, divisor), is_negative, out);
  }
  // a / (b * 10^-shift): the divisor may leave 128 bits; then twice the numerator is less than it, or the quotient is
  // found in two steps.
  UInt128 remainder = 0;
  const UInt256 first = Divide(numerator, divisor, remainder);
  return Finish(DropDigits(first, -shift), is_negative, out);
}

bool RemainderDecimal(Int128 a, int a_scale, Int128 b, int b_scale, Int128& out) {
  if (b == 0) return false;
  UInt256 left{.high = 0, .low = Magnitude(a)};
  UInt128 remainder = 0;
  if (a_scale >= b_scale) {
    UInt256 right{.high = 0, .low = Magnitude(b)};
    if (!AddDigits(right, a_scale - b_scale)) return false;
    // A divisor beyond 128 bits is larger than any numerator.
    if (right.high != 0) {
      out = a;
      return true;
    }
    Divide(left, right.low, remainder);
  } else {
    if (!AddDigits(left, b_scale - a_scale)) return false;
    Divide(left, Magnitude(b), remainder);
  }
  return Finish({.high = 0, .low = remainder}, a < 0, out);
}

int CompareDecimal(Int128 a, int a_scale, Int128 b, int b_scale) {
  if (a_scale == b_scale) return a < b ? -1 : (a > b ? 1 : 0);
  if ((a < 0) != (b < 0)) return a < 0 ? -1 : 1;
  // A factor of 10^38 at most, so the products fit 256 bits.
  const int a_digits = b_scale > a_scale ? b_scale - a_scale : 0;
  const int b_digits = a_scale > b_scale ? a_scale - b_scale : 0;
  const UInt256 left = Multiply(Magnitude(a), static_cast<UInt128>(PowerOfTen(a_digits)));
  const UInt256 right = Multiply(Magnitude(b), static_cast<UInt128>(PowerOfTen(b_digits)));
  const int sign = a < 0 ? -1 : 1;
  if (left.high != right.high) return left.high < right.high ? -sign : sign;
  return left.low == right.low ? 0 : (left.low < right.low ? -sign : sign);
}

double DecimalToDouble(Int128 value, int scale) {
  constexpr double kExactPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  constexpr UInt128 kExactLimit = UInt128{1} << 53;
  // Both exact, so one rounding.
  if (Magnitude(value) <= kExactLimit && scale <= 22) return static_cast<double>(value) / kExactPowers[scale];
  char text[kMaxDecimalText];
  const uint32_t length = FormatDecimal(value, scale, text);
  double out = 0;
  std::from_chars(text, text + length, out);
  return out;
}

bool DoubleToDecimal(double value, int precision, int scale, Int128& out) {
  if (!std::isfinite(value)) return false;
  // Through the shortest text, so that 0.145 is 0.145 and not what its binary form is nearest to.
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific);
  if (error != std::errc()) return false;
  return ParseDecimal({text, static_cast<size_t>(end - text)}, precision, scale, out);
}

bool DecimalToInt64(Int128 value, int scale, int64_t& out) {
  Int128 whole = 0;
  if (!RescaleDecimal(value, scale, 0, 38, whole) || whole != static_cast<int64_t>(whole)) return false;
  out = static_cast<int64_t>(whole);
  return true;
}

bool DecimalToUInt64(Int128 value, int scale, uint64_t& out) {
  Int128 whole = 0;
  if (!RescaleDecimal(value, scale, 0, 38, whole) || whole < 0 || whole > static_cast<Int128>(UINT64_MAX)) return false;
  out = static_cast<uint64_t>(whole);
  return true;
}

bool Int64ToDecimal(int64_t value, int precision, int scale, Int128& out) {
  return RescaleDecimal(value, 0, scale, precision, out);
}

bool UInt64ToDecimal(uint64_t value, int precision, int scale, Int128& out) {
  return RescaleDecimal(static_cast<Int128>(value), 0, scale, precision, out);
}

}  // namespace laminar::data
