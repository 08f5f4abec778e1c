// The session's time zone, as a kernel sees it.
#pragma once

#include "data/time_zone.h"
#include "expr/function.h"

namespace laminar::expr {

// The zone named by the environment; UTC when there is none. Looked up once a thread and name, then free of locks and
// allocation.
const data::Zone& SessionZone(const KernelContext& context);

}  // namespace laminar::expr
