// An exchange of three columns (key, value, time: 24 bytes a row): the partition alone, and rows through Partition ->
// channel -> Gather between two threads, beside a copy of the same bytes in the same run. Beside the
// time by the clock stands what each side's steps took, those left out in which it was taken off its core: what the
// exchange costs when other load on the machine spoils the first.
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <vector>

#include "base/random.h"
#include "engine/exchange_channel.h"
#include "os/clock.h"
#include "os/cpu.h"
#include "os/thread.h"

namespace laminar::engine {
namespace {

using data::Batch;
using data::BatchBuffer;
using data::kBatchCapacity;
using data::TypeId;

constexpr int kRepeats = 3;
const std::vector<data::Type> kTypes = {TypeId::kInt64, TypeId::kDouble, TypeId::kInt64};
constexpr size_t kRowBytes = 24;

double NowNanos() { return static_cast<double>(os::RealClock().MonotonicNanos()); }

double ThreadNanos() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// The ticks of steps, without those that took absurdly long.
class Steps {
 public:
  void Add(uint64_t ticks, uint64_t rows) {
    constexpr uint64_t kTicksPerRowMax = 200;
    constexpr uint64_t kTicksMin = 20'000;
    if (ticks > std::max(kTicksMin, rows * kTicksPerRowMax)) return;
    ticks_ += ticks;
    rows_ += rows;
  }
  double NanosPerRow() const {
    return rows_ == 0 ? 0 : static_cast<double>(ticks_) * 1e9 / os::CyclesPerSecond() / static_cast<double>(rows_);
  }

 private:
  uint64_t ticks_ = 0;
  uint64_t rows_ = 0;
};

// Takes nothing, so that only splitting is measured; or picks the rows into one buffer.
class NullPort final : public exec::ExchangePort {
 public:
  explicit NullPort(bool copies) : copies_(copies), buffer_(kTypes) {}
  bool TryPush(const Batch& batch) override {
    if (copies_) {
      buffer_.Reset();
      buffer_.AppendRows(batch, 0, batch.rows);
    }
    rows += batch.rows;
    return true;
  }
  bool TryPushRows(const Batch& batch, const uint16_t* picked, uint32_t count) override {
    if (copies_) {
      buffer_.Reset();
      buffer_.AppendSelected(batch, picked, count);
    }
    rows += count;
    return true;
  }
  void PushWatermark(Timestamp) override {}
  void PushBarrier(exec::Epoch) override {}
  void Flush() override {}
  bool IsBackpressured() override { return false; }
  bool IsHolding() const override { return false; }
  bool CanSend() override { return true; }
  uint64_t rows = 0;

 private:
  bool copies_;
  BatchBuffer buffer_;
};

// Input batches, more than a core's cache holds.
std::vector<std::unique_ptr<BatchBuffer>> MakeBatches(uint32_t rows) {
  Random random(1);
  std::vector<std::unique_ptr<BatchBuffer>> batches;
  for (int b = 0; b < 64; ++b) {
    batches.push_back(std::make_unique<BatchBuffer>(kTypes));
    BatchBuffer& batch = *batches.back();
    batch.SetRows(rows);
    for (uint32_t i = 0; i < rows; ++i) {
      batch.column(0).As<int64_t>()[i] = static_cast<int64_t>(random.Below(100'000));
      batch.column(1).As<double>()[i] = random.Unit();
      batch.column(2).As<int64_t>()[i] = static_cast<int64_t>(b * 1024 + i);
    }
  }
  return batches;
}

double PartitionAlone(uint32_t targets, uint32_t rows, bool copies) {
  const auto batches = MakeBatches(rows);
  std::vector<std::unique_ptr<NullPort>> ports;
  std::vector<exec::ExchangePort*> pointers;
  for (uint32_t i = 0; i < targets; ++i) {
    ports.push_back(std::make_unique<NullPort>(copies));
    pointers.push_back(ports.back().get());
  }
  exec::Partition partition({.input = kTypes, .keys = {0}}, exec::EvenTargets(targets), pointers);
  exec::Output out;
  const uint64_t rounds = 8'000'000 / (rows * batches.size()) + 1;
  double best = 1e30;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const double start = ThreadNanos();
    for (uint64_t r = 0; r < rounds; ++r) {
      for (const auto& batch : batches) partition.Process(0, batch->batch(), out);
    }
    best = std::min(best, (ThreadNanos() - start) / static_cast<double>(rounds * batches.size() * rows));
  }
  return best;
}

// Copies the columns of every batch into a buffer of its own: what moving the same bytes costs one thread.
double Memcpy(uint32_t rows) {
  const auto batches = MakeBatches(rows);
  BatchBuffer to(kTypes);
  const uint64_t rounds = 8'000'000 / (rows * batches.size()) + 1;
  double best = 1e30;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const double start = ThreadNanos();
    for (uint64_t r = 0; r < rounds; ++r) {
      for (const auto& batch : batches) {
        for (size_t c = 0; c < kTypes.size(); ++c) {
          std::memcpy(to.column(c).values, batch->column(c).values, size_t{8} * rows);
          asm volatile("" ::: "memory");
        }
      }
    }
    best = std::min(best, (ThreadNanos() - start) / static_cast<double>(rounds * batches.size() * rows));
  }
  return best;
}

// Reads every value, as an operator would.
class Sum final : public exec::Operator {
 public:
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, Batch& batch, exec::Output&) override {
    const auto* keys = batch.columns[0].As<int64_t>();
    const auto* values = batch.columns[1].As<double>();
    const auto* times = batch.columns[2].As<int64_t>();
    for (uint32_t i = 0; i < batch.rows; ++i) {
      whole += static_cast<uint64_t>(keys[i]) + static_cast<uint64_t>(times[i]);
      real += values[i];
    }
    rows += batch.rows;
    return exec::Step::kMore;
  }
  exec::Step Watermark(int, Timestamp watermark, exec::Output&) override {
    has_ended = watermark == kMaxTimestamp;
    return exec::Step::kMore;
  }
  uint64_t rows = 0;
  uint64_t whole = 0;
  double real = 0;
  bool has_ended = false;
};

struct Through {
  uint32_t targets = 1;  // channels; all end at the one receiving thread
  uint32_t rows = kBatchCapacity;
  uint32_t buffers_min = 64;
  runtime::BackpressureConfig credits;
};

uint32_t CpuOf(size_t i) {
  const std::vector<uint32_t> cpus = os::UsableCores();
  return cpus[i % cpus.size()];
}

struct Receivers {
  std::vector<std::unique_ptr<exec::Gather>> gathers;
  std::vector<std::unique_ptr<Sum>> sums;
  std::vector<ExchangeChannel*> channels;
  std::atomic<bool> is_up{false};
  Steps steps;
};

// A few messages of one channel, as a shard takes them.
bool Poll(exec::Gather& gather, ExchangeChannel& channel) {
  constexpr int kMessages = 4;
  bool any = false;
  for (int i = 0; i < kMessages; ++i) {
    bool is_empty = false;
    static_cast<void>(channel.Receive(gather, 0, is_empty));
    if (is_empty) break;
    any = true;
  }
  if (any) channel.AfterReceiving();
  return any;
}

void ReceiveAll(void* raw) {
  auto& all = *static_cast<Receivers*>(raw);
  static_cast<void>(os::PinThread(pthread_self(), CpuOf(1)));
  all.is_up = true;
  for (bool is_done = false; !is_done;) {
    is_done = true;
    bool any = false;
    for (size_t i = 0; i < all.channels.size(); ++i) {
      const uint64_t rows_before = all.sums[i]->rows;
      const uint64_t start = os::CycleCounter();
      if (Poll(*all.gathers[i], *all.channels[i])) {
        all.steps.Add(os::CycleCounter() - start, all.sums[i]->rows - rows_before);
        any = true;
      }
      is_done &= all.sums[i]->has_ended;
    }
    if (!any) sched_yield();
  }
}

// Nanoseconds a row from the sender's first push to the receiver's last read.
struct Cost {
  double wall = 1e30;
  double sender = 1e30;
  double receiver = 1e30;
};

Cost Between(const Through& shape) {
  const auto batches = MakeBatches(shape.rows);
  ExchangePool pool(kTypes, shape.buffers_min);
  runtime::FloatingCredits floating(shape.credits.floating_credits);
  std::vector<std::unique_ptr<ExchangeChannel>> channels;
  std::vector<exec::ExchangePort*> ports;
  Receivers receivers;
  for (uint32_t t = 0; t < shape.targets; ++t) {
    channels.push_back(std::make_unique<ExchangeChannel>(pool, shape.credits, &floating));
    ports.push_back(channels.back().get());
    receivers.gathers.push_back(std::make_unique<exec::Gather>(1));
    receivers.sums.push_back(std::make_unique<Sum>());
    receivers.gathers[t]->ConnectTo(receivers.sums[t].get(), 0);
    receivers.channels.push_back(channels[t].get());
  }
  exec::Partition partition({.input = kTypes, .keys = {0}}, exec::EvenTargets(shape.targets), ports);
  auto thread = os::Thread::Start("receiver", ReceiveAll, &receivers);
  if (!thread) return {};
  while (!receivers.is_up) os::CpuRelax();
  exec::Output out;
  const uint64_t total = (shape.rows < 64 ? 400'000u : 10'000'000u) / shape.rows;
  const double start = NowNanos();
  Steps steps;
  for (uint64_t b = 0; b < total; ++b) {
    while (!partition.MakeReady()) sched_yield();
    const uint64_t step = os::CycleCounter();
    partition.Process(0, batches[b % batches.size()]->batch(), out);
    partition.Flush();
    steps.Add(os::CycleCounter() - step, shape.rows);
  }
  partition.Watermark(0, kMaxTimestamp, out);
  while (!partition.MakeReady() || partition.CanMove()) sched_yield();
  partition.Flush();
  thread->Join();
  const double nanos = NowNanos() - start;
  uint64_t rows = 0;
  for (const auto& sum : receivers.sums) rows += sum->rows;
  if (rows != total * shape.rows) std::abort();
  const auto all = static_cast<double>(rows);
  return {.wall = nanos / all, .sender = steps.NanosPerRow(), .receiver = receivers.steps.NanosPerRow()};
}

void Print(const Through& shape) {
  Cost best;
  for (int i = 0; i < kRepeats; ++i) {
    const Cost cost = Between(shape);
    best.wall = std::min(best.wall, cost.wall);
    best.sender = std::min(best.sender, cost.sender);
    best.receiver = std::min(best.receiver, cost.receiver);
  }
  std::printf(
      "two threads, %u channels, %4u rows a batch, %2u + %2u credits, %2u buffers: %7.2f ns a row = %6.1f M rows/s, "
      "%5.2f GB/s; steps of the sender %7.2f, of the receiver %7.2f\n",
      shape.targets, shape.rows, shape.credits.exclusive_credits, shape.credits.floating_credits, shape.buffers_min,
      best.wall, 1e3 / best.wall, static_cast<double>(kRowBytes) / best.wall, best.sender, best.receiver);
}

void Run() {
  static_cast<void>(os::PinThread(pthread_self(), CpuOf(0)));
  for (const uint32_t rows : {1024u, 64u, 1u}) {
    std::printf("a copy of the same bytes, %4u rows a batch                        %7.2f ns a row\n", rows,
                Memcpy(rows));
    for (const uint32_t targets : {1u, 2u, 4u, 8u}) {
      std::printf("partition to %u targets, %4u rows a batch: splitting %7.2f, with picking rows out %7.2f ns a row\n",
                  targets, rows, PartitionAlone(targets, rows, false), PartitionAlone(targets, rows, true));
    }
  }
  const runtime::BackpressureConfig usual;
  const runtime::BackpressureConfig wide{.exclusive_credits = 16, .floating_credits = 32};
  for (const uint32_t buffers : {4u, 16u, 64u}) {
    Print({.targets = 1, .rows = 1024, .buffers_min = buffers, .credits = usual});
    Print({.targets = 1, .rows = 1024, .buffers_min = buffers, .credits = wide});
  }
  for (const uint32_t targets : {2u, 4u, 8u}) Print({.targets = targets, .credits = usual});
  Print({.targets = 8, .credits = wide});
  Print({.targets = 1, .rows = 64, .credits = usual});
  Print({.targets = 1, .rows = 1, .credits = usual});
  Print({.targets = 8, .rows = 64, .credits = usual});
}

}  // namespace
}  // namespace laminar::engine

int main() {
  laminar::engine::Run();
  return 0;
}
