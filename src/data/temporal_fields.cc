// Fields of dates and times: extraction, truncation, binning.
#include <limits>

#include "base/text.h"
#include "data/temporal.h"

namespace laminar::data {
namespace {

struct FieldName {
  std::string_view name;
  DateField field;
};

// The first name of each field is the one shown.
constexpr FieldName kFieldNames[] = {
    {"microsecond", DateField::kMicrosecond}, {"microseconds", DateField::kMicrosecond},
    {"us", DateField::kMicrosecond},          {"usec", DateField::kMicrosecond},
    {"millisecond", DateField::kMillisecond}, {"milliseconds", DateField::kMillisecond},
    {"ms", DateField::kMillisecond},          {"msec", DateField::kMillisecond},
    {"second", DateField::kSecond},           {"seconds", DateField::kSecond},
    {"sec", DateField::kSecond},              {"s", DateField::kSecond},
    {"minute", DateField::kMinute},           {"minutes", DateField::kMinute},
    {"min", DateField::kMinute},              {"m", DateField::kMinute},
    {"hour", DateField::kHour},               {"hours", DateField::kHour},
    {"hr", DateField::kHour},                 {"h", DateField::kHour},
    {"day", DateField::kDay},                 {"days", DateField::kDay},
    {"d", DateField::kDay},                   {"dayofmonth", DateField::kDay},
    {"week", DateField::kWeek},               {"weeks", DateField::kWeek},
    {"w", DateField::kWeek},                  {"weekofyear", DateField::kWeek},
    {"month", DateField::kMonth},             {"months", DateField::kMonth},
    {"mon", DateField::kMonth},               {"quarter", DateField::kQuarter},
    {"quarters", DateField::kQuarter},        {"year", DateField::kYear},
    {"years", DateField::kYear},              {"y", DateField::kYear},
    {"yr", DateField::kYear},                 {"decade", DateField::kDecade},
    {"decades", DateField::kDecade},          {"century", DateField::kCentury},
    {"centuries", DateField::kCentury},       {"millennium", DateField::kMillennium},
    {"millennia", DateField::kMillennium},    {"epoch", DateField::kEpoch},
    {"dow", DateField::kDayOfWeek},           {"dayofweek", DateField::kDayOfWeek},
    {"weekday", DateField::kDayOfWeek},       {"isodow", DateField::kIsoDayOfWeek},
    {"doy", DateField::kDayOfYear},           {"dayofyear", DateField::kDayOfYear},
    {"isoyear", DateField::kIsoYear},         {"nanosecond", DateField::kNanosecond},
    {"nanoseconds", DateField::kNanosecond},  {"ns", DateField::kNanosecond},
    {"julian", DateField::kJulian},
};

// Monday 1 .. Sunday 7; day 0 was a Thursday.
int64_t IsoDayOfWeek(int64_t days) { return FloorMod(days + 3, 7) + 1; }

// The year and number of the ISO week that holds the day: the year of its Thursday.
void IsoWeek(int64_t days, int64_t& year, int64_t& week) {
  const int64_t thursday = days - IsoDayOfWeek(days) + 4;
  year = CivilFromDays(thursday).year;
  week = (thursday - DaysFromCivil(year, 1, 1)) / 7 + 1;
}

int64_t FirstYear(DateField field, int64_t year) {
  switch (field) {
    case DateField::kDecade: return FloorDiv(year, 10) * 10;
    case DateField::kCentury: return FloorDiv(year - 1, 100) * 100 + 1;
    case DateField::kMillennium: return FloorDiv(year - 1, 1000) * 1000 + 1;
    default: return year;
  }
}

// The first day of the week, month or longer span that holds the day.
int64_t FirstDay(DateField field, int64_t days) {
  if (field == DateField::kWeek) return days - IsoDayOfWeek(days) + 1;
  const CivilDate date = CivilFromDays(days);
  if (field == DateField::kMonth) return days - date.day + 1;
  if (field == DateField::kQuarter) return DaysFromCivil(date.year, (date.month - 1) / 3 * 3 + 1, 1);
  return DaysFromCivil(FirstYear(field, date.year), 1, 1);
}

// Microseconds of the spans of fixed length; 0 for the others.
int64_t FixedSpan(DateField field) {
  switch (field) {
    case DateField::kMicrosecond: return 1;
    case DateField::kMillisecond: return kMillisecond;
    case DateField::kSecond: return kSecond;
    case DateField::kMinute: return kMinute;
    case DateField::kHour: return kHour;
    case DateField::kDay: return kDay;
    default: return 0;
  }
}

// Fields of a day, for dates and timestamps.
bool ExtractFromDays(DateField field, int64_t days, int64_t& out) {
  const CivilDate date = CivilFromDays(days);
  int64_t iso_year = 0;
  int64_t iso_week = 0;
  switch (field) {
    case DateField::kDay: out = date.day; return true;
    case DateField::kMonth: out = date.month; return true;
    case DateField::kQuarter: out = (date.month - 1) / 3 + 1; return true;
    case DateField::kYear: out = date.year; return true;
    case DateField::kDecade: out = FloorDiv(date.year, 10); return true;
    case DateField::kCentury: out = FloorDiv(date.year - 1, 100) + 1; return true;
    case DateField::kMillennium: out = FloorDiv(date.year - 1, 1000) + 1; return true;
    case DateField::kDayOfWeek: out = IsoDayOfWeek(days) % 7; return true;
    case DateField::kIsoDayOfWeek: out = IsoDayOfWeek(days); return true;
    case DateField::kDayOfYear: out = days - DaysFromCivil(date.year, 1, 1) + 1; return true;
    case DateField::kJulian: out = days + 2440588; return true;
    case DateField::kIsoYear:
    case DateField::kWeek:
      IsoWeek(days, iso_year, iso_week);
      out = field == DateField::kWeek ? iso_week : iso_year;
      return true;
    default: return false;
  }
}

// Fields of a time of day, given as nanoseconds.
bool ExtractFromNanosOfDay(DateField field, int64_t nanos, int64_t& out) {
  constexpr int64_t kNanosPerMinute = 60'000'000'000;
  switch (field) {
    case DateField::kNanosecond: out = nanos % kNanosPerMinute; return true;
    case DateField::kMicrosecond: out = nanos % kNanosPerMinute / 1000; return true;
    case DateField::kMillisecond: out = nanos % kNanosPerMinute / 1'000'000; return true;
    case DateField::kSecond: out = nanos % kNanosPerMinute / 1'000'000'000; return true;
    case DateField::kMinute: out = nanos / kNanosPerMinute % 60; return true;
    case DateField::kHour: out = nanos / (60 * kNanosPerMinute); return true;
    default: return false;
  }
}

}  // namespace

bool FindDateField(std::string_view name, DateField& out) {
  for (const FieldName& entry : kFieldNames) {
    if (!EqualsIgnoreCase(name, entry.name)) continue;
    out = entry.field;
    return true;
  }
  return false;
}

std::string_view DateFieldName(DateField field) {
  for (const FieldName& entry : kFieldNames) {
    if (entry.field == field) return entry.name;
  }
  return "";
}

bool TruncateTimestamp(DateField field, int64_t timestamp, bool nanos, int64_t& out) {
  const int64_t scale = nanos ? 1000 : 1;
  if (const int64_t span = FixedSpan(field); span != 0) {
    return !__builtin_sub_overflow(timestamp, FloorMod(timestamp, span * scale), &out);
  }
  if (field > DateField::kMillennium) return false;
  const int64_t units_per_day = kDay * scale;
  return !__builtin_mul_overflow(FirstDay(field, FloorDiv(timestamp, units_per_day)), units_per_day, &out);
}

bool BinTimestamp(int64_t stride, int64_t timestamp, int64_t origin, int64_t& out) {
  if (stride <= 0) return false;
  int64_t distance = 0;
  if (__builtin_sub_overflow(timestamp, origin, &distance)) return false;
  return !__builtin_sub_overflow(timestamp, FloorMod(distance, stride), &out);
}

int64_t TruncateToPrecision(int64_t timestamp, int precision) {
  constexpr int64_t kSteps[] = {1'000'000, 100'000, 10'000, 1000, 100, 10, 1, 100, 10, 1};
  const int64_t step = kSteps[precision];
  int64_t out = 0;
  if (__builtin_sub_overflow(timestamp, FloorMod(timestamp, step), &out)) return timestamp;
  return out;
}

bool ExtractFromTimestamp(DateField field, int64_t timestamp, bool nanos, int64_t& out) {
  const int64_t units_per_day = nanos ? kDay * 1000 : kDay;
  if (field == DateField::kEpoch) {
    out = FloorDiv(timestamp, nanos ? 1'000'000'000 : 1'000'000);
    return true;
  }
  if (ExtractFromNanosOfDay(field, FloorMod(timestamp, units_per_day) * (nanos ? 1 : 1000), out)) return true;
  return ExtractFromDays(field, FloorDiv(timestamp, units_per_day), out);
}

bool ExtractFromDate(DateField field, int32_t days, int64_t& out) {
  if (field == DateField::kEpoch) {
    out = int64_t{days} * 86400;
    return true;
  }
  if (ExtractFromNanosOfDay(field, 0, out)) return true;
  return ExtractFromDays(field, days, out);
}

bool ExtractFromTime(DateField field, int64_t micros, int64_t& out) {
  if (field == DateField::kEpoch) {
    out = micros / 1'000'000;
    return true;
  }
  return ExtractFromNanosOfDay(field, micros * 1000, out);
}

bool ExtractFromInterval(DateField field, const Interval& value, int64_t& out) {
  switch (field) {
    case DateField::kMillennium: out = value.months / 12000; return true;
    case DateField::kCentury: out = value.months / 1200; return true;
    case DateField::kDecade: out = value.months / 120; return true;
    case DateField::kYear: out = value.months / 12; return true;
    case DateField::kQuarter: out = value.months % 12 / 3 + 1; return true;
    case DateField::kMonth: out = value.months % 12; return true;
    case DateField::kDay: out = value.days; return true;
    case DateField::kHour: out = value.micros / kHour; return true;
    case DateField::kMinute: out = value.micros % kHour / kMinute; return true;
    case DateField::kSecond: out = value.micros % kMinute / kSecond; return true;
    case DateField::kMillisecond: out = value.micros % kMinute / kMillisecond; return true;
    case DateField::kMicrosecond: out = value.micros % kMinute; return true;
    case DateField::kNanosecond: out = value.micros % kMinute * 1000; return true;
    case DateField::kEpoch:
      // A year counts 365.25 days here, a month outside a year 30.
      out = value.months / 12 * int64_t{31557600} + value.months % 12 * int64_t{2592000} +
            int64_t{value.days} * 86400 + value.micros / kSecond;
      return true;
    default: return false;
  }
}

}  // namespace laminar::data
