// Hostile text against the readers of base/text.h: whatever the bytes, each answers a value or an error, what it reads
// it can write and read again, and what it escapes is safe.
#include <cmath>

#include "base/check.h"
#include "base/random.h"
#include "base/text.h"
#include "tests/fuzz.h"

namespace {

using namespace laminar;

std::string HostileText(Random& random) {
  constexpr std::string_view kPieces[] = {"1",         "-",     "+",        ".",   "e",    "9223372036854775807",
                                          "0",         " ",     "ms",       "s",   "min",  "hours",
                                          "\xC2\xB5s", "month", "inf",      "nan", "kb",   "GiB",
                                          "\0",        "\xFF",  "\xE2\x82", "'",   "true", "00000000"};
  std::string text;
  for (uint64_t pieces = random.Below(8); pieces > 0; --pieces) {
    text += random.OneIn(6) ? std::string(1, static_cast<char>(random.Below(256)))
                            : std::string(kPieces[random.Below(std::size(kPieces))]);
  }
  return text;
}

}  // namespace

void FuzzSeed(uint64_t seed) {
  Random random(seed);
  for (int round = 0; round < 1000; ++round) {
    const std::string text = HostileText(random);
    if (const auto value = ParseInt64(text)) CHECK(*ParseInt64(std::to_string(*value)) == *value);
    if (const auto value = ParseDuration(text)) CHECK(*ParseDuration(FormatDuration(*value)) == *value);
    if (const auto value = ParseDouble(text)) {
      const double back = *ParseDouble(FormatDouble(*value));
      CHECK(back == *value || (std::isnan(back) && std::isnan(*value)));
    }
    if (const auto value = ParseBytes(text)) CHECK(*ParseBytes(std::to_string(*value)) == *value);
    CHECK(IsUtf8(EscapeForMessage(text, random.Below(40))));
    CHECK(DisplayWidth(text) <= 2 * text.size());
    CHECK(EditDistance(text, HostileText(random), 3) <= 4);
  }
}
