// Changes of windows that have shown a result already: corrections of fired windows, and EMIT ON UPDATE /
// CHANGES. For each touched pair of a window
// and a key the result before and after the batch is computed; in a hopping window by merging its slices.
#include <algorithm>

#include "base/hot_scope.h"
#include "exec/window/slice_hash.h"
#include "exec/window/window_aggregate.h"

namespace laminar::exec {

using data::BatchBuffer;
using state::RowRef;

bool WindowAggregate::MayChangeResults() const {
  if (emits_updates()) return true;
  if (spec_.emit != EmitKind::kOnWatermark || fired_bound_ <= closed_bound_) return false;
  return std::max(times_.FirstWindow(slice_min_), closed_bound_) < fired_bound_;
}

void WindowAggregate::NoteTouched(uint32_t rows) {
  AllowAllocation growth;
  touched_rows_.clear();
  touched_.clear();
  for (uint32_t i = 0; i < rows; ++i) {
    const Timestamp slice = has_one_slice_ ? slice_min_ : slice_[i];
    const Timestamp first = std::max(times_.FirstWindow(slice), closed_bound_);
    Timestamp last = times_.LastWindow(slice);
    if (!emits_updates()) {
      if (first >= fired_bound_) continue;
      last = std::min(last, fired_bound_ - times_.slide);
      ++counters_.late_updates;
    }
    GroupHead& head = HeadOf(payloads_[i]);
    if (head.touched < touched_rows_.size() && touched_rows_[head.touched] == refs_[i]) continue;
    head.touched = static_cast<uint32_t>(touched_rows_.size());
    touched_rows_.push_back(refs_[i]);
    for (Timestamp window = first; window <= last; window += times_.slide) touched_.push_back({window, refs_[i]});
  }
}

// By window and key, each pair once.
void WindowAggregate::SortTouched() {
  AllowAllocation growth;
  std::sort(touched_.begin(), touched_.end(), [](const Touched& a, const Touched& b) { return a.window < b.window; });
  size_t kept = 0;
  for (size_t first = 0; first < touched_.size();) {
    const Timestamp window = touched_[first].window;
    window_rows_.clear();
    size_t next = first;
    for (; next < touched_.size() && touched_[next].window == window; ++next)
      window_rows_.push_back(touched_[next].row);
    table_->SortByKey(window_rows_, 1);
    for (size_t i = 0; i < window_rows_.size(); ++i) {
      const bool is_again =
          i > 0 && !times_.is_tumbling() && table_->KeysEqual(window_rows_[i - 1], window_rows_[i], 1);
      if (!is_again) touched_[kept++] = {window, window_rows_[i]};
    }
    first = next;
  }
  touched_.resize(kept);
}

void WindowAggregate::WriteResults(bool is_before) {
  const uint32_t offset = table_->payload_offset();
  for (uint32_t first = 0, c = 0; first < touched_.size(); first += ResultWriter::kGroups, ++c) {
    ResultWriter::Chunk& chunk = writer_->ChunkAt(c);
    const auto n = static_cast<uint32_t>(std::min<size_t>(ResultWriter::kGroups, touched_.size() - first));
    const uint32_t at = is_before ? 0 : n;
    if (is_before) chunk.buffer.Reset();
    chunk.buffer.SetRows(at + n);
    window_rows_.clear();
    for (uint32_t i = 0; i < n; ++i) {
      AllowAllocation growth;
      window_rows_.push_back(touched_[first + i].row);
      WriteBounds(chunk.buffer, at + i, touched_[first + i].window);
      result_payloads_[i] = table_->Get(touched_[first + i].row) + offset;
    }
    WriteKeys(*table_, window_rows_, 1, chunk.buffer, at);
    if (!times_.is_tumbling()) MergeTouched(first, n);
    uint8_t* exists = is_before ? chunk.existed : chunk.exists;
    for (uint32_t i = 0; i < n; ++i) exists[i] = HeadOf(result_payloads_[i]).rows > 0;
    aggregates_.Results(result_payloads_.data(), n, chunk.buffer, spec_.keys.size() + 2, at);
    if (times_.is_tumbling()) continue;
    for (uint32_t i = 0; i < n; ++i) aggregates_.Destroy(const_cast<uint8_t*>(result_payloads_[i]));
  }
}

// Points result_payloads_ at merged accumulators of touched_[first, first + n), made in the scratch.
void WindowAggregate::MergeTouched(uint32_t first, uint32_t n) {
  const uint32_t words = aggregates_.payload_bytes() / 8;
  {
    AllowAllocation growth;
    merge_scratch_.assign(size_t{n} * words, 0);
  }
  for (uint32_t i = 0; i < n; ++i) {
    auto* payload = reinterpret_cast<uint8_t*>(merge_scratch_.data() + size_t{i} * words);
    aggregates_.Init(payload);
    result_payloads_[i] = payload;
  }
  for (uint32_t i = 0; i < n;) {
    uint32_t next = i + 1;
    while (next < n && touched_[first + next].window == touched_[first + i].window) ++next;
    MergeSlices(first + i, next - i, i);
    i = next;
  }
}

// touched_[first, first + n) are keys of one window; their scratch starts at `chunk_first`.
void WindowAggregate::MergeSlices(uint32_t first, uint32_t n, uint32_t chunk_first) {
  const Timestamp window = touched_[first].window;
  key_rows_->Reset();
  key_rows_->SetRows(n);
  WriteKeys(*table_, {window_rows_.data() + chunk_first, n}, 1, *key_rows_, 0);
  for (size_t k = 0; k < spec_.keys.size(); ++k) key_batch_columns_[k + 1] = key_rows_->column(k);
  key_batch_.rows = n;
  data::HashRows(key_batch_, key_batch_types_, group_key_columns_, merge_hashes_.data());
  uint64_t hashes[ResultWriter::kGroups];
  const uint32_t offset = table_->payload_offset();
  for (size_t s = slices_.LowerBound(window); s < slices_.size() && slices_[s].start < window + times_.size; ++s) {
    const Timestamp start = slices_[s].start;
    BindSlice(&start, true);
    for (uint32_t i = 0; i < n; ++i) hashes[i] = SliceHash(merge_hashes_[i], start);
    table_->Find(key_batch_, table_key_columns_, hashes, merge_refs_.data());
    for (uint32_t i = 0; i < n; ++i) {
      if (merge_refs_[i] == state::kNoRow) continue;
      aggregates_.Merge(const_cast<uint8_t*>(result_payloads_[chunk_first + i]), table_->Get(merge_refs_[i]) + offset);
    }
  }
}

Step WindowAggregate::EmitChanges(Output& out) {
  WriteResults(false);
  for (uint32_t first = 0, c = 0; first < touched_.size(); first += ResultWriter::kGroups, ++c) {
    const auto n = static_cast<uint32_t>(std::min<size_t>(ResultWriter::kGroups, touched_.size() - first));
    const Step step = writer_->EmitChanges(writer_->ChunkAt(c), n, out);
    if (step != Step::kMore) return step;
  }
  return Step::kMore;
}

}  // namespace laminar::exec
