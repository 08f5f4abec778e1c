// The version of LaminarDB, as version() and the command line show it..
#pragma once

#include <string_view>

namespace laminar {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace laminar
