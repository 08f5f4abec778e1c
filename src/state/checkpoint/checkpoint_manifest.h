// The manifest of a checkpoint: which files belong to it, how long they are and their checksums. A JSON text with
// exactly one spelling for each content (docs/formats/checkpoint.md), so reading is strict: ReadManifest takes a text
// only when WriteManifest would write the very same. Pure functions; the text is hostile input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "state/checkpoint/checkpoint_store.h"

namespace laminar::state {

inline constexpr uint64_t kManifestFormat = 1;
inline constexpr uint64_t kManifestBytesMax = uint64_t{16} << 20;
inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr std::string_view kCurrentName = "CURRENT";

struct ManifestFile {
  std::string name;
  uint64_t bytes = 0;
  uint32_t crc32c = 0;
  bool is_shared = false;  // the checkpoint before had it too
  friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

struct Manifest {
  uint64_t id = 0;
  Epoch epoch = 0;
  uint64_t database_id = 0;
  Timestamp created = 0;
  std::vector<WalPosition> log;
  std::vector<ManifestFile> files;  // by ascending name; table files, one descriptor and CURRENT
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

std::string WriteManifest(const Manifest& manifest);
// kCorrupt: damaged. kFormatVersion: undamaged, but written in another format.
Result<Manifest> ReadManifest(std::string_view text);

CheckpointInfo InfoOf(const Manifest& manifest, std::string directory);

// "000012.sst" and "MANIFEST-000005": the files of a store that a checkpoint may name, besides CURRENT.
bool IsTableName(std::string_view name);
bool IsDescriptorName(std::string_view name);
// The descriptor that a valid manifest names.
const ManifestFile& DescriptorOf(const Manifest& manifest);
// What CURRENT must hold.
std::string CurrentText(std::string_view descriptor);

// Names of directories: a prefix and twenty digits.
inline constexpr std::string_view kCheckpointPrefix = "checkpoint-";
inline constexpr std::string_view kLivePrefix = "live-";
inline constexpr std::string_view kTemporaryPrefix = "tmp-";
std::string NumberedName(std::string_view prefix, uint64_t number);
std::optional<uint64_t> NumberOf(std::string_view prefix, std::string_view name);

}  // namespace laminar::state
