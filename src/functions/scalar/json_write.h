// Any value as JSON text.
#pragma once

#include <string>
#include <string_view>

#include "data/batch.h"
#include "data/type.h"

namespace laminar::functions {

// Appends the JSON of one row: numbers and booleans as themselves, arrays as arrays, structs and maps as objects, all
// else as strings. NaN and infinities are strings. Depth is that of the type.
void AppendJson(const data::Type& type, const data::Column& column, uint32_t row, std::string& out);

// The text in double quotes, escaped.
void AppendJsonQuoted(std::string_view text, std::string& out);

}  // namespace laminar::functions
