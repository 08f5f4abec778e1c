// The leaves of a plan that are no relations: rows that are known when the query is opened.
#pragma once

#include <memory>

#include "base/status.h"
#include "data/batch.h"
#include "plan/node.h"

namespace laminar::engine {

class Core;

// Rows of a constant leaf (VALUES, generate_series, errors, late, laminar_metrics), batch by batch.
class LeafRows {
 public:
  virtual ~LeafRows() = default;
  virtual bool Next(data::BatchBuffer& out) = 0;
};
// Under the Lock: late(), errors() and metrics are copied at once.
Result<std::unique_ptr<LeafRows>> OpenLeafRows(Core& core, const plan::Node& node);

}  // namespace laminar::engine
