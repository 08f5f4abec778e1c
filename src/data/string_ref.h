// StringRef: a 16-byte view of bytes. Up to 12 bytes stand inside it; longer ones keep a 4-byte prefix and a pointer.
//
// It owns nothing: the bytes behind the pointer belong to the batch (its StringHeap), the state table's heap, or a
// literal. Unused inline bytes are zero, so short equality is two 64-bit compares. Buffers that views point into have
// 16 readable bytes after their end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/hash.h"

namespace laminar::data {

struct alignas(16) StringRef {
  static constexpr uint32_t kInlineMax = 12;

  uint32_t length = 0;
  char prefix[4] = {0, 0, 0, 0};
  union {
    char rest[8];
    const char* pointer;
  };

  StringRef() : rest{0, 0, 0, 0, 0, 0, 0, 0} {}
  StringRef(const char* bytes, uint32_t size) : StringRef() {
    length = size;
    if (size <= kInlineMax) {
      if (size > 0) CopyInline(bytes, size);
    } else {
      std::memcpy(prefix, bytes, 4);
      pointer = bytes;
    }
  }
  explicit StringRef(std::string_view text) : StringRef(text.data(), static_cast<uint32_t>(text.size())) {}

  bool is_inline() const { return length <= kInlineMax; }
  const char* data() const { return is_inline() ? prefix : pointer; }
  std::string_view view() const { return {data(), length}; }

  // First and last eight bytes of the view itself.
  uint64_t low() const {
    uint64_t v = 0;
    std::memcpy(&v, this, 8);
    return v;
  }
  uint64_t high() const {
    uint64_t v = 0;
    std::memcpy(&v, rest, 8);
    return v;
  }

  friend bool operator==(const StringRef& a, const StringRef& b) {
    if (a.low() != b.low()) return false;
    if (a.is_inline()) return a.high() == b.high();
    return a.pointer == b.pointer || std::memcmp(a.pointer, b.pointer, a.length) == 0;
  }
  // Byte order; for UTF-8 this is code point order.
  friend int Compare(const StringRef& a, const StringRef& b) {
    uint32_t pa = 0;
    uint32_t pb = 0;
    std::memcpy(&pa, a.prefix, 4);
    std::memcpy(&pb, b.prefix, 4);
    if (pa != pb) return __builtin_bswap32(pa) < __builtin_bswap32(pb) ? -1 : 1;
    const uint32_t common = a.length < b.length ? a.length : b.length;
    const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common);
    if (order != 0) return order < 0 ? -1 : 1;
    return a.length == b.length ? 0 : (a.length < b.length ? -1 : 1);
  }
  friend bool operator<(const StringRef& a, const StringRef& b) { return Compare(a, b) < 0; }

  uint64_t Hash() const {
    if (is_inline()) return MultiplyFold(low() ^ 0xA0761D6478BD642Full, high() ^ 0xE7037ED1A0B428DBull);
    return HashBytes(pointer, length);
  }

 private:
  // Reads no byte outside [bytes, bytes + size) and uses no variable-length copy: this is on the hot path.
  void CopyInline(const char* bytes, uint32_t size) {
    uint64_t lo = size;
    uint64_t hi = 0;
    auto load4 = [](const char* p) {
      uint32_t v = 0;
      std::memcpy(&v, p, 4);
      return static_cast<uint64_t>(v);
    };
    auto byte = [](const char* p) { return static_cast<uint64_t>(static_cast<uint8_t>(*p)); };
    if (size >= 8) {
      lo |= load4(bytes) << 32;
      hi = load4(bytes + 4) | load4(bytes + size - 4) << ((size - 8) * 8);
    } else if (size >= 4) {
      lo |= load4(bytes) << 32;
      hi = load4(bytes + size - 4) >> ((8 - size) * 8);
    } else {
      lo |= (byte(bytes) | byte(bytes + size / 2) << (size / 2 * 8) | byte(bytes + size - 1) << ((size - 1) * 8)) << 32;
    }
    std::memcpy(static_cast<void*>(this), &lo, 8);
    std::memcpy(rest, &hi, 8);
  }
};
static_assert(sizeof(StringRef) == 16);

}  // namespace laminar::data
