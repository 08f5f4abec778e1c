// Delta: what changed in an epoch, as bytes: the payload of the log's change records and what checkpoints apply.
//
// A sequence of operations on byte keys, in order; the last one of a key decides. Stable format (docs/formats/wal.md):
//   u8 1 put:          varint key length, key, varint value length, value
//   u8 2 delete:       varint key length, key
//   u8 3 delete range: varint length, first key, varint length, first key behind the range
// varint: LEB128, at most 5 bytes. Keys are at most 16 MiB, values at most 240 MiB: the caller of DeltaWriter sees to
// it (checked). A range whose end is not above its first key is empty.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace laminar::state {

inline constexpr uint64_t kDeltaKeyBytesMax = uint64_t{16} << 20;
inline constexpr uint64_t kDeltaValueBytesMax = uint64_t{240} << 20;
inline constexpr size_t kDeltaPartBytes = size_t{64} << 10;

enum class DeltaOp : uint8_t { kPut = 1, kDelete = 2, kDeleteRange = 3 };

// Memory for parts of deltas, used again and again: fresh memory is slow exactly while the graph stands still for the
// end of an epoch, and a string that grows is copied. Thread: any.
class DeltaPool {
 public:
  DeltaPool();
  ~DeltaPool();
  std::string Take();             // empty, with room for a part; waits for nobody
  void Give(std::string&& part);  // what is no part, and what there is enough of, is freed
  void Prepare();                 // sees to it that some are there to be taken, touched
  void PrepareSome();             // a step towards that

 private:
  struct Free;
  bool IsPrepared() const;
  std::unique_ptr<Free> free_;
};

// An epoch's delta while it is made and handed on, in parts of whole operations: a record of the log each. Parts are
// about kDeltaPartBytes long, at most twice that; an operation that is larger stands alone. Moves only; the pool must
// outlive it.
class Delta {
 public:
  explicit Delta(DeltaPool* pool = nullptr) : pool_(pool) {}
  Delta(std::string part);  // NOLINT: a delta of one part
  Delta(Delta&&) = default;
  Delta& operator=(Delta&&) = default;

  const std::vector<std::string>& parts() const { return parts_; }
  uint64_t bytes() const { return closed_bytes_ + (parts_.empty() ? 0 : parts_.back().size()); }
  bool empty() const { return bytes() == 0; }
  // Takes back what was appended since bytes() was that.
  void CutTo(uint64_t bytes);
  // Gives the memory of its parts back and is empty.
  void Release();
  // What is much smaller than a part is kept in as little memory as it takes: many deltas may wait for a disk, and
  // their bytes are what is limited.
  void Shrink();

 private:
  friend class DeltaWriter;
  std::string& Open();          // the part for the next operation
  void SetApart(size_t start);  // what stands in the last part from there on

  DeltaPool* pool_ = nullptr;
  std::vector<std::string> parts_;
  uint64_t closed_bytes_ = 0;  // of all parts but the last
};

// Appends operations to a delta, or to bytes.
class DeltaWriter {
 public:
  DeltaWriter(std::string& out) : out_(&out) {}  // NOLINT: who appends does not care to what
  DeltaWriter(Delta& delta) : delta_(&delta) {}  // NOLINT
  void Put(std::string_view key, std::string_view value);
  void Delete(std::string_view key);
  void DeleteRange(std::string_view first, std::string_view behind);

  struct PutSize {
    uint64_t key = 0;
    uint64_t value = 0;
    bool fits() const { return key <= kDeltaKeyBytesMax && value <= kDeltaValueBytesMax; }
  };
  // A put of what the functions append to the string they are given, written in place. Nothing is left of one that does
  // not fit.
  template <class Key, class Value>
  PutSize PutInPlace(const Key& append_key, const Value& append_value) {
    std::string& out = Begin(DeltaOp::kPut);
    PutSize size;
    size.key = AppendMeasured(append_key, out);
    size.value = AppendMeasured(append_value, out);
    End(size.fits());
    return size;
  }

 private:
  std::string& Begin(DeltaOp op);
  void End(bool keep = true);
  // Behind its length, for which a byte is enough more often than not.
  template <class Append>
  static uint64_t AppendMeasured(const Append& append, std::string& out) {
    const size_t start = out.size();
    out.push_back('\0');
    append(out);
    const uint64_t length = out.size() - start - 1;
    if (length < 0x80) [[likely]]
      out[start] = static_cast<char>(length);
    else
      PutLength(length, out, start);
    return length;
  }
  static void PutLength(uint64_t length, std::string& out, size_t at);

  std::string* out_ = nullptr;
  Delta* delta_ = nullptr;
  size_t start_ = 0;  // of the operation that is being written
};

struct DeltaEntry {
  DeltaOp op = DeltaOp::kPut;
  std::string_view key;
  std::string_view value;  // of a put; the end of a range
};

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
