#include "exec/watermark/assigner.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/hot_scope.h"
#include "expr/program.h"

namespace laminar::exec {

using data::Batch;
using data::BatchBuffer;
using data::Column;

namespace {

// Event times this far from the ends of the range would make windows and delays overflow: about the year 292,000 either
// way.
constexpr Timestamp kLatest = kMaxTimestamp - 366 * 1000 * kDay;
constexpr Timestamp kEarliest = kMinTimestamp + 366 * 1000 * kDay;

void GatherRows(const Batch& from, const std::vector<data::Type>& types, const uint16_t* rows, uint32_t count,
                BatchBuffer& to) {
  to.Reset();
  to.SetRows(count);
  for (uint32_t i = 0; i < from.column_count; ++i)
    expr::Gather(from.columns[i], types[i], rows, count, to.column(i), to);
  if (from.weights == nullptr) return;
  int64_t* weights = to.UseWeights();
  for (uint32_t k = 0; k < count; ++k) weights[k] = from.weights[rows[k]];
}

}  // namespace

Status WatermarkAssigner::Open(const Context& context) {
  context_ = context;
  times_.resize(data::kBatchCapacity);
  selection_.resize(data::kBatchCapacity);
  good_ = std::make_unique<BatchBuffer>(spec_.input);
  slice_ = std::make_unique<BatchBuffer>(spec_.input);
  flat_ = std::make_unique<BatchBuffer>(std::vector<data::Type>{spec_.input[spec_.time_column]});
  return {};
}

// Fills times_; returns false when no row is left.
bool WatermarkAssigner::DropBadTimes(Batch& batch, Output&) {
  for (int pass = 0;; ++pass) {
    const Column& column =
        data::Flatten(batch.columns[spec_.time_column], spec_.input[spec_.time_column], batch.rows, flat_->column(0));
    const int64_t* values = column.As<int64_t>();
    bool bad = column.has_nulls || column.has_errors;
    for (uint32_t i = 0; i < batch.rows; ++i) {
      const int64_t t = is_nanos_ ? FloorDiv(values[i], 1000) : values[i];
      times_[i] = t;
      bad |= t > kLatest || t < kEarliest;
    }
    if (!bad) return batch.rows > 0;
    AllowAllocation allow;
    std::vector<uint16_t> null_rows;
    std::vector<uint16_t> absurd_rows;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < batch.rows; ++i) {
      if (column.HasError(i)) continue;
      if (column.IsNull(i))
        null_rows.push_back(static_cast<uint16_t>(i));
      else if (times_[i] > kLatest || times_[i] < kEarliest)
        absurd_rows.push_back(static_cast<uint16_t>(i));
      else
        selection_[kept++] = static_cast<uint16_t>(i);
    }
    if (!null_rows.empty())
      context_.row_errors->Add(batch, spec_.input, null_rows.data(), static_cast<uint32_t>(null_rows.size()),
                               ErrorCode::kBadEventTime);
    if (!absurd_rows.empty())
      context_.row_errors->Add(batch, spec_.input, absurd_rows.data(), static_cast<uint32_t>(absurd_rows.size()),
                               ErrorCode::kOutOfRange);
    if (kept == 0) return false;
    if (kept == batch.rows) return true;  // has_nulls was set without a null
    GatherRows(batch, spec_.input, selection_.data(), kept, *good_);
    good_->column(spec_.time_column).has_nulls = false;
    good_->column(spec_.time_column).has_errors = false;
    batch = good_->batch();
  }
}

Step WatermarkAssigner::Send(Timestamp watermark, Output& out) {
  if (watermark <= sent_) return Step::kMore;
  sent_ = watermark;
  return out.PushWatermark(watermark);
}

Step WatermarkAssigner::PushSlice(const Batch& batch, uint32_t from, uint32_t to, Output& out) {
  for (uint32_t k = from; k < to; ++k) selection_[k - from] = static_cast<uint16_t>(k);
  GatherRows(batch, spec_.input, selection_.data(), to - from, *slice_);
  return out.Push(slice_->batch());
}

// A batch whose rows all stand within `delay` of one another, none behind the watermark, is judged by its least and
// largest time alone: one vectorized pass, nothing copied.
bool WatermarkAssigner::IsPlainlyOnTime(const Batch& batch) {
  const Column& column = batch.columns[spec_.time_column];
  if (column.encoding != data::Encoding::kFlat || column.has_nulls || column.has_errors) return false;
  const int64_t* values = column.As<int64_t>();
  int64_t least = values[0];
  int64_t largest = values[0];
  for (uint32_t i = 1; i < batch.rows; ++i) {
    least = std::min(least, values[i]);
    largest = std::max(largest, values[i]);
  }
  if (is_nanos_) {
    least = FloorDiv(least, 1000);
    largest = FloorDiv(largest, 1000);
  }
  if (largest > kLatest || least < kEarliest) return false;
  const Timestamp behind = std::max(running_, largest - spec_.delay);
  if (least < behind) return false;
  running_ = behind;
  max_event_time_ = std::max(max_event_time_, largest);
  return true;
}

Step WatermarkAssigner::Process(int, Batch& batch, Output& out) {
  if (IsPlainlyOnTime(batch)) {
    const Step step = out.Push(batch);
    return step == Step::kMore && !is_lazy_ ? Send(running_, out) : step;
  }
  if (!DropBadTimes(batch, out)) return Step::kMore;
  const Duration delay = spec_.delay;
  Timestamp running = running_;
  bool late = false;
  Timestamp highest = max_event_time_;
  for (uint32_t i = 0; i < batch.rows; ++i) {
    late |= times_[i] < running;
    running = std::max(running, times_[i] - delay);
    highest = std::max(highest, times_[i]);
  }
  max_event_time_ = highest;
  if (!late) {
    running_ = running;
    const Step step = out.Push(batch);
    return step == Step::kMore && !is_lazy_ ? Send(running_, out) : step;
  }
  uint32_t start = 0;
  for (uint32_t i = 0; i < batch.rows; ++i) {
    if (times_[i] < running_ && running_ > sent_) {
      if (i > start) {
        const Step step = PushSlice(batch, start, i, out);
        if (step != Step::kMore) return step;
      }
      start = i;
      const Step step = Send(running_, out);
      if (step != Step::kMore) return step;
    }
    running_ = std::max(running_, times_[i] - delay);
  }
  Step step = start == 0 ? out.Push(batch) : PushSlice(batch, start, batch.rows, out);
  return step == Step::kMore && !is_lazy_ ? Send(running_, out) : step;
}

void WatermarkAssigner::SaveNote(std::string& out) const {
  for (const Timestamp time : {running_, sent_, max_event_time_}) AppendNumber(time, out);
}

Status WatermarkAssigner::Restore(std::string_view note) {
  for (Timestamp* time : {&running_, &sent_, &max_event_time_}) {
    if (!TakeNumber(note, *time)) return UnreadableNote();
  }
  return note.empty() ? Status() : UnreadableNote();
}

Step WatermarkAssigner::Watermark(int, Timestamp watermark, Output& out) {
  running_ = std::max(running_, watermark);
  return Send(watermark, out);
}

}  // namespace laminar::exec
