#include "os/process.h"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "base/check.h"
#include "base/hot_scope.h"
#include "base/text.h"
#include "os/file.h"

namespace laminar::os {
namespace {

std::atomic<uint32_t> interrupts{0};  // set by the signal handler, taken by any thread
std::atomic<bool> has_flag{false};
struct sigaction action_before;

static_assert(std::atomic<uint32_t>::is_always_lock_free);  // a signal handler may touch nothing else

void OnInterrupt(int) {
  if (interrupts.fetch_add(1, std::memory_order_relaxed) > 0) _exit(130);
}

int64_t NanosOf(const timeval& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + static_cast<int64_t>(time.tv_usec) * 1000;
}

}  // namespace

bool IsTerminal(int fd) { return isatty(fd) == 1; }

uint32_t TerminalColumns(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::optional<std::string> Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

std::string HomeDirectory() { return Environment("HOME").value_or("/"); }
std::string TemporaryDirectory() { return Environment("TMPDIR").value_or("/tmp"); }
std::string ProgramPath() {
  ForbidInHotScope("asking for the program's path");
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : std::string();
}

uint32_t ProcessId() { return static_cast<uint32_t>(getpid()); }

InterruptFlag::InterruptFlag() {
  CHECK(!has_flag.exchange(true));
  interrupts.store(0);
  struct sigaction action{};
  action.sa_handler = OnInterrupt;
  sigemptyset(&action.sa_mask);
  action.sa_flags = 0;  // no SA_RESTART: a blocked read returns, so the caller can look
  sigaction(SIGINT, &action, &action_before);
}

InterruptFlag::~InterruptFlag() {
  sigaction(SIGINT, &action_before, nullptr);
  has_flag.store(false);
}

bool InterruptFlag::IsRaised() const { return interrupts.load(std::memory_order_relaxed) > 0; }
bool InterruptFlag::Take() { return interrupts.exchange(0, std::memory_order_relaxed) > 0; }

void IgnoreBrokenPipes() { std::signal(SIGPIPE, SIG_IGN); }

ProcessUse UseOfThisProcess() {
  ForbidInHotScope("asking for the use of the process");
  ProcessUse use;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  use.cpu_nanos = NanosOf(usage.ru_utime) + NanosOf(usage.ru_stime);
  use.resident_bytes_max = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  use.resident_bytes = use.resident_bytes_max;
  Result<std::unique_ptr<File>> statm = RealFileSystem().Open("/proc/self/statm", OpenMode::kRead);
  if (statm) {
    char text[128];
    const Result<size_t> size = (*statm)->ReadAt(0, text);
    const std::vector<std::string_view> fields = Split(std::string_view(text, size.value_or(0)), ' ');
    const Result<int64_t> pages = fields.size() > 1 ? ParseInt64(fields[1]) : Result<int64_t>(0);
    if (pages && *pages > 0)
      use.resident_bytes = static_cast<uint64_t>(*pages) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }
  return use;
}

uint64_t UsableMemory() {
  uint64_t bytes = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    Result<std::unique_ptr<File>> file = RealFileSystem().Open(path, OpenMode::kRead);
    if (!file) continue;
    char text[64];
    const Result<size_t> size = (*file)->ReadAt(0, text);
    const std::string_view line = Trim(std::string_view(text, size.value_or(0)));
    if (const Result<uint64_t> limit = ParseUint64(line); limit && *limit > 0)
      bytes = std::min(bytes, *limit);  // or "max"
  }
  return bytes;
}

}  // namespace laminar::os
