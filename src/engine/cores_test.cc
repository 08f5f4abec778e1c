// Cores: where threads run, budgets and alerts, the load of shards, a hot key, an operator that fails on one shard, and
// what EXPLAIN says of it.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

#include "base/hot_scope.h"
#include "engine/shard_section.h"
#include "engine/testing.h"
#include "engine/thread_watch.h"
#include "os/cpu.h"

namespace laminar::engine {
namespace {

using data::BatchBuffer;
using data::Value;
using testing::TestDatabase;

class FakeClock final : public os::Clock {
 public:
  Timestamp WallMicros() const override { return 1'700'000'000'000'000 + now.load() / 1000; }
  int64_t MonotonicNanos() const override { return now.load(); }
  std::atomic<int64_t> now{1'000'000'000};
};

struct Opened {
  explicit Opened(DatabaseOptions options) {
    auto opened = Database::Open(std::move(options));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
    database = *std::move(opened);
    connection = std::make_unique<Connection>(*database);
  }
  std::string Run(const std::string& sql) {
    auto outcome = connection->Execute(sql);
    if (!outcome) return outcome.error().ToString();
    notices = outcome->notices;
    return outcome->cursor != nullptr ? TestDatabase::Rows(*outcome->cursor) : outcome->message;
  }
  std::vector<std::string> Lines(const std::string& sql) {
    std::vector<std::string> lines;
    std::istringstream text(Run(sql));
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
  double Metric(const std::string& name, const std::string& labels) {
    const std::string value =
        Run("SELECT value FROM laminar_metrics WHERE name = 'laminar_" + name + "' AND labels = '" + labels + "'");
    return value.empty() ? -1 : std::stod(value);
  }
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;
  std::vector<std::string> notices;
};

DatabaseOptions Options(bool is_inline, uint64_t cores) {
  DatabaseOptions options;
  options.is_inline = is_inline;
  options.worker_cores = cores;
  return options;
}

TEST_CASE("pinned threads run where they were put, and anywhere again when that is switched off") {
  const std::vector<uint32_t> cpus = os::UsableCores();
  const uint64_t cores = std::min<uint64_t>(cpus.size(), 2);
  Opened opened(Options(false, cores));
  REQUIRE(opened.Lines("SHOW RUNTIME").size() == cores);
  CHECK(opened.Metric("pinning_active", "thread=laminar-core") == 0);
  CHECK(opened.Run("SET cpu_pinning = 'on'") == "SET cpu_pinning");
  CHECK(opened.notices.empty());
  CHECK(opened.Metric("pinning_active", "thread=laminar-core") == 1);
  CHECK(opened.Run("CREATE SOURCE s (k BIGINT)") == "CREATE SOURCE s");
  CHECK(opened.Run("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM s GROUP BY k").starts_with("CREATE"));
  // A thread that sleeps is where it ran last; once it has run where it was put, it stays there.
  auto are_there = [&] {
    REQUIRE(opened.Run("INSERT INTO s SELECT generate_series % 9 FROM generate_series(1, 1000)") == "INSERT 1000");
    std::vector<std::string> on;
    bool all = true;
    for (const std::string& line : opened.Lines("SHOW RUNTIME")) {
      std::vector<std::string> cells;
      for (size_t at = 0, end = 0; end != std::string::npos; at = end + 3) {
        end = line.find(" | ", at);
        cells.push_back(line.substr(at, end - at));
      }
      REQUIRE(cells.size() == 6);
      all &= cells[2] == cells[3];
      on.push_back(cells[2]);
    }
    std::ranges::sort(on);
    CHECK(std::ranges::unique(on).empty());
    return all;
  };
  int rounds = 0;
  while (!are_there() && rounds < 100'000) ++rounds;
  for (int round = 0; round < 30; ++round) CHECK(are_there());
  if (cores == 2) CHECK(opened.Metric("pinning_active", "thread=laminar-core-1") == 1);
  CHECK(opened.Run("RESET cpu_pinning") == "RESET cpu_pinning");
  CHECK(opened.Metric("pinning_active", "thread=laminar-core") == 0);
  CHECK(os::CoresOfThread(pthread_self()) == os::AllowedCores());
}

TEST_CASE("cpus that are not there are refused with those that are, and nothing has changed") {
  Opened opened(Options(false, 1));
  CHECK(opened.Run("SET cpu_pinning = 'on'") == "SET cpu_pinning");
  const std::string refused = opened.Run("SET cpu_pinning = '60000'");
  CHECK_MESSAGE(refused.find("cpu 60000 is not allowed for this process") != std::string::npos, refused);
  CHECK(opened.Run("SHOW cpu_pinning") == "on\n");
  CHECK(opened.Metric("pinning_active", "thread=laminar-core") == 1);
  CHECK(opened.Run("SET cpu_pinning = '3-1'").find("cpu_pinning cannot be '3-1'") != std::string::npos);
  CHECK(opened.Run("SET cpu_pinning = ''").find("cpu_pinning cannot be ''") != std::string::npos);
  // As many threads as there are cpus, at most: more are left alone, and that is said.
  CHECK(opened.Run("SET worker_cores = 64") == "SET worker_cores");
  if (os::AllowedCores().size() < 64) {
    REQUIRE(opened.notices.size() == 1);
    CHECK(opened.notices[0].starts_with("threads are not pinned: there are 64 of them (worker_cores), and cpus for "));
    CHECK(opened.Metric("pinning_active", "thread=laminar-core") == 0);
  }
  DatabaseOptions options = Options(false, 1);
  options.cpu_pinning = "60000";
  CHECK(Database::Open(std::move(options)).error().code() == ErrorCode::kBadOption);
  options = Options(false, 1);
  options.cpu_pinning = std::to_string(os::AllowedCores().back());
  Opened pinned(std::move(options));
  CHECK(pinned.Metric("pinning_active", "thread=laminar-core") == 1);
}

TEST_CASE("a thread whose cpu was taken away is not shown as pinned, and is pinned again when that is asked") {
  std::atomic<bool> stop{false};
  auto thread = os::Thread::Start(
      "spinning",
      [](void* raw) {
        while (!*static_cast<std::atomic<bool>*>(raw)) os::CpuRelax();
      },
      &stop);
  REQUIRE(thread.has_value());
  ThreadWatch watch(os::RealClock());
  watch.Watch({.core = &*thread});
  const std::string cpu = std::to_string(os::AllowedCores().front());
  REQUIRE(watch.Pin(cpu).ok());
  CHECK(watch.Places()[0].pinned_to == os::AllowedCores().front());
  // As the kernel does when a cpu is unplugged.
  REQUIRE(os::UnpinThread(thread->handle()).ok());
  if (os::AllowedCores().size() > 1) {
    CHECK_FALSE(watch.Places()[0].pinned_to);
    CHECK(watch.Places()[0].note == "cpu " + cpu + " has gone");
    REQUIRE(watch.Pin("on").ok());
    CHECK(watch.Places()[0].pinned_to);
    CHECK(watch.Places()[0].note.empty());
  }
  REQUIRE(watch.Pin("off").ok());
  CHECK(os::CoresOfThread(thread->handle()) == os::AllowedCores());
  stop = true;
  thread->Join();
}

TEST_CASE("an inline database has no threads to pin, and says so") {
  Opened opened(Options(true, 2));
  CHECK(opened.Run("SET cpu_pinning = 'on'") == "SET cpu_pinning");
  CHECK(opened.notices == std::vector<std::string>{"this database has no threads of its own to pin"});
  CHECK(opened.Run("SHOW RUNTIME").empty());
  CHECK(os::CoresOfThread(pthread_self()) == os::AllowedCores());
}

// The thread and its real-time priority, in order, as SHOW RUNTIME has them.
std::vector<std::string> Priorities(Opened& opened) {
  std::vector<std::string> out;
  for (const std::string& line : opened.Lines("SHOW RUNTIME")) {
    const size_t note = line.rfind(" | ");
    const size_t priority = line.rfind(" | ", note - 1) + 3;
    out.push_back(line.substr(0, line.find(' ')) + " " + line.substr(priority, note - priority));
  }
  return out;
}

// A thread that was just started is not shown before it runs.
bool ComesTrue(const std::function<bool()>& is_true) {
  for (int i = 0; i < 100'000; ++i) {
    if (is_true()) return true;
  }
  return false;
}

bool MayBeRealTime() {
  bool may = false;
  auto thread = os::Thread::Start(
      "test", [](void* raw) { *static_cast<bool*>(raw) = os::SetRealTimePriority(pthread_self(), 99).ok(); }, &may);
  REQUIRE(thread.has_value());
  thread->Join();
  return may;
}

TEST_CASE("threads have the real-time priority that was asked for, also those that come later, and lose it again") {
  if (!MayBeRealTime()) {
    MESSAGE("not tried: there is no permission for real-time priority here");
    return;
  }
  using Texts = std::vector<std::string>;
  Opened opened(Options(false, 1));
  CHECK(Priorities(opened) == Texts{"laminar-core NULL"});
  CHECK(opened.Metric("rt_priority_active", "thread=laminar-core") == 0);
  CHECK(opened.Run("SET rt_priority = 1") == "SET rt_priority");
  CHECK(opened.notices.empty());
  CHECK(ComesTrue([&] { return Priorities(opened) == Texts{"laminar-core 1"}; }));
  CHECK(opened.Metric("rt_priority_active", "thread=laminar-core") == 1);
  CHECK(opened.Run("SET worker_cores = 3") == "SET worker_cores");
  CHECK(opened.notices.empty());
  const Texts three = {"laminar-core 1", "laminar-core-1 1", "laminar-core-2 1"};
  CHECK(ComesTrue([&] { return Priorities(opened) == three; }));
  CHECK(opened.Metric("rt_priority_active", "thread=laminar-core-2") == 1);
  CHECK(opened.Run("CREATE SOURCE s (k BIGINT)") == "CREATE SOURCE s");
  CHECK(opened.Run("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM s GROUP BY k").starts_with("CREATE"));
  for (int i = 0; i < 10; ++i)
    CHECK(opened.Run("INSERT INTO s SELECT generate_series % 9 FROM generate_series(1, 5000)") == "INSERT 5000");
  CHECK(opened.Run("SELECT count(*), sum(n) FROM v") == "9 | 50000\n");
  CHECK(opened.Run("SET rt_priority = 7") == "SET rt_priority");
  CHECK(Priorities(opened)[2] == "laminar-core-2 7");
  CHECK(opened.Run("RESET rt_priority") == "RESET rt_priority");
  for (const std::string& thread : Priorities(opened)) CHECK(thread.ends_with(" NULL"));
  CHECK(opened.Metric("rt_priority_active", "thread=laminar-core") == 0);
  CHECK(os::RealTimePriority(0) == 0);
}

TEST_CASE("without the permission for real-time priority that is said once, and threads go on with the normal one") {
  os::RefuseRealTimePriority(true);
  Opened opened(Options(false, 2));
  CHECK(opened.Run("SET rt_priority = 10") == "SET rt_priority");
  REQUIRE(opened.notices.size() == 1);  // of both threads
  CHECK(opened.notices[0] ==
        "giving a thread real-time priority 10: Operation not permitted (errno 1); it goes on with the normal one; "
        "CAP_SYS_NICE grants it, or RLIMIT_RTPRIO (ulimit -r) of at least 10");
  CHECK(opened.Metric("rt_priority_active", "thread=laminar-core") == 0);
  const std::vector<std::string> threads = opened.Lines("SHOW RUNTIME");
  REQUIRE(threads.size() == 2);
  CHECK(threads[0].ends_with("NULL | giving a thread real-time priority 10: Operation not permitted (errno 1)"));
  CHECK(opened.notices.size() == 1);
  CHECK(opened.Run("CREATE TABLE t (k BIGINT)").starts_with("CREATE"));
  CHECK(opened.Run("INSERT INTO t VALUES (1)") == "INSERT 1");
  CHECK(opened.Run("SHOW rt_priority") == "10\n");
  CHECK(opened.Run("SET rt_priority = 0") == "SET rt_priority");
  CHECK(opened.notices.empty());
  CHECK(opened.Lines("SHOW RUNTIME")[0].ends_with("NULL | NULL"));
  // What they had is not kept either, when another is refused.
  os::RefuseRealTimePriority(false);
  if (MayBeRealTime()) {
    CHECK(opened.Run("SET rt_priority = 1") == "SET rt_priority");
    CHECK(ComesTrue([&] { return Priorities(opened)[0] == "laminar-core 1"; }));
    os::RefuseRealTimePriority(true);
    CHECK(opened.Run("SET rt_priority = 2") == "SET rt_priority");
    CHECK(opened.notices.size() == 1);
    CHECK(Priorities(opened)[0] == "laminar-core NULL");
    os::RefuseRealTimePriority(false);
  }
}

TEST_CASE("an inline database has no threads to give real-time priority, and says so") {
  Opened opened(Options(true, 2));
  CHECK(opened.Run("SET rt_priority = 1") == "SET rt_priority");
  CHECK(opened.notices ==
        std::vector<std::string>{"this database has no threads of its own to give real-time priority"});
  CHECK(opened.Run("SET rt_priority = 0") == "SET rt_priority");
  CHECK(opened.notices.empty());
  CHECK(os::RealTimePriority(0) == 0);
}

// This thread holds the lock and turns shards itself, beside more workers than there are cpus: were one of them to wait
// for it without sleeping, nothing would move until the kernel takes the cpu away from it.
TEST_CASE("threads with real-time priority let one of normal priority that they wait for go on") {
  if (!MayBeRealTime()) {
    MESSAGE("not tried: there is no permission for real-time priority here");
    return;
  }
  auto longest_round = [](const std::string& priority) {
    Opened opened(Options(false, std::min<uint64_t>(os::AllowedCores().size() + 2, 64)));
    CHECK(opened.Run("SET rt_priority = " + priority) == "SET rt_priority");
    CHECK(opened.Run("CREATE SOURCE s (k BIGINT, v BIGINT)").starts_with("CREATE"));
    CHECK(opened.Run("CREATE MATERIALIZED VIEW v AS SELECT k, sum(v) AS t, count(*) AS n FROM s GROUP BY k")
              .starts_with("CREATE"));
    CHECK(opened.Run("CREATE MATERIALIZED VIEW w AS SELECT n, count(*) AS m FROM v GROUP BY n").starts_with("CREATE"));
    int64_t longest = 0;
    for (int round = 1; round <= 20; ++round) {
      const int64_t start = os::RealClock().MonotonicNanos();
      CHECK(opened.Run("INSERT INTO s SELECT generate_series % 100000, 1 FROM generate_series(1, 100000)") ==
            "INSERT 100000");
      CHECK(opened.Run("SELECT count(*), sum(n) FROM v") == "100000 | " + std::to_string(round * 100'000) + "\n");
      longest = std::max(longest, os::RealClock().MonotonicNanos() - start);
    }
    CHECK(opened.Run("DROP MATERIALIZED VIEW w").starts_with("DROP"));
    return longest;
  };
  // A busy machine may hold up a round as well, but not in every attempt.
  bool is_seen = false;
  for (int attempt = 0; attempt < 4 && !is_seen; ++attempt) {
    const int64_t normal = longest_round("0");
    is_seen = longest_round("1") < 2 * normal + 500'000'000;
  }
  CHECK(is_seen);
}

TEST_CASE("pushes that take too long raise an alert, which is cleared when they are quick again") {
  FakeClock clock;
  DatabaseOptions options = Options(true, 1);
  options.clock = &clock;
  Opened opened(std::move(options));
  CHECK(opened.Run("SET budget_sample_every = 1") == "SET budget_sample_every");
  CHECK(opened.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
  CHECK(opened.Run("CREATE MATERIALIZED VIEW v AS SELECT k FROM s").starts_with("CREATE"));
  int64_t takes = 0;
  auto subscription = opened.database->Subscribe("v", [&](const data::Batch&) { clock.now += takes; });
  REQUIRE(subscription.has_value());
  BatchBuffer row({data::TypeId::kInt64});
  auto push = [&](int times, int64_t nanos) {
    takes = nanos;
    for (int i = 0; i < times; ++i) {
      row.Reset();
      row.AppendRow(std::vector<Value>{Value::Int(i)});
      auto batch = row.batch();
      REQUIRE(opened.database->Push("s", batch).ok());
    }
  };
  auto second = [&] {
    clock.now += 1'000'000'000;
    (void)*opened.database->RunUntilIdle();
    return opened.Metric("budget_alert_active", "task=push");
  };
  push(200, 5'000);  // as long as they may
  CHECK(opened.Metric("task_budget_exceeded_total", "task=push") == 0);
  CHECK(opened.Metric("task_measured_total", "task=push") == 200);
  CHECK(second() == 0);
  push(200, 7'000);
  CHECK(opened.Metric("task_budget_exceeded_total", "task=push") == 200);
  CHECK(opened.Metric("task_budget_exceeded_seconds_total", "task=push") == doctest::Approx(200 * 2e-6));
  CHECK(opened.Metric("task_seconds", "task=push,quantile=1") == doctest::Approx(7e-6));
  CHECK(second() == 1);
  CHECK(opened.Metric("budget_alerts_total", "task=push") == 1);
  CHECK(opened.Run("SHOW RUNTIME").empty());
  CHECK(opened.notices == std::vector<std::string>{"push takes longer than it may 200 times a second, by 2.0 "
                                                   "microseconds on average"});
  push(200, 1'000);
  CHECK(second() == 1);  // one quiet second is not enough
  CHECK(second() == 0);
  CHECK(opened.Run("SHOW RUNTIME").empty());
  CHECK(opened.notices.empty());
  push(10, -1'000);  // a clock that goes back
  CHECK(opened.Metric("task_budget_exceeded_total", "task=push") == 200);
  CHECK(opened.Run("SET budget_sample_every = 0") == "SET budget_sample_every");
  push(10, 1'000'000);
  CHECK(opened.Metric("task_measured_total", "task=push") == 610);
}

TEST_CASE("few rows are worked off where they come in and wake nobody; many wake the workers") {
  FakeClock clock;  // stands still: by a real one, who is at it for long calls for help
  DatabaseOptions options = Options(false, 2);
  options.clock = &clock;
  Opened opened(std::move(options));
  CHECK(opened.Run("CREATE TABLE t (k BIGINT, v BIGINT)") == "CREATE TABLE t");
  CHECK(opened.Run("CREATE MATERIALIZED VIEW v AS SELECT k, sum(v) AS s FROM t GROUP BY k").starts_with("CREATE"));
  CHECK(opened.Run("CREATE MATERIALIZED VIEW w AS SELECT s, count(*) AS n FROM v GROUP BY s").starts_with("CREATE"));
  const double before = opened.Metric("shard_wakeups_total", "");
  for (int i = 1; i <= 300; ++i) {
    REQUIRE(opened.Run("INSERT INTO t VALUES (" + std::to_string(i % 10) + ", 1)") == "INSERT 1");
    REQUIRE(opened.Run("SELECT sum(s) FROM v") == std::to_string(i) + "\n");
  }
  CHECK(opened.Run("SELECT s, n FROM w") == "30 | 10\n");
  CHECK(opened.Metric("shard_wakeups_total", "") == before);
  for (int i = 0; i < 10; ++i)
    REQUIRE(opened.Run("INSERT INTO t SELECT generate_series, 1 FROM generate_series(1, 100000)") == "INSERT 100000");
  CHECK(opened.Run("SELECT sum(s) FROM v") == "1000300\n");
  CHECK(opened.Metric("shard_wakeups_total", "") > before);
}

TEST_CASE("one hot key degrades to one shard: same results, no deadlock, and the skew shows it") {
  std::map<uint64_t, std::string> results;
  for (const uint64_t cores : {1, 2, 4}) {
    CAPTURE(cores);
    Opened opened(Options(false, cores));
    opened.Run("SET worker_cores = " + std::to_string(cores));
    REQUIRE(opened.Run("CREATE SOURCE s (k BIGINT, v BIGINT)").starts_with("CREATE"));
    REQUIRE(opened
                .Run("CREATE MATERIALIZED VIEW sums AS SELECT k, count(*) AS n, sum(v) AS t, max(v) AS m FROM s GROUP "
                     "BY k")
                .starts_with("CREATE"));
    REQUIRE(opened.Run("CREATE MATERIALIZED VIEW keys AS SELECT n, count(*) AS groups FROM sums GROUP BY n")
                .starts_with("CREATE"));
    BatchBuffer rows({data::TypeId::kInt64, data::TypeId::kInt64});
    for (int64_t i = 0; i < 200'000;) {
      rows.Reset();
      for (; !rows.full() && i < 200'000; ++i)
        rows.AppendRow(std::vector<Value>{Value::Int(i % 100 == 0 ? i : 7), Value::Int(i)});
      auto batch = rows.batch();
      REQUIRE(opened.database->Push("s", batch).ok());
    }
    results[cores] = opened.Run("SELECT * FROM sums ORDER BY k") + opened.Run("SELECT * FROM keys ORDER BY n");
    if (cores == 1) continue;
    // The second view's rows are few beside.
    const double skew = opened.Metric("shard_skew_ratio", "");
    const auto shards = static_cast<double>(opened
                                                .Lines("SELECT 1 FROM laminar_metrics WHERE name = "
                                                       "'laminar_shard_rows_total'")
                                                .size());
    CHECK(shards >= 4);
    CHECK(skew > shards * 0.9);
    CHECK(skew <= shards);
  }
  CHECK(results[1].starts_with("0 | 1 | 0 | 0\n7 | 198000 |"));
  CHECK(results[2] == results[1]);
  CHECK(results[4] == results[1]);
}

TEST_CASE("even keys show an even load") {
  Opened opened(Options(true, 4));
  opened.Run("SET worker_cores = 4");
  REQUIRE(opened.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
  REQUIRE(opened.Run("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM s GROUP BY k").starts_with("CREATE"));
  CHECK(opened.Metric("shard_skew_ratio", "") == 0);
  opened.Run("INSERT INTO s SELECT generate_series FROM generate_series(1, 100000)");
  CHECK(opened.Metric("shard_skew_ratio", "") < 1.2);
  CHECK(opened.Metric("shard_skew_ratio", "") >= 1);
}

// --- An operator that fails on one shard. ---

class FailsOn final : public exec::Operator {
 public:
  explicit FailsOn(int64_t value) : value_(value) {}
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, data::Batch& batch, exec::Output& out) override {
    for (uint32_t i = 0; i < batch.rows; ++i) {
      if (batch.columns[0].As<int64_t>()[i] != value_) continue;
      AllowAllocation message;
      return Fail(Status(ErrorCode::kOverflow, "an injected failure"));
    }
    return out.Push(batch);
  }
  exec::Step Watermark(int, Timestamp watermark, exec::Output& out) override { return out.PushWatermark(watermark); }

 private:
  int64_t value_;
};

class Counting final : public exec::Operator {
 public:
  Status Open(const exec::Context&) override { return {}; }
  exec::Step Process(int, data::Batch& batch, exec::Output&) override {
    rows += batch.rows;
    return exec::Step::kMore;
  }
  exec::Step Watermark(int, Timestamp, exec::Output&) override { return exec::Step::kMore; }
  exec::Step Barrier(exec::Epoch epoch, exec::Output&) override {
    CHECK(epoch == ++barriers);
    return exec::Step::kMore;
  }
  uint64_t rows = 0;
  uint64_t barriers = 0;
};

TEST_CASE("a section whose operator failed on one shard takes what comes, and others on the same shards go on") {
  for (const uint32_t workers : {0, 2}) {
    CAPTURE(workers);
    ShardSet shards(4, os::RealClock());
    runtime::CoreBudgets budgets(os::RealClock());
    REQUIRE(shards.StartWorkers(workers).ok());
    expr::EvalEnvironment environment;
    auto request = [&](int64_t fails_on) {
      SectionRequest section;
      section.input = section.output = {data::TypeId::kInt64};
      section.keys = {0};
      section.context.environment = &environment;
      section.chain.push_back([fails_on](uint32_t) { return std::make_unique<FailsOn>(fails_on); });
      return section;
    };
    ShardSection bad(shards, request(40'000));
    ShardSection good(shards, request(-1));
    Counting from_bad;
    Counting from_good;
    bad.exit().ConnectTo(&from_bad, 0);
    good.exit().ConnectTo(&from_good, 0);
    REQUIRE(bad.Open().ok());
    REQUIRE(good.Open().ok());
    auto pump = [&](ShardSection& section) {
      section.Prepare(0);
      section.Flush();
      shards.Wake();
      if (workers == 0) shards.Help(budgets);
      section.Drain();
    };
    exec::Output out;
    BatchBuffer rows({data::TypeId::kInt64});
    exec::Epoch epoch = 0;
    for (int64_t i = 0; i < 200'000;) {
      rows.Reset();
      ++epoch;
      for (; !rows.full() && i < 200'000; ++i) rows.AppendRow(std::vector<Value>{Value::Int(i)});
      for (ShardSection* section : {&bad, &good}) {
        while (!section->MakeReady()) pump(*section);
        auto batch = rows.batch();
        section->entry().Process(0, batch, out);
        section->entry().Barrier(epoch, out);  // the one that has failed says it too, or the others wait for it
        pump(*section);
      }
    }
    for (ShardSection* section : {&bad, &good}) {
      while (section->IsHolding() || !shards.IsIdle() || section->HasOutput()) pump(*section);
    }
    CHECK(from_good.barriers == epoch);
    CHECK(from_bad.barriers == epoch);
    CHECK(from_good.rows == 200'000);
    CHECK(good.failure().ok());
    CHECK_FALSE(good.has_failed());
    CHECK(bad.has_failed());
    CHECK(bad.failure().message() == "an injected failure");
    CHECK(from_bad.rows > 100'000);  // three of four shards, and the fourth's before it failed
    CHECK(from_bad.rows < 200'000);
  }
}

TEST_CASE("a view whose state grows too large on a shard stops alone and says why once") {
  for (const bool is_inline : {true, false}) {
    CAPTURE(is_inline);
    Opened opened(Options(is_inline, 4));
    opened.Run("SET worker_cores = 4");
    REQUIRE(opened.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
    REQUIRE(opened.Run("SET memory_limit_bytes = 100000").starts_with("SET"));
    REQUIRE(opened.Run("CREATE MATERIALIZED VIEW small AS SELECT k, count(*) AS n FROM s GROUP BY k")
                .starts_with("CREATE"));
    REQUIRE(opened.Run("CREATE MATERIALIZED VIEW behind AS SELECT n, count(*) AS m FROM small GROUP BY n")
                .starts_with("CREATE"));
    REQUIRE(opened.Run("RESET memory_limit_bytes").starts_with("RESET"));
    REQUIRE(opened.Run("CREATE MATERIALIZED VIEW large AS SELECT k, count(*) AS n FROM s GROUP BY k")
                .starts_with("CREATE"));
    for (int i = 0; i < 10; ++i) opened.Run("INSERT INTO s SELECT generate_series FROM generate_series(1, 50000)");
    CHECK(opened.Run("SELECT count(*), sum(n) FROM large") == "50000 | 500000\n");
    CHECK(opened.Run("WAIT FOR large TIMEOUT INTERVAL '10' SECOND").find("failed") == std::string::npos);
    const std::string why = opened.Run("WAIT FOR small TIMEOUT INTERVAL '10' SECOND");
    CHECK_MESSAGE(why.find("view \"small\" failed") != std::string::npos, why);
    CHECK(why.find("failed", why.find("failed") + 1) == std::string::npos);
    CHECK(opened.Run("WAIT FOR behind TIMEOUT INTERVAL '10' SECOND").find("paused because one it reads failed") !=
          std::string::npos);
  }
}

TEST_CASE("the limit of a stored table is for all of it, on however many shards") {
  std::map<uint64_t, int> taken;
  for (const uint64_t cores : {1, 2, 8}) {
    Opened opened(Options(true, cores));
    REQUIRE(opened.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
    REQUIRE(opened.Run("SET memory_limit_bytes = '64 MiB'").starts_with("SET"));
    REQUIRE(
        opened.Run("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM s GROUP BY k").starts_with("CREATE"));
    for (bool has_room = true; has_room && taken[cores] < 100; taken[cores] += has_room ? 1 : 0) {
      const std::string first = std::to_string(taken[cores] * 50'000);
      opened.Run("INSERT INTO s SELECT generate_series FROM generate_series(" + first + ", " + first + " + 49999)");
      has_room = opened.Run("SELECT count(*) FROM v") == std::to_string((taken[cores] + 1) * 50'000) + "\n";
    }
    CHECK(opened.Run("WAIT FOR v").find("memory_limit_bytes") != std::string::npos);
  }
  CHECK(taken[1] > 10);
  CHECK(taken[1] < 40);
  for (const uint64_t cores : {2, 8}) {
    CAPTURE(cores);
    CHECK(taken[cores] > taken[1] / 2);  // parts have room of their own to grow into
    CHECK(taken[cores] <= taken[1] + 2);
  }
}

TEST_CASE("EXPLAIN of a view says what runs on shards, by which key, and what on the core") {
  Opened opened(Options(true, 1));
  REQUIRE(opened.Run("CREATE SOURCE s (k BIGINT, v BIGINT)").starts_with("CREATE"));
  const std::string view =
      "CREATE MATERIALIZED VIEW x AS SELECT k, sum(w) AS t FROM (SELECT k, v * 2 AS w FROM s UNION ALL SELECT k, v "
      "FROM s) AS u WHERE w > 3 GROUP BY k HAVING sum(w) > 5";
  CHECK(opened.Run("EXPLAIN " + view).find("runs on") == std::string::npos);
  opened.Run("SET worker_cores = 4");
  std::vector<std::string> places;
  std::string node;
  for (const std::string& line : opened.Lines("EXPLAIN " + view)) {
    const size_t at = line.find("| runs on ");
    if (at != std::string::npos) places.push_back(node + ": " + line.substr(at + 10));
    if (line.find('|') == std::string::npos) {
      const size_t word = line.find_first_not_of(' ');
      node = line.substr(word, line.find(' ', word) - word);
    }
  }
  REQUIRE(places.size() >= 5);
  CHECK(places.front() == "FilterProject: 8 shards by k");
  CHECK(std::ranges::count(places, "GroupAggregate: 8 shards by k") == 1);
  CHECK(std::ranges::count(places, "UnionAll: the core") == 1);
  CHECK(std::ranges::count(places, "Scan: the core") == 2);
  CHECK(opened.Run("EXPLAIN (FORMAT JSON) " + view).find("\"runs_on\":\"8 shards by k\"") != std::string::npos);
  CHECK(opened.Run("EXPLAIN SELECT k, sum(v) FROM s GROUP BY k").find("runs on") == std::string::npos);
}

}  // namespace
}  // namespace laminar::engine
