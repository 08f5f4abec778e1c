// What the planner says of ORDER BY [LIMIT]: for inputs that end. Emits at the end of the input, in order, the rows
// whose weights sum up above zero.
#pragma once

#include <cstdint>
#include <vector>

#include "data/type.h"
#include "expr/aggregate.h"

namespace laminar::exec {

struct SortColumn {
  uint32_t column = 0;
  expr::SortKey key;
};

struct SortSpec {
  std::vector<data::Type> input;
  std::vector<SortColumn> columns;
  uint64_t limit = UINT64_MAX;
  uint64_t offset = 0;
  bool input_retracts = false;
};

}  // namespace laminar::exec
