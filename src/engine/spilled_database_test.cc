// A database on disk whose state does not fit into its memory: what comes back is what was there, whatever memory it is
// opened with, read by one thread or by several, after a close and after a power cut.
#include <doctest/doctest.h>

#include "base/random.h"
#include "engine/testing.h"
#include "os/file.h"
#include "os/process.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::engine {
namespace {

struct Folder {
  Folder() { Clear(); }
  ~Folder() { Clear(); }
  void Clear() const { (void)os::RealFileSystem().RemoveTree(path); }
  const std::string path = os::TemporaryDirectory() + "/laminar-spilled-" + std::to_string(os::ProcessId());
};

struct Opened {
  Opened(const std::string& path, bool is_inline, uint64_t cores, uint64_t memory,
         sim::SimFileSystem* files = nullptr) {
    DatabaseOptions options;
    options.files = files;
    options.spill_files = files;
    options.log_segment_bytes = uint64_t{4} << 20;
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

constexpr uint64_t kLittle = uint64_t{24} << 20;
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

namespace {

// Names of half a kilobyte fill memory with few rows; keys come again, so groups lose members too.
std::string LongNames(int batch) {
  const std::string first = std::to_string(batch % 16 * 1000);
  return "INSERT INTO t SELECT generate_series, repeat('n', 500) || (generate_series * " + std::to_string(batch + 1) +
         " % 7919) FROM generate_series(" + first + ", " + first + " + 999)";
}

const char* const kTable = "SELECT count(*), sum(k), min(name), max(name) FROM t";

}  // namespace

TEST_CASE("a power cut while state is on disk loses nothing and doubles nothing, whatever memory it is opened with") {
  constexpr uint64_t kMebi = uint64_t{1} << 20;
  constexpr uint64_t kMemory[] = {14 * kMebi, 0, 18 * kMebi, 14 * kMebi, 64 * kMebi};
  sim::SimClock clock;
  sim::SimFileSystem files(clock);
  Random random(11);
  testing::TestDatabase reference;
  int batch = 0;
  uint64_t spilled = 0;
  uint64_t cut = 0;
  for (int life = 0; life < 12; ++life) {
    const uint64_t memory = kMemory[life % 5];
    const bool is_inline = life % 3 != 0;
    CAPTURE(life);
    std::string pending;
    {
      const Opened db("/db", is_inline, 1 + random.Below(3), memory, &files);
      if (life == 0) {
        for (const char* sql :
             {"CREATE TABLE t (k BIGINT PRIMARY KEY, name VARCHAR)",
              "CREATE MATERIALIZED VIEW v AS SELECT name, count(*) AS c, sum(k) AS s FROM t GROUP BY name"}) {
          REQUIRE(db.Run(sql).starts_with("CREATE"));
          reference.Run(sql);
        }
      }
      for (int i = life == 0 ? 0 : 12; i < 16; ++i) {
        REQUIRE(db.Run(LongNames(batch)) == "INSERT 1000");
        reference.Run(LongNames(batch++));
        if (random.OneIn(6)) REQUIRE(db.Run("CHECKPOINT").starts_with("CHECKPOINT"));
      }
      CHECK(db.Run(kAll) == reference.Run(kAll));
      spilled += db.HasSpilled() ? 1 : 0;
      // The power goes while more comes in; what was told to be there must be.
      files.Plan({.kind = sim::FileFault::Kind::kPowerCut, .at_call = 1 + random.Below(30)});
      for (int i = 0; i < 6 && pending.empty(); ++i) {
        const std::string sql = LongNames(batch++);
        if (db.Run(sql) != "INSERT 1000")
          pending = sql;
        else
          reference.Run(sql);
      }
      cut += pending.empty() ? 0 : 1;
      files.Plan({.kind = sim::FileFault::Kind::kPowerCut});
    }
    files.CrashTorn(random);
    const Opened again("/db", life % 2 == 0, 1 + random.Below(3), kMemory[random.Below(5)], &files);
    if (again.Run(kTable) != reference.Run(kTable) && !pending.empty()) reference.Run(pending);
    CHECK(again.Run(kTable) == reference.Run(kTable));
    CHECK(again.Run(kAll) == reference.Run(kAll));
    CHECK(again.Run(kSome) == reference.Run(kSome));
  }
  CHECK(spilled > 4);
  CHECK(cut > 6);
}

}  // namespace laminar::engine
