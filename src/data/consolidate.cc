#include "data/consolidate.h"

#include <algorithm>

#include "base/check.h"

namespace laminar::data {

int CompareRows(const Row& a, const Row& b, std::span<const Type> types) {
  CHECK(a.values.size() == types.size() && b.values.size() == types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    const int order = Value::Compare(a.values[i], b.values[i], types[i]);
    if (order != 0) return order;
  }
  return 0;
}

void Consolidate(std::vector<Row>& rows, std::span<const Type> types) {
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Row& a, const Row& b) { return CompareRows(a, b, types) < 0; });
  size_t kept = 0;
  for (size_t i = 0; i < rows.size();) {
    uint64_t weight = 0;
    size_t end = i;
    for (; end < rows.size() && CompareRows(rows[i], rows[end], types) == 0; ++end) {
      weight += static_cast<uint64_t>(rows[end].weight);
    }
    if (weight != 0) {
      if (kept != i) rows[kept] = std::move(rows[i]);
      rows[kept].weight = static_cast<int64_t>(weight);
      ++kept;
    }
    i = end;
  }
  rows.resize(kept);
}

void AppendRowsOf(const Batch& batch, std::span<const Type> types, std::vector<Row>& out) {
  CHECK(types.size() == batch.column_count);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    Row& added = out.emplace_back();
    added.weight = batch.Weight(row);
    for (uint32_t c = 0; c < batch.column_count; ++c) {
      added.values.push_back(Value::FromColumn(batch.columns[c], types[c], row));
    }
  }
}

std::vector<Row> RowsOf(const Batch& batch, std::span<const Type> types) {
  std::vector<Row> rows;
  AppendRowsOf(batch, types, rows);
  return rows;
}

}  // namespace laminar::data
