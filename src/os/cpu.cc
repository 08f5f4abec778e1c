#include "os/cpu.h"

#include <pthread.h>
#include <sched.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "os/file.h"

namespace laminar::os {
namespace {

constexpr uint64_t kSmallFileBytesMax = 1 << 20;

// Files under /proc and /sys report no size, so they are read until they end.
std::string ReadKernelFile(FileSystem& files, const std::string& path) {
  Result<std::unique_ptr<File>> file = files.Open(path, OpenMode::kRead);
  if (!file) return {};
  std::string text(kSmallFileBytesMax, '\0');
  const Result<size_t> size = (*file)->ReadAt(0, text);
  text.resize(size ? *size : 0);
  return text;
}

uint32_t CoresOf(std::string_view quota_text, std::string_view period_text) {
  const Result<int64_t> quota = ParseInt64(quota_text);  // "max" and -1 mean none
  const Result<int64_t> period = ParseInt64(period_text);
  if (!quota || !period || *quota <= 0 || *period <= 0) return 0;
  return static_cast<uint32_t>((*quota + *period - 1) / *period);
}

Status SetAffinity(const cpu_set_t& cores, std::string_view doing) {
  const int error = pthread_setaffinity_np(pthread_self(), sizeof cores, &cores);
  if (error == 0) return Status::Ok();
  return Error(ErrorCode::kIo,
               std::string(doing) + ": " + std::strerror(error) + " (errno " + std::to_string(error) + ")");
}

// The mask of the process at its first question, before any thread was pinned.
const cpu_set_t& StartMask() {
  static const cpu_set_t mask = [] {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    if (sched_getaffinity(0, sizeof cores, &cores) != 0) CPU_SET(0, &cores);
    return cores;
  }();
  return mask;
}

}  // namespace

std::vector<uint32_t> AllowedCores() {
  std::vector<uint32_t> cores;
  for (uint32_t core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &StartMask())) cores.push_back(core);
  }
  if (cores.empty()) cores.push_back(0);
  return cores;
}

uint32_t CoreQuota(FileSystem& files) {
  const std::string v2 = ReadKernelFile(files, "/sys/fs/cgroup/cpu.max");
  const size_t space = v2.find(' ');
  if (space != std::string::npos) return CoresOf(v2.substr(0, space), v2.substr(space + 1));
  return CoresOf(ReadKernelFile(files, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
                 ReadKernelFile(files, "/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
}

std::vector<uint32_t> UsableCores() {
  std::vector<uint32_t> cores = AllowedCores();
  const uint32_t quota = CoreQuota(RealFileSystem());
  if (quota > 0 && quota < cores.size()) cores.resize(quota);
  return cores;
}

Status PinThisThread(uint32_t core) {
  StartMask();
  if (core >= CPU_SETSIZE)
    return Error(ErrorCode::kBadArgument, "pinning to core " + std::to_string(core) + ": no such core");
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  return SetAffinity(cores, "pinning to core " + std::to_string(core));
}

Status UnpinThisThread() { return SetAffinity(StartMask(), "unpinning a thread"); }

void NameThisThread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

std::string CpuModel() {
  std::string model = "unknown processor";
  std::string features;
  const std::string info = ReadKernelFile(RealFileSystem(), "/proc/cpuinfo");
  for (std::string_view line : Split(info, '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view key = Trim(line.substr(0, colon));
    const std::string_view value = Trim(line.substr(colon + 1));
    if (key == "model name") model = std::string(value);
    if (key == "flags" || key == "Features") features = std::string(value);
    if (key == "flags" || key == "Features") break;
  }
  std::string known;
  for (std::string_view feature : Split(features, ' ')) {
    for (std::string_view wanted : {"avx2", "avx512f", "avx512bw", "asimd", "sve"}) {
      if (feature == wanted) known += (known.empty() ? "" : " ") + std::string(feature);
    }
  }
  return known.empty() ? model : model + " (" + known + ")";
}

}  // namespace laminar::os
