// Between boolean bytes, bitmaps and selections: the only hand-vectorised code of the interpreter, with portable
// equals.
//
// Bytes are 0 or 1 and readable up to the next multiple of 64 rows (batches have room for kBatchCapacity rows). Bits
// past `rows` of a written bitmap are unspecified. Program and Predicate call it, once per boolean column and batch.
#pragma once

#include <cstdint>
#include <cstring>

#include "data/batch.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace laminar::expr {

inline uint64_t BytesToWord(const uint8_t* bytes) {
#ifdef __AVX2__
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes + 32));
  const auto a = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_slli_epi16(low, 7)));
  const auto b = static_cast<uint32_t>(_mm256_movemask_epi8(_mm256_slli_epi16(high, 7)));
  return a | static_cast<uint64_t>(b) << 32;
#else
  uint64_t word = 0;
  for (int i = 0; i < 8; ++i) {
    uint64_t eight = 0;
    std::memcpy(&eight, bytes + i * 8, 8);
    word |= ((eight * 0x0102040810204080ull) >> 56) << (i * 8);
  }
  return word;
#endif
}

inline void WordToBytes(uint64_t word, uint8_t* bytes) {
  for (int i = 0; i < 8; ++i) {
    // Each byte of the product holds all eight bits; the mask keeps one a byte, the addition moves it to the top.
    const uint64_t spread = ((word >> (i * 8)) & 0xFF) * 0x0101010101010101ull & 0x8040201008040201ull;
    const uint64_t eight = ((spread + 0x00406070787C7E7Full) >> 7) & 0x0101010101010101ull;
    std::memcpy(bytes + i * 8, &eight, 8);
  }
}

// bits[0, words of rows) from bytes.
inline void BytesToBits(const uint8_t* bytes, uint32_t rows, uint64_t* bits) {
  for (uint32_t w = 0; w < data::BitmapWords(rows); ++w) bits[w] = BytesToWord(bytes + w * 64);
}
// Writes bytes up to the next multiple of 64 rows.
inline void BitsToBytes(const uint64_t* bits, uint32_t rows, uint8_t* bytes) {
  for (uint32_t w = 0; w < data::BitmapWords(rows); ++w) WordToBytes(bits[w], bytes + w * 64);
}

// Positions of set bits below `rows`, ascending; `out` has room for rows + 64. Returns the count.
uint32_t BitsToSelection(const uint64_t* bits, uint32_t rows, uint16_t* out);
// Positions of rows whose byte is 1, whose valid bit is set (where `valid` is given) and whose error bit is not.
uint32_t BytesToSelection(const uint8_t* bytes, const uint64_t* valid, const uint64_t* errors, uint32_t rows,
                          uint16_t* out);

}  // namespace laminar::expr
