// Values as accumulators keep them: a Word for fixed-width types, bytes for text and nested ones.
//
// Two encodings. kOrdered: unsigned (memcmp) order is the SQL order and equal values have equal cells (-0.0 as 0.0, one
// NaN, above all numbers), for multisets and sort keys. kExact: the very bits, for FIRST, LAST and lists, which give
// back what they got. Text is its own bytes in both. Cells come back from checkpoints, so decoding believes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"

namespace laminar::functions {

struct Word {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Word&, const Word&) = default;
  friend bool operator<(const Word& a, const Word& b) { return a.high != b.high ? a.high < b.high : a.low < b.low; }
};

enum class CellEncoding : uint8_t { kOrdered, kExact };

class CellCodec {
 public:
  CellCodec() = default;
  CellCodec(data::Type type, CellEncoding encoding);

  const data::Type& type() const { return type_; }
  bool is_word() const { return is_word_; }

  // Words of rows [0, rows); a null row's word is that of the harmless value in its slot.
  void EncodeWords(const data::Column& column, uint32_t rows, Word* out) const;
  // The bytes of one row, which is not null: a view into the column or into `scratch`.
  std::string_view EncodeBytes(const data::Column& column, uint32_t row, std::string& scratch) const;

  // Writes a cell to a row of a flat column of this type; text goes to the buffer's heap. Unreadable bytes become NULL.
  void Decode(const Word& word, data::BatchBuffer& buffer, data::Column& out, uint32_t row) const;
  void Decode(std::string_view bytes, data::BatchBuffer& buffer, data::Column& out, uint32_t row) const;
  // False for bytes that no encoding wrote.
  bool IsReadable(const Word&) const { return true; }
  bool IsReadable(std::string_view bytes) const;

  // The number behind an ordered word of a numeric or temporal type.
  double ToDouble(const Word& word) const;
  Word FromInt64(int64_t value) const;      // an ordered word of a 64-bit integer or temporal type
  int64_t ToInt64(const Word& word) const;  // the same back

 private:
  data::Type type_;
  CellEncoding encoding_ = CellEncoding::kExact;
  data::PhysicalType physical_ = data::PhysicalType::kNull;
  uint32_t width_ = 0;
  bool is_word_ = false;
};

}  // namespace laminar::functions
