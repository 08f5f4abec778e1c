#include "data/row_key.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "data/decimal.h"
#include "data/numeric_bits.h"

namespace laminar::data {
namespace {

// The byte before a value. Nulls need only differ from it; the sides of a nested item's null are the same for every
// nesting level.
constexpr char kNullFirst = 0x00;
constexpr char kPresent = 0x01;
constexpr char kNullLast = 0x02;
// Inside a list: the end sorts before any item, so a prefix sorts first.
constexpr char kListEnd = 0x00;
constexpr char kListItem = 0x01;

// Where bytes of keys go: appended to a std::string.
struct StringOut {
  std::string& out;
  void Byte(char c) { out += c; }
  void Bytes(const char* bytes, size_t size) { out.append(bytes, size); }
};

// Where the bytes are only counted.
struct CountOut {
  size_t size = 0;
  void Byte(char) { ++size; }
  void Bytes(const char*, size_t count) { size += count; }
};

// Where there is room already.
struct BufferOut {
  char* p;
  void Byte(char c) { *p++ = c; }
  void Bytes(const char* bytes, size_t size) {
    std::memcpy(p, bytes, size);
    p += size;
  }
};

template <class Out, class T>
void PutBigEndian(Out& out, T value) {
  char bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes[i] = static_cast<char>(static_cast<uint8_t>(value >> (8 * (sizeof(T) - 1 - i))));
  }
  out.Bytes(bytes, sizeof(T));
}

template <class T>
constexpr auto Flipped(T value) {
  if constexpr (std::is_same_v<T, __int128>) {
    return static_cast<unsigned __int128>(value) ^ (static_cast<unsigned __int128>(1) << 127);
  } else if constexpr (std::is_signed_v<T>) {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<Unsigned>(static_cast<Unsigned>(value) ^ (Unsigned{1} << (sizeof(T) * 8 - 1)));
  } else {
    return value;
  }
}

// An interval's length fits 80 bits: 2^31 months of 30 days of 8.64e10 microseconds are below 2^73.
constexpr int kIntervalBytes = 10;

template <class Out>
void PutInterval(Out& out, const Interval& value) {
  const auto biased = static_cast<unsigned __int128>(IntervalMicros(value)) + (static_cast<unsigned __int128>(1) << 79);
  char bytes[kIntervalBytes];
  for (int i = 0; i < kIntervalBytes; ++i) {
    bytes[i] = static_cast<char>(static_cast<uint8_t>(biased >> (8 * (kIntervalBytes - 1 - i))));
  }
  out.Bytes(bytes, kIntervalBytes);
}

template <class Out>
void PutText(Out& out, std::string_view text) {
  size_t from = 0;
  while (true) {
    const size_t zero = text.find('\0', from);
    if (zero == std::string_view::npos) break;
    out.Bytes(text.data() + from, zero - from + 1);
    out.Byte(static_cast<char>(0xFF));
    from = zero + 1;
  }
  out.Bytes(text.data() + from, text.size() - from);
  out.Byte(0);
  out.Byte(0);
}

template <class Out>
void PutItem(Out& out, const Column& column, const Type& type, uint32_t row);

// A value that is there, `slot` its position.
template <class Out>
void PutValue(Out& out, const Column& column, const Type& type, uint32_t slot) {
  switch (type.physical()) {
    case PhysicalType::kNull: return;
    case PhysicalType::kBool:
    case PhysicalType::kUInt8: return PutBigEndian(out, column.As<uint8_t>()[slot]);
    case PhysicalType::kInt8: return PutBigEndian(out, Flipped(column.As<int8_t>()[slot]));
    case PhysicalType::kInt16: return PutBigEndian(out, Flipped(column.As<int16_t>()[slot]));
    case PhysicalType::kInt32: return PutBigEndian(out, Flipped(column.As<int32_t>()[slot]));
    case PhysicalType::kInt64: return PutBigEndian(out, Flipped(column.As<int64_t>()[slot]));
    case PhysicalType::kUInt16: return PutBigEndian(out, column.As<uint16_t>()[slot]);
    case PhysicalType::kUInt32: return PutBigEndian(out, column.As<uint32_t>()[slot]);
    case PhysicalType::kUInt64: return PutBigEndian(out, column.As<uint64_t>()[slot]);
    case PhysicalType::kFloat: return PutBigEndian(out, OrderedBits(column.As<float>()[slot]));
    case PhysicalType::kDouble: return PutBigEndian(out, OrderedBits(column.As<double>()[slot]));
    case PhysicalType::kInt128: return PutBigEndian(out, Flipped(column.As<__int128>()[slot]));
    case PhysicalType::kUuid: return PutBigEndian(out, column.As<unsigned __int128>()[slot]);
    case PhysicalType::kInterval: return PutInterval(out, column.As<Interval>()[slot]);
    case PhysicalType::kString: return PutText(out, column.As<StringRef>()[slot].view());
    case PhysicalType::kList: {
      const ListEntry entry = column.As<ListEntry>()[slot];
      for (uint32_t i = 0; i < entry.length; ++i) {
        out.Byte(kListItem);
        for (uint32_t c = 0; c < column.child_count; ++c) {
          PutItem(out, column.children[c], type.children()[c].type, entry.offset + i);
        }
      }
      return out.Byte(kListEnd);
    }
    case PhysicalType::kStruct:
      for (uint32_t c = 0; c < column.child_count; ++c) PutItem(out, column.children[c], type.children()[c].type, slot);
  }
}

// Inside nested values nulls are last.
template <class Out>
void PutItem(Out& out, const Column& column, const Type& type, uint32_t row) {
  if (column.IsNull(row)) return out.Byte(kNullLast);
  out.Byte(kPresent);
  PutValue(out, column, type, column.Slot(row));
}

template <class Out>
void PutColumn(Out& out, const Column& column, const Type& type, uint32_t row, KeyOrder order) {
  if (column.IsNull(row)) return out.Byte(order.nulls_first ? kNullFirst : kNullLast);
  out.Byte(kPresent);
  if (column.encoding == Encoding::kDictionary) return PutValue(out, *column.dictionary, type, column.codes[row]);
  PutValue(out, column, type, column.Slot(row));
}

void Invert(char* bytes, size_t size) {
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(~bytes[i]);
}

// Bytes of a present value where all have the same number, else 0.
size_t FixedKeyBytes(const Type& type) {
  switch (type.physical()) {
    case PhysicalType::kNull:
    case PhysicalType::kString:
    case PhysicalType::kList:
    case PhysicalType::kStruct: return 0;
    case PhysicalType::kFloat: return 8;
    case PhysicalType::kInterval: return kIntervalBytes;
    default: return ValueWidth(type.physical());
  }
}

// Where each row's key is written next.
struct Cursors {
  char* next[kBatchCapacity];
};

// One column of a block of rows, with the type's switch outside the loop where the type is common.
template <class T, class Bits>
void EncodeFixed(const Column& column, uint32_t first, uint32_t count, KeyOrder order, const Bits& bits,
                 Cursors& cursors) {
  const T* values = column.As<T>();
  using Key = decltype(bits(values[0]));
  const Key mask = order.descending ? static_cast<Key>(~Key{0}) : Key{0};
  for (uint32_t i = 0; i < count; ++i) {
    char*& p = cursors.next[i];
    const uint32_t row = first + i;
    if (column.IsNull(row)) {
      *p++ = order.nulls_first ? kNullFirst : kNullLast;
      continue;
    }
    *p++ = kPresent;
    Key key = static_cast<Key>(bits(values[column.Slot(row)]) ^ mask);
    if constexpr (sizeof(Key) == 8) {
      key = __builtin_bswap64(key);
    } else {
      key = __builtin_bswap32(key);
    }
    std::memcpy(p, &key, sizeof(Key));
    p += sizeof(Key);
  }
}

void EncodeColumn(const Column& column, const Type& type, uint32_t first, uint32_t count, KeyOrder order,
                  Cursors& cursors) {
  if (column.encoding != Encoding::kDictionary) {
    switch (type.physical()) {
      case PhysicalType::kInt32:
        return EncodeFixed<int32_t>(column, first, count, order, [](int32_t v) { return Flipped(v); }, cursors);
      case PhysicalType::kInt64:
        return EncodeFixed<int64_t>(column, first, count, order, [](int64_t v) { return Flipped(v); }, cursors);
      case PhysicalType::kUInt32:
        return EncodeFixed<uint32_t>(column, first, count, order, [](uint32_t v) { return v; }, cursors);
      case PhysicalType::kUInt64:
        return EncodeFixed<uint64_t>(column, first, count, order, [](uint64_t v) { return v; }, cursors);
      case PhysicalType::kDouble:
        return EncodeFixed<double>(column, first, count, order, [](double v) { return OrderedBits(v); }, cursors);
      default: break;
    }
  }
  for (uint32_t i = 0; i < count; ++i) {
    BufferOut out{cursors.next[i]};
    PutColumn(out, column, type, first + i, order);
    if (order.descending) Invert(cursors.next[i] + 1, static_cast<size_t>(out.p - cursors.next[i]) - 1);
    cursors.next[i] = out.p;
  }
}

size_t KeyBytes(const Column& column, const Type& type, uint32_t row, KeyOrder order) {
  if (const size_t fixed = FixedKeyBytes(type); fixed != 0) return fixed + 1;
  CountOut count;
  PutColumn(count, column, type, row, order);
  return count.size;
}

// A view of the key's bytes, undoing DESC.
class KeyReader {
 public:
  KeyReader(std::string_view key, bool inverted) : key_(key), inverted_(inverted) {}

  std::string_view rest() const { return key_; }
  bool Byte(char& out) {
    if (key_.empty()) return false;
    out = inverted_ ? static_cast<char>(~key_[0]) : key_[0];
    key_.remove_prefix(1);
    return true;
  }
  template <class T>
  bool BigEndian(int bytes, T& out) {
    out = 0;
    if (key_.size() < static_cast<size_t>(bytes)) return false;
    for (int i = 0; i < bytes; ++i) {
      char c = 0;
      Byte(c);
      out = static_cast<T>(out << 8 | static_cast<uint8_t>(c));
    }
    return true;
  }
  bool Text(std::string& out) {
    char c = 0;
    while (Byte(c)) {
      if (c != 0) {
        out += c;
        continue;
      }
      if (!Byte(c)) return false;
      if (c == 0) return true;
      if (c != static_cast<char>(0xFF)) return false;
      out += '\0';
    }
    return false;
  }

 private:
  std::string_view key_;
  bool inverted_;
};

bool ReadValue(KeyReader& in, const Type& type, Value& out);

bool ReadItem(KeyReader& in, const Type& type, Value& out) {
  char mark = 0;
  if (!in.Byte(mark)) return false;
  if (mark == kNullLast) {
    out = Value();
    return true;
  }
  return mark == kPresent && ReadValue(in, type, out);
}

bool ReadNested(KeyReader& in, const Type& type, Value& out) {
  std::vector<Value> items;
  const bool is_list = type.physical() == PhysicalType::kList;
  char mark = kListItem;
  while (true) {
    if (is_list && (!in.Byte(mark) || mark > kListItem)) return false;
    if (mark == kListEnd) break;
    for (const Field& field : type.children()) {
      items.emplace_back();
      if (!ReadItem(in, field.type, items.back())) return false;
    }
    if (!is_list) break;
  }
  out = Value::List(std::move(items));
  return true;
}

template <class T>
bool ReadSigned(KeyReader& in, Value& out) {
  std::make_unsigned_t<T> bits = 0;
  if (!in.BigEndian(sizeof(T), bits)) return false;
  out = Value::Int(static_cast<T>(Flipped(static_cast<T>(bits))));
  return true;
}

template <class T>
bool ReadUnsigned(KeyReader& in, Value& out) {
  T bits = 0;
  if (!in.BigEndian(sizeof(T), bits)) return false;
  out = Value::UInt(bits);
  return true;
}

bool ReadInterval(KeyReader& in, Value& out) {
  unsigned __int128 biased = 0;
  if (!in.BigEndian(kIntervalBytes, biased)) return false;
  const __int128 micros = static_cast<__int128>(biased) - (static_cast<__int128>(1) << 79);
  const __int128 days = micros / kDay;
  const auto rest = static_cast<int64_t>(micros % kDay);
  // Longer than days alone can say: whole months of 30 days.
  const __int128 months = days == static_cast<int32_t>(days) ? 0 : days / 30;
  const __int128 more_days = days - months * 30;
  if (months != static_cast<int32_t>(months)) {
    // Beyond what months can say either, the rest goes into the microseconds.
    const __int128 most = months > 0 ? INT32_MAX : INT32_MIN;
    const __int128 left = micros - most * 30 * kDay;
    const __int128 left_days = left / kDay;
    const __int128 clamped = std::clamp<__int128>(left_days, INT32_MIN, INT32_MAX);
    const __int128 left_micros = left - clamped * kDay;
    if (left_micros != static_cast<int64_t>(left_micros)) return false;
    out = Value::Of(
        Interval{static_cast<int32_t>(most), static_cast<int32_t>(clamped), static_cast<int64_t>(left_micros)});
    return true;
  }
  out = Value::Of(Interval{static_cast<int32_t>(months), static_cast<int32_t>(more_days), rest});
  return true;
}

bool IsFloat(double value) {
  if (!std::isfinite(value)) return true;
  if (std::fabs(value) > std::numeric_limits<float>::max()) return false;
  return static_cast<double>(static_cast<float>(value)) == value;
}

bool ReadValue(KeyReader& in, const Type& type, Value& out) {
  uint64_t bits = 0;
  unsigned __int128 wide = 0;
  std::string text;
  switch (type.physical()) {
    case PhysicalType::kNull: return false;
    case PhysicalType::kBool:
      if (!in.BigEndian(1, bits) || bits > 1) return false;
      out = Value::Bool(bits == 1);
      return true;
    case PhysicalType::kInt8: return ReadSigned<int8_t>(in, out);
    case PhysicalType::kInt16: return ReadSigned<int16_t>(in, out);
    case PhysicalType::kInt32: return ReadSigned<int32_t>(in, out);
    case PhysicalType::kInt64: return ReadSigned<int64_t>(in, out);
    case PhysicalType::kUInt8: return ReadUnsigned<uint8_t>(in, out);
    case PhysicalType::kUInt16: return ReadUnsigned<uint16_t>(in, out);
    case PhysicalType::kUInt32: return ReadUnsigned<uint32_t>(in, out);
    case PhysicalType::kUInt64: return ReadUnsigned<uint64_t>(in, out);
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      if (!in.BigEndian(8, bits)) return false;
      out = Value::Double(FromOrderedBits(bits));
      // A REAL's key is that of the double it equals.
      return type.id() != TypeId::kFloat || IsFloat(out.double_value());
    case PhysicalType::kInt128:
      if (!in.BigEndian(16, wide)) return false;
      out = Value::Decimal(static_cast<__int128>(wide ^ (static_cast<unsigned __int128>(1) << 127)));
      return FitsPrecision(out.decimal_value(), type.precision());
    case PhysicalType::kUuid:
      if (!in.BigEndian(16, wide)) return false;
      out = Value::Uuid(wide);
      return true;
    case PhysicalType::kInterval: return ReadInterval(in, out);
    case PhysicalType::kString:
      if (!in.Text(text)) return false;
      out = Value::String(std::move(text));
      return true;
    case PhysicalType::kList:
    case PhysicalType::kStruct: return ReadNested(in, type, out);
  }
  return false;
}

}  // namespace

void AppendKey(const Column& column, const Type& type, uint32_t row, std::string& out, KeyOrder order) {
  const size_t start = out.size();
  StringOut sink{out};
  PutColumn(sink, column, type, row, order);
  if (order.descending) Invert(out.data() + start + 1, out.size() - start - 1);
}

void AppendKey(const Value& value, const Type& type, std::string& out, KeyOrder order) {
  BatchBuffer buffer({type}, 1);
  value.ToColumn(buffer, buffer.column(0), type, 0);
  AppendKey(buffer.column(0), type, 0, out, order);
}

void EncodeKeys(const Batch& batch, std::span<const Type> types, std::span<const uint32_t> key_columns,
                std::span<const KeyOrder> orders, StringHeap& heap, StringRef* out) {
  CHECK(orders.empty() || orders.size() == key_columns.size());
  auto order_of = [&](size_t k) { return orders.empty() ? KeyOrder{} : orders[k]; };
  Cursors cursors;
  uint32_t sizes[kBatchCapacity];
  char* starts[kBatchCapacity];
  for (uint32_t first = 0; first < batch.rows; first += kBatchCapacity) {
    const uint32_t count = std::min(batch.rows - first, kBatchCapacity);
    std::fill_n(sizes, count, 0u);
    for (size_t k = 0; k < key_columns.size(); ++k) {
      const Column& column = batch.columns[key_columns[k]];
      const Type& type = types[key_columns[k]];
      for (uint32_t i = 0; i < count; ++i) {
        sizes[i] += static_cast<uint32_t>(KeyBytes(column, type, first + i, order_of(k)));
      }
    }
    size_t total = 0;
    for (uint32_t i = 0; i < count; ++i) total += sizes[i];
    char* next = heap.Allocate(total);
    for (uint32_t i = 0; i < count; ++i) {
      starts[i] = next;
      cursors.next[i] = next;
      next += sizes[i];
    }
    for (size_t k = 0; k < key_columns.size(); ++k) {
      EncodeColumn(batch.columns[key_columns[k]], types[key_columns[k]], first, count, order_of(k), cursors);
    }
    for (uint32_t i = 0; i < count; ++i) {
      out[first + i] = StringRef(starts[i], static_cast<uint32_t>(cursors.next[i] - starts[i]));
    }
  }
}

Result<Value> DecodeKey(std::string_view& key, const Type& type, KeyOrder order) {
  const auto damaged = [&] { return Error(ErrorCode::kCorrupt, "a row key is no key of " + type.ToString()); };
  if (key.empty()) return damaged();
  const char mark = key[0];
  KeyReader in(key.substr(1), order.descending);
  Value value;
  if (mark == (order.nulls_first ? kNullFirst : kNullLast)) {
    key = in.rest();
    return value;
  }
  if (mark != kPresent || !ReadValue(in, type, value)) return damaged();
  key = in.rest();
  return value;
}

}  // namespace laminar::data
