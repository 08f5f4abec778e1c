// RowLayout: where the parts of a state table's row stand, and how values get in and out.
//
//   RowHeader 16 bytes | more null bits (tables of over 48 columns) | keys | values | payload
// A column takes 8 bytes (numbers, times, booleans) or 16 (DECIMAL, UUID, INTERVAL, StringRef). Strings over
// 12 bytes and nested values
// (encoded, value_codec.h) stand in the table's StringPool. A null slot is zero. Keys are stored canonical
// (-0.0 as 0.0, one NaN,
// intervals by length), so equal keys have equal words. Pure functions; used by the table (owner) and by
// snapshots (any thread).
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/type.h"
#include "state/table/state_table.h"
#include "state/table/string_pool.h"

namespace laminar::state {

struct RowHeader {
  uint32_t stamp;  // of the last write; see page_store.h. Survives an erase
  uint32_t tag;    // upper half of the key's hash; of a dead row: the next free row
  uint8_t vnode;
  uint8_t live;
  uint8_t nulls[6];  // a bit a column, keys first; 1: null
};
static_assert(sizeof(RowHeader) == 16);

inline RowHeader* HeaderOf(uint8_t* row) { return reinterpret_cast<RowHeader*>(row); }
inline const RowHeader* HeaderOf(const uint8_t* row) { return reinterpret_cast<const RowHeader*>(row); }

enum class Slot : uint8_t { kWord, kWide, kString, kNested };

struct StoredColumn {
  data::Type type;
  data::PhysicalType physical = data::PhysicalType::kNull;
  Slot slot = Slot::kWord;
  uint32_t offset = 0;
  uint32_t null_byte = 0;  // offset of its null bit
  uint8_t null_bit = 0;    // mask

  bool IsNull(const uint8_t* row) const { return (row[null_byte] & null_bit) != 0; }
  template <class T>
  T Load(const uint8_t* row) const {
    T value;
    std::memcpy(&value, row + offset, sizeof(T));
    return value;
  }
  template <class T>
  void Store(uint8_t* row, const T& value) const {
    std::memcpy(row + offset, &value, sizeof(T));
  }
  bool holds_string() const { return slot == Slot::kString || slot == Slot::kNested; }
};

struct RowLayout {
  explicit RowLayout(const TableSpec& spec);

  std::vector<StoredColumn> keys;
  std::vector<StoredColumn> values;
  uint32_t payload_offset = 0;
  uint32_t row_bytes = 0;
  uint32_t extra_null_bytes = 0;  // behind the header
  bool has_strings = false;
};

// One stored column of rows[0, count) (null pointers are not allowed) to rows [first, first + count) of a
// flat column. Strings stay views
// into the table's memory.
void ReadStored(const StoredColumn& column, const uint8_t* const* rows, uint32_t count, data::BatchBuffer& buffer,
                data::Column& out, uint32_t first);

// The value of one batch row, as 16 bytes in stored form; strings and nested values are views (nested: into
// `scratch`, which is
// cleared). Returns false for NULL. `canonical` for keys.
bool LoadForStore(const StoredColumn& column, const data::Column& from, uint32_t row, bool canonical,
                  std::string& scratch, uint64_t out[2]);

// A block of rows [first, first + count) of a key column in canonical stored form: 8 or 16 bytes a row into
// `out` (nested: views into
// `heap`), 1 into nulls[row] where null (zero else). Returns whether there is any null.
bool LoadKeys(const StoredColumn& column, const data::Column& from, uint32_t first, uint32_t count,
              data::StringHeap& heap, std::string& scratch, uint64_t* out, uint8_t* nulls);

// Whether the stored value equals that loaded one, nulls apart.
bool StoredEquals(const StoredColumn& column, const uint8_t* row, const uint64_t value[2]);
// The same for values that are not in canonical form: 0.0 equals -0.0, NaN equals NaN, intervals by length.
bool StoredEqualsCanonically(const StoredColumn& column, const uint8_t* row, const uint64_t value[2]);

// A number of a word or wide column from its bytes (ValueWidth, or 16; little-endian) into a row.
void LoadNumber(const StoredColumn& column, const char* bytes, uint8_t* row);

// Order of two rows by one column, as data::Value::Compare orders values (nested values: some fixed order).
int CompareStored(const StoredColumn& column, const uint8_t* a, const uint8_t* b);
// Eight bytes whose unsigned order never contradicts CompareStored.
uint64_t OrderPrefix(const StoredColumn& column, const uint8_t* row);

}  // namespace laminar::state
