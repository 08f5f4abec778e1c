#include "sim/file_system.h"

#include <doctest/doctest.h>

#include <map>

#include "os/process.h"
#include "sim/clock.h"

namespace laminar::sim {
namespace {

using os::FileSystem;
using os::OpenMode;

std::string Contents(FileSystem& files, const std::string& path) {
  Result<std::string> bytes = files.ReadWhole(path, 1 << 20);
  return bytes ? *bytes : "<" + std::string(PublicCode(bytes.error().code())) + ">";
}

TEST_CASE("a renamed folder keeps what was durable in it, whichever of its names a crash leaves") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SimClock clock;
    SimFileSystem files(clock);
    REQUIRE(files.CreateDirectory("/d/tmp").ok());
    REQUIRE(files.SyncDirectory("/").ok());
    REQUIRE(files.SyncDirectory("/d").ok());
    for (const char* name : {"a", "b", "c"}) REQUIRE(files.WriteWhole(std::string("/d/tmp/") + name, name).ok());
    REQUIRE(files.Rename("/d/tmp", "/d/final").ok());
    Random random(seed);
    const bool is_synced = random.OneIn(2);
    if (is_synced) REQUIRE(files.SyncDirectory("/d").ok());
    files.CrashTorn(random);
    if (is_synced) CHECK(files.Exists("/d/final"));
    if (!files.Exists("/d/final")) continue;
    for (const char* name : {"a", "b", "c"}) CHECK(Contents(files, std::string("/d/final/") + name) == name);
  }
}

TEST_CASE("simulated time moves only when told, and keeps fractions of a microsecond") {
  SimClock clock(1000);
  CHECK(clock.WallMicros() == 1000);
  clock.Advance(kSecond);
  CHECK(clock.WallMicros() == 1000 + kSecond);
  CHECK(clock.MonotonicNanos() == 1'000'000'000);
  for (int i = 0; i < 10; ++i) clock.AdvanceNanos(100);
  CHECK(clock.WallMicros() == 1001 + kSecond);
  clock.SetWall(5);
  CHECK(clock.WallMicros() == 5);
  CHECK(clock.MonotonicNanos() == 1'000'001'000);
}

// One random operation on a small world of names; its outcome as text.
std::string RandomOperation(FileSystem& files, const std::string& root, Random& random) {
  const auto name = [&] { return root + "/" + std::string(1, static_cast<char>('a' + random.Below(3))); };
  const auto path = [&] {
    return random.OneIn(2) ? name() : name() + "/" + std::string(1, static_cast<char>('x' + random.Below(2)));
  };
  const auto outcome = [](const Status& status) { return status.ok() ? std::string("ok") : "error"; };
  switch (random.Below(10)) {
    case 8: {
      const std::string from = path();
      return outcome(files.HardLink(from, path()));
    }
    case 9: {
      const std::string at = path();
      const uint64_t size = random.Below(9);
      Result<std::unique_ptr<os::File>> file = files.Open(at, OpenMode::kReadWrite);
      return file ? outcome((*file)->Allocate(size)) + " " + Contents(files, at) : "error";
    }
    case 0: return outcome(files.CreateDirectory(path()));
    case 1: return outcome(files.Remove(path()));
    case 2: {
      const std::string from = path();
      return outcome(files.Rename(from, path()));
    }
    case 3: {
      const Result<std::vector<std::string>> names = files.List(name());
      if (!names) return "error";
      std::string text = "list";
      for (const std::string& found : *names) text += " " + found;
      return text;
    }
    case 4: {
      const Result<os::FileFacts> facts = files.Stat(path());
      if (!facts) return "error";
      return facts->is_directory ? "folder" : "file of " + std::to_string(facts->bytes);
    }
    case 5: {
      const Result<std::vector<std::string>> found = files.Glob(root + (random.OneIn(2) ? "/**/x" : "/*"));
      std::string text = "glob";
      for (const std::string& one : *found) text += " " + one.substr(root.size());
      return text;
    }
    default: {
      const OpenMode mode = static_cast<OpenMode>(random.Below(5));
      const std::string at = path();
      const uint64_t offset = random.Below(6);
      const std::string bytes(random.Below(5), static_cast<char>('0' + random.Below(10)));
      const bool appends = random.OneIn(2);
      Result<std::unique_ptr<os::File>> file = files.Open(at, mode);
      if (!file) return "error";
      const Status written = appends ? (*file)->Append(bytes) : (*file)->WriteAt(offset, bytes);
      return outcome(written) + " " + Contents(files, at);
    }
  }
}

TEST_CASE("the simulated file system answers every operation as the machine's does") {
  FileSystem& real = os::RealFileSystem();
  const std::string real_root =
      os::JoinPath(os::TemporaryDirectory(), "laminar-sim-test-" + std::to_string(os::ProcessId()));
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    REQUIRE(real.RemoveTree(real_root).ok());
    REQUIRE(real.CreateDirectory(real_root).ok());
    SimClock clock;
    SimFileSystem simulated(clock);
    REQUIRE(simulated.CreateDirectory("/root").ok());
    Random real_random(seed);
    Random simulated_random(seed);
    for (int step = 0; step < 150; ++step) {
      const std::string expected = RandomOperation(real, real_root, real_random);
      const std::string found = RandomOperation(simulated, "/root", simulated_random);
      REQUIRE_MESSAGE(found == expected, "seed " << seed << ", step " << step << ": machine "
                                                 << std::string_view(expected) << ", simulated "
                                                 << std::string_view(found));
    }
  }
  CHECK(real.RemoveTree(real_root).ok());
}

TEST_CASE("a crash leaves what was synced and nothing else") {
  SimClock clock;
  SimFileSystem files(clock);
  const std::unique_ptr<os::File> file = *files.Open("/log", OpenMode::kCreate);
  CHECK(file->Append("one").ok());
  CHECK(file->Sync().ok());
  files.Crash();
  CHECK(Contents(files, "/log") == "<LDB-R014>");  // its name was never synced
  const std::unique_ptr<os::File> again = *files.Open("/log", OpenMode::kCreate);
  CHECK(again->Append("one").ok());
  CHECK(again->Sync().ok());
  CHECK(files.SyncDirectory("/").ok());
  CHECK(again->Append("two").ok());
  CHECK(Contents(files, "/log") == "onetwo");
  files.Crash();
  CHECK(Contents(files, "/log") == "one");
  CHECK(again->Append("x").code() == ErrorCode::kIo);
  CHECK(Contents(files, "/log") == "one");
}

TEST_CASE("whole-file replacement is atomic at every power cut, torn or not") {
  uint64_t cuts = 0;
  for (uint64_t at = 1;; ++at) {
    SimClock clock;
    SimFileSystem files(clock);
    Random random(at);
    REQUIRE(files.WriteWhole("/state", std::string(2000, 'a')).ok());
    files.Plan({.kind = FileFault::Kind::kPowerCut, .at_call = at});
    const bool is_done = files.WriteWhole("/state", std::string(3000, 'b')).ok();
    if (random.OneIn(2)) {
      files.Crash();
    } else {
      files.CrashTorn(random);
    }
    const std::string found = Contents(files, "/state");
    const bool is_old = found == std::string(2000, 'a');
    const bool is_new = found == std::string(3000, 'b');
    CHECK_MESSAGE((is_new || (is_old && !is_done)), "cut at call " << at);
    if (is_done) break;
    ++cuts;
  }
  CHECK(cuts >= 4);
}

TEST_CASE("synced bytes survive any torn crash") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SimClock clock;
    SimFileSystem files(clock);
    Random random(seed);
    const std::unique_ptr<os::File> file = *files.Open("/log", OpenMode::kCreate);
    const std::string synced(random.Below(3000), 's');
    CHECK(file->Append(synced).ok());
    CHECK(file->Sync().ok());
    CHECK(files.SyncDirectory("/").ok());
    CHECK(file->Append(std::string(random.Below(3000), 'u')).ok());
    files.CrashTorn(random);
    CHECK(Contents(files, "/log").substr(0, synced.size()) == synced);
  }
}

TEST_CASE("planned faults hit the n-th matching call and say what they are") {
  SimClock clock;
  SimFileSystem files(clock);
  files.Plan({.kind = FileFault::Kind::kDiskFull, .operation = FileOperation::kWrite, .path_part = "a", .at_call = 2});
  const std::unique_ptr<os::File> a = *files.Open("/a", OpenMode::kCreate);
  const std::unique_ptr<os::File> b = *files.Open("/b", OpenMode::kCreate);
  CHECK(a->Append("1").ok());
  CHECK(b->Append("1").ok());
  CHECK(a->Append("2").code() == ErrorCode::kLimitReached);
  CHECK(a->Append("3").ok());
  CHECK(Contents(files, "/a") == "13");
  files.Plan({.kind = FileFault::Kind::kTornWrite, .operation = FileOperation::kWrite});
  CHECK(b->Append("abcd").code() == ErrorCode::kIo);
  CHECK(Contents(files, "/b") == "1ab");
  files.Plan({.kind = FileFault::Kind::kError, .operation = FileOperation::kSync, .times = 2});
  CHECK_FALSE(a->Sync().ok());
  CHECK_FALSE(a->Sync().ok());
  CHECK(a->Sync().ok());
}

TEST_CASE("a second name is durable after a sync of its folder, with the bytes of the first") {
  SimClock clock;
  SimFileSystem files(clock);
  REQUIRE(files.WriteWhole("/a", "one").ok());
  CHECK(files.HardLink("/a", "/b").ok());
  files.Crash();
  CHECK_FALSE(files.Exists("/b"));
  CHECK(files.HardLink("/a", "/b").ok());
  CHECK(files.HardLink("/a", "/b").code() == ErrorCode::kAlreadyExists);
  CHECK(files.SyncDirectory("/").ok());
  CHECK(files.Remove("/a").ok());
  CHECK(files.SyncDirectory("/").ok());
  files.Crash();
  CHECK(Contents(files, "/b") == "one");
}

TEST_CASE("a lock has one holder and is gone after a crash") {
  SimClock clock;
  SimFileSystem files(clock);
  std::unique_ptr<os::FileLock> lock = *files.Lock("/LOCK");
  CHECK(lock->SetHolder("pid 7").ok());
  const Status refused = files.Lock("/LOCK").error();
  CHECK(refused.code() == ErrorCode::kDatabaseInUse);
  CHECK(refused.message().find("pid 7") != std::string::npos);
  lock.reset();
  lock = *files.Lock("/LOCK");
  CHECK(files.SyncDirectory("/").ok());
  files.Crash();
  const std::unique_ptr<os::FileLock> after = *files.Lock("/LOCK");
  lock.reset();  // from before the crash: it releases nothing
  CHECK_FALSE(files.Lock("/LOCK").has_value());
}

TEST_CASE("a flipped bit is there before and after a crash, and can be flipped back") {
  SimClock clock;
  SimFileSystem files(clock);
  REQUIRE(files.WriteWhole("/a", "abc").ok());
  CHECK(files.FlipBit("/a", 1, 0).ok());
  CHECK(Contents(files, "/a") == "acc");
  files.Crash();
  CHECK(Contents(files, "/a") == "acc");
  CHECK(files.FlipBit("/a", 1, 0).ok());
  CHECK(Contents(files, "/a") == "abc");
  CHECK_FALSE(files.FlipBit("/a", 3, 0).ok());
  CHECK_FALSE(files.FlipBit("/none", 0, 0).ok());
}

TEST_CASE("many small syncs leave on the disk exactly what was written before them") {
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    SimClock clock;
    SimFileSystem files(clock);
    Random random(seed);
    std::unique_ptr<os::File> file = *files.Open("/log", OpenMode::kCreate);
    REQUIRE(files.SyncDirectory("/").ok());
    std::string synced;
    for (int step = 0; step < 60; ++step) {
      switch (random.Below(6)) {
        case 0: CHECK(file->Truncate(random.Below(3000)).ok()); break;
        case 1: CHECK(file->Allocate(random.Below(3000)).ok()); break;
        case 2:
          CHECK((random.OneIn(2) ? file->SyncData() : file->Sync()).ok());
          synced = Contents(files, "/log");
          break;
        case 3:
          if (!random.OneIn(4)) break;
          files.Crash();
          CHECK(Contents(files, "/log") == synced);
          file = *files.Open("/log", OpenMode::kReadWrite);
          break;
        default: CHECK(file->WriteAt(random.Below(2500), std::string(random.Below(300), 'w')).ok()); break;
      }
    }
    files.Crash();
    CHECK(Contents(files, "/log") == synced);
  }
}

TEST_CASE("a full disk refuses growth but not rewriting") {
  SimClock clock;
  SimFileSystem files(clock);
  files.SetCapacity(10);
  const std::unique_ptr<os::File> file = *files.Open("/a", OpenMode::kCreate);
  CHECK(file->Append("0123456789").ok());
  CHECK(file->Append("x").code() == ErrorCode::kLimitReached);
  CHECK(file->WriteAt(0, "9876543210").ok());
  CHECK(file->Allocate(11).code() == ErrorCode::kLimitReached);
  CHECK(*file->Size() == 10);
  CHECK(files.HardLink("/a", "/b").ok());  // takes no room
  files.SetCapacity(11);
  CHECK(file->Allocate(11).ok());
}

}  // namespace
}  // namespace laminar::sim
