// Rows that are larger than the log takes: what would hold them stands still and says why, all else goes on, and both
// outlive a crash.
#include <doctest/doctest.h>

#include "data/text.h"
#include "engine/core.h"
#include "engine/disk_database_test.h"
#include "state/log/delta.h"

namespace laminar::engine {
namespace {

using testing::DiskDatabase;

const std::string kTooLong = std::to_string(state::kDeltaKeyBytesMax);

std::string StateOf(DiskDatabase& db, const std::string& view) {
  auto outcome = db.connection->Execute("SHOW MATERIALIZED VIEWS");
  REQUIRE(outcome.has_value());
  data::BatchBuffer rows(outcome->cursor->schema().Types());
  REQUIRE(*outcome->cursor->Next(rows));
  for (uint32_t row = 0; row < rows.rows(); ++row) {
    std::string name;
    std::string state;
    data::AppendText(outcome->cursor->schema()[0].type, rows.column(0), row, name);
    data::AppendText(outcome->cursor->schema()[1].type, rows.column(1), row, state);
    if (name == view) return state;
  }
  return "there is no such view";
}

bool SaysWhy(const std::string& state) {
  return state.starts_with("ERROR: LDB-R017") && state.find("cannot be kept on disk") != std::string::npos &&
         state.find("the limit is " + kTooLong) != std::string::npos;
}

TEST_CASE("a key too large for the log stops the view that holds it and what reads that view, and nothing else") {
  for (const uint64_t cores : {1, 3}) {
    CAPTURE(cores);
    Random random(1);
    DiskDatabase db;
    db.worker_cores = cores;
    db.Open();
    for (const char* sql : {"CREATE SOURCE s (k TEXT, n BIGINT)", "CREATE TABLE t (k BIGINT PRIMARY KEY)",
                            "CREATE MATERIALIZED VIEW by_key AS SELECT k, count(*) AS n FROM s GROUP BY k",
                            "CREATE MATERIALIZED VIEW by_count AS SELECT n, count(*) AS keys FROM by_key GROUP BY n",
                            "CREATE MATERIALIZED VIEW lengths AS SELECT n, sum(length(k)) AS bytes FROM s GROUP BY n"})
      REQUIRE(db.Run(sql).starts_with("CREATE"));
    REQUIRE(db.Run("INSERT INTO s VALUES ('a', 1), ('b', 1)") == "INSERT 2");
    REQUIRE(db.Run("INSERT INTO s SELECT repeat('x', " + kTooLong + "), 2") == "INSERT 1");
    CHECK(SaysWhy(StateOf(db, "by_key")));
    CHECK(StateOf(db, "by_count") == "PAUSED");
    CHECK(StateOf(db, "lengths") == "RUNNING");
    CHECK(db.Run("WAIT FOR by_key").find("LDB-R017") != std::string::npos);
    CHECK(db.Run("INSERT INTO s VALUES ('a', 1)") == "INSERT 1");
    CHECK(db.Run("INSERT INTO t VALUES (5)") == "INSERT 1");
    const std::string lengths = "1 | 3\n2 | " + kTooLong + "\n";
    CHECK(db.Run("SELECT * FROM lengths ORDER BY n") == lengths);
    for (int round = 0; round < 2; ++round) {
      if (round == 1) REQUIRE(db.Run("CHECKPOINT").starts_with("CHECKPOINT"));
      db.Crash(random);
      db.Open();
      CHECK(SaysWhy(StateOf(db, "by_key")));
      CHECK(StateOf(db, "by_count") == "PAUSED");
      CHECK(db.Run("SELECT * FROM by_key ORDER BY k") == "a | 1\nb | 1\n");  // as it was before that row
      CHECK(db.Run("SELECT * FROM by_count") == "1 | 2\n");
      CHECK(db.Run("SELECT * FROM lengths ORDER BY n") == lengths);
      CHECK(db.Run("SELECT * FROM t") == "5\n");
    }
    CHECK(db.Run("DROP MATERIALIZED VIEW by_key CASCADE") == "DROP by_count, by_key");
    REQUIRE(
        db.Run("CREATE MATERIALIZED VIEW by_key AS SELECT left(k, 5) AS k, count(*) AS n FROM s GROUP BY left(k, 5)")
            .starts_with("CREATE"));
    REQUIRE(db.Run("INSERT INTO s SELECT repeat('x', " + kTooLong + "), 2") == "INSERT 1");
    db.Crash(random);
    db.Open();
    CHECK(db.Run("SELECT * FROM by_key") == "xxxxx | 1\n");
    CHECK(StateOf(db, "by_key") == "RUNNING");
  }
}

TEST_CASE("a view that cannot be stored from its first row on is a failed view after opening, too") {
  for (const std::string from : {"generate_series(1, 3) AS g(i)", "s"}) {
    CAPTURE(from);
    Random random(2);
    DiskDatabase db;
    db.Open();
    REQUIRE(db.Run("CREATE TABLE s (i BIGINT)").starts_with("CREATE"));
    REQUIRE(db.Run("INSERT INTO s VALUES (1), (2), (3)") == "INSERT 3");
    const std::string made = db.Run("CREATE MATERIALIZED VIEW v AS SELECT repeat('x', " + kTooLong +
                                    ") AS k, count(*) AS n FROM " + from + " GROUP BY repeat('x', " + kTooLong + ")");
    REQUIRE_MESSAGE(made.starts_with("CREATE"), made);
    CHECK(SaysWhy(StateOf(db, "v")));
    CHECK(db.Run("INSERT INTO s VALUES (4)") == "INSERT 1");
    db.Crash(random);
    db.Open();
    CHECK(SaysWhy(StateOf(db, "v")));
    CHECK(db.Run("SELECT count(*) FROM s") == "4\n");
    CHECK(db.Run("DROP MATERIALIZED VIEW v") == "DROP v");
    db.Crash(random);
    db.Open();
    CHECK(db.Run("SELECT count(*) FROM s") == "4\n");
  }
}

TEST_CASE("an INSERT of a row too large for the log is refused whole, and its table stays as it was") {
  Random random(3);
  DiskDatabase db;
  db.Open();
  REQUIRE(db.Run("CREATE TABLE t (k TEXT PRIMARY KEY, v BIGINT)").starts_with("CREATE"));
  REQUIRE(db.Run("CREATE TABLE nested (k BIGINT[] PRIMARY KEY)").find("CREATE") == 0);
  REQUIRE(db.Run("INSERT INTO t VALUES ('a', 1)") == "INSERT 1");
  const std::string refused = db.Run("INSERT INTO t SELECT 'b', 2 UNION ALL SELECT repeat('x', " + kTooLong + "), 3");
  CHECK(refused.starts_with("LDB-R017"));
  CHECK(refused.find("table t: row (xxxxx") != std::string::npos);
  CHECK(refused.find("the limit is " + kTooLong) != std::string::npos);
  CHECK(refused.find("(hint: ") != std::string::npos);
  // A little below it is taken.
  CHECK(db.Run("INSERT INTO t SELECT repeat('y', " + std::to_string(state::kDeltaKeyBytesMax - 100) + "), 4") ==
        "INSERT 1");
  CHECK(db.Run("INSERT INTO t VALUES ('c', 5)") == "INSERT 1");
  for (int round = 0; round < 2; ++round) {
    CHECK(db.Run("SELECT left(k, 1), v FROM t ORDER BY v") == "a | 1\ny | 4\nc | 5\n");
    db.Crash(random);
    db.Open();
  }
  // In memory there is no log, and no limit of it.
  testing::TestDatabase memory;
  REQUIRE(memory.Run("CREATE TABLE t (k TEXT PRIMARY KEY)").starts_with("CREATE"));
  CHECK(memory.Run("INSERT INTO t SELECT repeat('x', " + kTooLong + ")") == "INSERT 1");
}

TEST_CASE("a source of the name of one that had failed and was dropped is read") {
  Random random(4);
  DiskDatabase db;
  db.Open();
  REQUIRE(db.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
  db.database->core().FindSource("s")->failure = Status(ErrorCode::kIo, "gone");
  REQUIRE(db.Run("CHECKPOINT").starts_with("CHECKPOINT"));
  REQUIRE(db.Run("DROP SOURCE s") == "DROP s");
  REQUIRE(db.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
  db.Crash(random);
  db.Open();
  CHECK(db.Run("INSERT INTO s VALUES (1)") == "INSERT 1");
}

}  // namespace
}  // namespace laminar::engine
