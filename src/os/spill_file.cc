#include "os/spill_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

#include "base/check.h"
#include "base/text.h"

namespace laminar::os {

namespace {

constexpr size_t kPage = 4096;  // of the kernel's lists of what is in memory, on the machines we build for

}  // namespace

uint8_t* MapMemory(size_t bytes, size_t alignment) {
  DCHECK(std::has_single_bit(alignment) && bytes % kPage == 0);
  const size_t room = bytes + alignment;
  void* block = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  auto* first = static_cast<uint8_t*>(block);
  auto* start = first + (alignment - reinterpret_cast<uintptr_t>(first) % alignment) % alignment;
  if (start != first) munmap(first, static_cast<size_t>(start - first));
  if (start + bytes != first + room) munmap(start + bytes, static_cast<size_t>(first + room - (start + bytes)));
  (void)madvise(start, bytes, MADV_HUGEPAGE);
  return start;
}

void UnmapMemory(uint8_t* start, size_t bytes) { munmap(start, bytes); }

namespace {

class MachineSpillFile final : public SpillFile {
 public:
  MachineSpillFile(int file, std::string directory) : file_(file), directory_(std::move(directory)) {}
  ~MachineSpillFile() override;
  MachineSpillFile(const MachineSpillFile&) = delete;

  Status MoveOut(uint8_t* start, size_t bytes, uint64_t offset) override;
  Status Release(uint8_t* start, size_t bytes, uint64_t offset) override;
  uint64_t ResidentBytes(const uint8_t* start, size_t bytes) override;
  void Discard(uint64_t offset, size_t bytes) override;
  Status Failed(const char* what) const;

 private:
  const int file_;
  const std::string directory_;
};

Status MachineSpillFile::Failed(const char* what) const {
  const int error = errno;
  Status status(error == ENOSPC || error == EDQUOT || error == ENOMEM ? ErrorCode::kLimitReached : ErrorCode::kIo,
                std::string(what) + " in " + Quoted(directory_, 300) + ": " + std::strerror(error));
  return std::move(status).WithHint(
      "state that does not fit into memory needs room in a folder on a disk: SET spill_directory");
}

MachineSpillFile::~MachineSpillFile() {
  if (file_ >= 0) close(file_);
}

Status MachineSpillFile::MoveOut(uint8_t* start, size_t bytes, uint64_t offset) {
  for (size_t done = 0; done < bytes;) {
    const ssize_t n = pwrite(file_, start + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed("cannot write state");
    done += static_cast<size_t>(n);
  }
  (void)sync_file_range(file_, static_cast<off_t>(offset), static_cast<off_t>(bytes), SYNC_FILE_RANGE_WRITE);
  // By the kernel's call itself: the thread sanitizer takes mmap for a write to the range, and no byte changes here.
  if (syscall(SYS_mmap, start, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file_,
              static_cast<off_t>(offset)) == -1) {
    return Failed("cannot map state");
  }
  (void)madvise(start, bytes, MADV_RANDOM);  // one page is asked for, one is read
  return {};
}

Status MachineSpillFile::Release(uint8_t* start, size_t bytes, uint64_t offset) {
  constexpr unsigned kWait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  const auto at = static_cast<off_t>(offset);
  const auto length = static_cast<off_t>(bytes);
  if (sync_file_range(file_, at, length, kWait) != 0 && msync(start, bytes, MS_SYNC) != 0)
    return Failed("cannot write state");
  (void)madvise(start, bytes, MADV_DONTNEED);  // of a shared mapping: only our way to the pages goes
  (void)posix_fadvise(file_, at, length, POSIX_FADV_DONTNEED);
  return {};
}

uint64_t MachineSpillFile::ResidentBytes(const uint8_t* start, size_t bytes) {
  std::array<unsigned char, 512> pages;
  uint64_t resident = 0;
  for (size_t done = 0; done < bytes; done += pages.size() * kPage) {
    const size_t part = std::min(bytes - done, pages.size() * kPage);
    if (mincore(const_cast<uint8_t*>(start) + done, part, pages.data()) != 0) return bytes;
    const auto count = static_cast<std::ptrdiff_t>((part + kPage - 1) / kPage);
    resident += kPage * static_cast<uint64_t>(std::count_if(pages.begin(), pages.begin() + count,
                                                            [](unsigned char page) { return (page & 1) != 0; }));
  }
  return resident;
}

void MachineSpillFile::Discard(uint64_t offset, size_t bytes) {
  (void)fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                  static_cast<off_t>(bytes));
}

}  // namespace

Result<std::unique_ptr<SpillFile>> SpillFile::Create(const std::string& directory) {
  int file = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
    // A file system without nameless files: the name goes at once.
    std::string name = directory + "/laminar-spill-XXXXXX";
    file = mkostemp(name.data(), O_CLOEXEC);
    if (file >= 0) unlink(name.c_str());
  }
  auto spill = std::make_unique<MachineSpillFile>(file, directory);
  if (file < 0) return Error(spill->Failed("cannot make a file for state that does not fit into memory"));
  return spill;
}

}  // namespace laminar::os
