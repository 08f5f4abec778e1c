// The snapshot of a state table: its page list at one moment. See page_store.h for what keeps the pages
// unchanged.
#pragma once

#include <memory>

#include "state/table/page_store.h"
#include "state/table/state_table.h"

namespace laminar::state {

std::shared_ptr<const Snapshot> MakeSnapshot(PageStore& store);

}  // namespace laminar::state
