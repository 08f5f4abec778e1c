// Appends records to the log: into a buffer, to the file when it is full, to the disk at Sync; and from segment to
// segment. What fails for lack of room may be repeated; every other failure is final, above all that of a sync.
#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.h"
#include "base/text.h"
#include "os/uring/group_writer.h"
#include "state/log/wal_segment.h"

namespace laminar::state {
namespace {

constexpr uint64_t kBufferBytesMin = 64;  // the record that ends a segment must fit

class SegmentedWriter final : public WalWriter {
 public:
  SegmentedWriter(WalOptions options, Epoch epoch)
      : options_(std::move(options)),
        group_(os::GroupWriter::Make(options_.use_io_uring)),
        buffer_bytes_(std::max(options_.buffer_bytes, kBufferBytesMin)),
        buffer_(std::make_unique_for_overwrite<char[]>(buffer_bytes_)),
        epoch_(epoch) {}

  Status StartEmpty();
  Status StartAt(const WalPosition& at);

  Status Append(WalRecordType type, Epoch epoch, std::string_view payload) override;
  Status Sync() override;
  Status Roll() override;
  WalPosition end() const override { return end_; }
  WalPosition durable() const override { return durable_; }
  std::string_view method() const override { return group_->MethodFor(*file_); }

 private:
  Status CheckRecord(WalRecordType type, Epoch epoch, std::string_view payload) const;
  void PutInBuffer(WalRecordType type, Epoch epoch, std::string_view payload);
  void Encode(WalRecordType type, Epoch epoch, std::string_view payload, char* out) const;
  Status WriteBuffer();
  Status WriteLarge(WalRecordType type, Epoch epoch, std::string_view payload);
  Status SyncBuffer();
  Status StartSegment(uint64_t number, uint64_t first_sequence);
  Status MakeSegment(const std::string& path, uint64_t number, uint64_t first_sequence);
  // Lack of room is passed on; everything else ends the writer.
  Status Judge(Status status);
  Status FailSync(const Status& status);

  WalOptions options_;
  std::unique_ptr<os::GroupWriter> group_;
  size_t buffer_bytes_;
  std::unique_ptr<char[]> buffer_;
  size_t buffered_ = 0;
  uint64_t buffer_at_ = 0;  // where in the file the buffer belongs; buffer_at_ + buffered_ == end_.offset
  std::unique_ptr<os::File> file_;
  WalPosition end_;
  WalPosition durable_;
  Epoch epoch_ = 0;
  bool is_ended_ = false;  // the segment has its end record, and the next segment could not be made yet
  Status error_;           // final
};

Status SegmentedWriter::Append(WalRecordType type, Epoch epoch, std::string_view payload) {
  TRY(CheckRecord(type, epoch, payload));
  const uint64_t bytes = kWalRecordHeaderBytes + payload.size();
  const bool is_full = end_.offset + bytes + kWalSegmentEndBytes > options_.segment_bytes;
  if (is_ended_ || (is_full && end_.offset > kWalHeaderBytes)) TRY(Roll());
  if (bytes > buffer_bytes_ - buffered_) TRY(WriteBuffer());
  if (bytes > buffer_bytes_) {
    TRY(WriteLarge(type, epoch, payload));
  } else {
    PutInBuffer(type, epoch, payload);
  }
  end_.offset += bytes;
  ++end_.sequence;
  epoch_ = epoch;
  return Status::Ok();
}

Status SegmentedWriter::CheckRecord(WalRecordType type, Epoch epoch, std::string_view payload) const {
  if (!error_.ok()) return error_;
  if (type != WalRecordType::kDelta && type != WalRecordType::kEpochComplete) {
    return Error(ErrorCode::kBadArgument, "appending to the log: records of type " +
                                              std::to_string(static_cast<uint8_t>(type)) + " are not for its users");
  }
  if (payload.size() > kWalPayloadBytesMax) {
    return Error(ErrorCode::kBadArgument, "appending to the log: a record of " + FormatBytes(payload.size()) +
                                              ", the limit is " + FormatBytes(kWalPayloadBytesMax));
  }
  if (epoch < epoch_) {
    return Error(ErrorCode::kBadArgument,
                 "appending to the log: epoch " + std::to_string(epoch) + " behind epoch " + std::to_string(epoch_));
  }
  return Status::Ok();
}

void SegmentedWriter::Encode(WalRecordType type, Epoch epoch, std::string_view payload, char* out) const {
  const uint64_t distance = end_.sequence - (durable_.sequence - 1);
  EncodeWalRecord({.type = static_cast<uint8_t>(type),
                   .core = options_.core,
                   .unsynced_distance = static_cast<uint32_t>(std::min<uint64_t>(distance, UINT32_MAX)),
                   .epoch = epoch,
                   .sequence = end_.sequence},
                  payload, out);
}

void SegmentedWriter::PutInBuffer(WalRecordType type, Epoch epoch, std::string_view payload) {
  char* const at = buffer_.get() + buffered_;
  if (!payload.empty()) std::memcpy(at + kWalRecordHeaderBytes, payload.data(), payload.size());
  Encode(type, epoch, {at + kWalRecordHeaderBytes, payload.size()}, at);
  buffered_ += kWalRecordHeaderBytes + payload.size();
}

Status SegmentedWriter::WriteBuffer() {
  if (buffered_ == 0) return Status::Ok();
  TRY(Judge(file_->WriteAt(buffer_at_, {buffer_.get(), buffered_})));
  buffer_at_ += buffered_;
  buffered_ = 0;
  return Status::Ok();
}

// Past the empty buffer. What a full disk took of it is cut off, so that nothing of it can stand behind later records.
Status SegmentedWriter::WriteLarge(WalRecordType type, Epoch epoch, std::string_view payload) {
  char header[kWalRecordHeaderBytes];
  Encode(type, epoch, payload, header);
  Status status = file_->WriteAt(end_.offset, {header, sizeof(header)});
  if (status.ok()) status = file_->WriteAt(end_.offset + kWalRecordHeaderBytes, payload);
  if (status.code() == ErrorCode::kLimitReached) {
    const Status cut = file_->Truncate(end_.offset);
    if (!cut.ok()) status = Status(ErrorCode::kIo, cut.message());
  }
  TRY(Judge(std::move(status)));
  buffer_at_ = end_.offset + kWalRecordHeaderBytes + payload.size();
  return Status::Ok();
}

Status SegmentedWriter::Sync() {
  if (!error_.ok()) return error_;
  if (durable_ == end_) return Status::Ok();
  TRY(SyncBuffer());
  durable_ = end_;
  return Status::Ok();
}

Status SegmentedWriter::SyncBuffer() {
  const os::GroupWriter::Outcome outcome = group_->WriteAndSync(*file_, buffer_at_, {buffer_.get(), buffered_});
  TRY(Judge(outcome.written));
  TRY(FailSync(outcome.synced));
  buffer_at_ += buffered_;
  buffered_ = 0;
  return Status::Ok();
}

Status SegmentedWriter::Roll() {
  if (!error_.ok()) return error_;
  if (end_.offset == kWalHeaderBytes) return Status::Ok();
  const uint64_t next = end_.segment + 1;
  if (!is_ended_) {
    if (kWalSegmentEndBytes > buffer_bytes_ - buffered_) TRY(WriteBuffer());
    PutInBuffer(WalRecordType::kSegmentEnd, epoch_, {reinterpret_cast<const char*>(&next), sizeof(next)});
    Status status = SyncBuffer();
    if (!status.ok()) {
      // No room: the log has not ended this segment; the next record overwrites what was written of its end.
      buffered_ -= kWalSegmentEndBytes;
      return status;
    }
    durable_ = end_;
    is_ended_ = true;
  }
  TRY(StartSegment(next, end_.sequence + 1));
  is_ended_ = false;
  return Status::Ok();
}

Status SegmentedWriter::StartSegment(uint64_t number, uint64_t first_sequence) {
  const std::string path = WalSegmentPath(options_, number);
  const Status status = MakeSegment(path, number, first_sequence);
  // Best effort: without it the next try replaces the file, and recovery removes it.
  if (!status.ok()) (void)options_.files->Remove(path);
  TRY(Judge(status));
  end_ = {number, kWalHeaderBytes, first_sequence};
  durable_ = end_;
  buffer_at_ = kWalHeaderBytes;
  return Status::Ok();
}

Status SegmentedWriter::MakeSegment(const std::string& path, uint64_t number, uint64_t first_sequence) {
  std::unique_ptr<os::File> file = TRY(options_.files->Open(path, os::OpenMode::kReplace));
  if (options_.preallocate) TRY(file->Allocate(options_.segment_bytes));
  char header[kWalHeaderBytes];
  EncodeWalHeader({.core = options_.core,
                   .flags = options_.preallocate ? kWalPreallocated : 0,
                   .segment = number,
                   .first_sequence = first_sequence,
                   .epoch = epoch_,
                   .created = options_.clock->WallMicros(),
                   .database_id = options_.database_id},
                  header);
  TRY(file->WriteAt(0, {header, sizeof(header)}));
  TRY(FailSync(file->Sync()));
  TRY(FailSync(options_.files->SyncDirectory(options_.directory)));
  file_ = std::move(file);
  return Status::Ok();
}

Status SegmentedWriter::Judge(Status status) {
  if (status.ok() || status.code() == ErrorCode::kLimitReached) return status;
  if (error_.ok()) error_ = std::move(status.Prefix("writing the log"));
  return error_;
}

Status SegmentedWriter::FailSync(const Status& status) {
  if (status.ok()) return status;
  error_ = Status(ErrorCode::kSyncFailed, "writing the log: " + status.message())
               .WithHint("what the disk holds is unknown now: check it, then open the database again, which recovers");
  return error_;
}

Status SegmentedWriter::StartEmpty() {
  const std::vector<uint64_t> segments = TRY(ListWalSegments(options_));
  if (!segments.empty()) {
    return Error(ErrorCode::kBadArgument, "starting a log in " + Quoted(options_.directory, 300) +
                                              ": it has segments already, first read and repair it");
  }
  TRY(options_.files->CreateDirectory(options_.directory));
  TRY(options_.files->SyncDirectory(std::string(os::DirectoryOf(options_.directory))));
  return StartSegment(1, 1);
}

Status SegmentedWriter::StartAt(const WalPosition& at) {
  const std::string doing = "going on with the log in segment " + Quoted(WalSegmentPath(options_, at.segment), 300) +
                            " at byte " + std::to_string(at.offset) + ": ";
  const std::vector<uint64_t> segments = TRY(ListWalSegments(options_));
  if (segments.empty() || segments.back() != at.segment) {
    return Error(ErrorCode::kBadArgument, doing + "it is not the last segment, first read and repair the log");
  }
  const std::unique_ptr<WalSegment> segment = TRY(WalSegment::Open(options_, at.segment, os::OpenMode::kReadWrite));
  if (!TRY(segment->Header())) return Error(ErrorCode::kCorrupt, doing + "its header is damaged");
  if (at.offset < kWalHeaderBytes || at.offset > segment->size() || at.sequence == 0 ||
      TRY(segment->DataEnd(at.offset)) != at.offset) {
    return Error(ErrorCode::kBadArgument, doing + "the log does not end there, first read and repair it");
  }
  file_ = segment->TakeFile();
  end_ = at;
  durable_ = at;
  buffer_at_ = at.offset;
  // Room ahead is a help, not a need: a full disk is met later, where it can be told and waited for.
  const Status allocated = options_.preallocate ? file_->Allocate(options_.segment_bytes) : Status::Ok();
  if (!allocated.ok() && allocated.code() != ErrorCode::kLimitReached) return allocated;
  return FailSync(file_->Sync());
}

}  // namespace

Result<std::unique_ptr<WalWriter>> WalWriter::Open(WalOptions options, const WalPosition& at, Epoch epoch) {
  CHECK(options.files != nullptr);
  CHECK(options.clock != nullptr);
  auto writer = std::make_unique<SegmentedWriter>(std::move(options), epoch);
  TRY(at.segment == 0 ? writer->StartEmpty() : writer->StartAt(at));
  return writer;
}

}  // namespace laminar::state
