#include "os/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>

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

Status SetAffinity(pthread_t thread, const cpu_set_t& cores, std::string_view doing) {
  const int error = pthread_setaffinity_np(thread, sizeof cores, &cores);
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

std::vector<uint32_t> CoresIn(const cpu_set_t& mask) {
  std::vector<uint32_t> cores;
  for (uint32_t core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &mask)) cores.push_back(core);
  }
  return cores;
}

std::atomic<bool> is_real_time_refused{false};

}  // namespace

std::vector<uint32_t> AllowedCores() {
  std::vector<uint32_t> cores = CoresIn(StartMask());
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

Status PinThread(pthread_t thread, uint32_t core) {
  StartMask();
  if (core >= CPU_SETSIZE)
    return Error(ErrorCode::kBadArgument, "pinning to core " + std::to_string(core) + ": no such core");
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  return SetAffinity(thread, cores, "pinning to core " + std::to_string(core));
}

Status UnpinThread(pthread_t thread) { return SetAffinity(thread, StartMask(), "unpinning a thread"); }

std::vector<uint32_t> CoresOfThread(pthread_t thread) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  if (pthread_getaffinity_np(thread, sizeof cores, &cores) != 0) return {};
  return CoresIn(cores);
}

// The kernel takes the calling thread for process 0, where POSIX means the whole process.
void MakeThisThreadNicer(int by) { (void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + by); }

// The flag keeps threads that this one starts at normal priority. It stays when the priority goes: to take it away
// needs more permission than to set it.
Status SetRealTimePriority(pthread_t thread, int priority) {
  const sched_param wanted{.sched_priority = priority};
  const int policy = (priority == 0 ? SCHED_OTHER : SCHED_FIFO) | SCHED_RESET_ON_FORK;
  const bool is_to_fail = priority != 0 && is_real_time_refused.load(std::memory_order_relaxed);
  const int error = is_to_fail ? EPERM : pthread_setschedparam(thread, policy, &wanted);
  if (error == 0) return {};
  const std::string number = std::to_string(priority);
  std::string text = "giving a thread real-time priority " + number + ": " + std::strerror(error) + " (errno " +
                     std::to_string(error) + ")";
  if (error != EPERM) return Status(ErrorCode::kIo, std::move(text));
  return Status(ErrorCode::kLimitReached, std::move(text))
      .WithHint("CAP_SYS_NICE grants it, or RLIMIT_RTPRIO (ulimit -r) of at least " + number);
}

int RealTimePriority(int32_t thread_id) {
  const int policy = sched_getscheduler(thread_id);
  if (policy < 0) return 0;
  const int kind = policy & ~SCHED_RESET_ON_FORK;
  sched_param param{};
  if ((kind != SCHED_FIFO && kind != SCHED_RR) || sched_getparam(thread_id, &param) != 0) return 0;
  return param.sched_priority;
}

void RefuseRealTimePriority(bool is_refused) { is_real_time_refused.store(is_refused, std::memory_order_relaxed); }

void Patience::SleepIfRealTime() {
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 50'000};
  if (RealTimePriority(0) != 0) clock_nanosleep(CLOCK_MONOTONIC, 0, &kMoment, nullptr);
}

void NameThisThread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

Result<std::vector<uint32_t>> ParseCpuList(std::string_view text) {
  constexpr int64_t kCpuMax = 1 << 16;
  std::vector<uint32_t> cpus;
  if (Trim(text).empty()) return cpus;
  for (std::string_view part : Split(text, ',')) {
    const size_t dash = part.find('-');
    const Result<int64_t> first = ParseInt64(Trim(part.substr(0, dash)));
    const Result<int64_t> last = dash == std::string_view::npos ? first : ParseInt64(Trim(part.substr(dash + 1)));
    if (!first || !last || *first < 0 || *last < *first || *last >= kCpuMax) {
      return Error(Status(ErrorCode::kBadArgument,
                          "reading a list of cpus: \"" + std::string(part) + "\" in \"" + std::string(text) + "\"")
                       .WithHint("numbers and ranges with commas, like 2-5,8"));
    }
    for (int64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<uint32_t>(cpu));
  }
  std::ranges::sort(cpus);
  cpus.erase(std::ranges::unique(cpus).begin(), cpus.end());
  return cpus;
}

std::vector<uint32_t> IsolatedCpus(FileSystem& files) {
  return ParseCpuList(Trim(ReadKernelFile(files, "/sys/devices/system/cpu/isolated")))
      .value_or(std::vector<uint32_t>{});
}

std::vector<CpuFacts> ReadTopology(FileSystem& files, const std::vector<uint32_t>& cpus) {
  std::vector<CpuFacts> facts;
  auto number = [&](const std::string& path, uint32_t otherwise) {
    const Result<int64_t> value = ParseInt64(Trim(ReadKernelFile(files, path)));
    return value && *value >= 0 ? static_cast<uint32_t>(*value) : otherwise;
  };
  for (const uint32_t cpu : cpus) {
    const std::string base = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    facts.push_back(
        {.cpu = cpu, .package = number(base + "physical_package_id", 0), .core = number(base + "core_id", cpu)});
  }
  // Nodes stand in a list of their own: node N names its cpus.
  const std::string online = ReadKernelFile(files, "/sys/devices/system/node/online");
  for (const uint32_t node : ParseCpuList(Trim(online)).value_or(std::vector<uint32_t>{})) {
    const std::string list = ReadKernelFile(files, "/sys/devices/system/node/node" + std::to_string(node) + "/cpulist");
    const std::vector<uint32_t> members = ParseCpuList(Trim(list)).value_or(std::vector<uint32_t>{});
    for (CpuFacts& fact : facts) {
      if (std::ranges::binary_search(members, fact.cpu)) fact.node = node;
    }
  }
  return facts;
}

bool HasConstantCycleCounter() {
#if defined(__x86_64__)
  static const bool is_constant = [] {
    constexpr uint32_t kPowerFacts = 0x80000007;
    constexpr uint32_t kInvariantBit = 1u << 8;
    uint32_t a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(kPowerFacts, &a, &b, &c, &d) != 0 && (d & kInvariantBit) != 0;
  }();
  return is_constant;
#elif defined(__aarch64__)
  return true;
#else
  return false;
#endif
}

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
