// Views whose rows are read out of their groups (exec/aggregate/group_rows.h), in a whole database: which they are,
// what the disk keeps of them, and that they come back, their number too, on any number of cores.
#include <doctest/doctest.h>

#include "engine/checkpoint_sql.h"
#include "engine/disk_database_test.h"

namespace laminar::engine {
namespace {

using testing::DiskDatabase;

const char* const kViews[] = {
    "CREATE MATERIALIZED VIEW plain AS SELECT k, count(*) AS n, sum(v) AS s FROM t GROUP BY k",
    "CREATE MATERIALIZED VIEW frequent AS SELECT 'key ' || k AS name, k, max(v) AS m FROM t GROUP BY k HAVING count(*) "
    "> 2",
    "CREATE MATERIALIZED VIEW failing AS SELECT k, 100 / (sum(v) % 5) AS x FROM t GROUP BY k",
    "CREATE MATERIALIZED VIEW different AS SELECT DISTINCT v % 10 AS v, k % 3 AS k FROM t",
    "CREATE MATERIALIZED VIEW sizes WITH (retain_history = '1 MiB') AS SELECT n, count(*) AS views FROM plain GROUP BY "
    "n",
};
// The same rows, kept.
const char* const kKept[] = {
    "CREATE MATERIALIZED VIEW texts AS SELECT k, max('row ' || v) AS m FROM t GROUP BY k",
    "CREATE MATERIALIZED VIEW timed AS SELECT k, now() > TIMESTAMP '1970-01-01' AS later, sum(v) AS s FROM t GROUP BY "
    "k",
    "CREATE MATERIALIZED VIEW alone AS SELECT count(*) AS n FROM t",
    "CREATE MATERIALIZED VIEW without_key AS SELECT count(*) AS n FROM t GROUP BY k",
};

struct Case {
  const char* view;
  const char* batch;  // the same of the table, without a view
};
const Case kCases[] = {
    {"SELECT * FROM plain ORDER BY k", "SELECT k, count(*), sum(v) FROM t GROUP BY k ORDER BY k"},
    {"SELECT * FROM frequent ORDER BY k",
     "SELECT 'key ' || k, k, max(v) FROM t GROUP BY k HAVING count(*) > 2 ORDER BY k"},
    {"SELECT * FROM failing ORDER BY k",
     "SELECT k, 100 / (sum(v) % 5) FROM t GROUP BY k HAVING sum(v) % 5 <> 0 ORDER BY k"},
    {"SELECT * FROM different ORDER BY v, k", "SELECT DISTINCT v % 10 AS v, k % 3 AS k FROM t ORDER BY v, k"},
    {"SELECT * FROM sizes ORDER BY n",
     "SELECT n, count(*) FROM (SELECT k, count(*) AS n FROM t GROUP BY k) GROUP BY n ORDER BY n"},
};

void CheckAll(DiskDatabase& db) {
  for (const Case& one : kCases) {
    CAPTURE(one.view);
    CHECK(db.Run(one.view) == db.Run(one.batch));
  }
  const std::string shown = db.Run("SHOW MATERIALIZED VIEWS");
  for (const std::string view : {"plain", "frequent", "failing", "different", "sizes"}) {
    const std::string rows = std::string(Trim(db.Run("SELECT count(*) FROM " + view)));
    CHECK_MESSAGE(shown.find(view + " | RUNNING | " + rows + " |") != std::string::npos, view, " ", rows, "\n", shown);
  }
}

TEST_CASE("views of groups come back with their rows and the number of them, on any number of cores") {
  DiskDatabase db;
  Random random(8);
  db.Open();
  REQUIRE(db.Run("CREATE TABLE t (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT)").starts_with("CREATE"));
  for (const char* sql : kViews) REQUIRE(db.Run(sql).starts_with("CREATE"));
  for (int life = 0; life < 16; ++life) {
    CAPTURE(life);
    for (int i = 0; i < 6; ++i) {
      // Rows replace each other, so groups lose members and go.
      const std::string first = std::to_string(random.Below(400));
      const std::string turn = std::to_string(random.Below(1000));
      REQUIRE(db.Run("INSERT INTO t SELECT i, (i * " + turn + ") % 97, i + " + turn + " FROM generate_series(" + first +
                     ", " + first + " + 40) AS g(i)") == "INSERT 41");
      if (random.OneIn(8)) REQUIRE(db.Run("CHECKPOINT").starts_with("CHECKPOINT"));
    }
    CheckAll(db);
    const std::string sizes = db.Run("SELECT * FROM sizes ORDER BY n");
    const std::string epoch(
        Trim(db.Run("SELECT value::BIGINT FROM laminar_metrics WHERE name = "
                    "'laminar_epoch_current'")));
    REQUIRE(db.Run("INSERT INTO t VALUES (0, 1, 1), (1, 1, 2), (2, 5, 1)") == "INSERT 3");
    CHECK(db.Run("SELECT * FROM sizes ORDER BY n AS OF EPOCH " + epoch) == sizes);
    const std::string before = db.Run("SELECT * FROM plain ORDER BY k");
    if (random.OneIn(2))
      db.Close();
    else
      db.Crash(random);
    db.worker_cores = 1 + random.Below(4);
    db.is_inline = random.OneIn(2);
    db.Open();
    CheckAll(db);
    CHECK(db.Run("SELECT * FROM plain ORDER BY k") == before);
  }
}

TEST_CASE("the rows of a view of groups are on the disk once, as its groups") {
  DiskDatabase db;
  db.Open();
  REQUIRE(db.Run("CREATE TABLE t (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT)").starts_with("CREATE"));
  int turn = 0;  // new values each time
  const auto bytes_for = [&](const std::string& definition) {
    REQUIRE(db.Run(definition).starts_with("CREATE"));
    const double before = db.Metric("laminar_wal_bytes_total");
    REQUIRE(db.Run("INSERT INTO t SELECT i, i, i + " + std::to_string(++turn) +
                   " FROM generate_series(1, 20000) AS g(i)") == "INSERT 20000");
    return db.Metric("laminar_wal_bytes_total") - before;
  };
  const double alone = bytes_for("CREATE VIEW nothing AS SELECT 1 AS one");
  const double groups = bytes_for(kViews[0]);
  REQUIRE(db.Run("DROP MATERIALIZED VIEW plain").starts_with("DROP"));
  const double kept = bytes_for(
      "CREATE MATERIALIZED VIEW timed AS SELECT k, count(*) AS n, sum(v) AS s, now() > TIMESTAMP '1970-01-01' AS later "
      "FROM t GROUP BY k");
  CAPTURE(alone);
  CAPTURE(groups);
  CAPTURE(kept);
  CHECK(groups > alone + 20000 * 20);
  CHECK(groups - alone < 0.75 * (kept - alone));
}

// The example of docs/formats/state.md.
TEST_CASE("a stored group has the bytes that its page shows") {
  DiskDatabase db;
  db.Open();
  REQUIRE(db.Run("CREATE TABLE t (k BIGINT, v BIGINT, x DOUBLE)").starts_with("CREATE"));
  REQUIRE(db.Run("CREATE MATERIALIZED VIEW g AS SELECT k, count(*) AS n, sum(v) AS s, max(v) AS m, sum(x) AS x FROM t "
                 "GROUP BY k")
              .starts_with("CREATE"));
  REQUIRE(db.Run("INSERT INTO t VALUES (1, 5, 1.5::DOUBLE), (1, 7, 'Infinity'::DOUBLE)") == "INSERT 2");
  REQUIRE(db.Run("CHECKPOINT").starts_with("CHECKPOINT"));
  DatabaseOptions options;
  options.is_inline = true;
  options.clock = &db.clock;
  auto shown = OpenCheckpointSql(db.files, "/db", {}, std::move(options));
  REQUIRE_MESSAGE(shown.has_value(), shown.error().ToString());
  Connection connection(*shown->database);
  auto outcome = connection.Execute("SELECT hex(payload) FROM \"v/g/1#0\"");
  REQUIRE_MESSAGE(outcome.has_value(), outcome.error().ToString());
  CHECK(ToLower(testing::TestDatabase::Rows(*outcome->cursor)) ==
        "0200000000000000"
        "00000000"
        "01"
        "0200000000000000"
        "01"
        "0c00000000000000"
        "0000000000000000"
        "0200000000000000"
        "01"
        "0700000000000000"
        "0100000000000000"
        "01"
        "000000000000f83f"
        "0000000000000000"
        "0100000000000000"
        "0000000000000000"
        "0100000000000000"
        "0000000000000000"
        "\n");
}

TEST_CASE("a view whose rows do not follow from its groups keeps them") {
  DiskDatabase db;
  db.Open();
  REQUIRE(db.Run("CREATE TABLE t (id BIGINT PRIMARY KEY, k BIGINT, v BIGINT)").starts_with("CREATE"));
  for (const char* sql : kKept) REQUIRE(db.Run(sql).starts_with("CREATE"));
  REQUIRE(db.Run("INSERT INTO t SELECT i, i % 7, i FROM generate_series(1, 100) AS g(i)") == "INSERT 100");
  const auto all = [&] {
    return db.Run("SELECT * FROM texts ORDER BY k") + db.Run("SELECT * FROM timed ORDER BY k") +
           db.Run("SELECT * FROM alone") + db.Run("SELECT * FROM without_key ORDER BY n");
  };
  const std::string before = all();
  db.Close();
  db.Open();
  CHECK(all() == before);
  CHECK(db.Run("SELECT count(*) FROM texts") == "7\n");
}

}  // namespace
}  // namespace laminar::engine
