// Latency: one trade in, the changed bar seen by a subscriber. A window aggregate with EMIT ON UPDATE over 8 symbols.
//
//   same thread      laminar_appender_flush of one row until the subscriber's call (and until the flush returns)
//   engine           the same through Database::Push, without the C interface
//   across threads   one thread pushes, another spins on what the subscriber wrote
//   across, asleep   the same, with the other thread waiting on a condition
//
// Prints p50, p99, p99.9 and the largest in nanoseconds, allocations a push after warm-up, and how often the scheduler
// took the core away: figures mean something only where nothing else runs. Arguments: [pushes] [views that read the
// source].
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "api/handles.h"
#include "os/clock.h"

namespace {

std::atomic<uint64_t> allocations{0};

void* Allocate(size_t size, size_t alignment) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = alignment > 16 ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                                : std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return Allocate(size, 0); }
void* operator new(size_t size, std::align_val_t alignment) { return Allocate(size, static_cast<size_t>(alignment)); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace {

using laminar::os::CycleCounter;

constexpr size_t kWarmUp = 20'000;
constexpr int64_t kStart = 1'772'443'800'000'000;
constexpr const char* kSymbols[] = {"AAPL", "MSFT", "GOOG", "AMZN", "META", "NVDA", "TSLA", "NFLX"};

void Check(laminar_error* error) {
  if (error == nullptr) return;
  std::fprintf(stderr, "%s\n", laminar_error_text(error));
  std::exit(1);
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

struct Bench {
  laminar_database* database = nullptr;
  laminar_connection* connection = nullptr;
  laminar_appender* appender = nullptr;
  laminar_subscription* subscription = nullptr;
  Seen seen;
  uint64_t pushed = 0;

  explicit Bench(int views) {
    laminar_options options{};
    options.struct_size = sizeof options;
    options.threading = LAMINAR_INLINE;
    Check(laminar_open(&options, &database));
    Check(laminar_connect(database, &connection));
    Check(laminar_execute_script(connection,
                                 "CREATE SOURCE trades (symbol VARCHAR, price DOUBLE, quantity BIGINT, ts TIMESTAMP,"
                                 "  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH (connector = 'memory')"));
    for (int view = 0; view < views; ++view) {
      const std::string sql =
          "CREATE MATERIALIZED VIEW bars" + std::to_string(view) +
          " AS SELECT symbol, window_start, max(price) AS high, min(price) AS low, sum(quantity) AS volume"
          " FROM trades GROUP BY symbol, TUMBLE(ts, INTERVAL '1' MINUTE) EMIT ON UPDATE";
      Check(laminar_execute(connection, sql.c_str(), nullptr));
    }
    Check(laminar_subscribe(database, "bars0", OnChanges, &seen, &subscription));
    Check(laminar_appender_open(database, "trades", &appender));
  }
  ~Bench() {
    laminar_appender_free(appender);
    laminar_subscription_free(subscription);
    laminar_connection_free(connection);
    laminar_close(database);
  }

  void Append() {
    const uint64_t i = pushed++;
    Check(laminar_append_text(appender, kSymbols[i % 8], 4));
    Check(laminar_append_double(appender, 100.0 + static_cast<double>(i * 7919 % 1000) / 100));
    Check(laminar_append_int64(appender, static_cast<int64_t>(1 + i % 100)));
    Check(laminar_append_timestamp_micros(appender, kStart + static_cast<int64_t>(i) * 100));
    Check(laminar_end_row(appender));
  }
};

void Print(const char* name, std::vector<uint64_t>& cycles) {
  if (cycles.empty()) return;
  std::sort(cycles.begin(), cycles.end());
  const double nanos = 1e9 / laminar::os::CyclesPerSecond();
  const auto at = [&](double share) {
    return static_cast<double>(cycles[static_cast<size_t>(share * static_cast<double>(cycles.size() - 1))]) * nanos;
  };
  std::printf("%-34s p50 %8.0f  p99 %8.0f  p99.9 %8.0f  max %9.0f ns\n", name, at(0.5), at(0.99), at(0.999), at(1));
}

long CoreLost() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

void SameThread(size_t pushes, int views) {
  Bench bench(views);
  for (size_t i = 0; i < kWarmUp; ++i) {
    bench.Append();
    Check(laminar_appender_flush(bench.appender));
  }
  std::vector<uint64_t> seen(pushes);
  std::vector<uint64_t> returned(pushes);
  const uint64_t before = allocations.load();
  const long lost = CoreLost();
  for (size_t i = 0; i < pushes; ++i) {
    bench.Append();
    const uint64_t start = CycleCounter();
    Check(laminar_appender_flush(bench.appender));
    returned[i] = CycleCounter() - start;
    seen[i] = bench.seen.at.load(std::memory_order_relaxed) - start;
  }
  const uint64_t allocated = allocations.load() - before;
  Print("same thread: push to subscriber", seen);
  Print("same thread: push returns", returned);
  std::printf("  allocations a push: %.6f (%llu); the core was taken away %ld times\n",
              static_cast<double>(allocated) / static_cast<double>(pushes), static_cast<unsigned long long>(allocated),
              CoreLost() - lost);
}

void Engine(size_t pushes, int views) {
  Bench bench(views);
  laminar::engine::Database& database = *bench.database->shared->database;
  laminar::data::BatchBuffer& buffer = bench.appender->buffer;
  std::vector<uint64_t> seen;
  seen.reserve(pushes);
  for (size_t i = 0; i < kWarmUp + pushes; ++i) {
    bench.Append();
    const uint64_t start = CycleCounter();
    if (!database.Push(bench.appender->handle, buffer.batch()).ok()) std::exit(1);
    if (i >= kWarmUp) seen.push_back(bench.seen.at.load(std::memory_order_relaxed) - start);
    buffer.Reset();
  }
  Print("engine alone: push to subscriber", seen);
}

void AcrossThreads(size_t pushes, bool asleep) {
  Bench bench(1);
  bench.seen.wakes = asleep;
  std::atomic<uint64_t> noted{0};  // pushes whose result the reader has seen; partner: the pusher
  std::vector<uint64_t> cycles(kWarmUp / 10 + pushes);
  std::atomic<uint64_t> start{0};
  std::thread reader([&] {
    for (size_t i = 0; i < cycles.size(); ++i) {
      if (asleep) {
        std::unique_lock lock(bench.seen.mutex);
        bench.seen.changed.wait(lock, [&] { return bench.seen.count.load(std::memory_order_acquire) > i; });
      } else {
        while (bench.seen.count.load(std::memory_order_acquire) <= i) {
        }
      }
      cycles[i] = CycleCounter() - start.load(std::memory_order_relaxed);
      noted.store(i + 1, std::memory_order_release);
    }
  });
  for (size_t i = 0; i < cycles.size(); ++i) {
    bench.Append();
    start.store(CycleCounter(), std::memory_order_relaxed);
    Check(laminar_appender_flush(bench.appender));
    while (noted.load(std::memory_order_acquire) <= i) {
      if (asleep) std::this_thread::yield();
    }
  }
  reader.join();
  cycles.erase(cycles.begin(), cycles.begin() + kWarmUp / 10);
  Print(asleep ? "across threads: reader asleep" : "across threads: reader spins", cycles);
}

}  // namespace

int main(int count, char** arguments) {
  const size_t pushes = count > 1 ? static_cast<size_t>(std::max(1L, std::atol(arguments[1]))) : 1'000'000;
  const int views = count > 2 ? std::max(1, std::atoi(arguments[2])) : 1;
  std::printf("pushes %zu, views %d, %.2f GHz counter\n", pushes, views, laminar::os::CyclesPerSecond() * 1e-9);
  SameThread(pushes, views);
  Engine(pushes, views);
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) == 0 && CPU_COUNT(&cores) > 1) {  // spinning needs a core each
    AcrossThreads(std::min<size_t>(pushes / 10, 100'000), false);
    AcrossThreads(std::min<size_t>(pushes / 50, 20'000), true);
  }
  return 0;
}
