// GraphState: what of the running graph is durable, and under which keys of the one key space.
//
//   u32 0 | u8 kind | name ...   what the database knows of itself: catalog, tables, notes, reading positions, views
//   u32 n | row key              the rows of table n (state/table/row_image.h)
// Numbers are big-endian, so a table is one range. A table is known by its operator's path ("v/ohlc/1", "s/7/0": an
// operator of view ohlc, or of the reading position 7) and its place in ListTables; its number is never used again.
// Law: the deltas taken so far, applied in order, are exactly what Restore needs to make the graph as it was at the
// last one. Owned by the core, under its lock. Format: docs/formats/state.md.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "exec/operator.h"
#include "state/checkpoint/checkpoint_store.h"
#include "state/log/delta.h"

namespace laminar::engine {

// One operator's durable part. The instances on all shards have the same tables: a row belongs to the one that owns its
// vnode.
struct StoredOperator {
  struct Instance {
    exec::Operator* op = nullptr;
    std::vector<state::StateTable*> tables;
    std::string note;  // as stored last
  };
  std::string path;
  std::vector<uint32_t> numbers;  // of the tables
  std::vector<Instance> instances;
  bool is_stored = false;  // its tables' rows are, up to the last capture
};

// What is stored of a reading position that the graph has.
struct HeldHead {
  std::vector<StoredOperator> operators;
  std::string stored;  // as GraphState has it
  bool is_live = false;
};

// A statement that made a relation.
struct CatalogEntry {
  uint64_t ordinal = 0;
  std::string name;
  std::string sql;
  Timestamp created = 0;
  std::string columns;      // of a source whose columns were inferred, as in CREATE TABLE (...)
  bool replayable = false;  // what its connector said then
  bool bounded = false;
  std::vector<std::pair<std::string, std::string>> settings;
};

// A reading position of a source.
struct StoredHead {
  uint64_t serial = 0;
  std::string source;
  bool is_shared = false;
  bool at_full_speed = false;
  bool has_ended = false;
  uint64_t rows = 0;
  std::vector<bool> needed;
  std::string position;                                   // the connector's
  std::vector<std::pair<std::string, uint32_t>> readers;  // view or sink, and which of its scans
};

// How a view or source fares, where that is not "running".
struct StoredFailure {
  uint8_t state = 0;
  ErrorCode code = ErrorCode::kOk;
  std::string message;
  std::string hint;

  static StoredFailure Of(uint8_t state, const Status& failure);
  Status ToStatus() const;
};

enum class StoredKind : uint8_t { kCatalog = 1, kTable = 2, kNote = 3, kHead = 4, kFailure = 5 };

class GraphState {
 public:
  // --- While the graph runs. ---
  void PutCatalog(const CatalogEntry& entry);
  void RemoveCatalog(uint64_t ordinal);
  uint64_t NextOrdinal() { return ++ordinals_; }
  uint64_t NextHead() { return ++heads_; }
  StoredOperator Register(std::string path, std::span<exec::Operator* const> instances);
  void Forget(const StoredOperator& stored);
  // While a database is opened: what an earlier version stored for this one, which has no tables, is not needed.
  void DropTablesOf(const StoredOperator& stored);
  // What changed of it since the last capture. kLimitReached: something of it is too large for the log; what was
  // captured of it until then is to be taken back by CutTo, and it is not captured any more.
  Status Capture(StoredOperator& stored);
  // kLimitReached as above.
  Status PutHead(const StoredHead& head, std::string& last);
  void RemoveHead(uint64_t serial);
  void PutFailure(std::string_view name, const StoredFailure& failure, std::string& last);
  void RemoveFailure(std::string_view name);
  // Takes back what was captured since the delta had that size.
  uint64_t delta_bytes() const { return delta_.bytes(); }
  void CutTo(uint64_t bytes) { delta_.CutTo(bytes); }
  // `next` is where the next one is written.
  state::Delta TakeDelta(state::Delta next = state::Delta()) { return std::exchange(delta_, std::move(next)); }
  bool has_changes() const { return !delta_.empty(); }

  // --- While a database is opened. ---
  // Reads all but rows.
  Status Load(state::CheckpointStore& store);
  Status Load(state::StateCursor& cursor);  // from the first key to the first row of table 1
  struct TableEntry {
    uint32_t number = 0;
    std::string name;  // as its operator calls it
    std::string shape;
    bool is_claimed = false;
  };
  const std::vector<CatalogEntry>& catalog() const { return catalog_; }
  const std::map<std::string, TableEntry, std::less<>>& tables() const { return tables_by_path_; }
  const std::map<std::string, std::string, std::less<>>& notes() const { return notes_; }
  const std::vector<StoredHead>& heads() const { return stored_heads_; }
  const std::map<std::string, StoredFailure, std::less<>>& failures() const { return failures_; }
  std::vector<StoredHead> HeadsOf(std::string_view source) const;
  std::optional<std::string> NoteOf(std::string_view path) const;
  std::optional<StoredFailure> FailureOf(std::string_view name) const;
  // Where the rows of a table stand: from the first key to the one behind the last. The first is what all begin with.
  static std::pair<std::string, std::string> RangeOf(uint32_t table);
  // Of an operator that Register has named and whose tables have their rows. What was not stored starts empty.
  Status RestoreNotes(StoredOperator& stored);
  // Everything stored has been claimed by Register? Else kPlanChanged with the list of differences.
  Status FinishLoad();

 private:
  void Put(StoredKind kind, std::string_view name, std::string_view value);
  void Delete(StoredKind kind, std::string_view name);
  void DropTable(uint32_t number);
  Status LoadEntry(StoredKind kind, std::string_view name, std::string_view value);

  state::Delta delta_;
  std::string scratch_;
  uint64_t ordinals_ = 0;
  uint64_t heads_ = 0;
  uint32_t tables_ = 0;
  bool is_loading_ = false;

  std::vector<CatalogEntry> catalog_;
  std::map<std::string, TableEntry, std::less<>> tables_by_path_;
  std::map<std::string, std::string, std::less<>> notes_;
  std::vector<StoredHead> stored_heads_;
  std::map<std::string, StoredFailure, std::less<>> failures_;
  std::vector<std::string> differences_;
};

}  // namespace laminar::engine
