#include "engine/checkpoint_view.h"

#include <algorithm>
#include <memory>

#include "base/text.h"
#include "state/checkpoint/checkpoint_files.h"
#include "state/checkpoint/checkpoint_manifest.h"
#include "state/checkpoint/checkpoint_store.h"

namespace laminar::engine {
namespace {

constexpr std::string_view kPrefix = "checkpoint-";

CheckpointSummary SummaryOf(const state::CheckpointInfo& info) {
  return {info.id, info.epoch, info.created, info.bytes, info.new_bytes, info.files, info.directory};
}

std::string BigEndian(uint32_t number) {
  return {static_cast<char>(number >> 24), static_cast<char>(number >> 16), static_cast<char>(number >> 8),
          static_cast<char>(number)};
}

}  // namespace

Result<std::vector<CheckpointSummary>> ListCheckpointsOf(os::FileSystem& files, const std::string& directory) {
  std::vector<CheckpointSummary> out;
  const bool is_database = files.Exists(os::JoinPath(directory, "DATABASE"));
  if (!is_database) {
    if (!TRY(files.Stat(directory)).is_directory)
      return Error(Status(ErrorCode::kBadFile, Quoted(directory, 300) + " is a file")
                       .WithHint("name the folder of a database or of a checkpoint"));
    const auto manifest = state::LoadManifest(files, directory);
    const bool is_checkpoint =
        files.Exists(os::JoinPath(directory, state::kManifestName)) || os::BaseNameOf(directory).starts_with(kPrefix);
    if (!manifest && !is_checkpoint)
      return Error(Status(ErrorCode::kBadFile, Quoted(directory, 300) + " is neither a database nor a checkpoint")
                       .WithHint("name the folder of a database or of a checkpoint"));
    CheckpointSummary damaged;
    damaged.directory = directory;
    out.push_back(manifest ? SummaryOf(state::InfoOf(*manifest, directory)) : damaged);
    return out;
  }
  const std::string state = os::JoinPath(directory, "state");
  for (const state::CheckpointInfo& info : TRY(state::ListCheckpoints(files, state))) out.push_back(SummaryOf(info));
  // One whose manifest cannot be read is listed all the same: verifying it says why.
  for (const std::string& name : TRY(files.List(state))) {
    const std::string path = os::JoinPath(state, name);
    const bool is_known = std::ranges::any_of(out, [&](const auto& c) { return c.directory == path; });
    if (is_known || !StartsWith(name, kPrefix)) continue;
    CheckpointSummary damaged;
    damaged.directory = path;
    out.push_back(std::move(damaged));
  }
  std::ranges::sort(out, {}, &CheckpointSummary::directory);  // numbers have leading zeros
  return out;
}

namespace {

Result<CheckpointSummary> PickWithId(const std::vector<CheckpointSummary>& all, uint64_t id,
                                     const std::function<Status(const CheckpointSummary&)>& read) {
  std::string ids;
  for (const CheckpointSummary& one : all) {
    if (one.id == id) {
      TRY(read(one));
      return one;
    }
    if (one.id != 0) ids += (ids.empty() ? "" : ", ") + std::to_string(one.id);
  }
  return Error(Status(ErrorCode::kNotFound, "there is no checkpoint " + std::to_string(id) + " that can be read")
                   .WithHint(ids.empty() ? "laminar checkpoint verify says what is wrong" : "there are: " + ids));
}

}  // namespace

Result<CheckpointSummary> PickCheckpoint(os::FileSystem& files, const std::string& directory,
                                         std::optional<uint64_t> id,
                                         const std::function<Status(const CheckpointSummary&)>& read,
                                         std::vector<std::string>* skipped) {
  constexpr int kLooks = 3;
  for (int look = 1;; ++look) {
    const std::vector<CheckpointSummary> all = TRY(ListCheckpointsOf(files, directory));
    if (all.empty())
      return Error(Status(ErrorCode::kNotFound, "there is no checkpoint in " + Quoted(directory, 300))
                       .WithHint("CHECKPOINT makes one"));
    if (id) return PickWithId(all, *id, read);
    Status first;
    std::vector<std::string> lines;
    for (size_t i = all.size(); i-- > 0;) {
      Status status = read(all[i]);
      if (status.ok()) {
        if (skipped != nullptr) skipped->insert(skipped->end(), lines.begin(), lines.end());
        return all[i];
      }
      lines.push_back("a checkpoint that cannot be read was passed over: " + all[i].directory + ": " +
                      status.ToString());
      if (first.ok()) first = std::move(status);
    }
    if (first.code() != ErrorCode::kBadFile || look == kLooks) return Error(std::move(first));
  }
}

Status VerifyCheckpointOf(os::FileSystem& files, const CheckpointSummary& checkpoint) {
  TRY(state::VerifyCheckpoint(files, checkpoint.directory));
  return {};
}

Result<CheckpointContents> ReadContents(os::FileSystem& files, const CheckpointSummary& checkpoint) {
  GraphState stored;
  auto system = TRY(state::ReadCheckpoint(files, checkpoint.directory, BigEndian(0), BigEndian(1)));
  TRY(stored.Load(*system));
  CheckpointContents contents;
  contents.relations = stored.catalog();
  contents.positions = stored.heads();
  for (const auto& [path, note] : stored.notes()) contents.notes.emplace_back(path, note.size());
  for (const auto& [name, failure] : stored.failures()) contents.failures[name] = failure;
  for (const auto& [path, entry] : stored.tables()) {
    TableSummary table{entry.number, path, entry.name, entry.shape, 0, 0};
    auto rows =
        TRY(state::ReadCheckpoint(files, checkpoint.directory, BigEndian(entry.number), BigEndian(entry.number + 1)));
    for (; rows->valid(); rows->Next()) {
      ++table.rows;
      table.bytes += rows->key().size() + rows->value().size();
    }
    TRY(rows->status());
    contents.tables.push_back(std::move(table));
  }
  return contents;
}

}  // namespace laminar::engine
