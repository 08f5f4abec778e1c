// Savepoints: databases of their own, made while others write, whole or not there after any failure of the disk.
#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/random.h"
#include "engine/testing.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::engine {
namespace {

using sim::FileFault;
using testing::TestDatabase;

struct Opened {
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;

  std::string Run(std::string_view sql) const { return RunOn(*connection, sql); }
  static std::string RunOn(Connection& connection, std::string_view sql) {
    auto outcome = connection.Execute(sql);
    if (!outcome) return outcome.error().ToString();
    return outcome->cursor != nullptr ? TestDatabase::Rows(*outcome->cursor) : outcome->message;
  }
};

struct World {
  sim::SimClock clock{1'700'000'000'000'000};
  sim::SimFileSystem files{clock};

  Result<std::unique_ptr<Database>> TryOpen(const std::string& path, uint64_t cores = 1, os::FileSystem* on = nullptr) {
    DatabaseOptions options;
    options.is_inline = on == nullptr;
    if (on == nullptr) options.clock = &clock;
    options.path = path;
    options.files = on == nullptr ? &files : on;
    options.worker_cores = cores;
    options.log_segment_bytes = 64 << 10;
    return Database::Open(std::move(options));
  }
  Opened Open(const std::string& path, uint64_t cores = 1, os::FileSystem* on = nullptr) {
    auto opened = TryOpen(path, cores, on);
    REQUIRE_MESSAGE(opened.has_value(), opened.error().ToString());
    Opened made{*std::move(opened), nullptr};
    made.connection = std::make_unique<Connection>(*made.database);
    return made;
  }
  Opened OpenWithRows(const std::string& path, os::FileSystem* on = nullptr) {
    Opened made = Open(path, 1, on);
    for (const char* sql :
         {"CREATE TABLE t (k BIGINT PRIMARY KEY, name TEXT)",
          "CREATE SOURCE s (g BIGINT, v BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)",
          "CREATE MATERIALIZED VIEW sums AS SELECT g, count(*) AS n, sum(v) AS total FROM s GROUP BY g",
          "CREATE MATERIALIZED VIEW bars AS SELECT g, window_start, max(v) AS top FROM s GROUP BY g, TUMBLE(ts, "
          "INTERVAL '10' SECOND)",
          "INSERT INTO t VALUES (1, 'one'), (2, 'a name that is longer than twelve bytes')",
          "INSERT INTO s VALUES (1, 10, '2024-01-01 00:00:01'), (2, 20, '2024-01-01 00:00:02'), "
          "(1, 30, '2024-01-01 00:00:12')"}) {
      const std::string answer = made.Run(sql);
      REQUIRE_MESSAGE(!answer.starts_with("LDB-"), answer);
    }
    return made;
  }
};

constexpr const char* kT = "SELECT k, name FROM t ORDER BY k";
constexpr const char* kSums = "SELECT g, n, total FROM sums ORDER BY g";
constexpr const char* kBars = "SELECT g, top FROM bars ORDER BY g, top";
constexpr const char* kFirstT = "1 | one\n2 | a name that is longer than twelve bytes\n";
constexpr const char* kFirstSums = "1 | 2 | 40\n2 | 1 | 20\n";
constexpr const char* kFirstBars = "1 | 10\n2 | 20\n";

void CheckFirst(const Opened& opened) {
  CHECK(opened.Run(kT) == kFirstT);
  CHECK(opened.Run(kSums) == kFirstSums);
  CHECK(opened.Run(kBars) == kFirstBars);
}

TEST_CASE("a savepoint is a database that goes on from its epoch, on any number of cores, and shares nothing") {
  for (const uint64_t cores : {1, 3}) {
    CAPTURE(cores);
    World world;
    Opened live = world.OpenWithRows("/db");
    const std::string answer = live.Run("SAVEPOINT TO '/save'");
    CHECK_MESSAGE(answer.starts_with("SAVEPOINT "), answer);
    CHECK(answer.find("/save") != std::string::npos);
    CHECK(live.Run("INSERT INTO t VALUES (3, 'later')") == "INSERT 1");
    CHECK(live.Run("INSERT INTO s VALUES (2, 1, '2024-01-01 00:01:00')") == "INSERT 1");
    CHECK(world.files.List("/save").value() == std::vector<std::string>{"DATABASE", "LOCK", "state"});
    CHECK(world.files.ReadWhole("/save/DATABASE", 100).value() != world.files.ReadWhole("/db/DATABASE", 100).value());
    {
      // Both are open at once, and each goes its own way; the windows that were open close with what they held.
      Opened save = world.Open("/save", cores);
      CheckFirst(save);
      CHECK(save.Run("INSERT INTO s VALUES (1, 40, '2024-01-01 00:00:13'), (7, 7, '2024-01-01 00:01:00')") ==
            "INSERT 2");
      CHECK(save.Run(kBars) == "1 | 10\n1 | 40\n2 | 20\n");
      CHECK(save.Run("CHECKPOINT").starts_with("CHECKPOINT"));
      CHECK(save.Run("INSERT INTO t VALUES (1, 'uno')") == "INSERT 1");
    }
    Opened again = world.Open("/save");
    CHECK(again.Run(kT) == "1 | uno\n2 | a name that is longer than twelve bytes\n");
    CHECK(again.Run(kSums) == "1 | 3 | 80\n2 | 1 | 20\n7 | 1 | 7\n");
    CHECK(live.Run(kT) == std::string(kFirstT) + "3 | later\n");
    // The database it came from is not needed.
    live = {};
    REQUIRE(world.files.RemoveTree("/db").ok());
    again = {};
    CHECK(world.Open("/save").Run(kSums) == "1 | 3 | 80\n2 | 1 | 20\n7 | 1 | 7\n");
  }
}

TEST_CASE("a savepoint survives a crash right behind it, and a crash of the database made of it") {
  World world;
  Random random(3);
  Opened live = world.OpenWithRows("/db");
  REQUIRE(live.Run("SAVEPOINT TO '/save'").starts_with("SAVEPOINT "));
  world.files.Plan({.kind = FileFault::Kind::kPowerCut});
  live = {};
  world.files.CrashTorn(random);
  CheckFirst(world.Open("/db"));
  for (int round = 0; round < 5; ++round) {
    Opened save = world.Open("/save", 1 + random.Below(3));
    CHECK(save.Run("SELECT count(*) FROM t") == std::to_string(2 + round) + "\n");
    CHECK(save.Run(kSums) == kFirstSums);
    CHECK(save.Run("INSERT INTO t VALUES (" + std::to_string(100 + round) + ", NULL)") == "INSERT 1");
    world.files.Plan({.kind = FileFault::Kind::kPowerCut});
    save = {};
    world.files.CrashTorn(random);
  }
}

// Counts nothing, keeps nothing: only that there is a sink matters.
class NowhereConnector final : public sdk::Connector {
 public:
  std::string_view name() const override { return "nowhere"; }
  std::string_view doc() const override { return "for a test"; }
  Result<sdk::SinkShape> CheckSink(const sdk::SinkRequest&) override { return sdk::SinkShape::kChangelog; }
  Result<std::unique_ptr<sdk::Sink>> OpenSink(sdk::SinkRequest request) override {
    resumed.push_back(request.resume.value_or("new"));
    return std::make_unique<Nowhere>();
  }
  inline static std::vector<std::string> resumed;

 private:
  class Nowhere final : public sdk::Sink {
   public:
    Status Write(const data::Batch& batch) override {
      rows_ += batch.rows;
      return {};
    }
    Status Prepare(uint64_t, std::string& token) override {
      token += std::to_string(rows_);
      return {};
    }
    Status Commit(uint64_t) override { return {}; }
    Status Close() override { return {}; }
    bool can_resume() const override { return true; }

   private:
    uint64_t rows_ = 0;
  };
};

TEST_CASE("sinks of a savepoint go on behind what they had written at its epoch, and who makes one is told of them") {
  World world;
  NowhereConnector::resumed.clear();
  const auto open = [&](const std::string& path) {
    DatabaseOptions options;
    options.is_inline = true;
    options.clock = &world.clock;
    options.path = path;
    options.files = &world.files;
    options.connectors.push_back(std::make_unique<NowhereConnector>());
    Opened made{std::move(Database::Open(std::move(options)).value()), nullptr};
    made.connection = std::make_unique<Connection>(*made.database);
    return made;
  };
  Opened live = open("/db");
  CHECK(live.Run("CREATE SOURCE s (k BIGINT)").starts_with("CREATE"));
  CHECK(live.connection->Execute("SAVEPOINT TO '/without'")->notices.empty());
  CHECK(live.Run("CREATE SINK o FROM s WITH (connector = 'nowhere')").starts_with("CREATE"));
  CHECK(live.Run("INSERT INTO s VALUES (1), (2), (3)") == "INSERT 3");
  auto saved = live.connection->Execute("SAVEPOINT TO '/save'");
  REQUIRE(saved.has_value());
  REQUIRE(saved->notices.size() == 1);
  CHECK(saved->notices[0].find("sinks (o)") != std::string::npos);
  CHECK(live.Run("INSERT INTO s VALUES (4)") == "INSERT 1");
  live = {};
  Opened save = open("/save");
  CHECK(NowhereConnector::resumed == std::vector<std::string>{"new", "3"});
}

TEST_CASE("a savepoint goes where nothing is, and an error says what to do") {
  World world;
  Opened live = world.OpenWithRows("/db");
  const auto refused = [&](const std::string& target, std::string_view says) {
    const std::string answer = live.Run("SAVEPOINT TO '" + target + "'");
    CHECK_MESSAGE(answer.starts_with("LDB-"), answer);
    CHECK_MESSAGE(answer.find(says) != std::string::npos, answer);
  };
  REQUIRE(world.files.CreateDirectory("/full").ok());
  REQUIRE(world.files.CreateDirectory("/empty").ok());
  REQUIRE(world.files.WriteWhole("/full/notes.txt", "mine").ok());
  refused("/full", "not empty");
  refused("/full/notes.txt", "a file of that name");
  refused("/nowhere/save", "there is no folder");
  refused("/full/notes.txt/save", "there is no folder");
  refused("/db", "inside of the database's own folder");
  refused("/db/save", "inside of the database's own folder");
  refused("/db/state/save", "inside of the database's own folder");
  refused("/full/../db/state/save", "inside of the database's own folder");
  refused("", "no name of a new folder");
  refused("/", "no name of a new folder");
  refused("/full/..", "no name of a new folder");
  CHECK(world.files.List("/full").value() == std::vector<std::string>{"notes.txt"});
  CHECK(live.Run("SAVEPOINT TO '/empty'").starts_with("SAVEPOINT "));
  refused("/empty", "there is a database already");
  CHECK(live.Run("SAVEPOINT TO '/slashes///'").starts_with("SAVEPOINT "));
  REQUIRE(world.files.CreateDirectory("/mine.unfinished-savepoint").ok());
  REQUIRE(world.files.WriteWhole("/mine.unfinished-savepoint/notes.txt", "mine").ok());
  refused("/mine", "with other things in it");
  CHECK(world.files.Exists("/mine.unfinished-savepoint/notes.txt"));
  for (const char* path : {"/empty", "/slashes"}) CheckFirst(world.Open(path));
  TestDatabase memory;
  CHECK(memory.Run("SAVEPOINT TO '/save'").find("needs a database on disk") != std::string::npos);
}

TEST_CASE("a disk that does not answer is not taken for a folder that is not there") {
  World world;
  Opened live = world.OpenWithRows("/db");
  REQUIRE(world.files.CreateDirectory("/backups").ok());
  for (uint64_t at = 1; at <= 6; ++at) {
    CAPTURE(at);
    world.files.Plan({.kind = FileFault::Kind::kError, .operation = sim::FileOperation::kStat, .at_call = at});
    const std::string answer = live.Run("SAVEPOINT TO '/backups/monday'");
    world.files.ClearFaults();
    const bool is_clear = answer.starts_with("SAVEPOINT ") || answer.find("input/output error") != std::string::npos;
    CHECK_MESSAGE(is_clear, answer);
    if (answer.starts_with("SAVEPOINT ")) REQUIRE(world.files.RemoveTree("/backups/monday").ok());
    CHECK(world.files.List("/backups").value().empty());
  }
}

TEST_CASE("after a power cut at any file call the database has lost nothing and the savepoint is whole or not there") {
  uint64_t calls = 0;
  {
    World world;
    Opened live = world.OpenWithRows("/db");
    const uint64_t before = world.files.CallCount();
    REQUIRE(live.Run("SAVEPOINT TO '/save'").starts_with("SAVEPOINT "));
    calls = world.files.CallCount() - before;
  }
  MESSAGE("file calls: " << calls);
  CHECK(calls > 40);
  uint64_t whole = 0;
  for (uint64_t at = 1; at <= calls + 3; ++at) {
    CAPTURE(at);
    World world;
    Random random(at);
    Opened live = world.OpenWithRows("/db");
    world.files.Plan({.kind = FileFault::Kind::kPowerCut, .at_call = at});
    const bool is_said = live.Run("SAVEPOINT TO '/save'").starts_with("SAVEPOINT ");
    world.files.Plan({.kind = FileFault::Kind::kPowerCut});
    live = {};
    if (random.OneIn(3))
      world.files.Crash();
    else
      world.files.CrashTorn(random);
    live = world.Open("/db");
    CheckFirst(live);
    const bool is_there = world.files.Exists("/save");
    CHECK((is_there || !is_said));
    whole += is_there ? 1 : 0;
    if (!is_there) CHECK(live.Run("SAVEPOINT TO '/save'").starts_with("SAVEPOINT "));
    if (!is_there) CHECK(!world.files.Exists("/save.unfinished-savepoint"));
    CHECK(world.files.List("/save").value() == std::vector<std::string>{"DATABASE", "LOCK", "state"});
    Opened save = world.Open("/save");
    CheckFirst(save);
    CHECK(save.Run("INSERT INTO t VALUES (9, 'nine')") == "INSERT 1");
  }
  CHECK(whole > 3);
}

TEST_CASE("a savepoint that fails leaves nothing behind, and the next one works") {
  for (const auto kind : {FileFault::Kind::kError, FileFault::Kind::kDiskFull, FileFault::Kind::kTornWrite}) {
    uint64_t failed = 0;
    for (uint64_t at = 1; at <= 90; ++at) {
      CAPTURE(static_cast<int>(kind));
      CAPTURE(at);
      World world;
      Opened live = world.OpenWithRows("/db");
      world.files.Plan({.kind = kind, .path_part = "/save", .at_call = at});
      const std::string answer = live.Run("SAVEPOINT TO '/save'");
      world.files.ClearFaults();
      if (answer.starts_with("SAVEPOINT ")) {
        CheckFirst(world.Open("/save"));
        continue;
      }
      ++failed;
      CHECK_MESSAGE(answer.starts_with("LDB-"), answer);
      const bool is_there = world.files.Exists("/save") || world.files.Exists("/save.unfinished-savepoint");
      CHECK_MESSAGE(!is_there, answer);
      CHECK(live.Run("INSERT INTO t VALUES (3, 'three')") == "INSERT 1");
      CHECK(live.Run("SAVEPOINT TO '/save'").starts_with("SAVEPOINT "));
      CHECK(world.Open("/save").Run("SELECT count(*) FROM t") == "3\n");
    }
    CHECK(failed > 20);
  }
}

TEST_CASE("a savepoint that could be neither kept nor removed is whole or refused, and never an empty database") {
  uint64_t left = 0;
  uint64_t whole = 0;
  for (uint64_t sync = 1; sync <= 6; ++sync) {
    for (uint64_t removal = 1; removal <= 12; ++removal) {
      CAPTURE(sync);
      CAPTURE(removal);
      World world;
      Opened live = world.OpenWithRows("/db");
      REQUIRE(world.files.CreateDirectory("/backups").ok());
      world.files.Plan({.operation = sim::FileOperation::kSyncDirectory, .path_part = "/backups", .at_call = sync});
      world.files.Plan(
          {.operation = sim::FileOperation::kRemove, .path_part = "/backups", .at_call = removal, .times = 100});
      const bool is_said = live.Run("SAVEPOINT TO '/backups/monday'").starts_with("SAVEPOINT ");
      world.files.ClearFaults();
      if (is_said) continue;
      const std::vector<std::string> names = world.files.List("/backups").value();
      for (const std::string& name : names) {
        ++left;
        CAPTURE(name);
        const std::vector<std::string> rest = world.files.List("/backups/" + name).value();
        const bool has_nothing = rest.empty() || rest == std::vector<std::string>{"LOCK"};
        CHECK((name != "monday" || !has_nothing));
        auto opened = world.TryOpen("/backups/" + name);
        if (!opened || has_nothing) continue;
        ++whole;
        Opened save{*std::move(opened), nullptr};
        save.connection = std::make_unique<Connection>(*save.database);
        CheckFirst(save);
      }
    }
  }
  MESSAGE("left: " << left << ", whole: " << whole);
  CHECK(left > 10);
}

// Holds up whoever makes a new file in a savepoint, until it is let through.
class Gate final : public os::FileSystem {
 public:
  explicit Gate(os::FileSystem& files) : files_(files) {}
  void WaitUntilReached() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_reached_; });
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
    is_reached_ = false;
  }
  void LetThrough() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

  Result<std::unique_ptr<os::File>> Open(const std::string& path, os::OpenMode mode) override {
    if (mode == os::OpenMode::kCreateNew && path.find(".unfinished-savepoint/") != std::string::npos) {
      std::unique_lock lock(mutex_);
      is_reached_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return is_open_; });
    }
    return files_.Open(path, mode);
  }
  Result<os::FileFacts> Stat(const std::string& path) override { return files_.Stat(path); }
  Result<std::vector<std::string>> List(const std::string& path) override { return files_.List(path); }
  Status Rename(const std::string& from, const std::string& to) override { return files_.Rename(from, to); }
  Status Remove(const std::string& path) override { return files_.Remove(path); }
  Status CreateDirectory(const std::string& path) override { return files_.CreateDirectory(path); }
  Status SyncDirectory(const std::string& path) override { return files_.SyncDirectory(path); }
  Status HardLink(const std::string& from, const std::string& to) override { return files_.HardLink(from, to); }
  Result<std::unique_ptr<os::FileLock>> Lock(const std::string& path) override { return files_.Lock(path); }

 private:
  os::FileSystem& files_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
  bool is_reached_ = false;
};

TEST_CASE("while a savepoint is copied others write, read and make checkpoints; it is of its own moment") {
  World world;
  Gate gate(world.files);
  Opened live = world.OpenWithRows("/db", &gate);
  std::string answer;
  std::thread saving([&] {
    Connection connection(*live.database);
    answer = Opened::RunOn(connection, "SAVEPOINT TO '/save'");
  });
  gate.WaitUntilReached();
  // Acknowledged means written by the log thread; five checkpoints pass, more than are kept.
  for (int i = 10; i < 15; ++i) {
    CHECK(live.Run("INSERT INTO t VALUES (" + std::to_string(i) + ", 'meanwhile')") == "INSERT 1");
    CHECK(live.Run("INSERT INTO s VALUES (1, 1, '2024-01-01 00:00:12')") == "INSERT 1");
    CHECK(live.Run("CHECKPOINT").starts_with("CHECKPOINT"));
  }
  CHECK(live.Run("SELECT count(*) FROM t") == "7\n");
  const std::string second = live.Run("SAVEPOINT TO '/save'");
  CHECK_MESSAGE(second.find("another savepoint of that name is being written") != std::string::npos, second);
  CHECK(!world.files.Exists("/save"));
  gate.LetThrough();
  saving.join();
  CHECK_MESSAGE(answer.starts_with("SAVEPOINT "), answer);
  CheckFirst(world.Open("/save"));
  CHECK(live.Run(kSums) == "1 | 7 | 45\n2 | 1 | 20\n");
  CHECK(live.Run("CHECKPOINT").starts_with("CHECKPOINT"));
  CHECK(world.files.List("/db/state").value().size() == 4);  // three checkpoints and the live store
}

TEST_CASE("a savepoint that is cancelled leaves nothing behind") {
  World world;
  Gate gate(world.files);
  Opened live = world.OpenWithRows("/db", &gate);
  Connection connection(*live.database);
  std::string answer;
  std::thread saving([&] { answer = Opened::RunOn(connection, "SAVEPOINT TO '/save'"); });
  gate.WaitUntilReached();
  connection.Cancel();
  gate.LetThrough();
  saving.join();
  CHECK_MESSAGE(answer.find("cancelled") != std::string::npos, answer);
  CHECK(world.files.List("/").value() == std::vector<std::string>{"db"});
  CHECK(live.Run("SAVEPOINT TO '/save'").starts_with("SAVEPOINT "));
}

}  // namespace
}  // namespace laminar::engine
