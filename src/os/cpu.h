// Which cores this process may use, and pinning threads to them. Asks the kernel; answers honour affinity masks and the
// CPU quota of a container, so a database in a two-core box starts two shards, whatever the machine has.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace laminar::os {

class FileSystem;

// Core numbers this process may run on, ascending; never empty.
std::vector<uint32_t> AllowedCores();
// The quota of the control group in whole cores, rounded up; 0: no quota. Reads cgroup v2, then v1.
uint32_t CoreQuota(FileSystem& files);
// The cores to start shards on: the allowed ones, no more of them than the quota.
std::vector<uint32_t> UsableCores();

// Ties a thread, which need not be the calling one, to one core.
Status PinThread(pthread_t thread, uint32_t core);
// Lets it run on any allowed core again.
Status UnpinThread(pthread_t thread);
// The cores it may run on now: the kernel takes a core out of the list when it goes.
std::vector<uint32_t> CoresOfThread(pthread_t thread);
// So much nicer than it is, which Linux lets each thread be (setpriority(2), up to 19): whoever is less nice goes first
// where both want a core. Only the privileged may take it back. Best effort: it changes when things are done, not what.
void MakeThisThreadNicer(int by);
// SCHED_FIFO of that priority, 1 to 99, for a thread, which need not be the calling one; 0: SCHED_OTHER again. The
// threads it starts are of normal priority all the same. kLimitReached, with what would grant it, without permission.
Status SetRealTimePriority(pthread_t thread, int priority);
// That of a thread by the kernel's number of it (Thread::id; 0: the calling thread), as it is now; 0: it has none.
int RealTimePriority(int32_t thread_id);
// For tests: SetRealTimePriority fails from now on, or no longer, as it does where it is not permitted.
void RefuseRealTimePriority(bool is_refused);
// Shown in process lists; cut to 15 bytes.
void NameThisThread(const std::string& name);

// One hardware thread of the machine.
struct CpuFacts {
  uint32_t cpu = 0;
  uint32_t package = 0;
  uint32_t core = 0;  // equal package and core: siblings, which share one physical core
  uint32_t node = 0;  // of memory
};
// The facts of these cpus, as the kernel exports them; where it does not, each counts as a core of its own on node 0.
std::vector<CpuFacts> ReadTopology(FileSystem& files, const std::vector<uint32_t>& cpus);
// Cpus the kernel keeps free of ordinary threads (isolcpus); may be empty.
std::vector<uint32_t> IsolatedCpus(FileSystem& files);
// "2-5,8": ascending, each once. kBadArgument for anything else; empty text is an empty list.
Result<std::vector<uint32_t>> ParseCpuList(std::string_view text);

// Does CycleCounter run at one rate whatever the processor's clock does? If not, it measures nothing.
bool HasConstantCycleCounter();
// Tells the processor that this is a spinning loop.
inline void CpuRelax() {
#if defined(__x86_64__)
  asm volatile("pause" ::: "memory");
#elif defined(__aarch64__)
  asm volatile("yield" ::: "memory");
#endif
}

// Between two looks of a loop that waits for another thread. It spins. A thread of real-time priority sleeps for a
// moment every so many looks, whoever gave it that priority: the one it waits for may need this very cpu, would not get
// it from a loop, and neither would anybody else.
class Patience {
 public:
  void Wait() {
    if (++looks_ % kLooks != 0) [[likely]]
      CpuRelax();
    else
      SleepIfRealTime();
  }

 private:
  static constexpr uint32_t kLooks = 256;  // asking the kernel for the priority costs some ten of them
  static void SleepIfRealTime();
  uint32_t looks_ = 0;
};

// For SHOW RUNTIME and benchmark reports: "AMD EPYC ... (avx2 avx512f)".
std::string CpuModel();

}  // namespace laminar::os
