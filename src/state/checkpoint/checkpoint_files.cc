// Everything here goes through os::FileSystem only.
#include "state/checkpoint/checkpoint_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/crc32c.h"
#include "base/text.h"

namespace laminar::state {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;

internal::Failure Damaged(const std::string& path, const std::string& what) {
  return Error(ErrorCode::kCorrupt, "checking " + Quoted(path, 300) + ": " + what);
}

// A file that a manifest names must be there: missing is damage.
Status MissingIsDamage(Status status, const std::string& path) {
  if (status.code() != ErrorCode::kBadFile) return status;
  return Damaged(path, "the file is missing");
}

Result<std::unique_ptr<os::File>> OpenListed(os::FileSystem& files, const std::string& path,
                                             const ManifestFile& expected) {
  Result<std::unique_ptr<os::File>> file = files.Open(path, os::OpenMode::kRead);
  if (!file) return std::unexpected(MissingIsDamage(std::move(file).error(), path));
  const uint64_t bytes = TRY((*file)->Size());
  if (bytes != expected.bytes) return Damaged(path, fmt::format("it has {} bytes, not {}", bytes, expected.bytes));
  return file;
}

// Hands the file's bytes to take, piece by piece, and compares the checksum at the end.
template <class Take>
Status ReadChecked(os::FileSystem& files, const std::string& path, const ManifestFile& expected, Take&& take) {
  const std::unique_ptr<os::File> file = TRY(OpenListed(files, path, expected));
  std::string piece(std::min<uint64_t>(kPieceBytes, expected.bytes), '\0');
  uint32_t crc = 0;
  uint64_t at = 0;
  while (at < expected.bytes) {
    const size_t length = TRY(file->ReadAt(at, piece));
    if (length == 0) return Damaged(path, fmt::format("it ends at byte {} of {}", at, expected.bytes));
    const std::string_view read = std::string_view(piece).substr(0, length);
    crc = Crc32c(crc, read);
    TRY(take(at, read));
    at += length;
  }
  if (crc == expected.crc32c) return Status::Ok();
  return Damaged(path, fmt::format("its checksum is {:08x}, not {:08x}", crc, expected.crc32c));
}

Status CheckFile(os::FileSystem& files, const std::string& path, const ManifestFile& expected) {
  return ReadChecked(files, path, expected, [](uint64_t, std::string_view) { return Status::Ok(); });
}

Result<std::string> ReadListed(os::FileSystem& files, const std::string& directory, const ManifestFile& file) {
  std::string bytes;
  TRY(ReadChecked(files, os::JoinPath(directory, file.name), file, [&](uint64_t, std::string_view piece) {
    bytes += piece;
    return Status::Ok();
  }));
  return bytes;
}

}  // namespace

Result<Manifest> LoadManifest(os::FileSystem& files, const std::string& directory) {
  const std::string path = os::JoinPath(directory, kManifestName);
  Result<std::string> text = files.ReadWhole(path, kManifestBytesMax);
  if (!text) {
    // Only a folder that is there can be a damaged checkpoint.
    if (text.error().code() == ErrorCode::kBadFile) TRY(files.Stat(directory));
    if (text.error().code() == ErrorCode::kLimitReached) return Damaged(path, text.error().message());
    return std::unexpected(MissingIsDamage(std::move(text).error(), path));
  }
  Result<Manifest> manifest = ReadManifest(*text);
  if (!manifest) return Error(std::move(manifest.error().Prefix("opening " + Quoted(path, 300))));
  return manifest;
}

Result<CheckedCheckpoint> CheckCheckpoint(os::FileSystem& files, const std::string& directory,
                                          uint64_t read_bytes_max) {
  CheckedCheckpoint checked{.manifest = TRY(LoadManifest(files, directory)), .descriptor = {}};
  const Manifest& manifest = checked.manifest;
  const bool reads_all = InfoOf(manifest, directory).bytes <= read_bytes_max;
  for (const ManifestFile& file : manifest.files) {
    const std::string path = os::JoinPath(directory, file.name);
    if (IsDescriptorName(file.name)) {
      checked.descriptor = TRY(ReadListed(files, directory, file));
    } else if (file.name == kCurrentName) {
      const std::string text = TRY(ReadListed(files, directory, file));
      if (text != CurrentText(DescriptorOf(manifest).name)) return Damaged(path, "it names another descriptor");
    } else if (reads_all) {
      TRY(CheckFile(files, path, file));
    } else {
      const Result<os::FileFacts> facts = files.Stat(path);
      if (!facts) return std::unexpected(MissingIsDamage(facts.error(), path));
      if (facts->bytes != file.bytes)
        return Damaged(path, fmt::format("it has {} bytes, not {}", facts->bytes, file.bytes));
    }
  }
  return checked;
}

Status WriteNewFile(os::FileSystem& files, const std::string& path, std::string_view bytes) {
  const std::unique_ptr<os::File> file = TRY(files.Open(path, os::OpenMode::kCreateNew));
  TRY(file->WriteAt(0, bytes));
  return file->Sync();
}

Status CopyChecked(os::FileSystem& files, const std::string& from_directory, const std::string& to_directory,
                   const ManifestFile& file, const std::atomic<bool>* cancelled) {
  const std::unique_ptr<os::File> copy =
      TRY(files.Open(os::JoinPath(to_directory, file.name), os::OpenMode::kCreateNew));
  TRY(ReadChecked(files, os::JoinPath(from_directory, file.name), file,
                  [&](uint64_t at, std::string_view piece) -> Status {
                    if (cancelled != nullptr && cancelled->load(std::memory_order_acquire))
                      return Error(ErrorCode::kCancelled, "copying " + Quoted(copy->path(), 300) + " was cancelled");
                    return copy->WriteAt(at, piece);
                  }));
  return copy->Sync();
}

Result<bool> LinkOrCopy(os::FileSystem& files, const std::string& from_directory, const std::string& to_directory,
                        const ManifestFile& file) {
  const Status linked = files.HardLink(os::JoinPath(from_directory, file.name), os::JoinPath(to_directory, file.name));
  if (linked.ok()) return true;
  if (linked.code() == ErrorCode::kLimitReached) return Error(linked);
  TRY(CopyChecked(files, from_directory, to_directory, file));
  return false;
}

Status WithdrawCheckpoint(os::FileSystem& files, const std::string& directory) {
  Status removed = files.Remove(os::JoinPath(directory, kManifestName));
  if (removed.ok()) return files.SyncDirectory(directory);
  return removed.code() == ErrorCode::kBadFile ? Status::Ok() : removed;
}

Status RemoveCheckpoint(os::FileSystem& files, const std::string& directory) {
  TRY(WithdrawCheckpoint(files, directory));
  return files.RemoveTree(directory);
}

std::string ParentOf(const std::string& path) {
  const size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return "/";
  const size_t slash = path.find_last_of('/', end);
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status MakeDurableDirectory(os::FileSystem& files, const std::string& directory) {
  // The parents of all names that are new; that of the last one in any case, as an earlier run may have been cut off.
  std::vector<std::string> parents = {ParentOf(directory)};
  while (parents.back() != "/" && parents.back() != "." && !files.Exists(parents.back())) {
    parents.push_back(ParentOf(parents.back()));
  }
  TRY(files.CreateDirectory(directory));
  for (size_t i = parents.size(); i > 0; --i) TRY(files.SyncDirectory(parents[i - 1]));
  return Status::Ok();
}

}  // namespace laminar::state
