// What the bind functions of aggregates share: checks of arguments with one wording, constants, the numeric class of a
// type.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "data/type.h"
#include "expr/aggregate.h"

namespace laminar::functions {

using data::Type;
using data::TypeId;
using expr::AggregateBindCall;
using expr::AggregateFunction;
using expr::BoundAggregate;

using AggregateBind = Result<BoundAggregate> (*)(const AggregateBindCall&);

// kFunctionArguments unless the call has that many arguments.
Status CheckCount(const AggregateBindCall& call, size_t least, size_t most);
// kFunctionArguments: "sum: argument 1 is VARCHAR, expected a number".
Status WrongArgument(const AggregateBindCall& call, size_t argument, std::string_view expected);
Status CheckNumeric(const AggregateBindCall& call, size_t argument);
// kCannotRetract with the hint to use `exact` where the input retracts.
Status CheckAppendOnly(const AggregateBindCall& call, std::string_view exact);
// kFunctionArguments where DISTINCT stands and means nothing.
Status RejectDistinct(const AggregateBindCall& call);

// The constant argument as a number; kFunctionArguments when it is not a constant number.
Result<double> ConstantNumber(const AggregateBindCall& call, size_t argument, std::string_view what);
// The same for a fraction: kBadFraction outside [0, 1].
Result<double> ConstantFraction(const AggregateBindCall& call, size_t argument);

}  // namespace laminar::functions
