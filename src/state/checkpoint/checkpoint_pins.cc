#include "state/checkpoint/checkpoint_pins.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "base/text.h"
#include "state/checkpoint/checkpoint_files.h"
#include "state/checkpoint/checkpoint_manifest.h"

namespace laminar::state {
namespace {

class Pins final : public CheckpointPins, public std::enable_shared_from_this<Pins> {
 public:
  explicit Pins(os::FileSystem& files) : files_(files) {}
  void SetKept(const std::vector<CheckpointInfo>& kept) override;
  bool IsHeld(const std::string& directory) const override;
  Result<std::unique_ptr<CheckpointPin>> Pin(uint64_t id) override;
  void Release(const std::string& directory);
  os::FileSystem& files() const { return files_; }

 private:
  os::FileSystem& files_;
  mutable std::mutex mutex_;
  std::vector<CheckpointInfo> kept_;
  std::vector<std::string> held_;  // one entry a pin
};

class Held final : public CheckpointPin {
 public:
  Held(std::shared_ptr<Pins> pins, Manifest manifest, CheckpointInfo info)
      : pins_(std::move(pins)), manifest_(std::move(manifest)), info_(std::move(info)) {}
  ~Held() override { pins_->Release(info_.directory); }

  const CheckpointInfo& info() const override { return info_; }

  Result<CheckpointInfo> CopyTo(const std::string& directory, uint64_t database_id,
                                const std::atomic<bool>& cancelled) const override {
    const auto copy = [&]() -> Result<CheckpointInfo> {
      os::FileSystem& files = pins_->files();
      Manifest manifest = manifest_;
      manifest.database_id = database_id;
      for (WalPosition& position : manifest.log) position = {};
      TRY(files.CreateDirectory(directory));
      for (ManifestFile& file : manifest.files) {
        TRY(CopyChecked(files, info_.directory, directory, file, &cancelled));
        file.is_shared = false;
      }
      TRY(WriteNewFile(files, os::JoinPath(directory, kManifestName), WriteManifest(manifest)));
      TRY(files.SyncDirectory(directory));
      return InfoOf(manifest, directory);
    };
    Result<CheckpointInfo> copied = copy();
    if (!copied) return Error(std::move(copied.error().Prefix("copying checkpoint " + std::to_string(info_.id))));
    return copied;
  }

 private:
  std::shared_ptr<Pins> pins_;
  Manifest manifest_;
  CheckpointInfo info_;
};

void Pins::SetKept(const std::vector<CheckpointInfo>& kept) {
  const std::lock_guard lock(mutex_);
  kept_ = kept;
}

bool Pins::IsHeld(const std::string& directory) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(held_, directory) != held_.end();
}

Result<std::unique_ptr<CheckpointPin>> Pins::Pin(uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(kept_, id, &CheckpointInfo::id);
  if (found == kept_.end()) {
    return Error(Status(ErrorCode::kNotFound, "there is no checkpoint " + std::to_string(id) + ", or no longer")
                     .WithHint("SHOW CHECKPOINTS lists those there are"));
  }
  // Under the lock: once it is not kept its manifest may go.
  Manifest manifest = TRY(LoadManifest(files_, found->directory));
  held_.push_back(found->directory);
  return std::make_unique<Held>(shared_from_this(), std::move(manifest), *found);
}

void Pins::Release(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(held_, directory);
  if (found != held_.end()) held_.erase(found);
}

}  // namespace

std::shared_ptr<CheckpointPins> CheckpointPins::Make(os::FileSystem& files) { return std::make_shared<Pins>(files); }

}  // namespace laminar::state
