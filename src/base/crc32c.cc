#include "base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace laminar {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78u;  // reflected

// tables[k][b]: what byte b does when k zero bytes follow it, so that eight bytes are taken at a time.
using Tables = std::array<std::array<uint32_t, 256>, 8>;
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t crc = tables[k - 1][byte];
      tables[k][byte] = crc >> 8 ^ tables[0][crc & 0xFF];
    }
  }
  return tables;
}
constexpr Tables kTables = MakeTables();

#if defined(__x86_64__)
#define LAMINAR_CRC32C_TARGET __attribute__((target("sse4.2")))
bool HasInstruction() { return __builtin_cpu_supports("sse4.2") != 0; }
LAMINAR_CRC32C_TARGET uint32_t Step8(uint32_t crc, uint64_t word) {
  return static_cast<uint32_t>(__builtin_ia32_crc32di(crc, word));
}
LAMINAR_CRC32C_TARGET uint32_t Step1(uint32_t crc, uint8_t byte) { return __builtin_ia32_crc32qi(crc, byte); }
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#define LAMINAR_CRC32C_TARGET
constexpr bool HasInstruction() { return true; }
uint32_t Step8(uint32_t crc, uint64_t word) { return __crc32cd(crc, word); }
uint32_t Step1(uint32_t crc, uint8_t byte) { return __crc32cb(crc, byte); }
#endif

#if defined(LAMINAR_CRC32C_TARGET)
LAMINAR_CRC32C_TARGET uint32_t InHardware(uint32_t before, std::string_view bytes) {
  uint32_t crc = ~before;
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, at, 8);
    crc = Step8(crc, word);
  }
  for (; left > 0; --left, ++at) crc = Step1(crc, static_cast<uint8_t>(*at));
  return ~crc;
}
#else
constexpr bool HasInstruction() { return false; }
uint32_t InHardware(uint32_t before, std::string_view bytes) { return Crc32cInSoftware(before, bytes); }
#endif

}  // namespace

uint32_t Crc32cInSoftware(uint32_t before, std::string_view bytes) {
  uint32_t crc = ~before;
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    uint32_t next = 0;
    for (size_t i = 0; i < 8; ++i) {
      const uint8_t byte = i < 4 ? static_cast<uint8_t>(at[i] ^ crc >> (8 * i)) : at[i];
      next ^= kTables[7 - i][byte];
    }
    crc = next;
  }
  for (; left > 0; --left, ++at) crc = crc >> 8 ^ kTables[0][(crc ^ *at) & 0xFF];
  return ~crc;
}

uint32_t Crc32c(uint32_t before, std::string_view bytes) {
  return HasInstruction() ? InHardware(before, bytes) : Crc32cInSoftware(before, bytes);
}

bool IsCrc32cInHardware() { return HasInstruction(); }

}  // namespace laminar
