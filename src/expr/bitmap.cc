// Bits to selection through a table of 256 bytes -> up to eight positions, eight rows a step.
#include "expr/bitmap.h"

#include <bit>

namespace laminar::expr {
namespace {

struct PositionTable {
  alignas(64) uint16_t positions[256][8] = {};

  constexpr PositionTable() {
    for (int byte = 0; byte < 256; ++byte) {
      int count = 0;
      for (int bit = 0; bit < 8; ++bit) {
        if ((byte >> bit & 1) != 0) positions[byte][count++] = static_cast<uint16_t>(bit);
      }
    }
  }
};
constinit const PositionTable kTable;

// Writes eight positions, of which the caller keeps as many as `byte` has bits.
inline void WriteEight(uint32_t byte, uint32_t base, uint16_t* out) {
#ifdef __AVX2__
  const __m128i relative = _mm_load_si128(reinterpret_cast<const __m128i*>(kTable.positions[byte]));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                   _mm_add_epi16(relative, _mm_set1_epi16(static_cast<int16_t>(base))));
#else
  for (int i = 0; i < 8; ++i) out[i] = static_cast<uint16_t>(kTable.positions[byte][i] + base);
#endif
}

inline uint32_t SelectWord(uint64_t word, uint32_t base, uint32_t count, uint16_t* out) {
  for (uint32_t i = 0; i < 64 && word != 0; i += 8, word >>= 8) {
    const auto byte = static_cast<uint32_t>(word & 0xFF);
    WriteEight(byte, base + i, out + count);
    count += static_cast<uint32_t>(std::popcount(byte));
  }
  return count;
}

inline uint64_t MaskOf(uint32_t rows, uint32_t word) {
  const uint32_t left = rows - word * 64;
  return left >= 64 ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
}

}  // namespace

uint32_t BitsToSelection(const uint64_t* bits, uint32_t rows, uint16_t* out) {
  uint32_t count = 0;
  for (uint32_t w = 0; w < data::BitmapWords(rows); ++w)
    count = SelectWord(bits[w] & MaskOf(rows, w), w * 64, count, out);
  return count;
}

uint32_t BytesToSelection(const uint8_t* bytes, const uint64_t* valid, const uint64_t* errors, uint32_t rows,
                          uint16_t* out) {
  uint32_t count = 0;
  if (rows < 8 && valid == nullptr && errors == nullptr) {
    for (uint32_t i = 0; i < rows; ++i) {
      out[count] = static_cast<uint16_t>(i);
      count += bytes[i];
    }
    return count;
  }
  for (uint32_t w = 0; w < data::BitmapWords(rows); ++w) {
    uint64_t word = BytesToWord(bytes + w * 64) & MaskOf(rows, w);
    if (valid != nullptr) word &= valid[w];
    if (errors != nullptr) word &= ~errors[w];
    count = SelectWord(word, w * 64, count, out);
  }
  return count;
}

}  // namespace laminar::expr
