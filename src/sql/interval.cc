#include "sql/interval.h"

#include "sql/keywords.h"
#include "sql/parser.h"

namespace laminar::sql {
namespace {

using Wide = __int128;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kDaysPerMonth = 30;  // for the fraction of a month only, as PostgreSQL has it

constexpr IntervalUnit kUnits[] = {
    {"NANOSECOND", 0, 0, 0, true}, {"MICROSECOND", 0, 0, 1, false},   {"MILLISECOND", 0, 0, 1000, false},
    {"SECOND", 0, 0, kSecond, false}, {"MINUTE", 0, 0, kMinute, false}, {"HOUR", 0, 0, kHour, false},
    {"DAY", 0, 1, 0, false},       {"WEEK", 0, 7, 0, false},          {"MONTH", 1, 0, 0, false},
    {"QUARTER", 3, 0, 0, false},   {"YEAR", 12, 0, 0, false},         {"DECADE", 120, 0, 0, false},
    {"CENTURY", 1200, 0, 0, false}};

struct ShortForm {
  std::string_view text;
  std::string_view unit;
};
constexpr ShortForm kShortForms[] = {
    {"NS", "NANOSECOND"}, {"US", "MICROSECOND"},  {"\xC2\xB5S", "MICROSECOND"}, {"USEC", "MICROSECOND"},
    {"MS", "MILLISECOND"}, {"MSEC", "MILLISECOND"}, {"S", "SECOND"},            {"SEC", "SECOND"},
    {"SECS", "SECOND"},   {"M", "MINUTE"},        {"MIN", "MINUTE"},            {"MINS", "MINUTE"},
    {"H", "HOUR"},        {"HR", "HOUR"},         {"HRS", "HOUR"},              {"D", "DAY"},
    {"W", "WEEK"},        {"MON", "MONTH"},       {"MONS", "MONTH"},            {"Y", "YEAR"},
    {"YR", "YEAR"},       {"YRS", "YEAR"},        {"CENTURIES", "CENTURY"}};

Status Bad(std::string_view text, std::string_view why, std::string hint = {}) {
  return Status(ErrorCode::kBadLiteral,
                "the interval '" + std::string(text.substr(0, 40)) + "' " + std::string(why))
      .WithHint(hint.empty() ? "write INTERVAL '5' MINUTE or INTERVAL '1 hour 30 minutes'" : std::move(hint));
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// A decimal number whole + fraction / scale, all of one sign.
struct Number {
  bool negative = false;
  int64_t whole = 0;
  int64_t fraction = 0;
  int64_t scale = 1;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void SkipBlanks() {
    while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
  }
  bool AtEnd() {
    SkipBlanks();
    return at_ >= text_.size();
  }
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  char Next() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool AtDigit() const { return IsDigit(Next()); }
  bool TakeSign() {
    if (Take('-')) return true;
    Take('+');
    return false;
  }

  // Digits with an optional fraction; false when there are none, or more than fit.
  bool TakeNumber(Number& out) {
    bool any = false;
    while (AtDigit()) {
      any = true;
      if (__builtin_mul_overflow(out.whole, 10, &out.whole)) return false;
      if (__builtin_add_overflow(out.whole, text_[at_++] - '0', &out.whole)) return false;
    }
    if (!Take('.')) return any;
    while (AtDigit()) {
      any = true;
      if (out.scale > INT64_MAX / 100) return false;
      out.fraction = out.fraction * 10 + (text_[at_++] - '0');
      out.scale *= 10;
    }
    return any;
  }

  std::string_view TakeWord() {
    const size_t start = at_;
    while (at_ < text_.size() && !IsBlank(text_[at_]) && !IsDigit(text_[at_]) && text_[at_] != '-' &&
           text_[at_] != '+' && text_[at_] != ',') {
      ++at_;
    }
    return text_.substr(start, at_ - start);
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
};

// Adds number * unit; false when the sum leaves 64 bits, or a remainder finer than a microsecond would be lost.
bool AddUnit(const Number& number, const IntervalUnit& unit, IntervalValue& out) {
  const Wide sign = number.negative ? -1 : 1;
  Wide months = sign * number.whole * unit.months;
  Wide days = sign * number.whole * unit.days;
  Wide micros = sign * number.whole * unit.microseconds;
  if (unit.is_nanosecond) {
    const Wide nanos = Wide{number.whole} * number.scale + number.fraction;
    if (nanos % (Wide{1000} * number.scale) != 0) return false;
    micros = sign * (nanos / (Wide{1000} * number.scale));
  }
  // The fraction falls to the next finer part: a year's to months, a month's and a week's to days, a day's to time.
  Wide fraction = sign * number.fraction;
  const Wide scale = number.scale;
  if (unit.months > 0) {
    fraction *= unit.months;
    months += fraction / scale;
    fraction = (fraction % scale) * kDaysPerMonth;
    days += fraction / scale;
    micros += (fraction % scale) * kDay / scale;
    if ((fraction % scale) * kDay % scale != 0) return false;
  } else if (unit.days > 0) {
    fraction *= unit.days;
    days += fraction / scale;
    micros += (fraction % scale) * kDay / scale;
    if ((fraction % scale) * kDay % scale != 0) return false;
  } else if (!unit.is_nanosecond) {
    micros += fraction * unit.microseconds / scale;
    if (fraction * unit.microseconds % scale != 0) return false;
  }
  const auto add = [](int64_t& to, Wide value) {
    value += to;
    if (value > INT64_MAX || value < INT64_MIN) return false;
    to = static_cast<int64_t>(value);
    return true;
  };
  return add(out.months, months) && add(out.days, days) && add(out.microseconds, micros);
}

const IntervalUnit& Unit(std::string_view name) { return *FindIntervalUnit(name); }

// h:mm[:ss[.fff]], the hours read already; the sign is the number's.
bool AddClock(Reader& reader, const Number& hours, IntervalValue& out) {
  if (hours.scale != 1) return false;
  Number minutes{hours.negative};
  if (!reader.AtDigit() || !reader.TakeNumber(minutes) || minutes.whole > 59) return false;
  Number seconds{hours.negative};
  if (minutes.scale != 1) return false;
  if (reader.Take(':') && (!reader.AtDigit() || !reader.TakeNumber(seconds) || seconds.whole > 59)) return false;
  return AddUnit(hours, Unit("HOUR"), out) && AddUnit(minutes, Unit("MINUTE"), out) &&
         AddUnit(seconds, Unit("SECOND"), out);
}

// P1Y2M3DT4H5M6S
bool AddIso(Reader& reader, bool negative, IntervalValue& out) {
  bool time = false;
  bool any = false;
  while (reader.Next() != '\0') {
    if (!time && (reader.Take('T') || reader.Take('t'))) {
      time = true;
      continue;
    }
    Number number;
    number.negative = reader.TakeSign() != negative;
    if (!reader.TakeNumber(number)) return false;
    const char letter = static_cast<char>(reader.Next() & ~0x20);
    if (!reader.Take(letter) && !reader.Take(static_cast<char>(letter | 0x20))) return false;
    const std::string_view unit = letter == 'Y' && !time   ? "YEAR"
                                  : letter == 'M'          ? (time ? "MINUTE" : "MONTH")
                                  : letter == 'W' && !time ? "WEEK"
                                  : letter == 'D' && !time ? "DAY"
                                  : letter == 'H' && time  ? "HOUR"
                                  : letter == 'S' && time  ? "SECOND"
                                                           : "";
    if (unit.empty() || !AddUnit(number, Unit(unit), out)) return false;
    any = true;
  }
  return any;
}

}  // namespace

std::optional<int64_t> IntervalValue::FixedMicroseconds() const {
  int64_t micros = 0;
  if (months != 0 || __builtin_mul_overflow(days, kDay, &micros)) return std::nullopt;
  if (__builtin_add_overflow(micros, microseconds, &micros)) return std::nullopt;
  return micros;
}

const IntervalUnit* FindIntervalUnit(std::string_view word) {
  for (const ShortForm& form : kShortForms) {
    if (form.text.size() == word.size() && EqualsWord(word, form.text)) return FindIntervalUnitInFull(form.unit);
  }
  return FindIntervalUnitInFull(word);
}

const IntervalUnit* FindIntervalUnitInFull(std::string_view word) {
  if (word.size() < 3) return nullptr;
  for (const IntervalUnit& unit : kUnits) {
    if (EqualsWord(word, unit.name)) return &unit;
    const char last = word.back();
    if ((last == 's' || last == 'S') && EqualsWord(word.substr(0, word.size() - 1), unit.name)) return &unit;
  }
  return nullptr;
}

Result<IntervalValue> IntervalOfUnit(std::string_view text, const IntervalUnit& unit) {
  Reader reader(text);
  IntervalValue value;
  value.text = text;
  value.unit = unit.name;
  Number number;
  reader.SkipBlanks();
  number.negative = reader.TakeSign();
  if (!reader.TakeNumber(number)) return Error(Bad(text, "does not begin with a number that fits"));
  if (!reader.AtEnd()) return Error(Bad(text, "has more than a number before the unit"));
  if (!AddUnit(number, unit, value)) {
    return Error(Bad(text, "is out of range or finer than a microsecond", "intervals count whole microseconds"));
  }
  return value;
}

Result<IntervalValue> IntervalOfRange(std::string_view text, const IntervalUnit& from, const IntervalUnit& to) {
  IntervalValue value;
  value.text = text;
  value.unit = std::string(from.name) + " TO " + std::string(to.name);
  Reader reader(text);
  reader.SkipBlanks();
  const bool negative = reader.TakeSign();
  Number first{negative};
  bool good = reader.TakeNumber(first) && first.scale == 1;
  if (from.name == "YEAR" && to.name == "MONTH") {
    Number months{negative};
    good = good && reader.Take('-') && reader.TakeNumber(months) && months.scale == 1 && months.whole < 12;
    good = good && AddUnit(first, from, value) && AddUnit(months, to, value);
  } else if (from.name == "DAY" && to.name == "HOUR") {
    Number hours{negative};
    reader.SkipBlanks();
    good = good && reader.TakeNumber(hours) && hours.scale == 1 && hours.whole < 24;
    good = good && AddUnit(first, from, value) && AddUnit(hours, to, value);
  } else if (from.name == "DAY") {
    Number hours{negative};
    reader.SkipBlanks();
    good = good && reader.TakeNumber(hours) && reader.Take(':') && AddUnit(first, from, value) &&
           AddClock(reader, hours, value);
  } else if (from.name == "HOUR") {
    good = good && reader.Take(':') && AddClock(reader, first, value);
  } else {  // MINUTE TO SECOND
    Number seconds{negative};
    good = good && reader.Take(':') && reader.TakeNumber(seconds) && seconds.whole < 60;
    good = good && AddUnit(first, from, value) && AddUnit(seconds, to, value);
  }
  if (!good || !reader.AtEnd()) return Error(Bad(text, "does not read as " + value.unit));
  return value;
}

Result<IntervalValue> ParseIntervalText(std::string_view text) {
  IntervalValue value;
  value.text = text;
  Reader reader(text);
  if (reader.AtEnd()) return Error(Bad(text, "is empty"));
  while (!reader.AtEnd()) {
    if (reader.Take(',')) continue;
    Number number;
    number.negative = reader.TakeSign();
    if (reader.Take('P') || reader.Take('p')) {
      if (!AddIso(reader, number.negative, value)) return Error(Bad(text, "is not of the form P1DT2H3M"));
      continue;
    }
    if (!reader.TakeNumber(number)) return Error(Bad(text, "lacks a number that fits before a unit"));
    if (reader.Take(':')) {
      if (!AddClock(reader, number, value)) return Error(Bad(text, "has a time that is not h:mm:ss"));
      continue;
    }
    reader.SkipBlanks();
    const std::string_view word = reader.TakeWord();
    if (word.empty()) return Error(Bad(text, "has a number without a unit"));
    const IntervalUnit* unit = FindIntervalUnit(word);
    if (unit == nullptr) return Error(Bad(text, "has the unknown unit '" + std::string(word.substr(0, 20)) + "'"));
    if (!AddUnit(number, *unit, value)) {
      return Error(Bad(text, "is out of range or finer than a microsecond", "intervals count whole microseconds"));
    }
  }
  return value;
}

}  // namespace laminar::sql
