#include <doctest/doctest.h>

#include "functions/scalar/call_testing.h"

namespace laminar::functions::testing {
namespace {

Given Moment() { return Stamp("2024-05-17 13:45:10.5"); }

TEST_CASE("fields of dates, times, timestamps and intervals") {
  CHECK(Call("date_part", {Text("year"), Moment()}) == "2024");
  CHECK(CallKnown("date_part", {Text("epoch"), Stamp("1970-01-01 00:01:00.5")}) == "60.5");
  CHECK(Call("date_part", {Text("month"), Date("2024-05-17")}) == "5");
  CHECK(Call("date_part", {Text("hour"), Date("2024-05-17")}) == "0");
  CHECK(Call("date_part", {Text("year"), As(data::TypeId::kTime, "10:00:00")}) == "unbound LDB-A027");
  CHECK(Call("date_part", {Text("parsec"), Moment()}) == "unbound LDB-A027");
  CHECK(Call("date_part", {Text("day"), Span("3 days 04:00:00")}) == "3");
  CHECK(Call("year", {Date("-0044-03-15")}) == "-44");
  CHECK(Call("dayofweek", {Date("2024-05-19")}) == "0");
  CHECK(Call("isodow", {Date("2024-05-19")}) == "7");
  CHECK(Call("week", {Date("2021-01-03")}) == "53");
  CHECK(Call("isoyear", {Date("2021-01-03")}) == "2020");
  CHECK(Call("quarter", {Date("2024-12-31")}) == "4");
  CHECK(Call("dayofyear", {Date("2024-12-31")}) == "366");
  CHECK(Call("millisecond", {Moment()}) == "10500");
  CHECK(Call("hour", {Stamp("1969-12-31 23:59:59.999999")}) == "23");
  CHECK(Call("dayname", {Date("2024-05-17")}) == "Friday");
  CHECK(Call("monthname", {Moment()}) == "May");
  CHECK(Call("last_day", {Date("2023-02-05")}) == "2023-02-28");
  CHECK(Call("epoch", {Date("1970-01-02")}) == "86400.0");
  CHECK(Call("epoch", {Span("1 hour")}) == "3600.0");
  CHECK(Call("year", {Null()}) == "NULL");
}

TEST_CASE("date_trunc rounds down, before 1970 too") {
  CHECK(Call("date_trunc", {Text("hour"), Moment()}) == "2024-05-17 13:00:00");
  CHECK(Call("date_trunc", {Text("week"), Moment()}) == "2024-05-13 00:00:00");
  CHECK(Call("date_trunc", {Text("quarter"), Moment()}) == "2024-04-01 00:00:00");
  CHECK(Call("date_trunc", {Text("day"), Stamp("1969-12-31 23:00:00")}) == "1969-12-31 00:00:00");
  CHECK(Call("date_trunc", {Text("month"), Date("2024-05-17")}) == "2024-05-01");
  CHECK(Call("date_trunc", {Text("dow"), Moment()}) == "unbound LDB-A027");
  CHECK(Call("date_trunc", {Text("second"), As(data::Type::Timestamp(9), "2024-05-17 13:45:10.123456789")}) ==
        "2024-05-17 13:45:10");
}

TEST_CASE("fields of zoned timestamps are those of the session's zone") {
  CallWorld world;
  world.environment.time_zone = "Asia/Kolkata";
  CHECK(CallIn(world, "hour", {StampTz("2024-05-17 20:00:00+00")}) == "1");
  CHECK(CallIn(world, "day", {StampTz("2024-05-17 20:00:00+00")}) == "18");
  CHECK(CallIn(world, "date_trunc", {Text("day"), StampTz("2024-05-17 20:00:00+00")}) == "2024-05-17 18:30:00+00");
  CHECK(CallIn(world, "current_date", {}) == "2024-05-17");
  CHECK(Call("timezone", {Text("Europe/Berlin"), Stamp("2024-07-01 12:00:00")}) == "2024-07-01 10:00:00+00");
  CHECK(Call("timezone", {Text("Asia/Tokyo"), StampTz("2024-07-01 12:00:00+00")}) == "2024-07-01 21:00:00");
  CHECK(Call("timezone", {Text("Mars/Base"), Moment()}) == "unbound LDB-R012");
}

TEST_CASE("spans: date_bin, time_bucket, tumble and hop") {
  CHECK(Call("date_bin", {Span("15 minutes"), Moment()}) == "2024-05-17 13:45:00");
  CHECK(Call("date_bin", {Span("15 minutes"), Moment(), Stamp("2024-01-01 00:02:30")}) == "2024-05-17 13:32:30");
  CHECK(Call("date_bin", {Span("1 month"), Moment()}) == "unbound LDB-A013");
  CHECK(Call("time_bucket", {Span("7 days"), Moment()}) == "2024-05-13 00:00:00");
  CHECK(Call("time_bucket", {Span("3 months"), Moment()}) == "2024-04-01 00:00:00");
  CHECK(Call("time_bucket", {Span("5 months"), Stamp("1999-12-31 00:00:00")}) == "1999-08-01 00:00:00");
  CHECK(Call("time_bucket", {Span("1 hour"), Date("2024-05-17")}) == "2024-05-17 00:00:00");
  CHECK(Call("tumble", {Moment(), Span("1 minute")}) == "2024-05-17 13:45:00");
  CHECK(Call("tumble", {Moment(), Span("1 minute"), Span("20 seconds")}) == "2024-05-17 13:44:20");
  CHECK(Call("tumble", {Stamp("1969-12-31 23:59:59.999999"), Span("10 seconds")}) == "1969-12-31 23:59:50");
  CHECK(Call("tumble", {Moment(), Span("0 seconds")}) == "unbound LDB-A013");
  CHECK(Call("tumble", {Null(), Span("1 minute")}) == "NULL");
  CHECK(Call("hop", {Moment(), Span("1 minute"), Span("5 minutes")}) == "2024-05-17 13:45:00");
  CHECK(Call("hop", {Moment(), Span("5 minutes"), Span("1 minute")}) == "unbound LDB-A013");
}

TEST_CASE("differences, sums and ages") {
  CHECK(Call("date_diff", {Text("day"), Date("2024-02-27"), Date("2024-03-01")}) == "3");
  CHECK(Call("date_diff", {Text("year"), Date("2023-12-31"), Date("2024-01-01")}) == "1");
  CHECK(Call("date_diff", {Text("month"), Date("2024-03-01"), Date("2024-01-31")}) == "-2");
  CHECK(Call("date_diff", {Text("week"), Date("2024-05-12"), Date("2024-05-13")}) == "1");
  CHECK(Call("date_diff", {Text("hour"), Stamp("1969-12-31 23:59:59"), Stamp("1970-01-01 00:00:00")}) == "1");
  CHECK(Call("date_diff", {Text("century"), Date("2000-12-31"), Date("2001-01-01")}) == "1");
  CHECK(Call("date_diff", {Text("second"), Moment(), Stamp("2024-05-17 13:45:12")}) == "2");
  CHECK(Call("date_add", {Stamp("2024-01-31 12:00:00"), Span("1 month")}) == "2024-02-29 12:00:00");
  CHECK(Call("date_add", {Date("2024-02-28"), Int(2)}) == "2024-03-01");
  CHECK(Call("date_add", {Date("2024-02-28"), Int(INT64_MAX)}) == "error LDB-R005");
  CHECK(Call("date_sub", {Stamp("2024-03-31 12:00:00"), Span("1 month")}) == "2024-02-29 12:00:00");
  CHECK(Call("age", {Date("2024-05-17"), Date("2000-01-31")}) == "24 years 3 mons 17 days");
  CHECK(Call("age", {Date("2000-01-31"), Date("2024-05-17")}) == "-24 years -3 mons -17 days");
  CHECK(Call("age", {Moment(), Moment()}) == "00:00:00");
  CHECK(Call("make_date", {Int(2024), Int(2), Int(30)}) == "error LDB-R005");
  CHECK(Call("make_timestamp", {Int(2024), Int(5), Int(17), Int(13), Int(45), Real(10.5)}) == "2024-05-17 13:45:10.5");
  CHECK(Call("make_time", {Int(25), Int(0), Real(0)}) == "error LDB-R005");
  CHECK(Call("to_days", {Int(3)}) == "3 days");
  CHECK(Call("to_years", {Int(INT64_MAX)}) == "error LDB-R005");
}

TEST_CASE("numbers and moments") {
  CHECK(Call("now", {}) == "2024-05-17 13:45:10.123456+00");
  CHECK(Call("proctime", {}) == "2024-05-17 13:45:10.123");
  CHECK(Call("watermark", {}) == "NULL");
  CallWorld world;
  world.environment.watermark = 4'000'000;
  CHECK(CallIn(world, "watermark", {}) == "1970-01-01 00:00:04");
  CHECK(Call("to_timestamp_seconds", {Int(1715953510)}) == "2024-05-17 13:45:10");
  CHECK(Call("to_timestamp_millis", {Int(-1)}) == "1969-12-31 23:59:59.999");
  CHECK(Call("to_timestamp_nanos", {Int(1)}) == "1970-01-01 00:00:00.000000001");
  CHECK(Call("to_timestamp_seconds", {Int(INT64_MAX)}) == "error LDB-R005");
  CHECK(Call("to_unixtime", {Stamp("1969-12-31 23:59:59.5")}) == "-1");
  CHECK(Call("epoch_ms", {Moment()}) == "1715953510500");
  CHECK(Call("epoch_ms", {Int(1715953510500)}) == "2024-05-17 13:45:10.5");
  CHECK(Call("epoch_ns", {Moment()}) == "1715953510500000000");
  CHECK(Call("from_unixtime", {Real(0.25)}) == "1970-01-01 00:00:00.25");
  CHECK(Call("to_timestamp", {Real(1e300)}) == "error LDB-R005");
}

TEST_CASE("patterns of both styles write and read") {
  CHECK(Call("to_char", {Moment(), Text("YYYY-MM-DD HH24:MI:SS.MS")}) == "2024-05-17 13:45:10.500");
  CHECK(Call("to_char", {Moment(), Text("FMDD. Month YYYY, HH12:MI am, Day")}) == "17. May 2024, 01:45 pm, Friday");
  CHECK(Call("to_char", {Moment(), Text("\"Q\"Q IYYY-IW DDD")}) == "Q2 2024-20 138");
  CHECK(Call("to_char", {Moment(), Text("zzz")}) == "unbound LDB-R012");
  CHECK(Call("strftime", {Moment(), Text("%a, %-d %b %y %I:%M %p %j %f%%")}) == "Fri, 17 May 24 01:45 PM 138 500000%");
  CHECK(Call("strftime", {Text("%F"), Date("2024-05-17")}) == "2024-05-17");
  CHECK(Call("strptime", {Text("2024-05-17 13:45"), Text("%Y-%m-%d %H:%M")}) == "2024-05-17 13:45:00");
  CHECK(Call("strptime", {Text("17 May 2024 1:45 PM +02:00"), Text("%d %b %Y %I:%M %p %z")}) == "2024-05-17 11:45:00");
  CHECK(Call("strptime", {Text("2024-02-30"), Text("%Y-%m-%d")}) == "error LDB-R012");
  CHECK(Call("strptime", {Text("2024-02-20x"), Text("%Y-%m-%d")}) == "error LDB-R012");
  CHECK(Call("try_strptime", {Text("today"), Text("%Y-%m-%d")}) == "NULL");
  CHECK(Call("to_timestamp", {Text("20240517T134510"), Text("YYYYMMDDTHH24MISS")}) == "2024-05-17 13:45:10");
  CHECK(Call("to_date", {Text("17 May 2024"), Text("DD Mon YYYY")}) == "2024-05-17");
  CHECK(Call("to_date", {Text("2024-05-17")}) == "2024-05-17");
  CHECK(Call("to_time", {Text("01:45 PM"), Text("HH12:MI AM")}) == "13:45:00");
  CHECK(Call("strptime", {Text("2024-138"), Text("%Y-%j")}) == "2024-05-17 00:00:00");
  Random random(9);
  for (int i = 0; i < 200; ++i) {
    const int64_t micros = random.Between(-60'000'000'000'000'000, 60'000'000'000'000'000);
    const Given moment{data::TypeId::kTimestamp, data::Value::Int(micros)};
    const std::string text = Call("strftime", {moment, Text("%Y-%m-%d %H:%M:%S.%f")});
    CHECK(Call("strptime", {Text(text), Text("%Y-%m-%d %H:%M:%S.%f")}) ==
          moment.value.ToString(data::TypeId::kTimestamp));
  }
}

}  // namespace
}  // namespace laminar::functions::testing
