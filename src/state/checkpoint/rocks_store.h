// One RocksDB in one directory, behind a face without RocksDB's headers: what is applied, read and frozen.
//
// Law: what Freeze names are immutable table files and a descriptor (RocksDB's own MANIFEST) that together hold exactly
// what was applied before it; they stay until Thaw. RocksDB's statuses become ours: Corruption is kCorrupt, a failed
// file call is that call's own Status, else kIo. RocksDB's own log is off: a live store never outlives its process.
// Threads: one at a time, apart from cursors; merging of table files runs on threads of RocksDB.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "os/file.h"
#include "state/checkpoint/checkpoint_store.h"
#include "state/checkpoint/rocks_background.h"
#include "state/checkpoint/rocks_files.h"

namespace rocksdb {
class DB;
class Env;
class Cache;
}  // namespace rocksdb

namespace laminar::state {

struct RocksSettings {
  os::FileSystem* files = nullptr;
  std::string directory;
  RocksAccess access = RocksAccess::kLive;
  // Name and contents of the descriptor a live store starts from; its tables are in the directory. Empty: a new store.
  std::string descriptor;
  std::string descriptor_text;
  uint64_t memory_bytes = uint64_t{64} << 20;
  uint64_t cache_bytes = uint64_t{32} << 20;
  bool is_inline = false;  // merges are done when the call that began them returns
};

struct FrozenTable {
  std::string name;
  uint64_t bytes = 0;
  uint32_t crc32c = 0;  // of the bytes as they were written, not as they were read back
};

struct FrozenStore {
  std::vector<FrozenTable> tables;
  std::string descriptor;  // name
  std::string descriptor_text;
};

class RocksStore : public std::enable_shared_from_this<RocksStore> {
 public:
  static Result<std::shared_ptr<RocksStore>> Open(const RocksSettings& settings);
  // Closes, and removes the directory of a live store.
  ~RocksStore();
  RocksStore(const RocksStore&) = delete;
  RocksStore& operator=(const RocksStore&) = delete;

  // All of it or nothing.
  Status Apply(std::string_view delta);
  Result<std::optional<std::string>> Get(std::string_view key);
  Result<std::unique_ptr<StateCursor>> Scan(std::string_view first, std::string_view behind);

  // Of a store made from a checkpoint: until then its table files are left as they are.
  Status StartMerging();
  Result<FrozenStore> Freeze();
  Status Thaw();

  uint64_t memory_bytes() const;
  const std::string& directory() const { return settings_.directory; }

 private:
  explicit RocksStore(RocksSettings settings);
  Status OpenDatabase();
  void Settle();
  // Lets RocksDB go on after a background write failed.
  Status Revive();

  RocksSettings settings_;
  std::shared_ptr<RocksFiles> rocks_files_;
  std::shared_ptr<RocksBackground> background_;  // null: not inline
  std::unique_ptr<rocksdb::Env> env_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace laminar::state
