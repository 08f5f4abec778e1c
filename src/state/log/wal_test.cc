// The log on a disk that works: what is appended is read back, byte for byte as documented, by both ways of writing.
#include "state/log/wal.h"

#include <doctest/doctest.h>

#include "os/process.h"
#include "sim/clock.h"
#include "sim/file_system.h"
#include "state/log/testing/wal_kit.h"
#include "state/log/wal_format.h"

namespace laminar::state {
namespace {

using testing::Entry;
using testing::ReadAll;
using testing::Reading;

// A folder that is gone with the test, on the machine's disk.
class Scratch {
 public:
  Scratch() : path_(os::JoinPath(os::TemporaryDirectory(), "laminar-wal-test-" + std::to_string(os::ProcessId()))) {
    CHECK(os::RealFileSystem().RemoveTree(path_).ok());
  }
  ~Scratch() { CHECK(os::RealFileSystem().RemoveTree(path_).ok()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct World {
  sim::SimClock clock{1'000'000};
  sim::SimFileSystem files{clock};
  WalOptions options{
      .files = &files, .clock = &clock, .directory = "/db/log", .core = 3, .database_id = 77, .segment_bytes = 4096};
};

std::unique_ptr<WalWriter> OpenEmpty(const WalOptions& options) { return *WalWriter::Open(options, {}, 0); }

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    text += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    text += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

// Appends random records with syncs, rolls and reopenings between, and checks that every position leads to its suffix.
void RoundTrip(WalOptions options, uint64_t seed, bool has_large) {
  Random random(seed);
  std::unique_ptr<WalWriter> writer = OpenEmpty(options);
  std::vector<Entry> expected;
  Epoch epoch = 5;
  for (int step = 0; step < 120; ++step) {
    if (random.OneIn(10)) REQUIRE(writer->Sync().ok());
    if (random.OneIn(30)) REQUIRE(writer->Roll().ok());
    if (random.OneIn(40)) {
      REQUIRE(writer->Sync().ok());
      Reading found;
      const WalPosition end = writer->end();
      writer = *testing::Recover(options, found);
      REQUIRE(found.entries == expected);
      REQUIRE(writer->end() == end);
      REQUIRE(writer->durable() == end);
    }
    epoch += random.Below(2);
    Entry entry = testing::RandomEntry(random, epoch);
    if (has_large && random.OneIn(20)) entry.payload = testing::RandomBytes(random, random.Below(900'000));
    REQUIRE(testing::AppendEntry(*writer, entry).ok());
    expected.push_back(std::move(entry));
  }
  REQUIRE(writer->Sync().ok());
  REQUIRE(writer->durable() == writer->end());
  const Reading found = ReadAll(options);
  REQUIRE(found.error.ok());
  REQUIRE(found.status == WalReadStatus::kEnd);
  REQUIRE(found.entries == expected);
  REQUIRE(found.end == writer->end());
  for (size_t i = 0; i < found.positions.size(); ++i) {
    REQUIRE(found.positions[i].segment <= found.ends[i].segment);
    for (const WalPosition& from : {found.positions[i], i == 0 ? found.positions[0] : found.ends[i - 1]}) {
      const Reading rest = ReadAll(options, from);
      REQUIRE(rest.error.ok());
      REQUIRE(rest.entries == std::vector<Entry>(expected.begin() + static_cast<ptrdiff_t>(i), expected.end()));
      if (!has_large) continue;
      break;
    }
  }
}

TEST_CASE("what is appended is read back from every position, on the simulated disk") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    World world;
    world.options.segment_bytes = 300 + seed * 400;
    world.options.preallocate = seed % 3 != 0;
    world.options.buffer_bytes = seed * 100;
    RoundTrip(world.options, seed, false);
  }
}

TEST_CASE("what is appended is read back from the machine's disk, by both ways of writing") {
  Scratch scratch;
  for (const bool use_io_uring : {false, true}) {
    for (uint64_t seed = 1; seed <= 2; ++seed) {
      WalOptions options{.files = &os::RealFileSystem(),
                         .clock = &os::RealClock(),
                         .directory = scratch.path() + "/" + std::to_string(seed) + (use_io_uring ? "u" : "p"),
                         .database_id = 1,
                         .segment_bytes = 600'000,
                         .use_io_uring = use_io_uring};
      RoundTrip(options, seed, true);
      Reading found;
      MESSAGE("written with " << (*testing::Recover(options, found))->method());
    }
  }
}

TEST_CASE("the largest payload is read back and a larger one is refused") {
  Scratch scratch;
  WalOptions options{.files = &os::RealFileSystem(), .clock = &os::RealClock(), .directory = scratch.path()};
  const std::unique_ptr<WalWriter> writer = OpenEmpty(options);
  const std::string payload(kWalPayloadBytesMax, 'x');
  CHECK(writer->Append(WalRecordType::kDelta, 1, {payload.data(), kWalPayloadBytesMax + 1}).code() ==
        ErrorCode::kBadArgument);
  REQUIRE(writer->Append(WalRecordType::kDelta, 1, payload).ok());
  REQUIRE(writer->Append(WalRecordType::kEpochComplete, 1, "").ok());
  REQUIRE(writer->Sync().ok());
  const std::unique_ptr<WalReader> reader = *WalReader::Open(options, {});
  WalRecord record;
  REQUIRE(*reader->Next(record) == WalReadStatus::kRecord);
  CHECK(record.payload == payload);
  REQUIRE(*reader->Next(record) == WalReadStatus::kRecord);
  CHECK(record.position.segment == 2);
  CHECK(*reader->Next(record) == WalReadStatus::kEnd);
}

TEST_CASE("the bytes of a segment are the documented ones") {
  World world;
  world.options.preallocate = false;
  const std::unique_ptr<WalWriter> writer = OpenEmpty(world.options);
  REQUIRE(writer->Append(WalRecordType::kDelta, 9, std::string_view("\x01\x01k\x01v", 5)).ok());
  REQUIRE(writer->Append(WalRecordType::kEpochComplete, 9, "").ok());
  REQUIRE(writer->Sync().ok());
  REQUIRE(writer->Roll().ok());
  const std::string bytes = world.files.ReadWhole(WalSegmentPath(world.options, 1), 1 << 20).value();
  CHECK(WalSegmentPath(world.options, 1) == "/db/log/wal-00003-00000000000000000001.log");
  const std::string expected =
      "4c414d57414c3031"  // LAMWAL01
      "0100"
      "0300"
      "00000000"
      "0100000000000000"
      "0100000000000000"
      "0000000000000000"
      "40420f0000000000"
      "4d00000000000000"
      "00000000"
      "49896eb3"
      "05000000"
      "ded8d997"
      "01"
      "00"
      "0300"
      "01000000"
      "0900000000000000"
      "0100000000000000"
      "01016b0176"
      "00000000"
      "b53092e5"
      "02"
      "00"
      "0300"
      "02000000"
      "0900000000000000"
      "0200000000000000"
      "08000000"
      "39b3c2d2"
      "10"
      "00"
      "0300"
      "01000000"
      "0900000000000000"
      "0300000000000000"
      "0200000000000000";
  CHECK(Hex(bytes) == expected);
  CHECK(writer->end() == WalPosition{2, 64, 4});
}

TEST_CASE("a record that fits exactly stays in its segment, one byte more goes to the next") {
  for (const uint64_t more : {0, 1}) {
    World world;
    world.options.segment_bytes = 1000;
    const std::unique_ptr<WalWriter> writer = OpenEmpty(world.options);
    REQUIRE(writer->Append(WalRecordType::kDelta, 1, std::string(300, 'a')).ok());
    const uint64_t room = 1000 - writer->end().offset - kWalRecordHeaderBytes - kWalSegmentEndBytes;
    REQUIRE(writer->Append(WalRecordType::kDelta, 1, std::string(room + more, 'b')).ok());
    CHECK(writer->end().segment == 1 + more);
    REQUIRE(writer->Append(WalRecordType::kDelta, 1, "c").ok());
    CHECK(writer->end().segment == 2);
    REQUIRE(writer->Sync().ok());
    CHECK(ReadAll(world.options).entries.size() == 3);
    CHECK(world.files.Stat(WalSegmentPath(world.options, 1))->bytes == 1000);
  }
}

TEST_CASE("a record larger than a segment gets one of its own") {
  World world;
  const std::unique_ptr<WalWriter> writer = OpenEmpty(world.options);
  for (const size_t bytes : {10, 600'000, 10, 10'000, 10'000, 0}) {
    REQUIRE(writer->Append(WalRecordType::kDelta, 1, std::string(bytes, 'x')).ok());
  }
  REQUIRE(writer->Sync().ok());
  CHECK(writer->end().segment == 6);
  CHECK(ReadAll(world.options).entries.size() == 6);
}

TEST_CASE("rolling a segment without records does nothing") {
  World world;
  const std::unique_ptr<WalWriter> writer = OpenEmpty(world.options);
  CHECK(writer->Roll().ok());
  CHECK(writer->end() == WalPosition{1, 64, 1});
  REQUIRE(writer->Append(WalRecordType::kDelta, 1, "").ok());
  CHECK(writer->Roll().ok());
  CHECK(writer->Roll().ok());
  CHECK(writer->end() == WalPosition{2, 64, 3});
  CHECK(writer->durable() == writer->end());
  CHECK(ReadAll(world.options).end == writer->end());
}

TEST_CASE("truncation removes whole segments before the position and keeps the one that holds it") {
  World world;
  const std::unique_ptr<WalWriter> writer = OpenEmpty(world.options);
  for (int i = 0; i < 4; ++i) {
    REQUIRE(writer->Append(WalRecordType::kDelta, 1, "x").ok());
    REQUIRE(writer->Roll().ok());
  }
  const Reading all = ReadAll(world.options);
  CHECK(*TruncateWalBefore(world.options, {}) == 0);
  CHECK(*TruncateWalBefore(world.options, all.positions[2]) == 2);
  CHECK(*ListWalSegments(world.options) == std::vector<uint64_t>{3, 4, 5});
  CHECK(*TruncateWalBefore(world.options, all.ends[2]) == 0);
  CHECK(ReadAll(world.options, all.ends[2]).entries.size() == 1);
  CHECK(TruncateWalBefore(world.options, {9, 64, 100}).error().code() == ErrorCode::kCorrupt);
  CHECK(*TruncateWalBefore(world.options, writer->end()) == 2);
  CHECK(ReadAll(world.options).end == writer->end());
  REQUIRE(writer->Append(WalRecordType::kDelta, 2, "y").ok());
  REQUIRE(writer->Sync().ok());
  CHECK(ReadAll(world.options).entries.size() == 1);
}

TEST_CASE("logs of several cores and other files share a folder") {
  World world;
  WalOptions other = world.options;
  other.core = 4;
  const std::unique_ptr<WalWriter> first = OpenEmpty(world.options);
  const std::unique_ptr<WalWriter> second = OpenEmpty(other);
  for (const char* name : {"wal-00003-0000000000000000000x.log", "wal-00003-00000000000000000000.log", "wal-", "x"}) {
    REQUIRE(world.files.Open(os::JoinPath(world.options.directory, name), os::OpenMode::kCreate).has_value());
  }
  REQUIRE(second->Append(WalRecordType::kDelta, 1, "second").ok());
  REQUIRE(second->Sync().ok());
  CHECK(*ListWalSegments(world.options) == std::vector<uint64_t>{1});
  CHECK(ReadAll(world.options).entries.empty());
  CHECK(ReadAll(other).entries.size() == 1);
}

TEST_CASE("an empty log is read as ended, and its repair is nothing") {
  World world;
  const Reading none = ReadAll(world.options);
  CHECK(none.error.ok());
  CHECK(none.status == WalReadStatus::kEnd);
  CHECK(none.end == WalPosition{});
  CHECK(RepairWal(world.options, none.end)->bytes_cut == 0);
}

TEST_CASE("a writer refuses what is not for it") {
  World world;
  std::unique_ptr<WalWriter> writer = OpenEmpty(world.options);
  CHECK(writer->Append(WalRecordType::kSegmentEnd, 1, "").code() == ErrorCode::kBadArgument);
  CHECK(writer->Append(WalRecordType::kDelta, 2, "").ok());
  CHECK(writer->Append(WalRecordType::kDelta, 1, "").code() == ErrorCode::kBadArgument);
  CHECK(writer->Append(WalRecordType::kDelta, 2, "x").ok());
  CHECK(writer->Sync().ok());
  const WalPosition end = writer->end();
  writer.reset();
  CHECK(WalWriter::Open(world.options, {}, 0).error().code() == ErrorCode::kBadArgument);
  CHECK(WalWriter::Open(world.options, {1, 64, 1}, 0).error().code() == ErrorCode::kBadArgument);
  CHECK(WalWriter::Open(world.options, {2, 64, 1}, 0).error().code() == ErrorCode::kBadArgument);
  CHECK(WalWriter::Open(world.options, {1, 9999, 1}, 0).error().code() == ErrorCode::kBadArgument);
  writer = *WalWriter::Open(world.options, end, 2);
  CHECK(writer->Append(WalRecordType::kDelta, 1, "").code() == ErrorCode::kBadArgument);
}

}  // namespace
}  // namespace laminar::state
