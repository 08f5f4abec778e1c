// Flatten: constant and dictionary columns as flat ones. Values are copied shallowly: string views and list entries
// keep pointing into the source, so the result lives no longer than it.
#include <algorithm>

#include "base/check.h"
#include "data/batch.h"

namespace laminar::data {
namespace {

template <class T>
void Spread(const Column& from, const uint32_t* codes, uint32_t rows, Column& to) {
  T* out = to.As<T>();
  const T* in = from.As<T>();
  if (codes == nullptr) {
    std::fill_n(out, rows, in[0]);
  } else {
    for (uint32_t i = 0; i < rows; ++i) out[i] = in[codes[i]];
  }
}

void SpreadStruct(const Column& from, const uint32_t* codes, const Type& type, uint32_t rows, Column& to);

// `from` is read as flat: slot 0 for every row without codes, slot codes[row] with them.
void SpreadValues(const Column& from, const uint32_t* codes, const Type& type, uint32_t rows, Column& to) {
  switch (ValueWidth(type.physical())) {
    case 1: return Spread<uint8_t>(from, codes, rows, to);
    case 2: return Spread<uint16_t>(from, codes, rows, to);
    case 4: return Spread<uint32_t>(from, codes, rows, to);
    case 8: Spread<uint64_t>(from, codes, rows, to); break;
    case 16: return Spread<unsigned __int128>(from, codes, rows, to);
    default: break;
  }
  if (type.physical() == PhysicalType::kList) {
    to.children = from.children;
    to.child_count = from.child_count;
  } else if (type.physical() == PhysicalType::kStruct) {
    SpreadStruct(from, codes, type, rows, to);
  }
}

void SpreadStruct(const Column& from, const uint32_t* codes, const Type& type, uint32_t rows, Column& to) {
  CHECK(to.child_count == from.child_count);
  for (uint32_t c = 0; c < from.child_count; ++c) {
    const Column& in = from.children[c];
    Column& out = to.children[c];
    const bool is_constant = in.encoding == Encoding::kConstant;
    const uint32_t* child_codes = is_constant ? nullptr : codes;
    out.encoding = Encoding::kFlat;
    out.has_errors = false;
    out.has_nulls = in.has_nulls;
    if (in.has_nulls) {
      std::fill_n(out.validity, BitmapWords(rows), uint64_t{0});
      for (uint32_t i = 0; i < rows; ++i) {
        if (TestBit(in.validity, child_codes == nullptr ? 0 : child_codes[i])) SetBit(out.validity, i);
      }
    }
    SpreadValues(in, child_codes, type.children()[c].type, rows, out);
  }
}

}  // namespace

const Column& Flatten(const Column& column, const Type& type, uint32_t rows, Column& scratch) {
  if (column.encoding == Encoding::kFlat) return column;
  const bool is_constant = column.encoding == Encoding::kConstant;
  scratch.encoding = Encoding::kFlat;
  scratch.has_nulls = column.has_nulls;
  if (column.has_nulls && is_constant) {
    std::fill_n(scratch.validity, BitmapWords(rows), TestBit(column.validity, 0) ? ~uint64_t{0} : 0);
  } else if (column.has_nulls) {
    std::copy_n(column.validity, BitmapWords(rows), scratch.validity);
  }
  scratch.has_errors = column.has_errors;
  if (column.has_errors && scratch.errors != nullptr) {
    std::copy_n(column.errors, BitmapWords(rows), scratch.errors);
  } else {
    scratch.errors = column.has_errors ? column.errors : scratch.errors;
  }
  if (is_constant) {
    SpreadValues(column, nullptr, type, rows, scratch);
  } else {
    SpreadValues(*column.dictionary, column.codes, type, rows, scratch);
  }
  return scratch;
}

}  // namespace laminar::data
