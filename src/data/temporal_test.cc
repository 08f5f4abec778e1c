#include "data/temporal.h"

#include <doctest/doctest.h>

#include <string>

#include "base/random.h"

using namespace laminar;
using namespace laminar::data;

namespace {

int64_t Micros(std::string_view text) {
  int64_t out = 0;
  REQUIRE_MESSAGE(ParseTimestamp(text, 6, out), text);
  return out;
}

std::string Shown(int64_t micros) {
  char text[kMaxTimestampText];
  return {text, FormatTimestamp(micros, false, ' ', text)};
}

Interval Span(std::string_view text) {
  Interval out;
  REQUIRE_MESSAGE(ParseInterval(text, out), text);
  return out;
}

std::string Shown(const Interval& value) {
  char text[kMaxIntervalText];
  return {text, FormatInterval(value, text)};
}

}  // namespace

TEST_CASE("days and civil dates count together, day by day") {
  CHECK_EQ(DaysFromCivil(1970, 1, 1), 0);
  CHECK_EQ(DaysFromCivil(2000, 3, 1), 11017);
  CHECK_EQ(DaysFromCivil(0, 1, 1), -719528);
  CivilDate date{.year = -801, .month = 1, .day = 1};
  for (int64_t days = DaysFromCivil(-801, 1, 1); date.year < 2450; ++days) {
    REQUIRE_EQ(DaysFromCivil(date.year, date.month, date.day), days);
    REQUIRE(CivilFromDays(days) == date);
    if (++date.day > DaysInMonth(date.year, date.month)) {
      date.day = 1;
      if (++date.month > 12) {
        date.month = 1;
        ++date.year;
      }
    }
  }
  for (const int64_t days : {int64_t{INT32_MIN}, int64_t{INT32_MAX}, int64_t{-106751992}}) {
    const CivilDate d = CivilFromDays(days);
    CHECK_EQ(DaysFromCivil(d.year, d.month, d.day), days);
  }
}

TEST_CASE("timestamps are read in all their forms") {
  CHECK_EQ(Micros("1970-01-01 00:00:00"), 0);
  CHECK_EQ(Micros("1970-01-02"), kDay);
  CHECK_EQ(Micros("1970-01-01T00:00:01"), kSecond);
  CHECK_EQ(Micros("1970-01-01T00:00:01.5Z"), 1'500'000);
  CHECK_EQ(Micros("1970-01-01 00:01"), kMinute);
  CHECK_EQ(Micros("1970-1-1 0:00:00.000001"), 1);
  CHECK_EQ(Micros("1970-01-01 02:00:00+02:00"), 0);
  CHECK_EQ(Micros("1970-01-01 02:00:00 +0200"), 0);
  CHECK_EQ(Micros("1970-01-01 00:00:00-01"), kHour);
  CHECK_EQ(Micros("1970-01-01 05:30:00+05:30"), 0);
  CHECK_EQ(Micros("1970-01-01 00:00:00 UTC"), 0);
  CHECK_EQ(Micros("1969-12-31 23:59:60"), 0);
  CHECK_EQ(Micros("1969-12-31 23:59:59.9999999"), -1);  // digits beyond the unit are cut off, never rounded up
  CHECK_EQ(Micros("+2024-02-29 00:00:00"), Micros("2024-02-29"));
  CHECK_EQ(Shown(Micros("-0044-03-15 12:00:00")), "-0044-03-15 12:00:00");
  CHECK_EQ(Shown(Micros("10000-01-01")), "10000-01-01 00:00:00");
  bool has_offset = true;
  int64_t out = 0;
  CHECK(ParseTimestamp("2024-01-01 00:00:00", 6, out, &has_offset));
  CHECK_FALSE(has_offset);
  CHECK(ParseTimestamp("2024-01-01 00:00:00.1Z", 6, out, &has_offset));
  CHECK(has_offset);
  CHECK(ParseTimestamp("2024-01-01 00:00:00.123456789", 3, out));
  CHECK_EQ(Shown(out), "2024-01-01 00:00:00.123");
  CHECK(ParseTimestamp("1970-01-01 00:00:00.123456789", 9, out));
  CHECK_EQ(out, 123456789);
  CHECK(ParseTimestamp("1970-01-01 00:00:00.123456789", 7, out));
  CHECK_EQ(out, 123456700);
}

TEST_CASE("what is no timestamp is refused") {
  int64_t out = 0;
  for (const std::string_view bad :
       {"", "2024", "2024-13-01", "2024-02-30", "2023-02-29", "1900-02-29", "2024-00-10", "2024-01-00", "24-01-01",
        "2024-01-01 24:00:00", "2024-01-01 00:60:00", "2024-01-01 00:00:61", "2024-01-01 00:00:00.", "2024-01-01T",
        "2024-01-01 00:00:00+", "2024-01-01 00:00:00+1:0", "2024-01-01 00:00:00+25", "2024-01-01 00:00:00Zx",
        "2024/01/01 00:00:00", "2024-01-01 00:00:0x", "2024-01-01 00-00-00", "infinity", "-infinity", "now",
        "294248-01-01", "-290309-01-01", "9999999-12-31", "2024-01-01 00:00:00.5 x", " 2024-01-01"}) {
    CHECK_FALSE_MESSAGE(ParseTimestamp(bad, 6, out), bad);
  }
  CHECK_FALSE(ParseTimestamp("2262-04-11 23:47:16.854775808", 9, out));
  CHECK(ParseTimestamp("2262-04-11 23:47:16.854775807", 9, out));
  CHECK_EQ(out, INT64_MAX);
  CHECK(ParseTimestamp("1677-09-21 00:12:43.145224192", 9, out));
  CHECK_EQ(out, INT64_MIN);
}

TEST_CASE("timestamps, dates and times read back as written") {
  Random random(1);
  char text[kMaxTimestampText];
  for (int i = 0; i < 200'000; ++i) {
    int64_t value = static_cast<int64_t>(random.Next()) >> random.Below(64);
    if (i < 4) value = (i & 1) != 0 ? INT64_MAX - i / 2 : INT64_MIN + i / 2;
    const bool nanos = random.OneIn(2);
    int64_t back = 0;
    const uint32_t length = FormatTimestamp(value, nanos, random.OneIn(2) ? 'T' : ' ', text);
    REQUIRE_LE(length, kMaxTimestampText);
    REQUIRE(ParseTimestamp({text, length}, nanos ? 9 : 6, back));
    REQUIRE_EQ(back, value);
    const auto days = static_cast<int32_t>(value);
    int32_t days_back = 0;
    REQUIRE(ParseDate({text, FormatDate(days, text)}, days_back));
    REQUIRE_EQ(days_back, days);
    const int64_t time = FloorMod(value, kDay);
    REQUIRE(ParseTime({text, FormatTime(time, text)}, back));
    REQUIRE_EQ(back, time);
  }
}

TEST_CASE("the fast path agrees with the general one") {
  // A trailing blank before the offset forces the general path.
  Random random(2);
  const char alphabet[] = "0123456789-: T.Z+";
  for (int i = 0; i < 200'000; ++i) {
    std::string text = Shown(static_cast<int64_t>(random.Below(4'000'000'000'000'000)));
    if (random.OneIn(2)) text[random.Below(text.size())] = alphabet[random.Below(sizeof(alphabet) - 1)];
    int64_t fast = 0;
    int64_t slow = 0;
    const bool fast_ok = ParseTimestamp(text, 6, fast);
    std::string padded = text;
    if (padded.size() > 10 && (padded[10] == ' ' || padded[10] == 'T')) padded.insert(11, " ");
    const bool slow_ok = ParseTimestamp(padded, 6, slow);
    REQUIRE_MESSAGE(fast_ok == slow_ok, text);
    if (fast_ok) REQUIRE_EQ(fast, slow);
  }
}

TEST_CASE("intervals are read in all their forms") {
  CHECK(Span("1 day 02:03:04") == Interval{0, 1, 2 * kHour + 3 * kMinute + 4 * kSecond});
  CHECK(Span("5 minutes") == Interval{0, 0, 5 * kMinute});
  CHECK(Span("200ms") == Interval{0, 0, 200'000});
  CHECK(Span("1.5h") == Interval{0, 0, 90 * kMinute});
  CHECK(Span("1 year 2 months") == Interval{14, 0, 0});
  CHECK(Span("1.5 years") == Interval{18, 0, 0});
  CHECK(Span("0.5 months") == Interval{0, 15, 0});
  CHECK(Span("1.5 days") == Interval{0, 1, 12 * kHour});
  CHECK(Span("-1 day") == Interval{0, -1, 0});
  CHECK(Span("3 mons ago") == Interval{-3, 0, 0});
  CHECK(Span("-00:00:01.5") == Interval{0, 0, -1'500'000});
  CHECK(Span("1-2") == Interval{14, 0, 0});
  CHECK(Span("10") == Interval{0, 0, 10 * kSecond});
  CHECK(Span("2 weeks") == Interval{0, 14, 0});
  CHECK(Span("P1Y2M3W4DT5H6M7.5S") ==
        Interval{14, 25, 5 * kHour + 6 * kMinute + 7 * kSecond + 500'000});
  CHECK(Span("P1DT2H") == Interval{0, 1, 2 * kHour});
  CHECK(Span("-PT1M") == Interval{0, 0, -kMinute});
  CHECK(Span("PT-1.5S") == Interval{0, 0, -1'500'000});
  Interval out;
  for (const std::string_view bad : {"", "day", "1 dya", "P", "PT", "P1", "P1H", "PT1D", "1:60:00", "1 day ago 2 hours",
                                     "3000000000 days", "1 2", "--1 day", "99999999999999999999 s", "1 day x"}) {
    CHECK_FALSE_MESSAGE(ParseInterval(bad, out), bad);
  }
  CHECK(ParseIntervalOfUnit("5", "MINUTE", out));
  CHECK(out == Interval{0, 0, 5 * kMinute});
  CHECK(ParseIntervalOfUnit("-8", "HOUR", out));
  CHECK(out == Interval{0, 0, -8 * kHour});
  CHECK_FALSE(ParseIntervalOfUnit("5 x", "MINUTE", out));
  CHECK_FALSE(ParseIntervalOfUnit("5", "FORTNIGHT", out));
}

TEST_CASE("intervals read back as written") {
  CHECK_EQ(Shown(Interval{}), "00:00:00");
  CHECK_EQ(Shown(Interval{14, 3, 4 * kHour + 5 * kMinute + 6'700'000}), "1 year 2 mons 3 days 04:05:06.7");
  CHECK_EQ(Shown(Interval{-1, 2, -kSecond}), "-1 mons +2 days -00:00:01");
  CHECK_EQ(Shown(Interval{0, -1, kSecond}), "-1 days +00:00:01");
  Random random(3);
  for (int i = 0; i < 50'000; ++i) {
    Interval value{static_cast<int32_t>(random.Next() >> random.Below(64)),
                   static_cast<int32_t>(random.Next() >> random.Below(64)),
                   static_cast<int64_t>(random.Next()) >> random.Below(64)};
    if (i == 0) value = {INT32_MIN, INT32_MIN, INT64_MIN};
    if (i == 1) value = {INT32_MAX, INT32_MAX, INT64_MAX};
    char text[kMaxIntervalText];
    const uint32_t length = FormatInterval(value, text);
    REQUIRE_LE(length, kMaxIntervalText);
    REQUIRE_MESSAGE(Span({text, length}) == value, std::string_view(text, length));
  }
}

TEST_CASE("adding months stays within the month") {
  int64_t out = 0;
  CHECK(AddInterval(Micros("2024-01-31 10:00:00"), Span("1 month"), false, out));
  CHECK_EQ(Shown(out), "2024-02-29 10:00:00");
  CHECK(AddInterval(Micros("2024-03-31"), Span("-1 month"), false, out));
  CHECK_EQ(Shown(out), "2024-02-29 00:00:00");
  CHECK(AddInterval(Micros("2024-01-31"), Span("1 month 1 day"), false, out));
  CHECK_EQ(Shown(out), "2024-03-01 00:00:00");
  CHECK_FALSE(AddInterval(INT64_MAX, Span("1 s"), false, out));
  CHECK_FALSE(AddInterval(0, Interval{INT32_MAX, 0, 0}, false, out));
  CHECK(AddInterval(5, Span("00:00:00.000001"), true, out));
  CHECK_EQ(out, 1005);
  Interval difference;
  CHECK(SubtractTimestamps(Micros("2024-01-02 01:00:00"), Micros("2024-01-01"), difference));
  CHECK(difference == Interval{0, 1, kHour});
  CHECK_FALSE(SubtractTimestamps(INT64_MAX, -1, difference));
  int64_t fixed = 0;
  CHECK(FixedMicros(Span("1 day 1 s"), fixed));
  CHECK_EQ(fixed, kDay + kSecond);
  CHECK_FALSE(FixedMicros(Span("1 month"), fixed));
}

TEST_CASE("truncation gives the start of the span that holds the time") {
  const int64_t time = Micros("2024-08-15 13:47:59.123456");
  const auto truncated = [&](std::string_view name) {
    DateField field{};
    REQUIRE(FindDateField(name, field));
    int64_t out = 0;
    REQUIRE(TruncateTimestamp(field, time, false, out));
    return Shown(out);
  };
  CHECK_EQ(truncated("milliseconds"), "2024-08-15 13:47:59.123");
  CHECK_EQ(truncated("minute"), "2024-08-15 13:47:00");
  CHECK_EQ(truncated("HOUR"), "2024-08-15 13:00:00");
  CHECK_EQ(truncated("day"), "2024-08-15 00:00:00");
  CHECK_EQ(truncated("week"), "2024-08-12 00:00:00");
  CHECK_EQ(truncated("month"), "2024-08-01 00:00:00");
  CHECK_EQ(truncated("quarter"), "2024-07-01 00:00:00");
  CHECK_EQ(truncated("year"), "2024-01-01 00:00:00");
  CHECK_EQ(truncated("decade"), "2020-01-01 00:00:00");
  CHECK_EQ(truncated("century"), "2001-01-01 00:00:00");
  CHECK_EQ(truncated("millennium"), "2001-01-01 00:00:00");
  Random random(4);
  for (int i = 0; i < 20'000; ++i) {
    const int64_t t = static_cast<int64_t>(random.Next()) >> random.Between(1, 40);
    const auto field = static_cast<DateField>(random.Below(13));
    const bool nanos = random.OneIn(2);
    int64_t start = 0;
    if (!TruncateTimestamp(field, t, nanos, start)) {
      // Nanoseconds start in 1677, within a century and a millennium.
      REQUIRE(nanos);
      REQUIRE_GE(field, DateField::kCentury);
      continue;
    }
    int64_t again = 0;
    REQUIRE(TruncateTimestamp(field, start, nanos, again));
    REQUIRE_LE(start, t);
    REQUIRE_EQ(again, start);
    if (start > INT64_MIN / 2) {
      if (TruncateTimestamp(field, start - 1, nanos, again)) REQUIRE_LT(again, start);
    }
  }
  int64_t out = 0;
  CHECK(BinTimestamp(15 * kMinute, Micros("2024-01-01 00:20:00"), Micros("2024-01-01 00:05:00"), out));
  CHECK_EQ(Shown(out), "2024-01-01 00:20:00");
  CHECK(BinTimestamp(15 * kMinute, Micros("2024-01-01 00:04:59"), Micros("2024-01-01 00:05:00"), out));
  CHECK_EQ(Shown(out), "2023-12-31 23:50:00");
  CHECK_FALSE(BinTimestamp(0, 1, 1, out));
}

TEST_CASE("fields are extracted") {
  const auto field = [](std::string_view text, std::string_view name) {
    DateField f{};
    REQUIRE(FindDateField(name, f));
    int64_t out = 0;
    REQUIRE(ExtractFromTimestamp(f, Micros(text), false, out));
    return out;
  };
  const std::string_view time = "2024-08-15 13:47:59.123456";
  CHECK_EQ(field(time, "year"), 2024);
  CHECK_EQ(field(time, "quarter"), 3);
  CHECK_EQ(field(time, "doy"), 228);
  CHECK_EQ(field(time, "dow"), 4);
  CHECK_EQ(field(time, "isodow"), 4);
  CHECK_EQ(field("2024-08-18", "dow"), 0);
  CHECK_EQ(field("2024-08-18", "isodow"), 7);
  CHECK_EQ(field(time, "week"), 33);
  CHECK_EQ(field(time, "century"), 21);
  CHECK_EQ(field(time, "second"), 59);
  CHECK_EQ(field(time, "millisecond"), 59123);
  CHECK_EQ(field(time, "microsecond"), 59123456);
  CHECK_EQ(field("1969-12-31 23:59:59.5", "epoch"), -1);
  CHECK_EQ(field("1969-12-31 23:59:59.5", "hour"), 23);
  // ISO weeks around the turn of the year.
  CHECK_EQ(field("2021-01-03", "week"), 53);
  CHECK_EQ(field("2021-01-03", "isoyear"), 2020);
  CHECK_EQ(field("2024-12-30", "week"), 1);
  CHECK_EQ(field("2024-12-30", "isoyear"), 2025);
  int64_t out = 0;
  CHECK_FALSE(ExtractFromTime(DateField::kYear, 0, out));
  CHECK(ExtractFromInterval(DateField::kHour, Span("1 day 30:00:00"), out));
  CHECK_EQ(out, 30);
}
