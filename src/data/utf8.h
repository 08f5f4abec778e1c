// Is a text valid UTF-8 (no overlong forms, surrogates or code points above 0x10FFFF)? Text from outside is checked once, where it comes in.
#pragma once

#include <string_view>

namespace laminar::data {

bool IsValidUtf8(std::string_view text);

}  // namespace laminar::data
