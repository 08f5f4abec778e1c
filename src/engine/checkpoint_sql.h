// SQL over what stands in a checkpoint: a database in memory whose relations read their rows out of the checkpoint's
// files, when a query asks for them.
//
// Tables and materialized views stand under their names, with their columns; plain views as they were defined; every
// stored table of an operator under its path ("v/ohlc/1#0"), with the columns that its shape tells. Nothing on the disk
// is changed, no source is opened and no sink written. Law: a relation's rows are those the database showed at the
// checkpoint's epoch. Untrusted bytes in: kCorrupt or kUnreadableState, where they are met.
// Called by the verb `checkpoint`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/checkpoint_view.h"
#include "engine/database.h"

namespace laminar::engine {

struct CheckpointDatabase {
  CheckpointSummary checkpoint;  // the one that is shown
  std::unique_ptr<Database> database;
  std::vector<std::string> notices;  // what was passed over, and relations that are not what they were
};

// `directory` is a database's, or one checkpoint's. Without `id`: the newest that can be read. `options` gives clock
// and connectors; its path is not used.
Result<CheckpointDatabase> OpenCheckpointSql(os::FileSystem& files, const std::string& directory,
                                             std::optional<uint64_t> id, DatabaseOptions options);

// The relation that a person means by a name or a path; kNotFound says what there is.
Result<std::string> FindCheckpointRelation(Database& database, const std::string& name);

}  // namespace laminar::engine
