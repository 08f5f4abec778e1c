#include "formats/arrow_ipc_io.h"

#include <algorithm>

#include <arrow/buffer.h>
#include <arrow/c/bridge.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "base/text.h"

namespace laminar::formats {

namespace {

const char* const kOriginKey = "laminar.origin";

class FileInput final : public arrow::io::RandomAccessFile {
 public:
  FileInput(std::unique_ptr<os::File> file, int64_t size) : file_(std::move(file)), size_(size) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Seek(int64_t position) override {
    if (position < 0) return arrow::Status::Invalid("a negative position");
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return size_; }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override {
    if (position < 0 || bytes < 0) return arrow::Status::Invalid("a negative position or size");
    int64_t done = 0;
    while (done < bytes) {
      const auto got = file_->ReadAt(static_cast<uint64_t>(position + done),
                                     {static_cast<char*>(out) + done, static_cast<size_t>(bytes - done)});
      if (!got.has_value()) return arrow::Status::IOError(got.error().message());
      if (*got == 0) break;
      done += static_cast<int64_t>(*got);
    }
    return done;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) override {
    // A damaged length must not become a huge allocation.
    if (position < 0 || bytes < 0 || position > size_) return arrow::Status::Invalid("a read outside the file");
    bytes = std::min(bytes, size_ - position);
    ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::ResizableBuffer> buffer, arrow::AllocateResizableBuffer(bytes));
    ARROW_ASSIGN_OR_RAISE(const int64_t done, ReadAt(position, bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(done));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t done, ReadAt(position_, bytes, out));
    position_ += done;
    return done;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, bytes));
    position_ += buffer->size();
    return buffer;
  }

 private:
  std::unique_ptr<os::File> file_;
  int64_t size_;
  int64_t position_ = 0;
  bool closed_ = false;
};

class FileOutput final : public arrow::io::OutputStream {
 public:
  FileOutput(os::File& file, std::shared_ptr<Status> first_error) : file_(file), first_error_(std::move(first_error)) {}
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return written_; }
  arrow::Status Write(const void* bytes, int64_t size) override {
    const Status status = file_.Append({static_cast<const char*>(bytes), static_cast<size_t>(size)});
    if (!status.ok()) {
      if (first_error_->ok()) *first_error_ = status;
      return arrow::Status::IOError(status.message());
    }
    written_ += size;
    return arrow::Status::OK();
  }

 private:
  os::File& file_;
  int64_t written_ = 0;
  bool closed_ = false;
  std::shared_ptr<Status> first_error_;
};

}  // namespace

Status BadArrowFile(std::string_view doing, std::string_view path, std::string_view format, std::string_view why) {
  return Status(ErrorCode::kBadFile, std::string(doing) + " " + Quoted(path, 300) + " as " + std::string(format) +
                                         ": " + EscapeForMessage(why, 300));
}

std::shared_ptr<arrow::io::RandomAccessFile> MakeArrowInput(std::unique_ptr<os::File> file, int64_t size) {
  return std::make_shared<FileInput>(std::move(file), size);
}

ArrowOutput MakeArrowOutput(os::File& file) {
  auto first_error = std::make_shared<Status>();
  return {std::make_shared<FileOutput>(file, first_error), first_error};
}

Result<std::shared_ptr<arrow::RecordBatch>> ToArrow(const data::Batch& batch, const data::Schema& schema,
                                                    const std::shared_ptr<arrow::Schema>& arrow_schema) {
  ArrowArray array{};
  TRY(data::ExportBatch(batch, schema, {.offsets_instead_of_views = true}, &array));
  auto imported = arrow::ImportRecordBatch(&array, arrow_schema);
  if (!imported.ok()) return Error(ErrorCode::kInternal, "handing rows to Arrow: " + imported.status().message());
  return *imported;
}

Result<std::shared_ptr<arrow::Schema>> ToArrow(const data::Schema& schema) {
  ArrowSchema exported{};
  TRY(data::ExportSchema(schema, {.offsets_instead_of_views = true}, &exported));
  auto imported = arrow::ImportSchema(&exported);
  if (!imported.ok())
    return Error(ErrorCode::kNotSupported, "columns Arrow cannot hold: " + imported.status().message());
  return *imported;
}

std::shared_ptr<arrow::Schema> WithOrigin(const std::shared_ptr<arrow::Schema>& schema, const std::string& origin) {
  return origin.empty() ? schema : schema->WithMetadata(arrow::key_value_metadata({kOriginKey}, {origin}));
}

std::string OriginOf(const arrow::Schema& schema) {
  if (schema.metadata() == nullptr) return {};
  const auto found = schema.metadata()->Get(kOriginKey);
  return found.ok() ? *found : std::string();
}

Result<data::Schema> FromArrow(const arrow::Schema& schema) {
  ArrowSchema exported{};
  const arrow::Status status = arrow::ExportSchema(schema, &exported);
  if (!status.ok()) return Error(ErrorCode::kNotSupported, "columns of Arrow: " + status.message());
  Result<data::Schema> imported = data::ImportSchema(exported);
  if (exported.release != nullptr) exported.release(&exported);
  return imported;
}

Result<data::ImportedArray> FromArrow(const arrow::RecordBatch& batch) {
  arrow::Status status = batch.Validate();
  if (!status.ok()) return Error(ErrorCode::kBadFile, "damaged rows: " + status.message());
  ArrowSchema schema{};
  ArrowArray array{};
  status = arrow::ExportRecordBatch(batch, &array, &schema);
  if (!status.ok()) return Error(ErrorCode::kNotSupported, "rows of Arrow: " + status.message());
  return data::ImportedArray::Import(&schema, &array);
}

}  // namespace laminar::formats
