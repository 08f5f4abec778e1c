// The log on a disk that fails: power cuts at every call, torn writes, full disks, failed syncs, cut files, flipped
// bits, foreign files. The laws of wal.h, attacked.
#include <doctest/doctest.h>

#include <algorithm>

#include "sim/clock.h"
#include "sim/file_system.h"
#include "state/log/testing/wal_kit.h"
#include "state/log/wal_format.h"

namespace laminar::state {
namespace {

using sim::FileFault;
using sim::FileOperation;
using testing::Entry;
using testing::ReadAll;
using testing::Reading;

struct World {
  sim::SimClock clock{1'000'000};
  sim::SimFileSystem files{clock};
  WalOptions options{
      .files = &files, .clock = &clock, .directory = "/db/log", .core = 1, .database_id = 77, .segment_bytes = 4096};
  World() {
    CHECK(files.CreateDirectory("/db").ok());
    CHECK(files.SyncDirectory("/").ok());
  }
  std::string Bytes(uint64_t segment) {
    return files.ReadWhole(WalSegmentPath(options, segment), uint64_t{1} << 30).value();
  }
  void SetBytes(uint64_t segment, std::string_view bytes) {
    CHECK(files.WriteWhole(WalSegmentPath(options, segment), bytes).ok());
  }
};

bool IsPrefix(const std::vector<Entry>& part, const std::vector<Entry>& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

// Groups of records of the given payload sizes, a sync behind each but the last when it is to stay unsynced.
std::vector<Entry> WriteGroups(World& world, const std::vector<std::vector<size_t>>& groups, bool syncs_last) {
  Random random(3);
  const std::unique_ptr<WalWriter> writer = WalWriter::Open(world.options, {}, 0).value();
  std::vector<Entry> entries;
  for (size_t i = 0; i < groups.size(); ++i) {
    for (const size_t bytes : groups[i]) {
      entries.push_back({WalRecordType::kDelta, i + 1, testing::RandomBytes(random, bytes)});
      REQUIRE(testing::AppendEntry(*writer, entries.back()).ok());
    }
    // The buffer reaches the file without a sync by a record too large for it, or here by syncing at the end.
    if (i + 1 < groups.size() || syncs_last) REQUIRE(writer->Sync().ok());
  }
  return entries;
}

struct Run {
  std::vector<Entry> tried;  // every record given to Append that may be in the log
  size_t durable = 0;        // so many are
};

// Appends until the disk fails or enough is done.
void AppendSome(World& world, Random& random, WalWriter& writer, Run& run, int steps) {
  Epoch epoch = run.tried.empty() ? 1 : run.tried.back().epoch;
  for (int step = 0; step < steps; ++step) {
    if (random.OneIn(7)) {
      if (!writer.Sync().ok()) return;
      run.durable = run.tried.size();
    }
    if (random.OneIn(50)) {
      const Status rolled = writer.Roll();
      if (!rolled.ok()) return;
      run.durable = run.tried.size();
    }
    epoch += random.Below(2);
    Entry entry = testing::RandomEntry(random, epoch);
    if (random.OneIn(150)) entry.payload = testing::RandomBytes(random, 300'000);
    const Status status = testing::AppendEntry(writer, entry);
    run.tried.push_back(std::move(entry));
    if (!status.ok()) return;
  }
}

void CheckRecovered(const Reading& found, const Run& run, const std::string& where) {
  REQUIRE_MESSAGE(found.error.ok(), where << ": " << std::string_view(found.error.ToString()));
  REQUIRE_MESSAGE(IsPrefix(found.entries, run.tried), where);
  REQUIRE_MESSAGE(found.entries.size() >= run.durable, where << ": " << found.entries.size() << " of " << run.durable);
}

TEST_CASE("a power cut at any call leaves a prefix that holds every synced record, and the log goes on") {
  uint64_t cuts = 0;
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    for (uint64_t at = 1;; ++at) {
      World world;
      world.options.preallocate = seed % 2 == 0;
      world.options.segment_bytes = seed % 3 == 0 ? 1500 : 4096;
      world.options.buffer_bytes = seed > 3 ? 300 : 100'000;
      world.files.Plan({.kind = FileFault::Kind::kPowerCut, .at_call = at});
      Random random(seed);
      Run run;
      Result<std::unique_ptr<WalWriter>> writer = WalWriter::Open(world.options, {}, 0);
      if (writer) AppendSome(world, random, **writer, run, 120);
      const bool was_cut = !world.files.Stat("/").has_value();
      Random torn(seed * 1000 + at);
      torn.OneIn(3) ? world.files.Crash() : world.files.CrashTorn(torn);
      const std::string where = "seed " + std::to_string(seed) + ", call " + std::to_string(at);
      Reading found;
      Result<std::unique_ptr<WalWriter>> again = testing::Recover(world.options, found);
      CheckRecovered(found, run, where);
      REQUIRE_MESSAGE(again.has_value(), where << ": " << std::string_view(again.error().ToString()));
      const Epoch epoch = found.entries.empty() ? 0 : found.entries.back().epoch;
      REQUIRE((*again)->Append(WalRecordType::kEpochComplete, epoch, "after").ok());
      REQUIRE((*again)->Sync().ok());
      world.files.Crash();
      const Reading second = ReadAll(world.options);
      REQUIRE(second.error.ok());
      REQUIRE(second.status == WalReadStatus::kEnd);
      REQUIRE(second.entries.size() == found.entries.size() + 1);
      if (!was_cut) break;
      ++cuts;
    }
  }
  CHECK(cuts > 100);
}

// The whole life of a log: sessions that end in power cuts at random calls, also while repairing and while going on,
// full disks, cuts of the program's own, truncation of the front.
TEST_CASE("many lives of a log, each ended by a crash, never lose a synced record") {
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    World world;
    Random random(seed);
    world.options.preallocate = random.OneIn(2);
    world.options.segment_bytes = 200 + random.Below(4000);
    world.options.buffer_bytes = random.Below(2000);
    Run run;  // from `first` on
    WalPosition first;
    for (int life = 0; life < 12; ++life) {
      const std::string where = "seed " + std::to_string(seed) + ", life " + std::to_string(life);
      Reading found = ReadAll(world.options, first);
      CheckRecovered(found, run, where);
      // A program cuts behind the last complete epoch, which may be before the end of what is there.
      WalPosition end = found.end;
      if (random.OneIn(3) && !found.entries.empty()) {
        const size_t kept = random.Below(found.entries.size());
        end = found.positions[kept];
        run.durable = std::min(run.durable, kept);
        found.entries.resize(kept);
      }
      if (random.OneIn(2)) world.files.Plan({.kind = FileFault::Kind::kPowerCut, .at_call = 1 + random.Below(60)});
      const bool is_repaired = RepairWal(world.options, end).has_value();
      if (is_repaired) {
        run.tried = found.entries;
        run.durable = run.tried.size();
        const Epoch epoch = run.tried.empty() ? 0 : run.tried.back().epoch;
        Result<std::unique_ptr<WalWriter>> writer = WalWriter::Open(world.options, end, epoch);
        if (writer) AppendSome(world, random, **writer, run, static_cast<int>(random.Below(80)));
        if (writer && random.OneIn(3) && !found.positions.empty() && run.durable > 0 && !found.entries.empty()) {
          const size_t at = random.Below(found.entries.size());
          first = found.positions[at];  // from now on nobody asks for what stands before
          run.tried.erase(run.tried.begin(), run.tried.begin() + static_cast<ptrdiff_t>(at));
          run.durable -= std::min(run.durable, at);
          (void)TruncateWalBefore(world.options, first);
        }
      }
      random.OneIn(3) ? world.files.Crash() : world.files.CrashTorn(random);
    }
  }
}

TEST_CASE("a file cut at any byte of its last records is torn there, never corrupt") {
  for (const bool syncs_each : {false, true}) {
    World world;
    world.options.preallocate = false;
    const std::vector<std::vector<size_t>> groups = syncs_each
                                                        ? std::vector<std::vector<size_t>>{{9, 70}, {40}, {0}, {33}}
                                                        : std::vector<std::vector<size_t>>{{9, 70}, {40, 0, 33}};
    const std::vector<Entry> entries = WriteGroups(world, groups, true);
    const Reading whole = ReadAll(world.options);
    const std::string bytes = world.Bytes(1);
    REQUIRE(whole.entries == entries);
    for (uint64_t cut = whole.positions[2].offset; cut < bytes.size(); ++cut) {
      world.SetBytes(1, std::string_view(bytes).substr(0, cut));
      const Reading found = ReadAll(world.options);
      REQUIRE_MESSAGE(found.error.ok(), "cut at " << cut);
      REQUIRE(IsPrefix(found.entries, entries));
      const uint64_t end = found.end.offset;
      CHECK(end <= cut);
      CHECK(found.entries.size() ==
            static_cast<size_t>(std::count_if(whole.ends.begin(), whole.ends.end(),
                                              [&](const WalPosition& one) { return one.offset <= cut; })));
      // Zeros are no sign of a write: the length of an empty record begins with them.
      const bool is_blank = bytes.find_first_not_of('\0', end) >= cut;
      CHECK(found.status == (is_blank ? WalReadStatus::kEnd : WalReadStatus::kTorn));
    }
  }
}

TEST_CASE("any flipped bit of a record that was durable is corruption, of the last group a torn end") {
  for (const bool preallocate : {false, true}) {
    World world;
    world.options.preallocate = preallocate;
    const std::vector<Entry> entries = WriteGroups(world, {{20, 0}, {25, 300}, {11, 5}}, true);
    const Reading whole = ReadAll(world.options);
    REQUIRE(whole.entries == entries);
    const std::string path = WalSegmentPath(world.options, 1);
    for (uint64_t offset = kWalHeaderBytes; offset < whole.end.offset; ++offset) {
      for (uint32_t bit = 0; bit < 8; ++bit) {
        REQUIRE(world.files.FlipBit(path, offset, bit).ok());
        const Reading found = ReadAll(world.options);
        // The records of the third group say that the first two had been synced before them.
        if (offset < whole.positions[4].offset) {
          REQUIRE_MESSAGE(found.error.code() == ErrorCode::kCorrupt, "byte " << offset << ", bit " << bit);
        } else {
          REQUIRE_MESSAGE(found.error.ok(), "byte " << offset << ", bit " << bit);
          CHECK(found.status == WalReadStatus::kTorn);
          CHECK(found.entries.size() == (offset < whole.positions[5].offset ? 4 : 5));
        }
        REQUIRE(IsPrefix(found.entries, entries));
        REQUIRE(world.files.FlipBit(path, offset, bit).ok());
      }
    }
  }
}

TEST_CASE("any flipped bit of a finished segment, its header and its end included, is corruption") {
  World world;
  world.options.preallocate = false;
  {
    const std::unique_ptr<WalWriter> writer = WalWriter::Open(world.options, {}, 0).value();
    for (const char* text : {"a", "b", ""}) {
      REQUIRE(writer->Append(WalRecordType::kDelta, 1, text).ok());
      if (*text != '\0') REQUIRE(writer->Roll().ok());
    }
    REQUIRE(writer->Sync().ok());
  }
  for (const uint64_t segment : {1, 2, 3}) {
    const std::string path = WalSegmentPath(world.options, segment);
    const uint64_t size = segment == 3 ? kWalHeaderBytes : world.files.Stat(path)->bytes;
    for (uint64_t offset = 0; offset < size; ++offset) {
      const uint32_t bit = offset % 8;
      REQUIRE(world.files.FlipBit(path, offset, bit).ok());
      CHECK_MESSAGE(ReadAll(world.options).error.code() == ErrorCode::kCorrupt, segment << " at " << offset);
      REQUIRE(world.files.FlipBit(path, offset, bit).ok());
    }
  }
}

TEST_CASE("a lost sector of an unsynced group whose later sectors survived is torn, of a synced one corrupt") {
  for (const bool is_synced : {false, true}) {
    World world;
    std::vector<std::vector<size_t>> groups = {{100, 100}, std::vector<size_t>(20, 130)};
    if (is_synced) groups.push_back({10});
    const std::vector<Entry> entries = WriteGroups(world, groups, true);
    const std::string bytes = world.Bytes(1);
    for (size_t sector = 1; sector < 6; ++sector) {
      std::string damaged = bytes;
      damaged.replace(sector * 512, 512, 512, '\0');
      world.SetBytes(1, damaged);
      const Reading found = ReadAll(world.options);
      CHECK(IsPrefix(found.entries, entries));
      CHECK(found.entries.size() >= 2);
      if (is_synced) {
        CHECK(found.error.code() == ErrorCode::kCorrupt);
      } else {
        CHECK(found.error.ok());
        CHECK(found.status == WalReadStatus::kTorn);
      }
    }
  }
}

TEST_CASE("a log that ends before what a checkpoint vouches for is corrupt, however cleanly it ends") {
  World world;
  WalOptions vouched = world.options;
  vouched.durable_sequence = 1;
  CHECK(ReadAll(vouched).error.ok());  // nothing is there, and nothing was
  vouched.durable_sequence = 2;
  CHECK(ReadAll(vouched).error.code() == ErrorCode::kCorrupt);
  WriteGroups(world, {{10, 20}}, true);
  vouched.durable_sequence = 3;
  CHECK(ReadAll(vouched).error.ok());
  CHECK(ReadAll(vouched).entries.size() == 2);
  vouched.durable_sequence = 4;
  const Reading found = ReadAll(vouched);
  CHECK(found.error.code() == ErrorCode::kCorrupt);
  CHECK(found.entries.size() == 2);
}

TEST_CASE("zeros behind the end are a clean end, anything else a torn one") {
  World world;
  const std::vector<Entry> entries = WriteGroups(world, {{10, 20}}, true);
  const Reading clean = ReadAll(world.options);
  CHECK(clean.status == WalReadStatus::kEnd);
  CHECK(world.Bytes(1).size() == 4096);
  const std::string bytes = world.Bytes(1);
  Random random(5);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = bytes;
    const size_t from = clean.end.offset + random.Below(damaged.size() - clean.end.offset);
    const std::string garbage = testing::RandomBytes(random, 1 + random.Below(damaged.size() - from));
    damaged.replace(from, garbage.size(), garbage);
    if (damaged == bytes) continue;
    world.SetBytes(1, damaged);
    const Reading found = ReadAll(world.options);
    REQUIRE(found.error.ok());
    CHECK(found.status == WalReadStatus::kTorn);
    CHECK(found.entries == entries);
    CHECK(found.end == clean.end);
    CHECK(RepairWal(world.options, found.end)->bytes_cut ==
          from + garbage.find_last_not_of('\0') + 1 - found.end.offset);
    CHECK(ReadAll(world.options).status == WalReadStatus::kEnd);
  }
}

TEST_CASE("after a failed sync nothing succeeds any more") {
  World world;
  const std::unique_ptr<WalWriter> writer = WalWriter::Open(world.options, {}, 0).value();
  REQUIRE(writer->Append(WalRecordType::kDelta, 1, "safe").ok());
  REQUIRE(writer->Sync().ok());
  const WalPosition durable = writer->durable();
  REQUIRE(writer->Append(WalRecordType::kDelta, 1, "lost").ok());
  world.files.Plan({.operation = FileOperation::kSync});
  const Status failed = writer->Sync();
  CHECK(failed.code() == ErrorCode::kSyncFailed);
  CHECK_FALSE(failed.hint().empty());
  CHECK(writer->Sync().code() == ErrorCode::kSyncFailed);
  CHECK(writer->Append(WalRecordType::kDelta, 1, "").code() == ErrorCode::kSyncFailed);
  CHECK(writer->Roll().code() == ErrorCode::kSyncFailed);
  CHECK(writer->durable() == durable);
  world.files.Crash();
  CHECK(ReadAll(world.options).entries.size() == 1);
}

TEST_CASE("a failed sync or write anywhere in a roll is final too") {
  for (const FileOperation operation : {FileOperation::kSync, FileOperation::kSyncDirectory, FileOperation::kWrite}) {
    for (uint64_t at = 1; at <= 2; ++at) {
      World world;
      const std::unique_ptr<WalWriter> writer = WalWriter::Open(world.options, {}, 0).value();
      REQUIRE(writer->Append(WalRecordType::kDelta, 1, "x").ok());
      world.files.Plan({.operation = operation, .path_part = "log", .at_call = at});
      const Status rolled = writer->Roll();
      if (rolled.ok()) continue;  // a roll has one sync of the folder
      CHECK(rolled.code() == (operation == FileOperation::kWrite ? ErrorCode::kIo : ErrorCode::kSyncFailed));
      CHECK(writer->Append(WalRecordType::kDelta, 1, "x").code() == rolled.code());
      CHECK(writer->Sync().code() == rolled.code());
    }
  }
}

TEST_CASE("a full disk refuses records until there is room, and the log holds exactly the accepted ones") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    World world;
    Random random(seed);
    world.options.preallocate = random.OneIn(2);
    world.options.segment_bytes = 1000 + random.Below(4000);
    world.options.buffer_bytes = random.Below(3000);
    const std::unique_ptr<WalWriter> writer = WalWriter::Open(world.options, {}, 0).value();
    std::vector<Entry> accepted;
    uint64_t refusals = 0;
    for (int step = 0; step < 150; ++step) {
      world.files.SetCapacity(random.OneIn(4) ? 6000 + random.Below(20'000) : uint64_t{1} << 40);
      // A sync that says "full" is a failed sync like any other, and final: none is planned.
      constexpr FileOperation kGrowing[] = {FileOperation::kWrite, FileOperation::kAllocate, FileOperation::kOpen};
      const FileOperation growing = kGrowing[random.Below(3)];
      if (random.OneIn(3)) world.files.Plan({.kind = FileFault::Kind::kDiskFull, .operation = growing});
      Entry entry = testing::RandomEntry(random, 1);
      if (random.OneIn(10)) entry.payload = testing::RandomBytes(random, 300'000);
      const Status status = testing::AppendEntry(*writer, entry);
      if (status.ok()) accepted.push_back(entry);
      if (!status.ok()) CHECK(status.code() == ErrorCode::kLimitReached);
      refusals += status.ok() ? 0 : 1;
      world.files.ClearFaults();
      if (random.OneIn(5)) {
        const Status synced = writer->Sync();
        if (!synced.ok()) CHECK(synced.code() == ErrorCode::kLimitReached);
        if (synced.ok()) CHECK(writer->durable() == writer->end());
      }
    }
    CHECK(refusals > 0);
    world.files.SetCapacity(UINT64_MAX);
    REQUIRE(writer->Sync().ok());
    world.files.Crash();
    const Reading found = ReadAll(world.options);
    REQUIRE_MESSAGE(found.error.ok(), std::string_view(found.error.ToString()));
    CHECK(found.entries == accepted);
    CHECK(found.end == writer->end());
  }
}

TEST_CASE("what a full disk took of a large record is cut off again") {
  World world;
  const std::unique_ptr<WalWriter> writer = WalWriter::Open(world.options, {}, 0).value();
  REQUIRE(writer->Append(WalRecordType::kDelta, 1, "small").ok());
  REQUIRE(writer->Roll().ok());
  world.files.Plan({.kind = FileFault::Kind::kDiskFull, .operation = FileOperation::kWrite, .at_call = 2});
  const std::string large(300'000, 'x');
  CHECK(writer->Append(WalRecordType::kDelta, 1, large).code() == ErrorCode::kLimitReached);
  const Reading found = ReadAll(world.options);
  CHECK(found.status == WalReadStatus::kEnd);
  CHECK(found.end == writer->end());
  CHECK(writer->Append(WalRecordType::kDelta, 1, large).ok());
  CHECK(writer->Sync().ok());
  CHECK(ReadAll(world.options).entries.size() == 2);
}

TEST_CASE("where a writer goes on, everything before it is durable, whatever it was before") {
  World world;
  world.options.buffer_bytes = 64;
  {
    const std::unique_ptr<WalWriter> writer = WalWriter::Open(world.options, {}, 0).value();
    for (int i = 0; i < 3; ++i) REQUIRE(writer->Append(WalRecordType::kDelta, 1, std::string(100, 'x')).ok());
  }
  const Reading found = ReadAll(world.options);  // the process ended without a sync; the system still has the bytes
  CHECK(found.entries.size() == 3);
  const std::unique_ptr<WalWriter> writer = WalWriter::Open(world.options, found.end, 1).value();
  CHECK(writer->durable() == found.end);
  world.files.Crash();
  CHECK(ReadAll(world.options).entries == found.entries);
}

TEST_CASE("files of another database, another version or another place are refused by name") {
  World world;
  WriteGroups(world, {{10}}, true);
  WalOptions other = world.options;
  other.database_id = 78;
  const Status foreign = ReadAll(other).error;
  CHECK(foreign.code() == ErrorCode::kForeignFile);
  CHECK(foreign.message().find("wal-00001-") != std::string::npos);
  CHECK(RepairWal(other, {1, 64, 1}).error().code() == ErrorCode::kForeignFile);
  CHECK(RepairWal(other, {}).error().code() == ErrorCode::kForeignFile);
  CHECK(world.files.Exists(WalSegmentPath(world.options, 1)));
  const std::string bytes = world.Bytes(1);
  WalSegmentHeader header = *DecodeWalHeader(bytes);
  header.version = 2;
  char encoded[kWalHeaderBytes];
  EncodeWalHeader(header, encoded);
  world.SetBytes(1, std::string(encoded, sizeof(encoded)) + bytes.substr(kWalHeaderBytes));
  CHECK(ReadAll(world.options).error.code() == ErrorCode::kFormatVersion);
  world.SetBytes(2, bytes);
  CHECK(ReadAll(world.options, {2, 64, 1}).error.code() == ErrorCode::kForeignFile);
  CHECK(ReadAll(world.options, {7, 64, 1}).error.code() == ErrorCode::kCorrupt);
}

// A record made by hand at the end of the first segment.
void Forge(World& world, const WalRecordHeader& header, std::string_view payload) {
  const uint64_t at = ReadAll(world.options).end.offset;
  std::string bytes = world.Bytes(1);
  char encoded[kWalRecordHeaderBytes];
  EncodeWalRecord(header, payload, encoded);
  bytes.replace(at, sizeof(encoded), encoded, sizeof(encoded));
  bytes.replace(at + sizeof(encoded), payload.size(), payload);
  world.SetBytes(1, bytes);
}

TEST_CASE("intact records that cannot be ours are errors, and skippable ones of unknown types are passed over") {
  const auto forged = [](WalRecordHeader header) {
    World world;
    WriteGroups(world, {{10, 10}}, true);
    Forge(world, header, "payload");
    return ReadAll(world.options);
  };
  const WalRecordHeader good = {.type = 1, .core = 1, .unsynced_distance = 1, .epoch = 1, .sequence = 3};
  CHECK(forged(good).entries.size() == 3);
  WalRecordHeader header = good;
  header.type = 9;
  CHECK(forged(header).error.code() == ErrorCode::kFormatVersion);
  header.flags = kWalSkippable;
  const Reading skipped = forged(header);
  CHECK(skipped.error.ok());
  CHECK(skipped.status == WalReadStatus::kEnd);
  CHECK(skipped.entries.size() == 2);
  CHECK(skipped.end.sequence == 4);
  header = good;
  header.flags = 1;  // compressed, which nobody writes yet
  CHECK(forged(header).error.code() == ErrorCode::kFormatVersion);
  header = good;
  header.core = 2;
  CHECK(forged(header).error.code() == ErrorCode::kCorrupt);
  header = good;
  header.epoch = 0;
  CHECK(forged(header).error.code() == ErrorCode::kCorrupt);
  header = good;
  header.sequence = 2;  // stale
  CHECK(forged(header).status == WalReadStatus::kTorn);
  header.sequence = 4;  // says that record 3 was durable, and it is not there
  CHECK(forged(header).error.code() == ErrorCode::kCorrupt);
  header.unsynced_distance = 2;
  CHECK(forged(header).status == WalReadStatus::kTorn);
  header = good;
  header.type = 16;  // the end of a segment, naming none
  CHECK(forged(header).error.code() == ErrorCode::kCorrupt);
}

TEST_CASE("a missing segment is corruption in the middle, and a torn roll at the end") {
  World world;
  {
    const std::unique_ptr<WalWriter> writer = WalWriter::Open(world.options, {}, 0).value();
    for (int i = 0; i < 3; ++i) {
      REQUIRE(writer->Append(WalRecordType::kDelta, 1, "x").ok());
      REQUIRE(writer->Roll().ok());
    }
  }
  const std::string fourth = world.Bytes(4);
  REQUIRE(world.files.Remove(WalSegmentPath(world.options, 4)).ok());
  Reading found = ReadAll(world.options);
  CHECK(found.status == WalReadStatus::kTorn);
  CHECK(found.entries.size() == 3);
  CHECK(found.end == found.ends.back());
  world.SetBytes(4, "");  // made, and nothing written
  found = ReadAll(world.options);
  CHECK(found.status == WalReadStatus::kTorn);
  CHECK(RepairWal(world.options, found.end)->segments_removed == 1);
  CHECK(ReadAll(world.options).status == WalReadStatus::kEnd);
  REQUIRE(world.files.Remove(WalSegmentPath(world.options, 2)).ok());
  CHECK(ReadAll(world.options).error.code() == ErrorCode::kCorrupt);
}

TEST_CASE("repair changes nothing the second time, and may be cut anywhere") {
  World world;
  std::string bytes;
  Reading whole;
  const auto prepare = [&](World& fresh) {
    const std::unique_ptr<WalWriter> writer = WalWriter::Open(fresh.options, {}, 0).value();
    for (int i = 0; i < 9; ++i) {
      REQUIRE(writer->Append(WalRecordType::kDelta, 1, std::string(50, 'x')).ok());
      if (i % 3 == 2) REQUIRE(writer->Roll().ok());
    }
    REQUIRE(writer->Sync().ok());
    whole = ReadAll(fresh.options);
  };
  prepare(world);
  const WalPosition end = whole.positions[2];
  const WalRepair first = *RepairWal(world.options, end);
  CHECK(first.segments_removed == 3);
  CHECK(first.bytes_cut > 7 * 50);
  CHECK(ReadAll(world.options).end == end);
  const WalRepair second = *RepairWal(world.options, end);
  CHECK(second.segments_removed == 0);
  CHECK(second.bytes_cut == 0);
  uint64_t cuts = 0;
  for (uint64_t at = 1;; ++at) {
    World fresh;
    prepare(fresh);
    fresh.files.Plan({.kind = FileFault::Kind::kPowerCut, .at_call = at});
    const bool is_done = RepairWal(fresh.options, end).has_value();
    Random random(at);
    random.OneIn(2) ? fresh.files.Crash() : fresh.files.CrashTorn(random);
    const Reading found = ReadAll(fresh.options);
    REQUIRE_MESSAGE(found.error.ok(), "call " << at << ": " << std::string_view(found.error.ToString()));
    CHECK(found.entries.size() >= 2);
    CHECK(IsPrefix(found.entries, whole.entries));
    REQUIRE(RepairWal(fresh.options, end).has_value());
    CHECK(ReadAll(fresh.options).entries.size() == 2);
    if (is_done) break;
    ++cuts;
  }
  CHECK(cuts > 10);
}

}  // namespace
}  // namespace laminar::state
