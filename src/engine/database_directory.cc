#include "engine/database_directory.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "os/process.h"
#include "state/checkpoint/checkpoint_files.h"

namespace laminar::engine {
namespace {

constexpr uint32_t kVersion = 1;

std::string IdentityText(uint64_t id) { return fmt::format("laminardb {}\nid {}\nvnodes 256\n", kVersion, id); }

}  // namespace

Result<std::unique_ptr<DatabaseDirectory>> DatabaseDirectory::Open(os::FileSystem& files, const os::Clock& clock,
                                                                   const std::string& path) {
  std::unique_ptr<DatabaseDirectory> directory(new DatabaseDirectory(files, path));
  const auto facts = files.Stat(path);
  if (facts && !facts->is_directory)
    return Error(Status(ErrorCode::kBadFile, "opening database " + Quoted(path, 300) + ": it is a file")
                     .WithHint("a database is a folder"));
  if (!facts) TRY(state::MakeDurableDirectory(files, path));
  const std::vector<std::string> names = TRY(files.List(path));
  auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  const bool is_ours = std::ranges::all_of(names, [](const std::string& name) {
    return name == "LOCK" || name == "log" || name == "state" || name.starts_with("DATABASE");
  });
  if (!is_ours && !has("DATABASE"))
    return Error(Status(ErrorCode::kBadFile, "opening database " + Quoted(path, 300) +
                                                 ": the folder holds other things (" + Quoted(names[0]) +
                                                 ") and no database")
                     .WithHint("name an empty or a new folder"));
  directory->lock_ = TRY(files.Lock(os::JoinPath(path, "LOCK")));
  TRY(directory->lock_->SetHolder(fmt::format("process {}", os::ProcessId())));
  if (has("DATABASE")) {
    TRY(directory->ReadIdentity());
  } else if (has("log") || has("state")) {
    return Error(Status(ErrorCode::kCorrupt, "opening database " + Quoted(path, 300) + ": its file DATABASE is missing")
                     .WithHint("was the folder copied whole?"));
  } else {
    TRY(directory->Create(clock));
  }
  return directory;
}

Status DatabaseDirectory::Create(const os::Clock& clock) {
  is_new_ = true;
  id_ = NewId(clock);
  // The folder's own name first: the next opening looks after it no more when it finds the file in it.
  TRY(state::MakeDurableDirectory(files_, path_));
  return WriteIdentity(files_, path_, id_);
}

uint64_t DatabaseDirectory::NewId(const os::Clock& clock) {
  const auto now = static_cast<uint64_t>(clock.WallMicros());
  return HashCombine(HashCombine(now, static_cast<uint64_t>(clock.MonotonicNanos())), os::ProcessId());
}

Status DatabaseDirectory::WriteIdentity(os::FileSystem& files, const std::string& path, uint64_t id) {
  return files.WriteWhole(os::JoinPath(path, "DATABASE"), IdentityText(id));
}

Status DatabaseDirectory::ReadIdentity() {
  const std::string file = os::JoinPath(path_, "DATABASE");
  const std::string text = TRY(files_.ReadWhole(file, 4096));
  const std::vector<std::string_view> lines = Split(text, '\n');
  const bool is_identity = lines.size() >= 3 && lines[0].starts_with("laminardb ") && lines[1].starts_with("id ");
  if (!is_identity)
    return Status(ErrorCode::kCorrupt, "opening database " + Quoted(path_, 300) + ": its file DATABASE is damaged");
  if (lines[0] != fmt::format("laminardb {}", kVersion))
    return Status(ErrorCode::kFormatVersion, "opening database " + Quoted(path_, 300) + ": it is of format " +
                                                 Quoted(lines[0].substr(10)) + ", and this program knows format " +
                                                 std::to_string(kVersion))
        .WithHint("open it with the version of laminar that wrote it");
  const auto id = ParseUint64(lines[1].substr(3));
  if (!id || text != IdentityText(*id))
    return Status(ErrorCode::kCorrupt, "opening database " + Quoted(path_, 300) + ": its file DATABASE is damaged");
  id_ = *id;
  return {};
}

}  // namespace laminar::engine
