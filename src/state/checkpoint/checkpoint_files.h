// The files of a checkpoint's directory: reading with checks, copying, making durable, removing in the safe order.
// Damage is kCorrupt (kFormatVersion for another format); other failures keep the code of the file call.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "base/status.h"
#include "os/file.h"
#include "state/checkpoint/checkpoint_manifest.h"

namespace laminar::state {

struct CheckedCheckpoint {
  Manifest manifest;
  std::string descriptor;  // contents of the descriptor
};

// The manifest, the sizes of all files, the descriptor and CURRENT; every byte when all files together have no more
// than read_bytes_max. The damage that is left shows when a block is read.
Result<CheckedCheckpoint> CheckCheckpoint(os::FileSystem& files, const std::string& directory, uint64_t read_bytes_max);
Result<Manifest> LoadManifest(os::FileSystem& files, const std::string& directory);

// A new file with these bytes, synced.
Status WriteNewFile(os::FileSystem& files, const std::string& path, std::string_view bytes);
// The same file under another name; a synced copy where the disk has no second names. True: it is the same file.
Result<bool> LinkOrCopy(os::FileSystem& files, const std::string& from_directory, const std::string& to_directory,
                        const ManifestFile& file);
// A synced copy; kCorrupt when what was read is not what the manifest says; kCancelled when `cancelled` was set.
Status CopyChecked(os::FileSystem& files, const std::string& from_directory, const std::string& to_directory,
                   const ManifestFile& file, const std::atomic<bool>* cancelled = nullptr);

// Its manifest goes, durably: it is no longer valid, and its files stay. ok when it has none.
Status WithdrawCheckpoint(os::FileSystem& files, const std::string& directory);
// Withdraws it first: a checkpoint that is half removed is not valid.
Status RemoveCheckpoint(os::FileSystem& files, const std::string& directory);
// With its parents, and all their names durable.
Status MakeDurableDirectory(os::FileSystem& files, const std::string& directory);
// The folder a path's name stands in.
std::string ParentOf(const std::string& path);

}  // namespace laminar::state
