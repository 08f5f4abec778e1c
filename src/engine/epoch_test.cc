// Reads beside writes: one epoch for all views of a statement, and steps that do not allocate once they are warm.
#include <doctest/doctest.h>

#include <thread>

#include "base/hot_scope.h"
#include "base/random.h"
#include "data/value.h"
#include "engine/testing.h"

namespace {

using laminar::Random;
using laminar::data::BatchBuffer;
using laminar::data::Type;
using laminar::data::TypeId;
using laminar::data::Value;
using laminar::engine::testing::TestDatabase;

// Found by the differential tester: the shards' queues were then touched by a thread that had not taken them over.
TEST_CASE("an INSERT of no rows does no harm to views on shards") {
  TestDatabase db(false);
  CHECK(db.Run("SET worker_cores = 2") == "SET worker_cores");
  db.Run("CREATE TABLE t (k BIGINT)");
  db.Run("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM t GROUP BY k");
  for (int i = 0; i < 50; ++i) {
    CHECK(db.Run("INSERT INTO t VALUES (1), (2), (3)") == "INSERT 3");
    CHECK(db.Run("INSERT INTO t SELECT k FROM t WHERE k > 100") == "INSERT 0");
  }
  CHECK(db.Run("SELECT * FROM v ORDER BY k") == "1 | 50\n2 | 50\n3 | 50\n");
}

TEST_CASE("two views read in one statement are of the same epoch while rows come in on other threads") {
  TestDatabase db(false);
  db.Run("CREATE SOURCE s (k BIGINT, v BIGINT)");
  db.Run("CREATE MATERIALIZED VIEW total AS SELECT count(*) AS n FROM s");
  db.Run("CREATE MATERIALIZED VIEW by_key AS SELECT k, count(*) AS n FROM s GROUP BY k");
  db.Run("CREATE MATERIALIZED VIEW deep AS SELECT sum(n) AS n FROM by_key");
  std::atomic<bool> stop{false};
  auto push = [&](uint64_t seed) {
    Random random(seed);
    BatchBuffer rows({TypeId::kInt64, TypeId::kInt64});
    while (!stop.load()) {
      rows.Reset();
      const uint64_t count = 1 + random.Below(50);
      for (uint64_t i = 0; i < count; ++i)
        rows.AppendRow(std::vector<Value>{Value::Int(random.Between(0, 20)), Value::Int(1)});
      auto batch = rows.batch();
      CHECK(db.database().Push("s", batch).ok());
    }
  };
  std::thread one(push, 1);
  std::thread two(push, 2);
  std::string last;
  int moved = 0;
  for (int i = 0; i < 300 || (moved < 10 && i < 100'000); ++i) {  // until the writers were seen at work
    laminar::engine::Connection connection(db.database());
    auto outcome = connection.Execute(
        "SELECT count(*), min(n), max(n) FROM (SELECT n FROM total UNION ALL SELECT coalesce(sum(n), 0)::BIGINT FROM "
        "by_key UNION ALL SELECT coalesce(n, 0)::BIGINT FROM deep)");
    REQUIRE(outcome);
    const std::string rows = TestDatabase::Rows(*outcome->cursor);
    const size_t first = rows.find(" | ");
    const size_t second = rows.find(" | ", first + 3);
    CHECK(rows.substr(first + 3, second - first - 3) + "\n" == rows.substr(second + 3));
    moved += rows != last ? 1 : 0;
    last = rows;
  }
  stop.store(true);
  one.join();
  two.join();
  CHECK(moved >= 10);
}

TEST_CASE("a cursor keeps showing the epoch it was opened at") {
  TestDatabase db;
  db.Run("CREATE TABLE t (a BIGINT)");
  db.Run("INSERT INTO t SELECT * FROM generate_series(1, 3000)");
  auto outcome = db.connection().Execute("SELECT sum(a) FROM t");
  REQUIRE(outcome);
  db.Run("INSERT INTO t SELECT * FROM generate_series(1, 3000)");
  CHECK(TestDatabase::Rows(*outcome->cursor) == "4501500\n");
  CHECK(db.Run("SELECT sum(a) FROM t") == "9003000\n");
}

// 2,000 batches through a filter, a window by a string key with seven accumulators, and a stored view: after the first
// 64 nothing may be allocated outside of the places that are allowed to grow.
TEST_CASE("a warm pipeline does not allocate in ring 0") {
  if (!laminar::HotScope::kIsGuarded) return;
  TestDatabase db;
  db.Run(
      "CREATE SOURCE trades (symbol VARCHAR, price DOUBLE, volume BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - "
      "INTERVAL '4' SECOND)");
  CHECK(db.Run("CREATE MATERIALIZED VIEW ohlc AS SELECT symbol, window_start, first_value(price) AS o, max(price) AS "
               "h, min(price) AS l, last_value(price) AS c, "
               "sum(price * volume) / sum(volume) AS vwap, sum(volume) AS v, count(*) AS n FROM trades WHERE price > 1 "
               "GROUP BY symbol, TUMBLE(ts, INTERVAL '1' MINUTE)") == "CREATE MATERIALIZED VIEW ohlc");
  CHECK(db.Run("CREATE MATERIALIZED VIEW live AS SELECT symbol, count(*) AS n, max(price) AS top FROM trades GROUP BY "
               "symbol") == "CREATE MATERIALIZED VIEW live");
  laminar::HotScope::SetMode(laminar::HotScope::Mode::kCount);
  const uint64_t before = laminar::HotScope::Violations();
  Random random(7);
  BatchBuffer rows({TypeId::kVarchar, TypeId::kDouble, TypeId::kInt64, TypeId::kTimestamp});
  int64_t time = 1'700'000'000'000'000;
  for (int i = 0; i < 2000; ++i) {
    rows.Reset();
    for (int r = 0; r < 100; ++r) {
      time += 1000 + static_cast<int64_t>(random.Below(5000));
      rows.AppendRow(std::vector<Value>{Value::String("SYMBOL" + std::to_string(random.Below(300))),
                                        Value::Double(random.Unit() * 100), Value::Int(random.Between(1, 100)),
                                        Value::Int(time - random.Between(0, 1'000'000))});
    }
    auto batch = rows.batch();
    REQUIRE(db.database().Push("trades", batch).ok());
  }
  CHECK(laminar::HotScope::Violations() - before == 0);
  laminar::HotScope::SetMode(laminar::HotScope::Mode::kAbort);
}

// Found by the differential tester: the first batch after a second reader came was counted as warm.
TEST_CASE("a view that joins a warm source makes its scratch without a breach of ring 0") {
  if (!laminar::HotScope::kIsGuarded) return;
  TestDatabase db;
  db.Run("CREATE SOURCE s (k BIGINT, v BIGINT)");
  db.Run("CREATE MATERIALIZED VIEW one AS SELECT k, sum(v) AS total FROM s GROUP BY k");
  laminar::HotScope::SetMode(laminar::HotScope::Mode::kCount);
  const uint64_t before = laminar::HotScope::Violations();
  BatchBuffer rows({TypeId::kInt64, TypeId::kInt64});
  for (int i = 0; i < 10; ++i) rows.AppendRow(std::vector<Value>{Value::Int(i % 3), Value::Int(i)});
  for (int i = 0; i < 300; ++i) {
    if (i == 150)
      CHECK(db.Run("CREATE MATERIALIZED VIEW two AS SELECT max(v) AS top FROM s") == "CREATE MATERIALIZED VIEW two");
    auto batch = rows.batch();
    REQUIRE(db.database().Push("s", batch).ok());
  }
  CHECK(laminar::HotScope::Violations() - before == 0);
  CHECK(db.Run("SELECT * FROM two") == "9\n");
  laminar::HotScope::SetMode(laminar::HotScope::Mode::kAbort);
}

// So that the tests above can fail.
TEST_CASE("the ring-0 guard sees a planted allocation") {
  if (!laminar::HotScope::kIsGuarded) return;
  laminar::HotScope::SetMode(laminar::HotScope::Mode::kCount);
  const uint64_t before = laminar::HotScope::Violations();
  {
    laminar::HotScope scope("planted");
    std::vector<int> planted(1000, 1);
    asm volatile("" : : "r"(planted.data()) : "memory");  // or the compiler leaves the allocation out
  }
  CHECK(laminar::HotScope::Violations() > before);
  laminar::HotScope::SetMode(laminar::HotScope::Mode::kAbort);
}

}  // namespace
