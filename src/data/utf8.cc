#include "data/utf8.h"

#include <cstdint>
#include <cstring>

namespace laminar::data {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080ull;

// The length of the code point at p, 0 if there is none.
size_t CodePoint(const uint8_t* p, size_t left) {
  const uint8_t c = p[0];
  if (c < 0x80) return 1;
  const size_t length = c >= 0xF0 ? 4 : (c >= 0xE0 ? 3 : 2);
  if (c < 0xC2 || c > 0xF4 || left < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((p[i] & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, beyond the last code point: all visible in the second byte.
  if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F)) return 0;
  if ((c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] > 0x8F)) return 0;
  return length;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  const auto* p = reinterpret_cast<const uint8_t*>(text.data());
  size_t left = text.size();
  while (left > 0) {
    if (left >= 8) {
      uint64_t word = 0;
      std::memcpy(&word, p, 8);
      if ((word & kHighBits) == 0) {
        p += 8;
        left -= 8;
        continue;
      }
    }
    const size_t length = CodePoint(p, left);
    if (length == 0) return false;
    p += length;
    left -= length;
  }
  return true;
}

}  // namespace laminar::data
