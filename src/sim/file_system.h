// A file system in memory whose disk can fail. Twin of os::RealFileSystem.
//
// It keeps two states: what running code sees, and what is on the disk. File::Sync moves a file's bytes to the disk,
// SyncDirectory a folder's names. Crash() throws the first state away, as a power cut does, and may let parts of what
// was not synced survive (torn), because real disks do that too. Faults are planned by operation, path and call number.
// Law: what was synced before a crash is there after it, byte for byte.
// Thread: any; one mutex.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/spill_file.h"

namespace laminar::sim {

enum class FileOperation : uint8_t {
  kAny,
  kOpen,
  kRead,
  kWrite,
  kSync,
  kTruncate,
  kStat,
  kList,
  kRename,
  kRemove,
  kCreateDirectory,
  kSyncDirectory,
  kAllocate,
  kHardLink,
  kLock
};

struct FileFault {
  enum class Kind : uint8_t {
    kError,      // the call fails and changes nothing
    kDiskFull,   // the same, as kLimitReached
    kTornWrite,  // half of the bytes are written, then the call fails
    kPowerCut,   // this call and all later ones fail until Crash()
  };
  Kind kind = Kind::kError;
  FileOperation operation = FileOperation::kAny;
  std::string path_part;  // only paths that contain it; empty: all
  uint64_t at_call = 1;   // the n-th matching call from now on
  uint64_t times = 1;     // and so many in a row
};

class SimFileSystem final : public os::FileSystem, public os::SpillFiles {
 public:
  explicit SimFileSystem(const os::Clock& clock);
  ~SimFileSystem() override;

  Result<std::unique_ptr<os::File>> Open(const std::string& path, os::OpenMode mode) override;
  Result<os::FileFacts> Stat(const std::string& path) override;
  Result<std::vector<std::string>> List(const std::string& directory) override;
  Status Rename(const std::string& from, const std::string& to) override;
  Status Remove(const std::string& path) override;
  Status CreateDirectory(const std::string& path) override;
  Status SyncDirectory(const std::string& path) override;
  Status HardLink(const std::string& from, const std::string& to) override;
  Result<std::unique_ptr<os::FileLock>> Lock(const std::string& path) override;
  // Its calls are those of a file "(spill)" in that folder: kOpen, kWrite to move something out, kSync to release it.
  Result<std::unique_ptr<os::SpillFile>> MakeSpillFile(const std::string& directory) override;

  void Plan(FileFault fault);
  void ClearFaults();
  // Writes that would make all files together larger than this fail with kLimitReached.
  void SetCapacity(uint64_t bytes);
  // Rot: turns one bit (0 to 7) of a file over, on the disk too. kBadFile when there is no such byte.
  Status FlipBit(const std::string& path, uint64_t offset, uint32_t bit);
  // Calls of every kind since the start: run once, then plan a power cut at each.
  uint64_t CallCount() const;

  // Back to what is on the disk; open files and locks become useless and planned faults are dropped. With torn, each
  // 512-byte sector and each name that was not synced survives or not, by the random numbers.
  void Crash();
  void CrashTorn(Random& random);

  struct State;  // in file_system.cc

 private:
  std::shared_ptr<State> state_;
};

}  // namespace laminar::sim
