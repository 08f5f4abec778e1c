#include "os/file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/random.h"
#include "os/process.h"

namespace laminar::os {
namespace {

// A fresh folder, gone with the test.
class Scratch {
 public:
  Scratch() {
    static int made = 0;
    path_ =
        JoinPath(TemporaryDirectory(), "laminar-os-test-" + std::to_string(ProcessId()) + "-" + std::to_string(++made));
    CHECK(RealFileSystem().RemoveTree(path_).ok());
    CHECK(RealFileSystem().CreateDirectory(path_).ok());
  }
  ~Scratch() { CHECK(RealFileSystem().RemoveTree(path_).ok()); }
  std::string operator/(std::string_view name) const { return JoinPath(path_, name); }

 private:
  std::string path_;
};

void Touch(const std::string& path) {
  CHECK(RealFileSystem().CreateDirectory(std::string(DirectoryOf(path))).ok());
  CHECK(RealFileSystem().Open(path, OpenMode::kCreate).has_value());
}

TEST_CASE("bytes written are read back, from any offset") {
  Scratch scratch;
  Random random(1);
  const std::string path = scratch / "data";
  const std::unique_ptr<File> file = *RealFileSystem().Open(path, OpenMode::kCreateNew);
  std::string expected;
  for (int round = 0; round < 200; ++round) {
    const std::string bytes(random.Below(300), static_cast<char>('a' + random.Below(26)));
    if (random.OneIn(2)) {
      REQUIRE(file->Append(bytes).ok());
      expected += bytes;
    } else if (!bytes.empty()) {
      const uint64_t offset = random.Below(expected.size() + 50);
      REQUIRE(file->WriteAt(offset, bytes).ok());
      if (expected.size() < offset + bytes.size()) expected.resize(offset + bytes.size(), '\0');
      expected.replace(offset, bytes.size(), bytes);
    }
    std::string part(random.Below(400), '?');
    const uint64_t from = random.Below(expected.size() + 100);
    part.resize(*file->ReadAt(from, part));
    CHECK(part == (from < expected.size() ? expected.substr(from, part.size()) : ""));
  }
  CHECK(*file->Size() == expected.size());
  CHECK(file->Sync().ok());
  CHECK(*RealFileSystem().ReadWhole(path, 1 << 20) == expected);
  CHECK(RealFileSystem().ReadWhole(path, 10).error().code() == ErrorCode::kLimitReached);
  CHECK(file->Truncate(3).ok());
  CHECK(*RealFileSystem().ReadWhole(path, 10) == expected.substr(0, 3));
}

TEST_CASE("errors name what was done, the path and the system's words") {
  Scratch scratch;
  const Status missing = RealFileSystem().Open(scratch / "none", OpenMode::kRead).error();
  CHECK(missing.code() == ErrorCode::kBadFile);
  CHECK(missing.message().find("opening") != std::string::npos);
  CHECK(missing.message().find("none") != std::string::npos);
  CHECK(missing.message().find("No such file") != std::string::npos);
  CHECK_FALSE(missing.hint().empty());
  Touch(scratch / "there");
  CHECK(RealFileSystem().Open(scratch / "there", OpenMode::kCreateNew).error().code() == ErrorCode::kAlreadyExists);
  CHECK(RealFileSystem().Open(scratch / "", OpenMode::kRead).error().code() == ErrorCode::kIo);
  CHECK(RealFileSystem().Open("", OpenMode::kRead).error().code() == ErrorCode::kBadFile);
  CHECK(RealFileSystem().Open(std::string("a\0b", 3), OpenMode::kRead).error().code() == ErrorCode::kBadFile);
  CHECK(RealFileSystem().List(scratch / "none").error().code() == ErrorCode::kBadFile);
  CHECK_FALSE(RealFileSystem().Remove(scratch / "none").ok());
}

TEST_CASE("a pipe is refused instead of blocking") {
  Scratch scratch;
  REQUIRE(mkfifo((scratch / "pipe").c_str(), 0600) == 0);
  CHECK(RealFileSystem().Open(scratch / "pipe", OpenMode::kRead).error().code() == ErrorCode::kNotSupported);
}

TEST_CASE("a whole file is replaced in one step") {
  Scratch scratch;
  CHECK(RealFileSystem().WriteWhole(scratch / "f", "one").ok());
  const FileFacts before = *RealFileSystem().Stat(scratch / "f");
  CHECK(RealFileSystem().WriteWhole(scratch / "f", "three").ok());
  const FileFacts after = *RealFileSystem().Stat(scratch / "f");
  CHECK(before.identity != after.identity);
  CHECK(after.bytes == 5);
  CHECK(after.modified > 0);
  CHECK(*RealFileSystem().List(scratch / "") == std::vector<std::string>{"f"});
}

TEST_CASE("allocated space is zeros, and never makes a file smaller") {
  Scratch scratch;
  const std::unique_ptr<File> file = *RealFileSystem().Open(scratch / "f", OpenMode::kCreateNew);
  CHECK(file->WriteAt(0, "abc").ok());
  CHECK(file->Allocate(2).ok());
  CHECK(*file->Size() == 3);
  CHECK(file->Allocate(10000).ok());
  CHECK(file->SyncData().ok());
  CHECK(*RealFileSystem().ReadWhole(scratch / "f", 1 << 20) == "abc" + std::string(9997, '\0'));
  CHECK(file->descriptor() >= 0);
  const Status too_large = file->Allocate(uint64_t{1} << 62);
  CHECK(too_large.code() == ErrorCode::kLimitReached);
  CHECK(*file->Size() == 10000);
}

TEST_CASE("a second name has the same bytes and outlives the first") {
  Scratch scratch;
  REQUIRE(RealFileSystem().WriteWhole(scratch / "a", "one").ok());
  CHECK(RealFileSystem().HardLink(scratch / "a", scratch / "b").ok());
  CHECK(RealFileSystem().HardLink(scratch / "a", scratch / "b").code() == ErrorCode::kAlreadyExists);
  CHECK(RealFileSystem().HardLink(scratch / "none", scratch / "c").code() == ErrorCode::kBadFile);
  CHECK(RealFileSystem().Stat(scratch / "a")->identity == RealFileSystem().Stat(scratch / "b")->identity);
  CHECK(RealFileSystem().Remove(scratch / "a").ok());
  CHECK(*RealFileSystem().ReadWhole(scratch / "b", 10) == "one");
}

TEST_CASE("a lock has one holder, whom the next one is told, and ends with it") {
  Scratch scratch;
  const std::string path = scratch / "LOCK";
  {
    const std::unique_ptr<FileLock> lock = *RealFileSystem().Lock(path);
    CHECK(lock->SetHolder("pid 1234").ok());
    CHECK(*lock->Holder() == "pid 1234");
    const Status refused = RealFileSystem().Lock(path).error();
    CHECK(refused.code() == ErrorCode::kDatabaseInUse);
    CHECK(refused.message().find("pid 1234") != std::string::npos);
    CHECK(RealFileSystem().ReadWhole(path, 100).has_value());  // opening and closing the file releases nothing
    CHECK_FALSE(RealFileSystem().Lock(path).has_value());
  }
  CHECK(RealFileSystem().Lock(path).has_value());
  CHECK(RealFileSystem().Lock(scratch / "none/LOCK").error().code() == ErrorCode::kBadFile);
}

TEST_CASE("a lock dies with the process that held it, however it ends") {
  Scratch scratch;
  const std::string path = scratch / "LOCK";
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = RealFileSystem().Lock(path);
    const char told = lock.has_value() && (*lock)->SetHolder("the child").ok() ? 'y' : 'n';
    (void)!write(ready[1], &told, 1);
    pause();
    _exit(0);
  }
  char told = '?';
  REQUIRE(read(ready[0], &told, 1) == 1);
  CHECK(told == 'y');
  const Status refused = RealFileSystem().Lock(path).error();
  CHECK(refused.code() == ErrorCode::kDatabaseInUse);
  CHECK(refused.message().find("the child") != std::string::npos);
  kill(child, SIGKILL);
  int ended = 0;
  REQUIRE(waitpid(child, &ended, 0) == child);
  CHECK(RealFileSystem().Lock(path).has_value());
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("patterns match names as in a shell") {
  CHECK(GlobMatches("*.csv", "a.csv"));
  CHECK_FALSE(GlobMatches("*.csv", "a.csv.tmp"));
  CHECK_FALSE(GlobMatches("*", ".hidden"));
  CHECK(GlobMatches(".*", ".hidden"));
  CHECK(GlobMatches("part-?-[0-9].json", "part-a-7.json"));
  CHECK_FALSE(GlobMatches("part-?-[!0-9].json", "part-a-7.json"));
  CHECK(GlobMatches("[]]x", "]x"));
  CHECK(GlobMatches("[x", "[x"));
  CHECK(GlobMatches("a*b*c", "axxbyybzzc"));
  CHECK_FALSE(GlobMatches("a*b*c", "axxbyyb"));
  CHECK_FALSE(GlobMatches("", "x"));
  CHECK(GlobMatches("*", ""));
}

// Tries every way to spend the pattern: the oracle for the greedy one.
bool SlowMatch(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    for (size_t i = 0; i <= name.size(); ++i) {
      if (SlowMatch(pattern.substr(1), name.substr(i))) return true;
    }
    return false;
  }
  if (name.empty()) return false;
  return (pattern.front() == '?' || pattern.front() == name.front()) && SlowMatch(pattern.substr(1), name.substr(1));
}

TEST_CASE("greedy matching agrees with trying everything") {
  Random random(2);
  for (int round = 0; round < 20000; ++round) {
    std::string pattern(random.Below(7), 'a');
    std::string name(random.Below(9), 'a');
    for (char& c : pattern) c = "ab?*"[random.Below(4)];
    for (char& c : name) c = "ab"[random.Below(2)];
    CHECK_MESSAGE(GlobMatches(pattern, name) == SlowMatch(pattern, name), pattern << " on " << name);
  }
}

TEST_CASE("a pattern finds files at one depth, ** at all") {
  Scratch scratch;
  for (const char* name : {"a.csv", "b.csv", "c.json", "x/d.csv", "x/y/e.csv", ".f.csv"}) Touch(scratch / name);
  REQUIRE(symlink((scratch / "x").c_str(), (scratch / "x/y/loop").c_str()) == 0);
  const auto names = [&](std::string_view pattern) {
    std::vector<std::string> found = *RealFileSystem().Glob(scratch / pattern);
    for (std::string& path : found) path = path.substr((scratch / "").size());
    return found;
  };
  CHECK(names("*.csv") == std::vector<std::string>{"a.csv", "b.csv"});
  CHECK(names("**/*.csv") == std::vector<std::string>{"a.csv", "b.csv", "x/d.csv", "x/y/e.csv"});
  CHECK(names("x/*/e.csv") == std::vector<std::string>{"x/y/e.csv"});
  CHECK(names("c.json") == std::vector<std::string>{"c.json"});
  CHECK(names("none*").empty());
  CHECK(names("none").empty());
}

TEST_CASE("removing a tree does not follow links out of it") {
  Scratch scratch;
  Touch(scratch / "keep/file");
  Touch(scratch / "tree/a/b/c");
  REQUIRE(symlink((scratch / "keep").c_str(), (scratch / "tree/link").c_str()) == 0);
  REQUIRE(symlink("/no/such/place", (scratch / "tree/broken").c_str()) == 0);
  CHECK(RealFileSystem().RemoveTree(scratch / "tree").ok());
  CHECK_FALSE(RealFileSystem().Exists(scratch / "tree"));
  CHECK(RealFileSystem().Exists(scratch / "keep/file"));
  CHECK(RealFileSystem().RemoveTree(scratch / "tree").ok());
}

TEST_CASE("paths come apart and together") {
  CHECK(JoinPath("a", "b") == "a/b");
  CHECK(JoinPath("a/", "b") == "a/b");
  CHECK(JoinPath("", "b") == "b");
  CHECK(DirectoryOf("/a/b") == "/a");
  CHECK(DirectoryOf("/a") == "/");
  CHECK(DirectoryOf("a") == ".");
  CHECK(BaseNameOf("/a/b") == "b");
}

}  // namespace
}  // namespace laminar::os
