// The cursors behind queries. RunCursor executes a plan on the caller's thread over snapshots and readers of its own;
// LiveCursor is attached to the running graph and receives what happens there.
#pragma once

#include <memory>
#include <optional>

#include "engine/core.h"
#include "engine/database.h"

namespace laminar::engine {

// Can the plan run by itself: no scan of a pushed source, and in streaming mode none of a table or view?
bool CanRunAlone(Core& core, const plan::QueryPlan& plan);
// Both take the lock. The plan is consumed.
// `as_of`: views as they were at the end of that epoch.
Result<std::unique_ptr<Cursor>> OpenRunCursor(Core& core, plan::QueryPlan plan, const Settings& settings,
                                              std::optional<uint64_t> as_of = std::nullopt);
// The changes of a view behind an epoch, past ones from its history, then what comes; with a column _epoch before the
// view's. In a durable database a change is shown when its epoch is durable, so a reader that names the last epoch it
// saw goes on without a gap or a repeat, over crashes too. kEpochGone.
Result<std::unique_ptr<Cursor>> OpenHistoryCursor(Core& core, ViewNode& view, uint64_t after);
Result<std::unique_ptr<Cursor>> OpenLiveCursor(Core& core, plan::QueryPlan plan, const Settings& settings);
// A fixed list of rows, for SHOW and DESCRIBE.
std::unique_ptr<Cursor> OpenListCursor(data::Schema schema, std::vector<std::vector<data::Value>> rows);

}  // namespace laminar::engine
