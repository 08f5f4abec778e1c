// Consolidation: the weights of equal rows summed, rows of weight zero dropped. Two lists of changes mean the same
// relation exactly if their consolidated forms are equal. For tests, the shell and small outputs; operators
// consolidate in their state.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"

namespace laminar::data {

struct Row {
  std::vector<Value> values;
  int64_t weight = 1;
  bool operator==(const Row&) const = default;
};

// Total order by values, column by column.
int CompareRows(const Row& a, const Row& b, std::span<const Type> types);

// Ordered by values; equal rows are one, none has weight 0. Weights wrap on overflow.
void Consolidate(std::vector<Row>& rows, std::span<const Type> types);

// Appends the rows of a batch.
void AppendRowsOf(const Batch& batch, std::span<const Type> types, std::vector<Row>& out);
std::vector<Row> RowsOf(const Batch& batch, std::span<const Type> types);

}  // namespace laminar::data
