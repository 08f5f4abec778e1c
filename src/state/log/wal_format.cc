#include "state/log/wal_format.h"

#include <bit>
#include <cstring>

#include "base/crc32c.h"
#include "base/text.h"

namespace laminar::state {
namespace {

static_assert(std::endian::native == std::endian::little, "the log is little-endian");

constexpr std::string_view kMagic = "LAMWAL01";
constexpr size_t kCoreDigits = 5;
constexpr size_t kSegmentDigits = 20;
constexpr std::string_view kNameStart = "wal-";
constexpr std::string_view kNameEnd = ".log";

template <class T>
void Store(char* at, T value) {
  std::memcpy(at, &value, sizeof(T));
}
template <class T>
T Load(const char* at) {
  T value{};
  std::memcpy(&value, at, sizeof(T));
  return value;
}

std::string Digits(uint64_t number, size_t width) {
  const std::string digits = std::to_string(number);
  return std::string(width - digits.size(), '0') + digits;
}

std::optional<uint64_t> ParseDigits(std::string_view digits) {
  for (const char c : digits) {
    if (!IsDigitAscii(c)) return std::nullopt;
  }
  const Result<uint64_t> number = ParseUint64(digits);
  return number ? std::optional<uint64_t>(*number) : std::nullopt;
}

}  // namespace

void EncodeWalHeader(const WalSegmentHeader& header, char (&out)[kWalHeaderBytes]) {
  std::memset(out, 0, kWalHeaderBytes);
  std::memcpy(out, kMagic.data(), kMagic.size());
  Store(out + 8, header.version);
  Store(out + 10, header.core);
  Store(out + 12, header.flags);
  Store(out + 16, header.segment);
  Store(out + 24, header.first_sequence);
  Store(out + 32, header.epoch);
  Store(out + 40, header.created);
  Store(out + 48, header.database_id);
  Store(out + 60, Crc32c(0, {out, 60}));
}

std::optional<WalSegmentHeader> DecodeWalHeader(std::string_view bytes) {
  if (bytes.size() < kWalHeaderBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  const char* at = bytes.data();
  if (Load<uint32_t>(at + 60) != Crc32c(0, bytes.substr(0, 60))) return std::nullopt;
  return WalSegmentHeader{.version = Load<uint16_t>(at + 8),
                          .core = Load<uint16_t>(at + 10),
                          .flags = Load<uint32_t>(at + 12),
                          .segment = Load<uint64_t>(at + 16),
                          .first_sequence = Load<uint64_t>(at + 24),
                          .epoch = Load<uint64_t>(at + 32),
                          .created = Load<int64_t>(at + 40),
                          .database_id = Load<uint64_t>(at + 48)};
}

void EncodeWalRecord(const WalRecordHeader& header, std::string_view payload, char* out) {
  Store(out, static_cast<uint32_t>(payload.size()));
  Store(out + 8, header.type);
  Store(out + 9, header.flags);
  Store(out + 10, header.core);
  Store(out + 12, header.unsynced_distance);
  Store(out + 16, header.epoch);
  Store(out + 24, header.sequence);
  Store(out + 4, Crc32c(Crc32c(Crc32c(0, {out, 4}), {out + 8, kWalRecordHeaderBytes - 8}), payload));
}

WalRecordHeader DecodeWalRecord(const char* bytes) {
  return {.payload_bytes = Load<uint32_t>(bytes),
          .checksum = Load<uint32_t>(bytes + 4),
          .type = Load<uint8_t>(bytes + 8),
          .flags = Load<uint8_t>(bytes + 9),
          .core = Load<uint16_t>(bytes + 10),
          .unsynced_distance = Load<uint32_t>(bytes + 12),
          .epoch = Load<uint64_t>(bytes + 16),
          .sequence = Load<uint64_t>(bytes + 24)};
}

bool IsWalRecordWhole(std::string_view record) {
  return Load<uint32_t>(record.data() + 4) == Crc32c(Crc32c(0, record.substr(0, 4)), record.substr(8));
}

std::string WalSegmentName(uint16_t core, uint64_t segment) {
  return std::string(kNameStart) + Digits(core, kCoreDigits) + "-" + Digits(segment, kSegmentDigits) +
         std::string(kNameEnd);
}

std::string WalSegmentPath(const WalOptions& options, uint64_t segment) {
  return os::JoinPath(options.directory, WalSegmentName(options.core, segment));
}

std::optional<uint64_t> ParseWalSegmentName(std::string_view name, uint16_t core) {
  constexpr size_t kCoreAt = kNameStart.size();
  constexpr size_t kSegmentAt = kCoreAt + kCoreDigits + 1;
  if (name.size() != kSegmentAt + kSegmentDigits + kNameEnd.size()) return std::nullopt;
  if (!name.starts_with(kNameStart) || !name.ends_with(kNameEnd) || name[kSegmentAt - 1] != '-') return std::nullopt;
  if (ParseDigits(name.substr(kCoreAt, kCoreDigits)) != core) return std::nullopt;
  const std::optional<uint64_t> segment = ParseDigits(name.substr(kSegmentAt, kSegmentDigits));
  return segment == 0 ? std::nullopt : segment;
}

}  // namespace laminar::state
