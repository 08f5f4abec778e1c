// Writing dates, times, timestamps and offsets.
#include <cstring>

#include "data/temporal.h"

namespace laminar::data {
namespace {

inline char* PutTwo(uint32_t value, char* out) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}

// At least four digits.
char* PutYear(int64_t year, char* out) {
  if (year < 0) *out++ = '-';
  uint64_t rest = year < 0 ? 0 - static_cast<uint64_t>(year) : static_cast<uint64_t>(year);
  char digits[20];
  int count = 0;
  while (rest > 0 || count < 4) {
    digits[count++] = static_cast<char>('0' + rest % 10);
    rest /= 10;
  }
  while (count > 0) *out++ = digits[--count];
  return out;
}

char* PutDate(int64_t days, char* out) {
  const CivilDate date = CivilFromDays(days);
  out = PutYear(date.year, out);
  *out++ = '-';
  out = PutTwo(static_cast<uint32_t>(date.month), out);
  *out++ = '-';
  return PutTwo(static_cast<uint32_t>(date.day), out);
}

// ".123", nothing for zero.
char* PutFraction(uint64_t fraction, int digits, char* out) {
  if (fraction == 0) return out;
  *out = '.';
  for (int i = digits; i > 0; --i) {
    out[i] = static_cast<char>('0' + fraction % 10);
    fraction /= 10;
  }
  while (out[digits] == '0') --digits;
  return out + digits + 1;
}

char* PutClock(uint64_t seconds, uint64_t fraction, int digits, char* out) {
  out = PutTwo(static_cast<uint32_t>(seconds / 3600), out);
  *out++ = ':';
  out = PutTwo(static_cast<uint32_t>(seconds / 60 % 60), out);
  *out++ = ':';
  out = PutTwo(static_cast<uint32_t>(seconds % 60), out);
  return PutFraction(fraction, digits, out);
}

}  // namespace

uint32_t FormatDate(int64_t days, char* out) { return static_cast<uint32_t>(PutDate(days, out) - out); }

uint32_t FormatTime(int64_t micros, char* out) {
  // A time outside the day can only come from damaged memory; it must not write past the buffer.
  const auto in_day = static_cast<uint64_t>(FloorMod(micros, kDay));
  return static_cast<uint32_t>(PutClock(in_day / 1'000'000, in_day % 1'000'000, 6, out) - out);
}

uint32_t FormatTimestamp(int64_t value, bool nanos, char separator, char* out) {
  const int64_t units = nanos ? 1'000'000'000 : 1'000'000;
  const int64_t seconds = FloorDiv(value, units);
  const int64_t days = FloorDiv(seconds, 86400);
  char* p = PutDate(days, out);
  *p++ = separator;
  p = PutClock(static_cast<uint64_t>(seconds - days * 86400), static_cast<uint64_t>(FloorMod(value, units)),
               nanos ? 9 : 6, p);
  return static_cast<uint32_t>(p - out);
}

uint32_t FormatOffset(int32_t seconds, char* out) {
  char* p = out;
  *p++ = seconds < 0 ? '-' : '+';
  const uint32_t size = (seconds < 0 ? 0 - static_cast<uint32_t>(seconds) : static_cast<uint32_t>(seconds)) % 360000;
  p = PutTwo(size / 3600, p);
  if (size % 3600 != 0) {
    *p++ = ':';
    p = PutTwo(size / 60 % 60, p);
    if (size % 60 != 0) {
      *p++ = ':';
      p = PutTwo(size % 60, p);
    }
  }
  return static_cast<uint32_t>(p - out);
}

}  // namespace laminar::data
