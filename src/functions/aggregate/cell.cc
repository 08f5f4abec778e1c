// Encoding of values into cells.
#include "functions/aggregate/cell.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "data/decimal.h"
#include "data/numeric_bits.h"
#include "data/row_key.h"
#include "functions/aggregate/state_bytes.h"

namespace laminar::functions {
namespace {

using data::Column;
using data::Int128;
using data::Interval;
using data::PhysicalType;
using data::Type;
using data::UInt128;
using data::Value;

constexpr uint64_t kSign = uint64_t{1} << 63;
constexpr int64_t kMicrosPerDay = 86'400'000'000;
constexpr uint32_t kDepthMax = 64;

Word FromInt128(Int128 value) {
  return Word{.low = static_cast<uint64_t>(value), .high = static_cast<uint64_t>(value >> 64) ^ kSign};
}
Int128 ToInt128(const Word& word) {
  return static_cast<Int128>(static_cast<UInt128>(word.high ^ kSign) << 64 | word.low);
}

// The interval of that length in months of 30 days, days and the rest; what one field cannot hold goes to the next.
Interval IntervalOfMicros(Int128 micros) {
  const auto take = [&](Int128 unit, Int128 least, Int128 greatest) {
    const Int128 count = std::clamp(micros / unit, least, greatest);
    micros -= count * unit;
    return count;
  };
  constexpr Int128 kLeast = std::numeric_limits<int32_t>::min();
  constexpr Int128 kGreatest = std::numeric_limits<int32_t>::max();
  Interval out;
  out.months = static_cast<int32_t>(take(30 * static_cast<Int128>(kMicrosPerDay), kLeast, kGreatest));
  out.days = static_cast<int32_t>(take(kMicrosPerDay, kLeast, kGreatest));
  out.micros = static_cast<int64_t>(take(1, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()));
  return out;
}

template <class T>
Word Ordered(T value) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    return Word{.low = data::OrderedBits(static_cast<double>(value))};
  } else if constexpr (std::is_same_v<T, Interval>) {
    return FromInt128(data::IntervalMicros(value));
  } else if constexpr (std::is_same_v<T, Int128>) {
    return FromInt128(value);
  } else if constexpr (std::is_same_v<T, UInt128>) {
    return Word{.low = static_cast<uint64_t>(value), .high = static_cast<uint64_t>(value >> 64)};
  } else if constexpr (std::is_signed_v<T>) {
    return Word{.low = static_cast<uint64_t>(static_cast<int64_t>(value)) ^ kSign};
  } else {
    return Word{.low = value};
  }
}

template <class T>
T Unordered(const Word& word) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    return static_cast<T>(data::FromOrderedBits(word.low));
  } else if constexpr (std::is_same_v<T, Interval>) {
    return IntervalOfMicros(ToInt128(word));
  } else if constexpr (std::is_same_v<T, Int128>) {
    return ToInt128(word);
  } else if constexpr (std::is_same_v<T, UInt128>) {
    return static_cast<UInt128>(word.high) << 64 | word.low;
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(word.low ^ kSign);
  } else {
    return static_cast<T>(word.low);
  }
}

// Calls visit.operator()<T>() with the C++ type of a fixed-width layout.
template <class Visit>
void VisitFixed(PhysicalType physical, Visit&& visit) {
  switch (physical) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8: return visit.template operator()<uint8_t>();
    case PhysicalType::kInt8: return visit.template operator()<int8_t>();
    case PhysicalType::kInt16: return visit.template operator()<int16_t>();
    case PhysicalType::kInt32: return visit.template operator()<int32_t>();
    case PhysicalType::kInt64: return visit.template operator()<int64_t>();
    case PhysicalType::kUInt16: return visit.template operator()<uint16_t>();
    case PhysicalType::kUInt32: return visit.template operator()<uint32_t>();
    case PhysicalType::kUInt64: return visit.template operator()<uint64_t>();
    case PhysicalType::kFloat: return visit.template operator()<float>();
    case PhysicalType::kDouble: return visit.template operator()<double>();
    case PhysicalType::kInt128: return visit.template operator()<Int128>();
    case PhysicalType::kUuid: return visit.template operator()<UInt128>();
    case PhysicalType::kInterval: return visit.template operator()<Interval>();
    case PhysicalType::kNull:
    case PhysicalType::kString:
    case PhysicalType::kList:
    case PhysicalType::kStruct: break;
  }
  CHECK(!"the layout has a fixed width");
}

// Exact bytes of a nested value: a mark, then fixed bytes, length-prefixed text, or a count and the items.
void AppendExact(const Column& column, const Type& type, uint32_t row, std::string& out) {
  const bool is_null = column.IsNull(row);
  PutByte(out, is_null ? 0 : 1);
  if (is_null) return;
  const uint32_t slot = column.Slot(row);
  switch (type.physical()) {
    case PhysicalType::kString: return PutBytes(out, column.As<data::StringRef>()[slot].view());
    case PhysicalType::kList: {
      const data::ListEntry entry = column.As<data::ListEntry>()[slot];
      PutNumber(out, entry.length);
      for (uint32_t i = 0; i < entry.length; ++i) {
        for (uint32_t c = 0; c < column.child_count; ++c) {
          AppendExact(column.children[c], type.children()[c].type, entry.offset + i, out);
        }
      }
      return;
    }
    case PhysicalType::kStruct:
      for (uint32_t c = 0; c < column.child_count; ++c) {
        AppendExact(column.children[c], type.children()[c].type, slot, out);
      }
      return;
    default: break;
  }
  const uint32_t width = data::ValueWidth(type.physical());
  out.append(column.As<char>() + static_cast<size_t>(slot) * width, width);
}

bool TakeExact(std::string_view& in, const Type& type, uint32_t depth, Value& out);

bool TakeItems(std::string_view& in, const Type& type, uint32_t count, uint32_t depth, Value& out) {
  std::vector<Value> items;
  for (uint32_t i = 0; i < count; ++i) {
    for (const data::Field& field : type.children()) {
      Value item;
      if (!TakeExact(in, field.type, depth + 1, item)) return false;
      items.push_back(std::move(item));
    }
  }
  out = Value::List(std::move(items));
  return true;
}

template <class T>
Value ToValue(T value) {
  if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    return Value::Double(value);
  } else if constexpr (std::is_same_v<T, Interval>) {
    return Value::Of(value);
  } else if constexpr (std::is_same_v<T, Int128>) {
    return Value::Decimal(value);
  } else if constexpr (std::is_same_v<T, UInt128>) {
    return Value::Uuid(value);
  } else if constexpr (std::is_signed_v<T>) {
    return Value::Int(value);
  } else {
    return Value::UInt(value);
  }
}

bool TakeExact(std::string_view& in, const Type& type, uint32_t depth, Value& out) {
  uint8_t mark = 0;
  if (depth > kDepthMax || !TakeNumber(in, mark) || mark > 1) return false;
  out = Value::Null();
  if (mark == 0) return true;
  const PhysicalType physical = type.physical();
  if (physical == PhysicalType::kString) {
    std::string_view bytes;
    if (!TakeBytes(in, bytes)) return false;
    out = Value::String(std::string(bytes));
    return true;
  }
  if (physical == PhysicalType::kStruct) return TakeItems(in, type, 1, depth, out);
  if (physical == PhysicalType::kList) {
    uint32_t count = 0;
    return TakeNumber(in, count) && count <= in.size() && TakeItems(in, type, count, depth, out);
  }
  if (physical == PhysicalType::kNull) return false;
  if (physical == PhysicalType::kBool) {
    uint8_t value = 0;
    if (!TakeNumber(in, value)) return false;
    out = Value::Bool(value != 0);
    return true;
  }
  bool is_good = false;
  VisitFixed(physical, [&]<class T>() {
    T value{};
    is_good = TakeNumber(in, value);
    if (is_good) out = ToValue(value);
  });
  return is_good;
}

// A struct without fields would let a few bytes claim many items.
bool TakeOne(std::string_view bytes, const Type& type, CellEncoding encoding, Value& out) {
  if (encoding == CellEncoding::kExact) return TakeExact(bytes, type, 0, out) && bytes.empty();
  Result<Value> value = data::DecodeKey(bytes, type);
  if (!value.has_value() || !bytes.empty()) return false;
  out = *std::move(value);
  return true;
}

}  // namespace

CellCodec::CellCodec(Type type, CellEncoding encoding)
    : type_(std::move(type)), encoding_(encoding), physical_(type_.physical()), width_(data::ValueWidth(physical_)) {
  is_word_ = physical_ != PhysicalType::kString && physical_ != PhysicalType::kList &&
             physical_ != PhysicalType::kStruct && physical_ != PhysicalType::kNull;
}

void CellCodec::EncodeWords(const Column& column, uint32_t rows, Word* out) const {
  const uint32_t stride = column.encoding == data::Encoding::kConstant ? 0 : 1;
  VisitFixed(physical_, [&]<class T>() {
    const T* values = column.As<T>();
    if (encoding_ == CellEncoding::kOrdered) {
      for (uint32_t row = 0; row < rows; ++row) out[row] = Ordered(values[row * stride]);
      return;
    }
    for (uint32_t row = 0; row < rows; ++row) {
      Word word;
      std::memcpy(static_cast<void*>(&word), &values[row * stride], sizeof(T));
      out[row] = word;
    }
  });
}

std::string_view CellCodec::EncodeBytes(const Column& column, uint32_t row, std::string& scratch) const {
  if (physical_ == PhysicalType::kString) {
    const data::StringRef& text = column.As<data::StringRef>()[column.Slot(row)];
    return text.view();
  }
  scratch.clear();
  if (encoding_ == CellEncoding::kOrdered) {
    data::AppendKey(column, type_, row, scratch);
  } else {
    AppendExact(column, type_, row, scratch);
  }
  return scratch;
}

void CellCodec::Decode(const Word& word, data::BatchBuffer& buffer, Column& out, uint32_t row) const {
  VisitFixed(physical_, [&]<class T>() {
    T value{};
    if (encoding_ == CellEncoding::kOrdered) {
      value = Unordered<T>(word);
    } else {
      std::memcpy(static_cast<void*>(&value), &word, sizeof(T));
    }
    if (physical_ == PhysicalType::kBool) {
      out.As<uint8_t>()[row] = word.low & 1;
    } else {
      out.As<T>()[row] = value;
    }
  });
  if (out.has_nulls) data::SetBit(out.validity, row);
}

void CellCodec::Decode(std::string_view bytes, data::BatchBuffer& buffer, Column& out, uint32_t row) const {
  if (physical_ == PhysicalType::kString) {
    out.As<data::StringRef>()[row] = buffer.heap().Add(bytes);
    if (out.has_nulls) data::SetBit(out.validity, row);
    return;
  }
  Value value;
  if (physical_ == PhysicalType::kNull || !TakeOne(bytes, type_, encoding_, value)) {
    buffer.SetNull(out, row);
    return;
  }
  value.ToColumn(buffer, out, type_, row);
}

bool CellCodec::IsReadable(std::string_view bytes) const {
  if (physical_ == PhysicalType::kString) return true;
  Value value;
  return TakeOne(bytes, type_, encoding_, value);
}

double CellCodec::ToDouble(const Word& word) const {
  double out = 0;
  VisitFixed(physical_, [&]<class T>() {
    if constexpr (std::is_same_v<T, Int128>) {
      out = data::DecimalToDouble(ToInt128(word), type_.scale());
    } else if constexpr (std::is_same_v<T, Interval>) {
      out = static_cast<double>(ToInt128(word));
    } else {
      out = static_cast<double>(Unordered<T>(word));
    }
  });
  return out;
}

Word CellCodec::FromInt64(int64_t value) const { return Ordered(value); }
int64_t CellCodec::ToInt64(const Word& word) const { return Unordered<int64_t>(word); }

}  // namespace laminar::functions
