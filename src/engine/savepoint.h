// Savepoints: a checkpoint of a running database copied into a new folder, which is a database of its own.
//
// Law: the folder is there whole or not at all. It is made beside its name and renamed; what a power cut leaves under
// the other name is no database and goes with the next try. Nothing in it is shared with the database it came from, nor
// its number, so the two cannot be taken for one another. Format: docs/formats/database.md.
// Called by the statement SAVEPOINT on the caller's thread: neither core nor log thread waits for the copying.
#pragma once

#include <atomic>
#include <string>

#include "base/status.h"
#include "engine/database_directory.h"
#include "state/checkpoint/checkpoint_store.h"

namespace laminar::engine {

// Could a savepoint be written there now? kAlreadyExists, kBadFile, kBadValue with what to do instead.
Status CheckSavepointTarget(const DatabaseDirectory& database, const std::string& target);

// Durable when it returns. On failure nothing stays behind.
Result<state::CheckpointInfo> WriteSavepoint(const DatabaseDirectory& database, const os::Clock& clock,
                                             const state::CheckpointPin& pin, const std::string& target,
                                             const std::atomic<bool>& cancelled);

}  // namespace laminar::engine
