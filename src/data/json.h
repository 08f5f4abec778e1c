// Is a text one JSON document (RFC 8259)? A scanner without memory of its own; nesting is limited to 256, strings
// must be valid UTF-8.
#pragma once

#include <string_view>

namespace laminar::data {

bool IsValidJson(std::string_view text);

}  // namespace laminar::data
