// The adapter's parts: one class for each kind of file RocksDB opens, and the folder they stand in.
#include "state/checkpoint/rocks_files.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/io_status.h>
#include <rocksdb/listener.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <vector>

#include "base/text.h"

namespace laminar::state {

namespace {

// A file that RocksDB reads: in memory until it is on the disk, which may be from the start.
class ReadableFile {
 public:
  ReadableFile() = default;
  explicit ReadableFile(std::unique_ptr<os::File> file) : file_(std::move(file)) {}

  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) const {
    std::unique_lock lock(mutex_);
    if (file_ != nullptr) {
      lock.unlock();  // it stays, and may be read by many
      return file_->ReadAt(offset, out);
    }
    if (offset >= bytes_.size()) return size_t{0};
    const size_t length = std::min<size_t>(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, length);
    return length;
  }
  void Append(std::string_view bytes) {
    std::lock_guard lock(mutex_);
    bytes_ += bytes;
  }
  void Resize(uint64_t size) {
    std::lock_guard lock(mutex_);
    bytes_.resize(size);
  }
  void MoveTo(std::unique_ptr<os::File> file) {
    std::lock_guard lock(mutex_);
    file_ = std::move(file);
    std::string().swap(bytes_);
  }
  // What is in memory.
  std::string bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
  }
  uint64_t size() const {
    std::lock_guard lock(mutex_);
    return bytes_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::string bytes_;               // guarded by mutex_
  std::unique_ptr<os::File> file_;  // guarded by mutex_; set once
};

constexpr size_t kFailuresKept = 16;

bool IsTablePath(const std::string& path) { return path.ends_with(".sst"); }

}  // namespace

struct RocksFiles::Shared {
  os::FileSystem& files;
  RocksAccess access;
  mutable std::mutex mutex;
  std::deque<Status> failures;                                     // guarded by mutex; the latest first
  std::map<std::string, std::shared_ptr<ReadableFile>> in_memory;  // guarded by mutex; by path
  std::set<std::string> flushed_next;                              // guarded by mutex; tables that a flush will make
  std::set<std::string> unsafe;  // guarded by mutex; held tables whose file, if it is there, may be a part

  std::shared_ptr<ReadableFile> Find(const std::string& path) const {
    std::lock_guard lock(mutex);
    const auto found = in_memory.find(path);
    return found == in_memory.end() ? nullptr : found->second;
  }
  void Put(const std::string& path, std::shared_ptr<ReadableFile> file) {
    std::lock_guard lock(mutex);
    in_memory[path] = std::move(file);
  }
  void NoteFailure(const Status& failure) {
    std::lock_guard lock(mutex);
    failures.push_front(failure);
    if (failures.size() > kFailuresKept) failures.pop_back();
  }
  void ExpectFlush(const std::string& path) {
    std::lock_guard lock(mutex);
    flushed_next.insert(path);
  }
  bool TakeExpected(const std::string& path) {
    std::lock_guard lock(mutex);
    return flushed_next.erase(path) > 0;
  }
  void NoteUnsafe(const std::string& path) {
    std::lock_guard lock(mutex);
    unsafe.insert(path);
  }
  bool TakeUnsafe(const std::string& path) {
    std::lock_guard lock(mutex);
    return unsafe.erase(path) > 0;
  }
  bool Forget(const std::string& path) {
    std::lock_guard lock(mutex);
    return in_memory.erase(path) > 0;
  }
  std::map<std::string, std::shared_ptr<ReadableFile>> Tables() const {
    std::lock_guard lock(mutex);
    std::map<std::string, std::shared_ptr<ReadableFile>> tables;
    for (const auto& [path, file] : in_memory) {
      if (IsTablePath(path)) tables.emplace(path, file);
    }
    return tables;
  }
};

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using Shared = std::shared_ptr<RocksFiles::Shared>;

std::string_view View(const Slice& slice) { return {slice.data(), slice.size()}; }

// Our errors as RocksDB's. All are marked as worth another try, so that RocksDB goes on. The disk being full is not
// told as such, because RocksDB would start to watch the free space in a thread of its own.
IOStatus Translate(const Status& status, RocksFiles::Shared& shared) {
  if (status.ok()) return IOStatus::OK();
  if (status.code() == ErrorCode::kBadFile) return IOStatus::PathNotFound(status.message());
  shared.NoteFailure(status);
  IOStatus failed = IOStatus::IOError(status.message());
  failed.SetRetryable(true);
  return failed;
}

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(std::shared_ptr<ReadableFile> file, Shared shared)
      : file_(std::move(file)), shared_(std::move(shared)) {}

  IOStatus Read(size_t bytes, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    const Result<size_t> read = file_->ReadAt(at_, {scratch, bytes});
    *result = Slice(scratch, read.value_or(0));
    at_ += read.value_or(0);
    return read ? IOStatus::OK() : Translate(read.error(), *shared_);
  }
  IOStatus Skip(uint64_t bytes) override {
    at_ += bytes;
    return IOStatus::OK();
  }

 private:
  std::shared_ptr<ReadableFile> file_;
  Shared shared_;
  uint64_t at_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccessFile(std::shared_ptr<ReadableFile> file, Shared shared)
      : file_(std::move(file)), shared_(std::move(shared)) {}

  IOStatus Read(uint64_t offset, size_t bytes, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    const Result<size_t> read = file_->ReadAt(offset, {scratch, bytes});
    *result = Slice(scratch, read.value_or(0));
    return read ? IOStatus::OK() : Translate(read.error(), *shared_);
  }

 private:
  std::shared_ptr<ReadableFile> file_;
  Shared shared_;
};

// Bookkeeping.
class MemoryFile final : public rocksdb::FSWritableFile {
 public:
  explicit MemoryFile(std::shared_ptr<ReadableFile> file) : file_(std::move(file)) {}

  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    file_->Append(View(data));
    return IOStatus::OK();
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, IODebugContext*) override {
    file_->Resize(size);
    return IOStatus::OK();
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return file_->size(); }

 private:
  std::shared_ptr<ReadableFile> file_;
};

class TableFile final : public rocksdb::FSWritableFile {
 public:
  TableFile(const std::string& path, const FileOptions& options, Shared shared)
      : FSWritableFile(options), path_(path), shared_(std::move(shared)), is_of_flush_(shared_->TakeExpected(path)) {
    Result<std::unique_ptr<os::File>> file = shared_->files.Open(path, os::OpenMode::kReplace);
    failure_ = file ? Status::Ok() : file.error();
    if (file) file_ = *std::move(file);
  }

  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    if (failure_.ok()) failure_ = file_->WriteAt(size_, View(data));
    // A flush's output is small: it comes from a write buffer that is freed afterwards. Merges are not, and are allowed
    // to fail.
    if (!is_of_flush_) {
      if (!failure_.ok()) return Translate(failure_, *shared_);
    } else {
      if (copy_ == nullptr) copy_ = std::make_shared<ReadableFile>();
      copy_->Append(View(data));
    }
    size_ += data.size();
    return IOStatus::OK();
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    if (failure_.ok()) failure_ = file_->SyncData();
    return is_of_flush_ ? IOStatus::OK() : Translate(failure_, *shared_);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override {
    file_.reset();
    if (copy_ != nullptr) {
      // RocksDB reads it again for a check: from memory, so that this does not fail either. Then see
      // OnTableFileCreated.
      shared_->Put(path_, copy_);
      if (!failure_.ok()) {
        shared_->NoteUnsafe(path_);
        (void)shared_->files.Remove(path_);  // whatever is there is of no use; the space is
      }
    }
    copy_.reset();
    return is_of_flush_ ? IOStatus::OK() : Translate(failure_, *shared_);
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return size_; }

 private:
  std::string path_;
  Shared shared_;
  std::unique_ptr<os::File> file_;
  std::shared_ptr<ReadableFile> copy_;  // of a flush's output, until it is safe
  Status failure_;                      // the first
  bool is_of_flush_;
  uint64_t size_ = 0;
};

class Listener final : public rocksdb::EventListener {
 public:
  explicit Listener(Shared shared) : shared_(std::move(shared)) {}
  void OnTableFileCreationStarted(const rocksdb::TableFileCreationBriefInfo& table) override {
    if (table.reason == rocksdb::TableFileCreationReason::kFlush) shared_->ExpectFlush(table.file_path);
  }
  // One that was not written whole and synced, or cannot be opened, stays in memory.
  void OnTableFileCreated(const rocksdb::TableFileCreationInfo& table) override {
    const std::shared_ptr<ReadableFile> held = shared_->Find(table.file_path);
    if (held == nullptr || shared_->TakeUnsafe(table.file_path)) return;
    Result<std::unique_ptr<os::File>> file = shared_->files.Open(table.file_path, os::OpenMode::kRead);
    if (!file) return;
    held->MoveTo(*std::move(file));
    shared_->Forget(table.file_path);
  }

 private:
  Shared shared_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  // A checkpoint links the tables under names of its own and syncs those.
  IOStatus Fsync(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
};

// The folder belongs to this process (the database's LOCK) and to one store in it, so there is nothing to lock.
class Lock final : public rocksdb::FileLock {};

class Folder final : public rocksdb::FileSystem {
 public:
  explicit Folder(Shared shared)
      : shared_(std::move(shared)), files_(shared_->files), is_writable_(shared_->access == RocksAccess::kLive) {}

  const char* Name() const override { return "LaminarFiles"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext*) override {
    return OpenFor<SequentialFile>(path, result);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext*) override {
    return OpenFor<RandomAccessFile>(path, result);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) override {
    if (!is_writable_) return Refuse("writing", path);
    if (IsTablePath(path)) {
      *result = std::make_unique<TableFile>(path, options, shared_);
    } else {
      auto file = std::make_shared<ReadableFile>();
      shared_->Put(path, file);
      *result = std::make_unique<MemoryFile>(std::move(file));
    }
    return IOStatus::OK();
  }
  IOStatus NewDirectory(const std::string&, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* result,
                        IODebugContext*) override {
    *result = std::make_unique<Directory>();
    return IOStatus::OK();
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    // Old logs would stand there; ours has none, and RocksDB takes no other answer but yes and no.
    if (os::BaseNameOf(path) == "archive") return IOStatus::NotFound();
    if (shared_->Find(path) != nullptr) return IOStatus::OK();
    if (is_writable_ && !IsTablePath(path) && !IsDirectoryName(path)) return IOStatus::NotFound();
    const Result<os::FileFacts> facts = files_.Stat(path);
    if (!facts && facts.error().code() == ErrorCode::kBadFile) return IOStatus::NotFound();
    return facts ? IOStatus::OK() : Translate(facts.error(), *shared_);
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* result,
                       IODebugContext*) override {
    Result<std::vector<std::string>> names = files_.List(path);
    if (!names && names.error().code() == ErrorCode::kBadFile) return IOStatus::NotFound(names.error().message());
    if (!names) return Translate(names.error(), *shared_);
    *result = *std::move(names);
    std::lock_guard lock(shared_->mutex);
    for (const auto& [name, file] : shared_->in_memory) {
      if (os::DirectoryOf(name) == path) result->emplace_back(os::BaseNameOf(name));
    }
    std::sort(result->begin(), result->end());
    result->erase(std::unique(result->begin(), result->end()), result->end());
    return IOStatus::OK();
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, uint64_t* size, IODebugContext*) override {
    if (const auto file = shared_->Find(path); file != nullptr) {
      *size = file->size();
      return IOStatus::OK();
    }
    const Result<os::FileFacts> facts = files_.Stat(path);
    if (!facts) return Translate(facts.error(), *shared_);
    *size = facts->bytes;
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string& path, const IOOptions&, uint64_t* seconds,
                                   IODebugContext*) override {
    *seconds = 0;
    if (shared_->Find(path) != nullptr) return IOStatus::OK();
    const Result<os::FileFacts> facts = files_.Stat(path);
    if (facts) *seconds = static_cast<uint64_t>(facts->modified / kSecond);
    return facts ? IOStatus::OK() : Translate(facts.error(), *shared_);
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_directory, IODebugContext*) override {
    *is_directory = false;
    if (shared_->Find(path) != nullptr) return IOStatus::OK();
    const Result<os::FileFacts> facts = files_.Stat(path);
    if (facts) *is_directory = facts->is_directory;
    return facts ? IOStatus::OK() : Translate(facts.error(), *shared_);
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    if (!is_writable_) return Refuse("removing", path);
    if (shared_->Forget(path)) return IOStatus::OK();
    return Translate(files_.Remove(path), *shared_);
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return is_writable_ ? Translate(files_.Remove(path), *shared_) : Refuse("removing", path);
  }
  IOStatus CreateDir(const std::string& path, const IOOptions& options, IODebugContext* context) override {
    return CreateDirIfMissing(path, options, context);
  }
  // It was made before RocksDB was asked to look at it.
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    return is_writable_ ? IOStatus::OK() : Refuse("making the folder", path);
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    if (!is_writable_) return Refuse("renaming", from);
    std::lock_guard lock(shared_->mutex);
    const auto found = shared_->in_memory.find(from);
    if (found == shared_->in_memory.end()) return IOStatus::PathNotFound(from);
    std::shared_ptr<ReadableFile> file = found->second;
    shared_->in_memory.erase(found);
    shared_->in_memory[to] = std::move(file);
    return IOStatus::OK();
  }

  IOStatus LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock, IODebugContext*) override {
    *lock = std::make_unique<Lock>().release();
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    std::unique_ptr<rocksdb::FileLock> released(lock);
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string*, IODebugContext*) override {
    return IOStatus::NotSupported("no folder for tests");
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute, IODebugContext*) override {
    *absolute = path;
    return IOStatus::OK();
  }

 private:
  // The store's own folder; names of RocksDB's files in it are in capitals, end in digits or have an extension.
  static bool IsDirectoryName(const std::string& path) { return os::BaseNameOf(path).starts_with("live-"); }

  template <class Adapter, class Base>
  IOStatus OpenFor(const std::string& path, std::unique_ptr<Base>* result) {
    std::shared_ptr<ReadableFile> readable = shared_->Find(path);
    if (readable == nullptr) {
      Result<std::unique_ptr<os::File>> file = files_.Open(path, os::OpenMode::kRead);
      if (!file) return Translate(file.error(), *shared_);
      readable = std::make_shared<ReadableFile>(*std::move(file));
    }
    *result = std::make_unique<Adapter>(std::move(readable), shared_);
    return IOStatus::OK();
  }
  IOStatus Refuse(std::string_view doing, const std::string& path) const {
    return Translate(Status(ErrorCode::kInternal, std::string(doing) + " " + Quoted(path, 300) +
                                                      ": this checkpoint is opened for reading only"),
                     *shared_);
  }

  Shared shared_;
  os::FileSystem& files_;
  bool is_writable_;
};

}  // namespace

RocksFiles::RocksFiles(os::FileSystem& files, RocksAccess access)
    : shared_(new Shared{files, access, {}, {}, {}, {}, {}}) {}

std::unique_ptr<rocksdb::Env> RocksFiles::MakeEnv() {
  return rocksdb::NewCompositeEnv(std::make_shared<Folder>(shared_));
}

std::shared_ptr<rocksdb::EventListener> RocksFiles::MakeListener() { return std::make_shared<Listener>(shared_); }

Status RocksFiles::FindFailure(std::string_view text) const {
  std::lock_guard lock(shared_->mutex);
  for (const Status& failure : shared_->failures) {
    if (Contains(text, failure.message())) return failure;
  }
  return Status::Ok();
}

void RocksFiles::PutText(const std::string& path, std::string text) {
  auto file = std::make_shared<ReadableFile>();
  file->Append(text);
  shared_->Put(path, std::move(file));
}

Result<std::string> RocksFiles::Text(const std::string& path) const {
  const std::shared_ptr<ReadableFile> file = shared_->Find(path);
  if (file == nullptr) return Error(ErrorCode::kInternal, "the live store has no file " + Quoted(path, 300));
  return file->bytes();
}

uint64_t RocksFiles::held_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [path, file] : shared_->Tables()) bytes += file->size();
  return bytes;
}

Status RocksFiles::WriteHeld() {
  for (const auto& [path, held] : shared_->Tables()) {
    // A new file each time: after a failed sync nothing is known about the old one.
    const Status removed = shared_->files.Remove(path);
    if (!removed.ok() && removed.code() != ErrorCode::kBadFile) return removed;
    std::unique_ptr<os::File> file = TRY(shared_->files.Open(path, os::OpenMode::kCreateNew));
    TRY(file->WriteAt(0, held->bytes()));
    TRY(file->SyncData());
    held->MoveTo(std::move(file));
    shared_->Forget(path);
  }
  return Status::Ok();
}

}  // namespace laminar::state
