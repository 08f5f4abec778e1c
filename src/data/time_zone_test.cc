#include "data/time_zone.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "data/temporal.h"

using namespace laminar;
using namespace laminar::data;

namespace {

int64_t Micros(std::string_view text) {
  int64_t out = 0;
  REQUIRE(ParseTimestamp(text, 6, out));
  return out;
}

const Zone& Found(std::string_view name) {
  Result<const Zone*> zone = FindZone(name);
  REQUIRE_MESSAGE(zone.has_value(), name);
  return **zone;
}

int64_t Utc(const Zone& zone, std::string_view local) {
  int64_t out = 0;
  REQUIRE(zone.ToUtc(Micros(local), out));
  return out;
}

}  // namespace

TEST_CASE("Berlin keeps summer time") {
  const Zone& zone = Found("Europe/Berlin");
  CHECK_EQ(zone.OffsetAt(Micros("2024-01-15 00:00:00")), 3600);
  CHECK_EQ(zone.OffsetAt(Micros("2024-07-15 00:00:00")), 7200);
  CHECK_EQ(zone.OffsetAt(Micros("2024-03-31 00:59:59.999999")), 3600);
  CHECK_EQ(zone.OffsetAt(Micros("2024-03-31 01:00:00")), 7200);
  CHECK_EQ(Utc(zone, "2024-07-15 12:00:00"), Micros("2024-07-15 10:00:00"));
  // The hour that does not exist moves forward; of the hour that comes twice the first counts.
  CHECK_EQ(Utc(zone, "2024-03-31 02:30:00"), Micros("2024-03-31 01:30:00"));
  CHECK_EQ(Utc(zone, "2024-10-27 02:30:00"), Micros("2024-10-27 00:30:00"));
  CHECK_EQ(Utc(zone, "2024-10-27 03:00:00"), Micros("2024-10-27 02:00:00"));
}

TEST_CASE("names are found in any case, fixed offsets and UTC too") {
  CHECK_EQ(Found("europe/BERLIN").name(), "Europe/Berlin");
  CHECK_EQ(&Found("Europe/Berlin"), &Found("europe/berlin"));
  CHECK_EQ(Found("UTC").OffsetAt(0), 0);
  CHECK_EQ(Found("z").OffsetAt(0), 0);
  CHECK_EQ(Found("+05:30").OffsetAt(0), 19800);
  CHECK_EQ(Found("-0330").OffsetAt(0), -12600);
  CHECK_EQ(Found("+2").OffsetAt(0), 7200);
}

TEST_CASE("an unknown zone names the nearest one") {
  const Result<const Zone*> zone = FindZone("Europe/Berln");
  REQUIRE_FALSE(zone.has_value());
  CHECK_EQ(zone.error().code(), ErrorCode::kBadValue);
  CHECK_NE(zone.error().hint().find("Europe/Berlin"), std::string::npos);
  for (const std::string_view bad : {"", "+", "+99", "+1:2", "+12345", "../../etc/passwd", "/etc/passwd"}) {
    CHECK_FALSE_MESSAGE(FindZone(bad).has_value(), bad);
  }
}

TEST_CASE("going to local time and back is the identity outside repeated hours") {
  Random random(1);
  for (const std::string_view name :
       {"America/New_York", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "-08:00"}) {
    const Zone& zone = Found(name);
    for (int i = 0; i < 20'000; ++i) {
      const int64_t utc = random.Between(-4'000'000'000, 4'000'000'000) * kSecond + random.Between(0, 999'999);
      int64_t local = 0;
      int64_t back = 0;
      REQUIRE(zone.ToLocal(utc, local));
      REQUIRE(zone.ToUtc(local, back));
      if (back == utc) continue;
      // The earlier of two readings of one local time.
      int64_t again = 0;
      REQUIRE(zone.ToLocal(back, again));
      REQUIRE_EQ(again, local);
      REQUIRE_LT(back, utc);
    }
  }
}

TEST_CASE("the ends of time do not wrap around") {
  int64_t out = 0;
  CHECK_FALSE(Found("+02:00").ToLocal(INT64_MAX, out));
  CHECK_FALSE(Found("+02:00").ToUtc(INT64_MIN, out));
  CHECK_FALSE(Found("Europe/Berlin").ToLocal(INT64_MAX, out));
}

TEST_CASE("the names of the database are sorted") {
  const Result<std::vector<std::string>> names = ZoneNames();
  REQUIRE(names.has_value());
  CHECK_GT(names->size(), 100);
}
