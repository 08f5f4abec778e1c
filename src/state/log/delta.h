// Delta: what changed in an epoch, as bytes: the payload of the log's change records and what checkpoints apply.
//
// A sequence of operations on byte keys, in order; the last one of a key decides. Stable format (docs/formats/wal.md):
//   u8 1 put:          varint key length, key, varint value length, value
//   u8 2 delete:       varint key length, key
//   u8 3 delete range: varint length, first key, varint length, first key behind the range
// varint: LEB128, at most 5 bytes. Keys are at most 16 MiB, values at most 240 MiB: the caller of DeltaWriter sees to
// it (checked). A range whose end is not above its first key is empty. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace laminar::state {

inline constexpr uint64_t kDeltaKeyBytesMax = uint64_t{16} << 20;
inline constexpr uint64_t kDeltaValueBytesMax = uint64_t{240} << 20;

enum class DeltaOp : uint8_t { kPut = 1, kDelete = 2, kDeleteRange = 3 };

class DeltaWriter {
 public:
  explicit DeltaWriter(std::string& out) : out_(out) {}
  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  void DeleteRange(std::string_view first, std::string_view behind);

 private:
  std::string& out_;
};

struct DeltaEntry {
  DeltaOp op = DeltaOp::kPut;
  std::string_view key;
  std::string_view value;  // of a put; the end of a range
};

// The longest part at the front of a delta that is whole operations and takes at most `bytes_max`; one operation at
// least.
Result<std::string_view> FirstPart(std::string_view delta, size_t bytes_max);

// Takes untrusted bytes.
class DeltaReader {
 public:
  explicit DeltaReader(std::string_view bytes) : rest_(bytes), total_(bytes.size()) {}
  // False: no more. kCorrupt with the offset when the bytes are no delta. The views point into the bytes.
  Result<bool> Next(DeltaEntry& out);
  size_t bytes_left() const { return rest_.size(); }

 private:
  Status Part(std::string_view& out, uint64_t bytes_max);
  std::string_view rest_;
  size_t total_;
};

}  // namespace laminar::state
