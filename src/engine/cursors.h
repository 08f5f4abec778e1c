// The cursors behind queries. RunCursor executes a plan on the caller's thread over snapshots and readers of its own;
// LiveCursor is attached to the running graph and receives what happens there.
#pragma once

#include <memory>

#include "engine/core.h"
#include "engine/database.h"

namespace laminar::engine {

// Can the plan run by itself: no scan of a pushed source, and in streaming mode none of a table or view?
bool CanRunAlone(Core& core, const plan::QueryPlan& plan);
// Both take the lock. The plan is consumed.
Result<std::unique_ptr<Cursor>> OpenRunCursor(Core& core, plan::QueryPlan plan, const Settings& settings);
Result<std::unique_ptr<Cursor>> OpenLiveCursor(Core& core, plan::QueryPlan plan, const Settings& settings);
// A fixed list of rows, for SHOW and DESCRIBE.
std::unique_ptr<Cursor> OpenListCursor(data::Schema schema, std::vector<std::vector<data::Value>> rows);

}  // namespace laminar::engine
