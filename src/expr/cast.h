// Casts between types, as kernels: explicit CAST semantics of Postgres with DuckDB's text forms. A value that cannot be
// cast fails its row.
#pragma once

#include <memory>

#include "base/status.h"
#include "data/type.h"
#include "data/value.h"
#include "expr/function.h"

namespace laminar::expr {

// The function that casts `from` to `to`; kTypeMismatch when no cast exists between them. `to` VARCHAR works from every
// type, `from` VARCHAR to every type.
Result<std::shared_ptr<const BoundFunction>> FindCast(const data::Type& from, const data::Type& to);

// Casts one value, for literals and options.
Result<data::Value> CastValue(const data::Value& value, const data::Type& from, const data::Type& to);

}  // namespace laminar::expr
