// x IN (list): a hashed set where the list is constant and long, comparisons one after the other else.
#pragma once

#include "expr/function.h"

namespace laminar::functions {

Result<expr::BoundFunction> BindIn(const expr::BindCall& call);

}  // namespace laminar::functions
