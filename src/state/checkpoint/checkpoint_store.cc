// The store: a live RocksDB, and the checkpoints that were frozen out of it.
#include "state/checkpoint/checkpoint_store.h"

#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/text.h"
#include "state/checkpoint/checkpoint_files.h"
#include "state/checkpoint/checkpoint_manifest.h"
#include "state/checkpoint/checkpoint_pins.h"
#include "state/checkpoint/rocks_store.h"

namespace laminar::state {
namespace {

// What is in the store's directory; numbers ascending.
struct Contents {
  std::vector<uint64_t> checkpoints;
  uint64_t highest = 0;  // of all numbers in names, so that no number comes twice
};

// What unfinished runs left behind goes; names that are not ours stay.
Result<Contents> CleanUp(os::FileSystem& files, const std::string& directory) {
  Contents found;
  for (const std::string& name : TRY(files.List(directory))) {
    const std::optional<uint64_t> checkpoint = NumberOf(kCheckpointPrefix, name);
    const std::optional<uint64_t> live = NumberOf(kLivePrefix, name);
    const std::optional<uint64_t> temporary = NumberOf(kTemporaryPrefix, name);
    found.highest = std::max({found.highest, checkpoint.value_or(0), live.value_or(0), temporary.value_or(0)});
    if (checkpoint) found.checkpoints.push_back(*checkpoint);
    if (live || temporary) TRY(files.RemoveTree(os::JoinPath(directory, name)));
  }
  std::sort(found.checkpoints.begin(), found.checkpoints.end());
  return found;
}

class Store final : public CheckpointStore {
 public:
  Store(CheckpointOptions options, std::vector<std::string>* skipped)
      : options_(std::move(options)),
        files_(*options_.files),
        skipped_(skipped),
        pins_(CheckpointPins::Make(files_)) {}

  Status Start();

  const std::optional<CheckpointInfo>& base() const override { return base_; }
  Status Apply(std::string_view delta) override { return live_->Apply(delta); }
  Result<std::optional<std::string>> Get(std::string_view key) override { return live_->Get(key); }
  Result<std::unique_ptr<StateCursor>> Scan(std::string_view first, std::string_view behind) override {
    return live_->Scan(first, behind);
  }
  Status StartMerging() override { return live_->StartMerging(); }
  Result<CheckpointInfo> Publish(Epoch epoch, const std::vector<WalPosition>& log) override;
  std::vector<CheckpointInfo> List() const override { return kept_; }
  Result<std::unique_ptr<CheckpointPin>> Pin(uint64_t id) override { return pins_->Pin(id); }
  uint64_t memory_bytes() const override { return live_->memory_bytes(); }

 private:
  std::string PathOf(std::string_view prefix, uint64_t number) const {
    return os::JoinPath(options_.directory, NumberedName(prefix, number));
  }
  void Skip(const std::string& directory, const Status& why);
  // Ok and true: the live store is made from it. False: it is damaged and was skipped.
  Result<bool> StartFrom(uint64_t id);
  Status MakeLive(const CheckedCheckpoint* from, const std::string& directory);
  Status NoteOlder(const std::vector<uint64_t>& ids);
  Status CheckOwner(const Manifest& manifest, const std::string& directory) const;

  Result<Manifest> Build(Manifest manifest, const std::string& directory);
  Status AddFiles(const FrozenStore& frozen, const std::string& directory, Manifest& manifest);
  void Retain();

  CheckpointOptions options_;
  os::FileSystem& files_;
  std::vector<std::string>* skipped_;
  std::optional<CheckpointInfo> base_;
  std::shared_ptr<RocksStore> live_;
  std::vector<CheckpointInfo> kept_;  // the valid ones, oldest first
  std::vector<ManifestFile> last_;    // files of the newest one the live store goes on from
  std::vector<uint64_t> unusable_;    // damaged ones, kept until they are older than all valid ones
  std::vector<std::string> left_;     // directories whose removal is due
  uint64_t next_number_ = 1;
  Status unreadable_;  // why a checkpoint could not be read, when that may not be damage
  std::shared_ptr<CheckpointPins> pins_;
};

void Store::Skip(const std::string& directory, const Status& why) {
  if (skipped_ != nullptr) skipped_->push_back(directory + ": " + why.ToString());
}

Status Store::CheckOwner(const Manifest& manifest, const std::string& directory) const {
  if (manifest.database_id == options_.database_id) return Status::Ok();
  return Error(Status(ErrorCode::kForeignFile,
                      "opening " + Quoted(directory, 300) + ": the checkpoint belongs to another database")
                   .WithHint("move it out of the database's directory"));
}

Status Store::Start() {
  TRY(MakeDurableDirectory(files_, options_.directory));
  Contents found = TRY(CleanUp(files_, options_.directory));
  next_number_ = found.highest + 1;
  bool is_started = false;
  std::vector<uint64_t>& ids = found.checkpoints;
  while (!is_started && !ids.empty()) {
    is_started = TRY(StartFrom(ids.back()));
    if (!is_started) unusable_.push_back(ids.back());
    ids.pop_back();
  }
  if (is_started) {
    TRY(NoteOlder(ids));
  } else if (!unusable_.empty()) {
    if (!unreadable_.ok()) return unreadable_;
    return Error(Status(ErrorCode::kNoUsableCheckpoint, "opening state in " + Quoted(options_.directory, 300) +
                                                            ": none of " + std::to_string(unusable_.size()) +
                                                            " checkpoints is valid")
                     .WithHint("bring back the directory from a savepoint or a backup"));
  } else {
    TRY(MakeLive(nullptr, ""));
  }
  skipped_ = nullptr;
  pins_->SetKept(kept_);
  return Status::Ok();
}

Result<bool> Store::StartFrom(uint64_t id) {
  const std::string directory = PathOf(kCheckpointPrefix, id);
  Result<CheckedCheckpoint> checked = CheckCheckpoint(files_, directory, options_.read_bytes_max);
  if (checked) {
    TRY(CheckOwner(checked->manifest, directory));
    Status made =
        checked->manifest.id == id
            ? MakeLive(&*checked, directory)
            : Status(ErrorCode::kCorrupt, "its manifest has the number " + std::to_string(checked->manifest.id));
    if (made.ok()) {
      base_ = InfoOf(checked->manifest, directory);
      kept_ = {*base_};
      last_ = std::move(checked->manifest.files);
      return true;
    }
    if (made.code() != ErrorCode::kCorrupt) return Error(std::move(made));
    checked = std::unexpected(std::move(made));
  }
  const ErrorCode code = checked.error().code();
  // A part of the disk that cannot be read is no reason to refuse an older checkpoint; running out of means is.
  if (code != ErrorCode::kCorrupt && code != ErrorCode::kIo) return std::unexpected(std::move(checked).error());
  if (code == ErrorCode::kIo) unreadable_ = checked.error();
  Skip(directory, checked.error());
  return false;
}

Status Store::MakeLive(const CheckedCheckpoint* from, const std::string& directory) {
  RocksSettings settings{.files = &files_,
                         .directory = PathOf(kLivePrefix, next_number_++),
                         .memory_bytes = options_.memory_bytes,
                         .cache_bytes = options_.cache_bytes,
                         .is_inline = options_.is_inline};
  const auto make = [&]() -> Status {
    TRY(files_.CreateDirectory(settings.directory));
    if (from != nullptr) {
      for (const ManifestFile& file : from->manifest.files) {
        if (IsTableName(file.name)) TRY(LinkOrCopy(files_, directory, settings.directory, file));
      }
      settings.descriptor = DescriptorOf(from->manifest).name;
      settings.descriptor_text = from->descriptor;
    }
    live_ = TRY(RocksStore::Open(settings));
    return Status::Ok();
  };
  Status made = make();
  if (!made.ok()) (void)files_.RemoveTree(settings.directory);  // else the next start does it
  return made;
}

// Those behind the one that is used: looked at only as far as needed to say that they can be kept for later.
Status Store::NoteOlder(const std::vector<uint64_t>& ids) {
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    const std::string directory = PathOf(kCheckpointPrefix, *id);
    Result<CheckedCheckpoint> checked = CheckCheckpoint(files_, directory, 0);
    if (checked && CheckOwner(checked->manifest, directory).ok() && checked->manifest.id == *id) {
      kept_.insert(kept_.begin(), InfoOf(checked->manifest, directory));
      continue;
    }
    const Result<os::FileFacts> facts = files_.Stat(os::JoinPath(directory, kManifestName));
    if (!facts && facts.error().code() == ErrorCode::kBadFile) {
      left_.push_back(directory);  // its removal was under way
      continue;
    }
    Skip(directory, checked ? Status(ErrorCode::kForeignFile, "it is not what its name says") : checked.error());
    unusable_.push_back(*id);
  }
  return Status::Ok();
}

Result<CheckpointInfo> Store::Publish(Epoch epoch, const std::vector<WalPosition>& log) {
  const uint64_t id = next_number_++;
  const std::string temporary = PathOf(kTemporaryPrefix, id);
  const std::string directory = PathOf(kCheckpointPrefix, id);
  Result<Manifest> manifest = Build({.id = id,
                                     .epoch = epoch,
                                     .database_id = options_.database_id,
                                     .created = options_.clock->WallMicros(),
                                     .log = log,
                                     .files = {}},
                                    temporary);
  const auto reveal = [&]() -> Status {
    TRY(files_.Rename(temporary, directory));
    return files_.SyncDirectory(options_.directory);
  };
  Status published = manifest ? reveal() : manifest.error();
  if (!published.ok()) {
    for (const std::string& made : {directory, temporary}) {
      if (!RemoveCheckpoint(files_, made).ok()) left_.push_back(made);
    }
    return Error(std::move(published.Prefix("publishing checkpoint " + std::to_string(id))));
  }
  last_ = std::move(manifest->files);
  manifest->files = last_;
  kept_.push_back(InfoOf(*manifest, directory));
  const CheckpointInfo info = kept_.back();
  Retain();
  return info;
}

// A complete checkpoint in a directory of its own that nobody sees yet.
Result<Manifest> Store::Build(Manifest manifest, const std::string& directory) {
  TRY(files_.CreateDirectory(directory));
  const FrozenStore frozen = TRY(live_->Freeze());
  const Status added = AddFiles(frozen, directory, manifest);
  const Status thawed = live_->Thaw();
  TRY(Status(added));
  TRY(Status(thawed));
  TRY(WriteNewFile(files_, os::JoinPath(directory, kManifestName), WriteManifest(manifest)));
  TRY(files_.SyncDirectory(directory));
  return manifest;
}

Status Store::AddFiles(const FrozenStore& frozen, const std::string& directory, Manifest& manifest) {
  const auto was_there = [&](const ManifestFile& file) {
    return std::any_of(last_.begin(), last_.end(),
                       [&](const ManifestFile& old) { return old.name == file.name && old.crc32c == file.crc32c; });
  };
  for (const FrozenTable& table : frozen.tables) {
    ManifestFile file{.name = table.name, .bytes = table.bytes, .crc32c = table.crc32c};
    const bool is_linked = TRY(LinkOrCopy(files_, live_->directory(), directory, file));
    file.is_shared = is_linked && was_there(file);
    manifest.files.push_back(std::move(file));
  }
  const auto add_text = [&](const std::string& name, std::string_view bytes) -> Status {
    TRY(WriteNewFile(files_, os::JoinPath(directory, name), bytes));
    manifest.files.push_back({.name = name, .bytes = bytes.size(), .crc32c = Crc32c(0, bytes)});
    return Status::Ok();
  };
  TRY(add_text(frozen.descriptor, frozen.descriptor_text));
  TRY(add_text(std::string(kCurrentName), CurrentText(frozen.descriptor)));
  std::sort(manifest.files.begin(), manifest.files.end(),
            [](const ManifestFile& a, const ManifestFile& b) { return a.name < b.name; });
  return Status::Ok();
}

// The checkpoint is published whatever happens here; a removal that fails is tried again next time.
void Store::Retain() {
  const size_t retained = std::max<uint32_t>(options_.retained, 1);
  while (kept_.size() > retained) {
    left_.push_back(kept_.front().directory);
    kept_.erase(kept_.begin());
  }
  std::erase_if(unusable_, [&](uint64_t id) {
    if (id >= kept_.front().id) return false;
    left_.push_back(PathOf(kCheckpointPrefix, id));
    return true;
  });
  pins_->SetKept(kept_);
  std::erase_if(left_, [&](const std::string& directory) {
    if (!pins_->IsHeld(directory)) return RemoveCheckpoint(files_, directory).ok();
    (void)WithdrawCheckpoint(files_, directory);  // after a crash it must not be one that needs a log that is gone
    return false;
  });
}

}  // namespace

Result<std::unique_ptr<CheckpointStore>> CheckpointStore::Open(CheckpointOptions options,
                                                               std::vector<std::string>* skipped) {
  CHECK(options.files != nullptr);
  CHECK(options.clock != nullptr);
  auto store = std::make_unique<Store>(std::move(options), skipped);
  TRY(store->Start());
  return store;
}

}  // namespace laminar::state
