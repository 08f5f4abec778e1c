// Views that are made of much that stands already: who reads meanwhile gets answers, what comes in waits and is counted
// once, and a definition that is cancelled, or fails, leaves nothing behind and takes nothing away.
#include <doctest/doctest.h>

#include <atomic>
#include <climits>
#include <thread>

#include "engine/testing.h"
#include "sdk/connector.h"

namespace laminar::engine {
namespace {

using testing::TestDatabase;

constexpr int kRows = 300'000;

struct SinkCounts {
  std::atomic<int> written{0};
  std::atomic<int> written_max{INT_MAX};  // more is refused
  std::atomic<int> closed{0};
  std::atomic<int> abandoned{0};
};

class CountingConnector final : public sdk::Connector {
 public:
  explicit CountingConnector(SinkCounts& counts) : counts_(counts) {}
  std::string_view name() const override { return "counting"; }
  std::string_view doc() const override { return "counts rows"; }
  Result<sdk::SinkShape> CheckSink(const sdk::SinkRequest&) override { return sdk::SinkShape::kChangelog; }
  Result<std::unique_ptr<sdk::Sink>> OpenSink(sdk::SinkRequest) override { return std::make_unique<Sink>(counts_); }

 private:
  struct Sink final : sdk::Sink {
    explicit Sink(SinkCounts& sink_counts) : counts(sink_counts) {}
    Status Write(const data::Batch& batch) override {
      counts.written += static_cast<int>(batch.rows);
      return counts.written <= counts.written_max ? Status() : Status(ErrorCode::kLimitReached, "it is full");
    }
    Status Prepare(uint64_t, std::string&) override { return {}; }
    Status Commit(uint64_t) override { return {}; }
    Status Close() override {
      ++counts.closed;
      return {};
    }
    void Abandon() override { ++counts.abandoned; }
    SinkCounts& counts;
  };
  SinkCounts& counts_;
};

struct Threaded {
  explicit Threaded(uint64_t cores) {
    DatabaseOptions options;
    options.worker_cores = cores;
    options.connectors.push_back(std::make_unique<CountingConnector>(counts));
    auto opened = Database::Open(std::move(options));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
    database = *std::move(opened);
    connection = std::make_unique<Connection>(*database);
    REQUIRE(Run("CREATE TABLE t (k BIGINT)") == "CREATE TABLE t");
    REQUIRE(Run("INSERT INTO t SELECT generate_series FROM generate_series(1, " + std::to_string(kRows) + ")") ==
            "INSERT " + std::to_string(kRows));
  }
  static std::string Run(Connection& connection, const std::string& sql) {
    auto outcome = connection.Execute(sql);
    if (!outcome) return outcome.error().ToString();
    return outcome->cursor != nullptr ? TestDatabase::Rows(*outcome->cursor) : outcome->message;
  }
  std::string Run(const std::string& sql) { return Run(*connection, sql); }

  SinkCounts counts;
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;
};

constexpr const char* kView = "CREATE MATERIALIZED VIEW v AS SELECT k % 1000 AS g, count(*) AS n FROM t GROUP BY g";

TEST_CASE("while a view is filled from a table, readers get answers, and rows that come wait and are in it once") {
  for (const uint64_t cores : {1, 2}) {
    CAPTURE(cores);
    Threaded db(cores);
    std::atomic<bool> is_over{false};
    std::atomic<int> answers{0};
    std::atomic<int> inserted{0};
    std::atomic<int> wrong{0};
    std::thread reader([&] {
      Connection mine(*db.database);
      while (!is_over) {
        const std::string rows = Threaded::Run(mine, "SELECT count(*) FROM t");
        const std::string views = Threaded::Run(mine, "SHOW MATERIALIZED VIEWS");
        wrong += std::stoll(rows) < kRows ? 1 : 0;
        answers += is_over || !views.empty() ? 0 : 1;  // not there before it is whole
      }
    });
    std::thread writer([&] {
      Connection mine(*db.database);
      while (!is_over) inserted += Threaded::Run(mine, "INSERT INTO t VALUES (7)") == "INSERT 1" ? 1 : 0;
    });
    while (answers == 0) std::this_thread::yield();
    const int before = answers;
    const std::string made = db.Run(kView);
    const int during = answers - before;
    is_over = true;
    reader.join();
    writer.join();
    CHECK(made == "CREATE MATERIALIZED VIEW v");
    CHECK(during > 0);
    CHECK(wrong == 0);
    CHECK(db.Run("SELECT sum(n) FROM v") == std::to_string(kRows + inserted) + "\n");
    CHECK(db.Run("SELECT n FROM v WHERE g = 7") == std::to_string(kRows / 1000 + inserted) + "\n");
  }
}

TEST_CASE("a definition that is cancelled leaves nothing behind") {
  for (const char* sql : {kView, "SELECT k % 1000 AS g, count(*) AS n FROM t GROUP BY g EMIT CHANGES",
                          "CREATE MATERIALIZED VIEW v AS SELECT * FROM generate_series(1, 900000000)"}) {
    CAPTURE(sql);
    Threaded db(2);
    std::atomic<bool> is_over{false};
    std::thread canceller([&] {
      while (!is_over) {
        db.connection->Cancel();
        std::this_thread::yield();
      }
    });
    auto outcome = db.connection->Execute(sql);
    is_over = true;
    canceller.join();
    if (!outcome) CHECK(outcome.error().code() == ErrorCode::kCancelled);
    if (outcome && outcome->cursor == nullptr) CHECK(db.Run("DROP MATERIALIZED VIEW v").starts_with("DROP"));
    outcome = Error(ErrorCode::kCancelled, "");  // its cursor goes
    CHECK(db.Run("SHOW MATERIALIZED VIEWS").empty());
    CHECK(db.Run(kView) == "CREATE MATERIALIZED VIEW v");
    CHECK(db.Run("INSERT INTO t VALUES (7)") == "INSERT 1");
    CHECK(db.Run("SELECT sum(n) FROM v") == std::to_string(kRows + 1) + "\n");
  }
}

// What a half-made sink had written got its name as if it were complete.
TEST_CASE(
    "a sink that fails while it is filled is no sink, and its output is taken back; one that is dropped is ended") {
  Threaded db(1);
  db.counts.written_max = kRows / 2;
  const std::string sql = "CREATE SINK out FROM (SELECT k FROM t) WITH (connector = 'counting')";
  CHECK(db.Run(sql).find("it is full") != std::string::npos);
  CHECK(db.Run("SHOW SINKS").empty());
  CHECK(db.counts.abandoned == 1);
  CHECK(db.counts.closed == 0);
  db.counts.written = 0;
  db.counts.written_max = INT_MAX;
  CHECK(db.Run(sql) == "CREATE SINK out");
  CHECK(db.counts.written == kRows);
  CHECK(db.Run("DROP SINK out") == "DROP out");
  CHECK(db.counts.abandoned == 1);
  CHECK(db.counts.closed == 1);
}

TEST_CASE("a sink is not cut off in the middle of its first rows") {
  Threaded db(1);
  std::atomic<bool> is_over{false};
  std::thread canceller([&] {
    while (!is_over) {
      db.connection->Cancel();
      std::this_thread::yield();
    }
  });
  const std::string made = db.Run("CREATE SINK out FROM (SELECT k FROM t) WITH (connector = 'counting')");
  is_over = true;
  canceller.join();
  CHECK(made == "CREATE SINK out");
  CHECK(db.counts.written == kRows);
}

TEST_CASE("a view that cannot be replaced stays") {
  Threaded db(1);
  REQUIRE(db.Run("CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM t") == "CREATE MATERIALIZED VIEW v");
  REQUIRE(db.Run("SET memory_limit_bytes = 100000").starts_with("SET"));
  CHECK(db.Run("CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM t GROUP BY k").find("LDB-R017") !=
        std::string::npos);
  CHECK(db.Run("SELECT n FROM v") == std::to_string(kRows) + "\n");
  CHECK(db.Run("INSERT INTO t VALUES (7)") == "INSERT 1");
  CHECK(db.Run("SELECT n FROM v") == std::to_string(kRows + 1) + "\n");
  REQUIRE(db.Run("RESET memory_limit_bytes").starts_with("RESET"));
  CHECK(db.Run("CREATE OR REPLACE MATERIALIZED VIEW v AS SELECT k % 2 AS g, count(*) AS n FROM t GROUP BY g") ==
        "CREATE MATERIALIZED VIEW v");
  CHECK(db.Run("SELECT count(*), sum(n) FROM v") == "2 | " + std::to_string(kRows + 1) + "\n");
}

TEST_CASE("a live query that is asked for while a view is filled begins behind it") {
  Threaded db(2);
  std::atomic<bool> is_made{false};
  std::thread definer([&] {
    Connection mine(*db.database);
    is_made = Threaded::Run(mine, kView) == "CREATE MATERIALIZED VIEW v";
  });
  for (int i = 0; i < 20; ++i) {
    auto live = db.connection->Execute("SELECT count(*) AS n FROM t EMIT CHANGES");
    REQUIRE_MESSAGE(live.has_value(), live.error().ToString());
    data::BatchBuffer rows(live->cursor->schema().Types());
    REQUIRE(live->cursor->Next(rows).value_or(false));
  }
  definer.join();
  CHECK(is_made);
  CHECK(db.Run("SELECT sum(n) FROM v") == std::to_string(kRows) + "\n");
}

}  // namespace
}  // namespace laminar::engine
