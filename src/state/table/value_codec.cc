#include "state/table/value_codec.h"

#include <cstring>

#include "base/check.h"
#include "data/numeric_bits.h"

namespace laminar::state {
namespace {

using data::Column;
using data::PhysicalType;
using data::Type;

void EncodeSlot(const Column& column, const Type& type, uint32_t slot, bool canonical, std::string& out);

void Append(std::string& out, const void* bytes, size_t size) { out.append(static_cast<const char*>(bytes), size); }

void EncodeChild(const Column& child, const Type& type, uint32_t row, bool canonical, std::string& out) {
  const bool is_null = child.IsNull(row);
  out.push_back(is_null ? 0 : 1);
  if (!is_null) EncodeSlot(child, type, child.Slot(row), canonical, out);
}

void EncodeSlot(const Column& column, const Type& type, uint32_t slot, bool canonical, std::string& out) {
  const PhysicalType physical = type.physical();
  const uint32_t width = data::ValueWidth(physical);
  switch (physical) {
    case PhysicalType::kNull: return;
    case PhysicalType::kString: {
      const data::StringRef& text = column.As<data::StringRef>()[slot];
      Append(out, &text.length, 4);
      Append(out, text.data(), text.length);
      return;
    }
    case PhysicalType::kList: {
      const data::ListEntry entry = column.As<data::ListEntry>()[slot];
      Append(out, &entry.length, 4);
      for (uint32_t i = entry.offset; i < entry.offset + entry.length; ++i) {
        for (uint32_t c = 0; c < column.child_count; ++c) {
          EncodeChild(column.children[c], type.children()[c].type, i, canonical, out);
        }
      }
      return;
    }
    case PhysicalType::kStruct:
      for (uint32_t c = 0; c < column.child_count; ++c) {
        EncodeChild(column.children[c], type.children()[c].type, slot, canonical, out);
      }
      return;
    case PhysicalType::kFloat: {
      const float value = column.As<float>()[slot];
      const float plain = canonical ? static_cast<float>(data::CanonicalDouble(value)) : value;
      return Append(out, &plain, 4);
    }
    case PhysicalType::kDouble: {
      const double value = column.As<double>()[slot];
      const double plain = canonical ? data::CanonicalDouble(value) : value;
      return Append(out, &plain, 8);
    }
    case PhysicalType::kInterval: {
      const data::Interval value = column.As<data::Interval>()[slot];
      const data::Interval plain = canonical ? CanonicalInterval(value) : value;
      return Append(out, &plain, sizeof(plain));
    }
    default: return Append(out, column.As<char>() + static_cast<size_t>(slot) * width, width);
  }
}

template <class T>
T Take(std::string_view& bytes) {
  T value;
  CHECK(bytes.size() >= sizeof(T));
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return value;
}

void DecodeSlot(std::string_view& bytes, data::BatchBuffer& buffer, Column& column, const Type& type, uint32_t row);

void DecodeChild(std::string_view& bytes, data::BatchBuffer& buffer, Column& child, const Type& type, uint32_t row) {
  if (Take<char>(bytes) == 0) return buffer.SetNull(child, row);
  if (child.has_nulls) data::SetBit(child.validity, row);
  DecodeSlot(bytes, buffer, child, type, row);
}

void DecodeSlot(std::string_view& bytes, data::BatchBuffer& buffer, Column& column, const Type& type, uint32_t row) {
  const PhysicalType physical = type.physical();
  switch (physical) {
    case PhysicalType::kNull: return;
    case PhysicalType::kString: {
      const uint32_t length = Take<uint32_t>(bytes);
      CHECK(bytes.size() >= length);
      column.As<data::StringRef>()[row] = buffer.heap().Add(bytes.substr(0, length));
      bytes.remove_prefix(length);
      return;
    }
    case PhysicalType::kList: {
      const uint32_t length = Take<uint32_t>(bytes);
      const uint32_t first = buffer.ReserveChild(column, type, length);
      column.As<data::ListEntry>()[row] = {.offset = first, .length = length};
      for (uint32_t i = first; i < first + length; ++i) {
        for (uint32_t c = 0; c < column.child_count; ++c) {
          DecodeChild(bytes, buffer, column.children[c], type.children()[c].type, i);
        }
      }
      return;
    }
    case PhysicalType::kStruct:
      for (uint32_t c = 0; c < column.child_count; ++c) {
        DecodeChild(bytes, buffer, column.children[c], type.children()[c].type, row);
      }
      return;
    default: {
      const uint32_t width = data::ValueWidth(physical);
      CHECK(bytes.size() >= width);
      std::memcpy(column.As<char>() + static_cast<size_t>(row) * width, bytes.data(), width);
      bytes.remove_prefix(width);
    }
  }
}

bool SkipSlot(std::string_view& bytes, const Type& type);

bool SkipChildren(std::string_view& bytes, const Type& type) {
  for (const data::Field& child : type.children()) {
    if (bytes.empty() || static_cast<uint8_t>(bytes[0]) > 1) return false;
    const bool is_null = bytes[0] == 0;
    bytes.remove_prefix(1);
    if (!is_null && !SkipSlot(bytes, child.type)) return false;
  }
  return true;
}

// Types are as deep as their declaration, which the parser bounds.
bool SkipSlot(std::string_view& bytes, const Type& type) {
  const PhysicalType physical = type.physical();
  if (physical == PhysicalType::kNull) return true;
  if (physical == PhysicalType::kStruct) return SkipChildren(bytes, type);
  const bool has_length = physical == PhysicalType::kString || physical == PhysicalType::kList;
  const uint32_t width = has_length ? 4 : data::ValueWidth(physical);
  if (bytes.size() < width) return false;
  uint32_t length = 0;
  if (has_length) std::memcpy(&length, bytes.data(), 4);
  bytes.remove_prefix(width);
  if (physical == PhysicalType::kString) {
    if (bytes.size() < length) return false;
    bytes.remove_prefix(length);
  } else if (physical == PhysicalType::kList) {
    if (length > bytes.size()) return false;  // each item takes a byte at least
    for (uint32_t i = 0; i < length; ++i) {
      if (!SkipChildren(bytes, type)) return false;
    }
  }
  return true;
}

}  // namespace

bool IsNestedValue(std::string_view bytes, const Type& type) { return SkipSlot(bytes, type) && bytes.empty(); }

data::Interval CanonicalInterval(const data::Interval& value) {
  constexpr __int128 kMicrosPerDay = 86'400'000'000;
  const __int128 total = data::IntervalMicros(value);
  const __int128 days = total / kMicrosPerDay;
  data::Interval plain{.months = 0, .days = 0, .micros = static_cast<int64_t>(total % kMicrosPerDay)};
  if (days >= INT32_MIN && days <= INT32_MAX) {
    plain.days = static_cast<int32_t>(days);
  } else {
    plain.months = static_cast<int32_t>(days / 30);
    plain.days = static_cast<int32_t>(days % 30);
  }
  return plain;
}

void EncodeNested(const Column& column, const Type& type, uint32_t row, bool canonical, std::string& out) {
  if (column.encoding == data::Encoding::kDictionary) {
    EncodeSlot(*column.dictionary, type, column.codes[row], canonical, out);
  } else {
    EncodeSlot(column, type, column.Slot(row), canonical, out);
  }
}

void DecodeNested(std::string_view bytes, data::BatchBuffer& buffer, Column& column, const Type& type, uint32_t row) {
  DecodeSlot(bytes, buffer, column, type, row);
}

}  // namespace laminar::state
