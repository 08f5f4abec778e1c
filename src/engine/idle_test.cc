// A database with nothing to do uses no processor time, and what has to be done after all is not slept through.
#include <doctest/doctest.h>

#include <atomic>

#include "data/value.h"
#include "engine/disk_database_test.h"
#include "os/process.h"
#include "os/thread.h"

namespace laminar::engine {
namespace {

using data::BatchBuffer;
using data::Value;
using testing::TestDatabase;

constexpr int64_t kSecond = 1'000'000'000;

// This thread sleeps: what is measured is a span of real time.
void Wait(int64_t nanos) {
  os::EventCount nobody;
  nobody.PrepareWait();
  (void)nobody.Wait(nanos);
}

// The least processor time of some spans of a second: a machine has other things to do, and so have a store's threads
// right after they wrote.
int64_t IdleNanos() {
  int64_t least = INT64_MAX;
  for (int i = 0; i < 5 && least > kSecond / 100; ++i) {
    const int64_t before = os::UseOfThisProcess().cpu_nanos;
    Wait(kSecond);
    least = std::min(least, os::UseOfThisProcess().cpu_nanos - before);
  }
  return least;
}

// Counts what it is given and what was committed of that.
struct Counts {
  std::atomic<uint64_t> written{0};
  std::atomic<uint64_t> committed{0};
};

class CountingSink final : public sdk::Sink {
 public:
  explicit CountingSink(Counts& counts) : counts_(counts) {}
  Status Write(const data::Batch& batch) override {
    counts_.written += batch.rows;
    return {};
  }
  Status Prepare(uint64_t, std::string&) override {
    prepared_ = counts_.written;
    return {};
  }
  Status Commit(uint64_t) override {
    counts_.committed = prepared_;
    return {};
  }
  Status Close() override { return {}; }

 private:
  Counts& counts_;
  uint64_t prepared_ = 0;
};

class CountingConnector final : public sdk::Connector {
 public:
  explicit CountingConnector(Counts& counts) : counts_(counts) {}
  std::string_view name() const override { return "counting"; }
  std::string_view doc() const override { return "counts rows"; }
  Result<sdk::SinkShape> CheckSink(const sdk::SinkRequest&) override { return sdk::SinkShape::kChangelog; }
  Result<std::unique_ptr<sdk::Sink>> OpenSink(sdk::SinkRequest) override {
    return std::make_unique<CountingSink>(counts_);
  }

 private:
  Counts& counts_;
};

struct Shape {
  bool is_on_disk;
  const char* durability;
  uint64_t cores;
};

// A folder of its own for each, gone afterwards.
class Scene {
 public:
  explicit Scene(const Shape& shape)
      : folder_(os::TemporaryDirectory() + "/laminar-idle-test-" + std::to_string(os::ProcessId())) {
    (void)os::RealFileSystem().RemoveTree(folder_);
    DatabaseOptions options;
    options.worker_cores = shape.cores;
    if (shape.is_on_disk) options.path = folder_;
    options.log_segment_bytes = 1 << 20;
    options.connectors.push_back(std::make_unique<CountingConnector>(counts));
    auto opened = Database::Open(std::move(options));
    REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
    database = *std::move(opened);
    connection = std::make_unique<Connection>(*database);
    REQUIRE(connection->Execute("SET worker_cores = " + std::to_string(shape.cores)));
    REQUIRE(connection->Execute("SET checkpoint_interval = '0'"));
    REQUIRE(connection->Execute(std::string("SET durability = '") + shape.durability + "'"));
    for (const char* sql : {"CREATE SOURCE s (k BIGINT, v BIGINT)", "CREATE TABLE t (k BIGINT)",
                            "CREATE MATERIALIZED VIEW sums AS SELECT k, sum(v) AS total FROM s GROUP BY k",
                            "CREATE SINK out FROM (SELECT k, v FROM s) WITH (connector = 'counting')"}) {
      const auto outcome = connection->Execute(sql);
      REQUIRE_MESSAGE(outcome.has_value(), outcome.error().ToString());
    }
  }
  ~Scene() {
    connection.reset();
    database.reset();
    (void)os::RealFileSystem().RemoveTree(folder_);
  }
  void Push(int64_t rows) {
    BatchBuffer buffer({data::TypeId::kInt64, data::TypeId::kInt64});
    for (int64_t i = 0; i < rows; ++i) buffer.AppendRow(std::vector<Value>{Value::Int(i), Value::Int(1)});
    auto batch = buffer.batch();
    REQUIRE(database->Push("s", batch).ok());
  }

  Counts counts;
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;

 private:
  std::string folder_;
};

constexpr Shape kShapes[] = {{false, "epoch", 1}, {false, "epoch", 3}, {true, "epoch", 1}, {true, "epoch", 3},
                             {true, "async", 1},  {true, "async", 3},  {true, "none", 3}};

TEST_CASE("a database with threads and nothing to do uses no processor time") {
  for (const Shape& shape : kShapes) {
    CAPTURE(shape.is_on_disk);
    CAPTURE(std::string(shape.durability));
    CAPTURE(shape.cores);
    Scene scene(shape);
    CHECK(IdleNanos() < kSecond / 50);
    auto outcome = scene.connection->Execute("SUBSCRIBE TO sums");
    REQUIRE(outcome.has_value());
    for (int i = 0; i < 20; ++i) scene.Push(100);
    CHECK(IdleNanos() < kSecond / 50);
  }
}

TEST_CASE("a database whose log has failed for good uses no processor time, one whose disk is full next to none") {
  for (const auto kind : {sim::FileFault::Kind::kError, sim::FileFault::Kind::kDiskFull}) {
    for (const char* durability : {"epoch", "none"}) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(std::string(durability));
      testing::DiskDatabase db;
      db.is_inline = false;
      db.Open();
      for (const char* sql : {"CREATE SOURCE s (k BIGINT) WITH (connector = 'numbers')", "CREATE TABLE t (k BIGINT)",
                              "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM s"})
        REQUIRE(db.Run(sql).starts_with("CREATE"));
      REQUIRE(db.Run("SET log_queue_bytes = '4 KiB'").starts_with("SET"));
      db.files.Plan({.kind = kind, .operation = sim::FileOperation::kWrite, .path_part = "/log", .times = 1'000'000});
      while (!db.Run("INSERT INTO t VALUES (1)").starts_with("LDB-")) {
      }
      while (db.Run("INSERT INTO t SELECT * FROM generate_series(1, 2000)").find("LDB-R017: making") == 0) {
      }
      REQUIRE(db.Run(std::string("SET durability = '") + durability + "'").starts_with("SET"));
      CHECK(IdleNanos() < (kind == sim::FileFault::Kind::kError ? kSecond / 50 : kSecond / 10));
      db.files.ClearFaults();
    }
  }
}

// With nothing to wake it but the push: what a push leaves to the core thread is done soon.
TEST_CASE("a sink gets the end of the epoch of what is pushed while everything sleeps") {
  for (const Shape& shape : kShapes) {
    if (std::string_view(shape.durability) == "none") continue;  // at a checkpoint, which nobody asks for
    CAPTURE(shape.is_on_disk);
    CAPTURE(std::string(shape.durability));
    CAPTURE(shape.cores);
    Scene scene(shape);
    for (uint64_t i = 1; i <= 10; ++i) {
      Wait(kSecond / 50);  // until the threads sleep, most likely
      if (i % 2 == 0)
        scene.Push(1);
      else
        REQUIRE(scene.connection->Execute("INSERT INTO s VALUES (1, 1)"));
      for (int looks = 0; scene.counts.committed < i && looks < 10'000; ++looks) Wait(kSecond / 1000);
      REQUIRE(scene.counts.committed == i);
    }
  }
}

}  // namespace
}  // namespace laminar::engine
