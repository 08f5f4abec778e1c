#include "cli/bench/latency.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/text.h"
#include "cli/bench/allocations.h"
#include "laminar/laminar.h"
#include "os/clock.h"
#include "os/cpu.h"

namespace laminar::cli {
namespace {

using os::CycleCounter;

constexpr size_t kWarmUp = 20'000;
constexpr int64_t kStart = 1'772'443'800'000'000;
constexpr const char* kSymbols[] = {"AAPL", "MSFT", "GOOG", "AMZN", "META", "NVDA", "TSLA", "NFLX"};

Status Checked(laminar_error* error) {
  if (error == nullptr) return {};
  Status status(ErrorCode::kInternal, std::string("benchmark latency: ") + laminar_error_text(error));
  laminar_error_free(error);
  return status;
}

// What the subscriber leaves behind.
struct Seen {
  std::atomic<uint64_t> at{0};  // cycles; partner: the spinning reader
  std::atomic<uint64_t> count{0};
  std::atomic<double> high{0};
  bool wakes = false;
  std::mutex mutex;
  std::condition_variable changed;
};

void OnChanges(void* user, laminar_batch* changes) {
  Seen& seen = *static_cast<Seen*>(user);
  const uint32_t last = laminar_batch_rows(changes) - 1;
  seen.high.store(laminar_batch_double(changes, last, 2), std::memory_order_relaxed);
  seen.at.store(CycleCounter(), std::memory_order_relaxed);
  if (!seen.wakes) {
    seen.count.fetch_add(1, std::memory_order_release);
    return;
  }
  {
    const std::lock_guard lock(seen.mutex);
    seen.count.fetch_add(1, std::memory_order_release);
  }
  seen.changed.notify_one();
}

// A program with an inline database, an appender and a subscriber.
class Program {
 public:
  Program() = default;
  ~Program() {
    laminar_appender_free(appender_);
    laminar_subscription_free(subscription_);
    laminar_connection_free(connection_);
    laminar_close(database_);
  }
  Program(const Program&) = delete;

  Status Open(int views) {
    laminar_options options{};
    options.struct_size = sizeof options;
    options.threading = LAMINAR_INLINE;
    TRY(Checked(laminar_open(&options, &database_)));
    TRY(Checked(laminar_connect(database_, &connection_)));
    TRY(Checked(
        laminar_execute_script(connection_,
                               "CREATE SOURCE trades (symbol VARCHAR, price DOUBLE, quantity BIGINT, ts TIMESTAMP,"
                               "  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH (connector = 'memory')")));
    for (int view = 0; view < views; ++view) {
      const std::string sql =
          "CREATE MATERIALIZED VIEW bars" + std::to_string(view) +
          " AS SELECT symbol, window_start, max(price) AS high, min(price) AS low, sum(quantity) AS volume"
          " FROM trades GROUP BY symbol, TUMBLE(ts, INTERVAL '1' MINUTE) EMIT ON UPDATE";
      TRY(Checked(laminar_execute(connection_, sql.c_str(), nullptr)));
    }
    TRY(Checked(laminar_subscribe(database_, "bars0", OnChanges, &seen, &subscription_)));
    return Checked(laminar_appender_open(database_, "trades", &appender_));
  }

  // One row into the appender, and out of it. `start`: when the push began.
  Status Push(uint64_t& start) {
    const uint64_t i = pushed_++;
    laminar_error* error = laminar_append_text(appender_, kSymbols[i % 8], 4);
    if (error == nullptr) error = laminar_append_double(appender_, 100.0 + static_cast<double>(i * 7919 % 1000) / 100);
    if (error == nullptr) error = laminar_append_int64(appender_, static_cast<int64_t>(1 + i % 100));
    if (error == nullptr) error = laminar_append_timestamp_micros(appender_, kStart + static_cast<int64_t>(i) * 100);
    if (error == nullptr) error = laminar_end_row(appender_);
    start = CycleCounter();
    shared_start.store(start, std::memory_order_relaxed);
    if (error == nullptr) error = laminar_appender_flush(appender_);
    return error == nullptr ? Status() : Checked(error);
  }

  Seen seen;
  std::atomic<uint64_t> shared_start{0};  // for a reader on another thread, ordered by seen.count

 private:
  laminar_database* database_ = nullptr;
  laminar_connection* connection_ = nullptr;
  laminar_appender* appender_ = nullptr;
  laminar_subscription* subscription_ = nullptr;
  uint64_t pushed_ = 0;
};

LatencyFigures Summary(const char* name, const char* what, std::vector<uint64_t>& cycles) {
  std::ranges::sort(cycles);
  const double nanos = 1e9 / os::CyclesPerSecond();
  const auto at = [&](double share) {
    return static_cast<double>(cycles[static_cast<size_t>(share * static_cast<double>(cycles.size() - 1))]) * nanos;
  };
  LatencyFigures figures{.name = name, .what = what, .pushes = cycles.size()};
  figures.p50_nanos = at(0.5);
  figures.p99_nanos = at(0.99);
  figures.p999_nanos = at(0.999);
  figures.max_nanos = at(1);
  return figures;
}

int64_t TimesCoreTaken() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

// What is the same for all figures of one run.
struct Run {
  uint64_t first_cycle = 0;
  uint64_t cycles = 0;
  uint64_t allocations = 0;
  int64_t lost = 0;

  void Start() {
    lost = TimesCoreTaken();
    StartCountingAllocations();
    first_cycle = CycleCounter();
  }
  void Stop() {
    cycles = CycleCounter() - first_cycle;
    allocations = StopCountingAllocations();
    lost = TimesCoreTaken() - lost;
  }
  void Describe(LatencyFigures& figures) const {
    const auto pushes = static_cast<double>(figures.pushes);
    figures.pushes_per_second = pushes * os::CyclesPerSecond() / static_cast<double>(cycles);
    figures.allocations_per_push = CanCountAllocations() ? static_cast<double>(allocations) / pushes : -1;
    figures.core_lost = lost;
  }
};

Status SameThread(const LatencyOptions& options, std::vector<LatencyFigures>& out) {
  Program program;
  TRY(program.Open(options.views));
  uint64_t start = 0;
  for (size_t i = 0; i < kWarmUp; ++i) TRY(program.Push(start));
  std::vector<uint64_t> seen(options.pushes);
  std::vector<uint64_t> returned(options.pushes);
  Run run;
  run.Start();
  for (size_t i = 0; i < options.pushes; ++i) {
    TRY(program.Push(start));
    returned[i] = CycleCounter() - start;
    seen[i] = program.seen.at.load(std::memory_order_relaxed) - start;
  }
  run.Stop();
  for (LatencyFigures figures : {Summary("same_thread", "same thread: push to subscriber", seen),
                                 Summary("push_returns", "same thread: push returns", returned)}) {
    run.Describe(figures);
    out.push_back(std::move(figures));
  }
  return {};
}

Status AcrossThreads(uint64_t pushes, bool is_asleep, std::vector<LatencyFigures>& out) {
  Program program;
  TRY(program.Open(1));
  Seen& seen = program.seen;
  seen.wakes = is_asleep;
  std::atomic<uint64_t> noted{0};  // pushes whose result the reader has seen; partner: the pusher
  std::atomic<bool> is_over{false};
  const size_t warm_up = kWarmUp / 10;
  std::vector<uint64_t> cycles(warm_up + pushes);
  std::thread reader([&] {
    const auto is_there = [&](size_t i) {
      return seen.count.load(std::memory_order_acquire) > i || is_over.load(std::memory_order_acquire);
    };
    for (size_t i = 0; i < cycles.size() && !is_over; ++i) {
      if (is_asleep) {
        std::unique_lock lock(seen.mutex);
        seen.changed.wait(lock, [&] { return is_there(i); });
      } else {
        while (!is_there(i)) {
        }
      }
      cycles[i] = CycleCounter() - program.shared_start.load(std::memory_order_relaxed);
      noted.store(i + 1, std::memory_order_release);
    }
  });
  Run run;
  Status status;
  uint64_t start = 0;
  for (size_t i = 0; i < cycles.size() && status.ok(); ++i) {
    if (i == warm_up) run.Start();
    status = program.Push(start);
    while (status.ok() && noted.load(std::memory_order_acquire) <= i) {
      if (is_asleep) std::this_thread::yield();
    }
  }
  run.Stop();
  {
    const std::lock_guard lock(seen.mutex);
    is_over = true;
  }
  seen.changed.notify_one();
  reader.join();
  TRY(std::move(status));
  cycles.erase(cycles.begin(), cycles.begin() + static_cast<std::ptrdiff_t>(warm_up));
  LatencyFigures figures = is_asleep ? Summary("across_asleep", "across threads: reader sleeps", cycles)
                                     : Summary("across_spinning", "across threads: reader spins", cycles);
  run.Describe(figures);
  out.push_back(std::move(figures));
  return {};
}

}  // namespace

Result<std::vector<LatencyFigures>> MeasureLatency(const LatencyOptions& options) {
  if (options.pushes == 0 || options.views < 1)
    return Error(ErrorCode::kBadArgument, "benchmark latency: there must be a push and a view");
  std::vector<LatencyFigures> out;
  TRY(SameThread(options, out));
  if (os::UsableCores().size() > 1) {  // spinning needs a core each
    TRY(AcrossThreads(std::clamp<uint64_t>(options.pushes / 10, 1, 100'000), false, out));
    TRY(AcrossThreads(std::clamp<uint64_t>(options.pushes / 50, 1, 20'000), true, out));
  }
  return out;
}

Status RunLatencyBench(const LatencyOptions& options, bool json) {
  const std::vector<LatencyFigures> all = TRY(MeasureLatency(options));
  if (!json) {
    fmt::print("one trade in, the changed bar seen by a subscriber; nanoseconds; views over the source: {}\n\n",
               options.views);
    fmt::print("{:<32} {:>8} {:>8} {:>8} {:>10} {:>10} {:>12} {:>10}\n", "", "p50", "p99", "p99.9", "max", "pushes/s",
               "allocations", "core lost");
  }
  for (const LatencyFigures& f : all) {
    if (json) {
      fmt::print(
          "{{\"name\":\"latency\",\"case\":\"{}\",\"pushes\":{},\"views\":{},\"p50_ns\":{:.0f},\"p99_ns\":{:.0f},"
          "\"p999_ns\":{:.0f},\"max_ns\":{:.0f},\"pushes_per_second\":{:.0f},\"allocations_per_push\":{},"
          "\"core_lost\":{}}}\n",
          f.name, f.pushes, options.views, f.p50_nanos, f.p99_nanos, f.p999_nanos, f.max_nanos, f.pushes_per_second,
          f.allocations_per_push < 0 ? "null" : fmt::format("{:.6f}", f.allocations_per_push), f.core_lost);
    } else {
      fmt::print("{:<32} {:>8.0f} {:>8.0f} {:>8.0f} {:>10.0f} {:>10} {:>12} {:>10}\n", f.what, f.p50_nanos, f.p99_nanos,
                 f.p999_nanos, f.max_nanos, FormatCount(static_cast<int64_t>(f.pushes_per_second)),
                 f.allocations_per_push < 0 ? "?" : fmt::format("{:.6f}", f.allocations_per_push), f.core_lost);
    }
  }
  if (!json)
    fmt::print("\nallocations: of a push, after warm-up; core lost: times the system took it away meanwhile\n");
  std::fflush(stdout);
  return {};
}

}  // namespace laminar::cli
