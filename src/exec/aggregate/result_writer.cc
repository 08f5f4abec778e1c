#include "exec/aggregate/result_writer.h"

#include <cstring>

#include "base/hot_scope.h"
#include "data/numeric_bits.h"
#include "data/value.h"

namespace laminar::exec {
namespace {

using data::Column;
using data::PhysicalType;

template <class T, class Equal>
void MarkChanges(const Column& column, uint32_t n, uint8_t* is_changed, const Equal& equal) {
  const T* values = column.As<T>();
  if (!column.has_nulls) {
    for (uint32_t i = 0; i < n; ++i) is_changed[i] |= static_cast<uint8_t>(!equal(values[i], values[n + i]));
    return;
  }
  for (uint32_t i = 0; i < n; ++i) {
    const bool was_null = column.IsNull(i);
    const bool is_null = column.IsNull(n + i);
    is_changed[i] |= static_cast<uint8_t>(was_null != is_null || (!is_null && !equal(values[i], values[n + i])));
  }
}

// Sets is_changed[i] where row i differs from row n + i.
void MarkChanges(const Column& column, const data::Type& type, uint32_t n, uint8_t* is_changed) {
  const auto same = [](const auto& a, const auto& b) { return a == b; };
  const auto same_number = [](double a, double b) { return data::CompareDoubles(a, b) == 0; };
  switch (type.physical()) {
    case PhysicalType::kNull: return;
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
    case PhysicalType::kUInt8: return MarkChanges<uint8_t>(column, n, is_changed, same);
    case PhysicalType::kInt16:
    case PhysicalType::kUInt16: return MarkChanges<uint16_t>(column, n, is_changed, same);
    case PhysicalType::kInt32:
    case PhysicalType::kUInt32: return MarkChanges<uint32_t>(column, n, is_changed, same);
    case PhysicalType::kInt64:
    case PhysicalType::kUInt64: return MarkChanges<uint64_t>(column, n, is_changed, same);
    case PhysicalType::kFloat: return MarkChanges<float>(column, n, is_changed, same_number);
    case PhysicalType::kDouble: return MarkChanges<double>(column, n, is_changed, same_number);
    case PhysicalType::kInt128:
    case PhysicalType::kUuid: return MarkChanges<unsigned __int128>(column, n, is_changed, same);
    case PhysicalType::kString: return MarkChanges<data::StringRef>(column, n, is_changed, same);
    case PhysicalType::kInterval:
      return MarkChanges<data::Interval>(column, n, is_changed, [](const data::Interval& a, const data::Interval& b) {
        return data::IntervalMicros(a) == data::IntervalMicros(b);
      });
    case PhysicalType::kList:
    case PhysicalType::kStruct: {
      AllowAllocation nested;
      for (uint32_t i = 0; i < n; ++i) {
        const data::Value before = data::Value::FromColumn(column, type, i);
        is_changed[i] |=
            static_cast<uint8_t>(data::Value::Compare(before, data::Value::FromColumn(column, type, n + i), type) != 0);
      }
    }
  }
}

}  // namespace

ResultWriter::ResultWriter(std::vector<data::Type> types, size_t first_result, SideOutput* row_errors)
    : types_(std::move(types)),
      first_result_(first_result),
      row_errors_(row_errors),
      out_(types_),
      kept_(types_),
      is_changed_(std::make_unique<uint8_t[]>(kGroups)) {}

ResultWriter::Chunk& ResultWriter::ChunkAt(size_t i) {
  if (i >= chunks_.size()) {
    AllowAllocation growth;
    while (i >= chunks_.size()) chunks_.push_back(std::make_unique<Chunk>(types_));
  }
  return *chunks_[i];
}

bool ResultWriter::HasErrors(const data::BatchBuffer& buffer) const {
  for (size_t c = first_result_; c < types_.size(); ++c) {
    if (buffer.batch().columns[c].has_errors) return true;
  }
  return false;
}

bool ResultWriter::HasError(const data::BatchBuffer& buffer, uint32_t row) const {
  for (size_t c = first_result_; c < types_.size(); ++c) {
    if (buffer.batch().columns[c].HasError(row)) return true;
  }
  return false;
}

void ResultWriter::Report(const data::Batch& batch, uint32_t row) {
  const auto failed = static_cast<uint16_t>(row);
  AllowAllocation report;
  row_errors_->Add(batch, types_, &failed, 1, ErrorCode::kOverflow);
}

Step ResultWriter::EmitChanges(Chunk& chunk, uint32_t n, Output& out) {
  data::BatchBuffer& rows = chunk.buffer;
  rows.SetRows(2 * n);
  int64_t* weights = rows.UseWeights();
  std::fill_n(weights, n, int64_t{-1});
  std::fill_n(weights + n, n, int64_t{1});
  if (HasErrors(rows)) {
    for (uint32_t i = 0; i < n; ++i) {
      if (chunk.existed[i] != 0 && HasError(rows, i)) chunk.existed[i] = 0;
      if (chunk.exists[i] == 0 || !HasError(rows, n + i)) continue;
      chunk.exists[i] = 0;
      Report(rows.batch(), n + i);
    }
  }
  std::memset(is_changed_.get(), 0, n);
  for (size_t c = first_result_; c < types_.size(); ++c) MarkChanges(rows.column(c), types_[c], n, is_changed_.get());
  uint16_t order[data::kBatchCapacity];
  uint32_t count = 0;
  for (uint32_t i = 0; i < n; ++i) {
    if (chunk.existed[i] != 0 && chunk.exists[i] != 0 && is_changed_[i] == 0) continue;
    if (chunk.existed[i] != 0) order[count++] = static_cast<uint16_t>(i);
    if (chunk.exists[i] != 0) order[count++] = static_cast<uint16_t>(n + i);
  }
  if (count == 0) return Step::kMore;
  if (out_.rows() > 0) out_.Reset();  // else it is as Reset left it
  {
    AllowAllocation growth;  // of the string heap, until it has seen the longest batch
    out_.AppendSelected(rows.batch(), order, count);
  }
  const Step step = out.Push(out_.batch());
  out_.Reset();
  return step;
}

Step ResultWriter::Flush(Output& out) {
  if (out_.rows() == 0) return Step::kMore;
  data::BatchBuffer* rows = &out_;
  if (HasErrors(out_)) {
    uint16_t good[data::kBatchCapacity];
    uint32_t count = 0;
    for (uint32_t row = 0; row < out_.rows(); ++row) {
      if (HasError(out_, row)) {
        Report(out_.batch(), row);
      } else {
        good[count++] = static_cast<uint16_t>(row);
      }
    }
    AllowAllocation growth;
    kept_.Reset();
    kept_.AppendSelected(out_.batch(), good, count);
    rows = &kept_;
  }
  const Step step = out.Push(rows->batch());
  out_.Reset();
  return step;
}

}  // namespace laminar::exec
