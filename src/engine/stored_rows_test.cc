// What is stored is stored: whether or not anybody reads on, and all of a statement or nothing.
#include <doctest/doctest.h>

#include "engine/testing.h"

namespace laminar::engine {
namespace {

using testing::TestDatabase;

void Insert(TestDatabase& db, const std::string& relation) {
  for (int i = 0; i < 5; ++i) {
    const std::string from = std::to_string(i * 3000);
    REQUIRE(db.Run("INSERT INTO " + relation + " SELECT generate_series FROM generate_series(" + from + ", " + from +
                   " + 2999)") == "INSERT 3000");
  }
}

TEST_CASE("a view goes on when the only query that reads it has had enough") {
  TestDatabase db;
  REQUIRE(db.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
  REQUIRE(db.Run("CREATE MATERIALIZED VIEW v AS SELECT k, k + 1 AS next FROM s").starts_with("CREATE"));
  REQUIRE(db.Run("CREATE MATERIALIZED VIEW n AS SELECT count(*) AS n FROM s").starts_with("CREATE"));
  const auto first = db.connection().Execute("SELECT k FROM v LIMIT 1 EMIT CHANGES");
  REQUIRE_MESSAGE(first.has_value(), first.error().ToString());
  Insert(db, "s");
  CHECK(db.Run("SELECT count(*) FROM v") == "15000\n");
  CHECK(db.Run("SELECT n FROM n") == "15000\n");
}

// Upserts go on in parts: the rest of a batch was left out when nobody read on behind the first one.
TEST_CASE("a table stores all rows of a batch in which the only view that reads it fails") {
  for (const char* key : {"", " PRIMARY KEY"}) {
    CAPTURE(key);
    TestDatabase db;
    REQUIRE(db.Run(std::string("CREATE TABLE t (k BIGINT") + key + ")").starts_with("CREATE"));
    REQUIRE(db.Run("SET memory_limit_bytes = 100000").starts_with("SET"));
    REQUIRE(db.Run("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM t GROUP BY k").starts_with("CREATE"));
    Insert(db, "t");
    CHECK(db.Run("WAIT FOR v").find("LDB-R017") != std::string::npos);
    CHECK(db.Run("SELECT count(*), sum(k) FROM t") == "15000 | 112492500\n");
  }
}

TEST_CASE("a statement that brings more rows than there is room for leaves none behind") {
  for (const char* key : {"", " PRIMARY KEY"}) {
    CAPTURE(key);
    TestDatabase db;
    REQUIRE(db.Run("SET memory_limit_bytes = 1000000").starts_with("SET"));
    REQUIRE(db.Run(std::string("CREATE TABLE t (k BIGINT") + key + ")").starts_with("CREATE"));
    CHECK(db.Run("INSERT INTO t SELECT generate_series FROM generate_series(1, 60000)").find("LDB-R017") !=
          std::string::npos);
    CHECK(db.Run("SELECT count(*) FROM t") == "0\n");
    CHECK(db.Run("INSERT INTO t SELECT generate_series FROM generate_series(1, 5000)") == "INSERT 5000");
    CHECK(db.Run("SELECT count(*) FROM t") == "5000\n");
  }
}

// On shards its last rows were still under way when the statement was answered.
TEST_CASE("a view that fails while it is filled is refused, on any number of cores") {
  for (const char* cores : {"1", "3"}) {
    CAPTURE(cores);
    TestDatabase db;
    REQUIRE(db.Run(std::string("SET worker_cores = ") + cores).starts_with("SET"));
    REQUIRE(db.Run("CREATE TABLE t (k BIGINT)").starts_with("CREATE"));
    Insert(db, "t");
    REQUIRE(db.Run("SET memory_limit_bytes = 100000").starts_with("SET"));
    const std::string sql = "CREATE MATERIALIZED VIEW v AS SELECT k, count(DISTINCT k) AS n FROM t GROUP BY k";
    CHECK(db.Run(sql).find("LDB-R017") != std::string::npos);
    CHECK(db.Run("SHOW MATERIALIZED VIEWS").empty());
    REQUIRE(db.Run("SET memory_limit_bytes = 0").starts_with("SET"));
    CHECK(db.Run(sql).starts_with("CREATE"));
    CHECK(db.Run("SELECT count(*) FROM v") == "15000\n");
  }
}

}  // namespace
}  // namespace laminar::engine
