// State that does not fit into memory: it goes to disk and changes no result; where it cannot, sources slow down first
// and the view fails last, with the reason.
#include <doctest/doctest.h>

#include <string>

#include "api/testing.h"

namespace laminar::api {
namespace {

using testing::Program;

void Define(const Program& db, int rows) {
  // Names of over 12 bytes stand in the pool of strings; each key comes twice.
  db.Execute("CREATE SOURCE ids (n BIGINT, ts TIMESTAMP, k BIGINT AS (n * 2654435761 % " + std::to_string(rows / 2) +
             "), name VARCHAR AS ('customer number ' || (n % " + std::to_string(rows / 2) +
             "))) WITH (connector = 'generator', kind = 'sequence', rows = " + std::to_string(rows) + ")");
  db.Execute("CREATE MATERIALIZED VIEW agg AS SELECT k, count(*) AS c, sum(n) AS s FROM ids GROUP BY k");
  db.Execute("CREATE MATERIALIZED VIEW names AS SELECT name, max(n) AS m FROM ids GROUP BY name");
}

double Metric(const Program& db, const std::string& name) {
  const std::string text = db.Execute("SELECT sum(value) FROM laminar_metrics WHERE name = 'laminar_" + name + "'");
  return std::stod(text);
}

}  // namespace

TEST_CASE("state beyond the memory there is goes to disk, and no result changes") {
  constexpr int kRows = 300'000;
  const std::string sums = "SELECT count(*), sum(c), sum(s), sum(k * c) FROM agg";
  const std::string names = "SELECT count(*), sum(m), min(name), max(name) FROM names";
  Program reference;
  Define(reference, kRows);
  REQUIRE(reference.Execute("WAIT FOR agg").starts_with("WAIT"));
  for (const int threading : {LAMINAR_INLINE, LAMINAR_THREADED}) {
    for (const char* cores : {"1", "3"}) {
      CAPTURE(threading);
      CAPTURE(cores);
      Program db(threading);
      db.Execute(std::string("SET worker_cores = ") + cores);
      REQUIRE(db.Execute("SET state_memory_bytes = '48 MiB'").starts_with("SET"));
      Define(db, kRows);
      CHECK(db.Execute("WAIT FOR agg") == "WAIT FOR agg");
      CHECK(db.Execute("WAIT FOR names") == "WAIT FOR names");
      CHECK(Metric(db, "state_spilled_bytes") > 0);
      CHECK(db.Execute(sums) == reference.Execute(sums));
      CHECK(db.Execute(names) == reference.Execute(names));
      const std::string some = "SELECT * FROM agg WHERE k % 9973 = 0 ORDER BY k";
      CHECK(db.Execute(some) == reference.Execute(some));
      CHECK(Metric(db, "state_blocks_moved_total") > 0);
      CHECK(db.Execute("DROP MATERIALIZED VIEW agg").starts_with("DROP"));
      CHECK(db.Execute("DROP MATERIALIZED VIEW names").starts_with("DROP"));
      CHECK(Metric(db, "state_spilled_bytes") == 0);
    }
  }
}

TEST_CASE("where state can go nowhere, sources slow down first, and the view fails last") {
  Program db(LAMINAR_THREADED);
  db.Execute("SET spill_directory = '/no/such/folder'");
  db.Execute("SET state_memory_bytes = '12 MiB'");
  Define(db, 300'000);
  const std::string told = db.Execute("WAIT FOR agg");
  CHECK(told.find("LDB-") != std::string::npos);
  CHECK(told.find("/no/such/folder") != std::string::npos);
  CHECK(told.find("spill_directory") != std::string::npos);
  CHECK(Metric(db, "source_slowed_total") > 0);
  CHECK(db.Execute("SELECT count(*) > 0 FROM agg").find("true") != std::string::npos);
}

TEST_CASE("rows that a program brings make room for themselves, or wait") {
  for (const int threading : {LAMINAR_INLINE, LAMINAR_THREADED}) {
    Program db(threading);
    db.Execute("SET state_memory_bytes = '24 MiB'");
    db.Execute("CREATE TABLE t (k BIGINT, name VARCHAR)");
    db.Execute("CREATE MATERIALIZED VIEW v AS SELECT name, count(*) AS c, sum(k) AS s FROM t GROUP BY name");
    for (int i = 0; i < 30; ++i) {
      const std::string first = std::to_string(i * 5000);
      CHECK(db.Execute("INSERT INTO t SELECT generate_series, 'a name of some length ' || generate_series FROM "
                       "generate_series(" +
                       first + ", " + first + " + 4999)") == "INSERT 5000");
    }
    CHECK(db.Execute("SELECT count(*), sum(c), sum(s) FROM v") == "150000|150000|11249925000\n");
    CHECK(Metric(db, "state_spilled_bytes") > 0);
  }
  Program db(LAMINAR_THREADED);
  db.Execute("SET memory_limit_bytes = '2 MiB'");
  db.Execute("CREATE SOURCE s (k BIGINT) WITH (connector = 'memory')");
  db.Execute("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS c FROM s GROUP BY k");
  for (int i = 0; i < 40; ++i) {
    const std::string first = std::to_string(i * 1000);
    db.Execute("INSERT INTO s SELECT generate_series FROM generate_series(" + first + ", " + first + " + 999)");
  }
  CHECK(db.Execute("WAIT FOR v").find("LDB-R017") != std::string::npos);
  CHECK(Metric(db, "source_slowed_total") > 0);
}

TEST_CASE("a view near its own limit slows its sources, and fails at the limit") {
  Program db(LAMINAR_THREADED);
  db.Execute("SET memory_limit_bytes = '2 MiB'");
  Define(db, 100'000);
  const std::string told = db.Execute("WAIT FOR agg");
  CHECK(told.find("LDB-R017") != std::string::npos);
  CHECK(told.find("memory_limit_bytes") != std::string::npos);
  CHECK(Metric(db, "source_slowed_total") > 0);
}

}  // namespace laminar::api
