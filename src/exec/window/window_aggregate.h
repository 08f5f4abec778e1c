// WindowAggregate: GROUP BY TUMBLE or HOP.
//
// Law: for each window and key, over the rows that were not late, one row (keys, bounds, aggregates),
// leaving when EmitKind says (spec F011); the
// sum of the changes after the end of the input equals the batch answer. A row is late, and goes to
// late_rows, when all its windows are
// closed: W >= end + lateness. Rows go to slices once; a hopping window merges its slices when it fires.
// What a watermark makes due leaves in the
// order (end, start, key), then the watermark, held back so far that no result comes behind it. State of a
// slice goes when its last window closes.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "exec/aggregate/aggregate_set.h"
#include "exec/aggregate/aggregate_spec.h"
#include "exec/aggregate/result_writer.h"
#include "exec/operator.h"
#include "exec/window/slice_list.h"
#include "exec/window/window_times.h"

namespace laminar::exec {

struct WindowCounters {
  uint64_t late_rows = 0;             // all windows closed
  uint64_t late_updates = 0;          // rows that changed a window after it had fired
  uint64_t late_windows_skipped = 0;  // closed windows of rows that others of their windows still took
  uint64_t bad_times = 0;             // NULL or out of range
  uint64_t windows_fired = 0;
  uint64_t slices_closed = 0;
};

class WindowAggregate final : public Operator {
 public:
  explicit WindowAggregate(WindowAggregateSpec spec);
  ~WindowAggregate() override;
  Status Open(const Context& context) override;
  Step Process(int input, data::Batch& batch, Output& out) override;
  Step Watermark(int input, Timestamp watermark, Output& out) override;
  void ListTables(std::vector<state::StateTable*>& out) override { out.push_back(table_.get()); }
  void SaveNote(std::string& out) const override;
  Status Restore(std::string_view note) override;

  uint64_t state_rows() const override { return table_ == nullptr ? 0 : table_->size(); }
  uint64_t state_bytes() const override { return table_ == nullptr ? 0 : table_->memory_bytes(); }
  const WindowCounters& counters() const { return counters_; }

 private:
  // A window and a row of one of its slices that stands for the key.
  struct Touched {
    Timestamp window;
    state::RowRef row;
  };
  bool has_keys() const { return !spec_.keys.empty(); }
  bool emits_updates() const { return spec_.emit == EmitKind::kOnUpdate || spec_.emit == EmitKind::kChanges; }
  Status CheckSpec() const;
  void MakeTables(const std::vector<data::Type>& key_types);

  // Times of the batch in microseconds; false: some row cannot go on, see RejectRows.
  bool LoadTimes(const data::Batch& batch);
  // Sends rows without a window away; the others go to kept_.
  void RejectRows(const data::Batch& batch);
  Step Add(data::Batch& batch, Output& out);
  void AssignSlices(uint32_t rows);
  void CountSkippedWindows(uint32_t rows);
  Status FindGroups(const data::Batch& batch);
  Status FindOneGroup(const data::Batch& batch);
  void NoteNewRow(Timestamp slice, state::RowRef row);
  void BindKeys(const data::Batch& batch);
  void BindSlice(const Timestamp* starts, bool is_constant);

  // Changes of open windows (window_changes.cc).
  bool MayChangeResults() const;
  void NoteTouched(uint32_t rows);
  void SortTouched();
  void WriteResults(bool is_before);
  void MergeTouched(uint32_t first, uint32_t n);
  void MergeSlices(uint32_t first, uint32_t n, uint32_t chunk_first);
  Step EmitChanges(Output& out);

  // Windows that are due (window_fire.cc).
  Step FireWindows(Timestamp bound, Output& out);
  Step Fire(Timestamp window, Output& out);
  Status MergeWindow(Timestamp window);
  Step EmitRows(state::StateTable& table, std::vector<state::RowRef>& rows, uint32_t first_key, Timestamp window,
                Output& out);
  void CloseSlices(Timestamp bound);
  void WriteKeys(const state::StateTable& table, std::span<const state::RowRef> rows, uint32_t first_key,
                 data::BatchBuffer& buffer, uint32_t at);
  void WriteBounds(data::BatchBuffer& buffer, uint32_t row, Timestamp window) const;

  WindowAggregateSpec spec_;
  Context context_;
  WindowTimes times_;
  int64_t scale_ = 1;  // units of the time column in a microsecond
  Timestamp earliest_ = 0;
  Timestamp latest_ = 0;
  Timestamp watermark_ = kMinTimestamp;
  Timestamp fired_bound_ = kMinTimestamp;   // window starts below: emitted
  Timestamp closed_bound_ = kMinTimestamp;  // window starts below: gone
  Timestamp output_watermark_ = kMinTimestamp;
  WindowCounters counters_;

  AggregateSet aggregates_;
  std::unique_ptr<ResultWriter> writer_;
  std::unique_ptr<state::StateTable> table_;   // (slice start, keys) -> accumulators
  std::unique_ptr<state::StateTable> merged_;  // keys -> accumulators of one hopping window
  SliceList slices_;
  std::unique_ptr<data::BatchBuffer> kept_;
  std::unique_ptr<data::BatchBuffer> flat_time_;
  std::unique_ptr<data::BatchBuffer> key_rows_;  // keys read back from the table
  std::vector<data::Column> key_batch_columns_;  // slice start, then the keys, of the batch in work
  data::Batch key_batch_;
  std::vector<uint32_t> table_key_columns_;      // 0, 1, 2, ... of key_batch_
  std::span<const uint32_t> group_key_columns_;  // of those, the keys without the slice
  std::vector<data::Type> key_batch_types_;

  // Scratch of a batch.
  std::vector<Timestamp> time_memory_;
  const Timestamp* time_ = nullptr;
  Timestamp time_min_ = 0;
  Timestamp time_max_ = 0;
  bool has_one_slice_ = false;
  Timestamp slice_min_ = 0;
  std::vector<Timestamp> slice_;  // of each row, unless has_one_slice_
  std::vector<uint64_t> hashes_;
  std::vector<state::RowRef> refs_;
  std::vector<uint8_t> inserted_;
  std::vector<uint8_t*> payloads_;
  std::vector<state::RowRef> touched_rows_;
  std::vector<Touched> touched_;
  std::vector<state::RowRef> window_rows_;
  std::vector<uint64_t> merge_scratch_;  // payloads of a chunk
  std::vector<uint64_t> merge_hashes_;
  std::vector<state::RowRef> merge_refs_;
  std::vector<const uint8_t*> result_payloads_;
  std::vector<data::Column*> key_columns_;
};

}  // namespace laminar::exec
