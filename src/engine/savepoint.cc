#include "engine/savepoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/hash.h"
#include "base/text.h"
#include "os/process.h"

namespace laminar::engine {
namespace {

constexpr std::string_view kUnfinished = ".unfinished-savepoint";
constexpr int kFoldersMax = 64;

std::string WithoutSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string ParentOf(const std::string& path) {
  const std::string_view parent = os::DirectoryOf(path);
  return parent.empty() ? "." : std::string(parent);
}

std::string Doing(const std::string& target) { return "making a savepoint in " + Quoted(target, 300); }

// Whether a folder is the database's or stands somewhere in it; links followed.
Result<bool> IsWithin(os::FileSystem& files, std::string folder, const std::string& database) {
  const os::FileFacts wanted = TRY(files.Stat(database));
  uint64_t before = 0;
  for (int i = 0; i < kFoldersMax; ++i, folder += "/..") {
    const auto facts = files.Stat(folder);
    if (!facts && i == 0) return Error(Status(facts.error()));
    if (!facts || facts->identity == before) return false;
    if (facts->identity == wanted.identity) return true;
    before = facts->identity;
  }
  return false;
}

// Beside the target, held by its LOCK until it is renamed, so that two savepoints of one name do not mix.
class Unfinished {
 public:
  Unfinished(os::FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}
  // What goes bit by bit must not be found under the target's name: that is taken back first. Where the disk does not
  // even let it, the savepoint stays whole.
  ~Unfinished() {
    if (lock_ == nullptr) return;
    if (!revealed_.empty()) {
      if (!files_.Rename(revealed_, path_).ok() || !files_.SyncDirectory(ParentOf(path_)).ok()) return;
    }
    (void)Discard();
  }
  Unfinished(const Unfinished&) = delete;

  Status Make() {
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    if (files_.Exists(path_)) TRY(RemoveOld());
    TRY(files_.CreateDirectory(path_));
    auto taken = files_.Lock(os::JoinPath(path_, "LOCK"));
    if (!taken) {
      (void)files_.RemoveTree(path_);  // it is empty
      return taken.error();
    }
    lock_ = *std::move(taken);
    return lock_->SetHolder(fmt::format("process {}", os::ProcessId()));
  }
  // The target's name stands for it when this returns ok.
  Status Reveal(const std::string& target) {
    TRY(files_.Rename(path_, target));
    revealed_ = target;
    TRY(files_.SyncDirectory(ParentOf(target)));
    lock_.reset();
    return {};
  }

 private:
  // Of a power cut, or of somebody who is at it.
  Status RemoveOld() {
    for (const std::string& name : TRY(files_.List(path_))) {
      if (name == "LOCK" || name == "state" || name.starts_with("DATABASE")) continue;
      return Status(ErrorCode::kAlreadyExists, "in its way is " + Quoted(path_, 300) + ", with other things in it")
          .WithHint("remove that folder, or choose another name");
    }
    const std::unique_ptr<os::FileLock> old = TRY(files_.Lock(os::JoinPath(path_, "LOCK")));
    return Discard();
  }
  // First what makes it a database: without its state it would be taken for an empty one.
  Status Discard() {
    const std::string identity = os::JoinPath(path_, "DATABASE");
    if (files_.Exists(identity)) {
      TRY(files_.Remove(identity));
      TRY(files_.SyncDirectory(path_));
    }
    return files_.RemoveTree(path_);
  }

  os::FileSystem& files_;
  const std::string path_;
  std::string revealed_;  // the name it has got; empty: none yet
  std::unique_ptr<os::FileLock> lock_;
};

}  // namespace

Status CheckSavepointTarget(const DatabaseDirectory& database, const std::string& target) {
  os::FileSystem& files = database.files();
  const std::string path = WithoutSlashes(target);
  const std::string_view last = os::BaseNameOf(path);
  if (path.empty() || path == "/" || last == "." || last == "..")
    return Status(ErrorCode::kBadValue, Doing(target) + ": that is no name of a new folder")
        .WithHint("for example SAVEPOINT TO 'backups/monday'");
  const std::string parent = ParentOf(path);
  const auto folder = files.Stat(parent);
  if (!folder && folder.error().code() != ErrorCode::kBadFile) return Status(folder.error()).Prefix(Doing(target));
  if (!folder || !folder->is_directory)
    return Status(ErrorCode::kBadFile, Doing(target) + ": there is no folder " + Quoted(parent, 300))
        .WithHint("make it first; the last part of the path is made by SAVEPOINT");
  const auto facts = files.Stat(path);
  const Result<bool> is_within = IsWithin(files, facts && facts->is_directory ? path : parent, database.path());
  if (!is_within) return Status(is_within.error()).Prefix(Doing(target));
  if (*is_within)
    return Status(ErrorCode::kBadValue, Doing(target) + ": that is inside of the database's own folder")
        .WithHint("name a folder beside it");
  if (!facts && facts.error().code() == ErrorCode::kBadFile) return {};
  if (!facts) return Status(facts.error()).Prefix(Doing(target));
  if (!facts->is_directory)
    return Status(ErrorCode::kAlreadyExists, Doing(target) + ": there is a file of that name")
        .WithHint("name a folder that does not exist");
  const std::vector<std::string> names = TRY(files.List(path));
  if (names.empty()) return {};
  const bool is_database = std::ranges::find(names, "DATABASE") != names.end();
  return Status(ErrorCode::kAlreadyExists,
                Doing(target) + (is_database ? ": there is a database already" : ": the folder is not empty"))
      .WithHint(is_database ? "name a folder that does not exist, or remove that one if it is not needed any more"
                            : "name a folder that does not exist");
}

Result<state::CheckpointInfo> WriteSavepoint(const DatabaseDirectory& database, const os::Clock& clock,
                                             const state::CheckpointPin& pin, const std::string& target,
                                             const std::atomic<bool>& cancelled) {
  TRY(CheckSavepointTarget(database, target));
  os::FileSystem& files = database.files();
  const std::string path = WithoutSlashes(target);
  const std::string temporary = path + std::string(kUnfinished);
  Unfinished unfinished(files, temporary);
  const auto write = [&]() -> Result<state::CheckpointInfo> {
    TRY(unfinished.Make());
    const uint64_t id = HashCombine(DatabaseDirectory::NewId(clock), database.id());
    const std::string state = os::JoinPath(temporary, "state");
    TRY(files.CreateDirectory(state));
    const std::string_view name = os::BaseNameOf(pin.info().directory);
    state::CheckpointInfo info = TRY(pin.CopyTo(os::JoinPath(state, name), id, cancelled));
    TRY(files.SyncDirectory(state));
    TRY(DatabaseDirectory::WriteIdentity(files, temporary, id));  // syncs the folder too
    TRY(unfinished.Reveal(path));
    info.directory = path;
    return info;
  };
  Result<state::CheckpointInfo> written = write();
  if (written) return written;
  Status failure = std::move(written).error();
  if (failure.code() == ErrorCode::kDatabaseInUse)
    failure = Status(ErrorCode::kAlreadyExists, "another savepoint of that name is being written");
  return Error(std::move(failure.Prefix(Doing(target))));
}

}  // namespace laminar::engine
