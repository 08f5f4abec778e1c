// Which casts are no work at all. Private to expr.
#pragma once

#include "data/type.h"

namespace laminar::expr {

// True when every value of `from` is, bit for bit, its own image in `to`.
bool IsViewCast(const data::Type& from, const data::Type& to);

}  // namespace laminar::expr
