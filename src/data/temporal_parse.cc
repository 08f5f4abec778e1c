// Reading dates, times and timestamps. The usual ISO form has a path of its own: readers of files call it for every
// value.
#include <cstring>

#include "data/temporal.h"

namespace laminar::data {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kSecondsPerDay = 86400;
constexpr int64_t kPowers[] = {1, 10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

// Two digits; `bad` gets bits above 127 where a character is none.
inline uint32_t TwoDigits(const char* p, uint32_t& bad) {
  const uint32_t tens = static_cast<uint8_t>(p[0] - '0');
  const uint32_t ones = static_cast<uint8_t>(p[1] - '0');
  bad |= (tens + 118) | (ones + 118);
  return tens * 10 + ones;
}

class Cursor {
 public:
  explicit Cursor(std::string_view text) : p_(text.data()), end_(text.data() + text.size()) {}

  bool AtEnd() const { return p_ == end_; }
  char Peek() const { return p_ == end_ ? '\0' : *p_; }
  bool Eat(char c) {
    if (p_ == end_ || *p_ != c) return false;
    ++p_;
    return true;
  }
  // A number of `least` to `most` digits, most <= 18; takes no digit more.
  bool Number(int least, int most, int64_t& out) {
    out = 0;
    int digits = 0;
    while (digits < most && p_ != end_ && *p_ >= '0' && *p_ <= '9') {
      out = out * 10 + (*p_++ - '0');
      ++digits;
    }
    return digits >= least;
  }
  // The digits after a point as nanoseconds; those beyond nine are cut off.
  bool Fraction(int64_t& nanos) {
    nanos = 0;
    int digits = 0;
    for (; p_ != end_ && *p_ >= '0' && *p_ <= '9'; ++p_, ++digits) {
      if (digits < 9) nanos = nanos * 10 + (*p_ - '0');
    }
    if (digits == 0) return false;
    if (digits < 9) nanos *= kPowers[9 - digits];
    return true;
  }
  bool EatWord(std::string_view word) {
    if (static_cast<size_t>(end_ - p_) < word.size() || std::memcmp(p_, word.data(), word.size()) != 0) return false;
    p_ += word.size();
    return true;
  }

 private:
  const char* p_;
  const char* end_;
};

bool ReadDate(Cursor& in, int64_t& days) {
  const bool is_negative = in.Peek() == '-';
  if (is_negative || in.Peek() == '+') in.Eat(in.Peek());
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
  if (!in.Number(4, 7, year) || !in.Eat('-') || !in.Number(1, 2, month) || !in.Eat('-') || !in.Number(1, 2, day)) {
    return false;
  }
  if (is_negative) year = -year;
  if (!IsValidDate(year, month, day)) return false;
  days = DaysFromCivil(year, static_cast<int32_t>(month), static_cast<int32_t>(day));
  return true;
}

// HH:MM[:SS[.fraction]]; seconds up to last_second.
bool ReadTime(Cursor& in, int64_t last_second, int64_t& seconds, int64_t& nanos) {
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  nanos = 0;
  if (!in.Number(1, 2, hour) || !in.Eat(':') || !in.Number(2, 2, minute)) return false;
  if (in.Eat(':')) {
    if (!in.Number(2, 2, second)) return false;
    if (in.Eat('.') && !in.Fraction(nanos)) return false;
  }
  if (hour > 23 || minute > 59 || second > last_second) return false;
  seconds = hour * 3600 + minute * 60 + second;
  return true;
}

// What may follow a time: nothing, Z, UTC, +hh, +hhmm, +hh:mm, +hh:mm:ss.
bool ReadOffset(Cursor& in, int64_t& seconds, bool& has_offset) {
  while (in.Eat(' ')) {
  }
  seconds = 0;
  has_offset = !in.AtEnd();
  if (!has_offset || in.Eat('Z') || in.Eat('z') || in.EatWord("UTC")) return in.AtEnd();
  const bool is_negative = in.Peek() == '-';
  if (!in.Eat('-') && !in.Eat('+')) return false;
  int64_t hours = 0;
  int64_t minutes = 0;
  int64_t rest = 0;
  if (!in.Number(1, 2, hours)) return false;
  if (in.Eat(':')) {
    if (!in.Number(2, 2, minutes)) return false;
    if (in.Eat(':') && !in.Number(2, 2, rest)) return false;
  } else if (!in.AtEnd() && !in.Number(2, 2, minutes)) {
    return false;
  }
  if (!in.AtEnd() || hours > 23 || minutes > 59 || rest > 59) return false;
  seconds = hours * 3600 + minutes * 60 + rest;
  if (is_negative) seconds = -seconds;
  return true;
}

bool Combine(int64_t days, int64_t seconds, int64_t nanos, int precision, int64_t& out) {
  nanos -= nanos % kPowers[9 - precision];
  if (precision <= 6) {
    const __int128 micros =
        static_cast<__int128>(days * kSecondsPerDay + seconds) * 1'000'000 + nanos / 1000;
    out = static_cast<int64_t>(micros);
    return out == micros;
  }
  const __int128 total = static_cast<__int128>(days * kSecondsPerDay + seconds) * kNanosPerSecond + nanos;
  out = static_cast<int64_t>(total);
  return out == total;
}

bool ParseAnyTimestamp(std::string_view text, int precision, int64_t& out, bool& has_offset) {
  Cursor in(text);
  int64_t days = 0;
  int64_t seconds = 0;
  int64_t nanos = 0;
  int64_t offset = 0;
  has_offset = false;
  if (!ReadDate(in, days)) return false;
  if (!in.AtEnd()) {
    if (!in.Eat('T') && !in.Eat(' ') && !in.Eat('t')) return false;
    while (in.Eat(' ')) {
    }
    if (!ReadTime(in, 60, seconds, nanos) || !ReadOffset(in, offset, has_offset)) return false;
  }
  return Combine(days, seconds - offset, nanos, precision, out);
}

// "YYYY-MM-DD" at p, of the years 0 to 9999.
inline bool FastDate(const char* p, int64_t& days) {
  uint32_t bad = 0;
  const uint32_t year = TwoDigits(p, bad) * 100 + TwoDigits(p + 2, bad);
  const uint32_t month = TwoDigits(p + 5, bad);
  const uint32_t day = TwoDigits(p + 8, bad);
  if ((bad & ~0x7Fu) != 0 || p[4] != '-' || p[7] != '-') return false;
  if (month - 1 > 11 || day == 0) return false;
  if (day > 28 && static_cast<int32_t>(day) > DaysInMonth(year, static_cast<int32_t>(month))) return false;
  // As DaysFromCivil, without signs.
  const uint32_t y = year + 400 - (month <= 2 ? 1 : 0);
  const uint32_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const uint32_t since_start = y * 365 + y / 4 - y / 100 + y / 400 + day_of_year;
  days = static_cast<int64_t>(since_start) - 719468 - 146097;
  return true;
}

}  // namespace

bool ParseDate(std::string_view text, int32_t& days) {
  int64_t wide = 0;
  if (text.size() == 10 && FastDate(text.data(), wide)) {
    days = static_cast<int32_t>(wide);
    return true;
  }
  Cursor in(text);
  if (!ReadDate(in, wide) || !in.AtEnd() || wide != static_cast<int32_t>(wide)) return false;
  days = static_cast<int32_t>(wide);
  return true;
}

bool ParseTime(std::string_view text, int64_t& micros) {
  Cursor in(text);
  int64_t seconds = 0;
  int64_t nanos = 0;
  if (!ReadTime(in, 59, seconds, nanos) || !in.AtEnd()) return false;
  micros = seconds * 1'000'000 + nanos / 1000;
  return true;
}

bool ParseTimestamp(std::string_view text, int precision, int64_t& out, bool* has_offset) {
  bool found_offset = false;
  bool& offset_seen = has_offset == nullptr ? found_offset : *has_offset;
  offset_seen = false;
  const char* p = text.data();
  const size_t size = text.size();
  int64_t days = 0;
  if (size < 19 || (p[10] != ' ' && p[10] != 'T') || p[13] != ':' || p[16] != ':' || !FastDate(p, days)) {
    return ParseAnyTimestamp(text, precision, out, offset_seen);
  }
  uint32_t bad = 0;
  const uint32_t hour = TwoDigits(p + 11, bad);
  const uint32_t minute = TwoDigits(p + 14, bad);
  const uint32_t second = TwoDigits(p + 17, bad);
  if ((bad & ~0x7Fu) != 0 || hour > 23 || minute > 59 || second > 59) {
    return ParseAnyTimestamp(text, precision, out, offset_seen);
  }
  const int64_t seconds = days * kSecondsPerDay + hour * 3600 + minute * 60 + second;
  int64_t nanos = 0;
  size_t at = 19;
  if (at < size && p[at] == '.') {
    const size_t first = ++at;
    while (at < size && static_cast<uint8_t>(p[at] - '0') < 10) {
      if (at - first < 9) nanos = nanos * 10 + (p[at] - '0');
      ++at;
    }
    const size_t digits = at - first;
    if (digits == 0) return false;
    if (digits < 9) nanos *= kPowers[9 - digits];
  }
  if (at + 1 == size && p[at] == 'Z') {
    offset_seen = true;
    ++at;
  }
  if (at != size) return ParseAnyTimestamp(text, precision, out, offset_seen);
  if (precision > 6) return Combine(0, seconds, nanos, precision, out);
  if (precision < 6) nanos -= nanos % kPowers[9 - precision];
  out = seconds * 1'000'000 + nanos / 1000;
  return true;
}

bool MakeDate(int64_t year, int64_t month, int64_t day, int32_t& out) {
  if (year < -9'999'999 || year > 9'999'999 || !IsValidDate(year, month, day)) return false;
  const int64_t days = DaysFromCivil(year, static_cast<int32_t>(month), static_cast<int32_t>(day));
  if (days != static_cast<int32_t>(days)) return false;
  out = static_cast<int32_t>(days);
  return true;
}

bool MakeTime(int64_t hour, int64_t minute, double second, int64_t& out) {
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 60)) return false;
  const auto micros = static_cast<int64_t>(second * 1e6 + 0.5);
  out = (hour * 3600 + minute * 60) * 1'000'000 + (micros < 60'000'000 ? micros : 59'999'999);
  return true;
}

}  // namespace laminar::data
