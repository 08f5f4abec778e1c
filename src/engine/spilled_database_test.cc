// A database on disk whose state does not fit into its memory: what comes back is what was there, whatever memory it is
// opened with, read by one thread or by several.
#include <doctest/doctest.h>

#include "engine/testing.h"
#include "os/file.h"
#include "os/process.h"

namespace laminar::engine {
namespace {

struct Folder {
  Folder() { Clear(); }
  ~Folder() { Clear(); }
  void Clear() const { (void)os::RealFileSystem().RemoveTree(path); }
  const std::string path = os::TemporaryDirectory() + "/laminar-spilled-" + std::to_string(os::ProcessId());
};

struct Opened {
  Opened(const std::string& path, bool is_inline, uint64_t cores, uint64_t memory) {
    DatabaseOptions options;
    options.is_inline = is_inline;
    options.path = path;
    options.worker_cores = cores;
    options.state_memory_bytes = memory;
    auto opened = Database::Open(std::move(options));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
    database = *std::move(opened);
    connection = std::make_unique<Connection>(*database);
  }
  std::string Run(const std::string& sql) const {
    auto outcome = connection->Execute(sql);
    if (!outcome) return outcome.error().ToString();
    return outcome->cursor != nullptr ? testing::TestDatabase::Rows(*outcome->cursor) : outcome->message;
  }
  void Insert(int batch) const {
    const std::string first = std::to_string(batch * 5000);
    REQUIRE(Run("INSERT INTO t SELECT generate_series, 'a name of some length ' || (generate_series % 90000) FROM "
                "generate_series(" +
                first + ", " + first + " + 4999)") == "INSERT 5000");
  }
  bool HasSpilled() const {
    return Run("SELECT value > 0 FROM laminar_metrics WHERE name = 'laminar_state_spilled_bytes'") == "true\n";
  }
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;
};

constexpr uint64_t kLittle = uint64_t{32} << 20;
const char* const kAll = "SELECT count(*), sum(c), sum(s), min(name), max(name) FROM v";
const char* const kSome = "SELECT * FROM v WHERE s % 997 = 0 ORDER BY name";

}  // namespace

TEST_CASE("state that did not fit into memory is there again, in as little memory or in enough, on any cores") {
  testing::TestDatabase reference;
  const Folder folder;
  std::string all;
  std::string some;
  {
    const Opened db(folder.path, true, 1, kLittle);
    db.Run("CREATE TABLE t (k BIGINT PRIMARY KEY, name VARCHAR)");
    db.Run("CREATE MATERIALIZED VIEW v AS SELECT name, count(*) AS c, sum(k) AS s FROM t GROUP BY name");
    for (int i = 0; i < 24; ++i) db.Insert(i);
    CHECK(db.HasSpilled());
    all = db.Run(kAll);
    some = db.Run(kSome);
    CHECK(all == "90000 | 120000 | 7199940000 | a name of some length 0 | a name of some length 9999\n");
  }
  int batch = 24;
  for (const uint64_t memory : {kLittle, uint64_t{0}, kLittle}) {
    for (const bool is_inline : {true, false}) {
      CAPTURE(memory);
      CAPTURE(is_inline);
      const Opened db(folder.path, is_inline, is_inline ? 3 : 2, memory);
      CHECK(db.Run(kAll) == all);
      CHECK(db.Run(kSome) == some);
      CHECK(db.HasSpilled() == (memory != 0));
      db.Insert(batch++);
      all = db.Run(kAll);
      some = db.Run(kSome);
    }
  }
  // The same rows without a limit.
  reference.Run("CREATE TABLE t (k BIGINT PRIMARY KEY, name VARCHAR)");
  reference.Run("CREATE MATERIALIZED VIEW v AS SELECT name, count(*) AS c, sum(k) AS s FROM t GROUP BY name");
  reference.Run(
      "INSERT INTO t SELECT generate_series, 'a name of some length ' || (generate_series % 90000) FROM "
      "generate_series(0, " +
      std::to_string(batch * 5000 - 1) + ")");
  CHECK(reference.Run(kAll) == all);
  CHECK(reference.Run(kSome) == some);
}

}  // namespace laminar::engine
