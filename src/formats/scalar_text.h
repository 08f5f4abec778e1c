// Fast readers of the common texts of scalars: plain digits, plain decimals, ISO timestamps.
//
// Law: where one of these says yes, data::ParseText would have read the same value. A no means "ask the full reader",
// not "wrong". `limit` is the end of readable memory: a reader may look at bytes behind `end`, never at or behind
// `limit`.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "data/temporal.h"

namespace laminar::formats {

// Eight bytes that end at `length` (0..8) digits, as a number; false: another character among them.
inline bool EightDigits(uint64_t bytes, uint32_t length, uint64_t& out) {
  if (length < 8) bytes = length == 0 ? 0 : bytes << (64 - length * 8);
  const uint64_t zeros = length < 8 ? 0x3030303030303030ull >> (length * 8) : 0;
  bytes |= zeros;
  const uint64_t high = bytes & 0xF0F0F0F0F0F0F0F0ull;
  const uint64_t above = (bytes + 0x0606060606060606ull) & 0xF0F0F0F0F0F0F0F0ull;  // ':' and higher leave the 0x30s
  if ((high | above >> 4) != 0x3333333333333333ull) return false;
  bytes -= 0x3030303030303030ull;
  bytes = bytes * 10 + (bytes >> 8);
  out = (((bytes & 0x000000FF000000FFull) * 0x000F424000000064ull) +
         (((bytes >> 16) & 0x000000FF000000FFull) * 0x0000271000000001ull)) >>
        32;
  return true;
}

inline uint64_t LoadEight(const char* p) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, p, 8);
  return bytes;
}

// 1 to 18 digits, without a sign.
inline bool ReadDigits(const char* p, const char* end, const char* limit, uint64_t& out) {
  const auto length = static_cast<uint32_t>(end - p);
  if (length == 0 || length > 18) return false;
  if (limit - p >= 24) {
    uint64_t head = 0;
    if (length <= 8) return EightDigits(LoadEight(p), length, out);
    if (!EightDigits(LoadEight(p), 8, head)) return false;
    uint64_t tail = 0;
    if (length <= 16) {
      constexpr uint64_t kPowers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
      if (!EightDigits(LoadEight(p + 8), length - 8, tail)) return false;
      out = head * kPowers[length - 8] + tail;
      return true;
    }
    if (!EightDigits(LoadEight(p + 8), 8, tail)) return false;
    out = head * 100000000 + tail;
    p += 16;
  } else {
    out = 0;
  }
  for (; p < end; ++p) {
    const auto digit = static_cast<unsigned>(*p - '0');
    if (digit > 9) return false;
    out = out * 10 + digit;
  }
  return true;
}

inline bool ReadInt64(const char* p, const char* end, const char* limit, int64_t& out) {
  const bool negative = p < end && *p == '-';
  uint64_t digits = 0;
  if (!ReadDigits(p + (negative ? 1 : 0), end, limit, digits)) return false;
  out = negative ? -static_cast<int64_t>(digits) : static_cast<int64_t>(digits);
  return true;
}

// digits[.digits] of up to 18 digits in all. scale: how many stand after the point.
inline bool ReadPlainDecimal(const char* p, const char* end, int64_t& unscaled, int& scale) {
  const bool negative = p < end && *p == '-';
  if (negative) ++p;
  uint64_t digits = 0;
  const char* point = nullptr;
  if (end - p > 19 || p == end) return false;
  for (const char* q = p; q < end; ++q) {
    const auto digit = static_cast<unsigned>(*q - '0');
    if (digit <= 9) {
      digits = digits * 10 + digit;
    } else if (*q == '.' && point == nullptr) {
      point = q;
    } else {
      return false;
    }
  }
  const int64_t count = (end - p) - (point != nullptr ? 1 : 0);
  if (count == 0 || count > 18) return false;
  scale = point != nullptr ? static_cast<int>(end - point - 1) : 0;
  unscaled = negative ? -static_cast<int64_t>(digits) : static_cast<int64_t>(digits);
  return true;
}

// Exact: the digits and the power of ten are both doubles, so one division rounds once.
inline bool ReadDouble(const char* p, const char* end, double& out) {
  constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};
  int64_t digits = 0;
  int scale = 0;
  if (ReadPlainDecimal(p, end, digits, scale) && digits < (int64_t{1} << 53) && digits > -(int64_t{1} << 53) &&
      digits != 0) {
    out = static_cast<double>(digits) / kPowers[scale];
    return true;
  }
  const auto [rest, error] = std::from_chars(p, end, out);
  return error == std::errc() && rest == end && p < end && *p != 'n' && *p != 'i' && *p != 'N' && *p != 'I' &&
         !(*p == '-' && (p[1] < '0' || p[1] > '9'));
}

// Reads YYYY-MM-DD[ T]HH:MM:SS[.fraction of 1 to 6 digits][Z] in microseconds; remembers the day, since neighbours
// share it.
class TimestampReader {
 public:
  bool Read(const char* p, const char* end, int64_t& out) {
    if (end > p && end[-1] == 'Z') --end;
    const auto length = static_cast<uint32_t>(end - p);
    if (length < 19 || length > 26 || length == 20) return false;
    if (p[4] != '-' || p[7] != '-' || (p[10] != ' ' && p[10] != 'T') || p[13] != ':' || p[16] != ':') return false;
    if (std::memcmp(p, day_text_, 10) != 0) {
      int32_t days = 0;
      if (!data::ParseDate(std::string_view(p, 10), days)) return false;
      std::memcpy(day_text_, p, 10);
      day_micros_ = static_cast<int64_t>(days) * kDay;
    }
    uint32_t hour = 0;
    uint32_t minute = 0;
    uint32_t second = 0;
    if (!TwoDigits(p + 11, hour) || !TwoDigits(p + 14, minute) || !TwoDigits(p + 17, second)) return false;
    if (hour > 23 || minute > 59 || second > 59) return false;
    uint32_t fraction = 0;
    if (length > 19) {
      if (p[19] != '.') return false;
      constexpr uint32_t kScale[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
      for (const char* q = p + 20; q < end; ++q) {
        const auto digit = static_cast<unsigned>(*q - '0');
        if (digit > 9) return false;
        fraction = fraction * 10 + digit;
      }
      fraction *= kScale[length - 20];
    }
    out = day_micros_ + (static_cast<int64_t>(hour) * 3600 + minute * 60 + second) * kSecond + fraction;
    return true;
  }

 private:
  static bool TwoDigits(const char* p, uint32_t& out) {
    const auto high = static_cast<unsigned>(p[0] - '0');
    const auto low = static_cast<unsigned>(p[1] - '0');
    out = high * 10 + low;
    return high <= 9 && low <= 9;
  }
  char day_text_[10] = {};
  int64_t day_micros_ = 0;
};

}  // namespace laminar::formats
