// Numbers, durations and byte sizes from and to text, on std::to_chars and std::from_chars: exact, no locale.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace laminar {
namespace {

template <class Number>
Result<Number> ParseWhole(std::string_view text, std::string_view kind) {
  std::string_view digits = Trim(text);
  if (digits.size() > 1 && digits.front() == '+' && digits[1] != '-') digits.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error == std::errc::result_out_of_range) {
    return Error(ErrorCode::kOutOfRange, "reading a number: " + Quoted(text) + " does not fit " + std::string(kind));
  }
  if (error != std::errc() || end != digits.data() + digits.size() || digits.empty()) {
    return Error(ErrorCode::kBadValue, "reading a number: " + Quoted(text) + " is not " + std::string(kind));
  }
  return value;
}

struct Unit {
  std::string_view name;
  int64_t nanos;  // 0: calendar based
};
constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr Unit kUnits[] = {
    {"ns", 1},
    {"nanosecond", 1},
    {"us", 1000},
    {"\xC2\xB5s", 1000},  // micro sign
    {"\xCE\xBCs", 1000},  // Greek mu
    {"microsecond", 1000},
    {"ms", 1'000'000},
    {"millisecond", 1'000'000},
    {"s", kNanosPerSecond},
    {"sec", kNanosPerSecond},
    {"second", kNanosPerSecond},
    {"m", 60 * kNanosPerSecond},
    {"min", 60 * kNanosPerSecond},
    {"minute", 60 * kNanosPerSecond},
    {"h", 3600 * kNanosPerSecond},
    {"hour", 3600 * kNanosPerSecond},
    {"d", 86400 * kNanosPerSecond},
    {"day", 86400 * kNanosPerSecond},
    {"w", 7 * 86400 * kNanosPerSecond},
    {"week", 7 * 86400 * kNanosPerSecond},
    {"month", 0},
    {"year", 0},
};

const Unit* FindUnit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (EqualsIgnoreCase(name, unit.name)) return &unit;
  }
  // Plurals of the words and of sec, min; "mss" is nothing.
  if (name.size() > 3 && ToLowerAscii(name.back()) == 's') {
    name.remove_suffix(1);
    for (const Unit& unit : kUnits) {
      if (unit.name.size() >= 3 && EqualsIgnoreCase(name, unit.name)) return &unit;
    }
  }
  return nullptr;
}

internal::Failure BadDuration(std::string_view text, std::string_view why) {
  return Error(Status(ErrorCode::kBadDuration, "reading a duration: " + Quoted(text) + " " + std::string(why))
                   .WithHint("write for example '5 minutes', '100ms' or '1 hour 30 minutes'"));
}

// One signed decimal number: digits and up to 9 fractional digits, exact.
struct DecimalText {
  bool is_negative = false;
  uint64_t whole = 0;
  uint64_t fraction_billionths = 0;
};

// Takes a number off the front of text. False: no number, or one too large.
bool TakeDecimal(std::string_view* text, DecimalText* number) {
  if (!text->empty() && (text->front() == '-' || text->front() == '+')) {
    number->is_negative = text->front() == '-';
    text->remove_prefix(1);
  }
  size_t digits = 0;
  for (; !text->empty() && IsDigitAscii(text->front()); ++digits, text->remove_prefix(1)) {
    const auto digit = static_cast<uint64_t>(text->front() - '0');
    if (__builtin_mul_overflow(number->whole, 10, &number->whole)) return false;
    if (__builtin_add_overflow(number->whole, digit, &number->whole)) return false;
  }
  if (text->empty() || text->front() != '.') return digits > 0;
  text->remove_prefix(1);
  uint64_t place = 100'000'000;
  for (; !text->empty() && IsDigitAscii(text->front()); ++digits, text->remove_prefix(1)) {
    if (place == 0 && text->front() != '0') return false;
    number->fraction_billionths += place * static_cast<uint64_t>(text->front() - '0');
    place /= 10;
  }
  return digits > 0;
}

std::string_view TakeWord(std::string_view* text) {
  size_t length = 0;
  const auto is_of_word = [](char c) { return IsAlphaAscii(c) || static_cast<uint8_t>(c) >= 0x80; };
  while (length < text->size() && is_of_word((*text)[length])) ++length;
  const std::string_view word = text->substr(0, length);
  text->remove_prefix(length);
  return word;
}

template <class Number>
std::string ShortestText(Number value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  std::array<char, 64> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), end);
}

}  // namespace

Result<int64_t> ParseInt64(std::string_view text) { return ParseWhole<int64_t>(text, "a 64-bit integer"); }
Result<uint64_t> ParseUint64(std::string_view text) { return ParseWhole<uint64_t>(text, "an unsigned 64-bit integer"); }

Result<double> ParseDouble(std::string_view text) {
  Result<double> value = ParseWhole<double>(text, "a floating-point number");
  if (value || value.error().code() != ErrorCode::kOutOfRange) return value;
  // from_chars reports both ends as out of range; below the smallest subnormal the nearest double is zero. The decimal
  // exponent of the first significant digit tells the ends apart.
  const std::string_view digits = Trim(text);
  int64_t exponent = 0;
  const size_t mark = digits.find_first_of("eE");
  if (mark != std::string_view::npos) {
    const std::string_view written = digits.substr(mark + 1);
    Result<int64_t> parsed = ParseInt64(written);
    exponent = parsed ? *parsed : (StartsWith(written, "-") ? -1'000'000'000 : 1'000'000'000);
  }
  const std::string_view mantissa = digits.substr(0, mark);
  const size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return value;
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  const int64_t magnitude = static_cast<int64_t>(point) - static_cast<int64_t>(first) + exponent;
  if (magnitude > 0) return value;
  return StartsWith(digits, "-") ? -0.0 : 0.0;
}

Result<bool> ParseBool(std::string_view text) {
  const std::string_view word = Trim(text);
  for (std::string_view yes : {"true", "on", "yes", "1"}) {
    if (EqualsIgnoreCase(word, yes)) return true;
  }
  for (std::string_view no : {"false", "off", "no", "0"}) {
    if (EqualsIgnoreCase(word, no)) return false;
  }
  return Error(Status(ErrorCode::kBadValue, "reading a boolean: " + Quoted(text) + " is neither true nor false")
                   .WithHint("write true or false"));
}

Result<Duration> ParseDuration(std::string_view text) {
  std::string_view rest = Trim(text);
  if (rest.empty()) return BadDuration(text, "is empty");
  __int128 total_nanos = 0;
  bool is_first = true;
  while (!rest.empty()) {
    DecimalText number;
    if (!TakeDecimal(&rest, &number)) return BadDuration(text, "has no number where one is expected");
    rest = Trim(rest);
    const std::string_view word = TakeWord(&rest);
    if (word.empty() && !(is_first && rest.empty())) return BadDuration(text, "has a number without a unit");
    const Unit* unit = word.empty() ? FindUnit("ms") : FindUnit(word);
    if (unit == nullptr) {
      return BadDuration(text, "has the unknown unit " + Quoted(word) + " (known: ns, us, ms, s, m, h, d, w)");
    }
    if (unit->nanos == 0) return BadDuration(text, "is calendar based: its length depends on the date");
    const __int128 scaled = static_cast<__int128>(number.fraction_billionths) * unit->nanos;
    if (scaled % 1'000'000'000 != 0) return BadDuration(text, "is finer than a nanosecond");
    const __int128 term = static_cast<__int128>(number.whole) * unit->nanos + scaled / 1'000'000'000;
    total_nanos += number.is_negative ? -term : term;
    constexpr __int128 kLimit = static_cast<__int128>(std::numeric_limits<int64_t>::max()) * 1000;
    if (total_nanos > kLimit || total_nanos < -kLimit) return BadDuration(text, "is out of range");
    rest = Trim(rest);
    is_first = false;
  }
  if (total_nanos % 1000 != 0) return BadDuration(text, "is not a whole number of microseconds");
  return static_cast<Duration>(total_nanos / 1000);
}

std::string FormatDuration(Duration duration) {
  if (duration == 0) return "0 s";
  struct Step {
    std::string_view one;
    std::string_view many;
    Duration length;
  };
  constexpr Step kSteps[] = {{"day", "days", kDay}, {"hour", "hours", kHour},   {"minute", "minutes", kMinute},
                             {"s", "s", kSecond},   {"ms", "ms", kMillisecond}, {"us", "us", kMicrosecond}};
  std::string text;
  // Negative counts divide toward zero, so every term carries the sign and the smallest value needs no negation.
  Duration rest = duration;
  for (const Step& step : kSteps) {
    const int64_t count = rest / step.length;
    if (count == 0) continue;
    rest %= step.length;
    if (!text.empty()) text += ' ';
    text += std::to_string(count);
    text += ' ';
    text += count == 1 || count == -1 ? step.one : step.many;
  }
  return text;
}

Result<uint64_t> ParseBytes(std::string_view text) {
  const auto fail = [&](std::string_view why) {
    return Error(Status(ErrorCode::kBadValue, "reading a size: " + Quoted(text) + " " + std::string(why))
                     .WithHint("write for example '4096', '64KB' or '1.5 GiB'"));
  };
  std::string_view rest = Trim(text);
  DecimalText number;
  if (!TakeDecimal(&rest, &number) || number.is_negative) return fail("does not start with a positive number");
  std::string unit = ToLower(Trim(rest));
  if (unit.ends_with("ib"))
    unit.resize(unit.size() - 2);
  else if (unit.ends_with("b"))
    unit.resize(unit.size() - 1);
  else if (unit == "bytes" || unit == "byte")
    unit.clear();
  constexpr std::string_view kPowers = " kmgtp";
  const size_t power = unit.empty() ? 0 : kPowers.find(unit);
  if (power == std::string_view::npos || unit.size() > 1) return fail("has an unknown unit");
  const unsigned __int128 scale = static_cast<unsigned __int128>(1) << (10 * power);
  const unsigned __int128 bytes = number.whole * scale + number.fraction_billionths * scale / 1'000'000'000;
  if (bytes > std::numeric_limits<uint64_t>::max()) return fail("is out of range");
  return static_cast<uint64_t>(bytes);
}

std::string FormatBytes(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  constexpr std::string_view kNames[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  size_t power = 0;
  double value = static_cast<double>(bytes) / 1024;
  while (value >= 1023.95 && power + 1 < std::size(kNames)) {
    value /= 1024;
    ++power;
  }
  std::array<char, 64> buffer;
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, 1);
  return std::string(buffer.data(), end) + " " + std::string(kNames[power]);
}

std::string FormatDouble(double value) { return ShortestText(value); }
std::string FormatFloat(float value) { return ShortestText(value); }

std::string FormatCount(int64_t value) {
  std::string digits = std::to_string(value);
  const size_t first = value < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

}  // namespace laminar
