#include "formats/arrow_ipc.h"

#include <utility>

#include <arrow/io/interfaces.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>

#include "base/text.h"
#include "formats/arrow_ipc_io.h"
#include "formats/arrow_ipc_rows.h"
#include "formats/column_cast.h"

namespace laminar::formats {

namespace {

constexpr std::string_view kMagic = "ARROW1";

// The batches of either kind of file, one after the other; each is a group. A stream has no list of them, so there the
// ones before are passed over.
class ArrowBatches final : public BatchGroups {
 public:
  Status OpenFile(std::unique_ptr<os::File> file, const std::vector<int>& columns) {
    path_ = file->path();
    const uint64_t size = TRY(file->Size());
    if (size == 0) return BadArrowFile("reading", path_, "Arrow", "the file is empty");
    char head[6] = {};
    const bool has_footer = TRY(file->ReadAt(0, head)) == 6 && std::string_view(head, 6) == kMagic;
    auto input = MakeArrowInput(std::move(file), static_cast<int64_t>(size));
    arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
    options.use_threads = false;
    options.included_fields = columns;
    return Run([&]() -> arrow::Status {
      if (has_footer) {
        ARROW_ASSIGN_OR_RAISE(file_, arrow::ipc::RecordBatchFileReader::Open(input, options));
        schema_ = file_->schema();
        count_ = static_cast<uint64_t>(file_->num_record_batches());
      } else {
        ARROW_ASSIGN_OR_RAISE(stream_, arrow::ipc::RecordBatchStreamReader::Open(input, options));
        schema_ = stream_->schema();
      }
      return arrow::Status::OK();
    });
  }

  Result<bool> Open(uint64_t group) override {
    current_.reset();
    TRY(Run([&]() -> arrow::Status {
      if (stream_ == nullptr) {
        if (group >= count_) return arrow::Status::OK();
        ARROW_ASSIGN_OR_RAISE(current_, file_->ReadRecordBatch(static_cast<int>(group)));
        return arrow::Status::OK();
      }
      for (; next_ <= group; ++next_) {
        ARROW_RETURN_NOT_OK(stream_->ReadNext(&current_));
        if (current_ == nullptr) break;
      }
      return arrow::Status::OK();
    }));
    return current_ != nullptr;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override { return std::exchange(current_, nullptr); }

  const arrow::Schema& schema() const { return *schema_; }
  const std::string& path() const { return path_; }

 private:
  template <class Step>
  Status Run(Step step) {
    return Guarded(step, [&](std::string_view why) {
      return BadArrowFile("reading", path_, "Arrow", why)
          .WithHint("check that the file is complete, or set option format");
    });
  }

  std::string path_;
  std::shared_ptr<arrow::Schema> schema_;
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  std::shared_ptr<arrow::RecordBatchReader> stream_;
  std::shared_ptr<arrow::RecordBatch> current_;
  uint64_t next_ = 0;  // of a stream
  uint64_t count_ = 0;
};

Result<data::Schema> OurSchema(const ArrowBatches& batches) {
  Result<data::Schema> ours = FromArrow(batches.schema());
  if (!ours.has_value()) return Error(std::move(ours.error().Prefix("reading " + Quoted(batches.path(), 300))));
  return ours;
}

// The file is opened twice: once for its schema, once for the columns that are needed. An os::File can be read at any
// place, so both share it.
class SharedFile final : public os::File {
 public:
  explicit SharedFile(std::shared_ptr<os::File> file) : file_(std::move(file)) {}
  Result<size_t> ReadAt(uint64_t offset, std::span<char> out) const override { return file_->ReadAt(offset, out); }
  Status WriteAt(uint64_t offset, std::string_view bytes) override { return file_->WriteAt(offset, bytes); }
  Status Append(std::string_view bytes) override { return file_->Append(bytes); }
  Result<uint64_t> Size() const override { return file_->Size(); }
  Status Truncate(uint64_t size) override { return file_->Truncate(size); }
  Status Sync() override { return file_->Sync(); }
  Status SyncData() override { return file_->SyncData(); }
  Status Allocate(uint64_t size) override { return file_->Allocate(size); }
  const std::string& path() const override { return file_->path(); }

 private:
  std::shared_ptr<os::File> file_;
};

Result<arrow::Compression::type> ReadCompression(sdk::Options& options) {
  constexpr std::string_view kNames[] = {"none", "zstd", "lz4"};
  const std::string name = TRY(options.Choice("compression", "none", kNames));
  if (name == "zstd") return arrow::Compression::ZSTD;
  return name == "lz4" ? arrow::Compression::LZ4_FRAME : arrow::Compression::UNCOMPRESSED;
}

class ArrowWriter final : public RowWriter {
 public:
  explicit ArrowWriter(RowWriterRequest request) : request_(std::move(request)) {}

  Status Start() {
    const arrow::Compression::type compression = TRY(ReadCompression(*request_.options));
    schema_ = WithOrigin(TRY(ToArrow(request_.schema)), request_.origin);
    output_ = MakeArrowOutput(*request_.file);
    return Run([&]() -> arrow::Status {
      arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
      options.use_threads = false;
      if (compression != arrow::Compression::UNCOMPRESSED) {
        ARROW_ASSIGN_OR_RAISE(options.codec, arrow::util::Codec::Create(compression));
      }
      ARROW_ASSIGN_OR_RAISE(writer_, arrow::ipc::MakeFileWriter(output_.stream, schema_, options));
      return arrow::Status::OK();
    });
  }

  Status Write(const data::Batch& batch) override {
    if (batch.rows == 0) return {};
    const std::shared_ptr<arrow::RecordBatch> rows = TRY(ToArrow(batch, request_.schema, schema_));
    return Run([&] { return writer_->WriteRecordBatch(*rows); });
  }

  Status Finish() override {
    return Run([&] { return writer_->Close(); });
  }

 private:
  template <class Step>
  Status Run(Step step) {
    return Guarded(step, [&](std::string_view why) {
      if (output_.first_error != nullptr && !output_.first_error->ok()) return *output_.first_error;
      return Status(ErrorCode::kConnectorFailed,
                    "writing " + Quoted(request_.file->path(), 300) + " as Arrow: " + EscapeForMessage(why, 300));
    });
  }

  RowWriterRequest request_;
  std::shared_ptr<arrow::Schema> schema_;
  ArrowOutput output_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

Status CheckArrowOptions(sdk::Options& options, bool writing) {
  if (writing) TRY(ReadCompression(options));
  return {};
}

Result<data::Schema> ArrowFileSchema(std::unique_ptr<os::File> file) {
  ArrowBatches batches;
  TRY(batches.OpenFile(std::move(file), {}));
  return OurSchema(batches);
}

Result<std::string> ArrowOrigin(std::unique_ptr<os::File> file) {
  ArrowBatches batches;
  TRY(batches.OpenFile(std::move(file), {}));
  return OriginOf(batches.schema());
}

Result<std::unique_ptr<RowReader>> MakeArrowReader(RowReaderRequest request) {
  const std::shared_ptr<os::File> file = std::move(request.file);
  auto batches = std::make_unique<ArrowBatches>();
  TRY(batches->OpenFile(std::make_unique<SharedFile>(file), {}));
  const data::Schema schema = TRY(OurSchema(*batches));
  ColumnCast cast =
      TRY(ColumnCast::Make(schema, request.schema, std::move(request.needed), file->path(), request.bad_rows));
  const std::vector<int> columns = cast.FileColumns();
  // An empty list means all columns to Arrow; then their positions stay as they are.
  if (!columns.empty() && columns.size() < schema.size()) {
    batches = std::make_unique<ArrowBatches>();
    TRY(batches->OpenFile(std::make_unique<SharedFile>(file), columns));
    cast.Compact();
  }
  const std::string path = file->path();
  return std::unique_ptr<RowReader>(new BatchRows(path, "Arrow", std::move(batches), std::move(cast)));
}

Result<std::unique_ptr<RowWriter>> MakeArrowWriter(RowWriterRequest request) {
  auto writer = std::make_unique<ArrowWriter>(std::move(request));
  TRY(writer->Start());
  return std::unique_ptr<RowWriter>(std::move(writer));
}

}  // namespace laminar::formats
