// Files, behind an interface: the machine's (RealFileSystem) or the simulator's (sim/file_system.h). Nothing of ours
// opens a file by another way, so every failure of a disk can be played in a test.
//
// Errors: kBadFile when a path names nothing; kLimitReached when the disk or a quota is full; kIo otherwise. Each names
// what was being done, the path and the system's own words.
// Durability: bytes are safe after Sync() of the file; a created, renamed or removed name after SyncDirectory() of its
// folder. Thread: a FileSystem may be used by many threads; a File by one at a time, except ReadAt.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"

namespace laminar::os {

class File {
 public:
  virtual ~File() = default;  // closes
  // Up to out.size() bytes from offset; fewer only at the end of the file, 0 behind it.
  virtual Result<size_t> ReadAt(uint64_t offset, std::span<char> out) const = 0;
  // All bytes or an error; after an error some may have been written. Grows the file as needed.
  virtual Status WriteAt(uint64_t offset, std::string_view bytes) = 0;
  // Behind the last byte.
  virtual Status Append(std::string_view bytes) = 0;
  virtual Result<uint64_t> Size() const = 0;
  virtual Status Truncate(uint64_t size) = 0;
  // Bytes and size reach the disk before it returns. After an error the contents on disk are unknown: never retry it.
  virtual Status Sync() = 0;
  // The bytes reach the disk, and the size if it grew; not the rest of what the system notes about a file, which is
  // why it is cheaper. The same holds after an error.
  virtual Status SyncData() = 0;
  // Makes the file at least this large, its new part zeros, with the space for it taken: writing there later does not
  // meet a full disk. kLimitReached when there is no room; the size is then as before.
  virtual Status Allocate(uint64_t size) = 0;
  // The system's handle of the file, for the one who knows a faster way to write (os/uring); -1: there is none.
  virtual int descriptor() const { return -1; }
  virtual const std::string& path() const = 0;
};

// An exclusive lock on a file, held until destruction or the end of the process, however it ends.
class FileLock {
 public:
  virtual ~FileLock() = default;  // releases; the file stays
  // A short text (at most 200 bytes) that says who holds it, for the message the next one gets, and for people.
  virtual Status SetHolder(std::string_view text) = 0;
  virtual Result<std::string> Holder() const = 0;
};

enum class OpenMode : uint8_t {
  kRead,       // must exist
  kReadWrite,  // must exist
  kCreate,     // read and write; made if missing
  kCreateNew,  // read and write; must not exist (kAlreadyExists)
  kReplace,    // read and write; made if missing, emptied if not
};

struct FileFacts {
  uint64_t bytes = 0;
  Timestamp modified = 0;
  uint64_t identity = 0;      // changes when another file takes the name (device and inode)
  bool is_directory = false;  // follows links
  bool is_link = false;       // the path itself is a symbolic link
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  virtual Result<FileFacts> Stat(const std::string& path) = 0;
  // Names in a folder, sorted, without "." and "..".
  virtual Result<std::vector<std::string>> List(const std::string& directory) = 0;
  // Replaces the target in one step.
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  // A file or an empty folder.
  virtual Status Remove(const std::string& path) = 0;
  // With its parents; ok when it is there.
  virtual Status CreateDirectory(const std::string& path) = 0;
  virtual Status SyncDirectory(const std::string& path) = 0;
  // A second name of the same bytes, on the same disk; kAlreadyExists when the name is taken.
  virtual Status HardLink(const std::string& from, const std::string& to) = 0;
  // Makes the file if missing and never waits. kDatabaseInUse when somebody holds it, also in this process: the message
  // quotes the holder's text.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;

  // Composed of the above.
  bool Exists(const std::string& path) { return Stat(path).has_value(); }
  // The whole file; kLimitReached when it is larger than bytes_max.
  Result<std::string> ReadWhole(const std::string& path, uint64_t bytes_max);
  // Readers see the old contents or the new, also after a crash: temporary file, sync, rename, sync of the folder.
  Status WriteWhole(const std::string& path, std::string_view bytes);
  // Paths that fit the pattern, sorted. * and ? stay within one name, [a-z] is a set, ** is any depth of folders; a
  // name that starts with a dot fits only a pattern that does. A pattern without wildcards gives the path if it exists.
  Result<std::vector<std::string>> Glob(const std::string& pattern);
  // A folder with everything in it; ok when it is not there.
  Status RemoveTree(const std::string& path);
};

// The machine's file system: stateless, alive for the whole process.
FileSystem& RealFileSystem();

// The error of Lock when somebody holds the file; the text is what that one wrote.
Status LockIsHeld(const std::string& path, std::string_view holder);

// Whether a name fits a pattern of one path component, and whether a text has wildcards at all.
bool GlobMatches(std::string_view pattern, std::string_view name);
bool HasGlob(std::string_view text);

// "dir" and "name" as "dir/name"; the folder and the last name of a path.
std::string JoinPath(std::string_view directory, std::string_view name);
std::string_view DirectoryOf(std::string_view path);
std::string_view BaseNameOf(std::string_view path);

}  // namespace laminar::os
