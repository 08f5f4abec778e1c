// Gather: chosen rows of a column, densely. Dictionary columns stay dictionaries where the output has room for codes,
// constants stay constants; the lists of an ARRAY keep pointing into the children of the source.
#include <algorithm>

#include "base/check.h"
#include "expr/program.h"

namespace laminar::expr {
namespace {

using data::Column;
using data::Encoding;
using data::PhysicalType;
using data::Type;

template <class T, class Index>
void GatherFixed(const void* from, const Index* selection, uint32_t count, void* to) {
  const T* __restrict in = static_cast<const T*>(from);
  T* __restrict out = static_cast<T*>(to);
  for (uint32_t i = 0; i < count; ++i) out[i] = in[selection[i]];
}

template <class Index>
void GatherWidth(const void* from, uint32_t width, const Index* selection, uint32_t count, void* to) {
  switch (width) {
    case 1: return GatherFixed<uint8_t>(from, selection, count, to);
    case 2: return GatherFixed<uint16_t>(from, selection, count, to);
    case 4: return GatherFixed<uint32_t>(from, selection, count, to);
    case 8: return GatherFixed<uint64_t>(from, selection, count, to);
    case 16: return GatherFixed<unsigned __int128>(from, selection, count, to);
    default: return;
  }
}

template <class Index>
void GatherBits(const uint64_t* from, const Index* selection, uint32_t count, uint64_t* to) {
  uint64_t word = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t row = selection[i];
    word |= (from[row >> 6] >> (row & 63) & 1) << (i & 63);
    if ((i & 63) != 63) continue;
    to[i >> 6] = word;
    word = 0;
  }
  if ((count & 63) != 0) to[count >> 6] = word;
}

template <class Index>
void GatherFlat(const Column& from, const Type& type, const Index* selection, uint32_t count, Column& out);

// Rows of one child slot a row: the fields of a STRUCT. A constant field stays constant.
template <class Index>
void GatherField(const Column& from, const Type& type, const Index* selection, uint32_t count, Column& out) {
  if (from.encoding == Encoding::kConstant) {
    const Index first[1] = {0};
    GatherFlat(from, type, first, 1, out);
    out.encoding = Encoding::kConstant;
    return;
  }
  GatherFlat(from, type, selection, count, out);
}

template <class Index>
void GatherFlat(const Column& from, const Type& type, const Index* selection, uint32_t count, Column& out) {
  out.encoding = Encoding::kFlat;
  out.has_errors = false;
  out.has_nulls = from.has_nulls;
  if (from.has_nulls) GatherBits(from.validity, selection, count, out.validity);
  const PhysicalType physical = type.physical();
  GatherWidth(from.values, data::ValueWidth(physical), selection, count, out.values);
  if (physical == PhysicalType::kList) {
    out.children = from.children;
    out.child_count = from.child_count;
  } else if (physical == PhysicalType::kStruct) {
    CHECK(out.child_count == from.child_count);
    for (uint32_t c = 0; c < from.child_count; ++c) {
      GatherField(from.children[c], type.children()[c].type, selection, count, out.children[c]);
    }
  }
}

void GatherConstant(const Column& from, const Type& type, Column& out) {
  const uint16_t first[1] = {0};
  GatherFlat(from, type, first, 1, out);
  out.encoding = Encoding::kConstant;
}

// Where a value is as wide as a code the codes stand in the value buffer.
void GatherDictionary(const Column& from, const Type& type, const uint16_t* selection, uint32_t count, Column& out) {
  out.has_nulls = from.has_nulls;
  out.has_errors = false;
  if (from.has_nulls) GatherBits(from.validity, selection, count, out.validity);
  const uint32_t width = data::ValueWidth(type.physical());
  if (width >= sizeof(uint32_t)) {
    auto* codes = static_cast<uint32_t*>(out.values);
    for (uint32_t i = 0; i < count; ++i) codes[i] = from.codes[selection[i]];
    out.encoding = Encoding::kDictionary;
    out.codes = codes;
    out.dictionary = from.dictionary;
    out.dictionary_id = from.dictionary_id;
    out.dictionary_size = from.dictionary_size;
    return;
  }
  const bool has_nulls = out.has_nulls;
  uint32_t rows[data::kBatchCapacity];
  for (uint32_t i = 0; i < count; ++i) rows[i] = from.codes[selection[i]];
  GatherFlat(*from.dictionary, type, rows, count, out);
  out.has_nulls = has_nulls;
}

}  // namespace

void Gather(const Column& from, const Type& type, const uint16_t* selection, uint32_t count, Column& out,
            data::BatchBuffer& buffer) {
  CHECK(count <= buffer.capacity() && count <= data::kBatchCapacity);
  switch (from.encoding) {
    case Encoding::kFlat: GatherFlat(from, type, selection, count, out); break;
    case Encoding::kConstant: GatherConstant(from, type, out); break;
    case Encoding::kDictionary: GatherDictionary(from, type, selection, count, out); break;
  }
  if (!from.has_errors) return;
  const uint16_t first[1] = {0};
  const bool is_constant = from.encoding == Encoding::kConstant;
  const uint32_t bits = is_constant ? 1 : count;
  GatherBits(from.errors, is_constant ? first : selection, bits, out.errors);
  out.has_errors =
      std::any_of(out.errors, out.errors + data::BitmapWords(bits), [](uint64_t word) { return word != 0; });
}

}  // namespace laminar::expr
