// The bytes of the write-ahead log: file names, segment header, record header (docs/formats/wal.md). Internal to
// state/log. Law: decoding gives what was encoded, and any flipped bit of a header or record is seen.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "state/log/wal.h"

namespace laminar::state {

inline constexpr uint64_t kWalHeaderBytes = 64;  // of a segment; the first record stands behind it
inline constexpr uint64_t kWalRecordHeaderBytes = 32;
inline constexpr uint64_t kWalSegmentEndBytes = kWalRecordHeaderBytes + 8;
inline constexpr uint64_t kWalPayloadBytesMax = 268'435'456 + 65'536 + 64;
inline constexpr uint16_t kWalVersion = 1;
inline constexpr uint32_t kWalPreallocated = 1;  // flag of a segment
inline constexpr uint8_t kWalSkippable = 0x80;  // flag of a record: a reader that does not know its type passes over it
inline constexpr uint8_t kWalFlagsIgnored = 0x02;

struct WalSegmentHeader {
  uint16_t version = kWalVersion;
  uint16_t core = 0;
  uint32_t flags = 0;
  uint64_t segment = 0;
  uint64_t first_sequence = 0;
  Epoch epoch = 0;  // open when the segment was made
  Timestamp created = 0;
  uint64_t database_id = 0;
};

void EncodeWalHeader(const WalSegmentHeader& header, char (&out)[kWalHeaderBytes]);
// Nothing when the bytes are too few, or the magic or the checksum is wrong.
std::optional<WalSegmentHeader> DecodeWalHeader(std::string_view bytes);

struct WalRecordHeader {
  uint32_t payload_bytes = 0;
  uint32_t checksum = 0;
  uint8_t type = 0;
  uint8_t flags = 0;
  uint16_t core = 0;
  uint32_t unsynced_distance = 0;  // from the last record known to be durable when this one was appended; at least 1
  uint64_t epoch = 0;
  uint64_t sequence = 0;
};

// Writes kWalRecordHeaderBytes, with the length and checksum of the payload; those fields of `header` are not used.
void EncodeWalRecord(const WalRecordHeader& header, std::string_view payload, char* out);
// From at least kWalRecordHeaderBytes.
WalRecordHeader DecodeWalRecord(const char* bytes);
// Of a whole record, header and payload: whether the checksum fits.
bool IsWalRecordWhole(std::string_view record);

std::string WalSegmentName(uint16_t core, uint64_t segment);
std::string WalSegmentPath(const WalOptions& options, uint64_t segment);
// The segment's number when the name is one of this core's.
std::optional<uint64_t> ParseWalSegmentName(std::string_view name, uint16_t core);

}  // namespace laminar::state
