#include "formats/scalar_text.h"

#include <string>

#include <doctest/doctest.h>

#include "base/random.h"
#include "data/text.h"

namespace laminar::formats {

namespace {

std::string Mutated(Random& random, std::string text) {
  if (!text.empty() && random.OneIn(2)) text[random.Below(text.size())] = static_cast<char>(random.Below(256));
  if (random.OneIn(8)) text += " -.:T0"[random.Below(6)];
  return text;
}

}  // namespace

TEST_CASE("a fast reader that says yes reads what the full reader reads, with or without room behind the text") {
  Random random(3);
  TimestampReader timestamps;
  int accepted = 0;
  for (int round = 0; round < 200000; ++round) {
    char number[64];
    const uint64_t raw = random.Next() >> random.Below(64);
    std::string text(number, data::FormatInt64(static_cast<int64_t>(raw), number));
    if (random.OneIn(2)) text.insert(random.Below(text.size() + 1), 1, '.');
    if (random.OneIn(3)) text = std::string(number, data::FormatDouble(random.Unit() * 1e6, number));
    text = Mutated(random, text);
    const std::string padded = text + std::string(32, '7');
    for (const bool with_room : {false, true}) {
      const std::string& memory = with_room ? padded : text;
      const char* p = memory.data();
      const char* end = p + text.size();
      const char* limit = p + memory.size();
      int64_t whole = 0;
      int64_t whole_full = 0;
      if (ReadInt64(p, end, limit, whole)) {
        ++accepted;
        REQUIRE(data::ParseInt64(text, whole_full));
        REQUIRE(whole == whole_full);
      }
      double real = 0;
      double real_full = 0;
      if (ReadDouble(p, end, real)) {
        REQUIRE(data::ParseDouble(text, real_full));
        REQUIRE(real == real_full);
      }
    }
    const auto micros = static_cast<int64_t>(random.Next() >> random.Below(20)) / 4;
    std::string time(number, data::FormatTimestamp(micros, false, random.OneIn(2) ? 'T' : ' ', number));
    time = Mutated(random, time);
    int64_t at = 0;
    int64_t at_full = 0;
    if (timestamps.Read(time.data(), time.data() + time.size(), at)) {
      ++accepted;
      REQUIRE(data::ParseTimestamp(time, 6, at_full));
      REQUIRE(at == at_full);
    }
  }
  CHECK(accepted > 50000);
}

}  // namespace laminar::formats
