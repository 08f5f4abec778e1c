// Deep copies of rows from a column of any encoding into a flat column of a BatchBuffer: long strings into its heap,
// list children into its child columns. The destination's rows [to_row, to_row + count) must be within its capacity.
// Errors of a column are not copied: rows that are kept have values or nulls.
#pragma once

#include <cstdint>

#include "data/batch.h"
#include "data/type.h"

namespace laminar::data {

void CopyRows(BatchBuffer& buffer, Column& to, const Type& type, uint32_t to_row, const Column& from, uint32_t first,
              uint32_t count);
// The chosen rows, in that order; count <= kBatchCapacity.
void GatherRows(BatchBuffer& buffer, Column& to, const Type& type, uint32_t to_row, const Column& from,
                const uint32_t* rows, uint32_t count);

}  // namespace laminar::data
