#include "runtime/ring0/core_loop.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "os/process.h"
#include "runtime/ring0/spsc_queue.h"
#include "runtime/ring2/core_group.h"

namespace laminar::runtime {
namespace {

// Does a number of steps, each of which takes `nanos` of a fake clock, and writes its letter for each.
struct Steps final : CoreTask {
  Steps(char name, int count, std::string* log) : letter(name), left(count), trace(log) {}
  Polled Poll() override {
    if (left == 0) return Polled::kIdle;
    if (--left == fail_at) return Polled::kFailed;
    trace->push_back(letter);
    if (clock != nullptr) *clock += nanos;
    return Polled::kWorked;
  }
  bool HasWork() const override { return left > 0; }
  Status failure() const override { return Error(ErrorCode::kOverflow, std::string("task ") + letter); }
  char letter;
  int left;
  std::string* trace;
  int fail_at = -1;
  uint64_t* clock = nullptr;
  uint64_t nanos = 0;
};

struct Items final : BackgroundTask {
  bool RunItem() override {
    if (left == 0) return false;
    --left;
    if (clock != nullptr) *clock += nanos;
    trace->push_back('.');
    return true;
  }
  bool HasWork() const override { return left > 0; }
  int left = 0;
  std::string* trace = nullptr;
  uint64_t* clock = nullptr;
  uint64_t nanos = 0;
};

// Passes numbers on: from a queue to a queue.
struct Relay final : CoreTask {
  Polled Poll() override {
    const size_t count = in->PopEach(16, [&](uint64_t&& value) noexcept {
      sum += value;
      ++seen;
      if (out != nullptr && !out->Push(std::move(value))) ++lost;
      return true;
    });
    if (count > 0 && next != nullptr) next->Wake();
    return count > 0 ? Polled::kWorked : Polled::kIdle;
  }
  bool HasWork() const override { return !in->empty(); }
  SpscQueue<uint64_t>* in = nullptr;
  SpscQueue<uint64_t>* out = nullptr;
  CoreLoop* next = nullptr;
  uint64_t sum = 0;
  uint64_t seen = 0;
  uint64_t lost = 0;
};

TEST_CASE("tasks are polled in their order, one step a turn") {
  std::string log;
  Steps a('a', 3, &log), b('b', 1, &log), c('c', 2, &log);
  CoreLoop loop({});
  CHECK_FALSE(loop.Turn());  // a new loop has nothing to do
  for (Steps* task : {&a, &b, &c}) loop.AddTask(task);
  CHECK(loop.HasWork());
  int turns = 0;
  while (loop.Turn()) ++turns;
  CHECK(turns == 3);
  CHECK(log == "abcaca");
  CHECK_FALSE(loop.HasWork());
  CHECK(loop.busy_turns() == 3);
  loop.RemoveTask(&b);
  loop.Close();
}

TEST_CASE("a turn ends when its budget is used up, and the next goes on behind it") {
  uint64_t now = 0;
  std::string log;
  Steps a('a', 4, &log), b('b', 4, &log), c('c', 4, &log);
  for (Steps* task : {&a, &b, &c}) task->clock = &now, task->nanos = 6'000;
  CoreLoop loop({}, BudgetClock(&now));
  for (Steps* task : {&a, &b, &c}) loop.AddTask(task);
  CHECK(loop.Turn());
  CHECK(log == "ab");  // 12 of 10 microseconds
  CHECK(loop.Turn());
  CHECK(log == "abca");
  int turns = 2;
  while (loop.Turn()) ++turns;
  CHECK(turns == 6);
  CHECK(log == "abcabcabcabc");
  CHECK(loop.budgets().Read(BudgetId::kTurn).exceeded == 6);
  loop.Close();
}

TEST_CASE("background work runs when nothing else does, a slice at a time, and a little under load") {
  uint64_t now = 0;
  std::string log;
  Items items;
  items.trace = &log;
  items.left = 25;
  items.clock = &now;
  items.nanos = 100'000;
  CoreLoop loop({.busy_turns_max = 4}, BudgetClock(&now));
  loop.AddBackground(&items);
  CHECK(loop.Turn());
  CHECK(log == std::string(11, '.'));  // eleven of a tenth of a millisecond
  CHECK(loop.Turn());
  CHECK(log.size() == 22);
  Steps busy('a', 8, &log);
  loop.AddTask(&busy);
  log.clear();
  while (busy.left > 0) CHECK(loop.Turn());
  CHECK(log == "aaaa.aaaa.");
  CHECK(loop.Turn());
  CHECK_FALSE(loop.Turn());
  CHECK(items.left == 0);
  loop.Close();
}

TEST_CASE("a task that fails stops its loop, with its reason") {
  std::string log;
  Steps a('a', 5, &log);
  a.fail_at = 2;
  CoreLoop loop({.core_index = 3});
  loop.AddTask(&a);
  while (loop.Turn()) {
  }
  CHECK(log == "aa");
  CHECK(loop.has_failed());
  CHECK(loop.failure().code() == ErrorCode::kOverflow);
  CHECK(loop.failure().message() == "core 3: task a");
  CHECK_FALSE(loop.Turn());
  loop.Close();
}

TEST_CASE("commands run between turns in the order they came, and are refused after the end") {
  CoreLoop loop({});
  struct Note final : LoopCommand {
    void Run(CoreLoop&) override { log->push_back(letter); }
    std::string* log = nullptr;
    char letter = 0;
  };
  std::string log;
  Note notes[3];
  for (int i = 0; i < 3; ++i) {
    notes[i].log = &log;
    notes[i].letter = static_cast<char>('0' + i);
    CHECK(loop.Post(&notes[i]));
  }
  CHECK(loop.HasWork());
  CHECK(loop.Turn());
  CHECK(log == "012");
  CHECK(loop.busy_turns() == 0);
  CHECK(loop.Post(&notes[0]));
  loop.Close();
  CHECK(log == "0120");
  CHECK_FALSE(loop.Post(&notes[1]));
}

TEST_CASE("an idle loop sleeps: no processor time, and a wake-up ends it") {
  CoreLoop loop({.spin_turns = 10});
  SpscQueue<uint64_t> in(64);
  Relay relay;
  relay.in = &in;
  loop.AddTask(&relay);
  REQUIRE(loop.Start().ok());
  for (uint64_t i = 1; i <= 1'000; ++i) {
    while (!in.Push(uint64_t{i})) std::this_thread::yield();
    loop.Wake();
  }
  while (!in.empty()) std::this_thread::yield();
  // It goes to sleep by itself ...
  const uint64_t parks = loop.parks();
  CHECK(in.Push(1'001));
  loop.Wake();
  while (loop.parks() == parks) std::this_thread::yield();
  // ... and stays asleep: what it turns in a while is nothing.
  const uint64_t turns = loop.turns();
  for (int i = 0; i < 1'000; ++i) std::this_thread::yield();
  CHECK(loop.turns() - turns <= 30);
  loop.RequestStop(StopMode::kDrain);
  loop.Join();
  CHECK(relay.seen == 1'001);
  CHECK(relay.sum == 1'001 * 1'002 / 2);
  CHECK(loop.failure().ok());
}

TEST_CASE("a task that is due wakes the loop by itself") {
  struct Due final : CoreTask {
    Polled Poll() override {
      if (os::RealClock().MonotonicNanos() < due) return Polled::kIdle;
      due = kNever;
      is_done.store(true, std::memory_order_release);
      return Polled::kWorked;
    }
    bool HasWork() const override { return false; }
    int64_t due_nanos() const override { return due; }
    int64_t due = os::RealClock().MonotonicNanos() + 3'000'000;
    std::atomic<bool> is_done{false};
  } task;
  const int64_t start = os::RealClock().MonotonicNanos();
  CoreLoop loop({.idle = IdlePolicy::kPark, .park_nanos_max = 60'000'000'000});
  loop.AddTask(&task);
  REQUIRE(loop.Start().ok());
  while (!task.is_done.load(std::memory_order_acquire)) std::this_thread::yield();
  CHECK(os::RealClock().MonotonicNanos() - start >= 3'000'000);
  loop.RequestStop(StopMode::kNow);
  loop.Join();
}

TEST_CASE("a pin that cannot be had is a note, not a failure") {
  CoreLoop loop({.pin_to = 4'000});
  REQUIRE(loop.Start().ok());
  CHECK_FALSE(loop.pin_status().ok());
  CHECK(loop.priority_status().ok());
  bool has_run = false;
  CHECK(RunOn(loop, [&](CoreLoop&) { has_run = true; }));
  CHECK(has_run);
  loop.RequestStop(StopMode::kNow);
  loop.Join();
  CHECK_FALSE(RunOn(loop, [](CoreLoop&) {}));
}

TEST_CASE("settings that harm the machine are refused") {
  CHECK(Validate({}).ok());
  CHECK(Validate({.rt_priority = 10}).code() == ErrorCode::kBadArgument);
  CHECK(Validate({.rt_priority = 10, .idle = IdlePolicy::kPark}).ok());
  CHECK(Validate({.rt_priority = 100, .idle = IdlePolicy::kPark}).code() == ErrorCode::kBadArgument);
}

// A ring of loops; a number goes from the first to the last. The same parts on one thread in random order and on many.
struct Line {
  explicit Line(size_t count) {
    for (size_t i = 0; i < count; ++i) queues.push_back(std::make_unique<SpscQueue<uint64_t>>(4096));
    relays.resize(count);
    for (size_t i = 0; i < count; ++i) {
      relays[i].in = queues[i].get();
      relays[i].out = i + 1 < count ? queues[i + 1].get() : nullptr;
    }
  }
  std::vector<std::unique_ptr<SpscQueue<uint64_t>>> queues;
  std::vector<Relay> relays;
};

TEST_CASE("a seed decides which shard turns, and the result is the same for every seed") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Line line(4);
    std::vector<std::unique_ptr<CoreLoop>> loops;
    std::vector<CoreLoop*> pointers;
    for (size_t i = 0; i < 4; ++i) {
      loops.push_back(std::make_unique<CoreLoop>(CoreLoopConfig{.core_index = static_cast<uint32_t>(i)}));
      loops.back()->AddTask(&line.relays[i]);
      pointers.push_back(loops.back().get());
    }
    for (uint64_t i = 0; i < 1'000; ++i) line.queues[0]->Push(uint64_t{i});
    SeededScheduler scheduler(pointers, seed);
    CHECK_FALSE(scheduler.RunUntilIdle(5));
    CHECK(scheduler.RunUntilIdle(1'000'000));
    CHECK(line.relays[3].seen == 1'000);
    CHECK(line.relays[3].sum == 999 * 1'000 / 2);
    for (const auto& loop : loops) loop->Close();
  }
}

TEST_CASE("a group drains: when it says idle, everything has arrived at the last shard") {
#ifdef __SANITIZE_THREAD__
  constexpr int kRounds = 30;
#else
  constexpr int kRounds = 200;
#endif
  Line line(4);
  std::vector<CoreLoopConfig> configs(4);
  for (size_t i = 0; i < 4; ++i)
    configs[i] = {.name = "shard", .core_index = static_cast<uint32_t>(i), .spin_turns = 50};
  CoreGroup group(configs);
  for (size_t i = 0; i < 4; ++i) {
    group[i].AddTask(&line.relays[i]);
    line.relays[i].next = i + 1 < 4 ? &group[i + 1] : nullptr;
  }
  REQUIRE(group.Start().ok());
  uint64_t sent = 0;
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 100; ++i) sent += line.queues[0]->Push(uint64_t{1}) ? 1 : 0;
    group[0].Wake();
    REQUIRE(group.WaitUntilIdle().ok());
    uint64_t seen = 0;
    RunOn(group[3], [&](CoreLoop&) { seen = line.relays[3].seen; });
    REQUIRE(seen == sent);
  }
  CHECK(group.Skew() >= 1.0);
  CHECK(group.Stop(StopMode::kDrain).ok());
  for (const Relay& relay : line.relays) CHECK(relay.lost == 0);
}

TEST_CASE("when one shard fails all stop, and the first cause comes out") {
  std::string log;
  Steps bad('x', 2, &log);
  bad.fail_at = 0;
  CoreGroup group(std::vector<CoreLoopConfig>(3));
  group[1].AddTask(&bad);
  REQUIRE(group.Start().ok());
  CHECK_FALSE(group.WaitUntilIdle().ok());
  const Status status = group.Stop(StopMode::kDrain);
  CHECK(status.code() == ErrorCode::kOverflow);
  CHECK(group.has_failed());
  CHECK(group.Stop(StopMode::kNow).code() == ErrorCode::kOverflow);
}

}  // namespace
}  // namespace laminar::runtime
