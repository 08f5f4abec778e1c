#include "sim/file_system.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "base/text.h"
#include "sim/spill_memory.h"

namespace laminar::sim {
namespace {

constexpr size_t kSectorBytes = 512;
constexpr size_t kHolderBytesMax = 200;

struct Node {
  uint64_t identity = 0;
  bool is_directory = false;
  Timestamp modified = 0;
  std::string bytes;       // what code sees
  std::string disk_bytes;  // what a crash leaves
  // Where the two may differ: a sync copies no more than that, so a large file with small syncs stays cheap.
  uint64_t dirty_first = UINT64_MAX;
  uint64_t dirty_end = 0;
  bool is_locked = false;

  void Touch(uint64_t first, uint64_t end) {
    dirty_first = std::min(dirty_first, first);
    dirty_end = std::max(dirty_end, end);
  }
  void Resize(uint64_t size) {
    Touch(std::min<uint64_t>(size, bytes.size()), std::max<uint64_t>(size, bytes.size()));
    bytes.resize(size, '\0');
  }
  void Flush() {
    disk_bytes.resize(bytes.size(), '\0');
    const uint64_t end = std::min<uint64_t>(dirty_end, bytes.size());
    if (dirty_first < end) disk_bytes.replace(dirty_first, end - dirty_first, bytes, dirty_first, end - dirty_first);
    dirty_first = UINT64_MAX;
    dirty_end = 0;
  }
};
using Names = std::map<std::string, std::shared_ptr<Node>>;

// Absolute, without ".", empty parts or a slash at the end; relative paths start at the root. ".." is resolved.
std::string Normal(const std::string& path) {
  std::vector<std::string_view> parts;
  for (std::string_view part : Split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return "/" + Join(parts, "/");
}

internal::Failure Missing(std::string_view doing, const std::string& path) {
  return Error(Status(ErrorCode::kBadFile, std::string(doing) + " " + Quoted(path, 300) + ": no such file or directory")
                   .WithHint("check the path"));
}

std::string TornSectors(const std::string& disk, const std::string& seen, Random& random) {
  const bool takes_size = random.OneIn(2);
  std::string torn = disk;
  torn.resize(takes_size ? seen.size() : disk.size(), '\0');
  for (size_t at = 0; at < torn.size() && at < seen.size(); at += kSectorBytes) {
    if (random.OneIn(2)) continue;
    const size_t length = std::min({kSectorBytes, torn.size() - at, seen.size() - at});
    torn.replace(at, length, seen, at, length);
  }
  return torn;
}

}  // namespace

struct SimFileSystem::State {
  explicit State(const os::Clock& c) : clock(c) {
    names["/"] = NewNode(true);
    disk_names = names;
  }

  std::shared_ptr<Node> NewNode(bool is_directory) {
    auto node = std::make_shared<Node>();
    node->identity = ++identities;
    node->is_directory = is_directory;
    node->modified = clock.WallMicros();
    return node;
  }

  // Counts the call and plays the faults planned for it. kTornWrite is left to the write: it comes back in *is_torn.
  Status Enter(FileOperation operation, const std::string& path, std::string_view doing, bool* is_torn = nullptr) {
    ++calls;
    const std::string what = std::string(doing) + " " + Quoted(path, 300);
    if (is_cut) return Error(ErrorCode::kIo, what + ": the power is cut (simulated)");
    for (FileFault& fault : faults) {
      const bool is_meant = (fault.operation == FileOperation::kAny || fault.operation == operation) &&
                            Contains(path, fault.path_part) && fault.times > 0;
      if (!is_meant) continue;
      if (fault.at_call > 1) {
        --fault.at_call;
        continue;
      }
      --fault.times;
      switch (fault.kind) {
        case FileFault::Kind::kError: return Error(ErrorCode::kIo, what + ": input/output error (simulated)");
        case FileFault::Kind::kDiskFull:
          return Error(Status(ErrorCode::kLimitReached, what + ": no space left on the device (simulated)")
                           .WithHint("free some disk space, or choose another folder"));
        case FileFault::Kind::kTornWrite:
          if (is_torn != nullptr) {
            *is_torn = true;
            return Status::Ok();
          }
          return Error(ErrorCode::kIo, what + ": input/output error (simulated)");
        case FileFault::Kind::kPowerCut:
          is_cut = true;
          return Error(ErrorCode::kIo, what + ": the power is cut (simulated)");
      }
    }
    return Status::Ok();
  }

  std::shared_ptr<Node> Find(const std::string& path) const {
    const auto found = names.find(path);
    return found == names.end() ? nullptr : found->second;
  }

  bool HasChildren(const std::string& path) const {
    const std::string prefix = path == "/" ? "/" : path + "/";
    const auto next = names.upper_bound(prefix);
    return next != names.end() && next->first.starts_with(prefix);
  }

  Status CheckRoom(uint64_t growth, std::string_view doing, const std::string& path) const {
    if (growth == 0 || capacity == UINT64_MAX) return Status::Ok();
    uint64_t bytes = growth;
    std::set<const Node*> seen;  // names may share a file
    for (const auto& [name, node] : names) bytes += seen.insert(node.get()).second ? node->bytes.size() : 0;
    if (bytes <= capacity) return Status::Ok();
    return Error(Status(ErrorCode::kLimitReached,
                        std::string(doing) + " " + Quoted(path, 300) + ": no space left on the device (simulated)")
                     .WithHint("free some disk space, or choose another folder"));
  }

  const os::Clock& clock;
  mutable std::mutex mutex;
  Names names;
  Names disk_names;
  std::vector<FileFault> faults;
  uint64_t capacity = UINT64_MAX;
  uint64_t calls = 0;
  uint64_t crashes = 0;
  uint64_t identities = 0;
  bool is_cut = false;
};

namespace {

using State = SimFileSystem::State;

class SimFile final : public os::File {
 public:
  SimFile(std::shared_ptr<State> state, std::shared_ptr<Node> node, std::string path, bool is_writable)
      : state_(std::move(state)),
        node_(std::move(node)),
        path_(std::move(path)),
        is_writable_(is_writable),
        born_(state_->crashes) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    std::lock_guard lock(state_->mutex);
    TRY(Enter(FileOperation::kRead, "reading"));
    if (offset >= node_->bytes.size()) return size_t{0};
    const size_t length = std::min<size_t>(out.size(), node_->bytes.size() - offset);
    std::copy_n(node_->bytes.data() + offset, length, out.data());
    return length;
  }

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    std::lock_guard lock(state_->mutex);
    return Write(offset, bytes);
  }

  Status Append(std::string_view bytes) override {
    std::lock_guard lock(state_->mutex);
    return Write(node_->bytes.size(), bytes);
  }

  Result<uint64_t> Size() const override {
    std::lock_guard lock(state_->mutex);
    TRY(Enter(FileOperation::kStat, "asking the size of"));
    return static_cast<uint64_t>(node_->bytes.size());
  }

  Status Truncate(uint64_t size) override {
    std::lock_guard lock(state_->mutex);
    TRY(Enter(FileOperation::kTruncate, "truncating"));
    TRY(CheckWritable());
    node_->Resize(size);
    node_->modified = state_->clock.WallMicros();
    return Status::Ok();
  }

  Status Sync() override {
    std::lock_guard lock(state_->mutex);
    TRY(Enter(FileOperation::kSync, "syncing"));
    node_->Flush();
    return Status::Ok();
  }

  Status SyncData() override { return Sync(); }

  Status Allocate(uint64_t size) override {
    std::lock_guard lock(state_->mutex);
    TRY(Enter(FileOperation::kAllocate, "reserving space for"));
    TRY(CheckWritable());
    if (size <= node_->bytes.size()) return Status::Ok();
    TRY(state_->CheckRoom(size - node_->bytes.size(), "reserving space for", path_));
    node_->Resize(size);
    node_->modified = state_->clock.WallMicros();
    return Status::Ok();
  }

  const std::string& path() const override { return path_; }

 private:
  Status Enter(FileOperation operation, std::string_view doing, bool* is_torn = nullptr) const {
    if (born_ != state_->crashes) {
      return Error(ErrorCode::kIo,
                   std::string(doing) + " " + Quoted(path_, 300) + ": opened before a crash (simulated)");
    }
    return state_->Enter(operation, path_, doing, is_torn);
  }

  Status CheckWritable() const {
    if (is_writable_) return Status::Ok();
    return Error(ErrorCode::kIo, "writing " + Quoted(path_, 300) + ": opened for reading only");
  }

  Status Write(uint64_t offset, std::string_view bytes) {
    bool is_torn = false;
    TRY(Enter(FileOperation::kWrite, "writing", &is_torn));
    if (bytes.empty()) return Status::Ok();  // whatever the mode, as the system does
    TRY(CheckWritable());
    const uint64_t end = offset + bytes.size();
    const uint64_t growth = end > node_->bytes.size() ? end - node_->bytes.size() : 0;
    TRY(state_->CheckRoom(growth, "writing", path_));
    const std::string_view written = is_torn ? bytes.substr(0, bytes.size() / 2) : bytes;
    if (!written.empty()) {
      if (offset + written.size() > node_->bytes.size()) node_->Resize(offset + written.size());
      node_->Touch(offset, offset + written.size());
      node_->bytes.replace(offset, written.size(), written);
    }
    node_->modified = state_->clock.WallMicros();
    if (is_torn) return Error(ErrorCode::kIo, "writing " + Quoted(path_, 300) + ": torn after half (simulated)");
    return Status::Ok();
  }

  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  std::string path_;
  bool is_writable_;
  uint64_t born_;  // the number of crashes before it was opened
};

class SimLock final : public os::FileLock {
 public:
  SimLock(std::shared_ptr<State> state, std::shared_ptr<Node> node)
      : state_(std::move(state)), node_(std::move(node)), born_(state_->crashes) {
    node_->is_locked = true;
  }
  ~SimLock() override {
    std::lock_guard lock(state_->mutex);
    if (born_ == state_->crashes) node_->is_locked = false;
  }

  Status SetHolder(std::string_view text) override {
    std::lock_guard lock(state_->mutex);
    if (born_ != state_->crashes) return Error(ErrorCode::kIo, "a lock from before a crash (simulated)");
    text = text.substr(0, kHolderBytesMax);
    node_->Resize(text.size());
    node_->Touch(0, text.size());
    node_->bytes = text;
    return Status::Ok();
  }

  Result<std::string> Holder() const override {
    std::lock_guard lock(state_->mutex);
    return node_->bytes.substr(0, kHolderBytesMax);
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  uint64_t born_;  // the number of crashes before it was taken
};

class SimSpillFile final : public os::SpillFile {
 public:
  SimSpillFile(std::shared_ptr<State> state, std::unique_ptr<os::SpillFile> memory, std::string path)
      : state_(std::move(state)), memory_(std::move(memory)), path_(std::move(path)) {}

  Status MoveOut(uint8_t* start, size_t bytes, uint64_t offset) override {
    std::lock_guard lock(state_->mutex);
    TRY(state_->Enter(FileOperation::kWrite, path_, "writing"));
    return memory_->MoveOut(start, bytes, offset);
  }
  Status Release(uint8_t* start, size_t bytes, uint64_t offset) override {
    std::lock_guard lock(state_->mutex);
    TRY(state_->Enter(FileOperation::kSync, path_, "syncing"));
    return memory_->Release(start, bytes, offset);
  }
  uint64_t ResidentBytes(const uint8_t* start, size_t bytes) override { return memory_->ResidentBytes(start, bytes); }
  void Discard(uint64_t offset, size_t bytes) override { memory_->Discard(offset, bytes); }

 private:
  std::shared_ptr<State> state_;
  std::unique_ptr<os::SpillFile> memory_;
  std::string path_;
};

}  // namespace

SimFileSystem::SimFileSystem(const os::Clock& clock) : state_(std::make_shared<State>(clock)) {}
SimFileSystem::~SimFileSystem() = default;

Result<std::unique_ptr<os::File>> SimFileSystem::Open(const std::string& raw_path, os::OpenMode mode) {
  std::lock_guard lock(state_->mutex);
  const std::string path = Normal(raw_path);
  TRY(state_->Enter(FileOperation::kOpen, path, "opening"));
  std::shared_ptr<Node> node = state_->Find(path);
  if (node != nullptr && node->is_directory)
    return Error(ErrorCode::kIo, "opening " + Quoted(path) + ": is a directory");
  if (node != nullptr && mode == os::OpenMode::kCreateNew) {
    return Error(ErrorCode::kAlreadyExists, "opening " + Quoted(path) + ": the file exists");
  }
  if (node == nullptr) {
    const std::shared_ptr<Node> folder = state_->Find(std::string(os::DirectoryOf(path)));
    const bool may_create = mode != os::OpenMode::kRead && mode != os::OpenMode::kReadWrite;
    if (!may_create || folder == nullptr || !folder->is_directory) return Missing("opening", path);
    node = state_->NewNode(false);
    state_->names[path] = node;
  } else if (mode == os::OpenMode::kReplace) {
    node->Resize(0);
    node->modified = state_->clock.WallMicros();
  }
  return std::make_unique<SimFile>(state_, node, path, mode != os::OpenMode::kRead);
}

Result<os::FileFacts> SimFileSystem::Stat(const std::string& raw_path) {
  std::lock_guard lock(state_->mutex);
  const std::string path = Normal(raw_path);
  TRY(state_->Enter(FileOperation::kStat, path, "looking at"));
  const std::shared_ptr<Node> node = state_->Find(path);
  if (node == nullptr) return Missing("looking at", path);
  return os::FileFacts{node->bytes.size(), node->modified, node->identity, node->is_directory, false};
}

Result<std::vector<std::string>> SimFileSystem::List(const std::string& raw_path) {
  std::lock_guard lock(state_->mutex);
  const std::string path = Normal(raw_path);
  TRY(state_->Enter(FileOperation::kList, path, "listing"));
  const std::shared_ptr<Node> node = state_->Find(path);
  if (node == nullptr || !node->is_directory) return Missing("listing", path);
  std::vector<std::string> found;
  for (const auto& [name, child] : state_->names) {
    if (name != "/" && os::DirectoryOf(name) == path) found.emplace_back(os::BaseNameOf(name));
  }
  std::sort(found.begin(), found.end());
  return found;
}

Status SimFileSystem::Rename(const std::string& raw_from, const std::string& raw_to) {
  std::lock_guard lock(state_->mutex);
  const std::string from = Normal(raw_from);
  const std::string to = Normal(raw_to);
  TRY(state_->Enter(FileOperation::kRename, from, "renaming"));
  const std::shared_ptr<Node> node = state_->Find(from);
  const std::shared_ptr<Node> folder = state_->Find(std::string(os::DirectoryOf(to)));
  if (node == nullptr || folder == nullptr || !folder->is_directory) return Missing("renaming", from);
  if (from == to) return Status::Ok();
  if (to.starts_with(from + "/")) return Error(ErrorCode::kIo, "renaming " + Quoted(from) + " into itself");
  const std::shared_ptr<Node> target = state_->Find(to);
  const bool is_blocked = target != nullptr && (target->is_directory != node->is_directory || state_->HasChildren(to));
  if (is_blocked) return Error(ErrorCode::kIo, "renaming " + Quoted(from) + ": the target is in the way");
  std::vector<std::pair<std::string, std::shared_ptr<Node>>> moved;
  for (const auto& [name, child] : state_->names) {
    if (name == from || name.starts_with(from + "/")) moved.emplace_back(name, child);
  }
  for (const auto& [name, child] : moved) state_->names.erase(name);
  for (const auto& [name, child] : moved) state_->names[to + name.substr(from.size())] = child;
  if (node->is_directory) {
    // What is durable inside a folder is so under whichever of its two names survives.
    std::erase_if(state_->disk_names, [&](const auto& entry) { return entry.first.starts_with(to + "/"); });
    const Names durable = state_->disk_names;
    for (const auto& [name, child] : durable) {
      if (name.starts_with(from + "/")) state_->disk_names[to + name.substr(from.size())] = child;
    }
  }
  return Status::Ok();
}

Status SimFileSystem::Remove(const std::string& raw_path) {
  std::lock_guard lock(state_->mutex);
  const std::string path = Normal(raw_path);
  TRY(state_->Enter(FileOperation::kRemove, path, "removing"));
  if (state_->Find(path) == nullptr) return Missing("removing", path);
  if (path == "/" || state_->HasChildren(path)) {
    return Error(ErrorCode::kIo, "removing " + Quoted(path) + ": directory not empty");
  }
  state_->names.erase(path);
  return Status::Ok();
}

Status SimFileSystem::CreateDirectory(const std::string& raw_path) {
  std::lock_guard lock(state_->mutex);
  const std::string path = Normal(raw_path);
  TRY(state_->Enter(FileOperation::kCreateDirectory, path, "making the folder"));
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    std::shared_ptr<Node>& node = state_->names[part];
    if (node == nullptr) node = state_->NewNode(true);
    if (!node->is_directory)
      return Error(ErrorCode::kBadFile, "making the folder " + Quoted(part) + ": a file is there");
    if (end == std::string::npos) break;
  }
  return Status::Ok();
}

Status SimFileSystem::SyncDirectory(const std::string& raw_path) {
  std::lock_guard lock(state_->mutex);
  const std::string path = Normal(raw_path);
  TRY(state_->Enter(FileOperation::kSyncDirectory, path, "syncing the folder"));
  if (state_->Find(path) == nullptr) return Missing("syncing the folder", path);
  const auto is_child = [&](const auto& entry) { return entry.first != "/" && os::DirectoryOf(entry.first) == path; };
  std::erase_if(state_->disk_names,
                [&](const auto& entry) { return is_child(entry) && !state_->names.contains(entry.first); });
  for (const auto& entry : state_->names) {
    if (is_child(entry)) state_->disk_names[entry.first] = entry.second;
  }
  return Status::Ok();
}

Status SimFileSystem::HardLink(const std::string& raw_from, const std::string& raw_to) {
  std::lock_guard lock(state_->mutex);
  const std::string from = Normal(raw_from);
  const std::string to = Normal(raw_to);
  TRY(state_->Enter(FileOperation::kHardLink, from, "linking"));
  const std::shared_ptr<Node> node = state_->Find(from);
  const std::shared_ptr<Node> folder = state_->Find(std::string(os::DirectoryOf(to)));
  if (node == nullptr || folder == nullptr || !folder->is_directory) return Missing("linking", from);
  if (node->is_directory) return Error(ErrorCode::kIo, "linking " + Quoted(from) + ": is a directory");
  if (state_->Find(to) != nullptr) {
    return Error(ErrorCode::kAlreadyExists, "linking " + Quoted(from) + ": " + Quoted(to) + " exists");
  }
  state_->names[to] = node;
  return Status::Ok();
}

Result<std::unique_ptr<os::FileLock>> SimFileSystem::Lock(const std::string& raw_path) {
  std::lock_guard lock(state_->mutex);
  const std::string path = Normal(raw_path);
  TRY(state_->Enter(FileOperation::kLock, path, "locking"));
  std::shared_ptr<Node> node = state_->Find(path);
  if (node != nullptr && node->is_directory) {
    return Error(ErrorCode::kIo, "locking " + Quoted(path) + ": is a directory");
  }
  if (node == nullptr) {
    const std::shared_ptr<Node> folder = state_->Find(std::string(os::DirectoryOf(path)));
    if (folder == nullptr || !folder->is_directory) return Missing("locking", path);
    node = state_->NewNode(false);
    state_->names[path] = node;
  }
  if (node->is_locked) return Error(os::LockIsHeld(path, std::string_view(node->bytes).substr(0, kHolderBytesMax)));
  return std::make_unique<SimLock>(state_, node);
}

Result<std::unique_ptr<os::SpillFile>> SimFileSystem::MakeSpillFile(const std::string& raw_directory) {
  std::lock_guard lock(state_->mutex);
  const std::string directory = Normal(raw_directory);
  const std::string path = os::JoinPath(directory, "(spill)");
  TRY(state_->Enter(FileOperation::kOpen, path, "making"));
  const std::shared_ptr<Node> folder = state_->Find(directory);
  if (folder == nullptr || !folder->is_directory) return Missing("making", path);
  std::unique_ptr<os::SpillFile> memory = TRY(MakeSpillMemory(state_->calls));
  std::unique_ptr<os::SpillFile> file = std::make_unique<SimSpillFile>(state_, std::move(memory), path);
  return file;
}

void SimFileSystem::Plan(FileFault fault) {
  std::lock_guard lock(state_->mutex);
  state_->faults.push_back(std::move(fault));
}

void SimFileSystem::ClearFaults() {
  std::lock_guard lock(state_->mutex);
  state_->faults.clear();
  state_->is_cut = false;
}

void SimFileSystem::SetCapacity(uint64_t bytes) {
  std::lock_guard lock(state_->mutex);
  state_->capacity = bytes;
}

Status SimFileSystem::FlipBit(const std::string& raw_path, uint64_t offset, uint32_t bit) {
  std::lock_guard lock(state_->mutex);
  const std::string path = Normal(raw_path);
  const std::shared_ptr<Node> node = state_->Find(path);
  if (node == nullptr || offset >= node->bytes.size()) return Missing("flipping a bit of", path);
  const auto mask = static_cast<char>(1u << (bit & 7));
  node->bytes[offset] ^= mask;
  if (offset < node->disk_bytes.size()) node->disk_bytes[offset] ^= mask;
  return Status::Ok();
}

uint64_t SimFileSystem::CallCount() const {
  std::lock_guard lock(state_->mutex);
  return state_->calls;
}

namespace {

// The disk's state becomes what code sees. Names whose folder did not survive are gone with it.
void ComeBack(State& state) {
  std::erase_if(state.disk_names, [&](const auto& entry) {
    for (std::string_view folder = os::DirectoryOf(entry.first); entry.first != "/"; folder = os::DirectoryOf(folder)) {
      if (!state.disk_names.contains(std::string(folder))) return true;
      if (folder == "/") break;
    }
    return false;
  });
  state.names = state.disk_names;
  std::set<Node*> seen;
  for (const auto& [name, node] : state.names) {
    // A new node: files opened before the crash must not write into the world after it.
    if (!seen.insert(node.get()).second) continue;
    node->bytes = node->disk_bytes;
    node->Flush();
    node->is_locked = false;
  }
  ++state.crashes;
  state.faults.clear();
  state.is_cut = false;
}

}  // namespace

void SimFileSystem::Crash() {
  std::lock_guard lock(state_->mutex);
  ComeBack(*state_);
}

void SimFileSystem::CrashTorn(Random& random) {
  std::lock_guard lock(state_->mutex);
  Names survivors;
  for (const auto& [name, node] : state_->disk_names) {
    const auto now = state_->names.find(name);
    const bool is_unchanged = now != state_->names.end() && now->second == node;
    if (is_unchanged || random.OneIn(2)) survivors[name] = node;
  }
  for (const auto& [name, node] : state_->names) {
    const auto old = state_->disk_names.find(name);
    const bool is_unchanged = old != state_->disk_names.end() && old->second == node;
    if (is_unchanged) continue;
    if (!survivors.contains(name) && random.OneIn(2)) survivors[name] = node;
  }
  // A replaced name never vanishes: the rename shows the old file or the new.
  for (const auto& [name, node] : state_->disk_names) {
    if (!survivors.contains(name) && state_->names.contains(name))
      survivors[name] = random.OneIn(2) ? node : state_->names[name];
  }
  std::set<Node*> torn;
  for (const auto& [name, node] : survivors) {
    if (node->bytes != node->disk_bytes && torn.insert(node.get()).second) {
      node->disk_bytes = TornSectors(node->disk_bytes, node->bytes, random);
    }
  }
  state_->disk_names = std::move(survivors);
  ComeBack(*state_);
}

}  // namespace laminar::sim
