#include "base/crc32c.h"

#include <doctest/doctest.h>

#include <string>

#include "base/random.h"

namespace laminar {
namespace {

// A bit at a time, as the definition says.
uint32_t SlowCrc(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
  }
  return ~crc;
}

TEST_CASE("the checksum of well-known bytes is the published one") {
  CHECK(Crc32c(0, "") == 0);
  CHECK(Crc32c(0, "123456789") == 0xE3069283u);
  CHECK(Crc32c(0, std::string(32, '\0')) == 0x8A9136AAu);
  CHECK(Crc32c(0, std::string(32, '\xFF')) == 0x62A8AB43u);
}

TEST_CASE("hardware, software and the definition agree, in one piece and in two") {
  Random random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random.Below(200), '\0');
    for (char& c : bytes) c = static_cast<char>(random.Below(256));
    const size_t cut = random.Below(bytes.size() + 1);
    const std::string_view whole = bytes;
    const uint32_t expected = SlowCrc(whole);
    REQUIRE(Crc32c(0, whole) == expected);
    REQUIRE(Crc32cInSoftware(0, whole) == expected);
    REQUIRE(Crc32c(Crc32c(0, whole.substr(0, cut)), whole.substr(cut)) == expected);
    REQUIRE(Crc32cInSoftware(Crc32cInSoftware(0, whole.substr(0, cut)), whole.substr(cut)) == expected);
  }
}

}  // namespace
}  // namespace laminar
