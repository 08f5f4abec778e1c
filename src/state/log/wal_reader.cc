// Reads a log back, record by record, and judges what it finds where no intact record stands: a clean end, a torn one,
// or damage to what had been durable. The rules stand in docs/formats/wal.md.
#include <algorithm>

#include "base/text.h"
#include "state/log/wal_segment.h"

namespace laminar::state {
namespace {

constexpr std::string_view kRestoreHint =
    "the disk lost what it had confirmed: check it, then restore a copy of the database, or give up what stands behind "
    "this place";

bool IsKnownType(uint8_t type) {
  switch (static_cast<WalRecordType>(type)) {
    case WalRecordType::kDelta:
    case WalRecordType::kEpochComplete:
    case WalRecordType::kSegmentEnd: return true;
  }
  return false;
}

class SegmentedReader final : public WalReader {
 public:
  SegmentedReader(WalOptions options, std::vector<uint64_t> segments)
      : options_(std::move(options)), segments_(std::move(segments)) {}

  Status Start(const WalPosition& from);
  Result<WalReadStatus> Next(WalRecord& out) override;
  WalPosition end() const override { return end_; }

 private:
  Status StartAtOldest();
  Result<WalReadStatus> Step(WalRecord& out, bool& is_record);
  Result<WalReadStatus> FollowSegmentEnd(uint64_t next);
  // No intact record of the expected sequence stands at the end.
  Result<WalReadStatus> JudgeEnd(bool is_blank);
  Status CheckIntact(const WalRecordHeader& header) const;
  internal::Failure Corrupt(const std::string& what) const;
  bool HasLaterSegment() const { return !segments_.empty() && segments_.back() > segment_->number(); }

  WalOptions options_;
  std::vector<uint64_t> segments_;
  std::unique_ptr<WalSegment> segment_;  // none: the log is empty
  WalPosition end_;
  Epoch epoch_ = 0;  // of the last record; a segment's header may name one that was cut away later
  bool is_over_ = false;
  WalReadStatus over_ = WalReadStatus::kEnd;
  Status error_;
};

internal::Failure SegmentedReader::Corrupt(const std::string& what) const {
  return Error(Status(ErrorCode::kCorrupt,
                      "reading the log, segment " + Quoted(WalSegmentPath(options_, end_.segment), 300) + " at byte " +
                          std::to_string(end_.offset) + ", record " + std::to_string(end_.sequence) + ": " + what)
                   .WithHint(std::string(kRestoreHint)));
}

Status SegmentedReader::Start(const WalPosition& from) {
  if (from.segment == 0) return StartAtOldest();
  end_ = from;
  if (!std::binary_search(segments_.begin(), segments_.end(), from.segment)) return Corrupt("the segment is missing");
  segment_ = TRY(WalSegment::Open(options_, from.segment, os::OpenMode::kRead));
  const std::optional<WalSegmentHeader> header = TRY(segment_->Header());
  if (!header) return Corrupt("the header of the segment is damaged");
  if (from.offset < kWalHeaderBytes || from.offset > segment_->size() || from.sequence < header->first_sequence) {
    return Corrupt("the segment has " + std::to_string(segment_->size()) + " bytes and starts with record " +
                   std::to_string(header->first_sequence) + ", so no record can stand there");
  }
  if (from.offset == kWalHeaderBytes && from.sequence != header->first_sequence) {
    return Corrupt("the segment starts with record " + std::to_string(header->first_sequence));
  }
  return Status::Ok();
}

Status SegmentedReader::StartAtOldest() {
  if (segments_.empty()) {
    is_over_ = true;
    return Status::Ok();
  }
  end_.segment = segments_.front();
  segment_ = TRY(WalSegment::Open(options_, segments_.front(), os::OpenMode::kRead));
  const std::optional<WalSegmentHeader> header = TRY(segment_->Header());
  if (header) {
    end_ = {segment_->number(), kWalHeaderBytes, header->first_sequence};
    return Status::Ok();
  }
  // Only the very first segment may be unfinished with nothing before it.
  const bool is_unfinished =
      segment_->number() == 1 && !HasLaterSegment() && !TRY(segment_->HasRecord(kWalHeaderBytes, {.least = 1}));
  if (!is_unfinished) return Corrupt("the header of the segment is damaged");
  end_ = {};
  is_over_ = true;
  over_ = WalReadStatus::kTorn;
  return Status::Ok();
}

Result<WalReadStatus> SegmentedReader::Next(WalRecord& out) {
  if (!error_.ok()) return Error(error_);
  bool is_record = false;
  while (!is_over_ && !is_record) {
    Result<WalReadStatus> status = Step(out, is_record);
    if (!status) {
      error_ = status.error();
      return status;
    }
    if (*status == WalReadStatus::kRecord) continue;
    is_over_ = true;
    over_ = *status;
  }
  if (is_record) return WalReadStatus::kRecord;
  if (std::max<uint64_t>(end_.sequence, 1) < options_.durable_sequence) {
    error_ = Corrupt("the log ends here, but a checkpoint says that it was safe on the disk up to record " +
                     std::to_string(options_.durable_sequence));
    return Error(error_);
  }
  return over_;
}

// One record, returned or passed over, or the end.
Result<WalReadStatus> SegmentedReader::Step(WalRecord& out, bool& is_record) {
  const uint64_t left = segment_->size() - end_.offset;
  if (left < kWalRecordHeaderBytes) return JudgeEnd(true);
  const std::string_view start = TRY(segment_->View(end_.offset, kWalRecordHeaderBytes));
  if (start.find_first_not_of('\0') == std::string_view::npos) return JudgeEnd(true);
  const WalRecordHeader header = DecodeWalRecord(start.data());
  if (header.payload_bytes > kWalPayloadBytesMax || header.payload_bytes > left - kWalRecordHeaderBytes) {
    return JudgeEnd(false);
  }
  const uint64_t bytes = kWalRecordHeaderBytes + header.payload_bytes;
  const std::string_view record = TRY(segment_->View(end_.offset, bytes));
  if (!IsWalRecordWhole(record) || header.sequence != end_.sequence) return JudgeEnd(false);
  TRY(CheckIntact(header));
  epoch_ = header.epoch;
  const std::string_view payload = record.substr(kWalRecordHeaderBytes);
  if (header.type == static_cast<uint8_t>(WalRecordType::kSegmentEnd)) {
    const uint64_t next = end_.segment + 1;
    if (payload != std::string_view(reinterpret_cast<const char*>(&next), sizeof(next))) {
      return Corrupt("the end of the segment does not name the next one");
    }
    return FollowSegmentEnd(next);
  }
  const WalPosition position = end_;
  end_.offset += bytes;
  ++end_.sequence;
  if (IsKnownType(header.type)) {
    out = {static_cast<WalRecordType>(header.type), header.epoch, position, end_, payload};
    is_record = true;
  }
  return WalReadStatus::kRecord;
}

// What an intact record may still get wrong: then it is no torn write but a bug, a newer version or a foreign file.
Status SegmentedReader::CheckIntact(const WalRecordHeader& header) const {
  if (header.core != options_.core) {
    return Corrupt("an intact record of core " + std::to_string(header.core) + " stands in the log of core " +
                   std::to_string(options_.core));
  }
  if (header.epoch < epoch_) {
    return Corrupt("an intact record of epoch " + std::to_string(header.epoch) + " stands behind epoch " +
                   std::to_string(epoch_));
  }
  const bool is_known = IsKnownType(header.type);
  const uint8_t flags = header.flags & static_cast<uint8_t>(~(kWalFlagsIgnored | kWalSkippable));
  if ((is_known && flags == 0) || (!is_known && (header.flags & kWalSkippable) != 0)) return Status::Ok();
  Status status = Corrupt("an intact record of type " + std::to_string(header.type) + " with flags " +
                          std::to_string(header.flags) + ", which this program does not know");
  return Status(ErrorCode::kFormatVersion, status.message())
      .WithHint("open the database with the version of LaminarDB that wrote it");
}

Result<WalReadStatus> SegmentedReader::FollowSegmentEnd(uint64_t next) {
  const bool has_more = segments_.back() > next;
  if (!std::binary_search(segments_.begin(), segments_.end(), next)) {
    // The log may have stopped between ending the segment and making the next one. Then there is no later one.
    if (has_more) return Corrupt("segment " + std::to_string(next) + " is missing, but there are later ones");
    return WalReadStatus::kTorn;
  }
  std::unique_ptr<WalSegment> segment = TRY(WalSegment::Open(options_, next, os::OpenMode::kRead));
  const std::optional<WalSegmentHeader> header = TRY(segment->Header());
  if (!header) {
    // A header is synced before the first record is written behind it.
    const bool was_whole = has_more || TRY(segment->HasRecord(kWalHeaderBytes, {.least = end_.sequence + 1}));
    if (was_whole) return Corrupt("the header of the next segment is damaged");
    return WalReadStatus::kTorn;
  }
  if (header->first_sequence != end_.sequence + 1) {
    return Corrupt("the next segment starts with record " + std::to_string(header->first_sequence));
  }
  segment_ = std::move(segment);
  end_ = {next, kWalHeaderBytes, header->first_sequence};
  return WalReadStatus::kRecord;
}

Result<WalReadStatus> SegmentedReader::JudgeEnd(bool is_blank) {
  // A segment is synced to its end before the next one is made.
  if (HasLaterSegment()) return Corrupt("the record is missing or damaged, but there are later segments");
  if (is_blank && TRY(segment_->DataEnd(end_.offset)) == end_.offset) return WalReadStatus::kEnd;
  // The disk may write what was not yet synced in any order, so a hole with good records behind it is normal, unless
  // one of them says that the hole's record had been durable.
  const WalSegment::Wanted wanted = {
      .least = end_.sequence,
      .most = end_.sequence + (segment_->size() - end_.offset) / kWalRecordHeaderBytes,
      .is_durable = true,
  };
  if (TRY(segment_->HasRecord(end_.offset, wanted))) {
    return Corrupt("the record is damaged, and later records show that it had been safe on the disk");
  }
  return WalReadStatus::kTorn;
}

}  // namespace

Result<std::unique_ptr<WalReader>> WalReader::Open(WalOptions options, const WalPosition& from) {
  std::vector<uint64_t> segments = TRY(ListWalSegments(options));
  auto reader = std::make_unique<SegmentedReader>(std::move(options), std::move(segments));
  TRY(reader->Start(from));
  return reader;
}

}  // namespace laminar::state
