// What a watermark makes due: results of complete windows, in order, and the end of slices that no window
// needs any more.
#include <algorithm>

#include "base/hot_scope.h"
#include "exec/window/window_aggregate.h"

namespace laminar::exec {

using data::BatchBuffer;
using state::RowRef;

// Windows with a start in [fired_bound_, bound) that hold a slice, ascending. All windows are of one size,
// so this is the order of their ends too.
Step WindowAggregate::FireWindows(Timestamp bound, Output& out) {
  Timestamp window = fired_bound_;
  while (true) {
    const size_t at = slices_.LowerBound(window);
    if (at == slices_.size()) break;
    window = std::max(window, times_.FirstWindow(slices_[at].start));
    if (window >= bound) break;
    const Step step = Fire(window, out);
    if (step != Step::kMore) return step;
    window += times_.slide;
  }
  return writer_->Flush(out);
}

Step WindowAggregate::Fire(Timestamp window, Output& out) {
  ++counters_.windows_fired;
  const size_t first = slices_.LowerBound(window);
  const bool is_one_slice = first + 1 == slices_.size() || slices_[first + 1].start >= window + times_.size;
  AllowAllocation lists;
  if (is_one_slice) {
    window_rows_.assign(slices_[first].rows.begin(), slices_[first].rows.end());
    return EmitRows(*table_, window_rows_, 1, window, out);
  }
  if (Status status = MergeWindow(window); !status.ok()) return Fail(std::move(status));
  window_rows_.resize(merged_->size());
  uint64_t cursor = 0;
  window_rows_.resize(merged_->Scan(cursor, static_cast<uint32_t>(window_rows_.size()), window_rows_.data()));
  Step step = EmitRows(*merged_, window_rows_, 0, window, out);
  // Rows waiting to leave hold views of the merged keys.
  if (step == Step::kMore) step = writer_->Flush(out);
  merged_->Clear();
  return step;
}

// All slices of a window into merged_.
Status WindowAggregate::MergeWindow(Timestamp window) {
  const uint32_t offset = table_->payload_offset();
  const uint32_t merged_offset = merged_->payload_offset();
  for (size_t s = slices_.LowerBound(window); s < slices_.size() && slices_[s].start < window + times_.size; ++s) {
    const std::vector<RowRef>& rows = slices_[s].rows;
    for (size_t first = 0; first < rows.size(); first += data::kBatchCapacity) {
      const auto n = static_cast<uint32_t>(std::min<size_t>(data::kBatchCapacity, rows.size() - first));
      const std::span<const RowRef> block(rows.data() + first, n);
      key_rows_->Reset();
      key_rows_->SetRows(n);
      WriteKeys(*table_, block, 1, *key_rows_, 0);
      for (size_t k = 0; k < spec_.keys.size(); ++k) key_batch_columns_[k + 1] = key_rows_->column(k);
      key_batch_.rows = n;
      data::HashRows(key_batch_, key_batch_types_, group_key_columns_, hashes_.data());
      TRY(merged_->Reserve(n));
      merged_->FindOrInsert(key_batch_, group_key_columns_, hashes_.data(), merge_refs_.data(), inserted_.data());
      for (uint32_t i = 0; i < n; ++i) {
        uint8_t* into = merged_->Mutable(merge_refs_[i]) + merged_offset;
        if (inserted_[i] != 0) aggregates_.Init(into);
        aggregates_.Merge(into, table_->Get(block[i]) + offset);
      }
    }
  }
  return {};
}

Step WindowAggregate::EmitRows(state::StateTable& table, std::vector<RowRef>& rows, uint32_t first_key,
                               Timestamp window, Output& out) {
  const uint32_t offset = table.payload_offset();
  std::erase_if(rows, [&](RowRef row) { return HeadOf(table.Get(row) + offset).rows <= 0; });
  table.SortByKey(rows, first_key);
  BatchBuffer& buffer = writer_->buffer();
  for (size_t first = 0; first < rows.size();) {
    const uint32_t at = buffer.rows();
    const auto n = static_cast<uint32_t>(std::min<size_t>(data::kBatchCapacity - at, rows.size() - first));
    buffer.SetRows(at + n);
    WriteKeys(table, {rows.data() + first, n}, first_key, buffer, at);
    for (uint32_t i = 0; i < n; ++i) {
      WriteBounds(buffer, at + i, window);
      result_payloads_[i] = table.Get(rows[first + i]) + offset;
    }
    aggregates_.Results(result_payloads_.data(), n, buffer, spec_.keys.size() + 2, at);
    first += n;
    if (!buffer.full()) continue;
    const Step step = writer_->Flush(out);
    if (step != Step::kMore) return step;
  }
  return Step::kMore;
}

void WindowAggregate::CloseSlices(Timestamp bound) {
  closed_bound_ = bound;
  size_t count = 0;
  while (count < slices_.size() && times_.LastWindow(slices_[count].start) < bound) {
    table_->EraseRows(slices_[count].rows);
    ++count;
  }
  counters_.slices_closed += count;
  slices_.RemoveFront(count);
}

// The keys of rows to the first columns of a buffer; `first_key` is the first group key of that table.
void WindowAggregate::WriteKeys(const state::StateTable& table, std::span<const RowRef> rows, uint32_t first_key,
                                BatchBuffer& buffer, uint32_t at) {
  key_columns_[0] = nullptr;  // the slice
  for (size_t k = 0; k < spec_.keys.size(); ++k) key_columns_[k + 1] = &buffer.column(k);
  table.ReadKeys(rows, buffer, std::span<data::Column* const>(key_columns_).subspan(1 - first_key), at);
}

void WindowAggregate::WriteBounds(BatchBuffer& buffer, uint32_t row, Timestamp window) const {
  const size_t column = spec_.keys.size();
  buffer.column(column).As<Timestamp>()[row] = window * scale_;
  buffer.column(column + 1).As<Timestamp>()[row] = (window + times_.size) * scale_;
}

}  // namespace laminar::exec
