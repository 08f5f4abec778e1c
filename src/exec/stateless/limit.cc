#include "exec/stateless/limit.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "expr/program.h"

namespace laminar::exec {

Status Limit::Open(const Context&) {
  slice_ = std::make_unique<data::BatchBuffer>(types_);
  selection_.resize(data::kBatchCapacity);
  return {};
}

void Limit::SaveNote(std::string& out) const {
  AppendNumber(skipped_, out);
  AppendNumber(passed_, out);
}

Status Limit::Restore(std::string_view note) {
  const bool is_whole = TakeNumber(note, skipped_) && TakeNumber(note, passed_) && note.empty();
  if (!is_whole || skipped_ > spec_.offset || passed_ > spec_.limit) return UnreadableNote();
  has_ended_ = IsFull() && passed_ > 0;  // said with the last row
  return {};
}

Step Limit::End(Output& out) {
  if (std::exchange(has_ended_, true)) return Step::kDone;
  const Step step = out.PushWatermark(kMaxTimestamp);
  return step == Step::kFailed ? step : Step::kDone;
}

Step Limit::Watermark(int, Timestamp watermark, Output& out) {
  return IsFull() ? End(out) : out.PushWatermark(watermark);
}

Step Limit::Process(int, data::Batch& batch, Output& out) {
  if (IsFull()) return End(out);
  const uint32_t skip = static_cast<uint32_t>(std::min<uint64_t>(batch.rows, spec_.offset - skipped_));
  skipped_ += skip;
  const uint32_t take = static_cast<uint32_t>(std::min<uint64_t>(batch.rows - skip, spec_.limit - passed_));
  passed_ += take;
  Step step = Step::kMore;
  if (take == batch.rows) {
    step = out.Push(batch);
  } else if (take > 0) {
    for (uint32_t k = 0; k < take; ++k) selection_[k] = static_cast<uint16_t>(skip + k);
    slice_->Reset();
    slice_->SetRows(take);
    for (uint32_t i = 0; i < batch.column_count; ++i) {
      expr::Gather(batch.columns[i], types_[i], selection_.data(), take, slice_->column(i), *slice_);
    }
    step = out.Push(slice_->batch());
  }
  return step == Step::kMore && IsFull() ? End(out) : step;
}

}  // namespace laminar::exec
