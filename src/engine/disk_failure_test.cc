// A disk that fails for good, and one that is full for a while; threads that cannot be started.
#include <doctest/doctest.h>

#include <thread>

#include "data/value.h"
#include "engine/core.h"
#include "engine/disk_database_test.h"
#include "os/thread.h"

namespace laminar::engine {
namespace {

using data::BatchBuffer;
using data::Value;
using sim::FileFault;
using sim::FileOperation;
using testing::DiskDatabase;

void Define(DiskDatabase& db) {
  for (const char* sql : {"CREATE SOURCE s (k BIGINT) WITH (connector = 'numbers')",
                          "CREATE SOURCE m (k BIGINT, pad TEXT)", "CREATE TABLE t (k BIGINT, pad TEXT)",
                          "CREATE MATERIALIZED VIEW of_s AS SELECT count(*) AS n, sum(k) AS total FROM s",
                          "CREATE MATERIALIZED VIEW of_t AS SELECT count(*) AS n, count(DISTINCT k) AS keys FROM t",
                          "CREATE MATERIALIZED VIEW of_m AS SELECT count(*) AS n, count(DISTINCT k) AS keys FROM m"}) {
    const std::string answer = db.Run(sql);
    REQUIRE_MESSAGE(answer.starts_with("CREATE"), answer);
  }
}

// Until the source has been read some.
void LetItRead(DiskDatabase& db) {
  const uint64_t before = db.numbers_read;
  while (db.numbers_read == before) {
    if (db.is_inline)
      REQUIRE(db.database->RunUntilIdle(3).has_value());
    else
      (void)db.Run("SELECT * FROM of_s");
  }
}

Status Push(DiskDatabase& db, int64_t key, size_t pad) {
  BatchBuffer rows({data::TypeId::kInt64, data::TypeId::kVarchar});
  rows.AppendRow(std::vector<Value>{Value::Int(key), Value::String(std::string(pad, 'x'))});
  auto batch = rows.batch();
  return db.database->Push("m", batch);
}

uint64_t NumbersRead(DiskDatabase& db) {
  Core::Lock lock(db.database->core());  // a turn that was under way is over
  return db.numbers_read;
}

TEST_CASE("after a log failure sources stand still, reads answer, and all that changes something says why not") {
  for (const bool is_inline : {true, false}) {
    for (const FileOperation operation : {FileOperation::kSync, FileOperation::kWrite}) {
      CAPTURE(is_inline);
      CAPTURE(static_cast<int>(operation));
      DiskDatabase db;
      db.is_inline = is_inline;
      db.Open();
      Define(db);
      REQUIRE(db.Run("INSERT INTO t VALUES (1, '')") == "INSERT 1");
      LetItRead(db);
      CHECK(db.Metric("laminar_wal_failed") == 0);
      auto follower = db.connection->Execute("SUBSCRIBE TO of_s");
      REQUIRE(follower.has_value());
      db.files.Plan({.operation = operation, .path_part = "/log", .times = 1'000'000});
      std::string why = db.Run("INSERT INTO t VALUES (2, '')");
      CHECK(why.find("LDB-") == 0);
      CHECK(why.find("nothing is taken in any more") != std::string::npos);
      CHECK(why.find("(hint: ") != std::string::npos);
      if (operation == FileOperation::kSync) CHECK(why.starts_with("LDB-S005"));
      db.files.ClearFaults();  // it does not become well by itself
      const uint64_t read = NumbersRead(db);
      for (const char* sql :
           {"INSERT INTO t VALUES (3, '')", "INSERT INTO m VALUES (3, '')", "CREATE TABLE u (k BIGINT)",
            "CREATE SOURCE u (k BIGINT)", "CREATE MATERIALIZED VIEW u AS SELECT k FROM t", "DROP TABLE t CASCADE",
            "CHECKPOINT", "WAIT FOR of_s", "WAIT FOR of_t"}) {
        CAPTURE(sql);
        CHECK(db.Run(sql) == why);
      }
      CHECK(Push(db, 3, 0).ToString() == why);
      CHECK(db.database->PushWatermark("m", 5).ToString() == why);
      CHECK(db.database->EndSource("m").ToString() == why);
      if (is_inline) CHECK(db.database->RunUntilIdle().error().ToString() == why);
      const std::string view = db.Run("SELECT * FROM of_s");
      CHECK(db.Run("SELECT count(*) FROM t WHERE k = 1") == "1\n");
      CHECK(db.Run("SELECT count(*) FROM m").find("LDB-") == 0);  // pushed: as always
      CHECK(db.Metric("laminar_wal_failed") == 1);
      // A follower has what there was, and is then told, too.
      BatchBuffer changes(follower->cursor->schema().Types());
      Result<bool> more = true;
      for (int i = 0; i < 100'000 && more.has_value() && *more; ++i) more = follower->cursor->Next(changes);
      REQUIRE(!more.has_value());
      CHECK(more.error().ToString() == why);
      follower->cursor.reset();
      CHECK(NumbersRead(db) == read);
      CHECK(db.Run("SELECT * FROM of_s") == view);
      Random random(1);
      db.Crash(random);
      db.Open();
      CHECK(db.Run("SELECT count(*) FROM t WHERE k = 1") == "1\n");
      CHECK(db.Run("SELECT count(*) FROM t WHERE k > 2") == "0\n");
      CHECK(db.Run("INSERT INTO t VALUES (4, '')") == "INSERT 1");
      LetItRead(db);
      CHECK(db.Run("SELECT total = n * (n + 1) / 2 FROM of_s") == "true\n");
    }
  }
}

TEST_CASE("while the disk is full no more waits than may, and with room again all goes on, nothing lost or doubled") {
  for (const bool is_inline : {true, false}) {
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(is_inline);
      CAPTURE(seed);
      Random random(seed);
      DiskDatabase db;
      db.is_inline = is_inline;
      db.Open();
      Define(db);
      REQUIRE(db.Run("SET log_queue_bytes = '64 KiB'").starts_with("SET"));
      REQUIRE(db.Run(seed % 2 == 0 ? "SET durability = 'async'" : "SET durability = 'epoch'").starts_with("SET"));
      int64_t taken = 0;  // rows that are in the database, acknowledged or not
      int64_t refused = 0;
      for (int spell = 0; spell < 3; ++spell) {
        db.files.Plan({.kind = FileFault::Kind::kDiskFull,
                       .operation = random.OneIn(2) ? FileOperation::kWrite : FileOperation::kAllocate,
                       .path_part = "/log",
                       .at_call = 1 + random.Below(5),
                       .times = UINT64_MAX / 2});
        while (true) {
          const size_t pad = random.Below(3000);
          const Status pushed = Push(db, taken, pad);
          if (is_inline && random.OneIn(3)) REQUIRE(db.database->RunUntilIdle(2).has_value());
          if (is_inline) db.clock.Advance(30 * kMillisecond);
          const bool is_refused = pushed.message().starts_with("the disk is full");
          if (is_refused) {
            CHECK(pushed.code() == ErrorCode::kLimitReached);
            CHECK(pushed.hint().find("log_queue_bytes") != std::string::npos);
          }
          REQUIRE_MESSAGE((pushed.ok() || pushed.code() == ErrorCode::kLimitReached), pushed.ToString());
          if (is_refused && ++refused % 5 == 0) break;
          taken += is_refused ? 0 : 1;
        }
        CHECK(db.Run("INSERT INTO t VALUES (1, '')").starts_with("LDB-R017"));
        CHECK(db.Run("SELECT n, keys FROM of_m") == std::to_string(taken) + " | " + std::to_string(taken) + "\n");
        CHECK(db.Run("SHOW log_queue_bytes") == "65536\n");
        CHECK(db.Metric("laminar_wal_stalled") == 1);
        CHECK(db.Metric("laminar_wal_queued_bytes") >= 64 << 10);
        CHECK(db.Metric("laminar_wal_queued_bytes") < 128 << 10);
        const uint64_t read = NumbersRead(db);
        for (int i = 0; i < 5; ++i) {
          if (is_inline) REQUIRE(db.database->RunUntilIdle(10).has_value());
          (void)db.Run("SELECT * FROM of_s");
        }
        CHECK(NumbersRead(db) == read);
        db.files.ClearFaults();
        LetItRead(db);
        REQUIRE(db.Run("SET durability = 'epoch'").starts_with("SET"));
        CHECK(Push(db, taken++, 1).ok());
        CHECK(db.Metric("laminar_wal_stalled") == 0);
        if (random.OneIn(2)) CHECK(db.Run("CHECKPOINT").starts_with("CHECKPOINT"));
        if (random.OneIn(2)) REQUIRE(db.Run("SET durability = 'async'").starts_with("SET"));
      }
      REQUIRE(db.Run("SET durability = 'epoch'").starts_with("SET"));
      CHECK(db.Run("INSERT INTO t VALUES (7, '')") == "INSERT 1");
      db.Crash(random);
      db.Open();
      CHECK(db.Run("SELECT n, keys FROM of_m") == std::to_string(taken) + " | " + std::to_string(taken) + "\n");
      CHECK(db.Run("SELECT k FROM t") == "7\n");
      LetItRead(db);
      CHECK(db.Run("SELECT total = n * (n + 1) / 2 FROM of_s") == "true\n");
    }
  }
}

// The names of all there is.
std::string Known(DiskDatabase& db) {
  std::string out;
  for (const char* sql : {"SHOW SOURCES", "SHOW TABLES", "SHOW VIEWS", "SHOW MATERIALIZED VIEWS"}) {
    const std::string shown = db.Run(sql);
    for (const std::string_view line : Split(shown, '\n')) out += std::string(line.substr(0, line.find(' '))) + " ";
  }
  return out;
}

// Rows until they are refused, or until the disk has been found full.
void FillTheDisk(DiskDatabase& db, bool fills_queue) {
  db.files.Plan({.kind = FileFault::Kind::kDiskFull,
                 .operation = FileOperation::kWrite,
                 .path_part = "/log",
                 .times = UINT64_MAX / 2});
  while (true) {
    const Status pushed = Push(db, 1, 3000);
    REQUIRE_MESSAGE((pushed.ok() || pushed.code() == ErrorCode::kLimitReached), pushed.ToString());
    if (db.is_inline) db.clock.Advance(30 * kMillisecond);
    if (db.is_inline) REQUIRE(db.database->RunUntilIdle(2).has_value());
    if (fills_queue ? pushed.message().starts_with("the disk is full") : db.Metric("laminar_wal_stalled") == 1) break;
  }
}

TEST_CASE("what defines or drops while the disk is full is refused and has changed nothing, and so are checkpoints") {
  for (uint32_t variant = 0; variant < 8; ++variant) {
    CAPTURE(variant);
    const bool fills_queue = (variant & 2) != 0;
    const bool is_async = (variant & 4) != 0;
    DiskDatabase db;
    db.is_inline = (variant & 1) != 0;
    db.Open();
    Define(db);
    REQUIRE(db.Run("INSERT INTO t VALUES (1, '')") == "INSERT 1");
    if (fills_queue) REQUIRE(db.Run("SET log_queue_bytes = '64 KiB'").starts_with("SET"));
    if (is_async) REQUIRE(db.Run("SET durability = 'async'").starts_with("SET"));
    const std::string known = Known(db);
    FillTheDisk(db, fills_queue);
    const double queued = db.Metric("laminar_wal_queued_bytes");
    auto is_refused = [&](const std::string& sql) {
      CAPTURE(sql);
      const std::string told = db.Run(sql);
      CHECK_MESSAGE(told.starts_with("LDB-R017: the disk is full"), told);
      CHECK(told.find("(hint: make room on the disk") != std::string::npos);
      const std::string now = Known(db);
      CHECK(now == known);
    };
    for (const char* sql : {"CHECKPOINT", "SAVEPOINT TO '/copy'", "CHECKPOINT"}) is_refused(sql);
    const bool may_wait_in_memory = is_async && !fills_queue;
    for (const char* sql :
         {"CREATE TABLE u (k BIGINT)", "CREATE SOURCE u (k BIGINT)", "CREATE MATERIALIZED VIEW u AS SELECT k FROM t",
          "CREATE VIEW u AS SELECT k FROM t", "CREATE OR REPLACE MATERIALIZED VIEW of_t AS SELECT k FROM t",
          "DROP MATERIALIZED VIEW of_t", "DROP TABLE t CASCADE", "CREATE TABLE IF NOT EXISTS t (k BIGINT)"}) {
      if (!may_wait_in_memory) is_refused(sql);
    }
    if (fills_queue) {
      CHECK(db.database->PushWatermark("m", 5).message().starts_with("the disk is full"));
      CHECK(db.database->EndSource("m").message().starts_with("the disk is full"));
      CHECK(db.Metric("laminar_wal_queued_bytes") == queued);  // nothing has come to what waits
    }
    CHECK(!db.files.Exists("/copy"));
    if (may_wait_in_memory) CHECK(db.Run("CREATE TABLE early (k BIGINT)") == "CREATE TABLE early");
    CHECK(db.Run("SELECT n FROM of_t") == "1\n");  // reading goes on
    db.files.ClearFaults();
    // The first that asks finds the room that was made.
    CHECK(db.Run("CREATE TABLE u (k BIGINT)") == "CREATE TABLE u");
    CHECK(db.Metric("laminar_wal_stalled") == 0);
    CHECK(db.Run("DROP MATERIALIZED VIEW of_t").starts_with("DROP"));
    CHECK(db.Run("INSERT INTO u VALUES (8)") == "INSERT 1");
    CHECK(db.Run("SAVEPOINT TO '/copy'").starts_with("SAVEPOINT"));
    CHECK(db.Run("CHECKPOINT").starts_with("CHECKPOINT"));
    const std::string after = Known(db);
    Random random(variant);
    db.Crash(random);
    db.Open();
    const std::string again = Known(db);
    CHECK(again == after);
    CHECK(again.find(" u ") != std::string::npos);
    CHECK(db.Run("SELECT * FROM u") == "8\n");
    CHECK(db.Run("SELECT * FROM of_t").starts_with("LDB-"));
    CHECK(db.Run("SELECT count(*) FROM t") == "1\n");
  }
}

TEST_CASE("a definition that meets the full disk first is told that it is done and not kept yet, and is kept later") {
  for (const bool is_inline : {true, false}) {
    DiskDatabase db;
    db.is_inline = is_inline;
    db.Open();
    db.files.Plan({.kind = FileFault::Kind::kDiskFull,
                   .operation = FileOperation::kWrite,
                   .path_part = "/log",
                   .times = UINT64_MAX / 2});
    const std::string told = db.Run("CREATE TABLE u (k BIGINT)");
    CHECK_MESSAGE(told.starts_with("LDB-R017: done, and not on the disk yet"), told);
    CHECK(told.find("(hint: make room on the disk") != std::string::npos);
    CHECK(db.Run("SELECT count(*) FROM u") == "0\n");
    db.files.ClearFaults();
    CHECK(db.Run("CREATE TABLE v (k BIGINT)") == "CREATE TABLE v");
    Random random(1);
    db.Crash(random);
    db.Open();
    CHECK(db.Run("SELECT count(*) FROM u") == "0\n");
  }
}

TEST_CASE("a view that has failed says the same after every opening, with the hint what to do") {
  for (const uint64_t cores : {1, 3}) {
    DiskDatabase db;
    db.worker_cores = cores;
    db.Open();
    REQUIRE(db.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
    REQUIRE(db.Run("SET memory_limit_bytes = '256 KiB'").starts_with("SET"));
    REQUIRE(db.Run("CREATE MATERIALIZED VIEW v AS SELECT k, count(*) AS n FROM s GROUP BY k").starts_with("CREATE"));
    REQUIRE(db.Run("INSERT INTO s SELECT generate_series FROM generate_series(1, 50000)") == "INSERT 50000");
    const std::string told = db.Run("WAIT FOR v");
    CHECK_MESSAGE(told.find("LDB-R017") == 0, told);
    CHECK(told.find("(hint: ") != std::string::npos);
    for (int round = 0; round < 3; ++round) {
      if (round == 1) REQUIRE(db.Run("CHECKPOINT").starts_with("CHECKPOINT"));
      Random random(1);
      db.Crash(random);
      db.Open();
      CHECK(db.Run("WAIT FOR v") == told);
      CHECK(db.Run("SHOW MATERIALIZED VIEWS").find("(hint: ") != std::string::npos);
    }
  }
}

TEST_CASE("who brings more than the disk takes waits for it, and nothing is refused") {
  DiskDatabase db;
  db.is_inline = false;
  db.Open();
  Define(db);
  REQUIRE(db.Run("SET durability = 'async'").starts_with("SET"));
  REQUIRE(db.Run("SET epoch_interval = '1 millisecond'").starts_with("SET"));
  REQUIRE(db.Run("SET log_queue_bytes = '4 KiB'").starts_with("SET"));
  for (int64_t i = 0; i < 3000; ++i) {
    const Status pushed = Push(db, i, 2000);
    REQUIRE_MESSAGE(pushed.ok(), pushed.ToString());
  }
  REQUIRE(db.Run("SET durability = 'epoch'").starts_with("SET"));
  CHECK(db.Run("INSERT INTO t VALUES (1, '')") == "INSERT 1");
  Random random(1);
  db.Crash(random);
  db.Open();
  CHECK(db.Run("SELECT n, keys FROM of_m") == "3000 | 3000\n");
}

// One statement at a time changes the graph, and the commit that takes it along may be another one's.
TEST_CASE("a statement returns when it is on the disk, whosever commit took it there") {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    DiskDatabase db;
    db.is_inline = false;
    db.Open();
    REQUIRE(db.Run("SET epoch_interval = '1 millisecond'").starts_with("SET"));
    REQUIRE(db.Run("CREATE TABLE t (k BIGINT PRIMARY KEY)").starts_with("CREATE"));
    db.files.Plan({.kind = FileFault::Kind::kPowerCut, .path_part = "/log", .at_call = 200 + random.Below(300)});
    constexpr int kThreads = 4;
    int64_t returned[kThreads] = {};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        Connection connection(*db.database);
        while (
            connection.Execute("INSERT INTO t VALUES (" + std::to_string(thread * 1'000'000 + returned[thread]) + ")"))
          ++returned[thread];
      });
    }
    for (std::thread& thread : threads) thread.join();
    db.Crash(random);
    db.Open();
    for (int thread = 0; thread < kThreads; ++thread) {
      const std::string first = std::to_string(thread * 1'000'000);
      const std::string behind = std::to_string(thread * 1'000'000 + returned[thread]);
      CHECK(db.Run("SELECT count(*) FROM t WHERE k >= " + first + " AND k < " + behind) ==
            std::to_string(returned[thread]) + "\n");
    }
  }
}

TEST_CASE("a database whose threads cannot be started is not opened, and is unharmed") {
  DiskDatabase db;
  db.is_inline = false;
  db.Open();
  REQUIRE(db.Run("CREATE TABLE t (k BIGINT)").starts_with("CREATE"));
  REQUIRE(db.Run("INSERT INTO t VALUES (1)") == "INSERT 1");
  db.Close();
  uint64_t refused = 0;
  db.worker_cores = 3;
  for (uint64_t n = 1;; ++n) {  // two workers, the log's thread, the core's
    os::Thread::FailStart(n);
    const Status opened = db.TryOpen();
    os::Thread::FailStart(0);
    if (opened.ok()) break;
    CHECK(opened.code() == ErrorCode::kLimitReached);
    CHECK(opened.message().find("starting thread") != std::string::npos);
    CHECK(!opened.hint().empty());
    ++refused;
    REQUIRE(refused < 10);
  }
  CHECK(refused == 4);
  CHECK(db.Run("SELECT * FROM t") == "1\n");
  db.Close();
}

}  // namespace
}  // namespace laminar::engine
