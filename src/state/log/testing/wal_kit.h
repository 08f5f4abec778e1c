// What the tests of the log share: records as plain values, reading a log to its end, recovering it as a program does.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "state/log/wal.h"

namespace laminar::state::testing {

struct Entry {
  WalRecordType type = WalRecordType::kDelta;
  Epoch epoch = 0;
  std::string payload;
  bool operator==(const Entry&) const = default;
};

struct Reading {
  std::vector<Entry> entries;
  std::vector<WalPosition> positions;  // of each
  std::vector<WalPosition> ends;       // behind each
  WalReadStatus status = WalReadStatus::kEnd;
  WalPosition end;
  Status error;  // of opening or reading; then status means nothing
};

inline Reading ReadAll(const WalOptions& options, const WalPosition& from = {}) {
  Reading reading;
  Result<std::unique_ptr<WalReader>> reader = WalReader::Open(options, from);
  if (!reader) {
    reading.error = reader.error();
    return reading;
  }
  WalRecord record;
  while (true) {
    const Result<WalReadStatus> status = (*reader)->Next(record);
    reading.end = (*reader)->end();
    if (!status) {
      reading.error = status.error();
      return reading;
    }
    reading.status = *status;
    if (*status != WalReadStatus::kRecord) return reading;
    reading.entries.push_back({record.type, record.epoch, std::string(record.payload)});
    reading.positions.push_back(record.position);
    reading.ends.push_back(record.end);
  }
}

// Reads, cuts, and opens for writing, as after a start of the program.
inline Result<std::unique_ptr<WalWriter>> Recover(const WalOptions& options, Reading& found) {
  found = ReadAll(options);
  if (!found.error.ok()) return std::unexpected(found.error);
  TRY(RepairWal(options, found.end));
  return WalWriter::Open(options, found.end, found.entries.empty() ? 0 : found.entries.back().epoch);
}

inline std::string RandomBytes(Random& random, size_t bytes) {
  std::string text(bytes, '\0');
  for (char& c : text) c = static_cast<char>(random.Below(256));
  return text;
}

// Mostly small, sometimes empty, rarely larger than a page.
inline Entry RandomEntry(Random& random, Epoch epoch) {
  const WalRecordType type = random.OneIn(5) ? WalRecordType::kEpochComplete : WalRecordType::kDelta;
  const size_t bytes = random.OneIn(8) ? 0 : random.Below(random.OneIn(10) ? 3000 : 200);
  return {type, epoch, RandomBytes(random, bytes)};
}

inline Status AppendEntry(WalWriter& writer, const Entry& entry) {
  return writer.Append(entry.type, entry.epoch, entry.payload);
}

}  // namespace laminar::state::testing
