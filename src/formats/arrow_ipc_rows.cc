#include "formats/arrow_ipc_rows.h"

#include <algorithm>

#include <arrow/record_batch.h>

#include "base/text.h"
#include "formats/arrow_ipc_io.h"

namespace laminar::formats {

Status BatchRows::Read(data::BatchBuffer& out, uint32_t rows_max) {
  while (out.rows() < rows_max) {
    if (!current_.has_value() || next_ == current_->rows()) {
      if (!TRY(NextBatch())) return {};
      continue;
    }
    const auto count = static_cast<uint32_t>(std::min<int64_t>(
        {current_->rows() - next_, rows_max - out.rows(), static_cast<int64_t>(data::kBatchCapacity)}));
    const data::Batch batch = TRY(current_->Slice(next_, count));
    TRY(cast_.Append(batch, out, rows_before_ + group_rows_ + static_cast<uint64_t>(next_)));
    next_ += count;
  }
  return {};
}

Status BatchRows::Take(const arrow::RecordBatch& batch) {
  Result<data::ImportedArray> imported = FromArrow(batch);
  if (!imported.has_value()) {
    return std::move(imported.error().Prefix("reading " + Quoted(path_, 300) + " as " + format_));
  }
  current_.emplace(std::move(*imported));
  next_ = 0;
  return {};
}

Result<bool> BatchRows::NextBatch() {
  if (current_.has_value()) group_rows_ += static_cast<uint64_t>(current_->rows());
  current_.reset();
  next_ = 0;
  while (true) {
    if (!is_open_ && !TRY(groups_->Open(group_))) return false;
    is_open_ = true;
    const std::shared_ptr<arrow::RecordBatch> batch = TRY(groups_->Next());
    if (batch != nullptr) {
      TRY(Take(*batch));
      return true;
    }
    ++group_;
    rows_before_ += group_rows_;
    group_rows_ = 0;
    is_open_ = false;
  }
}

RowPlace BatchRows::Place() const { return {group_, group_rows_ + static_cast<uint64_t>(next_), rows_before_}; }

Status BatchRows::Seek(const RowPlace& place) {
  const Status outside(ErrorCode::kCorrupt, "reading " + Quoted(path_, 300) + " from row " + std::to_string(place.row) +
                                                " of group " + std::to_string(place.group) + ": it has no such row");
  current_.reset();
  next_ = 0;
  group_ = place.group;
  group_rows_ = 0;
  rows_before_ = place.rows_before;
  is_open_ = TRY(groups_->Open(group_));
  if (!is_open_) return place.row == 0 ? Status() : outside;
  while (group_rows_ < place.row) {
    const std::shared_ptr<arrow::RecordBatch> batch = TRY(groups_->Next());
    if (batch == nullptr) return outside;
    const auto rows = static_cast<uint64_t>(batch->num_rows());
    if (place.row - group_rows_ < rows) {
      TRY(Take(*batch));
      next_ = static_cast<int64_t>(place.row - group_rows_);
      return {};
    }
    group_rows_ += rows;
  }
  return {};
}

}  // namespace laminar::formats
