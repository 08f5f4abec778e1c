// The optimizer's rules; see rules.def for the list and the order.
#pragma once

#include "plan/node.h"

namespace laminar::plan {

#define RULE(name) bool name(NodePtr& node);
#include "plan/rules/rules.def"
#undef RULE

}  // namespace laminar::plan
