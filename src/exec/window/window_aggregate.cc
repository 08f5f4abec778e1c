// Opening, and the way of a row: time, late test, slice, group, update. Changes are in window_changes.cc,
// firing in window_fire.cc.
#include "exec/window/window_aggregate.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/hot_scope.h"
#include "exec/window/slice_hash.h"

namespace laminar::exec {

using data::Batch;
using data::BatchBuffer;
using data::Column;
using state::RowRef;

WindowAggregate::WindowAggregate(WindowAggregateSpec spec)
    : spec_(std::move(spec)), aggregates_(spec_.aggregates, spec_.input, false) {}
WindowAggregate::~WindowAggregate() = default;

Status WindowAggregate::CheckSpec() const {
  if (spec_.size <= 0 || spec_.slide <= 0 || spec_.slide > spec_.size) {
    return Error(
        Status(ErrorCode::kBadDuration, "opening a window aggregate: the slide must be positive and at most the size")
            .WithHint("HOP takes the slide first, then the size"));
  }
  if (spec_.lateness < 0)
    return Error(ErrorCode::kNegativeLateness, "opening a window aggregate: the allowed lateness is negative");
  if (spec_.time_column >= spec_.input.size() || !spec_.input[spec_.time_column].is_timestamp()) {
    return Error(ErrorCode::kBadTimeColumnType, "opening a window aggregate: its time column is no timestamp");
  }
  return {};
}

Status WindowAggregate::Open(const Context& context) {
  TRY(CheckSpec());
  context_ = context;
  const data::Type& time_type = spec_.input[spec_.time_column];
  times_ = WindowTimes(spec_.size, spec_.slide, spec_.offset, spec_.emit == EmitKind::kFinal ? 0 : spec_.lateness);
  scale_ = time_type.is_nanos() ? 1000 : 1;
  earliest_ = times_.Earliest(scale_);
  latest_ = times_.Latest(scale_);
  std::vector<data::Type> keys;
  for (const uint32_t key : spec_.keys) keys.push_back(spec_.input[key]);
  MakeTables(keys);
  std::vector<data::Type> result = keys;
  result.push_back(time_type);
  result.push_back(time_type);
  aggregates_.AppendTypes(result);
  writer_ = std::make_unique<ResultWriter>(result, keys.size() + 2, context.row_errors);
  kept_ = std::make_unique<BatchBuffer>(spec_.input);
  flat_time_ = std::make_unique<BatchBuffer>(std::vector<data::Type>{time_type});
  key_rows_ = std::make_unique<BatchBuffer>(keys);
  key_columns_.resize(keys.size() + 1);
  time_memory_.resize(data::kBatchCapacity);
  slice_.resize(data::kBatchCapacity);
  hashes_.resize(data::kBatchCapacity);
  refs_.resize(data::kBatchCapacity);
  inserted_.resize(data::kBatchCapacity);
  payloads_.resize(data::kBatchCapacity);
  result_payloads_.resize(data::kBatchCapacity);
  merge_hashes_.resize(data::kBatchCapacity);
  merge_refs_.resize(data::kBatchCapacity);
  return {};
}

void WindowAggregate::MakeTables(const std::vector<data::Type>& key_types) {
  key_batch_types_ = {data::TypeId::kInt64};
  key_batch_types_.insert(key_batch_types_.end(), key_types.begin(), key_types.end());
  for (uint32_t i = 0; i < key_batch_types_.size(); ++i) table_key_columns_.push_back(i);
  group_key_columns_ = std::span<const uint32_t>(table_key_columns_).subspan(1);
  key_batch_columns_.resize(key_batch_types_.size());
  key_batch_.columns = key_batch_columns_.data();
  key_batch_.column_count = static_cast<uint32_t>(key_batch_columns_.size());
  state::TableSpec spec{
      .name = "window aggregate", .key = key_batch_types_, .values = {}, .payload_bytes = aggregates_.payload_bytes()};
  context_.SetMemory(spec);
  aggregates_.SetPayload(spec);
  table_ = std::make_unique<state::StateTable>(spec);
  spec.name = "window aggregate: one window's slices together";
  spec.key = key_types;
  context_.SetMemory(spec);
  merged_ = std::make_unique<state::StateTable>(std::move(spec));
}

bool WindowAggregate::LoadTimes(const Batch& batch) {
  const Column& column = data::Flatten(batch.columns[spec_.time_column], spec_.input[spec_.time_column], batch.rows,
                                       flat_time_->column(0));
  time_ = column.As<Timestamp>();
  if (scale_ != 1) {
    for (uint32_t i = 0; i < batch.rows; ++i) time_memory_[i] = FloorDiv(time_[i], scale_);
    time_ = time_memory_.data();
  }
  time_min_ = kMaxTimestamp;
  time_max_ = kMinTimestamp;
  for (uint32_t i = 0; i < batch.rows; ++i) {
    time_min_ = std::min(time_min_, time_[i]);
    time_max_ = std::max(time_max_, time_[i]);
  }
  return !column.has_nulls && time_min_ >= earliest_ && time_max_ <= latest_ && time_min_ >= closed_bound_;
}

void WindowAggregate::RejectRows(const Batch& batch) {
  const Column& column = batch.columns[spec_.time_column];
  uint16_t kept[data::kBatchCapacity];
  uint16_t rejected[3][data::kBatchCapacity];  // late, absurd, NULL
  uint32_t kept_count = 0;
  uint32_t counts[3] = {0, 0, 0};
  for (uint32_t i = 0; i < batch.rows; ++i) {
    const auto row = static_cast<uint16_t>(i);
    if (column.IsNull(i)) {
      rejected[2][counts[2]++] = row;
    } else if (time_[i] < earliest_ || time_[i] > latest_) {
      rejected[1][counts[1]++] = row;
    } else if (time_[i] < closed_bound_) {
      rejected[0][counts[0]++] = row;
    } else {
      kept[kept_count++] = row;
    }
  }
  counters_.late_rows += counts[0];
  counters_.bad_times += counts[1] + counts[2];
  {
    AllowAllocation side_outputs;
    if (counts[0] > 0) context_.late_rows->Add(batch, spec_.input, rejected[0], counts[0], ErrorCode::kOk);
    if (counts[1] > 0) context_.row_errors->Add(batch, spec_.input, rejected[1], counts[1], ErrorCode::kOutOfRange);
    if (counts[2] > 0) context_.row_errors->Add(batch, spec_.input, rejected[2], counts[2], ErrorCode::kBadEventTime);
  }
  AllowAllocation growth;  // of weights and the string heap, once
  kept_->Reset();
  kept_->AppendSelected(batch, kept, kept_count);
}

Step WindowAggregate::Process(int, Batch& batch, Output& out) {
  if (batch.rows == 0) return Step::kMore;
  if (LoadTimes(batch)) return Add(batch, out);
  RejectRows(batch);
  if (kept_->rows() == 0) return Step::kMore;
  LoadTimes(kept_->batch());
  return Add(kept_->batch(), out);
}

// Every row of the batch has a window that is not closed.
Step WindowAggregate::Add(Batch& batch, Output& out) {
  AssignSlices(batch.rows);
  if (!times_.is_tumbling() && closed_bound_ > times_.FirstWindow(slice_min_)) CountSkippedWindows(batch.rows);
  if (Status status = FindGroups(batch); !status.ok()) return Fail(std::move(status));
  const bool may_change = MayChangeResults();
  if (may_change) {
    NoteTouched(batch.rows);
    SortTouched();
    WriteResults(true);
  }
  aggregates_.Update(batch, payloads_.data());
  return may_change ? EmitChanges(out) : Step::kMore;
}

void WindowAggregate::AssignSlices(uint32_t rows) {
  slice_min_ = times_.SliceOf(time_min_);
  has_one_slice_ =
      static_cast<uint64_t>(time_max_) - static_cast<uint64_t>(slice_min_) < static_cast<uint64_t>(times_.width);
  if (has_one_slice_) return;
  Timestamp start = slice_min_;
  const auto width = static_cast<uint64_t>(times_.width);
  for (uint32_t i = 0; i < rows; ++i) {
    // Most rows fall into the slice of the row before.
    if (static_cast<uint64_t>(time_[i]) - static_cast<uint64_t>(start) >= width) start = times_.SliceOf(time_[i]);
    slice_[i] = start;
  }
}

void WindowAggregate::CountSkippedWindows(uint32_t rows) {
  for (uint32_t i = 0; i < rows; ++i) {
    const Timestamp first = times_.FirstWindow(has_one_slice_ ? slice_min_ : slice_[i]);
    if (first < closed_bound_)
      counters_.late_windows_skipped += static_cast<uint64_t>((closed_bound_ - first) / times_.slide);
  }
}

void WindowAggregate::BindSlice(const Timestamp* starts, bool is_constant) {
  Column& column = key_batch_columns_[0];
  column = Column{};
  column.values = const_cast<Timestamp*>(starts);
  if (is_constant) column.encoding = data::Encoding::kConstant;
}

void WindowAggregate::BindKeys(const Batch& batch) {
  BindSlice(has_one_slice_ ? &slice_min_ : slice_.data(), has_one_slice_);
  for (size_t k = 0; k < spec_.keys.size(); ++k) key_batch_columns_[k + 1] = batch.columns[spec_.keys[k]];
  key_batch_.rows = batch.rows;
}

void WindowAggregate::NoteNewRow(Timestamp slice, RowRef row) {
  std::vector<RowRef>& rows = slices_.FindOrMake(slice).rows;
  AllowAllocation growth;
  rows.push_back(row);
}

Status WindowAggregate::FindGroups(const Batch& batch) {
  BindKeys(batch);
  if (!has_keys() && has_one_slice_) return FindOneGroup(batch);
  data::HashRows(key_batch_, key_batch_types_, group_key_columns_, hashes_.data());
  if (has_one_slice_) {
    for (uint32_t i = 0; i < batch.rows; ++i) hashes_[i] = SliceHash(hashes_[i], slice_min_);
  } else {
    for (uint32_t i = 0; i < batch.rows; ++i) hashes_[i] = SliceHash(hashes_[i], slice_[i]);
  }
  TRY(table_->Reserve(batch.rows));
  table_->FindOrInsert(key_batch_, table_key_columns_, hashes_.data(), refs_.data(), inserted_.data());
  table_->MutableRows({refs_.data(), batch.rows}, payloads_.data());
  const uint32_t offset = table_->payload_offset();
  for (uint32_t i = 0; i < batch.rows; ++i) {
    payloads_[i] += offset;
    if (inserted_[i] == 0) [[likely]]
      continue;
    aggregates_.Init(payloads_[i]);
    NoteNewRow(has_one_slice_ ? slice_min_ : slice_[i], refs_[i]);
  }
  return {};
}

// All rows of the batch belong to one group.
Status WindowAggregate::FindOneGroup(const Batch& batch) {
  const Slice* slice = slices_.Find(slice_min_);
  if (slice != nullptr) {
    refs_[0] = slice->rows[0];
  } else {
    key_batch_.rows = 1;
    data::HashRows(key_batch_, key_batch_types_, group_key_columns_, hashes_.data());
    hashes_[0] = SliceHash(hashes_[0], slice_min_);
    TRY(table_->Reserve(1));
    table_->FindOrInsert(key_batch_, table_key_columns_, hashes_.data(), refs_.data(), inserted_.data());
    aggregates_.Init(table_->Mutable(refs_[0]) + table_->payload_offset());
    NoteNewRow(slice_min_, refs_[0]);
  }
  std::fill_n(refs_.begin(), batch.rows, refs_[0]);
  std::fill_n(payloads_.begin(), batch.rows, table_->Mutable(refs_[0]) + table_->payload_offset());
  return {};
}

void WindowAggregate::SaveNote(std::string& out) const {
  for (const Timestamp time : {watermark_, fired_bound_, closed_bound_, output_watermark_}) AppendNumber(time, out);
  for (const uint64_t count : {counters_.late_rows, counters_.late_updates, counters_.late_windows_skipped,
                               counters_.bad_times, counters_.windows_fired, counters_.slices_closed})
    AppendNumber(count, out);
}

// The slices are listed anew from the rows: which slice a row belongs to is its first key column.
Status WindowAggregate::Restore(std::string_view note) {
  for (Timestamp* time : {&watermark_, &fired_bound_, &closed_bound_, &output_watermark_}) {
    if (!TakeNumber(note, *time)) return UnreadableNote();
  }
  for (uint64_t* count : {&counters_.late_rows, &counters_.late_updates, &counters_.late_windows_skipped,
                          &counters_.bad_times, &counters_.windows_fired, &counters_.slices_closed}) {
    if (!TakeNumber(note, *count)) return UnreadableNote();
  }
  if (!note.empty()) return UnreadableNote();
  BatchBuffer starts({data::TypeId::kInt64});
  std::vector<Column*> columns(key_batch_types_.size(), nullptr);
  columns[0] = &starts.column(0);
  uint64_t cursor = 0;
  while (const uint32_t n = table_->Scan(cursor, data::kBatchCapacity, refs_.data())) {
    starts.Reset();
    starts.SetRows(n);
    table_->ReadKeys({refs_.data(), n}, starts, columns, 0);
    for (uint32_t i = 0; i < n; ++i) NoteNewRow(starts.column(0).As<Timestamp>()[i], refs_[i]);
  }
  return {};
}

Step WindowAggregate::Watermark(int, Timestamp watermark, Output& out) {
  if (watermark <= watermark_) return Step::kMore;
  watermark_ = watermark;
  const Timestamp closed = times_.ClosedBound(watermark);
  const Timestamp fired = spec_.emit == EmitKind::kOnWindowClose ? closed : times_.FiredBound(watermark);
  if (fired > fired_bound_) {
    const Step step = emits_updates() ? Step::kMore : FireWindows(fired, out);
    if (step != Step::kMore) return step;
    fired_bound_ = fired;
  }
  if (closed > closed_bound_) CloseSlices(closed);
  const Timestamp held_back = times_.OutputWatermark(watermark, spec_.consumer_uses_window_start);
  if (held_back <= output_watermark_) return Step::kMore;
  output_watermark_ = held_back;
  return out.PushWatermark(held_back);
}

}  // namespace laminar::exec
