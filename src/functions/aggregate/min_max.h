// min as other aggregates use it: any_value over rows that may be taken back is the smallest one, so that it is always
// the same.
#pragma once

#include "functions/aggregate/bind.h"

namespace laminar::functions {

Result<BoundAggregate> BindMinimum(const AggregateBindCall& call);

}  // namespace laminar::functions
