// JSON lines: one object a line (RFC 8259). Options: timestamp_unit (of whole numbers in timestamp columns, 'ms' by
// default), row_bytes_max.
//
// Columns are matched by key, exactly. A missing key is NULL, a key nobody declared is ignored, of a repeated key the
// last one counts. Objects and arrays fit STRUCT, MAP, ARRAY and JSON columns, and VARCHAR as their text. A line that
// is not such an object, or has a value that does not fit its column, goes to BadRows with file and line.
#pragma once

#include <memory>
#include <string_view>

#include "formats/formats.h"

namespace laminar::formats {

// Deepest nesting of arrays and objects.
inline constexpr int kJsonDepthMax = 256;

Status CheckJsonOptions(sdk::Options& options, bool writing);
Result<std::unique_ptr<sdk::Decoder>> MakeJsonDecoder(sdk::DecoderRequest request);
Result<std::unique_ptr<sdk::Encoder>> MakeJsonEncoder(EncoderRequest request);
Result<data::Schema> InferJsonSchema(std::string_view sample, bool complete, std::string_view place,
                                     sdk::Options& options);

}  // namespace laminar::formats
