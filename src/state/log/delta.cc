#include "state/log/delta.h"

#include "base/bytes.h"
#include "base/check.h"

namespace laminar::state {
namespace {

constexpr size_t kLengthBytesMax = 5;

internal::Failure BadDelta(size_t total, size_t left, const std::string& what) {
  return Error(ErrorCode::kCorrupt, "reading a delta of " + std::to_string(total) + " bytes, at byte " +
                                        std::to_string(total - left) + ": " + what);
}

}  // namespace

void DeltaWriter::Put(std::string_view key, std::string_view value) {
  CHECK(key.size() <= kDeltaKeyBytesMax);
  CHECK(value.size() <= kDeltaValueBytesMax);
  out_.push_back(static_cast<char>(DeltaOp::kPut));
  AppendText(key, out_);
  AppendText(value, out_);
}

void DeltaWriter::Delete(std::string_view key) {
  CHECK(key.size() <= kDeltaKeyBytesMax);
  out_.push_back(static_cast<char>(DeltaOp::kDelete));
  AppendText(key, out_);
}

void DeltaWriter::DeleteRange(std::string_view first, std::string_view behind) {
  CHECK(first.size() <= kDeltaKeyBytesMax);
  CHECK(behind.size() <= kDeltaKeyBytesMax);
  out_.push_back(static_cast<char>(DeltaOp::kDeleteRange));
  AppendText(first, out_);
  AppendText(behind, out_);
}

Status DeltaReader::Part(std::string_view& out, uint64_t bytes_max) {
  const size_t before = rest_.size();
  uint64_t length = 0;
  if (!TakeVarint(rest_, length) || before - rest_.size() > kLengthBytesMax) {
    return BadDelta(total_, before, "no length of a key or value");
  }
  if (length > bytes_max || length > rest_.size()) {
    return BadDelta(total_, before,
                    "a length of " + std::to_string(length) + ", but " + std::to_string(rest_.size()) +
                        " bytes are left and " + std::to_string(bytes_max) + " are allowed");
  }
  out = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return Status::Ok();
}

Result<bool> DeltaReader::Next(DeltaEntry& out) {
  if (rest_.empty()) return false;
  const auto op = static_cast<uint8_t>(rest_.front());
  if (op < static_cast<uint8_t>(DeltaOp::kPut) || op > static_cast<uint8_t>(DeltaOp::kDeleteRange)) {
    return BadDelta(total_, rest_.size(), "unknown operation " + std::to_string(op));
  }
  rest_.remove_prefix(1);
  out.op = static_cast<DeltaOp>(op);
  out.value = {};
  TRY(Part(out.key, kDeltaKeyBytesMax));
  if (out.op == DeltaOp::kPut) TRY(Part(out.value, kDeltaValueBytesMax));
  if (out.op == DeltaOp::kDeleteRange) TRY(Part(out.value, kDeltaKeyBytesMax));
  return true;
}

Result<std::string_view> FirstPart(std::string_view delta, size_t bytes_max) {
  DeltaReader reader(delta);
  DeltaEntry entry;
  size_t size = 0;
  while (TRY(reader.Next(entry))) {
    const size_t behind = delta.size() - reader.bytes_left();
    if (size > 0 && behind > bytes_max) break;
    size = behind;
  }
  return delta.substr(0, size);
}

}  // namespace laminar::state
