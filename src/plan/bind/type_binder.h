// Type names as written to types.
#pragma once

#include "base/status.h"
#include "data/type.h"
#include "sql/ast.h"

namespace laminar::plan {

Result<data::Type> BindType(const sql::TypeName& name);

}  // namespace laminar::plan
