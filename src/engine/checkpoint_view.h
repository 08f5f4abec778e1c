// What stands in a checkpoint, for people and tools: no database is opened, nothing is changed.
//
// A folder is a database's, or one checkpoint's. Formats: docs/formats/checkpoint.md and state.md. Pure functions.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "engine/graph_state.h"
#include "os/file.h"

namespace laminar::engine {

struct CheckpointSummary {
  uint64_t id = 0;
  uint64_t epoch = 0;
  Timestamp created = 0;
  uint64_t bytes = 0;
  uint64_t new_bytes = 0;
  uint32_t files = 0;
  std::string directory;
};

struct TableSummary {
  uint32_t number = 0;
  std::string path;   // of its operator, and which of its tables
  std::string name;   // as the operator calls it
  std::string shape;  // types of key and values
  uint64_t rows = 0;
  uint64_t bytes = 0;  // of keys and values
};

struct CheckpointContents {
  std::vector<CatalogEntry> relations;
  std::vector<TableSummary> tables;
  std::vector<std::pair<std::string, uint64_t>> notes;  // operator, bytes
  std::vector<StoredHead> positions;
  std::map<std::string, StoredFailure> failures;
};

// By number, the oldest first, also those whose manifest cannot be read (id 0). Of a database's folder: those in its
// state/; of a checkpoint's: itself.
Result<std::vector<CheckpointSummary>> ListCheckpointsOf(os::FileSystem& files, const std::string& directory);
// Reads every byte; kCorrupt names what is wrong.
Status VerifyCheckpointOf(os::FileSystem& files, const CheckpointSummary& checkpoint);
// The one with that id, or without one the newest that `read` can read; `skipped` gets a line for each that it could
// not. A running database may remove one between the look and the reading: then others are looked for.
Result<CheckpointSummary> PickCheckpoint(os::FileSystem& files, const std::string& directory,
                                         std::optional<uint64_t> id,
                                         const std::function<Status(const CheckpointSummary&)>& read,
                                         std::vector<std::string>* skipped);
Result<CheckpointContents> ReadContents(os::FileSystem& files, const CheckpointSummary& checkpoint);

}  // namespace laminar::engine
