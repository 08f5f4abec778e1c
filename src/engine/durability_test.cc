// Epochs that cannot be written at once: they wait, go to the log once, in order, and into the store before any later
// one.
#include <doctest/doctest.h>

#include "base/random.h"
#include "engine/disk_database_test.h"
#include "engine/durability.h"
#include "sim/clock.h"
#include "sim/file_system.h"
#include "state/log/delta.h"

namespace laminar::engine {
namespace {

using testing::DiskDatabase;

TEST_CASE("epochs that wait for room on the disk are all there afterwards, in the log and in checkpoints") {
  for (const sim::FileOperation operation : {sim::FileOperation::kWrite, sim::FileOperation::kSync}) {
    for (uint64_t full = 1; full <= 6; ++full) {
      for (const bool with_checkpoint : {false, true}) {
        CAPTURE(static_cast<int>(operation));
        CAPTURE(full);
        CAPTURE(with_checkpoint);
        Random random(full);
        DiskDatabase place;
        place.Open();
        REQUIRE(place.Run("CREATE TABLE t (k BIGINT)") == "CREATE TABLE t");
        REQUIRE(
            place.Run("CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n, sum(k) AS s FROM t").starts_with("CREATE"));
        place.files.Plan(
            {.kind = sim::FileFault::Kind::kDiskFull, .operation = operation, .path_part = "/log", .times = full});
        int64_t inserted = 0;
        bool is_refused = false;
        for (int i = 1; i <= 10; ++i) {
          const std::string answer = place.Run("INSERT INTO t VALUES (" + std::to_string(i) + ")");
          is_refused |= answer != "INSERT 1";
          if (answer.starts_with("LDB-S005")) break;  // a failed flush is final
          ++inserted;
        }
        CHECK(is_refused);
        place.files.ClearFaults();
        if (inserted < 10) continue;
        if (with_checkpoint) CHECK(place.Run("CHECKPOINT").starts_with("CHECKPOINT"));
        place.Crash(random);
        place.Open();
        CHECK(place.Run("SELECT count(*), sum(k) FROM t") == "10 | 55\n");
        CHECK(place.Run("SELECT * FROM v") == "10 | 55\n");
      }
    }
  }
}

// A name that was made in a folder, and not written there for good before something failed, is there for the next
// opening, and gone after a power cut.
TEST_CASE("whatever call fails while a database is made, the next opening makes one that outlives a power cut") {
  for (const std::string path_part : {"/db", "/db/log", "/db/state", ""}) {
    uint64_t failed = 0;
    for (uint64_t call = 1;; ++call) {
      CAPTURE(path_part);
      CAPTURE(call);
      DiskDatabase place;
      place.files.Plan({.path_part = path_part, .at_call = call});
      const bool is_last = place.TryOpen().ok() && place.files.CallCount() < call;
      place.Close();
      place.files.ClearFaults();
      place.Open();
      REQUIRE(place.Run("CREATE TABLE t (k BIGINT)") == "CREATE TABLE t");
      REQUIRE(place.Run("INSERT INTO t VALUES (1)") == "INSERT 1");
      place.files.Plan({.kind = sim::FileFault::Kind::kPowerCut});
      place.Close();
      place.files.Crash();
      place.Open();
      CHECK(place.Run("SELECT * FROM t") == "1\n");
      if (is_last) break;
      ++failed;
    }
    CHECK(failed > 20);
  }
}

// The core asks at every turn, and a checkpoint takes many of them to be written.
TEST_CASE("a checkpoint that is due asks for one epoch, not for one a turn until it is written") {
  sim::SimClock clock(0);
  sim::SimFileSystem files(clock);
  auto directory = DatabaseDirectory::Open(files, clock, "/due");
  REQUIRE(directory.has_value());
  auto durability = Durability::Open(*std::move(directory), clock, {.checkpoint_interval = 10 * kSecond});
  REQUIRE_MESSAGE(durability.has_value(), durability.error().ToString());
  REQUIRE((*durability)->Start().ok());
  std::string delta;
  state::DeltaWriter(delta).Put(std::string("\0\0\0\1key", 7), "value");
  CHECK_FALSE((*durability)->is_checkpoint_due());
  clock.Advance(11 * kSecond);
  CHECK((*durability)->is_checkpoint_due());
  REQUIRE((*durability)->Commit(1, delta).ok());
  CHECK_FALSE((*durability)->is_checkpoint_due());  // whether the other thread has come to it or not
  const std::atomic<bool> cancelled{false};
  CHECK((*durability)->WaitCheckpoint(1, cancelled).has_value());
  CHECK_FALSE((*durability)->is_checkpoint_due());
  clock.Advance(11 * kSecond);
  CHECK((*durability)->is_checkpoint_due());
}

// Room for what comes in is made epoch by epoch: who used it was refused for a disk that was full no longer.
TEST_CASE("when the disk takes again, nobody is told that it is full while the rest of what waited is written") {
  sim::SimClock clock(0);
  sim::SimFileSystem files(clock);
  auto directory = DatabaseDirectory::Open(files, clock, "/full");
  REQUIRE(directory.has_value());
  auto durability = Durability::Open(*std::move(directory), clock, {.queue_bytes_max = 4096});
  REQUIRE_MESSAGE(durability.has_value(), durability.error().ToString());
  REQUIRE((*durability)->Start().ok());
  files.Plan({.kind = sim::FileFault::Kind::kDiskFull,
              .operation = sim::FileOperation::kWrite,
              .path_part = "/log",
              .times = UINT64_MAX / 2});
  constexpr Epoch kEpochs = 2000;
  for (Epoch epoch = 1; epoch <= kEpochs; ++epoch) {
    std::string delta;
    state::DeltaWriter(delta).Put(std::string("\0\0\0\1", 4) + std::to_string(epoch), "value");
    REQUIRE((*durability)->Commit(epoch, std::move(delta)).ok());
  }
  const std::atomic<bool> cancelled{false};
  CHECK((*durability)->WaitDurable(1, cancelled).code() == ErrorCode::kLimitReached);
  CHECK((*durability)->CheckAccepts().code() == ErrorCode::kLimitReached);
  files.ClearFaults();
  while ((*durability)->durable_epoch() == 0) {
  }
  for (Epoch epoch = 1; epoch <= kEpochs; ++epoch) CHECK((*durability)->WaitDurable(epoch, cancelled).ok());
  CHECK((*durability)->CheckAccepts().ok());
}

// What is read ahead of the log makes only those wait longer who wait for an epoch.
TEST_CASE("sources are held back at what the log takes soon, and long before as much waits as may") {
  sim::SimClock clock(0);
  sim::SimFileSystem files(clock);
  auto directory = DatabaseDirectory::Open(files, clock, "/slow");
  REQUIRE(directory.has_value());
  auto opened = Durability::Open(*std::move(directory), clock, {.is_inline = true});
  REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
  Durability& durability = **opened;
  REQUIRE(durability.Start().ok());
  files.Plan({.kind = sim::FileFault::Kind::kDiskFull,
              .operation = sim::FileOperation::kWrite,
              .path_part = "/log",
              .times = UINT64_MAX / 2});
  constexpr uint64_t kEpochBytes = 1 << 20;
  Epoch epoch = 0;
  auto commit = [&] {
    std::string delta;
    state::DeltaWriter(delta).Put(std::string("\0\0\0\1", 4) + std::to_string(++epoch), std::string(kEpochBytes, 'v'));
    REQUIRE(durability.Commit(epoch, std::move(delta)).ok());
  };
  while (durability.has_room_for_sources()) {
    REQUIRE(epoch < 100);
    commit();
  }
  CHECK(durability.GetFigures().unlogged_bytes >= 2 * LogPace::kBytesMin);
  CHECK(durability.GetFigures().unlogged_bytes < 2 * LogPace::kBytesMin + 2 * kEpochBytes);
  CHECK(durability.has_room());  // statements are taken all the same
  CHECK(durability.CheckAccepts().ok());
  durability.SetQueueBytes(durability.GetFigures().queued_bytes + kEpochBytes);
  CHECK(durability.has_room());
  CHECK_FALSE(durability.has_room_for_sources());
  commit();
  CHECK_FALSE(durability.has_room());
  files.ClearFaults();
  durability.RetryWrites();
  CHECK(durability.durable_epoch() == epoch);
  CHECK(durability.GetFigures().unlogged_bytes == 0);
  CHECK(durability.GetFigures().queued_bytes == 0);
  CHECK(durability.has_room_for_sources());
}

// Epochs go into the store one by one between flushes of those that are waited for, and checkpoints are made meanwhile:
// each must say where in the log it ends, which is not where the log does.
TEST_CASE("checkpoints made while much of the log is still to go into the store lose and double nothing") {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    sim::SimClock clock(0);
    sim::SimFileSystem files(clock);
    const std::atomic<bool> cancelled{false};
    auto open = [&] {
      auto directory = DatabaseDirectory::Open(files, clock, "/many");
      REQUIRE(directory.has_value());
      auto opened = Durability::Open(*std::move(directory), clock, {.segment_bytes = 64 << 10});
      REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
      return *std::move(opened);
    };
    const std::string table("\0\0\0\1", 4);
    Epoch epoch = 0;
    for (int life = 0; life < 4; ++life) {
      std::unique_ptr<Durability> durability = open();
      REQUIRE(durability->report().epoch == epoch);
      uint64_t count = 0;  // each epoch has one key of its own and writes the last one's number over
      std::string last;
      auto cursor = durability->store().Scan(table, std::string("\0\0\0\2", 4));
      REQUIRE(cursor.has_value());
      for (; (*cursor)->valid(); (*cursor)->Next()) {
        if ((*cursor)->key().ends_with("last"))
          last = (*cursor)->value();
        else
          ++count;
      }
      cursor->reset();
      CHECK(count == epoch);
      if (epoch > 0) CHECK(last == std::to_string(epoch));
      REQUIRE(durability->Start().ok());
      for (int i = 0; i < 400; ++i) {
        std::string delta;
        state::DeltaWriter writer(delta);
        writer.Put(table + std::to_string(++epoch), std::string(random.Below(3000), 'v'));
        writer.Put(table + "last", std::to_string(epoch));
        if (random.OneIn(40)) durability->RequestCheckpoint();
        REQUIRE(durability->Commit(epoch, std::move(delta)).ok());
        if (random.OneIn(5)) REQUIRE(durability->WaitDurable(epoch, cancelled).ok());
      }
      REQUIRE(durability->WaitDurable(epoch, cancelled).ok());
      files.Plan({.kind = sim::FileFault::Kind::kPowerCut});  // wherever the store is by now
      durability.reset();
      files.CrashTorn(random);
    }
  }
}

}  // namespace
}  // namespace laminar::engine
