// Nested values (ARRAY, MAP, STRUCT) as bytes, so that a row of a state table can hold one like a string.
//
// Self-describing only together with the type; written and read by this process, never stored in files. With
// `canonical`, equal
// values have equal bytes (-0.0 is 0.0, one NaN, intervals by length): that is how nested keys are compared.
// Called by row_layout.cc.
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

// An interval as the representative of all intervals of the same length.
data::Interval CanonicalInterval(const data::Interval& value);

}  // namespace laminar::state
