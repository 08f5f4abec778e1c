// CheckpointStore: the state of the database as sorted byte keys and values, in RocksDB, and its checkpoints on disk.
// Interface; the directory format is docs/formats/checkpoint.md.
//
// The live store takes deltas (state/log/delta.h). Publish freezes it: hard links to its immutable files plus a
// manifest with the checksum of each, made in a temporary directory and renamed, so a checkpoint is whole or absent.
// The live store itself is never trusted after a crash: opening makes it anew from the newest checkpoint that is valid.
// Law: what Open finds is exactly what stood in the live store at some Publish that returned ok, or at a later one that
// was under way. Threads: one at a time (ring 1); a StateCursor may be used on another thread meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "os/clock.h"
#include "os/file.h"
#include "state/log/wal.h"

namespace laminar::state {

struct CheckpointOptions {
  os::FileSystem* files = nullptr;
  const os::Clock* clock = nullptr;
  std::string directory;  // made if missing; holds checkpoint-<20 digits>/ and live-<...>/
  uint64_t database_id = 0;
  uint32_t retained = 3;                       // checkpoints kept, at least 1
  uint64_t memory_bytes = uint64_t{128} << 20;  // write buffers of the live store
  uint64_t cache_bytes = uint64_t{32} << 20;   // block cache
  // Open reads every byte of checkpoints up to this size. Of larger ones it compares sizes, the manifest and the
  // store's descriptor; damage in a block shows as kCorrupt when it is read. UINT64_MAX: reads all, so that an Open
  // after such an error finds an older checkpoint.
  uint64_t read_bytes_max = uint64_t{64} << 20;
  bool is_inline = false;  // nothing goes on in the background between calls
};

struct CheckpointInfo {
  uint64_t id = 0;
  Epoch epoch = 0;
  Timestamp created = 0;
  std::vector<WalPosition> log;  // per core: the log from here on is not in the checkpoint
  uint64_t bytes = 0;            // of all its files
  uint64_t new_bytes = 0;        // of files that the one before did not have
  uint32_t files = 0;
  std::string directory;
};

// Walks keys in ascending byte order over the contents at the moment it was made.
class StateCursor {
 public:
  virtual ~StateCursor() = default;
  virtual bool valid() const = 0;
  virtual void Next() = 0;
  virtual std::string_view key() const = 0;    // until Next
  virtual std::string_view value() const = 0;  // until Next
  // An error met on the way (a damaged block); valid() is false then.
  virtual Status status() const = 0;
};

// Holds a checkpoint: its files stay while this lives, whatever retention does meanwhile. Any thread.
class CheckpointPin {
 public:
  virtual ~CheckpointPin() = default;
  virtual const CheckpointInfo& info() const = 0;
  // A copy that stands alone, as a checkpoint of another database that has no log yet: in a new folder, whose parent is
  // there and whose name the caller makes durable. On failure the caller removes it. kCancelled: soon after
  // `cancelled`.
  virtual Result<CheckpointInfo> CopyTo(const std::string& directory, uint64_t database_id,
                                        const std::atomic<bool>& cancelled) const = 0;
};

class CheckpointStore {
 public:
  // Finds the newest valid checkpoint, removes what unfinished runs left behind, and makes the live store from it.
  // kNoUsableCheckpoint when there are checkpoints and none is valid. `skipped` gets one line for each that was not.
  // kForeignFile, kFormatVersion: a whole checkpoint of another database or version stands where the newest should.
  static Result<std::unique_ptr<CheckpointStore>> Open(CheckpointOptions options, std::vector<std::string>* skipped);
  virtual ~CheckpointStore() = default;

  // The checkpoint the live store was made from; nothing: it started empty.
  virtual const std::optional<CheckpointInfo>& base() const = 0;
  virtual Status Apply(std::string_view delta) = 0;
  virtual Result<std::optional<std::string>> Get(std::string_view key) = 0;
  // Keys in [first, behind); behind empty: to the end.
  virtual Result<std::unique_ptr<StateCursor>> Scan(std::string_view first, std::string_view behind) = 0;

  // When what was recovered has been read: from then on table files are merged in the background. Until then they only
  // become more.
  virtual Status StartMerging() = 0;
  // Freezes what was applied. `epoch` and `log` say where it stands. Older checkpoints beyond `retained` are removed
  // (manifest first). On failure nothing is left behind and the live store goes on.
  virtual Result<CheckpointInfo> Publish(Epoch epoch, const std::vector<WalPosition>& log) = 0;
  // Those kept, oldest first. The log must be kept from the oldest one's position on.
  virtual std::vector<CheckpointInfo> List() const = 0;
  // From any thread. kNotFound when it is not kept, or no longer.
  virtual Result<std::unique_ptr<CheckpointPin>> Pin(uint64_t id) = 0;
  virtual uint64_t memory_bytes() const = 0;
};

// For tools, without a running database. A checkpoint directory is one checkpoint-<...>/ or a savepoint.
Result<std::vector<CheckpointInfo>> ListCheckpoints(os::FileSystem& files, const std::string& directory);
// Reads every file and compares size and checksum: ok, or kCorrupt naming the first that is wrong.
Result<CheckpointInfo> VerifyCheckpoint(os::FileSystem& files, const std::string& checkpoint_directory);
// Read-only, with checks of every block on the way. Several cursors at once, each on a thread of its own.
class CheckpointReader {
 public:
  static Result<std::unique_ptr<CheckpointReader>> Open(os::FileSystem& files, const std::string& checkpoint_directory);
  virtual ~CheckpointReader() = default;
  virtual const CheckpointInfo& info() const = 0;
  // See CheckpointStore::Scan. A cursor may outlive the reader.
  virtual Result<std::unique_ptr<StateCursor>> Scan(std::string_view first, std::string_view behind) = 0;
};
Result<std::unique_ptr<StateCursor>> ReadCheckpoint(os::FileSystem& files, const std::string& checkpoint_directory,
                                                    std::string_view first, std::string_view behind);

}  // namespace laminar::state
