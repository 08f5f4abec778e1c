// Random syntax trees for tests: every kind of node the parser can build, in the normal form it builds them (a minus is
// folded into its number, AND is never of one child, a plain query is not nested). Same seed, same tree.
#pragma once

#include "sql/ast.h"

namespace laminar::sql {

ExpressionPtr RandomExpression(uint64_t seed, int depth);
QueryPtr RandomStreamQuery(uint64_t seed, int depth);

}  // namespace laminar::sql
