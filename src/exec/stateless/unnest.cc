#include "exec/stateless/unnest.h"

#include <cstring>

#include "base/hot_scope.h"
#include "data/value.h"
#include "expr/program.h"

namespace laminar::exec {

using data::Batch;
using data::Column;

Status Unnest::Open(const Context&) {
  std::vector<data::Type> types = spec_.input;
  for (const data::Field& child : spec_.input[spec_.column].children()) types.push_back(child.type);
  if (spec_.with_ordinality) types.push_back(data::TypeId::kInt64);
  flat_ = std::make_unique<data::BatchBuffer>(std::vector<data::Type>{spec_.input[spec_.column]});
  result_ = std::make_unique<data::BatchBuffer>(types);
  rows_.resize(data::kBatchCapacity);
  places_.reserve(data::kBatchCapacity);
  return {};
}

Step Unnest::Process(int, Batch& batch, Output& out) {
  const Column& lists =
      data::Flatten(batch.columns[spec_.column], spec_.input[spec_.column], batch.rows, flat_->column(0));
  for (uint32_t row = 0; row < batch.rows; ++row) {
    const data::ListEntry entry = lists.IsNull(row) ? data::ListEntry{} : lists.As<data::ListEntry>()[row];
    const uint32_t repeats = entry.length == 0 && spec_.is_outer ? 1 : entry.length;
    for (uint32_t i = 0; i < repeats; ++i) {
      if (places_.size() == data::kBatchCapacity) {
        const Step step = Flush(batch, lists, out);
        if (step != Step::kMore) return step;
      }
      const bool empty = entry.length == 0;
      places_.push_back(
          {static_cast<uint16_t>(row), empty ? -1 : int64_t{entry.offset} + i, empty ? 0 : int64_t{i} + 1});
    }
  }
  return Flush(batch, lists, out);
}

void Unnest::CopyElements(const Column& child, const data::Type& type, Column& to) {
  const uint32_t width = data::ValueWidth(type.physical());
  const auto column = static_cast<size_t>(&to - &result_->column(0));
  for (uint32_t k = 0; k < places_.size(); ++k) {
    if (places_[k].element < 0 || child.IsNull(static_cast<uint32_t>(places_[k].element))) {
      result_->SetNull(column, k);
    } else if (type.is_nested()) {
      data::Value::FromColumn(child, type, static_cast<uint32_t>(places_[k].element)).ToColumn(*result_, to, type, k);
    } else {
      // Strings: the view only; the bytes live as long as the input batch.
      std::memcpy(static_cast<char*>(to.values) + size_t{k} * width,
                  static_cast<const char*>(child.values) + places_[k].element * width, width);
    }
  }
}

Step Unnest::Flush(const Batch& batch, const Column& lists, Output& out) {
  if (places_.empty()) return Step::kMore;
  const uint32_t count = static_cast<uint32_t>(places_.size());
  result_->Reset();
  result_->SetRows(count);
  for (uint32_t k = 0; k < count; ++k) rows_[k] = places_[k].row;
  for (uint32_t i = 0; i < batch.column_count; ++i) {
    expr::Gather(batch.columns[i], spec_.input[i], rows_.data(), count, result_->column(i), *result_);
  }
  uint32_t next = batch.column_count;
  const std::vector<data::Field>& children = spec_.input[spec_.column].children();
  for (size_t c = 0; c < children.size(); ++c) {
    AllowAllocation allow;  // nested elements grow child columns
    CopyElements(lists.children[c], children[c].type, result_->column(next++));
  }
  if (spec_.with_ordinality) {
    for (uint32_t k = 0; k < count; ++k) {
      if (places_[k].ordinal == 0)
        result_->SetNull(next, k);
      else
        result_->column(next).As<int64_t>()[k] = places_[k].ordinal;
    }
  }
  if (batch.weights != nullptr) {
    int64_t* weights = result_->UseWeights();
    for (uint32_t k = 0; k < count; ++k) weights[k] = batch.weights[rows_[k]];
  }
  places_.clear();
  return out.Push(result_->batch());
}

}  // namespace laminar::exec
