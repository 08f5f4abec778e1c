// Savepoints of a case: asked for at any moment, with a disk that fails meanwhile. One that was acknowledged is there
// after any crash; one that is there is whole. Each is tried (saved_lives.cc) in a copy of the disk, so that it stays
// as it was made.
#include <algorithm>

#include "base/text.h"
#include "case.h"

namespace laminar::simulate {

using sim::FileFault;

namespace {

constexpr uint64_t kFileMost = uint64_t{1} << 30;

// With what it holds, and durably so.
Status CopyTree(os::FileSystem& from, os::FileSystem& to, const std::string& path) {
  TRY(to.CreateDirectory(path));
  for (const std::string& name : TRY(from.List(path))) {
    const std::string child = os::JoinPath(path, name);
    if (TRY(from.Stat(child)).is_directory)
      TRY(CopyTree(from, to, child));
    else
      TRY(to.WriteWhole(child, TRY(from.ReadWhole(child, kFileMost))));
  }
  TRY(to.SyncDirectory(path));
  return to.SyncDirectory(os::DirectoryOf(path).empty() ? "/" : std::string(os::DirectoryOf(path)));
}

}  // namespace

// "SAVEPOINT 3: epoch 17, 12 KiB in '/save/s1'"
uint64_t Case::EpochOf(const std::string& message) {
  const size_t at = message.find("epoch ");
  if (at == std::string::npos) return 0;
  const size_t end = message.find(',', at);
  const auto epoch = ParseInt64(std::string_view(message).substr(at + 6, end - at - 6));
  return epoch ? static_cast<uint64_t>(*epoch) : 0;
}

void Case::MakeSavepoint() {
  std::string path = "/save/s" + std::to_string(++saved_count_);
  if (!free_paths_.empty() && random_.OneIn(2)) path = free_paths_[random_.Below(free_paths_.size())];
  if (random_.OneIn(3)) PlanFault(faults::kOfSavepoint);
  const auto outcome = connection_->Execute("SAVEPOINT TO '" + path + "'");
  Note("SAVEPOINT TO '" + path + "'\n      -> " + (outcome ? outcome->message : outcome.error().ToString()));
  Saved saved{.path = path, .steps = steps_};
  if (outcome) {
    if (auto sinks = SinkFiles()) saved.sinks = *std::move(sinks);
    acknowledged_ = steps_.size();
    saved.is_said = true;
    saved.epoch = EpochOf(outcome->message);
    std::erase(free_paths_, path);
  } else {
    has_failed_ = true;
    if (!is_faulty_) return Fail("SAVEPOINT TO '" + path + "': " + outcome.error().ToString());
    // Of an older try that nobody has looked for since: what stands there may be of that one.
    if (outcome.error().code() == ErrorCode::kAlreadyExists) return;
  }
  std::erase_if(saved_, [&](const Saved& old) { return old.path == path; });
  saved_.push_back(std::move(saved));
  if (!is_faulty_ && random_.OneIn(3)) CheckSavepoint(saved_.size() - 1);
}

Result<std::map<std::string, std::string>> Case::SinkFiles() {
  std::map<std::string, std::string> out;
  for (const std::string& name : TRY(files_.List("/out"))) {
    const std::string path = os::JoinPath("/out", name);
    out[path] = TRY(files_.ReadWhole(path, kFileMost));
  }
  return out;
}

// Sinks go on in the files that the database has written to meanwhile, and take back what stands behind the savepoint.
// A file that has been completed or removed since is nobody's to take back: for that sink it must be as it was.
// False: how it was is not known, as the disk failed.
Result<bool> Case::CopyForCheck(const Saved& saved, sim::SimFileSystem& files) {
  for (const std::string& path : {std::string("/in"), std::string("/out"), saved.path})
    TRY(CopyTree(files_, files, path));
  for (const RelationInfo& sink : RelationsAfter(saved.steps, saved.steps.size())) {
    const bool goes_on = files.Exists(sink.path + ".part") && !files.Exists(sink.path);
    if (sink.kind != RelationKind::kSink || goes_on) continue;
    if (!saved.sinks) return false;
    for (const std::string& name : {sink.path, sink.path + ".part"}) {
      const auto then = saved.sinks->find(name);
      if (then != saved.sinks->end())
        TRY(files.WriteWhole(name, then->second));
      else if (files.Exists(name))
        TRY(files.Remove(name));
    }
    TRY(files.SyncDirectory("/out"));
  }
  TRY(files.SyncDirectory("/"));
  return true;
}

void Case::CheckSomeSavepoint() {
  if (!is_faulty_ && !saved_.empty()) CheckSavepoint(random_.Below(saved_.size()));
}

void Case::CheckSavepoint(size_t index) {
  Saved saved = saved_[index];
  const bool is_there = files_.Exists(saved.path);
  if (!is_there) {
    if (saved.is_said || saved.was_seen) return Fail("the savepoint " + saved.path + " is gone");
    free_paths_.push_back(saved.path);
    saved_.erase(saved_.begin() + static_cast<std::ptrdiff_t>(index));
    return Note("no savepoint " + saved.path);
  }
  saved_[index].was_seen = true;
  sim::SimFileSystem files(clock_);
  const Result<bool> copied = CopyForCheck(saved, files);
  if (!copied) return Fail("copying " + saved.path + ": " + copied.error().ToString());
  if (*copied) {
    Reference reference(inputs_, 1 + static_cast<uint32_t>(random_.Below(4)));
    CheckSaved(saved, files, reference, 1);
  }
  // What is left is closed, and no more is to be learned from it at the end.
  if (random_.OneIn(2) || !saved.is_said || !*copied) saved_.erase(saved_.begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace laminar::simulate
