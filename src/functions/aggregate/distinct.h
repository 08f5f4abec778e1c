// DISTINCT forms. count(DISTINCT x, ...) counts the keys of a bag; any other aggregate stands behind a bag that passes
// a value on when its count becomes positive and takes it back when it is so no more, so each change costs one search
// whatever the group holds.
#pragma once

#include "functions/aggregate/bind.h"

namespace laminar::functions {

// count(DISTINCT x) or count(DISTINCT x, y, ...): rows where any of them is NULL do not count.
Result<BoundAggregate> BindCountDistinct(const AggregateBindCall& call);

// DISTINCT before an aggregate of one argument that `bind` binds without it.
Result<BoundAggregate> BindDistinct(const AggregateBindCall& call, AggregateBind bind);

}  // namespace laminar::functions
