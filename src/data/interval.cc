// INTERVAL: text and arithmetic. Text is read into wide sums and checked once at the end.
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "data/temporal.h"

namespace laminar::data {
namespace {

using Wide = __int128;

constexpr int64_t kNano = 1'000'000'000;

struct Unit {
  std::string_view name;  // singular; a plural s is accepted too
  int64_t months;
  int64_t days;
  int64_t micros;
};

constexpr Unit kUnits[] = {
    {"us", 0, 0, 1},           {"usec", 0, 0, 1},          {"microsecond", 0, 0, 1},
    {"ms", 0, 0, 1000},        {"msec", 0, 0, 1000},       {"millisecond", 0, 0, 1000},
    {"s", 0, 0, kSecond},      {"sec", 0, 0, kSecond},     {"second", 0, 0, kSecond},
    {"m", 0, 0, kMinute},      {"min", 0, 0, kMinute},     {"minute", 0, 0, kMinute},
    {"h", 0, 0, kHour},        {"hr", 0, 0, kHour},        {"hour", 0, 0, kHour},
    {"d", 0, 1, 0},            {"day", 0, 1, 0},           {"w", 0, 7, 0},
    {"week", 0, 7, 0},         {"mon", 1, 0, 0},           {"month", 1, 0, 0},
    {"quarter", 3, 0, 0},      {"y", 12, 0, 0},            {"yr", 12, 0, 0},
    {"year", 12, 0, 0},        {"decade", 120, 0, 0},      {"century", 1200, 0, 0},
    {"centurie", 1200, 0, 0},  {"millennium", 12000, 0, 0}, {"millennia", 12000, 0, 0},
};

const Unit* FindUnit(std::string_view word) {
  for (const Unit& unit : kUnits) {
    if (EqualsIgnoreCase(word, unit.name)) return &unit;
  }
  if (word.size() > 2 && ToLowerAscii(word.back()) == 's') return FindUnit(word.substr(0, word.size() - 1));
  return nullptr;
}

// A decimal number: whole + fraction / 10^9, both with the sign.
struct Number {
  int64_t whole = 0;
  int64_t fraction = 0;
};

struct Sum {
  Wide months = 0;
  Wide days = 0;
  Wide micros = 0;

  // Fractions of a month become days of 30 a month, fractions of a day microseconds.
  void Add(const Number& number, const Unit& unit) {
    months += static_cast<Wide>(number.whole) * unit.months;
    days += static_cast<Wide>(number.whole) * unit.days;
    micros += static_cast<Wide>(number.whole) * unit.micros;
    if (number.fraction == 0) return;
    const Wide month_part = static_cast<Wide>(number.fraction) * unit.months;
    months += month_part / kNano;
    const Wide day_part = month_part % kNano * 30 + static_cast<Wide>(number.fraction) * unit.days;
    days += day_part / kNano;
    micros += (day_part % kNano * kDay + static_cast<Wide>(number.fraction) * unit.micros) / kNano;
  }
  bool Finish(Interval& out) const {
    if (months != static_cast<int32_t>(months) || days != static_cast<int32_t>(days) ||
        micros != static_cast<int64_t>(micros)) {
      return false;
    }
    out = Interval{static_cast<int32_t>(months), static_cast<int32_t>(days), static_cast<int64_t>(micros)};
    return true;
  }
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  bool Eat(char c) {
    if (AtEnd() || ToLowerAscii(text_[at_]) != c) return false;
    ++at_;
    return true;
  }
  void SkipBlanks() {
    while (Eat(' ') || Eat('\t') || Eat('\n')) {
    }
  }
  bool Digits(int64_t& out) {
    const size_t first = at_;
    out = 0;
    while (Peek() >= '0' && Peek() <= '9') {
      if (at_ - first >= 18) return false;
      out = out * 10 + (text_[at_++] - '0');
    }
    return at_ > first;
  }
  // After a point; digits beyond nine are cut off.
  bool Fraction(int64_t& out) {
    const size_t first = at_;
    int64_t unit = kNano;
    out = 0;
    while (Peek() >= '0' && Peek() <= '9') {
      unit /= 10;
      out += (text_[at_++] - '0') * unit;
    }
    return at_ > first;
  }
  // Without a sign: "12", "12.5", ".5".
  bool Unsigned(Number& out) {
    const bool has_whole = Digits(out.whole);
    if (!Eat('.')) return has_whole;
    return Fraction(out.fraction) || has_whole;
  }
  std::string_view Word() {
    const size_t first = at_;
    while ((ToLowerAscii(Peek()) >= 'a' && ToLowerAscii(Peek()) <= 'z')) ++at_;
    return text_.substr(first, at_ - first);
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

Number Negated(const Number& n) { return {.whole = -n.whole, .fraction = -n.fraction}; }

// ":MM[:SS[.f]]" after the hours.
bool ReadClock(Reader& in, int64_t hours, bool is_negative, Sum& sum) {
  int64_t minutes = 0;
  int64_t seconds = 0;
  int64_t nanos = 0;
  if (!in.Digits(minutes) || minutes > 59) return false;
  if (in.Eat(':')) {
    if (!in.Digits(seconds) || seconds > 59) return false;
    if (in.Eat('.') && !in.Fraction(nanos)) return false;
  }
  const Wide micros = static_cast<Wide>(hours) * kHour + minutes * kMinute + seconds * kSecond + nanos / 1000;
  sum.micros += is_negative ? -micros : micros;
  return true;
}

// One "[+-]number unit", "[+-]H:M:S" or "[+-]years-months".
bool ReadPart(Reader& in, Sum& sum) {
  const bool is_negative = in.Peek() == '-';
  if (is_negative || in.Peek() == '+') in.Eat(in.Peek());
  in.SkipBlanks();
  Number number;
  if (!in.Unsigned(number)) return false;
  if (number.fraction == 0 && in.Eat(':')) return ReadClock(in, number.whole, is_negative, sum);
  if (number.fraction == 0 && in.Peek() == '-') {
    in.Eat('-');
    int64_t months = 0;
    if (!in.Digits(months) || months > 11) return false;
    const Wide total = static_cast<Wide>(number.whole) * 12 + months;
    sum.months += is_negative ? -total : total;
    return true;
  }
  in.SkipBlanks();
  const std::string_view word = in.Word();
  if (is_negative) number = Negated(number);
  if (EqualsIgnoreCase(word, "ns") || EqualsIgnoreCase(word, "nanosecond") || EqualsIgnoreCase(word, "nanoseconds")) {
    sum.micros += number.whole / 1000;
    return true;
  }
  const Unit* unit = word.empty() && in.AtEnd() ? FindUnit("second") : FindUnit(word);
  if (unit == nullptr) return false;
  sum.Add(number, *unit);
  return true;
}

const Unit* IsoUnit(char letter, bool in_time) {
  switch (letter) {
    case 'y': return in_time ? nullptr : FindUnit("year");
    case 'm': return FindUnit(in_time ? "minute" : "month");
    case 'w': return in_time ? nullptr : FindUnit("week");
    case 'd': return in_time ? nullptr : FindUnit("day");
    case 'h': return in_time ? FindUnit("hour") : nullptr;
    case 's': return in_time ? FindUnit("second") : nullptr;
    default: return nullptr;
  }
}

// After the P.
bool ReadIso(Reader& in, bool is_negative, Sum& sum) {
  bool in_time = false;
  bool has_part = false;
  while (!in.AtEnd()) {
    if (!in_time && in.Eat('t')) {
      in_time = true;
      has_part = false;
      continue;
    }
    const bool minus = in.Eat('-');
    if (!minus) in.Eat('+');
    Number number;
    if (!in.Unsigned(number)) return false;
    const char letter = ToLowerAscii(in.Peek());
    const Unit* unit = IsoUnit(letter, in_time);
    if (unit == nullptr) return false;
    in.Eat(letter);
    sum.Add(minus != is_negative ? Negated(number) : number, *unit);
    has_part = true;
  }
  return has_part;
}

char* PutNumber(int64_t value, char* out) { return std::to_chars(out, out + 20, value).ptr; }

struct IntervalWriter {
  char* start;
  char* p;
  bool after_negative = false;

  void Part(int64_t value, std::string_view name) {
    if (value == 0) return;
    if (p != start) *p++ = ' ';
    if (after_negative && value > 0) *p++ = '+';
    p = PutNumber(value, p);
    *p++ = ' ';
    std::memcpy(p, name.data(), name.size());
    p += name.size();
    if (value != 1) *p++ = 's';
    after_negative = value < 0;
  }
  void Clock(int64_t micros) {
    if (micros == 0 && p != start) return;
    if (p != start) *p++ = ' ';
    if (micros < 0) {
      *p++ = '-';
    } else if (after_negative) {
      *p++ = '+';
    }
    const uint64_t size = micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
    const uint64_t hours = size / static_cast<uint64_t>(kHour);
    if (hours < 10) *p++ = '0';
    p = PutNumber(static_cast<int64_t>(hours), p);
    // The rest as a time of the first hour: "00:MM:SS.f" without its hours.
    char rest[kMaxTimeText];
    const uint32_t length = FormatTime(static_cast<int64_t>(size % static_cast<uint64_t>(kHour)), rest);
    std::memcpy(p, rest + 2, length - 2);
    p += length - 2;
  }
};

}  // namespace

bool ParseInterval(std::string_view text, Interval& out) {
  Reader in(text);
  Sum sum;
  in.SkipBlanks();
  if (in.AtEnd()) return false;
  Reader iso = in;
  const bool is_negative = iso.Eat('-');
  if (iso.Eat('p')) return ReadIso(iso, is_negative, sum) && sum.Finish(out);
  while (!in.AtEnd()) {
    if (!ReadPart(in, sum)) return false;
    in.SkipBlanks();
    Reader ahead = in;
    if (!EqualsIgnoreCase(ahead.Word(), "ago")) continue;
    ahead.SkipBlanks();
    if (!ahead.AtEnd()) return false;
    return Sum{-sum.months, -sum.days, -sum.micros}.Finish(out);
  }
  return sum.Finish(out);
}

bool ParseIntervalOfUnit(std::string_view text, std::string_view unit_name, Interval& out) {
  const Unit* unit = FindUnit(unit_name);
  if (unit == nullptr) return false;
  Reader in(text);
  in.SkipBlanks();
  const bool is_negative = in.Eat('-');
  if (!is_negative) in.Eat('+');
  Number number;
  if (!in.Unsigned(number)) return false;
  in.SkipBlanks();
  if (!in.AtEnd()) return false;
  Sum sum;
  sum.Add(is_negative ? Negated(number) : number, *unit);
  return sum.Finish(out);
}

uint32_t FormatInterval(const Interval& value, char* out) {
  IntervalWriter writer{.start = out, .p = out};
  writer.Part(value.months / 12, "year");
  writer.Part(value.months % 12, "mon");
  writer.Part(value.days, "day");
  writer.Clock(value.micros);
  return static_cast<uint32_t>(writer.p - out);
}

bool AddMonths(int32_t days, int64_t months, int32_t& out) {
  const CivilDate date = CivilFromDays(days);
  if (months > int64_t{1} << 40 || months < -(int64_t{1} << 40)) return false;
  const int64_t total = date.year * 12 + (date.month - 1) + months;
  const int64_t year = FloorDiv(total, 12);
  const auto month = static_cast<int32_t>(FloorMod(total, 12)) + 1;
  const int32_t last = DaysInMonth(year, month);
  const int64_t result = DaysFromCivil(year, month, date.day < last ? date.day : last);
  if (result != static_cast<int32_t>(result)) return false;
  out = static_cast<int32_t>(result);
  return true;
}

bool AddInterval(int64_t timestamp, const Interval& interval, bool nanos, int64_t& out) {
  const int64_t units_per_day = nanos ? kDay * 1000 : kDay;
  Wide result = timestamp;
  if (interval.months != 0) {
    const int64_t days = FloorDiv(timestamp, units_per_day);
    int32_t moved = 0;
    if (!AddMonths(static_cast<int32_t>(days), interval.months, moved)) return false;
    result = static_cast<Wide>(moved) * units_per_day + FloorMod(timestamp, units_per_day);
  }
  result += static_cast<Wide>(interval.days) * units_per_day;
  result += static_cast<Wide>(interval.micros) * (nanos ? 1000 : 1);
  if (result != static_cast<int64_t>(result)) return false;
  out = static_cast<int64_t>(result);
  return true;
}

bool NegateInterval(const Interval& value, Interval& out) {
  return Sum{-static_cast<Wide>(value.months), -static_cast<Wide>(value.days), -static_cast<Wide>(value.micros)}.Finish(
      out);
}

bool AddIntervals(const Interval& a, const Interval& b, Interval& out) {
  return Sum{static_cast<Wide>(a.months) + b.months, static_cast<Wide>(a.days) + b.days,
             static_cast<Wide>(a.micros) + b.micros}
      .Finish(out);
}

bool MultiplyInterval(const Interval& value, double factor, Interval& out) {
  if (!std::isfinite(factor)) return false;
  const double months = value.months * factor;
  const double whole_months = std::trunc(months);
  const double days = value.days * factor + (months - whole_months) * 30;
  const double whole_days = std::trunc(days);
  const double micros =
      std::round(static_cast<double>(value.micros) * factor + (days - whole_days) * static_cast<double>(kDay));
  constexpr double kIntLimit = 2147483648.0;
  constexpr double kLongLimit = 9223372036854775808.0;
  if (std::fabs(whole_months) >= kIntLimit || std::fabs(whole_days) >= kIntLimit || std::fabs(micros) >= kLongLimit) {
    return false;
  }
  out = Interval{static_cast<int32_t>(whole_months), static_cast<int32_t>(whole_days), static_cast<int64_t>(micros)};
  return true;
}

bool SubtractTimestamps(int64_t a, int64_t b, Interval& out) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) return false;
  out = Interval{.months = 0, .days = static_cast<int32_t>(difference / kDay), .micros = difference % kDay};
  return true;
}

bool FixedMicros(const Interval& value, int64_t& out) {
  if (value.months != 0) return false;
  const Wide micros = static_cast<Wide>(value.days) * kDay + value.micros;
  if (micros != static_cast<int64_t>(micros)) return false;
  out = static_cast<int64_t>(micros);
  return true;
}

}  // namespace laminar::data
