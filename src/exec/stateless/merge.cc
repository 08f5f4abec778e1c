#include "exec/stateless/merge.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/hot_scope.h"
#include "expr/program.h"

namespace laminar::exec {

Step Merge::Process(int, data::Batch& batch, Output& out) { return out.Push(batch); }

Step Merge::Watermark(int input, Timestamp watermark, Output& out) {
  Timestamp& mine = watermarks_[static_cast<size_t>(input)];
  mine = std::max(mine, watermark);
  const Timestamp lowest = *std::ranges::min_element(watermarks_);
  if (lowest <= sent_) return Step::kMore;
  sent_ = lowest;
  return out.PushWatermark(lowest);
}

Step Merge::Barrier(Epoch epoch, Output& out) {
  if (++barriers_seen_ < watermarks_.size()) return Step::kMore;
  barriers_seen_ = 0;
  return out.PushBarrier(epoch);
}

void Merge::SaveNote(std::string& out) const {
  AppendNumber(sent_, out);
  for (const Timestamp watermark : watermarks_) AppendNumber(watermark, out);
}

Status Merge::Restore(std::string_view note) {
  if (!TakeNumber(note, sent_)) return UnreadableNote();
  for (Timestamp& watermark : watermarks_) {
    if (!TakeNumber(note, watermark)) return UnreadableNote();
  }
  return note.empty() ? Status() : UnreadableNote();
}

void FanOut::SaveNote(std::string& out) const { AppendNumber(watermark_, out); }

Status FanOut::Restore(std::string_view note) {
  return TakeNumber(note, watermark_) && note.empty() ? Status() : UnreadableNote();
}

void FanOut::Add(Operator* reader, int input, std::optional<std::vector<uint32_t>> columns) {
  readers_.push_back({Output(reader, input), false, std::move(columns)});
}

void FanOut::Remove(const Operator* reader) {
  std::erase_if(readers_, [&](const Reader& r) { return r.output.next() == reader; });
}

bool FanOut::Has(const Operator* reader) const {
  return std::ranges::any_of(readers_, [&](const Reader& r) { return r.output.next() == reader; });
}

void FanOut::TakeReaders(FanOut& other) {
  for (Reader& reader : other.readers_) readers_.push_back(reader);
  other.readers_.clear();
}

bool FanOut::TakeFailure() { return std::exchange(has_failure_, false); }

Step FanOut::Note(Reader& reader, Step step) {
  if (step == Step::kMore) return step;
  reader.is_done = true;
  if (step == Step::kFailed) {
    has_failure_ = true;
    if (has_failures_ != nullptr) *has_failures_ = true;
  }
  return step;
}

// The rows without an error in a column that it reads, which are rarely not all.
Step FanOut::PushWithout(Reader& reader, const data::Batch& batch) {
  AllowAllocation allow;
  std::vector<const data::Column*> read;
  for (uint32_t i = 0; i < batch.column_count; ++i) {
    const bool is_read = !reader.columns || std::ranges::find(*reader.columns, i) != reader.columns->end();
    if (is_read && batch.columns[i].has_errors) read.push_back(&batch.columns[i]);
  }
  std::vector<uint16_t> selection;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    if (std::ranges::none_of(read, [row](const data::Column* column) { return column->HasError(row); }))
      selection.push_back(static_cast<uint16_t>(row));
  }
  if (selection.empty()) return Step::kMore;
  const auto count = static_cast<uint32_t>(selection.size());
  if (kept_ == nullptr) kept_ = std::make_unique<data::BatchBuffer>(types_);
  kept_->Reset();
  kept_->SetRows(count);
  for (uint32_t i = 0; i < batch.column_count; ++i) {
    expr::Gather(batch.columns[i], types_[i], selection.data(), count, kept_->column(i), *kept_);
    kept_->column(i).has_errors = false;
  }
  if (batch.weights != nullptr) {
    int64_t* weights = kept_->UseWeights();
    for (uint32_t k = 0; k < count; ++k) weights[k] = batch.weights[selection[k]];
  }
  return reader.output.Push(kept_->batch());
}

// kDone when no reader needs more, and none can come: of a running graph, what stands before this one (rows that are
// stored, watermarks behind a batch) is wanted in any case.
Step FanOut::Process(int, data::Batch& batch, Output&) {
  bool any = false;
  const bool has_errors = std::ranges::any_of(batch.Columns(), &data::Column::has_errors);
  for (size_t i = 0; i < readers_.size(); ++i) {
    if (readers_[i].is_done) continue;
    if (has_errors) {
      any |= Note(readers_[i], PushWithout(readers_[i], batch)) == Step::kMore;
      continue;
    }
    data::Batch mine = batch;
    if (i + 1 < readers_.size()) {  // the last reader may have the columns themselves
      if (columns_.capacity() < batch.column_count) {
        AllowAllocation allow;  // once: a second reader has come
        columns_.reserve(batch.column_count);
      }
      columns_.assign(batch.columns, batch.columns + batch.column_count);
      mine.columns = columns_.data();
    }
    any |= Note(readers_[i], readers_[i].output.Push(mine)) == Step::kMore;
  }
  return any || readers_.empty() || has_failures_ != nullptr ? Step::kMore : Step::kDone;
}

Step FanOut::Watermark(int, Timestamp watermark, Output&) {
  watermark_ = std::max(watermark_, watermark);
  for (Reader& reader : readers_) {
    // The end of the stream reaches also readers that wanted no more rows.
    if (!reader.is_done || watermark == kMaxTimestamp) Note(reader, reader.output.PushWatermark(watermark));
  }
  return Step::kMore;
}

Step FanOut::Tick(Timestamp now, Output&) {
  for (Reader& reader : readers_) {
    if (!reader.is_done) Note(reader, reader.output.PushTick(now));
  }
  return Step::kMore;
}

Step FanOut::Barrier(Epoch epoch, Output&) {
  for (Reader& reader : readers_) {
    if (!reader.is_done) Note(reader, reader.output.PushBarrier(epoch));
  }
  return Step::kMore;
}

}  // namespace laminar::exec
