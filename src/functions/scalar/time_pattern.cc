#include "functions/scalar/time_pattern.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "base/time.h"
#include "data/temporal.h"

namespace laminar::functions {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

constexpr std::string_view kDays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};

struct Word {
  std::string_view text;
  PieceKind kind;
  Letters letters = Letters::kCapitalized;
  uint8_t digits = 0;
};

// Longer words stand before those they begin with. Upper case here matches any case, but for names whose letters
// decide.
constexpr Word kNames[] = {
    {"Month", PieceKind::kMonthName},
    {"MONTH", PieceKind::kMonthName, Letters::kUpper},
    {"month", PieceKind::kMonthName, Letters::kLower},
    {"Mon", PieceKind::kMonthShort},
    {"MON", PieceKind::kMonthShort, Letters::kUpper},
    {"mon", PieceKind::kMonthShort, Letters::kLower},
    {"Day", PieceKind::kDayName},
    {"DAY", PieceKind::kDayName, Letters::kUpper},
    {"day", PieceKind::kDayName, Letters::kLower},
    {"Dy", PieceKind::kDayShort},
    {"DY", PieceKind::kDayShort, Letters::kUpper},
    {"dy", PieceKind::kDayShort, Letters::kLower},
    {"am", PieceKind::kHalfDay, Letters::kLower},
    {"pm", PieceKind::kHalfDay, Letters::kLower},
};
constexpr Word kWords[] = {
    {"YYYY", PieceKind::kYear},
    {"IYYY", PieceKind::kIsoYear},
    {"HH24", PieceKind::kHour24},
    {"HH12", PieceKind::kHour12},
    {"SSSS", PieceKind::kEpoch},
    {"DDD", PieceKind::kDayOfYear},
    {"FF3", PieceKind::kFraction, Letters::kCapitalized, 3},
    {"FF6", PieceKind::kFraction, Letters::kCapitalized, 6},
    {"FF9", PieceKind::kFraction, Letters::kCapitalized, 9},
    {"YY", PieceKind::kYear2},
    {"MM", PieceKind::kMonth},
    {"MI", PieceKind::kMinute},
    {"MS", PieceKind::kFraction, Letters::kCapitalized, 3},
    {"DD", PieceKind::kDay},
    {"ID", PieceKind::kIsoDayOfWeek},
    {"IW", PieceKind::kIsoWeek},
    {"HH", PieceKind::kHour12},
    {"SS", PieceKind::kSecond},
    {"US", PieceKind::kFraction, Letters::kCapitalized, 6},
    {"NS", PieceKind::kFraction, Letters::kCapitalized, 9},
    {"AM", PieceKind::kHalfDay, Letters::kUpper},
    {"PM", PieceKind::kHalfDay, Letters::kUpper},
    {"TZ", PieceKind::kZoneName},
    {"OF", PieceKind::kZoneOffset},
    {"Q", PieceKind::kQuarter},
};

void AddLiteral(TimePattern& pattern, std::string_view text) {
  if (pattern.pieces.empty() || pattern.pieces.back().kind != PieceKind::kLiteral) pattern.pieces.emplace_back();
  pattern.pieces.back().literal += text;
}

const Word* FindWord(std::string_view rest) {
  for (const Word& word : kNames) {
    if (rest.starts_with(word.text)) return &word;
  }
  for (const Word& word : kWords) {
    if (StartsWithIgnoreCase(rest, word.text)) return &word;
  }
  return nullptr;
}

// 'YYYY-MM-DD HH24:MI:SS.MS'; text in double quotes stands for itself; FM before a piece leaves out its leading zeros.
Result<TimePattern> CompileWords(std::string_view text) {
  TimePattern pattern;
  bool is_unpadded = false;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest[0] == '"') {
      const size_t end = rest.find('"', 1);
      if (end == std::string_view::npos) return Error(ErrorCode::kBadValue, "time pattern: a quote is not closed");
      AddLiteral(pattern, rest.substr(1, end - 1));
      at += end + 1;
      continue;
    }
    if (StartsWithIgnoreCase(rest, "FM")) {
      is_unpadded = true;
      at += 2;
      continue;
    }
    const Word* word = FindWord(rest);
    if (word == nullptr) {
      if (IsAlphaAscii(rest[0]) && rest[0] != 'T' && rest[0] != 'Z') {
        return Error(
            Status(ErrorCode::kBadValue, "time pattern " + Quoted(text) + ": unknown piece at " + Quoted(rest))
                .WithHint(
                    "put text in double quotes; pieces are YYYY MM DD HH24 HH12 MI SS MS US AM Mon Day and others"));
      }
      AddLiteral(pattern, rest.substr(0, 1));
      ++at;
      continue;
    }
    pattern.pieces.push_back({word->kind, word->letters, word->digits, std::exchange(is_unpadded, false), ""});
    at += word->text.size();
  }
  return pattern;
}

// One letter behind a '%'. False: unknown.
bool AddPercent(TimePattern& pattern, char letter, bool is_unpadded) {
  auto add = [&](PieceKind kind, Letters letters = Letters::kCapitalized, uint8_t digits = 0) {
    pattern.pieces.push_back({kind, letters, digits, is_unpadded, ""});
    return true;
  };
  switch (letter) {
    case 'Y': return add(PieceKind::kYear);
    case 'y': return add(PieceKind::kYear2);
    case 'm': return add(PieceKind::kMonth);
    case 'B': return add(PieceKind::kMonthName);
    case 'b':
    case 'h': return add(PieceKind::kMonthShort);
    case 'd': return add(PieceKind::kDay);
    case 'e': is_unpadded = true; return add(PieceKind::kDay);
    case 'j': return add(PieceKind::kDayOfYear);
    case 'A': return add(PieceKind::kDayName);
    case 'a': return add(PieceKind::kDayShort);
    case 'w': return add(PieceKind::kDayOfWeek);
    case 'u': return add(PieceKind::kIsoDayOfWeek);
    case 'V': return add(PieceKind::kIsoWeek);
    case 'G': return add(PieceKind::kIsoYear);
    case 'H': return add(PieceKind::kHour24);
    case 'I': return add(PieceKind::kHour12);
    case 'M': return add(PieceKind::kMinute);
    case 'S': return add(PieceKind::kSecond);
    case 'g': return add(PieceKind::kFraction, Letters::kCapitalized, 3);
    case 'f': return add(PieceKind::kFraction, Letters::kCapitalized, 6);
    case 'n': return add(PieceKind::kFraction, Letters::kCapitalized, 9);
    case 'p': return add(PieceKind::kHalfDay, Letters::kUpper);
    case 'P': return add(PieceKind::kHalfDay, Letters::kLower);
    case 's': return add(PieceKind::kEpoch);
    case 'Z': return add(PieceKind::kZoneName);
    case 'z': return add(PieceKind::kZoneOffset);
    case '%': AddLiteral(pattern, "%"); return true;
    default: return false;
  }
}

Status AddPercents(TimePattern& pattern, std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%' || at + 1 == text.size()) {
      AddLiteral(pattern, text.substr(at, 1));
      continue;
    }
    const bool is_unpadded = text[at + 1] == '-' && at + 2 < text.size();
    at += is_unpadded ? 2 : 1;
    switch (text[at]) {
      case 'F': TRY(AddPercents(pattern, "%Y-%m-%d")); continue;
      case 'T': TRY(AddPercents(pattern, "%H:%M:%S")); continue;
      case 'D': TRY(AddPercents(pattern, "%m/%d/%y")); continue;
      case 'R': TRY(AddPercents(pattern, "%H:%M")); continue;
      case 'c': TRY(AddPercents(pattern, "%a %b %e %T %Y")); continue;
      default: break;
    }
    if (!AddPercent(pattern, text[at], is_unpadded)) {
      return Status(ErrorCode::kBadValue, "time pattern " + Quoted(text) + ": unknown piece '%" + text[at] + "'")
          .WithHint("pieces are %Y %m %d %H %M %S %f %p %b %B %a %A %j %z and others; %% is a percent sign");
    }
  }
  return Status::Ok();
}

// Writing

void AppendNumber(std::string& out, int64_t number, int width) {
  const bool is_negative = number < 0;
  const std::string digits = std::to_string(is_negative ? -number : number);
  if (is_negative) out += '-';
  for (int i = static_cast<int>(digits.size()); i < width; ++i) out += '0';
  out += digits;
}

void AppendWord(std::string& out, std::string_view word, Letters letters) {
  for (const char c : word) {
    out += letters == Letters::kUpper ? ToUpperAscii(c) : (letters == Letters::kLower ? ToLowerAscii(c) : c);
  }
}

int64_t FieldOf(data::DateField field, int64_t days) {
  int64_t value = 0;
  (void)data::ExtractFromDate(field, static_cast<int32_t>(days), value);
  return value;
}

void AppendPiece(const TimePiece& piece, const CivilTime& time, const data::CivilDate& date, std::string& out) {
  const int two = piece.is_unpadded ? 1 : 2;
  const int64_t seconds = time.nanos_of_day / kNanosPerSecond;
  const int64_t hour = seconds / 3600;
  auto day = [&](data::DateField field) { return FieldOf(field, time.days); };
  switch (piece.kind) {
    case PieceKind::kLiteral: out += piece.literal; return;
    case PieceKind::kYear: AppendNumber(out, date.year, piece.is_unpadded ? 1 : 4); return;
    case PieceKind::kYear2: AppendNumber(out, FloorMod(date.year, 100), two); return;
    case PieceKind::kMonth: AppendNumber(out, date.month, two); return;
    case PieceKind::kMonthName: AppendWord(out, kMonths[date.month - 1], piece.letters); return;
    case PieceKind::kMonthShort: AppendWord(out, kMonths[date.month - 1].substr(0, 3), piece.letters); return;
    case PieceKind::kDay: AppendNumber(out, date.day, two); return;
    case PieceKind::kDayOfYear: AppendNumber(out, day(data::DateField::kDayOfYear), piece.is_unpadded ? 1 : 3); return;
    case PieceKind::kDayName: AppendWord(out, kDays[day(data::DateField::kDayOfWeek)], piece.letters); return;
    case PieceKind::kDayShort:
      AppendWord(out, kDays[day(data::DateField::kDayOfWeek)].substr(0, 3), piece.letters);
      return;
    case PieceKind::kDayOfWeek: AppendNumber(out, day(data::DateField::kDayOfWeek), 1); return;
    case PieceKind::kIsoDayOfWeek: AppendNumber(out, day(data::DateField::kIsoDayOfWeek), 1); return;
    case PieceKind::kIsoWeek: AppendNumber(out, day(data::DateField::kWeek), two); return;
    case PieceKind::kIsoYear: AppendNumber(out, day(data::DateField::kIsoYear), 4); return;
    case PieceKind::kQuarter: AppendNumber(out, (date.month - 1) / 3 + 1, 1); return;
    case PieceKind::kHour24: AppendNumber(out, hour, two); return;
    case PieceKind::kHour12: AppendNumber(out, hour % 12 == 0 ? 12 : hour % 12, two); return;
    case PieceKind::kMinute: AppendNumber(out, seconds / 60 % 60, two); return;
    case PieceKind::kSecond: AppendNumber(out, seconds % 60, two); return;
    case PieceKind::kFraction: {
      int64_t fraction = time.nanos_of_day % kNanosPerSecond;
      for (int i = piece.digits; i < 9; ++i) fraction /= 10;
      AppendNumber(out, fraction, piece.digits);
      return;
    }
    case PieceKind::kHalfDay: AppendWord(out, hour < 12 ? "AM" : "PM", piece.letters); return;
    case PieceKind::kEpoch: AppendNumber(out, time.epoch_seconds, 1); return;
    case PieceKind::kZoneName: out += time.zone_name; return;
    case PieceKind::kZoneOffset: {
      char text[32];
      out.append(text, data::FormatOffset(time.offset_seconds, text));
      return;
    }
  }
}

// Reading

struct Reader {
  std::string_view rest;

  // 1 to `digits_max` digits.
  bool Number(int digits_max, int64_t& out, int* digits = nullptr) {
    int count = 0;
    out = 0;
    while (count < digits_max && !rest.empty() && IsDigitAscii(rest[0])) {
      out = out * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
      ++count;
    }
    if (digits != nullptr) *digits = count;
    return count > 0;
  }
  bool Signed(int digits_max, int64_t& out) {
    const bool is_negative = !rest.empty() && rest[0] == '-';
    if (is_negative || (!rest.empty() && rest[0] == '+')) rest.remove_prefix(1);
    if (!Number(digits_max, out)) return false;
    if (is_negative) out = -out;
    return true;
  }
  // One of the names, in full or its first three letters; the index.
  template <size_t N>
  bool Name(const std::string_view (&names)[N], int64_t& out) {
    for (size_t i = 0; i < N; ++i) {
      const size_t size = StartsWithIgnoreCase(rest, names[i]) ? names[i].size() : 3;
      if (!StartsWithIgnoreCase(rest, names[i].substr(0, size))) continue;
      rest.remove_prefix(size);
      out = static_cast<int64_t>(i);
      return true;
    }
    return false;
  }
  // Z, +hh, +hhmm, +hh:mm.
  bool Offset(int32_t& seconds) {
    if (!rest.empty() && (rest[0] == 'Z' || rest[0] == 'z')) {
      rest.remove_prefix(1);
      seconds = 0;
      return true;
    }
    if (rest.empty() || (rest[0] != '+' && rest[0] != '-')) return false;
    const bool is_west = rest[0] == '-';
    rest.remove_prefix(1);
    int64_t hours = 0;
    int64_t minutes = 0;
    if (!Number(2, hours)) return false;
    if (!rest.empty() && rest[0] == ':') rest.remove_prefix(1);
    if (!rest.empty() && IsDigitAscii(rest[0]) && !Number(2, minutes)) return false;
    if (hours > 18 || minutes > 59) return false;
    seconds = static_cast<int32_t>(hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    return true;
  }
};

struct Parts {
  int64_t year = 1970;
  int64_t month = 1;
  int64_t day = 1;
  int64_t day_of_year = 0;
  int64_t hour = 0;
  int64_t minute = 0;
  int64_t second = 0;
  int64_t nanos = 0;
  int64_t epoch = 0;
  bool has_epoch = false;
  bool is_half = false;
  bool is_afternoon = false;
};

bool ReadFraction(Reader& in, int64_t& nanos) {
  int digits = 0;
  if (!in.Number(9, nanos, &digits)) return false;
  for (int i = digits; i < 9; ++i) nanos *= 10;
  return true;
}

bool ReadHalfDay(Reader& in, Parts& parts) {
  parts.is_half = true;
  parts.is_afternoon = StartsWithIgnoreCase(in.rest, "PM");
  if (!parts.is_afternoon && !StartsWithIgnoreCase(in.rest, "AM")) return false;
  in.rest.remove_prefix(2);
  return true;
}

bool ReadPiece(const TimePiece& piece, Reader& in, Parts& parts, ParsedTime& out) {
  int64_t ignored = 0;
  switch (piece.kind) {
    case PieceKind::kLiteral:
      if (!in.rest.starts_with(piece.literal)) return false;
      in.rest.remove_prefix(piece.literal.size());
      return true;
    // Digits may follow at once: 20240517. A year that stands apart may be longer.
    case PieceKind::kYear: return in.Signed(4, parts.year);
    case PieceKind::kYear2:
      if (!in.Number(2, parts.year)) return false;
      parts.year += parts.year < 70 ? 2000 : 1900;
      return true;
    case PieceKind::kMonth: return in.Number(2, parts.month);
    case PieceKind::kMonthName:
    case PieceKind::kMonthShort:
      if (!in.Name(kMonths, parts.month)) return false;
      ++parts.month;
      return true;
    case PieceKind::kDay:
      while (piece.is_unpadded && in.rest.starts_with(' ')) in.rest.remove_prefix(1);
      return in.Number(2, parts.day);
    case PieceKind::kDayOfYear: return in.Number(3, parts.day_of_year) && parts.day_of_year >= 1;
    case PieceKind::kDayName:
    case PieceKind::kDayShort: return in.Name(kDays, ignored);
    case PieceKind::kHour24: return in.Number(2, parts.hour) && parts.hour <= 24;
    case PieceKind::kHour12:
      parts.is_half = true;
      return in.Number(2, parts.hour) && parts.hour >= 1 && parts.hour <= 12;
    case PieceKind::kMinute: return in.Number(2, parts.minute) && parts.minute <= 59;
    case PieceKind::kSecond: return in.Number(2, parts.second) && parts.second <= 60;
    case PieceKind::kFraction: return ReadFraction(in, parts.nanos);
    case PieceKind::kHalfDay: return ReadHalfDay(in, parts);
    case PieceKind::kEpoch: parts.has_epoch = true; return in.Signed(12, parts.epoch);
    case PieceKind::kZoneOffset: return in.Offset(out.offset_seconds);
    case PieceKind::kZoneName:
      if (StartsWithIgnoreCase(in.rest, "UTC") || StartsWithIgnoreCase(in.rest, "GMT")) {
        in.rest.remove_prefix(3);
        return true;
      }
      return in.Offset(out.offset_seconds);
    // These say nothing that makes a date by itself.
    case PieceKind::kDayOfWeek:
    case PieceKind::kIsoDayOfWeek:
    case PieceKind::kQuarter: return in.Number(1, ignored);
    case PieceKind::kIsoWeek: return in.Number(2, ignored);
    case PieceKind::kIsoYear: return in.Number(4, ignored);
  }
  return false;
}

}  // namespace

void AppendTime(const TimePattern& pattern, const CivilTime& time, std::string& out) {
  const data::CivilDate date = data::CivilFromDays(time.days);
  for (const TimePiece& piece : pattern.pieces) AppendPiece(piece, time, date, out);
}

bool ParseTime(const TimePattern& pattern, std::string_view text, ParsedTime& out) {
  Reader in{Trim(text)};
  Parts parts;
  out = ParsedTime{};
  for (const TimePiece& piece : pattern.pieces) {
    if (!ReadPiece(piece, in, parts, out)) return false;
  }
  if (!in.rest.empty()) return false;
  if (parts.has_epoch) {
    out.days = FloorDiv(parts.epoch, 86400);
    out.nanos_of_day = FloorMod(parts.epoch, 86400) * kNanosPerSecond + parts.nanos;
    return true;
  }
  if (parts.is_half) {
    if (parts.hour > 12) return false;
    parts.hour = parts.hour % 12 + (parts.is_afternoon ? 12 : 0);
  }
  int32_t days = 0;
  if (!data::MakeDate(parts.year, parts.month, parts.day, days)) return false;
  out.days = days;
  if (parts.day_of_year > 0) {
    if (parts.day_of_year > (data::IsLeapYear(parts.year) ? 366 : 365)) return false;
    out.days = data::DaysFromCivil(parts.year, 1, 1) + parts.day_of_year - 1;
  }
  out.nanos_of_day = ((parts.hour * 60 + parts.minute) * 60 + parts.second) * kNanosPerSecond + parts.nanos;
  return parts.hour < 24 || (parts.minute == 0 && parts.second == 0 && parts.nanos == 0);
}

Result<TimePattern> CompileTimePattern(std::string_view text) {
  if (text.find('%') == std::string_view::npos) return CompileWords(text);
  TimePattern pattern;
  TRY(AddPercents(pattern, text));
  return pattern;
}

}  // namespace laminar::functions
