#include <doctest/doctest.h>

#include "engine/testing.h"
#include "expr/function.h"
#include "functions/register.h"

using laminar::engine::testing::TestDatabase;

namespace {

// Every example of every registered scalar function must give the text it promises.
TEST_CASE("the example of every scalar function gives what its documentation says") {
  TestDatabase db;
  int run = 0;
  for (const laminar::expr::ScalarFunction* f : laminar::functions::BuiltinFunctions().Scalars()) {
    for (const auto& [sql, expected] : f->examples) {
      INFO(f->name << ": " << sql);
      CHECK(db.Run("SELECT CAST((" + sql + ") AS VARCHAR)") == expected + "\n");
      ++run;
    }
  }
  MESSAGE("examples run: " << run);
}

TEST_CASE("a SELECT without FROM computes one row") {
  TestDatabase db;
  CHECK(db.Run("SELECT 1 + 2, upper('abc'), 1.5 * 2, NULL IS NULL") == "3 | ABC | 3.0 | true\n");
}

TEST_CASE("VALUES, ORDER BY, LIMIT and aggregates work on constant rows") {
  TestDatabase db;
  CHECK(db.Run("SELECT a FROM (VALUES (3), (1), (2)) AS t(a) ORDER BY a DESC LIMIT 2") == "3\n2\n");
  CHECK(db.Run("SELECT count(*), sum(a), min(a), max(a), avg(a) FROM (VALUES (3), (1), (2)) AS t(a)") ==
        "3 | 6 | 1 | 3 | 2.0\n");
  CHECK(db.Run("SELECT b, sum(a) FROM (VALUES (3, 'x'), (1, 'y'), (2, 'x')) AS t(a, b) GROUP BY b HAVING sum(a) > 1 "
               "ORDER BY b") == "x | 5\n");
  CHECK(db.Run("SELECT DISTINCT a % 2 AS m FROM (VALUES (3), (1), (2)) AS t(a) ORDER BY m") == "0\n1\n");
}

TEST_CASE("a table takes rows and a query over it gives them back") {
  TestDatabase db;
  CHECK(db.Run("CREATE TABLE t (id BIGINT, name VARCHAR)") == "CREATE TABLE t");
  CHECK(db.Run("INSERT INTO t VALUES (1, 'a'), (2, 'b')") == "INSERT 2");
  CHECK(db.Run("INSERT INTO t (name) VALUES ('only a name that is rather long')") == "INSERT 1");
  CHECK(db.Run("SELECT * FROM t") == "1 | a\n2 | b\nNULL | only a name that is rather long\n");
}

TEST_CASE("a table with a primary key replaces rows, and views over it follow") {
  TestDatabase db;
  db.Run("CREATE TABLE t (id BIGINT PRIMARY KEY, v BIGINT)");
  CHECK(db.Run("CREATE MATERIALIZED VIEW s AS SELECT sum(v) AS total, count(*) AS n FROM t") ==
        "CREATE MATERIALIZED VIEW s");
  db.Run("INSERT INTO t VALUES (1, 10), (2, 20), (1, 11)");
  CHECK(db.Run("SELECT * FROM s") == "31 | 2\n");
  db.Run("INSERT INTO t VALUES (2, 5)");
  CHECK(db.Run("SELECT * FROM s") == "16 | 2\n");
  CHECK(db.Run("SELECT * FROM t ORDER BY id") == "1 | 11\n2 | 5\n");
}

TEST_CASE("tumbling windows close by the watermark, late rows are counted and can be looked at") {
  TestDatabase db;
  CHECK(db.Run("CREATE SOURCE trades (sym TEXT, price DOUBLE, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '2' "
               "SECOND) WITH (connector = 'memory')") == "CREATE SOURCE trades");
  CHECK(db.Run("CREATE MATERIALIZED VIEW ohlc AS SELECT sym, window_start, first_value(price) AS o, max(price) AS h, "
               "count(*) AS n FROM trades "
               "GROUP BY sym, TUMBLE(ts, INTERVAL '1' MINUTE)") == "CREATE MATERIALIZED VIEW ohlc");
  db.Run(
      "INSERT INTO trades VALUES ('A', 10.0, TIMESTAMP '2024-01-01 10:00:05'), ('A', 12.0, TIMESTAMP '2024-01-01 "
      "10:00:40')");
  CHECK(db.Run("SELECT * FROM ohlc") == "");
  db.Run("INSERT INTO trades VALUES ('A', 11.0, TIMESTAMP '2024-01-01 10:01:02')");
  CHECK(db.Run("SELECT * FROM ohlc") == "A | 2024-01-01 10:00:00 | 10.0 | 12.0 | 2\n");
  db.Run("INSERT INTO trades VALUES ('A', 99.0, TIMESTAMP '2024-01-01 10:00:59')");
  CHECK(db.Run("SELECT * FROM late('ohlc')") == "A | 99.0 | 2024-01-01 10:00:59\n");
  CHECK(db.Run("SELECT value FROM laminar_metrics WHERE name = 'laminar_late_events_total'") == "1.0\n");
}

TEST_CASE("a view over a view sees corrections") {
  TestDatabase db;
  db.Run("CREATE SOURCE s (k TEXT, v BIGINT)");
  db.Run("CREATE MATERIALIZED VIEW a AS SELECT k, sum(v) AS total FROM s GROUP BY k");
  db.Run("CREATE MATERIALIZED VIEW b AS SELECT max(total) AS top FROM a");
  db.Run("INSERT INTO s VALUES ('x', 5), ('y', 3)");
  CHECK(db.Run("SELECT * FROM b") == "5\n");
  db.Run("INSERT INTO s VALUES ('x', -4)");
  CHECK(db.Run("SELECT * FROM b") == "3\n");
  CHECK(db.Run("DROP MATERIALIZED VIEW a").starts_with("LDB-C004"));
  CHECK(db.Run("DROP MATERIALIZED VIEW a CASCADE") == "DROP b, a");
}

TEST_CASE("errors name code, place and the nearest name, and leave nothing behind") {
  TestDatabase db;
  CHECK(db.Run("SELECT * FROM trade").starts_with("LDB-A001 at 1:15"));
  db.Run("CREATE SOURCE trades (price DOUBLE)");
  CHECK(db.Run("SELECT prize FROM trades").find("did you mean \"price\"") != std::string::npos);
  CHECK(db.Run("SELECT uper('a')").find("LDB-A026") == 0);
  CHECK(
      db.Run(
            "CREATE MATERIALIZED VIEW v AS SELECT window_start FROM trades GROUP BY TUMBLE(price, INTERVAL '1' MINUTE)")
          .starts_with("LDB-A018"));
  CHECK(db.Run("SELECT * FROM v").starts_with("LDB-A001"));
  CHECK(db.Run("SELECT 1 / 0").starts_with("LDB-R007"));
}

TEST_CASE("a relation without changes of its own refuses a subscriber, and the database goes on") {
  TestDatabase db;
  db.Run("CREATE TABLE t (a BIGINT)");
  db.Run("CREATE VIEW plain AS SELECT a FROM t");
  auto refused = db.database().Subscribe("plain", [](const laminar::data::Batch&) {});
  REQUIRE_FALSE(bool(refused));
  CHECK(refused.error().code() == laminar::ErrorCode::kNotThatKind);
  CHECK(db.Run("SELECT count(*) FROM t") == "0\n");
}

// Found in review: all failing rows of a batch carried the first one's reason.
TEST_CASE("each failing row of a view says its own reason, and the others go on") {
  TestDatabase db;
  db.Run("CREATE TABLE t (a VARCHAR, b BIGINT)");
  db.Run(
      "CREATE MATERIALIZED VIEW v AS SELECT upper(a) || '-------------' AS name, CAST(a AS BIGINT) AS n, 10 / b AS q "
      "FROM t WHERE b < 9");
  db.Run("INSERT INTO t VALUES ('1', 2), ('x', 3), ('5', 0), ('7', 20), ('8', 5), ('y', 0)");
  CHECK(db.Run("SELECT * FROM v") == "1------------- | 1 | 5\n8------------- | 8 | 2\n");
  CHECK(db.Run("SELECT code FROM errors('v')") == "LDB-R012\nLDB-R007\nLDB-R012\n");
}

}  // namespace
