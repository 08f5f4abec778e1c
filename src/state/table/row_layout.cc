#include "state/table/row_layout.h"

#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/hot_scope.h"
#include "data/numeric_bits.h"
#include "data/string_ref.h"
#include "state/table/value_codec.h"

namespace laminar::state {
namespace {

using data::Interval;
using data::PhysicalType;
using data::StringRef;

constexpr uint32_t kHeaderNullOffset = 10;
constexpr uint32_t kHeaderNullBits = 48;

Slot SlotOf(PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kString: return Slot::kString;
    case PhysicalType::kList:
    case PhysicalType::kStruct: return Slot::kNested;
    case PhysicalType::kInt128:
    case PhysicalType::kUuid:
    case PhysicalType::kInterval: return Slot::kWide;
    default: return Slot::kWord;
  }
}

// Calls visit.operator()<T>() with the C++ type of a number in a column; only for word slots with values.
template <class Visit>
auto VisitNumber(PhysicalType physical, const Visit& visit) {
  switch (physical) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8: return visit.template operator()<uint8_t>();
    case PhysicalType::kInt8: return visit.template operator()<int8_t>();
    case PhysicalType::kInt16: return visit.template operator()<int16_t>();
    case PhysicalType::kInt32: return visit.template operator()<int32_t>();
    case PhysicalType::kUInt16: return visit.template operator()<uint16_t>();
    case PhysicalType::kUInt32: return visit.template operator()<uint32_t>();
    case PhysicalType::kUInt64: return visit.template operator()<uint64_t>();
    case PhysicalType::kFloat: return visit.template operator()<float>();
    case PhysicalType::kDouble: return visit.template operator()<double>();
    default: return visit.template operator()<int64_t>();
  }
}

// Numbers as stored words: integers widened, floating point by its bits.
template <class T>
uint64_t ToWord(T value) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<uint32_t>(value);
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<uint64_t>(value);
  } else {
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  }
}

template <class T>
T FromWord(uint64_t word) {
  if constexpr (std::is_same_v<T, float>) {
    return std::bit_cast<float>(static_cast<uint32_t>(word));
  } else if constexpr (std::is_same_v<T, double>) {
    return std::bit_cast<double>(word);
  } else {
    return static_cast<T>(word);
  }
}

template <class T>
void ReadValues(const StoredColumn& column, const uint8_t* const* rows, uint32_t count, data::Column& out,
                uint32_t first) {
  T* to = out.As<T>() + first;
  if constexpr (sizeof(T) == 16) {
    for (uint32_t i = 0; i < count; ++i) std::memcpy(static_cast<void*>(to + i), rows[i] + column.offset, 16);
  } else {
    for (uint32_t i = 0; i < count; ++i) to[i] = FromWord<T>(column.Load<uint64_t>(rows[i]));
  }
}

template <class T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

}  // namespace

RowLayout::RowLayout(const TableSpec& spec) {
  const uint32_t columns = static_cast<uint32_t>(spec.key.size() + spec.values.size());
  const bool in_header = columns <= kHeaderNullBits;
  extra_null_bytes = in_header ? 0 : (columns + 63) / 64 * 8;
  uint32_t offset = sizeof(RowHeader) + extra_null_bytes;
  const uint32_t nulls = in_header ? kHeaderNullOffset : static_cast<uint32_t>(sizeof(RowHeader));
  uint32_t position = 0;
  auto add = [&](const data::Type& type, std::vector<StoredColumn>& to) {
    StoredColumn column{.type = type, .physical = type.physical(), .slot = SlotOf(type.physical()), .offset = offset};
    column.null_byte = nulls + position / 8;
    column.null_bit = static_cast<uint8_t>(1u << (position % 8));
    offset += column.slot == Slot::kWord ? 8 : 16;
    has_strings |= column.holds_string();
    ++position;
    to.push_back(std::move(column));
  };
  for (const data::Type& type : spec.key) add(type, keys);
  for (const data::Type& type : spec.values) add(type, values);
  payload_offset = offset;
  row_bytes = (offset + spec.payload_bytes + 7) / 8 * 8;
}

void ReadStored(const StoredColumn& column, const uint8_t* const* rows, uint32_t count, data::BatchBuffer& buffer,
                data::Column& out, uint32_t first) {
  switch (column.slot) {
    case Slot::kWord:
      if (column.physical == PhysicalType::kNull) break;
      VisitNumber(column.physical, [&]<class T>() { ReadValues<T>(column, rows, count, out, first); });
      break;
    case Slot::kWide:
    case Slot::kString: ReadValues<unsigned __int128>(column, rows, count, out, first); break;
    case Slot::kNested: break;
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (column.IsNull(rows[i])) {
      buffer.SetNull(out, first + i);
      continue;
    }
    if (out.has_nulls) data::SetBit(out.validity, first + i);
    if (column.slot == Slot::kNested) {
      AllowAllocation growth;  // of the list children
      const StringRef bytes = column.Load<StringRef>(rows[i]);
      DecodeNested(bytes.view(), buffer, out, column.type, first + i);
    }
  }
}

void LoadNumber(const StoredColumn& column, const char* bytes, uint8_t* row) {
  if (column.slot == Slot::kWide) {
    std::memcpy(row + column.offset, bytes, 16);
  } else if (column.physical != PhysicalType::kNull) {
    column.Store(row, VisitNumber(column.physical, [&]<class T>() {
                   T value;
                   std::memcpy(&value, bytes, sizeof(T));
                   return ToWord(value);
                 }));
  }
}

bool LoadForStore(const StoredColumn& column, const data::Column& from, uint32_t row, bool canonical,
                  std::string& scratch, uint64_t out[2]) {
  out[0] = 0;
  out[1] = 0;
  if (column.physical == PhysicalType::kNull || from.IsNull(row)) return false;
  const bool is_dictionary = from.encoding == data::Encoding::kDictionary;
  const data::Column& base = is_dictionary ? *from.dictionary : from;
  const uint32_t slot = is_dictionary ? from.codes[row] : from.Slot(row);
  switch (column.slot) {
    case Slot::kWord:
      out[0] = VisitNumber(column.physical, [&]<class T>() {
        T value = base.As<T>()[slot];
        if constexpr (std::is_floating_point_v<T>) {
          if (canonical) value = static_cast<T>(data::CanonicalDouble(value));
        }
        return ToWord(value);
      });
      break;
    case Slot::kWide:
      if (canonical && column.physical == PhysicalType::kInterval) {
        const Interval plain = CanonicalInterval(base.As<Interval>()[slot]);
        std::memcpy(out, &plain, 16);
        break;
      }
      [[fallthrough]];
    case Slot::kString: std::memcpy(out, base.As<char>() + size_t{slot} * 16, 16); break;
    case Slot::kNested: {
      scratch.clear();
      EncodeNested(from, column.type, row, canonical, scratch);
      CHECK(scratch.size() <= UINT32_MAX);
      const StringRef view(scratch);
      std::memcpy(out, &view, 16);
      break;
    }
  }
  return true;
}

namespace {

// visit(row of the block, slot of `base`) for each row.
template <class Visit>
void VisitSlots(const data::Column& from, uint32_t first, uint32_t count, const Visit& visit) {
  if (from.encoding == data::Encoding::kFlat) {
    for (uint32_t i = 0; i < count; ++i) visit(i, first + i);
  } else if (from.encoding == data::Encoding::kConstant) {
    for (uint32_t i = 0; i < count; ++i) visit(i, 0);
  } else {
    for (uint32_t i = 0; i < count; ++i) visit(i, from.codes[first + i]);
  }
}

}  // namespace

bool LoadKeys(const StoredColumn& column, const data::Column& from, uint32_t first, uint32_t count,
              data::StringHeap& heap, std::string& scratch, uint64_t* out, uint8_t* nulls) {
  const bool is_word = column.slot == Slot::kWord;
  const data::Column& base = from.encoding == data::Encoding::kDictionary ? *from.dictionary : from;
  if (column.slot == Slot::kNested || column.physical == PhysicalType::kInterval) {
    for (uint32_t i = 0; i < count; ++i) {
      if (!LoadForStore(column, from, first + i, true, scratch, out + size_t{i} * 2)) continue;
      if (column.slot == Slot::kNested) {
        const StringRef kept = heap.Add(scratch);
        std::memcpy(out + size_t{i} * 2, &kept, 16);
      }
    }
  } else if (is_word && column.physical != PhysicalType::kNull) {
    VisitNumber(column.physical, [&]<class T>() {
      const T* values = base.As<T>();
      VisitSlots(from, first, count, [&](uint32_t i, uint32_t slot) {
        T value = values[slot];
        if constexpr (std::is_floating_point_v<T>) value = static_cast<T>(data::CanonicalDouble(value));
        out[i] = ToWord(value);
      });
    });
  } else if (!is_word) {
    const char* values = base.As<char>();
    VisitSlots(from, first, count,
               [&](uint32_t i, uint32_t slot) { std::memcpy(out + size_t{i} * 2, values + size_t{slot} * 16, 16); });
  }
  std::memset(nulls, 0, count);
  if (!from.has_nulls && column.physical != PhysicalType::kNull) return false;
  bool any = false;
  for (uint32_t i = 0; i < count; ++i) {
    if (column.physical != PhysicalType::kNull && !from.IsNull(first + i)) continue;
    any = true;
    nulls[i] = 1;
    std::memset(out + size_t{i} * (is_word ? 1 : 2), 0, is_word ? 8 : 16);
  }
  return any;
}

bool StoredEquals(const StoredColumn& column, const uint8_t* row, const uint64_t value[2]) {
  if (column.slot == Slot::kWord) return column.Load<uint64_t>(row) == value[0];
  if (column.slot == Slot::kWide) return std::memcmp(row + column.offset, value, 16) == 0;
  StringRef text;
  std::memcpy(static_cast<void*>(&text), value, 16);
  return column.Load<StringRef>(row) == text;
}

bool StoredEqualsCanonically(const StoredColumn& column, const uint8_t* row, const uint64_t value[2]) {
  switch (column.physical) {
    case PhysicalType::kFloat:
      return data::CompareDoubles(FromWord<float>(column.Load<uint64_t>(row)), FromWord<float>(value[0])) == 0;
    case PhysicalType::kDouble:
      return data::CompareDoubles(FromWord<double>(column.Load<uint64_t>(row)), FromWord<double>(value[0])) == 0;
    case PhysicalType::kInterval: {
      Interval other;
      std::memcpy(static_cast<void*>(&other), value, 16);
      return data::IntervalMicros(column.Load<Interval>(row)) == data::IntervalMicros(other);
    }
    default: return StoredEquals(column, row, value);
  }
}

int CompareStored(const StoredColumn& column, const uint8_t* a, const uint8_t* b) {
  const bool a_null = column.IsNull(a);
  const bool b_null = column.IsNull(b);
  if (a_null || b_null) return static_cast<int>(a_null) - static_cast<int>(b_null);
  switch (column.physical) {
    case PhysicalType::kNull: return 0;
    case PhysicalType::kInt128: return Order(column.Load<__int128>(a), column.Load<__int128>(b));
    case PhysicalType::kUuid: return Order(column.Load<unsigned __int128>(a), column.Load<unsigned __int128>(b));
    case PhysicalType::kInterval:
      return Order(data::IntervalMicros(column.Load<Interval>(a)), data::IntervalMicros(column.Load<Interval>(b)));
    case PhysicalType::kString:
    case PhysicalType::kList:
    case PhysicalType::kStruct: return Compare(column.Load<StringRef>(a), column.Load<StringRef>(b));
    default:
      return VisitNumber(column.physical, [&]<class T>() {
        const T x = FromWord<T>(column.Load<uint64_t>(a));
        const T y = FromWord<T>(column.Load<uint64_t>(b));
        if constexpr (std::is_floating_point_v<T>) return data::CompareDoubles(x, y);
        return Order(x, y);
      });
  }
}

uint64_t OrderPrefix(const StoredColumn& column, const uint8_t* row) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  if (column.IsNull(row)) return UINT64_MAX;
  switch (column.physical) {
    case PhysicalType::kNull:
    case PhysicalType::kInterval: return 0;
    case PhysicalType::kInt128: return static_cast<uint64_t>(column.Load<__int128>(row) >> 64) ^ kSign;
    case PhysicalType::kUuid: return static_cast<uint64_t>(column.Load<unsigned __int128>(row) >> 64);
    case PhysicalType::kString:
    case PhysicalType::kList:
    case PhysicalType::kStruct: {
      const StringRef text = column.Load<StringRef>(row);
      uint64_t bytes = 0;
      std::memcpy(&bytes, text.data(), text.length < 8 ? text.length : 8);
      return __builtin_bswap64(bytes);
    }
    default:
      return VisitNumber(column.physical, [&]<class T>() -> uint64_t {
        const T value = FromWord<T>(column.Load<uint64_t>(row));
        if constexpr (std::is_floating_point_v<T>) return data::OrderedBits(value);
        if constexpr (std::is_signed_v<T>) return static_cast<uint64_t>(static_cast<int64_t>(value)) ^ kSign;
        return static_cast<uint64_t>(value);
      });
  }
}

}  // namespace laminar::state
