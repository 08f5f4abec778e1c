#include "state/log/wal_segment.h"

#include <algorithm>

#include "base/text.h"

namespace laminar::state {
namespace {

constexpr uint64_t kWindowBytes = 256 << 10;
// Of checksums computed while looking for one record. Chance asks for almost none.
constexpr uint64_t kSearchBytesMin = 64 << 20;

internal::Failure Damaged(const WalSegment& segment, ErrorCode code, const std::string& what) {
  return Error(code, "reading the log segment " + Quoted(segment.path(), 300) + ": " + what);
}

}  // namespace

Result<std::unique_ptr<WalSegment>> WalSegment::Open(const WalOptions& options, uint64_t number, os::OpenMode mode) {
  std::unique_ptr<os::File> file = TRY(options.files->Open(WalSegmentPath(options, number), mode));
  const uint64_t size = TRY(file->Size());
  return std::unique_ptr<WalSegment>(new WalSegment(options, number, std::move(file), size));
}

Result<std::optional<WalSegmentHeader>> WalSegment::Header() {
  std::optional<WalSegmentHeader> header = DecodeWalHeader(TRY(View(0, std::min(size_, kWalHeaderBytes))));
  if (!header) return header;
  if (header->version != kWalVersion) {
    return Error(Status(ErrorCode::kFormatVersion, "reading the log segment " + Quoted(path(), 300) +
                                                       ": format version " + std::to_string(header->version) +
                                                       ", this program reads " + std::to_string(kWalVersion))
                     .WithHint("open the database with the version of LaminarDB that wrote it"));
  }
  if (header->database_id != database_id_) {
    return Error(Status(ErrorCode::kForeignFile,
                        "reading the log segment " + Quoted(path(), 300) + ": it belongs to another database")
                     .WithHint("move the file out of this database's folder"));
  }
  if (header->core != core_ || header->segment != number_) {
    return Damaged(*this, ErrorCode::kForeignFile,
                   "it is segment " + std::to_string(header->segment) + " of core " + std::to_string(header->core) +
                       ", under another name");
  }
  return header;
}

Result<std::string_view> WalSegment::View(uint64_t offset, uint64_t length) {
  if (offset > size_ || length > size_ - offset) {
    return Damaged(*this, ErrorCode::kInternal, "bytes behind its end were asked for");
  }
  const bool is_there =
      offset >= window_at_ && offset - window_at_ <= window_.size() && length <= window_.size() - (offset - window_at_);
  if (!is_there) {
    window_.resize(std::min(size_ - offset, std::max(length, kWindowBytes)));
    window_at_ = offset;
    const size_t read = TRY(file_->ReadAt(offset, window_));
    if (read < window_.size()) {
      window_.clear();
      return Damaged(*this, ErrorCode::kIo, "it became shorter while it was read");
    }
  }
  return std::string_view(window_).substr(offset - window_at_, length);
}

Result<uint64_t> WalSegment::DataEnd(uint64_t offset) {
  uint64_t end = offset;
  while (offset < size_) {
    const std::string_view bytes = TRY(View(offset, std::min(kWindowBytes, size_ - offset)));
    const size_t last = bytes.find_last_not_of('\0');
    if (last != std::string_view::npos) end = offset + last + 1;
    offset += bytes.size();
  }
  return end;
}

Result<bool> WalSegment::HasRecord(uint64_t offset, Wanted wanted) {
  if (wanted.most < wanted.least) return false;
  uint64_t budget = kSearchBytesMin + 4 * size_;
  while (offset + kWalRecordHeaderBytes <= size_) {
    const std::string_view bytes = TRY(View(offset, std::min(kWindowBytes, size_ - offset)));
    size_t i = 0;
    uint64_t candidate_bytes = 0;
    for (; i + kWalRecordHeaderBytes <= bytes.size() && candidate_bytes == 0; ++i) {
      const WalRecordHeader header = DecodeWalRecord(bytes.data() + i);
      if (header.sequence < wanted.least || header.sequence > wanted.most) continue;
      if (header.core != core_ || header.unsynced_distance == 0) continue;
      if (wanted.is_durable && header.sequence - wanted.least < header.unsynced_distance) continue;
      const uint64_t left = size_ - offset - i - kWalRecordHeaderBytes;
      if (header.payload_bytes > kWalPayloadBytesMax || header.payload_bytes > left) continue;
      candidate_bytes = kWalRecordHeaderBytes + header.payload_bytes;
    }
    if (candidate_bytes > 0) {
      const uint64_t cost = candidate_bytes + (i + candidate_bytes > bytes.size() ? kWindowBytes : 0);
      if (cost > budget) return true;
      budget -= cost;
      if (IsWalRecordWhole(TRY(View(offset + i - 1, candidate_bytes)))) return true;
    }
    offset += i;
  }
  return false;
}

}  // namespace laminar::state
