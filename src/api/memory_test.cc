// State that does not fit into memory: it goes to disk and changes no result; where it cannot, sources slow down first
// and the view fails last, with the reason.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "api/testing.h"
#include "laminar/laminar.hpp"

namespace laminar::api {
namespace {

using testing::Program;
using testing::Text;

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
      REQUIRE(db.Execute("SET state_memory_bytes = '24 MiB'").starts_with("SET"));
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

TEST_CASE("the memory of state and the folder for the rest are options, and RESET goes back to them") {
  constexpr int kRows = 300'000;
  const std::string sums = "SELECT count(*), sum(c), sum(s), sum(k * c) FROM agg";
  Program reference;
  Define(reference, kRows);
  REQUIRE(reference.Execute("WAIT FOR agg").starts_with("WAIT"));
  laminar_options options{};
  options.struct_size = sizeof options;
  options.threading = LAMINAR_THREADED;
  options.state_memory_bytes = 24 << 20;
  options.spill_directory = "/var/tmp";
  const Program db(options);
  CHECK(db.Execute("SHOW state_memory_bytes") == "25165824\n");
  CHECK(db.Execute("SHOW spill_directory") == "/var/tmp\n");
  CHECK(Metric(db, "state_memory_limit_bytes") == 24 << 20);
  Define(db, kRows);
  CHECK(db.Execute("WAIT FOR agg") == "WAIT FOR agg");
  CHECK(db.Execute("WAIT FOR names") == "WAIT FOR names");
  CHECK(Metric(db, "state_spilled_bytes") > 0);
  CHECK(db.Execute(sums) == reference.Execute(sums));
  for (const char* setting : {"state_memory_bytes", "spill_directory"}) {
    const std::string show = std::string("SHOW ") + setting;
    const std::string initially = db.Execute(show);
    CHECK(db.Execute("SET " + std::string(setting) + " = '1000000000'").starts_with("SET"));
    CHECK(db.Execute(show) == "1000000000\n");
    CHECK(db.Execute("RESET " + std::string(setting)).starts_with("RESET"));
    CHECK(db.Execute(show) == initially);
  }
  CHECK(Metric(db, "state_memory_limit_bytes") == 24 << 20);
}

TEST_CASE("a database on disk that is larger than the memory it may have is opened, and gives what it gave") {
  char folder[] = "/tmp/laminar-api-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string sums = "SELECT count(*), sum(c), sum(s), sum(k * c) FROM agg";
  laminar::Options options;
  options.path = std::string(folder) + "/db";
  std::string before;
  auto rows_of = [&](laminar::Connection& connection, const std::string& sql) {
    std::string out;
    for (const laminar::Row row : connection.execute(sql).rows()) {
      for (uint32_t column = 0; column < row.columns(); ++column) out += std::string(row.text(column)) + "|";
    }
    return out;
  };
  {
    const Program db(LAMINAR_THREADED, options.path);
    Define(db, 300'000);
    CHECK(db.Execute("WAIT FOR agg") == "WAIT FOR agg");
    CHECK(db.Execute("WAIT FOR names") == "WAIT FOR names");
    CHECK(Metric(db, "state_spilled_bytes") == 0);
  }
  for (const uint64_t memory : {uint64_t{0}, uint64_t{32} << 20}) {
    options.state_memory_bytes = memory;
    options.spill_directory = memory == 0 ? "" : folder;
    laminar::Database db(options);
    laminar::Connection connection = db.connect();
    const std::string now = rows_of(connection, sums);
    if (memory == 0) before = now;
    CHECK(now == before);
    const std::string spilled =
        rows_of(connection, "SELECT sum(value) > 0 FROM laminar_metrics WHERE name = 'laminar_state_spilled_bytes'");
    CHECK(spilled == (memory == 0 ? "false|" : "true|"));
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("memory and folders for state that cannot be meant are refused, and older programs do not name any") {
  laminar_options options{};
  options.struct_size = sizeof options;
  laminar_database* database = nullptr;
  auto opened = [&] {
    std::string text = Text(laminar_open(&options, &database));
    CHECK((database == nullptr) == (text != "ok"));
    laminar_close(database);
    return text;
  };
  for (const uint64_t refused :
       {uint64_t{1}, uint64_t{512}, (uint64_t{1} << 20) - 1, uint64_t(INT64_MAX) + 1, UINT64_MAX}) {
    options.state_memory_bytes = refused;
    const std::string told = opened();
    CHECK(told.starts_with("LDB-R018"));
    CHECK(told.find("state_memory_bytes") != std::string::npos);
    CHECK(told.find(std::to_string(refused)) != std::string::npos);
    CHECK(told.find("(hint: ") != std::string::npos);
  }
  for (const uint64_t taken : {uint64_t{0}, uint64_t{1} << 20, uint64_t(INT64_MAX)}) {
    options.state_memory_bytes = taken;
    CHECK(opened() == "ok");
  }
  char file[] = "/tmp/laminar-api-XXXXXX";
  const int made = mkstemp(file);
  REQUIRE(made >= 0);
  close(made);
  for (const std::string& refused : {std::string("/no/such/folder"), std::string(file)}) {
    options.spill_directory = refused.c_str();
    const std::string told = opened();
    CHECK(told.starts_with("LDB-R018"));
    CHECK(told.find("spill_directory") != std::string::npos);
    CHECK(told.find(refused) != std::string::npos);
    CHECK(told.find("(hint: ") != std::string::npos);
  }
  std::filesystem::remove(file);
  options.struct_size = offsetof(laminar_options, state_memory_bytes);
  options.state_memory_bytes = 7;  // beyond what it knew
  CHECK(opened() == "ok");
  CHECK_THROWS_AS(laminar::Database(laminar::Options{laminar::Threading::kInline, {}, 0, false, {}, 7, {}}),
                  laminar::Error);
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
  db.Execute("SET worker_cores = 1");
  db.Execute("SET memory_limit_bytes = '2 MiB'");
  Define(db, 100'000);
  const std::string told = db.Execute("WAIT FOR agg");
  CHECK(told.find("LDB-R017") != std::string::npos);
  CHECK(told.find("memory_limit_bytes") != std::string::npos);
  CHECK(Metric(db, "source_slowed_total") > 0);
}

// Epochs go on to end, though one shard has nothing to say of them.
TEST_CASE("a view that fails on one of several cores holds nothing up") {
  for (int round = 0; round < 3; ++round) {
    Program db(LAMINAR_THREADED);
    db.Execute("SET worker_cores = 3");
    db.Execute("SET memory_limit_bytes = '16 MiB'");
    Define(db, 1'000'000);
    const std::string told = db.Execute("WAIT FOR agg");
    CHECK(told.find("LDB-R017") != std::string::npos);
    CHECK(told.find("memory_limit_bytes") != std::string::npos);
    CHECK(db.Execute("SELECT count(*) > 0 FROM agg") == "true\n");
    CHECK(db.Execute("DROP MATERIALIZED VIEW agg") == "DROP agg");
  }
}

}  // namespace laminar::api
