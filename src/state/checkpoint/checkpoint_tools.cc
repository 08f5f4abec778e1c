// Checkpoints as files, without a running database: listing, verifying, reading.
#include <algorithm>

#include "state/checkpoint/checkpoint_files.h"
#include "state/checkpoint/checkpoint_manifest.h"
#include "state/checkpoint/checkpoint_store.h"
#include "state/checkpoint/rocks_store.h"

namespace laminar::state {

Result<std::vector<CheckpointInfo>> ListCheckpoints(os::FileSystem& files, const std::string& directory) {
  std::vector<CheckpointInfo> found;
  for (const std::string& name : TRY(files.List(directory))) {
    const std::optional<uint64_t> id = NumberOf(kCheckpointPrefix, name);
    if (!id) continue;
    const std::string path = os::JoinPath(directory, name);
    const Result<Manifest> manifest = LoadManifest(files, path);
    if (manifest && manifest->id == *id) found.push_back(InfoOf(*manifest, path));
  }
  std::sort(found.begin(), found.end(), [](const CheckpointInfo& a, const CheckpointInfo& b) { return a.id < b.id; });
  return found;
}

Result<CheckpointInfo> VerifyCheckpoint(os::FileSystem& files, const std::string& checkpoint_directory) {
  const CheckedCheckpoint checked = TRY(CheckCheckpoint(files, checkpoint_directory, UINT64_MAX));
  return InfoOf(checked.manifest, checkpoint_directory);
}

namespace {

class Reader final : public CheckpointReader {
 public:
  Reader(CheckpointInfo info, std::shared_ptr<RocksStore> store) : info_(std::move(info)), store_(std::move(store)) {}
  const CheckpointInfo& info() const override { return info_; }
  Result<std::unique_ptr<StateCursor>> Scan(std::string_view first, std::string_view behind) override {
    return store_->Scan(first, behind);
  }

 private:
  CheckpointInfo info_;
  std::shared_ptr<RocksStore> store_;
};

}  // namespace

Result<std::unique_ptr<CheckpointReader>> CheckpointReader::Open(os::FileSystem& files,
                                                                 const std::string& checkpoint_directory) {
  const CheckedCheckpoint checked = TRY(CheckCheckpoint(files, checkpoint_directory, 0));
  RocksSettings settings{.files = &files, .directory = checkpoint_directory, .access = RocksAccess::kReadOnly};
  return std::make_unique<Reader>(InfoOf(checked.manifest, checkpoint_directory), TRY(RocksStore::Open(settings)));
}

Result<std::unique_ptr<StateCursor>> ReadCheckpoint(os::FileSystem& files, const std::string& checkpoint_directory,
                                                    std::string_view first, std::string_view behind) {
  return TRY(CheckpointReader::Open(files, checkpoint_directory))->Scan(first, behind);
}

}  // namespace laminar::state
