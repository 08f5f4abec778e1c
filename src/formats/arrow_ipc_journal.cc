#include "formats/arrow_ipc_journal.h"

#include <algorithm>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/text.h"
#include "formats/arrow_ipc_io.h"

namespace laminar::formats {

namespace {

constexpr size_t kFrameHeader = 8;

class RowJournal final : public sdk::Encoder {
 public:
  explicit RowJournal(data::Schema schema) : schema_(std::move(schema)) {}

  Status Start() {
    arrow_schema_ = TRY(ToArrow(schema_));
    return {};
  }

  Status Encode(const data::Batch& batch, std::string& out) override {
    if (batch.rows == 0) return {};
    const std::shared_ptr<arrow::RecordBatch> rows = TRY(ToArrow(batch, schema_, arrow_schema_));
    std::shared_ptr<arrow::Buffer> bytes;
    TRY(Guarded(
        [&]() -> arrow::Status {
          arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
          options.use_threads = false;
          ARROW_ASSIGN_OR_RAISE(bytes, arrow::ipc::SerializeRecordBatch(*rows, options));
          return arrow::Status::OK();
        },
        [](std::string_view why) { return Status(ErrorCode::kInternal, "keeping rows: " + std::string(why)); }));
    if (bytes->size() > INT32_MAX) return Status(ErrorCode::kLimitReached, "a batch of more than 2 GiB");
    const std::string_view text(reinterpret_cast<const char*>(bytes->data()), static_cast<size_t>(bytes->size()));
    AppendNumber(static_cast<uint32_t>(text.size()), out);
    AppendNumber(Crc32c(0, text), out);
    out.append(text);
    return {};
  }

  size_t WholeRows(std::string_view bytes) const override {
    size_t whole = 0;
    while (true) {
      std::string_view rest = bytes.substr(whole);
      uint32_t size = 0;
      uint32_t sum = 0;
      if (!TakeNumber(rest, size) || !TakeNumber(rest, sum) || size == 0 || size > rest.size()) return whole;
      if (Crc32c(0, rest.substr(0, size)) != sum) return whole;
      whole += kFrameHeader + size;
    }
  }

 private:
  const data::Schema schema_;
  std::shared_ptr<arrow::Schema> arrow_schema_;
};

Status ReadWhole(const os::File& file, uint64_t offset, std::span<char> out) {
  while (!out.empty()) {
    const size_t got = TRY(file.ReadAt(offset, out));
    if (got == 0) return Status(ErrorCode::kBadFile, "reading " + Quoted(file.path(), 300) + ": it ends too soon");
    offset += got;
    out = out.subspan(got);
  }
  return {};
}

Status CopyBatch(const arrow::RecordBatch& batch, RowWriter& writer) {
  data::ImportedArray rows = TRY(FromArrow(batch));
  for (int64_t next = 0; next < rows.rows();) {
    const auto count = std::min<int64_t>(rows.rows() - next, data::kBatchCapacity);
    const data::Batch slice = TRY(rows.Slice(next, static_cast<uint32_t>(count)));
    TRY(writer.Write(slice));
    next += count;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<sdk::Encoder>> MakeRowJournal(const data::Schema& schema) {
  auto journal = std::make_unique<RowJournal>(schema);
  TRY(journal->Start());
  return std::unique_ptr<sdk::Encoder>(std::move(journal));
}

Status CopyRowJournal(const os::File& journal, uint64_t length, const data::Schema& schema, RowWriter& writer) {
  const std::shared_ptr<arrow::Schema> arrow_schema = TRY(ToArrow(schema));
  const auto damaged = [&](uint64_t offset, std::string_view why) {
    return Status(ErrorCode::kBadFile, "reading " + Quoted(journal.path(), 300) + ": the rows at byte " +
                                           std::to_string(offset) + " are damaged: " + EscapeForMessage(why, 300));
  };
  for (uint64_t offset = 0; offset < length;) {
    char head[kFrameHeader];
    TRY(ReadWhole(journal, offset, head));
    std::string_view rest(head, kFrameHeader);
    uint32_t size = 0;
    uint32_t sum = 0;
    (void)TakeNumber(rest, size);
    (void)TakeNumber(rest, sum);
    if (size > length - offset - kFrameHeader) return damaged(offset, "they reach behind the end");
    std::shared_ptr<arrow::RecordBatch> batch;
    std::shared_ptr<arrow::Buffer> bytes;
    Status outcome;
    TRY(Guarded(
        [&]() -> arrow::Status {
          ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::Buffer> space, arrow::AllocateBuffer(size));
          bytes = std::move(space);
          outcome = ReadWhole(journal, offset + kFrameHeader,
                              {reinterpret_cast<char*>(bytes->mutable_data()), static_cast<size_t>(size)});
          if (!outcome.ok()) return arrow::Status::OK();
          const std::string_view text(reinterpret_cast<const char*>(bytes->data()), size);
          if (Crc32c(0, text) != sum) return arrow::Status::Invalid("their checksum does not match");
          arrow::io::BufferReader reader(bytes);
          arrow::ipc::DictionaryMemo memo;
          arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
          options.use_threads = false;
          ARROW_ASSIGN_OR_RAISE(batch, arrow::ipc::ReadRecordBatch(arrow_schema, &memo, options, &reader));
          return arrow::Status::OK();
        },
        [&](std::string_view why) { return damaged(offset, why); }));
    TRY(outcome);
    TRY(CopyBatch(*batch, writer));
    offset += kFrameHeader + size;
  }
  return {};
}

}  // namespace laminar::formats
