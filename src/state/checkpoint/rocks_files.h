// RocksDB on os::FileSystem: every file that RocksDB touches goes through ours, so the store runs on the machine's disk
// and on the simulator's alike, and every failure of a disk can be played in a test.
//
// Of a live store only table files are on the disk: its bookkeeping (CURRENT, MANIFEST, OPTIONS, logs) stays in memory,
// because no start ever reads it. A table that a flush could not write is held in memory too and WriteHeld tries again:
// so a flush never fails, and RocksDB never gets into the state of error from which it may not come back. Merges may
// fail; RocksDB starts them again.
// RocksDB carries an error as text only. Our own Status of each failed call is remembered, so that the caller of
// RocksDB gets the true code, path and hint back (rocks_store.cc). Thread: any; RocksDB has threads of its own.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "os/file.h"

namespace rocksdb {
class Env;
class EventListener;
}  // namespace rocksdb

namespace laminar::state {

enum class RocksAccess : uint8_t {
  kLive,      // see above
  kReadOnly,  // all is on the disk, and every call that would change something fails
};

class RocksFiles {
 public:
  RocksFiles(os::FileSystem& files, RocksAccess access);

  // What RocksDB calls the environment: these files, the process's background threads, the machine's clock.
  std::unique_ptr<rocksdb::Env> MakeEnv();
  // RocksDB must have it too: it says which tables come from a flush.
  std::shared_ptr<rocksdb::EventListener> MakeListener();
  // The failure whose message the text quotes; ok when none of the latest does.
  Status FindFailure(std::string_view text) const;

  // A bookkeeping file of a live store.
  void PutText(const std::string& path, std::string text);
  Result<std::string> Text(const std::string& path) const;

  // Tables that could not be written.
  uint64_t held_bytes() const;
  Status WriteHeld();

  struct Shared;  // in rocks_files.cc

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace laminar::state
