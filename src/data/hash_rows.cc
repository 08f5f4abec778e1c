// Hashing of key columns. The results are part of file formats (they choose a row's vnode), so no line here may
// change them. Integers hash by value whatever their width, so an INTEGER and a BIGINT key meet.
#include <bit>

#include "base/check.h"
#include "data/batch.h"
#include "data/numeric_bits.h"

namespace laminar::data {
namespace {

constexpr uint64_t kNullHash = 0xD6E8FEB86659FD93ull;
constexpr uint64_t kListSeed = 0xA24BAED4963EE407ull;
constexpr uint64_t kStructSeed = 0x9FB21C651E98DF25ull;
constexpr uint64_t kNoKeyHash = 0xC2B2AE3D27D4EB4Full;

template <class T>
uint64_t HashOf(const T& value) {
  if constexpr (std::is_same_v<T, StringRef>) {
    return value.Hash();
  } else if constexpr (std::is_floating_point_v<T>) {
    return Hash64(std::bit_cast<uint64_t>(CanonicalDouble(static_cast<double>(value))));
  } else if constexpr (sizeof(T) == 16 && !std::is_same_v<T, Interval>) {
    const auto bits = static_cast<unsigned __int128>(value);
    return HashCombine(Hash64(static_cast<uint64_t>(bits)), static_cast<uint64_t>(bits >> 64));
  } else if constexpr (std::is_same_v<T, Interval>) {
    return HashOf(IntervalMicros(value));
  } else {
    return Hash64(static_cast<uint64_t>(static_cast<int64_t>(value)));
  }
}

uint64_t HashSlot(const Column& column, const Type& type, uint32_t row);

uint64_t HashNested(const Column& column, const Type& type, uint32_t slot) {
  if (type.physical() == PhysicalType::kStruct) {
    uint64_t hash = kStructSeed;
    for (uint32_t c = 0; c < column.child_count; ++c) {
      hash = HashCombine(hash, HashSlot(column.children[c], type.children()[c].type, slot));
    }
    return hash;
  }
  const ListEntry entry = column.As<ListEntry>()[slot];
  uint64_t hash = HashCombine(kListSeed, entry.length);
  for (uint32_t i = entry.offset; i < entry.offset + entry.length; ++i) {
    for (uint32_t c = 0; c < column.child_count; ++c) {
      hash = HashCombine(hash, HashSlot(column.children[c], type.children()[c].type, i));
    }
  }
  return hash;
}

// Calls `visit` with a function that hashes one slot of the column's values. One instantiation of a loop a physical
// type.
template <class Visit>
void VisitSlots(const Column& column, const Type& type, const Visit& visit) {
  auto fixed = [&]<class T>(const T* values) { visit([values](uint32_t slot) { return HashOf(values[slot]); }); };
  switch (type.physical()) {
    case PhysicalType::kNull: return visit([](uint32_t) { return kNullHash; });
    case PhysicalType::kBool:
    case PhysicalType::kUInt8: return fixed(column.As<uint8_t>());
    case PhysicalType::kInt8: return fixed(column.As<int8_t>());
    case PhysicalType::kInt16: return fixed(column.As<int16_t>());
    case PhysicalType::kInt32: return fixed(column.As<int32_t>());
    case PhysicalType::kInt64: return fixed(column.As<int64_t>());
    case PhysicalType::kUInt16: return fixed(column.As<uint16_t>());
    case PhysicalType::kUInt32: return fixed(column.As<uint32_t>());
    case PhysicalType::kUInt64: return fixed(column.As<uint64_t>());
    case PhysicalType::kFloat: return fixed(column.As<float>());
    case PhysicalType::kDouble: return fixed(column.As<double>());
    case PhysicalType::kInt128: return fixed(column.As<__int128>());
    case PhysicalType::kUuid: return fixed(column.As<unsigned __int128>());
    case PhysicalType::kInterval: return fixed(column.As<Interval>());
    case PhysicalType::kString: return fixed(column.As<StringRef>());
    case PhysicalType::kList:
    case PhysicalType::kStruct:
      return visit([&column, &type](uint32_t slot) { return HashNested(column, type, slot); });
  }
}

uint64_t HashSlot(const Column& column, const Type& type, uint32_t row) {
  if (column.IsNull(row)) return kNullHash;
  uint64_t hash = 0;
  const uint32_t slot = column.Slot(row);
  VisitSlots(column, type, [&](const auto& hash_slot) { hash = hash_slot(slot); });
  return hash;
}

// Hands each row's hash to `store(row, hash)`, nulls not yet regarded.
template <class Store>
void HashValues(const Column& column, const Type& type, uint32_t rows, const Store& store) {
  if (column.encoding == Encoding::kConstant) {
    VisitSlots(column, type, [&](const auto& hash_slot) {
      const uint64_t hash = hash_slot(0);
      for (uint32_t i = 0; i < rows; ++i) store(i, hash);
    });
  } else if (column.encoding == Encoding::kFlat) {
    VisitSlots(column, type, [&](const auto& hash_slot) {
      for (uint32_t i = 0; i < rows; ++i) store(i, hash_slot(i));
    });
  } else if (column.dictionary_size <= rows && column.dictionary_size <= kBatchCapacity) {
    uint64_t hashes[kBatchCapacity];
    hashes[0] = kNullHash;
    VisitSlots(*column.dictionary, type, [&](const auto& hash_slot) {
      for (uint32_t i = 0; i < column.dictionary_size; ++i) hashes[i] = hash_slot(i);
    });
    for (uint32_t i = 0; i < rows; ++i) store(i, hashes[column.codes[i]]);
  } else {
    VisitSlots(*column.dictionary, type, [&](const auto& hash_slot) {
      for (uint32_t i = 0; i < rows; ++i) store(i, hash_slot(column.codes[i]));
    });
  }
}

}  // namespace

void HashRows(const Batch& batch, std::span<const Type> types, std::span<const uint32_t> key_columns, uint64_t* out) {
  DCHECK(types.size() == batch.column_count);
  if (key_columns.empty()) {
    for (uint32_t i = 0; i < batch.rows; ++i) out[i] = kNoKeyHash;
    return;
  }
  bool is_first = true;
  for (const uint32_t key : key_columns) {
    const Column& column = batch.columns[key];
    const Type& type = types[key];
    if (column.has_nulls) {
      HashValues(column, type, batch.rows, [&](uint32_t i, uint64_t hash) {
        const uint64_t h = column.IsNull(i) ? kNullHash : hash;
        out[i] = is_first ? h : HashCombine(out[i], h);
      });
    } else if (is_first) {
      HashValues(column, type, batch.rows, [&](uint32_t i, uint64_t hash) { out[i] = hash; });
    } else {
      HashValues(column, type, batch.rows, [&](uint32_t i, uint64_t hash) { out[i] = HashCombine(out[i], hash); });
    }
    is_first = false;
  }
}

}  // namespace laminar::data
