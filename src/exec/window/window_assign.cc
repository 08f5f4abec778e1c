#include "exec/window/window_assign.h"

#include "base/hot_scope.h"
#include "expr/program.h"

namespace laminar::exec {

using data::Batch;

Status WindowAssign::Open(const Context& context) {
  context_ = context;
  std::vector<data::Type> types = spec_.input;
  const data::Type time = spec_.input[spec_.time_column];
  types.push_back(time);
  types.push_back(time);
  flat_ = std::make_unique<data::BatchBuffer>(std::vector<data::Type>{time});
  result_ = std::make_unique<data::BatchBuffer>(types);
  rows_.resize(data::kBatchCapacity);
  starts_.resize(data::kBatchCapacity);
  return {};
}

Step WindowAssign::Process(int, Batch& batch, Output& out) {
  const data::Type& type = spec_.input[spec_.time_column];
  const data::Column& column = data::Flatten(batch.columns[spec_.time_column], type, batch.rows, flat_->column(0));
  const int64_t* values = column.As<int64_t>();
  count_ = 0;
  for (uint32_t row = 0; row < batch.rows; ++row) {
    const bool is_null = column.IsNull(row);
    const int64_t t = type.is_nanos() ? FloorDiv(values[row], 1000) : values[row];
    int64_t reach = 0;
    int64_t last = 0;
    const bool absurd = !is_null && (__builtin_sub_overflow(t, spec_.size + spec_.slide, &reach) ||
                                     __builtin_add_overflow(t, spec_.size, &reach));
    if (is_null || absurd) {
      AllowAllocation allow;
      const uint16_t bad = static_cast<uint16_t>(row);
      context_.row_errors->Add(batch, spec_.input, &bad, 1,
                               is_null ? ErrorCode::kBadEventTime : ErrorCode::kOutOfRange);
      continue;
    }
    last = t - FloorMod(t - spec_.offset, spec_.slide);
    int64_t first = last;
    while (first - spec_.slide + spec_.size > t) first -= spec_.slide;
    for (int64_t start = first; start <= last; start += spec_.slide) {
      if (count_ == data::kBatchCapacity) {
        const Step step = Flush(batch, out);
        if (step != Step::kMore) return step;
      }
      rows_[count_] = static_cast<uint16_t>(row);
      starts_[count_++] = start;
    }
  }
  return Flush(batch, out);
}

Step WindowAssign::Flush(const Batch& batch, Output& out) {
  if (count_ == 0) return Step::kMore;
  result_->Reset();
  result_->SetRows(count_);
  for (uint32_t i = 0; i < batch.column_count; ++i) {
    expr::Gather(batch.columns[i], spec_.input[i], rows_.data(), count_, result_->column(i), *result_);
  }
  const int64_t scale = spec_.input[spec_.time_column].is_nanos() ? 1000 : 1;
  int64_t* starts = result_->column(batch.column_count).As<int64_t>();
  int64_t* ends = result_->column(batch.column_count + 1).As<int64_t>();
  for (uint32_t k = 0; k < count_; ++k) {
    starts[k] = starts_[k] * scale;
    ends[k] = (starts_[k] + spec_.size) * scale;
  }
  if (batch.weights != nullptr) {
    int64_t* weights = result_->UseWeights();
    for (uint32_t k = 0; k < count_; ++k) weights[k] = batch.weights[rows_[k]];
  }
  count_ = 0;
  return out.Push(result_->batch());
}

}  // namespace laminar::exec
