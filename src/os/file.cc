// The machine's files: pread and pwrite, errors with path and errno.
#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/hot_scope.h"
#include "base/text.h"

namespace laminar::os {
namespace {

ErrorCode CodeOfErrno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return ErrorCode::kBadFile;
    case EEXIST: return ErrorCode::kAlreadyExists;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE: return ErrorCode::kLimitReached;
    default: return ErrorCode::kIo;
  }
}

std::string_view HintOfErrno(int error) {
  switch (error) {
    case ENOENT: return "check the path; a relative path starts at the working directory of the process";
    case EACCES:
    case EPERM: return "check the permissions of the file and of the folders above it";
    case ENOSPC:
    case EDQUOT: return "free some disk space, or choose another folder";
    case EMFILE:
    case ENFILE: return "raise the limit of open files (ulimit -n)";
    case EISDIR: return "the path names a folder; name a file in it, or use a pattern such as folder/*";
    default: return "";
  }
}

internal::Failure Fail(std::string_view doing, const std::string& path, int error) {
  std::string message = std::string(doing) + " " + Quoted(path, 300) + ": " + std::strerror(error) + " (errno " +
                        std::to_string(error) + ")";
  return Error(Status(CodeOfErrno(error), std::move(message)).WithHint(std::string(HintOfErrno(error))));
}

// The system treats a path as ending at its first zero byte; a name with one would open another file.
Status CheckPath(const std::string& path) {
  if (path.empty()) return Error(ErrorCode::kBadFile, "an empty path names no file");
  if (path.find('\0') != std::string::npos) {
    return Error(ErrorCode::kBadFile, "the path " + Quoted(path, 300) + " holds a zero byte");
  }
  return Status::Ok();
}

class MachineFile final : public File {
 public:
  MachineFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~MachineFile() override {
    ForbidInHotScope("file close");
    close(fd_);
  }

  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    ForbidInHotScope("file read");
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t n = pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (n == 0) break;
      if (n < 0) {
        if (errno == EINTR) continue;
        return Fail("reading", path_, errno);
      }
      done += static_cast<size_t>(n);
    }
    return done;
  }

  Status WriteAt(uint64_t offset, std::string_view bytes) override {
    ForbidInHotScope("file write");
    while (!bytes.empty()) {
      const ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (n < 0) {
        if (errno == EINTR) continue;
        return Fail("writing", path_, errno);
      }
      offset += static_cast<uint64_t>(n);
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return Status::Ok();
  }

  Status Append(std::string_view bytes) override { return WriteAt(TRY(Size()), bytes); }

  Result<uint64_t> Size() const override {
    ForbidInHotScope("file stat");
    struct stat facts{};
    if (fstat(fd_, &facts) != 0) return Fail("asking the size of", path_, errno);
    return static_cast<uint64_t>(facts.st_size);
  }

  Status Truncate(uint64_t size) override {
    ForbidInHotScope("file truncation");
    if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return Fail("truncating", path_, errno);
    return Status::Ok();
  }

  Status Sync() override {
    ForbidInHotScope("file sync");
    if (fsync(fd_) != 0) return Fail("syncing", path_, errno);
    return Status::Ok();
  }

  Status SyncData() override {
    ForbidInHotScope("file sync");
    if (fdatasync(fd_) != 0) return Fail("syncing", path_, errno);
    return Status::Ok();
  }

  Status Allocate(uint64_t size) override {
    ForbidInHotScope("file allocation");
    const uint64_t old_size = TRY(Size());
    if (size <= old_size) return Status::Ok();
    int error = 0;
    do {
      // Where the file system cannot reserve, the C library writes a byte into every block instead.
      error = posix_fallocate(fd_, static_cast<off_t>(old_size), static_cast<off_t>(size - old_size));
    } while (error == EINTR);
    if (error == 0) return Status::Ok();
    // Some systems keep what they got before the disk was full.
    if (ftruncate(fd_, static_cast<off_t>(old_size)) != 0) return Fail("truncating", path_, errno);
    return Fail("reserving " + FormatBytes(size) + " for", path_, error);
  }

  int descriptor() const override { return fd_; }

  const std::string& path() const override { return path_; }

 private:
  int fd_;
  std::string path_;
};

constexpr size_t kHolderBytesMax = 200;

// flock belongs to the open file, not to the process: a second Lock in the same process is refused too, and closing
// another handle of the file does not release it, as it would with POSIX record locks.
class MachineLock final : public FileLock {
 public:
  explicit MachineLock(std::unique_ptr<MachineFile> file) : file_(std::move(file)) {}

  Status SetHolder(std::string_view text) override {
    text = text.substr(0, kHolderBytesMax);
    TRY(file_->Truncate(0));
    return file_->WriteAt(0, text);
  }

  Result<std::string> Holder() const override {
    std::string text(kHolderBytesMax, '\0');
    text.resize(TRY(file_->ReadAt(0, text)));
    return text;
  }

 private:
  std::unique_ptr<MachineFile> file_;
};

// Whether the path still names the file: it may have been removed between opening and locking it.
bool IsStillThere(int fd, const std::string& path) {
  struct stat ours{};
  struct stat named{};
  return fstat(fd, &ours) == 0 && stat(path.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
         ours.st_dev == named.st_dev;
}

int FlagsOf(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY;
    case OpenMode::kReadWrite: return O_RDWR;
    case OpenMode::kCreate: return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kReplace: return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

class MachineFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override {
    ForbidInHotScope("file open");
    TRY(CheckPath(path));
    // O_NONBLOCK keeps a named pipe without a writer from stopping us in open; it means nothing for plain files.
    const int fd = open(path.c_str(), FlagsOf(mode) | O_CLOEXEC | O_NONBLOCK, 0644);
    if (fd < 0) return Fail("opening", path, errno);
    auto file = std::make_unique<MachineFile>(fd, path);
    struct stat facts{};
    if (fstat(fd, &facts) != 0) return Fail("opening", path, errno);
    if (S_ISDIR(facts.st_mode)) return Fail("opening", path, EISDIR);
    if (!S_ISREG(facts.st_mode)) {
      return Error(ErrorCode::kNotSupported, "opening " + Quoted(path, 300) + ": not a plain file (a pipe or device)");
    }
    return file;
  }

  Result<FileFacts> Stat(const std::string& path) override {
    ForbidInHotScope("file stat");
    TRY(CheckPath(path));
    struct stat facts{};
    struct stat own{};
    if (lstat(path.c_str(), &own) != 0) return Fail("looking at", path, errno);
    // A link whose target is gone is still there to be removed.
    if (stat(path.c_str(), &facts) != 0) facts = own;
    const Timestamp modified = facts.st_mtim.tv_sec * kSecond + facts.st_mtim.tv_nsec / 1000;
    const auto identity = static_cast<uint64_t>(facts.st_ino) ^ static_cast<uint64_t>(facts.st_dev) << 48;
    return FileFacts{static_cast<uint64_t>(facts.st_size), modified, identity, S_ISDIR(facts.st_mode),
                     S_ISLNK(own.st_mode)};
  }

  Result<std::vector<std::string>> List(const std::string& directory) override {
    ForbidInHotScope("folder listing");
    TRY(CheckPath(directory));
    DIR* folder = opendir(directory.c_str());
    if (folder == nullptr) return Fail("listing", directory, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(folder)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    const int error = errno;
    closedir(folder);
    if (error != 0) return Fail("listing", directory, error);
    std::sort(names.begin(), names.end());
    return names;
  }

  Status Rename(const std::string& from, const std::string& to) override {
    ForbidInHotScope("file rename");
    TRY(CheckPath(from));
    TRY(CheckPath(to));
    if (rename(from.c_str(), to.c_str()) != 0) return Fail("renaming to " + Quoted(to, 300), from, errno);
    return Status::Ok();
  }

  Status Remove(const std::string& path) override {
    ForbidInHotScope("file removal");
    TRY(CheckPath(path));
    if (remove(path.c_str()) != 0) return Fail("removing", path, errno);
    return Status::Ok();
  }

  Status CreateDirectory(const std::string& path) override {
    ForbidInHotScope("folder creation");
    TRY(CheckPath(path));
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      const std::string part = path.substr(0, end);
      if (mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) return Fail("making the folder", part, errno);
      if (end == std::string::npos) break;
    }
    if (!TRY(Stat(path)).is_directory) return Fail("making the folder", path, ENOTDIR);
    return Status::Ok();
  }

  Status SyncDirectory(const std::string& path) override {
    ForbidInHotScope("folder sync");
    TRY(CheckPath(path));
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return Fail("syncing the folder", path, errno);
    const int error = fsync(fd) != 0 ? errno : 0;
    close(fd);
    if (error != 0) return Fail("syncing the folder", path, error);
    return Status::Ok();
  }

  Status HardLink(const std::string& from, const std::string& to) override {
    ForbidInHotScope("file link");
    TRY(CheckPath(from));
    TRY(CheckPath(to));
    if (link(from.c_str(), to.c_str()) != 0) return Fail("giving the name " + Quoted(to, 300) + " to", from, errno);
    return Status::Ok();
  }

  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    ForbidInHotScope("file lock");
    TRY(CheckPath(path));
    constexpr int kTriesMax = 10;
    for (int tries = 0; tries < kTriesMax; ++tries) {
      const int fd = open(path.c_str(), FlagsOf(OpenMode::kCreate) | O_CLOEXEC | O_NONBLOCK, 0644);
      if (fd < 0) return Fail("opening", path, errno);
      auto lock = std::make_unique<MachineLock>(std::make_unique<MachineFile>(fd, path));
      int locked = 0;
      do {
        locked = flock(fd, LOCK_EX | LOCK_NB);
      } while (locked != 0 && errno == EINTR);
      if (locked != 0 && errno == EWOULDBLOCK) return Error(LockIsHeld(path, lock->Holder().value_or("")));
      if (locked != 0) return Fail("locking", path, errno);
      if (IsStillThere(fd, path)) return lock;
    }
    return Error(ErrorCode::kIo, "locking " + Quoted(path, 300) + ": the file keeps being replaced");
  }
};

}  // namespace

FileSystem& RealFileSystem() {
  static MachineFileSystem files;
  return files;
}

}  // namespace laminar::os
