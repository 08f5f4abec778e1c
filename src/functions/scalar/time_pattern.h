// Patterns of dates and times as text: 'YYYY-MM-DD HH24:MI' (to_char) and '%Y-%m-%d %H:%M' (strftime) become one list
// of pieces, used both to write and to read. A pattern with a '%' is of the second style.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace laminar::functions {

enum class PieceKind : uint8_t {
  kLiteral,
  kYear,  // four digits or more
  kYear2,
  kMonth,
  kMonthName,  // letters: see TimePiece::letters
  kMonthShort,
  kDay,
  kDayOfYear,
  kDayName,
  kDayShort,
  kDayOfWeek,     // Sunday 0
  kIsoDayOfWeek,  // Monday 1
  kIsoWeek,
  kIsoYear,
  kQuarter,
  kHour24,
  kHour12,
  kMinute,
  kSecond,
  kFraction,  // `digits` digits of the second's fraction
  kHalfDay,   // AM, PM
  kEpoch,     // whole seconds
  kZoneName,
  kZoneOffset,
};

enum class Letters : uint8_t { kCapitalized, kUpper, kLower };

struct TimePiece {
  PieceKind kind = PieceKind::kLiteral;
  Letters letters = Letters::kCapitalized;
  uint8_t digits = 0;        // of a fraction
  bool is_unpadded = false;  // without leading zeros
  std::string literal;
};

struct TimePattern {
  std::vector<TimePiece> pieces;
};

// kBadValue names the piece that is not known.
Result<TimePattern> CompileTimePattern(std::string_view text);

// A civil time taken apart.
struct CivilTime {
  int64_t days = 0;  // since 1970-01-01
  int64_t nanos_of_day = 0;
  int64_t epoch_seconds = 0;
  int32_t offset_seconds = 0;
  std::string_view zone_name = "UTC";
};

void AppendTime(const TimePattern& pattern, const CivilTime& time, std::string& out);

// False: the text does not fit the pattern. Fields that the pattern does not name are those of 1970-01-01 00:00:00. The
// result is in nanoseconds of the day; has_offset: offset_seconds was in the text.
struct ParsedTime {
  int64_t days = 0;
  int64_t nanos_of_day = 0;
  int32_t offset_seconds = 0;
};
bool ParseTime(const TimePattern& pattern, std::string_view text, ParsedTime& out);

}  // namespace laminar::functions
