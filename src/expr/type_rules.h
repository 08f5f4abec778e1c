// Rules of DECIMAL types that binding and arithmetic share. ImplicitCastCost and CommonType stand in function.h.
#pragma once

#include "data/type.h"

namespace laminar::expr {

// The DECIMAL that holds every value of an integer type, a DECIMAL itself as it is; DECIMAL(38,0) for other types.
data::Type DecimalFor(const data::Type& type);
// Decimal(precision, scale) when it fits 38 digits; else digits after the point are given up first, down to
// `scale_min`.
data::Type CappedDecimal(int precision, int scale, int scale_min);

}  // namespace laminar::expr
