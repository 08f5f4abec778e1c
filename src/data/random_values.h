// Seeded generators of types, values and batches, for the property tests of every module. They prefer the edges:
// extremes, zeros of both signs, NaN, empty and twelve- and thirteen-byte strings, nulls.
#pragma once

#include "base/random.h"
#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"

namespace laminar::data {

// Any type but NULL; nested ones up to that depth.
Type RandomType(Random& random, int max_depth);
// null_percent of the values, at every level, are NULL (keys of maps never).
Value RandomValue(Random& random, const Type& type, int null_percent = 10);
std::vector<Value> RandomRow(Random& random, const std::vector<Type>& types, int null_percent = 10);

// Appends `rows` random rows with weights in [-2, 3] without 0 where weighted.
void AppendRandomRows(Random& random, BatchBuffer& buffer, uint32_t rows, bool weighted, int null_percent = 10);

}  // namespace laminar::data
