#include "state/log/delta.h"

#include <mutex>

#include "base/bytes.h"
#include "base/check.h"

namespace laminar::state {
namespace {

constexpr size_t kLengthBytesMax = 5;
constexpr size_t kRoomBytes = 1024;  // a part with less room is closed: most operations are shorter
constexpr size_t kPartsAhead = 16;
constexpr size_t kPartsKept = 256;  // 16 MiB: the log does not give parts back while it makes a checkpoint

internal::Failure BadDelta(size_t total, size_t left, const std::string& what) {
  return Error(ErrorCode::kCorrupt, "reading a delta of " + std::to_string(total) + " bytes, at byte " +
                                        std::to_string(total - left) + ": " + what);
}

}  // namespace

struct DeltaPool::Free {
  std::mutex mutex;
  std::vector<std::string> parts;
};

DeltaPool::DeltaPool() : free_(std::make_unique<Free>()) {}
DeltaPool::~DeltaPool() = default;

std::string DeltaPool::Take() {
  std::string part;
  {
    // Who holds it may have lost its cpu; the graph stands still meanwhile, and fresh memory is quicker than waiting.
    const std::unique_lock lock(free_->mutex, std::try_to_lock);
    if (lock.owns_lock() && !free_->parts.empty()) {
      part = std::move(free_->parts.back());
      free_->parts.pop_back();
    }
  }
  part.reserve(kDeltaPartBytes);
  return part;
}

void DeltaPool::Give(std::string&& part) {
  std::string given = std::move(part);  // what is not kept is freed outside the lock
  if (given.capacity() < kDeltaPartBytes || given.capacity() > 2 * kDeltaPartBytes) return;
  given.clear();
  const std::lock_guard lock(free_->mutex);
  if (free_->parts.size() < kPartsKept) free_->parts.push_back(std::move(given));
}

bool DeltaPool::IsPrepared() const {
  const std::lock_guard lock(free_->mutex);
  return free_->parts.size() >= kPartsAhead;
}

void DeltaPool::PrepareSome() {
  constexpr int kSome = 4;
  for (int i = 0; i < kSome && !IsPrepared(); ++i) Give(std::string(kDeltaPartBytes, '\0'));
}

void DeltaPool::Prepare() {
  while (!IsPrepared()) PrepareSome();
}

Delta::Delta(std::string part) { parts_.push_back(std::move(part)); }

std::string& Delta::Open() {
  if (!parts_.empty() && parts_.back().size() + kRoomBytes <= kDeltaPartBytes) [[likely]]
    return parts_.back();
  if (!parts_.empty()) closed_bytes_ += parts_.back().size();
  std::string& part = parts_.emplace_back(pool_ == nullptr ? std::string() : pool_->Take());
  part.reserve(kDeltaPartBytes);
  return part;
}

void Delta::SetApart(size_t start) {
  std::string apart = parts_.back().substr(start);
  parts_.back().resize(start);
  closed_bytes_ += start;
  parts_.push_back(std::move(apart));
}

void Delta::CutTo(uint64_t bytes) {
  CHECK(bytes <= this->bytes());
  while (!parts_.empty() && closed_bytes_ >= bytes) {
    if (pool_ != nullptr) pool_->Give(std::move(parts_.back()));
    parts_.pop_back();
    closed_bytes_ -= parts_.empty() ? 0 : parts_.back().size();
  }
  if (!parts_.empty()) parts_.back().resize(bytes - closed_bytes_);
}

void Delta::Release() { CutTo(0); }

void Delta::Shrink() {
  if (parts_.empty() || parts_.back().size() > kDeltaPartBytes / 2) return;
  std::string small(parts_.back());
  small.shrink_to_fit();
  std::swap(parts_.back(), small);
  if (pool_ != nullptr) pool_->Give(std::move(small));
}

std::string& DeltaWriter::Begin(DeltaOp op) {
  if (delta_ != nullptr) out_ = &delta_->Open();
  start_ = out_->size();
  out_->push_back(static_cast<char>(op));
  return *out_;
}

void DeltaWriter::End(bool keep) {
  if (!keep) out_->resize(start_);
  if (delta_ != nullptr && start_ > 0 && out_->size() - start_ > kDeltaPartBytes) delta_->SetApart(start_);
}

void DeltaWriter::PutLength(uint64_t length, std::string& out, size_t at) {
  std::string varint;
  AppendVarint(length, varint);
  out.replace(at, 1, varint);
}

void DeltaWriter::Put(std::string_view key, std::string_view value) {
  CHECK(key.size() <= kDeltaKeyBytesMax);
  CHECK(value.size() <= kDeltaValueBytesMax);
  std::string& out = Begin(DeltaOp::kPut);
  AppendText(key, out);
  AppendText(value, out);
  End();
}

void DeltaWriter::Delete(std::string_view key) {
  CHECK(key.size() <= kDeltaKeyBytesMax);
  AppendText(key, Begin(DeltaOp::kDelete));
  End();
}

void DeltaWriter::DeleteRange(std::string_view first, std::string_view behind) {
  CHECK(first.size() <= kDeltaKeyBytesMax);
  CHECK(behind.size() <= kDeltaKeyBytesMax);
  std::string& out = Begin(DeltaOp::kDeleteRange);
  AppendText(first, out);
  AppendText(behind, out);
  End();
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

}  // namespace laminar::state
