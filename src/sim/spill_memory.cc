#include "sim/spill_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>
#include <string>

#include "base/check.h"
#include "base/random.h"

namespace laminar::sim {
namespace {

constexpr uint64_t kPage = 4096;

class SpillMemory final : public os::SpillFile {
 public:
  SpillMemory(int file, uint64_t seed) : file_(file), random_(seed) {}
  ~SpillMemory() override { close(file_); }
  SpillMemory(const SpillMemory&) = delete;

  Status MoveOut(uint8_t* start, size_t bytes, uint64_t offset) override {
    for (size_t done = 0; done < bytes;) {
      const ssize_t n = pwrite(file_, start + done, bytes - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return Failed("moving state to");
      done += static_cast<size_t>(n);
    }
    const int how = MAP_SHARED | MAP_FIXED;
    if (mmap(start, bytes, PROT_READ | PROT_WRITE, how, file_, static_cast<off_t>(offset)) == MAP_FAILED)
      return Failed("mapping");
    return {};
  }
  Status Release(uint8_t* start, size_t bytes, uint64_t) override {
    (void)madvise(start, bytes, MADV_DONTNEED);
    untouched_.insert(start);
    return {};
  }
  uint64_t ResidentBytes(const uint8_t* start, size_t bytes) override {
    if (untouched_.erase(start) != 0 || random_.OneIn(2)) return 0;
    return kPage * random_.Below((random_.OneIn(2) ? bytes : bytes / 32) / kPage + 1);
  }
  // The place is not empty but wrong for whoever still reads there.
  void Discard(uint64_t offset, size_t bytes) override {
    const std::string garbage(bytes, '\xDD');
    CHECK(pwrite(file_, garbage.data(), bytes, static_cast<off_t>(offset)) == static_cast<ssize_t>(bytes));
  }

 private:
  static Status Failed(const char* doing) {
    return Error(ErrorCode::kIo, std::string(doing) + " simulated memory: " + std::strerror(errno));
  }

  const int file_;
  Random random_;
  std::set<const uint8_t*> untouched_;  // since they were released
};

}  // namespace

Result<std::unique_ptr<os::SpillFile>> MakeSpillMemory(uint64_t seed) {
  const int file = memfd_create("laminar-simulated-spill", MFD_CLOEXEC);
  if (file < 0) return Error(ErrorCode::kIo, std::string("making simulated memory: ") + std::strerror(errno));
  std::unique_ptr<os::SpillFile> spill = std::make_unique<SpillMemory>(file, seed);
  return spill;
}

}  // namespace laminar::sim
