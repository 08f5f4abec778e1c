// The relations of a stored catalog, bound again as this version binds them, without opening anything they read.
//
// What the statements meant is needed to say which column of a stored row is which. Called by checkpoint_sql.cc.
#pragma once

#include <optional>

#include "base/status.h"
#include "catalog/catalog.h"
#include "engine/graph_state.h"
#include "engine/pipeline.h"
#include "plan/planner.h"

namespace laminar::engine {

struct BoundRelation {
  catalog::RelationPtr relation;       // null: a sink, which has no rows
  std::optional<ViewOfGroups> groups;  // of a materialized view that keeps no rows of its own
};

// In `context` stands the catalog of the entries before.
Result<BoundRelation> BindStoredRelation(const CatalogEntry& entry, const plan::PlanContext& context);

// The columns of a table's or materialized view's stored rows.
struct StoredLayout {
  std::vector<uint32_t> key;     // columns of the relation; a log's key is a number instead
  std::vector<uint32_t> values;  // and behind them, for a bag, how often the row is there
  bool is_log = false;
  bool is_bag = false;
  std::string ShapeText(const catalog::Relation& relation) const;  // as GraphState stores it
};
StoredLayout LayoutOf(const catalog::Relation& relation);

}  // namespace laminar::engine
