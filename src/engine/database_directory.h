// A database's folder: who it is (DATABASE), who has it open (LOCK), and where its parts stand: log/ and state/.
// Format: docs/formats/database.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "os/clock.h"
#include "os/file.h"

namespace laminar::engine {

class DatabaseDirectory {
 public:
  // Makes a new database where there is nothing or an empty folder. kDatabaseInUse names the holder; kBadFile for a
  // folder that holds other things; kCorrupt for one whose parts are missing; kFormatVersion.
  static Result<std::unique_ptr<DatabaseDirectory>> Open(os::FileSystem& files, const os::Clock& clock,
                                                         const std::string& path);
  os::FileSystem& files() const { return files_; }
  const std::string& path() const { return path_; }
  std::string log() const { return os::JoinPath(path_, "log"); }
  std::string state() const { return os::JoinPath(path_, "state"); }
  uint64_t id() const { return id_; }
  bool is_new() const { return is_new_; }

  // Of a database to be made: its number, and the file that makes a folder one, with the folder's names durable.
  static uint64_t NewId(const os::Clock& clock);
  static Status WriteIdentity(os::FileSystem& files, const std::string& path, uint64_t id);

 private:
  DatabaseDirectory(os::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  Status Create(const os::Clock& clock);
  Status ReadIdentity();

  os::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<os::FileLock> lock_;
  uint64_t id_ = 0;
  bool is_new_ = false;
};

}  // namespace laminar::engine
