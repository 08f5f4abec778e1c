// The parts of a shard by themselves: the queue single and in batches, between two threads; the time of one hand-over;
// what measuring a budget and waking an awake loop cost. Prints nanoseconds.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <vector>

#include "os/clock.h"
#include "os/cpu.h"
#include "os/thread.h"
#include "runtime/ring0/budget.h"
#include "runtime/ring0/budget.h"
#include "runtime/ring0/spsc_queue.h"

namespace laminar::runtime {
namespace {

constexpr int kRepeats = 5;

double NowNanos() { return static_cast<double>(os::RealClock().MonotonicNanos()); }

// Best of some runs: other load on the machine counts less.
template <class Run>
double Best(const Run& run) {
  double best = 1e30;
  for (int i = 0; i < kRepeats; ++i) best = std::min(best, run());
  return best;
}

uint64_t sink = 0;

double OneThread(size_t block) {
  SpscQueue<uint64_t> queue(1024);
  constexpr uint64_t kItems = 20'000'000;
  std::vector<uint64_t> values(block);
  const double start = NowNanos();
  for (uint64_t done = 0; done < kItems; done += block) {
    if (block == 1) {
      uint64_t value = done;
      queue.Push(std::move(value));
      queue.Pop(value);
      sink += value;
    } else {
      queue.PushBatch(values);
      queue.PopEach(block, [](uint64_t&& v) noexcept { return sink += v, true; });
    }
  }
  return (NowNanos() - start) / static_cast<double>(kItems);
}

struct Work {
  SpscQueue<uint64_t>* queue;
  uint64_t items;
  size_t block;
  uint32_t cpu;
  std::vector<uint32_t>* latencies = nullptr;
  std::atomic<bool> is_up{false};
};

uint32_t CpuOf(size_t i) {
  const std::vector<uint32_t> cpus = os::UsableCores();
  return cpus[i % cpus.size()];
}

void Consume(void* raw) {
  auto& work = *static_cast<Work*>(raw);
  static_cast<void>(os::PinThread(pthread_self(), work.cpu));
  work.is_up = true;
  uint64_t value = 0;
  uint64_t sum = 0;
  for (uint64_t got = 0; got < work.items;) {
    if (work.block == 1) {
      if (!work.queue->Pop(value)) continue;
      sum += value;
      ++got;
    } else {
      got += work.queue->PopEach(work.block, [&](uint64_t&& v) noexcept { return sum += v, true; });
    }
  }
  sink += sum;
}

double TwoThreads(size_t block, size_t capacity) {
  SpscQueue<uint64_t> queue(capacity);
  Work work{.queue = &queue, .items = block == 1 ? 5'000'000u : 20'000'000u, .block = block, .cpu = CpuOf(1)};
  auto consumer = os::Thread::Start("consumer", Consume, &work);
  if (!consumer) return 0;
  while (!work.is_up) os::CpuRelax();
  std::vector<uint64_t> values(block);
  const double start = NowNanos();
  for (uint64_t sent = 0; sent < work.items;) {
    if (block == 1) {
      uint64_t value = sent;
      sent += queue.Push(std::move(value)) ? 1 : 0;
    } else {
      sent += queue.PushBatch({values.data(), std::min<size_t>(block, work.items - sent)});
    }
  }
  consumer->Join();
  return (NowNanos() - start) / static_cast<double>(work.items);
}

// A stretch in which a thread did not look for so long: it was taken off its core.
constexpr uint64_t kDisturbedTicks = 5'000;

void ConsumeStamps(void* raw) {
  auto& work = *static_cast<Work*>(raw);
  static_cast<void>(os::PinThread(pthread_self(), work.cpu));
  work.is_up = true;
  uint64_t stamp = 0;
  uint64_t last = os::CycleCounter();
  bool is_disturbed = false;
  for (uint64_t got = 0; got < work.items;) {
    const bool has_one = work.queue->Pop(stamp);
    const uint64_t now = os::CycleCounter();
    is_disturbed |= now - last > kDisturbedTicks;
    last = now;
    if (!has_one) continue;
    const auto ticks = static_cast<uint32_t>(std::min<uint64_t>(now - stamp, UINT32_MAX / 2));
    work.latencies->push_back(ticks * 2 + (is_disturbed ? 1 : 0));  // the lowest bit: disturbed
    is_disturbed = false;
    ++got;
  }
}

void PrintLatencies(const char* which, std::vector<uint32_t>& ticks) {
  if (ticks.empty()) return;
  std::ranges::sort(ticks);
  const double per_nano = os::CyclesPerSecond() / 1e9;
  auto at = [&](double q) { return ticks[static_cast<size_t>(q * static_cast<double>(ticks.size() - 1))] / per_nano; };
  std::printf("hand-over between spinning threads, %s %6zu: p50 %5.0f  p90 %5.0f  p99 %6.0f  p99.9 %8.0f ns\n", which,
              ticks.size(), at(0.5), at(0.9), at(0.99), at(0.999));
}

// One item every two microseconds: the queue is empty each time. On a machine with other load the receiver is taken off
// its core now and then; the second line leaves those hand-overs out, and those after a stretch without the sender.
void HandOver() {
  constexpr uint64_t kItems = 200'000;
  SpscQueue<uint64_t> queue(64);
  std::vector<uint32_t> latencies;
  latencies.reserve(kItems);
  std::vector<bool> sender_disturbed(kItems);
  Work work{.queue = &queue, .items = kItems, .block = 1, .cpu = CpuOf(1), .latencies = &latencies};
  auto consumer = os::Thread::Start("consumer", ConsumeStamps, &work);
  if (!consumer) return;
  while (!work.is_up) os::CpuRelax();
  const auto gap = static_cast<uint64_t>(2'000 * os::CyclesPerSecond() / 1e9);
  for (uint64_t i = 0; i < kItems; ++i) {
    const uint64_t until = os::CycleCounter() + gap;
    while (os::CycleCounter() < until) {
    }
    const uint64_t stamp = os::CycleCounter();
    uint64_t value = stamp;
    bool has_waited = false;  // the queue was full: the receiver is away
    while (!queue.Push(std::move(value))) has_waited = true;
    sender_disturbed[i] = has_waited || os::CycleCounter() - stamp > kDisturbedTicks;
  }
  consumer->Join();
  std::vector<uint32_t> all;
  std::vector<uint32_t> undisturbed;
  size_t behind = 0;  // items that queued up while the receiver was away
  for (size_t i = 0; i < kItems; ++i) {
    const uint32_t ticks = latencies[i] / 2;
    all.push_back(ticks);
    if ((latencies[i] & 1) != 0) behind = 64;
    if (behind > 0) {
      --behind;
    } else if (!sender_disturbed[i]) {
      undisturbed.push_back(ticks);
    }
  }
  PrintLatencies("all        ", all);
  PrintLatencies("undisturbed", undisturbed);
}

void Small() {
  constexpr int kItems = 10'000'000;
  CoreBudgets budgets(os::RealClock());
  auto per = [](auto&& body) {
    return Best([&] {
      const double start = NowNanos();
      for (int i = 0; i < kItems; ++i) body();
      return (NowNanos() - start) / kItems;
    });
  };
  std::printf("budget of a turn (1 in 64 measured)        %6.2f ns\n",
              per([&] { TaskBudget budget(BudgetId::kTurn, budgets); }));
  std::printf("budget of a commit (always measured)       %6.2f ns\n",
              per([&] { TaskBudget budget(BudgetId::kCommit, budgets); }));
}

void Run() {
  std::printf("push and pop, one thread, one by one       %6.2f ns an item\n", Best([] { return OneThread(1); }));
  std::printf("push and pop, one thread, batches of 64    %6.2f ns an item\n", Best([] { return OneThread(64); }));
  static_cast<void>(os::PinThread(pthread_self(), CpuOf(0)));
  for (const size_t capacity : {64, 1024}) {
    std::printf("two threads, %4zu places, one by one        %6.2f ns an item\n", capacity,
                Best([&] { return TwoThreads(1, capacity); }));
    std::printf("two threads, %4zu places, batches of 32     %6.2f ns an item\n", capacity,
                Best([&] { return TwoThreads(32, capacity); }));
  }
  for (int i = 0; i < 3; ++i) HandOver();
  Small();
}

}  // namespace
}  // namespace laminar::runtime

int main() {
  laminar::runtime::Run();
  return laminar::runtime::sink == 1 ? 1 : 0;
}
