// The operator ||.
#pragma once

#include "expr/function.h"

namespace laminar::functions {

Result<expr::BoundFunction> BindConcat(const expr::BindCall& call);

}  // namespace laminar::functions
