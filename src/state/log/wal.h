// The write-ahead log of one core: segments of records with checksum and sequence number. Interface; the format is
// docs/formats/wal.md.
//
// Laws. A record acknowledged by Sync survives every crash. What is read back is a prefix of what was appended, holding
// at least every synced record. A damaged record that was once durable is kCorrupt and never skipped; a torn tail ends
// the log. A failed sync is final: the writer answers every later call with that error (fsync may lose pages once and
// then say yes).
// Threads: a writer or reader belongs to one thread at a time (ring 1).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "os/clock.h"
#include "os/file.h"
#include "state/table/state_table.h"

namespace laminar::state {

// Where a record starts, or the end of the log: the place of the next one. segment 0: before everything.
struct WalPosition {
  uint64_t segment = 0;
  uint64_t offset = 0;    // in the segment's file
  uint64_t sequence = 0;  // of the record there
  friend bool operator==(const WalPosition&, const WalPosition&) = default;
};

// Types 1 to 15 belong to the log's users, 16 and up to the log itself.
enum class WalRecordType : uint8_t {
  kDelta = 1,          // payload: a delta (state/log/delta.h)
  kEpochComplete = 2,  // everything of the record's epoch stands before it
  kSegmentEnd = 16,    // the log goes on in the next segment
};

struct WalRecord {
  WalRecordType type = WalRecordType::kDelta;
  Epoch epoch = 0;
  WalPosition position;
  WalPosition end;           // of the record: the position behind it
  std::string_view payload;  // valid until the next call
};

struct WalOptions {
  os::FileSystem* files = nullptr;
  const os::Clock* clock = nullptr;
  std::string directory;  // made if missing; the folder above it is the caller's
  uint16_t core = 0;
  uint64_t database_id = 0;
  uint64_t segment_bytes = uint64_t{64} << 20;
  uint64_t buffer_bytes = uint64_t{256} << 10;  // appended records wait here; at least 64
  bool preallocate = true;
  // For readers: a sequence up to which (itself excluded) others vouch that the log had been durable, as the positions
  // in checkpoints do. A log that ends before it is kCorrupt.
  uint64_t durable_sequence = 0;
  bool use_io_uring = true;  // where the file is real and the kernel allows it; else pwrite and fdatasync
};

class WalWriter {
 public:
  // Continues at `at`, the end that WalReader found and RepairWal has made the real end of the log (segment 0: an empty
  // directory; the first segment is number 1, the first sequence 1).
  static Result<std::unique_ptr<WalWriter>> Open(WalOptions options, const WalPosition& at, Epoch epoch);
  virtual ~WalWriter() = default;
  // Buffers the record and writes full buffers; durable after Sync. `epoch` never decreases. kLimitReached (disk full):
  // the record is not in the log and the call may be repeated when there is room. A record never spans segments.
  virtual Status Append(WalRecordType type, Epoch epoch, std::string_view payload) = 0;
  // kLimitReached: as for Append, may be repeated. Any other error is final (kSyncFailed: see the laws).
  virtual Status Sync() = 0;
  // The next record goes to a new segment.
  virtual Status Roll() = 0;
  virtual WalPosition end() const = 0;          // of what was appended
  virtual WalPosition durable() const = 0;      // of what survives a crash
  virtual std::string_view method() const = 0;  // "io_uring" or "pwrite"
};

enum class WalReadStatus : uint8_t {
  kRecord,
  kEnd,   // the log ends cleanly
  kTorn,  // and an unfinished write stands behind its end
};

class WalReader {
 public:
  // From a position that was the start of a record (segment 0: from the oldest segment there is). kCorrupt when the
  // segment is missing, kForeignFile when it belongs to another database, kFormatVersion for another format version.
  static Result<std::unique_ptr<WalReader>> Open(WalOptions options, const WalPosition& from);
  virtual ~WalReader() = default;
  // kSegmentEnd records are followed, not returned. kCorrupt: see the laws.
  virtual Result<WalReadStatus> Next(WalRecord& out) = 0;
  virtual WalPosition end() const = 0;  // behind the last record returned
};

struct WalRepair {
  uint64_t bytes_cut = 0;
  uint64_t segments_removed = 0;
};
// Removes everything behind `end` durably, so that a writer can go on there. Running it again changes nothing.
Result<WalRepair> RepairWal(const WalOptions& options, const WalPosition& end);

// Removes whole segments that end at or before `position`. Returns how many.
Result<uint64_t> TruncateWalBefore(const WalOptions& options, const WalPosition& position);

// Segment files of this core there are, ascending.
Result<std::vector<uint64_t>> ListWalSegments(const WalOptions& options);

}  // namespace laminar::state
