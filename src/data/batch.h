// Batch: what moves. At most kBatchCapacity rows, columns in Arrow layout, an optional weight per row (a Z-set).
//
// Law: a relation is the sum of the weights of its rows; how rows were cut into batches never changes a result.
// A Batch and its Columns are views: they own nothing and are valid until the callee returns (operators push
// downstream by nested call). Who keeps rows copies them into a BatchBuffer, the owner of memory, or into a state
// table. There is no selection vector: a filter compacts. Every row of a batch counts.
//
// Validity is a bitmap (bit 1: a value is there), read only when `has_nulls`. A slot under a null holds a harmless
// value (zero, empty string), so kernels may compute over it. Bits and values at and past `rows` are unspecified but
// readable up to the capacity.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "data/string_ref.h"
#include "data/type.h"

namespace laminar::data {

inline constexpr uint32_t kBatchCapacity = 1024;

enum class Encoding : uint8_t {
  kFlat,        // values[row]
  kConstant,    // values[0] for every row; validity bit 0 for every row
  kDictionary,  // codes[row] -> dictionary column; only top-level columns
};

struct Column {
  void* values = nullptr;         // ValueWidth(physical) bytes a row
  uint64_t* validity = nullptr;   // a bit a row
  uint64_t* errors = nullptr;     // a bit a row whose value could not be read or computed; top-level columns only
  Column* children = nullptr;     // ARRAY: element; MAP: key, value; STRUCT: its fields
  // kDictionary only:
  // Validity is then a bit a row as well; a code under a null is below max(dictionary_size, 1) and that slot is
  // readable.
  const uint32_t* codes = nullptr;
  const Column* dictionary = nullptr;  // a flat column of dictionary_size values, without nulls
  uint64_t dictionary_id = 0;          // equal ids: same dictionary, so results per code may be kept
  uint32_t dictionary_size = 0;
  uint32_t child_count = 0;
  Encoding encoding = Encoding::kFlat;
  bool has_nulls = false;
  bool has_errors = false;

  template <class T>
  T* As() const {
    return static_cast<T*>(values);
  }
  // Position in `values` of a row; not for dictionary columns.
  uint32_t Slot(uint32_t row) const { return encoding == Encoding::kConstant ? 0 : row; }
  bool IsNull(uint32_t row) const {
    if (!has_nulls) return false;
    const uint32_t i = Slot(row);
    return (validity[i >> 6] >> (i & 63) & 1) == 0;
  }
  bool HasError(uint32_t row) const {
    if (!has_errors) return false;
    const uint32_t i = Slot(row);
    return (errors[i >> 6] >> (i & 63) & 1) != 0;
  }
};

inline void SetBit(uint64_t* bits, uint32_t i) { bits[i >> 6] |= uint64_t{1} << (i & 63); }
inline void ClearBit(uint64_t* bits, uint32_t i) { bits[i >> 6] &= ~(uint64_t{1} << (i & 63)); }
inline bool TestBit(const uint64_t* bits, uint32_t i) { return (bits[i >> 6] >> (i & 63) & 1) != 0; }
inline constexpr uint32_t BitmapWords(uint32_t rows) { return (rows + 63) / 64; }

struct Batch {
  uint32_t rows = 0;
  uint32_t column_count = 0;
  Column* columns = nullptr;
  const int64_t* weights = nullptr;  // null: all +1

  int64_t Weight(uint32_t row) const { return weights == nullptr ? 1 : weights[row]; }
  std::span<Column> Columns() const { return {columns, column_count}; }
  bool HasError(uint32_t row) const {  // in any column
    for (const Column& column : Columns()) {
      if (column.HasError(row)) return true;
    }
    return false;
  }
};

// Bump memory for the long strings and list children of one batch. Reset keeps the memory, so a warm heap never
// allocates.
class StringHeap {
 public:
  StringHeap();
  ~StringHeap();
  StringHeap(StringHeap&&) noexcept;
  StringHeap& operator=(StringHeap&&) noexcept;

  // `size` writable bytes, 16 more readable behind them, aligned to 8.
  char* Allocate(size_t size);
  // A view of a copy that lives until Reset; short strings need no memory.
  StringRef Add(std::string_view bytes);
  void Reset();
  size_t bytes_used() const { return used_total_; }
  // The memory behind the views, for handing it on as it is.
  size_t chunk_count() const { return chunks_.size(); }
  std::string_view chunk(size_t i) const { return {chunks_[i].bytes.get(), chunks_[i].size}; }

 private:
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  char* AllocateSlow(size_t size);

  std::vector<Chunk> chunks_;
  size_t current_ = 0;
  char* next_ = nullptr;
  char* end_ = nullptr;
  size_t used_total_ = 0;
};

class Value;

// The owner of a batch's memory: columns of given types with room for `capacity` rows, a heap for long strings,
// weights. Reused: Reset() makes it empty and keeps every buffer. Columns are staggered in memory so that they do not
// alias modulo 4 KiB. Single-threaded; may be moved to another thread with all it holds.
class BatchBuffer {
 public:
  explicit BatchBuffer(std::vector<Type> types, uint32_t capacity = kBatchCapacity);
  ~BatchBuffer();
  BatchBuffer(BatchBuffer&&) noexcept;
  BatchBuffer& operator=(BatchBuffer&&) noexcept;

  const std::vector<Type>& types() const { return types_; }
  uint32_t capacity() const { return capacity_; }
  uint32_t rows() const { return batch_.rows; }
  void SetRows(uint32_t rows) { batch_.rows = rows; }
  bool full() const { return batch_.rows == capacity_; }

  // The view; its columns point into this buffer. weights is null unless UseWeights was called since Reset.
  Batch& batch() { return batch_; }
  const Batch& batch() const { return batch_; }
  Column& column(size_t i) { return columns_[i]; }
  StringHeap& heap() { return heap_; }
  // The weight array (capacity long), turned on: all rows already there get +1.
  int64_t* UseWeights();

  // Empties it; columns are flat, without nulls, errors and weights again.
  void Reset();

  // Marks rows [0, rows()) valid and turns on has_nulls, if not on yet; then bits can be cleared. For row-wise writers.
  void SetNull(size_t column, uint32_t row);
  // The same for any column of this buffer, children included. The slot becomes harmless; children of a STRUCT become
  // null too.
  void SetNull(Column& column, uint32_t row);
  // The value could not be read: NULL, and whoever reads this column must not see the row.
  void SetError(Column& column, uint32_t row);
  // Reserves `count` child slots of an ARRAY or MAP column (all children grow together) and returns the first's
  // position. Growing moves the children's buffers (never the Column array), so take their pointers again afterwards.
  uint32_t ReserveChild(Column& list_column, const Type& type, uint32_t count);

  // Row-wise writing, for readers, tests and INSERT: appends a row; values.size() == columns. Deep copy.
  void AppendRow(std::span<const Value> values, int64_t weight = 1);
  // Appends rows [from, from + count) of another batch of the same types. Deep copy, any encoding.
  void AppendRows(const Batch& from, uint32_t first, uint32_t count);
  // Appends chosen rows.
  void AppendSelected(const Batch& from, const uint16_t* rows, uint32_t count);

 private:
  struct Storage;  // buffers of one column, recursively
  Storage& StorageOf(const Column& column);
  void AppendWeights(const Batch& from, const uint16_t* rows, uint32_t first, uint32_t count);

  std::vector<Type> types_;
  uint32_t capacity_ = 0;
  std::vector<Column> columns_;
  std::vector<std::unique_ptr<Storage>> storage_;
  std::unique_ptr<int64_t[]> weights_;
  StringHeap heap_;
  Batch batch_;
};


// Rewrites a constant or dictionary column as flat into `scratch` (same type, room for `rows`) and returns the flat
// one; a flat column is returned as is. Strings are not copied, only their views.
const Column& Flatten(const Column& column, const Type& type, uint32_t rows, Column& scratch);

// Hashes of rows over some columns (combined in order; nulls hash alike), into out[0..rows). Equal keys have equal
// hashes: -0.0 and 0.0, and all NaNs, count as equal. Stable across versions (file format).
void HashRows(const Batch& batch, std::span<const Type> types, std::span<const uint32_t> key_columns, uint64_t* out);

}  // namespace laminar::data
