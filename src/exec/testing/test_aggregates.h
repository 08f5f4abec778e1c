// A few small aggregates for tests of operators, so that they need no function library. All but max retract.
//   count: rows; sum: of a BIGINT, NULL without values, an error past 10^15; max: of a BIGINT, append-only;
//   texts: every value of a BIGINT with its multiplicity, as "1*2,5*1", owns memory.
#pragma once

#include <memory>

#include "exec/aggregate/aggregate_spec.h"

namespace laminar::exec {

std::shared_ptr<const expr::BoundAggregate> TestCount();
std::shared_ptr<const expr::BoundAggregate> TestSum();
std::shared_ptr<const expr::BoundAggregate> TestMax();
std::shared_ptr<const expr::BoundAggregate> TestTexts();
// Live states of `texts`: zero when every operator is gone, else something leaked.
int64_t LiveTestTexts();

}  // namespace laminar::exec
