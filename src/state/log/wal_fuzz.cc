// Damaged logs and hostile deltas: whatever the bytes, the readers answer records that were written, or an error, or an
// end; and a log cut where its reader says it ends reads cleanly and goes on.
#include <algorithm>

#include "base/check.h"
#include "sim/clock.h"
#include "sim/file_system.h"
#include "state/log/delta.h"
#include "state/log/testing/wal_kit.h"
#include "state/log/wal_format.h"
#include "tests/fuzz.h"

namespace {

using namespace laminar;
using namespace laminar::state;
using testing::Entry;
using testing::ReadAll;
using testing::Reading;

void FuzzDelta(Random& random) {
  std::string bytes;
  DeltaWriter writer(bytes);
  for (uint64_t i = random.Below(10); i > 0; --i) {
    const std::string key = testing::RandomBytes(random, random.Below(20));
    switch (random.Below(3)) {
      case 0: writer.Put(key, testing::RandomBytes(random, random.Below(300))); break;
      case 1: writer.Delete(key); break;
      default: writer.DeleteRange(key, testing::RandomBytes(random, random.Below(20))); break;
    }
  }
  for (uint64_t i = random.Below(4); i > 0 && !bytes.empty(); --i) {
    bytes[random.Below(bytes.size())] = static_cast<char>(random.Below(256));
  }
  bytes.resize(random.OneIn(3) ? random.Below(bytes.size() + 1) : bytes.size());
  // What is read can be written again, and says the same.
  std::string again;
  DeltaWriter copy(again);
  DeltaReader reader(bytes);
  DeltaEntry entry;
  while (true) {
    const Result<bool> more = reader.Next(entry);
    if (!more) CHECK(more.error().code() == ErrorCode::kCorrupt);
    if (!more || !*more) break;
    CHECK(entry.key.data() >= bytes.data() && entry.key.data() + entry.key.size() <= bytes.data() + bytes.size());
    if (entry.op == DeltaOp::kPut) copy.Put(entry.key, entry.value);
    if (entry.op == DeltaOp::kDelete) copy.Delete(entry.key);
    if (entry.op == DeltaOp::kDeleteRange) copy.DeleteRange(entry.key, entry.value);
  }
  CHECK(again.size() <= bytes.size());
}

// Bytes turned, zeroed, moved, cut or added; sometimes a header or record with a checksum that fits.
std::string Damage(Random& random, std::string bytes, bool may_forge) {
  for (uint64_t i = 1 + random.Below(4); i > 0 && !bytes.empty(); --i) {
    const size_t at = random.Below(bytes.size());
    const size_t length = std::min(random.Below(100), bytes.size() - at);
    switch (random.Below(may_forge ? 7 : 6)) {
      case 0: bytes[at] = static_cast<char>(random.Below(256)); break;
      case 1: bytes.replace(at, length, length, '\0'); break;
      case 2: bytes.replace(at, length, testing::RandomBytes(random, length)); break;
      case 3: bytes.resize(at); break;
      case 4: bytes += testing::RandomBytes(random, length); break;
      case 5: bytes.replace(at, length, bytes.substr(random.Below(bytes.size()), length)); break;
      default: {
        char record[kWalRecordHeaderBytes];
        EncodeWalRecord({.type = static_cast<uint8_t>(random.Below(20)),
                         .flags = static_cast<uint8_t>(random.OneIn(2) ? 0 : random.Below(256)),
                         .core = static_cast<uint16_t>(random.OneIn(4) ? 0 : 1),
                         .unsynced_distance = static_cast<uint32_t>(random.Below(4)),
                         .epoch = random.Below(30),
                         .sequence = random.OneIn(5) ? random.Next() : random.Below(40)},
                        "", record);
        bytes.insert(at, record, sizeof(record));
      }
    }
  }
  return bytes;
}

void FuzzLog(Random& random) {
  sim::SimClock clock;
  sim::SimFileSystem files(clock);
  const WalOptions options{.files = &files,
                           .clock = &clock,
                           .directory = "/log",
                           .core = 1,
                           .database_id = 5,
                           .segment_bytes = 500 + random.Below(3000),
                           .buffer_bytes = random.Below(1000),
                           .preallocate = random.OneIn(2)};
  {
    const std::unique_ptr<WalWriter> writer = WalWriter::Open(options, {}, 0).value();
    for (uint64_t i = random.Below(40); i > 0; --i) {
      CHECK(testing::AppendEntry(*writer, testing::RandomEntry(random, 20 - i / 2)).ok());
      if (random.OneIn(4)) CHECK(writer->Sync().ok());
    }
    CHECK(writer->Sync().ok());
  }
  const Reading whole = ReadAll(options);
  CHECK(whole.error.ok());
  const std::vector<uint64_t> segments = *ListWalSegments(options);
  const std::string path = WalSegmentPath(options, segments[random.Below(segments.size())]);
  const bool may_forge = random.OneIn(3);
  CHECK(files.WriteWhole(path, Damage(random, *files.ReadWhole(path, 1 << 24), may_forge)).ok());
  const Reading found = ReadAll(options);
  CHECK(may_forge || (found.entries.size() <= whole.entries.size() &&
                      std::equal(found.entries.begin(), found.entries.end(), whole.entries.begin())));
  if (!whole.positions.empty()) (void)ReadAll(options, whole.positions[random.Below(whole.positions.size())]);
  if (!found.error.ok()) return;
  CHECK(found.status != WalReadStatus::kRecord);
  Reading again;
  Result<std::unique_ptr<WalWriter>> writer = testing::Recover(options, again);
  CHECK(again.entries == found.entries);
  CHECK(writer.has_value());
  CHECK((*writer)->Append(WalRecordType::kDelta, uint64_t{1} << 40, "on").ok());
  CHECK((*writer)->Sync().ok());
  const Reading last = ReadAll(options);
  CHECK(last.error.ok());
  CHECK(last.status == WalReadStatus::kEnd);
  CHECK(last.entries.size() == found.entries.size() + 1);
}

}  // namespace

void FuzzSeed(uint64_t seed) {
  Random random(seed);
  for (int i = 0; i < 20; ++i) FuzzDelta(random);
  for (int i = 0; i < 5; ++i) FuzzLog(random);
}
