// What the planner says of operators without keyed state. Plain structs, no behaviour.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "data/type.h"
#include "expr/expr.h"

namespace laminar::exec {

// WHERE and SELECT in one step: rows for which `predicate` is TRUE (null: all rows), mapped to `outputs`.
// Linear in the input's weights. Rows that fail go to row_errors and no further; with `marks_failures` they go on, with
// errors in the columns that failed, for a FanOut whose readers do not all read those.
struct FilterProjectSpec {
  std::vector<data::Type> input;
  expr::ExprPtr predicate;
  std::vector<expr::ExprPtr> outputs;
  std::vector<uint32_t> not_null;  // outputs whose NULLs are failures
  bool marks_failures = false;
};

// UNION ALL: rows of all inputs; the watermark is the minimum over inputs.
struct UnionSpec {
  std::vector<data::Type> types;
  uint32_t inputs = 0;
};

// The first `limit` rows after `offset`; then kDone. For inputs without retractions.
struct LimitSpec {
  uint64_t limit = UINT64_MAX;
  uint64_t offset = 0;
};

// TUMBLE / HOP in FROM: each row once per window, with window_start and window_end appended (types as the time column).
struct WindowAssignSpec {
  std::vector<data::Type> input;
  uint32_t time_column = 0;
  Duration size = 0;
  Duration slide = 0;
  Duration offset = 0;
};

// FROM ..., UNNEST(array): each row once per element; the element (a MAP: key and value) is appended, and with
// `with_ordinality` its 1-based place. `is_outer`: a row with an empty or NULL array goes on once with NULLs.
struct UnnestSpec {
  std::vector<data::Type> input;
  uint32_t column = 0;
  bool with_ordinality = false;
  bool is_outer = false;
};

}  // namespace laminar::exec
