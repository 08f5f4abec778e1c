#include "os/uring/group_writer.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "os/process.h"
#include "sim/clock.h"
#include "sim/file_system.h"

namespace laminar::os {
namespace {

TEST_CASE("groups written through the ring and through plain calls leave the same file") {
  const std::string folder = JoinPath(TemporaryDirectory(), "laminar-uring-test-" + std::to_string(ProcessId()));
  REQUIRE(RealFileSystem().CreateDirectory(folder).ok());
  for (const bool use_io_uring : {false, true}) {
    const std::unique_ptr<GroupWriter> writer = GroupWriter::Make(use_io_uring);
    const std::unique_ptr<File> file = *RealFileSystem().Open(JoinPath(folder, "f"), OpenMode::kReplace);
    MESSAGE("written with " << writer->MethodFor(*file));
    if (!use_io_uring) CHECK(writer->MethodFor(*file) == "pwrite");
    Random random(7);
    std::string expected;
    for (int round = 0; round < 100; ++round) {
      std::string bytes(random.Below(random.OneIn(10) ? 300'000 : 500), static_cast<char>('a' + random.Below(26)));
      const GroupWriter::Outcome outcome = writer->WriteAndSync(*file, expected.size(), bytes);
      REQUIRE(outcome.written.ok());
      REQUIRE(outcome.synced.ok());
      expected += bytes;
    }
    CHECK(*RealFileSystem().ReadWhole(file->path(), 1 << 24) == expected);
  }
  CHECK(RealFileSystem().RemoveTree(folder).ok());
}

TEST_CASE("a group refused by the file says whether writing or syncing failed") {
  const std::string path = JoinPath(TemporaryDirectory(), "laminar-uring-test-" + std::to_string(ProcessId()) + "-r");
  REQUIRE(RealFileSystem().WriteWhole(path, "kept").ok());
  for (const bool use_io_uring : {false, true}) {
    const std::unique_ptr<GroupWriter> writer = GroupWriter::Make(use_io_uring);
    const std::unique_ptr<File> file = *RealFileSystem().Open(path, OpenMode::kRead);
    const GroupWriter::Outcome outcome = writer->WriteAndSync(*file, 0, "lost");
    CHECK(outcome.written.code() == ErrorCode::kIo);
    CHECK(outcome.written.message().find(path) != std::string::npos);
    CHECK(*RealFileSystem().ReadWhole(path, 100) == "kept");
  }
  CHECK(RealFileSystem().Remove(path).ok());
}

TEST_CASE("a simulated file is written by plain calls, with its failures") {
  sim::SimClock clock;
  sim::SimFileSystem files(clock);
  const std::unique_ptr<GroupWriter> writer = GroupWriter::Make(true);
  const std::unique_ptr<File> file = *files.Open("/f", OpenMode::kCreate);
  CHECK(writer->MethodFor(*file) == "pwrite");
  files.Plan({.operation = sim::FileOperation::kSync});
  GroupWriter::Outcome outcome = writer->WriteAndSync(*file, 0, "abc");
  CHECK(outcome.written.ok());
  CHECK_FALSE(outcome.synced.ok());
  files.SetCapacity(4);
  outcome = writer->WriteAndSync(*file, 3, "de");
  CHECK(outcome.written.code() == ErrorCode::kLimitReached);
  CHECK(outcome.synced.ok());
}

}  // namespace
}  // namespace laminar::os
