#include "base/text.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/random.h"

namespace laminar {
namespace {

ErrorCode CodeOf(const Result<Duration>& result) { return result ? ErrorCode::kOk : result.error().code(); }

std::string RandomBytes(Random& random, size_t size_max) {
  std::string bytes(random.Below(size_max + 1), '\0');
  for (char& c : bytes) c = static_cast<char>(random.Below(256));
  return bytes;
}

TEST_CASE("case helpers touch ASCII letters only") {
  CHECK(ToLower("AbC-\xC3\x84") == "abc-\xC3\x84");
  CHECK(ToUpper("AbC-\xC3\xA4") == "ABC-\xC3\xA4");
  CHECK(EqualsIgnoreCase("Watermark", "WATERMARK"));
  CHECK_FALSE(EqualsIgnoreCase("a", "ab"));
  CHECK(StartsWithIgnoreCase("SELECT 1", "select"));
  CHECK_FALSE(StartsWithIgnoreCase("SE", "select"));
  CHECK(EndsWith("orders.csv", ".csv"));
  CHECK(Contains("orders.csv", "ers"));
}

TEST_CASE("split and join are inverse") {
  Random random(1);
  for (int round = 0; round < 500; ++round) {
    std::string text = RandomBytes(random, 20);
    for (char& c : text) {
      if (random.OneIn(3)) c = ',';
    }
    const std::vector<std::string_view> parts = Split(text, ',');
    CHECK(Join(parts, ",") == text);
  }
  CHECK(Split("", ',').size() == 1);
  CHECK(Split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
}

TEST_CASE("trim takes every kind of white space off both ends") {
  CHECK(Trim(" \t\r\n x y \v\f") == "x y");
  CHECK(Trim("   ").empty());
}

TEST_CASE("replace all goes once over the text") {
  CHECK(ReplaceAll("a.b.c", ".", "::") == "a::b::c");
  CHECK(ReplaceAll("aaa", "a", "aa") == "aaaaaa");
  CHECK(ReplaceAll("abc", "", "x") == "abc");
}

// The textbook table, in full: the oracle for the bounded version.
uint32_t FullEditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<uint32_t>> table(a.size() + 1, std::vector<uint32_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        table[i][j] = static_cast<uint32_t>(i + j);
        continue;
      }
      const uint32_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      table[i][j] = std::min({table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        table[i][j] = std::min(table[i][j], table[i - 2][j - 2] + 1);
      }
    }
  }
  return table[a.size()][b.size()];
}

TEST_CASE("the bounded edit distance agrees with the full table up to its bound") {
  Random random(2);
  for (int round = 0; round < 2000; ++round) {
    std::string a(random.Below(9), 'a');
    std::string b(random.Below(9), 'a');
    for (char& c : a) c = static_cast<char>('a' + random.Below(3));
    for (char& c : b) c = static_cast<char>('a' + random.Below(3));
    const auto bound = static_cast<uint32_t>(random.Below(5));
    CHECK(EditDistance(a, b, bound) == std::min(FullEditDistance(a, b), bound + 1));
  }
}

TEST_CASE("a mistyped name finds its neighbour and a foreign one finds none") {
  const std::vector<std::string> names = {"price", "symbol", "event_time", "id"};
  CHECK(NearestName("pirce", names) == "price");
  CHECK(NearestName("SYMBLO", names) == "symbol");
  CHECK(NearestName("eventtime", names) == "event_time");
  CHECK(NearestName("quantity", names).empty());
  CHECK(NearestName("", names).empty());
  CHECK(NearestName("x", names).empty());
  CHECK(NearestName(std::string(1000, 'p'), names).empty());
  CHECK(DidYouMean("prise", names) == "did you mean 'price'?");
  CHECK(DidYouMean("zzzzzz", names).empty());
}

TEST_CASE("integers are read whole or refused with the right code") {
  CHECK(*ParseInt64(" 42 ") == 42);
  CHECK(*ParseInt64("+7") == 7);
  CHECK(*ParseInt64("-9223372036854775808") == INT64_MIN);
  CHECK(ParseInt64("9223372036854775808").error().code() == ErrorCode::kOutOfRange);
  for (const char* bad : {"", " ", "+", "-", "+-1", "1x", "0x10", "1.0", "1 2"}) {
    CHECK_MESSAGE(ParseInt64(bad).error().code() == ErrorCode::kBadValue, bad);
  }
  CHECK(*ParseUint64("18446744073709551615") == UINT64_MAX);
  CHECK_FALSE(ParseUint64("-1").has_value());
}

TEST_CASE("doubles survive the way to text and back") {
  Random random(3);
  for (int round = 0; round < 20000; ++round) {
    const uint64_t bits = random.Next();
    double value = 0;
    std::memcpy(&value, &bits, sizeof value);
    const double back = *ParseDouble(FormatDouble(value));
    if (std::isnan(value)) {
      CHECK(std::isnan(back));
    } else {
      CHECK(std::memcmp(&back, &value, sizeof value) == 0);
    }
  }
  CHECK(FormatDouble(0.1) == "0.1");
  CHECK(FormatDouble(-0.0) == "-0");
  CHECK(FormatDouble(1e22) == "1e+22");
  CHECK(FormatDouble(100) == "100");
  CHECK(FormatFloat(0.1f) == "0.1");
  CHECK(FormatDouble(-INFINITY) == "-Infinity");
}

TEST_CASE("a double too large is out of range and one too small is zero") {
  CHECK(ParseDouble("1e400").error().code() == ErrorCode::kOutOfRange);
  CHECK(ParseDouble("-1e999999999999999999999").error().code() == ErrorCode::kOutOfRange);
  CHECK(*ParseDouble("1e-400") == 0);
  CHECK(std::signbit(*ParseDouble("-1e-400")));
  CHECK(*ParseDouble("1e-99999999999999999999") == 0);
  CHECK(*ParseDouble("0." + std::string(400, '0') + "1") == 0);
  CHECK(ParseDouble("1" + std::string(400, '0')).error().code() == ErrorCode::kOutOfRange);
  CHECK(ParseDouble("1.5.2").error().code() == ErrorCode::kBadValue);
  CHECK(std::isinf(*ParseDouble("inf")));
}

TEST_CASE("booleans have eight spellings") {
  CHECK(*ParseBool("TRUE"));
  CHECK(*ParseBool("on"));
  CHECK_FALSE(*ParseBool(" No "));
  CHECK_FALSE(*ParseBool("0"));
  CHECK(ParseBool("maybe").error().code() == ErrorCode::kBadValue);
}

TEST_CASE("durations are read in every documented spelling") {
  CHECK(*ParseDuration("5 minutes") == 5 * kMinute);
  CHECK(*ParseDuration("100ms") == 100 * kMillisecond);
  CHECK(*ParseDuration("1 hour 30 minutes") == 90 * kMinute);
  CHECK(*ParseDuration("1h30m") == 90 * kMinute);
  CHECK(*ParseDuration("250") == 250 * kMillisecond);
  CHECK(*ParseDuration("1.5 hours") == 90 * kMinute);
  CHECK(*ParseDuration("7 DAYS") == 7 * kDay);
  CHECK(*ParseDuration("2 w") == 14 * kDay);
  CHECK(*ParseDuration("3 \xC2\xB5s") == 3);
  CHECK(*ParseDuration("3 \xCE\xBCs") == 3);
  CHECK(*ParseDuration("5000ns") == 5);
  CHECK(*ParseDuration("-2 s") == -2 * kSecond);
  CHECK(*ParseDuration("1 hour -30 minutes") == 30 * kMinute);
  CHECK(*ParseDuration("10 secs") == 10 * kSecond);
}

TEST_CASE("durations without a fixed or whole length are refused") {
  for (const char* bad : {"", "  ", "minutes", "5 parsecs", "1 month", "2 years", "5 minutes 3", "1ns", "0.0001 us",
                          "99999999999999999999 s", "300000000 weeks", "1..5 s", ".", "5 mss", "1 hour,"}) {
    CHECK_MESSAGE(CodeOf(ParseDuration(bad)) == ErrorCode::kBadDuration, bad);
  }
}

TEST_CASE("any duration survives the way to text and back") {
  Random random(4);
  for (int round = 0; round < 5000; ++round) {
    const auto duration = static_cast<Duration>(random.Next() >> random.Below(64));
    CHECK(*ParseDuration(FormatDuration(duration)) == duration);
    CHECK(*ParseDuration(FormatDuration(-duration)) == -duration);
  }
  CHECK(FormatDuration(90 * kMinute) == "1 hour 30 minutes");
  CHECK(FormatDuration(0) == "0 s");
  CHECK(FormatDuration(kMinTimestamp).substr(0, 1) == "-");
}

TEST_CASE("byte sizes are read in powers of 1024") {
  CHECK(*ParseBytes("4096") == 4096);
  CHECK(*ParseBytes("64KB") == 65536);
  CHECK(*ParseBytes("64 kib") == 65536);
  CHECK(*ParseBytes("1.5 GiB") == 1610612736);
  CHECK(*ParseBytes("3 bytes") == 3);
  CHECK_FALSE(ParseBytes("-1").has_value());
  CHECK_FALSE(ParseBytes("5 furlongs").has_value());
  CHECK_FALSE(ParseBytes("99999999 PB").has_value());
  CHECK(FormatBytes(512) == "512 bytes");
  CHECK(FormatBytes(1536) == "1.5 KiB");
  CHECK(FormatBytes(1024 * 1024 - 1) == "1.0 MiB");
}

TEST_CASE("counts are grouped in threes") {
  CHECK(FormatCount(0) == "0");
  CHECK(FormatCount(999) == "999");
  CHECK(FormatCount(1000) == "1,000");
  CHECK(FormatCount(-1234567) == "-1,234,567");
}

TEST_CASE("UTF-8 is told from bytes that only look like it") {
  CHECK(IsUtf8("plain ASCII text longer than eight bytes"));
  CHECK(IsUtf8("gr\xC3\xBC\xC3\x9F dich \xE2\x82\xAC \xF0\x9F\x98\x80"));
  CHECK_FALSE(IsUtf8("\xC0\x80"));          // overlong
  CHECK_FALSE(IsUtf8("\xE0\x80\x80"));      // overlong
  CHECK_FALSE(IsUtf8("\xED\xA0\x80"));      // surrogate
  CHECK_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // above the last code point
  CHECK_FALSE(IsUtf8("\xE2\x82"));          // cut
  CHECK_FALSE(IsUtf8("\x80"));              // lone continuation
}

TEST_CASE("whatever the bytes, an escaped message is UTF-8 without controls and within its limit") {
  Random random(5);
  for (int round = 0; round < 3000; ++round) {
    const std::string bytes = RandomBytes(random, 60);
    const std::string safe = EscapeForMessage(bytes, 40);
    CHECK(IsUtf8(safe));
    CHECK(safe.size() <= 4 * 40 + 3);
    for (const char c : safe) CHECK(static_cast<uint8_t>(c) >= 0x20);
  }
  CHECK(EscapeForMessage("a\x1b[2J") == "a\\x1b[2J");
  CHECK(EscapeForMessage("\xE2\x82\xAC\xE2\x82\xAC", 4) == "\xE2\x82\xAC...");
  CHECK(EscapeForMessage("\xE2\x80\xAE") == "\\xe2\\x80\\xae");  // right-to-left override
  CHECK(Quoted("x") == "'x'");
}

TEST_CASE("display width counts columns, not bytes") {
  CHECK(DisplayWidth("abc") == 3);
  CHECK(DisplayWidth("gr\xC3\xBC\xC3\x9F") == 4);
  CHECK(DisplayWidth("\xE6\x97\xA5\xE6\x9C\xAC") == 4);
  CHECK(DisplayWidth("e\xCC\x81") == 1);
  CHECK(DisplayWidth("\xFF") == 1);
}

}  // namespace
}  // namespace laminar
