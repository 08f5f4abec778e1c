// Dates, times, timestamps and intervals: civil-calendar arithmetic, text, fields. Proleptic Gregorian calendar, year
// 0 is 1 BC, no leap seconds. Nothing here allocates and nothing here throws; a false result means "not such a value"
// or "out of range".
//
// Units: DATE is days since 1970-01-01; TIME is microseconds since midnight; a timestamp is microseconds since the
// epoch, or nanoseconds where `nanos` says so (Type::is_nanos). Time zones are in time_zone.h.
// Law: Parse*(Format*(x)) == x for every representable x.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "data/type.h"

namespace laminar::data {

// ---- The calendar ----

struct CivilDate {
  int64_t year = 1970;
  int32_t month = 1;  // 1..12
  int32_t day = 1;    // 1..31
  bool operator==(const CivilDate&) const = default;
};

constexpr bool IsLeapYear(int64_t year) { return (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0); }
constexpr int32_t DaysInMonth(int64_t year, int32_t month) {
  if (month == 2) return IsLeapYear(year) ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}

// Days since the epoch of a valid civil date; years within +-10^13 cannot overflow. Counts from March so that the
// leap day is last.
constexpr int64_t DaysFromCivil(int64_t year, int32_t month, int32_t day) {
  const int64_t y = year - (month <= 2 ? 1 : 0);
  const int64_t cycle = FloorDiv(y, 400);
  const int64_t year_of_cycle = y - cycle * 400;
  const int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return cycle * 146097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year - 719468;
}

constexpr CivilDate CivilFromDays(int64_t days) {
  const int64_t shifted = days + 719468;
  const int64_t cycle = FloorDiv(shifted, 146097);
  const int64_t day_of_cycle = shifted - cycle * 146097;
  const int64_t year_of_cycle =
      (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 - day_of_cycle / 146096) / 365;
  const int64_t day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
  const int64_t march_month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<int32_t>(day_of_year - (153 * march_month + 2) / 5 + 1);
  const auto month = static_cast<int32_t>(march_month < 10 ? march_month + 3 : march_month - 9);
  return {.year = cycle * 400 + year_of_cycle + (month <= 2 ? 1 : 0), .month = month, .day = day};
}

constexpr bool IsValidDate(int64_t year, int64_t month, int64_t day) {
  return month >= 1 && month <= 12 && day >= 1 && day <= DaysInMonth(year, static_cast<int32_t>(month));
}

// make_date, make_timestamp: checked.
bool MakeDate(int64_t year, int64_t month, int64_t day, int32_t& out);
bool MakeTime(int64_t hour, int64_t minute, double second, int64_t& out);

// ---- Text ----

// Day part [+-]YYYY-MM-DD (4 to 7 year digits; month and day of one or two digits).
bool ParseDate(std::string_view text, int32_t& days);
// HH:MM[:SS[.fraction]]; digits beyond microseconds are cut off.
bool ParseTime(std::string_view text, int64_t& micros);
// Date alone (midnight), or date, 'T' or blank, time, then an optional offset: Z, +hh, +hhmm, +hh:mm, +hh:mm:ss. The
// result is UTC if there is an offset (has_offset), else the civil time as if it were UTC. Digits beyond `precision`
// are cut off, so a row is never moved to a later window. Micros, or nanos if precision > 6. Second 60 is the first
// of the next minute.
bool ParseTimestamp(std::string_view text, int precision, int64_t& out, bool* has_offset = nullptr);
// '1 day 02:03:04', '5 minutes', '1.5h', '-3 mons ago', '1-2' (years-months), ISO P1Y2M3DT4H5M6.5S. A bare number
// counts seconds.
bool ParseInterval(std::string_view text, Interval& out);
// The number in `text`, of one unit: INTERVAL '5' MINUTE.
bool ParseIntervalOfUnit(std::string_view text, std::string_view unit, Interval& out);

// Longest texts; the Format functions write no terminator and return the length.
inline constexpr uint32_t kMaxDateText = 24;
inline constexpr uint32_t kMaxTimeText = 24;
inline constexpr uint32_t kMaxTimestampText = 48;
inline constexpr uint32_t kMaxIntervalText = 96;
uint32_t FormatDate(int64_t days, char* out);
uint32_t FormatTime(int64_t micros, char* out);  // fraction without trailing zeros
uint32_t FormatTimestamp(int64_t value, bool nanos, char separator, char* out);
uint32_t FormatOffset(int32_t seconds, char* out);  // "+00", "+05:30", "-00:00:30"
uint32_t FormatInterval(const Interval& value, char* out);  // "1 year 2 mons -3 days +04:05:06.7"; zero is "00:00:00"

// ---- Arithmetic ----

// Timestamp plus interval: months on the calendar (clamped to the month's end), then days, then the rest.
bool AddInterval(int64_t timestamp, const Interval& interval, bool nanos, int64_t& out);
bool AddMonths(int32_t days, int64_t months, int32_t& out);
bool NegateInterval(const Interval& value, Interval& out);
bool AddIntervals(const Interval& a, const Interval& b, Interval& out);
bool MultiplyInterval(const Interval& value, double factor, Interval& out);
// a - b in microseconds, as days and a time of day of the same sign.
bool SubtractTimestamps(int64_t a, int64_t b, Interval& out);
// Fixed length in microseconds; false if it has months or overflows. A day is 24 hours.
bool FixedMicros(const Interval& value, int64_t& out);

// Between units. To micros rounds down; to nanos can overflow.
constexpr int64_t NanosToMicros(int64_t nanos) { return FloorDiv(nanos, 1000); }
inline bool MicrosToNanos(int64_t micros, int64_t& out) { return !__builtin_mul_overflow(micros, int64_t{1000}, &out); }
// Cuts a timestamp down to the digits of a precision (micros up to 6, nanos above).
int64_t TruncateToPrecision(int64_t timestamp, int precision);

// ---- Fields ----

enum class DateField : uint8_t {
  kMicrosecond,
  kMillisecond,
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,
  kMonth,
  kQuarter,
  kYear,
  kDecade,
  kCentury,
  kMillennium,
  // Only for extraction:
  kEpoch,
  kDayOfWeek,     // Sunday 0
  kIsoDayOfWeek,  // Monday 1 .. Sunday 7
  kDayOfYear,
  kIsoYear,
  kNanosecond,
  kJulian,
};

// 'year', 'years', 'y', 'dow', 'ms' and so on, any case.
bool FindDateField(std::string_view name, DateField& out);
std::string_view DateFieldName(DateField field);

// date_trunc: the start of the field's span that holds the timestamp (weeks start on Monday). False: an
// extraction-only field, or a start before the first timestamp. Units as `nanos` says.
bool TruncateTimestamp(DateField field, int64_t timestamp, bool nanos, int64_t& out);
// date_bin: the start of the span of `stride` units, counted from origin, that holds the timestamp. stride > 0.
bool BinTimestamp(int64_t stride, int64_t timestamp, int64_t origin, int64_t& out);

// EXTRACT of whole fields: second is the whole second, millisecond and microsecond count within the minute, epoch is
// whole seconds (rounded down). False: the type has no such field.
bool ExtractFromTimestamp(DateField field, int64_t timestamp, bool nanos, int64_t& out);
bool ExtractFromDate(DateField field, int32_t days, int64_t& out);
bool ExtractFromTime(DateField field, int64_t micros, int64_t& out);
bool ExtractFromInterval(DateField field, const Interval& value, int64_t& out);
inline double EpochSeconds(int64_t timestamp, bool nanos) {
  return static_cast<double>(timestamp) / (nanos ? 1e9 : 1e6);
}

}  // namespace laminar::data
