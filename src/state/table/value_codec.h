// Nested values (ARRAY, MAP, STRUCT) as bytes, so that a row of a state table can hold one like a string.
//
// Self-describing only together with the type. The format is stable, as checkpoints hold it (docs/formats/state.md);
// bytes from there pass IsNestedValue first. With `canonical`, equal values have equal bytes (-0.0 is 0.0, one NaN,
// intervals by length): that is how nested keys are compared. Called by row_layout.cc and row_image.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/batch.h"
#include "data/type.h"

namespace laminar::state {

// Appends the value of `row` of a column (flat, constant or dictionary).
void EncodeNested(const data::Column& column, const data::Type& type, uint32_t row, bool canonical, std::string& out);
// Writes bytes of EncodeNested to `row` of a flat column with storage of `buffer`.
void DecodeNested(std::string_view bytes, data::BatchBuffer& buffer, data::Column& column, const data::Type& type,
                  uint32_t row);
// Whether the bytes are such a value, whole and of that type.
bool IsNestedValue(std::string_view bytes, const data::Type& type);

// An interval as the representative of all intervals of the same length.
data::Interval CanonicalInterval(const data::Interval& value);

}  // namespace laminar::state
