// StateTable: the keyed, typed, paged table in which every operator keeps its state. One owner core; snapshots may be
// read elsewhere.
//
// Rows stand row-wise in pages of 64 KiB: header, key columns, value columns, opaque payload (accumulators). An
// open-addressing index of 8-byte entries, split in 256 vnodes (hash mod 256), finds them; lookups come in batches and
// prefetch. Three mechanisms serve all else:
//   dirty-row references: the first write to a row in an epoch appends a reference, so the WAL knows what changed;
//   copy-on-write pages: a snapshot is a copy of the page list, and the first later write to a shared page clones it;
//   a schema: any table can be listed, sized and read by the same code.
// Law: a snapshot shows exactly the rows at the moment it was taken, whatever is written later.
// Ring 0: no call allocates once the table has stopped growing (growth itself is a sanctioned allocation).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"
#include "state/log/delta.h"

namespace laminar::state {

class StateMemory;

using Epoch = uint64_t;
using RowRef = uint32_t;  // a row's place; stable until the row is erased
inline constexpr RowRef kNoRow = 0xFFFFFFFFu;
inline constexpr uint32_t kVnodes = 256;

struct TableSpec {
  std::string name;                // for metrics and errors, e.g. "view ohlc: window aggregate"
  std::vector<data::Type> key;     // compared by value; NULL equals NULL
  std::vector<data::Type> values;  // typed columns after the key; may be empty
  uint32_t payload_bytes = 0;      // opaque, 8-aligned, zeroed when a row is made
  // Called before a row with payload goes away (erase, destruction), to free what the payload owns. Such a table takes
  // no snapshots.
  void (*destroy_payload)(const void* context, uint8_t* payload) = nullptr;
  // How a payload becomes bytes for the log and back into a zeroed payload. Without them its own bytes stand for it.
  void (*save_payload)(const void* context, const uint8_t* payload, std::string& out) = nullptr;
  Status (*load_payload)(const void* context, std::string_view bytes, uint8_t* payload) = nullptr;
  const void* payload_context = nullptr;    // of the three; outlives the table
  uint64_t memory_limit_bytes = 0;          // 0: none. Passing it is kLimitReached from Reserve
  // What tables that are one, a part on each shard, hold together: it is what the limit is for. Null: this is all of it.
  std::shared_ptr<std::atomic<uint64_t>> bytes_of_all;
  std::atomic<bool>* is_pressed = nullptr;  // set by Reserve near the limit; may be null
  std::shared_ptr<StateMemory> memory;      // where its pages stand; null: in a memory of its own, without a limit
};

class Snapshot;

class StateTable {
 public:
  explicit StateTable(TableSpec spec);
  ~StateTable();
  StateTable(const StateTable&) = delete;

  const TableSpec& spec() const;
  uint64_t size() const;          // rows
  uint64_t memory_bytes() const;  // pages, index and heap

  // Makes sure that `rows` more rows fit without passing the memory limit. Call before FindOrInsert of a batch.
  Status Reserve(uint32_t rows);

  // Looks up the keys of all rows of a batch: key_columns[i] is the batch column that holds key part i; hashes as
  // data::HashRows gives them over those columns. out[row] is the row found, or kNoRow.
  void Find(const data::Batch& batch, std::span<const uint32_t> key_columns, const uint64_t* hashes, RowRef* out) const;
  // As Find, but makes absent rows (key set, values NULL, payload zero) and sets inserted[row] to 1 for the batch row
  // that made one, else 0. Strings of new keys are copied into the table's heap. Marks new rows dirty.
  void FindOrInsert(const data::Batch& batch, std::span<const uint32_t> key_columns, const uint64_t* hashes,
                    RowRef* out, uint8_t* inserted);
  // Removes the row; its reference may be reused by a later insert.
  void Erase(RowRef row);
  // Erases many, with prefetch.
  void EraseRows(std::span<const RowRef> rows);
  void Clear();

  // The row for writing: marks it dirty in the current epoch and clones its page if a snapshot shares it. The pointer
  // holds until the next TakeSnapshot, insert of a row or Erase. payload: within the row at payload_offset().
  uint8_t* Mutable(RowRef row);
  const uint8_t* Get(RowRef row) const;
  uint32_t payload_offset() const;  // from the pointer that Mutable and Get return
  // Batched Mutable with prefetch: rows[i] -> out[i]; kNoRow gives null.
  void MutableRows(std::span<const RowRef> rows, uint8_t** out);

  // Copies key or value columns of rows (strings: views into the table's heap, valid until the row changes) to rows
  // [first, first + rows.size()) of out_columns, flat columns with storage.
  void ReadKeys(std::span<const RowRef> rows, data::BatchBuffer& buffer, std::span<data::Column* const> out_columns,
                uint32_t first) const;
  void ReadValues(std::span<const RowRef> rows, data::BatchBuffer& buffer, std::span<data::Column* const> out_columns,
                  uint32_t first) const;
  // Writes value columns of rows from batch rows: value_columns[i] is the batch column of value i; rows[r] gets batch
  // row r (kNoRow: skipped).
  void WriteValues(std::span<const RowRef> rows, const data::Batch& batch, std::span<const uint32_t> value_columns);
  // True when the stored values of rows[r] equal batch row r's.
  bool ValuesEqual(RowRef row, const data::Batch& batch, uint32_t batch_row,
                   std::span<const uint32_t> value_columns) const;

  // Sorts rows by key parts from `first_key` on, as data::Value::Compare orders values (NULL last; nested values in
  // some fixed order).
  void SortByKey(std::span<RowRef> rows, uint32_t first_key) const;
  // Whether two rows agree in all key parts from `first_key` on.
  bool KeysEqual(RowRef a, RowRef b, uint32_t first_key) const;

  // Walks live rows in place order: returns up to `limit` references from position `cursor` on and advances it; empty:
  // done.
  uint32_t Scan(uint64_t& cursor, uint32_t limit, RowRef* out) const;

  // Epochs. Rows written or erased since the last BeginEpoch are this epoch's changes. Before the first BeginEpoch
  // nothing is noted, and it costs nothing.
  void BeginEpoch();
  uint64_t dirty_rows() const;
  // Appends the changes to a delta, keys and values as docs/formats/state.md says, each key behind `prefix`: deletes of
  // what was erased, then puts of what was written. Applied to a copy of the table as it was at BeginEpoch they make it
  // what it is now. kLimitReached names a row whose key or rest is larger than a delta holds (state/log/delta.h); what
  // was appended until then is the caller's to cut off.
  Status AppendChanges(std::string_view prefix, DeltaWriter out) const;
  // The same with a put for every row.
  Status AppendAll(std::string_view prefix, DeltaWriter out) const;
  // Whether rows of a batch, were they in the table, could be appended (under a prefix of 4 bytes; for tables without
  // payload). Columns as for FindOrInsert and WriteValues. kLimitReached as above.
  Status CheckRows(const data::Batch& batch, std::span<const uint32_t> key_columns,
                   std::span<const uint32_t> value_columns) const;
  // Puts in a row that AppendAll or AppendChanges wrote (key without the prefix); the table was empty, and no key comes
  // twice. kUnreadableState for bytes that are no row of this table. Not an epoch's change. Rows are found after
  // FinishLoad.
  Status LoadRow(std::string_view key, std::string_view value);
  void FinishLoad();

  // At an epoch boundary, by the owner. The snapshot may be read and destroyed on any thread, and outlive the table.
  // Null for a table with destroy_payload.
  std::shared_ptr<const Snapshot> TakeSnapshot();

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

// An immutable view of a table's rows at one moment. Safe from any thread.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual uint64_t size() const = 0;
  // Fills `out` (types: key columns, then value columns) with up to its capacity of rows from position `cursor` on and
  // advances it; rows() == 0: done. Strings are views into the snapshot, valid while it lives.
  virtual void Read(uint64_t& cursor, data::BatchBuffer& out) const = 0;
  // The rows themselves: up to `limit` pointers from position `cursor` on, as Get gives them, valid while it lives. Their
  // number; 0: done.
  virtual uint32_t Rows(uint64_t& cursor, uint32_t limit, const uint8_t** out) const = 0;
  // Copies the keys of such rows to rows [first, first + count) of the first columns of `out`.
  virtual void ReadKeys(const uint8_t* const* rows, uint32_t count, data::BatchBuffer& out, uint32_t first) const = 0;
};

}  // namespace laminar::state
