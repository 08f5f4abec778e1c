// Real threads: a core thread, workers and a log thread under a database that several threads push into, read, define
// and subscribe to at once. In the end it must hold what an inline database with one core holds. Made for the thread
// sanitizer (./dev tsan), and true without it.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "base/random.h"
#include "data/value.h"
#include "engine/testing.h"
#include "os/process.h"

namespace laminar::engine {
namespace {

using data::BatchBuffer;
using data::Value;
using testing::TestDatabase;

constexpr uint64_t kRounds = 150;  // batches of each pushing thread
constexpr Timestamp kStart = 1'700'000'000'000'000;

// Each source has one pusher, so its rows have one order; what reads both does not depend on how they interleave.
const char* const kDefinitions[] = {
    "CREATE SOURCE a (k BIGINT, v BIGINT, name TEXT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)",
    "CREATE SOURCE b (k BIGINT, v BIGINT, name TEXT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)",
    "CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT)",
    "CREATE VIEW both_sources AS SELECT * FROM a UNION ALL SELECT * FROM b",
    "CREATE MATERIALIZED VIEW plain AS SELECT k, upper(name) AS name, v * 2 AS w FROM a WHERE v % 17 = 3",
    "CREATE MATERIALIZED VIEW by_key AS SELECT k, name, count(*) AS n, sum(v) AS total, max(v) AS top FROM "
    "both_sources "
    "GROUP BY k, name",
    "CREATE MATERIALIZED VIEW bars WITH (retain_history = '1 MiB') AS SELECT name, window_start, first_value(v) AS o, "
    "max(v) AS h, min(v) AS l, last_value(v) AS c, count(*) AS n FROM a GROUP BY name, TUMBLE(ts, INTERVAL '10' "
    "SECOND)",
    "CREATE MATERIALIZED VIEW hops AS SELECT k, window_start, sum(v) AS total FROM (SELECT * FROM b UNION ALL SELECT * "
    "FROM b WHERE v > 500) AS u GROUP BY k, HOP(ts, INTERVAL '5' SECOND, INTERVAL '20' SECOND)",
    "CREATE MATERIALIZED VIEW deep AS SELECT n, count(*) AS keys, sum(total) AS total FROM by_key GROUP BY n",
    "CREATE MATERIALIZED VIEW few AS SELECT k, sum(v) AS total FROM b GROUP BY k HAVING count(*) % 3 = 0",
    "CREATE MATERIALIZED VIEW names AS SELECT DISTINCT name FROM b",
    "CREATE MATERIALIZED VIEW of_table AS SELECT v % 7 AS g, count(*) AS n, sum(id) AS ids FROM t GROUP BY v % 7",
    "CREATE MATERIALIZED VIEW at_the_end AS SELECT name, count(*) AS n FROM a GROUP BY name, TUMBLE(ts, INTERVAL '1' "
    "MINUTE) EMIT FINAL",
};
const char* const kViews[] = {"t", "plain", "by_key", "bars", "hops", "deep", "few", "names", "of_table", "at_the_end"};

struct Folder {
  explicit Folder(const std::string& name)
      : path(os::TemporaryDirectory() + "/laminar-" + name + "-" + std::to_string(os::ProcessId())) {
    Clear();
  }
  ~Folder() { Clear(); }
  void Clear() const { (void)os::RealFileSystem().RemoveTree(path); }
  std::string path;
};

std::unique_ptr<Database> Open(const std::string& path, bool is_inline, uint64_t cores) {
  DatabaseOptions options;
  options.is_inline = is_inline;
  options.path = path;
  options.worker_cores = cores;
  options.log_segment_bytes = 4 << 20;
  auto opened = Database::Open(std::move(options));
  REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
  return *std::move(opened);
}

std::string Run(Connection& connection, const std::string& sql) {
  auto outcome = connection.Execute(sql);
  if (!outcome) return outcome.error().ToString();
  return outcome->cursor != nullptr ? TestDatabase::Rows(*outcome->cursor) : outcome->message;
}

void Define(Database& database, uint64_t cores) {
  Connection connection(database);
  for (const std::string& set :
       {"SET worker_cores = " + std::to_string(cores), std::string("SET checkpoint_interval = '200 milliseconds'")})
    REQUIRE(Run(connection, set).starts_with("SET"));
  for (const char* sql : kDefinitions) {
    const std::string answer = Run(connection, sql);
    REQUIRE_MESSAGE(answer.starts_with("CREATE"), answer);
  }
}

// The rows of one source, the same on every database; late ones too.
void PushAll(Database& database, const std::string& source, uint64_t seed) {
  Random random(seed);
  BatchBuffer rows({data::TypeId::kInt64, data::TypeId::kInt64, data::TypeId::kVarchar, data::TypeId::kTimestamp});
  Timestamp time = kStart;
  const auto handle = database.OpenPush(source);
  REQUIRE(handle.has_value());
  for (uint64_t round = 0; round < kRounds; ++round) {
    rows.Reset();
    for (uint64_t i = 1 + random.Below(200); i > 0; --i) {
      time += static_cast<Timestamp>(random.Below(20'000));
      rows.AppendRow(std::vector<Value>{
          Value::Int(random.Between(0, 60)), Value::Int(random.Between(0, 1000)),
          Value::String("a name that is longer than twelve bytes " + std::to_string(random.Below(12))),
          Value::Int(time - random.Between(0, source == "a" ? 4'000'000 : 1'000'000))});
    }
    auto batch = rows.batch();
    REQUIRE(database.Push(*handle, batch).ok());
    if (round % 16 == 7) REQUIRE(database.PushWatermark(source, time - 1'500'000).ok());
  }
}

void FillTable(Database& database, uint64_t seed) {
  Connection connection(database);
  Random random(seed);
  for (uint64_t round = 0; round < kRounds / 3; ++round) {
    std::string rows;
    for (uint64_t i = 1 + random.Below(8); i > 0; --i)
      rows += (rows.empty() ? "(" : ", (") + std::to_string(random.Below(50)) + ", " +
              std::to_string(random.Below(100)) + ")";
    REQUIRE(Run(connection, "INSERT INTO t VALUES " + rows).starts_with("INSERT"));
  }
}

std::map<std::string, std::string> Everything(Database& database) {
  Connection connection(database);
  std::map<std::string, std::string> all;
  for (const std::string view : kViews) {
    const std::string text = Run(connection, "SELECT * FROM " + view);
    std::vector<std::string_view> lines;
    for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
      lines.push_back(std::string_view(text).substr(at, text.find('\n', at) - at));
    std::ranges::sort(lines);
    for (const std::string_view line : lines) all[view] += std::string(line) + "\n";
  }
  return all;
}

void CheckSame(const std::map<std::string, std::string>& found, const std::map<std::string, std::string>& wanted) {
  for (const auto& [view, rows] : wanted) {
    CAPTURE(view);
    CHECK(found.at(view) == rows);
  }
}

// doctest's checks are safe in threads; REQUIRE in them ends the test, as it should.
class Workload {
 public:
  explicit Workload(Database& database) : database_(database) {}

  // Reads while all moves: both sides are of one epoch.
  void Read() {
    Connection connection(database_);
    while (!stop_.load()) {
      const std::string rows = Run(connection,
                                   "SELECT min(n) = max(n) FROM (SELECT coalesce(sum(n), 0)::BIGINT AS n FROM by_key "
                                   "UNION ALL SELECT coalesce(sum(n * keys), 0)::BIGINT FROM deep)");
      CHECK(rows == "true\n");
      for (const char* sql :
           {"SELECT * FROM bars ORDER BY window_start DESC LIMIT 5", "SELECT * FROM late('bars')",
            "SELECT count(*) FROM laminar_metrics", "SHOW CHECKPOINTS", "SELECT * FROM errors('plain')"})
        CHECK_FALSE(Run(connection, sql).starts_with("LDB-"));
      (void)database_.GetProgress();
      (void)database_.Names();
    }
  }
  // Definitions come and go.
  void Define() {
    Connection connection(database_);
    for (int i = 0; !stop_.load(); ++i) {
      const std::string name = "temporary" + std::to_string(i % 2);
      CHECK(Run(connection, "CREATE MATERIALIZED VIEW " + name +
                                " AS SELECT k, count(*) AS n, max(total) AS top FROM " +
                                (i % 3 == 0 ? "by_key" : "hops") + " GROUP BY k")
                .starts_with("CREATE"));
      CHECK_FALSE(Run(connection, "SELECT sum(n) FROM " + name).starts_with("LDB-"));
      CHECK(Run(connection, "DROP MATERIALIZED VIEW " + name).starts_with("DROP"));
    }
  }
  void Checkpoint() {
    Connection connection(database_);
    while (!stop_.load()) CHECK(Run(connection, "CHECKPOINT").starts_with("CHECKPOINT"));
  }
  // Cursors over what is pushed come and go; one is cancelled by another thread while it waits.
  void Follow() {
    while (!stop_.load()) {
      Connection connection(database_);
      auto outcome = connection.Execute("SUBSCRIBE TO by_key");
      REQUIRE_MESSAGE(outcome.has_value(), outcome.error().ToString());
      Cursor& cursor = *outcome->cursor;
      BatchBuffer rows(cursor.schema().Types());
      std::thread canceller;
      for (int i = 0; i < 20; ++i) {
        if (i == 10) canceller = std::thread([&cursor] { cursor.Cancel(); });
        if (auto more = cursor.Next(rows); !more.has_value() || !*more) break;
      }
      cursor.Cancel();
      if (canceller.joinable()) canceller.join();
    }
  }
  void Stop() { stop_.store(true); }

 private:
  Database& database_;
  std::atomic<bool> stop_{false};
};

TEST_CASE("many threads on a database on disk with three cores leave what one thread on one core leaves") {
  std::unique_ptr<Database> plain = Open("", true, 1);
  Define(*plain, 1);
  PushAll(*plain, "a", 11);
  PushAll(*plain, "b", 12);
  FillTable(*plain, 13);
  for (const char* source : {"a", "b"}) REQUIRE(plain->EndSource(source).ok());
  const auto wanted = Everything(*plain);

  const Folder folder("threads-test");
  std::unique_ptr<Database> database = Open(folder.path, false, 3);
  Define(*database, 3);
  std::mutex mutex;
  std::map<std::string, int64_t> changes;  // what a subscriber has seen of a view, row by row
  auto subscription = database->Subscribe("hops", [&](const data::Batch& batch) {
    const std::lock_guard lock(mutex);
    for (uint32_t row = 0; row < batch.rows; ++row)
      changes["rows"] += batch.weights == nullptr ? 1 : batch.weights[row];
  });
  REQUIRE(subscription.has_value());
  Workload workload(*database);
  std::vector<std::thread> busy;
  busy.emplace_back([&] { workload.Read(); });
  busy.emplace_back([&] { workload.Define(); });
  busy.emplace_back([&] { workload.Checkpoint(); });
  busy.emplace_back([&] { workload.Checkpoint(); });
  busy.emplace_back([&] { workload.Follow(); });
  std::vector<std::thread> writers;
  writers.emplace_back([&] { PushAll(*database, "a", 11); });
  writers.emplace_back([&] { PushAll(*database, "b", 12); });
  writers.emplace_back([&] { FillTable(*database, 13); });
  for (std::thread& writer : writers) writer.join();
  for (const char* source : {"a", "b"}) CHECK(database->EndSource(source).ok());
  {
    Connection connection(*database);
    for (const char* view : {"by_key", "bars", "hops", "at_the_end"})
      CHECK_FALSE(Run(connection, std::string("WAIT FOR ") + view).starts_with("LDB-"));
  }
  workload.Stop();
  for (std::thread& thread : busy) thread.join();
  CheckSame(Everything(*database), wanted);
  {
    const std::lock_guard lock(mutex);
    CHECK(changes["rows"] == std::ranges::count(wanted.at("hops"), '\n'));
  }
  subscription->reset();
  database.reset();
  database = Open(folder.path, false, 2);
  CheckSame(Everything(*database), wanted);
}

TEST_CASE("every CHECKPOINT is answered, also when another one is under way") {
  const Folder folder("checkpoints-test");
  std::unique_ptr<Database> database = Open(folder.path, false, 1);
  {
    Connection connection(*database);
    REQUIRE(Run(connection, "SET checkpoint_interval = '0'").starts_with("SET"));  // nothing else makes one
    REQUIRE(Run(connection, "CREATE TABLE t (a BIGINT)").starts_with("CREATE"));
  }
  std::vector<std::thread> threads;
  for (int n = 0; n < 3; ++n) {
    threads.emplace_back([&] {
      Connection connection(*database);
      for (int i = 0; i < 8; ++i) {
        CHECK(Run(connection, "INSERT INTO t VALUES (1)") == "INSERT 1");
        CHECK(Run(connection, "CHECKPOINT").starts_with("CHECKPOINT"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Linux gives each thread a niceness of its own.
std::map<std::string, int> NicenessByName() {
  std::map<std::string, int> niceness;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    niceness[name] = getpriority(PRIO_PROCESS, static_cast<id_t>(std::stoul(task.path().filename())));
  }
  return niceness;
}

// Sent away at the end of an epoch, the graph keeps everybody waiting.
TEST_CASE("the threads of the log and of the store give way to the graph") {
  const Folder folder("nice");
  const int mine = getpriority(PRIO_PROCESS, 0);
  const std::unique_ptr<Database> database = Open(folder.path, false, 2);
  Connection connection(*database);
  REQUIRE(Run(connection, "CREATE TABLE t (id BIGINT PRIMARY KEY)").starts_with("CREATE"));
  REQUIRE(Run(connection, "INSERT INTO t VALUES (1)") == "INSERT 1");
  REQUIRE(Run(connection, "CHECKPOINT").starts_with("CHECKPOINT"));
  const std::map<std::string, int> niceness = NicenessByName();
  CHECK(niceness.at("laminar-core") == mine);
  CHECK(niceness.at("laminar-core-1") == mine);
  CHECK(niceness.at("laminar-log") == std::min(mine + 5, 19));
  CHECK(niceness.at("rocksdb:high") == std::min(mine + 10, 19));
}

}  // namespace
}  // namespace laminar::engine
