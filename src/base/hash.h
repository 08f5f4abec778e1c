// Hashing of keys. Stable: the value decides the vnode of a row, so it is part of the file format.
// The mixer is a 64x64->128 bit multiply folded by xor (the "mum" step of the wyhash family).
#pragma once

#include <cstdint>
#include <cstring>

namespace laminar {

inline uint64_t MultiplyFold(uint64_t a, uint64_t b) {
  const __uint128_t product = static_cast<__uint128_t>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t Hash64(uint64_t value) {
  return MultiplyFold(value ^ 0xA0761D6478BD642Full, 0xE7037ED1A0B428DBull);
}

inline uint64_t HashCombine(uint64_t seed, uint64_t hash) {
  return MultiplyFold(seed ^ 0x8EBC6AF09C88C6E3ull, hash ^ 0x589965CC75374CC3ull);
}

inline uint64_t HashBytes(const void* bytes, size_t size) {
  const char* p = static_cast<const char*>(bytes);
  uint64_t hash = 0x9E3779B97F4A7C15ull ^ size;
  while (size > 16) {
    uint64_t a = 0;
    uint64_t b = 0;
    std::memcpy(&a, p, 8);
    std::memcpy(&b, p + 8, 8);
    hash = MultiplyFold(a ^ hash, b ^ 0xA0761D6478BD642Full);
    p += 16;
    size -= 16;
  }
  uint64_t a = 0;
  uint64_t b = 0;
  if (size >= 8) {
    std::memcpy(&a, p, 8);
    std::memcpy(&b, p + size - 8, 8);
  } else if (size >= 4) {
    uint32_t x = 0;
    uint32_t y = 0;
    std::memcpy(&x, p, 4);
    std::memcpy(&y, p + size - 4, 4);
    a = x;
    b = y;
  } else if (size > 0) {
    a = static_cast<uint8_t>(p[0]) | static_cast<uint64_t>(static_cast<uint8_t>(p[size / 2])) << 8 |
        static_cast<uint64_t>(static_cast<uint8_t>(p[size - 1])) << 16;
  }
  return MultiplyFold(a ^ hash, b ^ 0xE7037ED1A0B428DBull);
}

}  // namespace laminar
