#include "formats/parquet.h"

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>

#include "base/text.h"
#include "formats/arrow_ipc_io.h"
#include "formats/arrow_ipc_rows.h"
#include "formats/column_cast.h"

namespace laminar::formats {

namespace {

constexpr int64_t kBatchRows = 32768;
constexpr std::string_view kMagic = "PAR1";

struct Opened {
  std::unique_ptr<parquet::arrow::FileReader> reader;
  data::Schema schema;
  std::string origin;
};

// Says plainly what is wrong with a file that is no Parquet at all.
Status CheckMagic(const os::File& file, uint64_t size) {
  auto bad = [&](std::string_view why) {
    return BadArrowFile("reading", file.path(), "Parquet", why)
        .WithHint("check that the file is complete, or set option format");
  };
  if (size == 0) return bad("the file is empty");
  char head[4] = {};
  char tail[4] = {};
  if (size < 12 || TRY(file.ReadAt(0, head)) != 4 || std::string_view(head, 4) != kMagic) {
    return bad("it does not begin with PAR1, so it is not a Parquet file");
  }
  if (TRY(file.ReadAt(size - 4, tail)) != 4 || std::string_view(tail, 4) != kMagic) {
    return bad("it does not end with PAR1, so it is truncated");
  }
  return {};
}

Result<Opened> OpenFile(std::unique_ptr<os::File> file, const std::string& path) {
  const uint64_t size = TRY(file->Size());
  TRY(CheckMagic(*file, size));
  auto input = MakeArrowInput(std::move(file), static_cast<int64_t>(size));
  Opened opened;
  std::shared_ptr<arrow::Schema> schema;
  TRY(Guarded(
      [&]() -> arrow::Status {
        parquet::arrow::FileReaderBuilder builder;
        ARROW_RETURN_NOT_OK(builder.Open(input));
        parquet::ArrowReaderProperties properties(/*use_threads=*/false);
        properties.set_batch_size(kBatchRows);
        builder.properties(properties);
        ARROW_RETURN_NOT_OK(builder.Build(&opened.reader));
        return opened.reader->GetSchema(&schema);
      },
      [&](std::string_view why) { return BadArrowFile("reading", path, "Parquet", why); }));
  Result<data::Schema> ours = FromArrow(*schema);
  if (!ours.has_value()) return Error(std::move(ours.error().Prefix("reading " + Quoted(path, 300))));
  opened.schema = std::move(*ours);
  opened.origin = OriginOf(*schema);
  return opened;
}

void CollectLeaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.column_index >= 0) leaves.push_back(field.column_index);
  for (const auto& child : field.children) CollectLeaves(child, leaves);
}

// One row group at a time.
class ParquetGroups final : public BatchGroups {
 public:
  ParquetGroups(std::string path, Opened opened) : path_(std::move(path)), opened_(std::move(opened)) {}

  void SetColumns(const std::vector<int>& columns) {
    for (const int column : columns) {
      CollectLeaves(opened_.reader->manifest().schema_fields[static_cast<size_t>(column)], leaves_);
    }
  }

  Result<bool> Open(uint64_t group) override {
    batches_.reset();
    if (group >= static_cast<uint64_t>(opened_.reader->num_row_groups())) return false;
    TRY(Run([&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(batches_, opened_.reader->GetRecordBatchReader({static_cast<int>(group)}, leaves_));
      return arrow::Status::OK();
    }));
    return true;
  }

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    std::shared_ptr<arrow::RecordBatch> batch;
    TRY(Run([&] { return batches_->ReadNext(&batch); }));
    return batch;
  }

  uint64_t rows_total() const override {
    return static_cast<uint64_t>(opened_.reader->parquet_reader()->metadata()->num_rows());
  }

 private:
  template <class Step>
  Status Run(Step step) {
    return Guarded(step, [&](std::string_view why) { return BadArrowFile("reading", path_, "Parquet", why); });
  }

  const std::string path_;
  Opened opened_;
  std::vector<int> leaves_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
};

struct WriteOptions {
  parquet::Compression::type compression = parquet::Compression::ZSTD;
  int64_t row_group_rows = 0;
};

Result<WriteOptions> ReadWriteOptions(sdk::Options& options) {
  constexpr std::string_view kNames[] = {"zstd", "snappy", "gzip", "lz4", "none"};
  constexpr parquet::Compression::type kCodecs[] = {parquet::Compression::ZSTD, parquet::Compression::SNAPPY,
                                                    parquet::Compression::GZIP, parquet::Compression::LZ4,
                                                    parquet::Compression::UNCOMPRESSED};
  WriteOptions read;
  const std::string name = TRY(options.Choice("compression", "zstd", kNames));
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) read.compression = kCodecs[i];
  }
  read.row_group_rows = TRY(options.Integer("row_group_rows", 122880, 1, 100'000'000));
  return read;
}

class ParquetWriter final : public RowWriter {
 public:
  explicit ParquetWriter(RowWriterRequest request) : request_(std::move(request)) {}

  Status Start() {
    const WriteOptions options = TRY(ReadWriteOptions(*request_.options));
    schema_ = WithOrigin(TRY(ToArrow(request_.schema)), request_.origin);
    output_ = MakeArrowOutput(*request_.file);
    return Run([&]() -> arrow::Status {
      parquet::WriterProperties::Builder properties;
      properties.compression(options.compression)->max_row_group_length(options.row_group_rows);
      parquet::ArrowWriterProperties::Builder arrow_properties;
      arrow_properties.store_schema();  // keeps what Parquet alone cannot say, such as time zones
      ARROW_ASSIGN_OR_RAISE(writer_,
                            parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), output_.stream,
                                                             properties.build(), arrow_properties.build()));
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
      const bool unsupported =
          Contains(why, "Unhandled type") || Contains(why, "not implemented") || Contains(why, "NotImplemented");
      return Status(unsupported ? ErrorCode::kNotSupported : ErrorCode::kConnectorFailed,
                    "writing " + Quoted(request_.file->path(), 300) + " as Parquet: " + EscapeForMessage(why, 300));
    });
  }

  RowWriterRequest request_;
  std::shared_ptr<arrow::Schema> schema_;
  ArrowOutput output_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace

Status CheckParquetOptions(sdk::Options& options, bool writing) {
  if (writing) TRY(ReadWriteOptions(options));
  return {};
}

Result<data::Schema> ParquetSchema(std::unique_ptr<os::File> file) {
  const std::string path = file->path();
  return TRY(OpenFile(std::move(file), path)).schema;
}

Result<std::string> ParquetOrigin(std::unique_ptr<os::File> file) {
  const std::string path = file->path();
  return TRY(OpenFile(std::move(file), path)).origin;
}

Result<std::unique_ptr<RowReader>> MakeParquetReader(RowReaderRequest request) {
  const std::string path = request.file->path();
  Opened opened = TRY(OpenFile(std::move(request.file), path));
  ColumnCast cast =
      TRY(ColumnCast::Make(opened.schema, request.schema, std::move(request.needed), path, request.bad_rows));
  auto groups = std::make_unique<ParquetGroups>(path, std::move(opened));
  groups->SetColumns(cast.FileColumns());
  cast.Compact();
  return std::unique_ptr<RowReader>(new BatchRows(path, "Parquet", std::move(groups), std::move(cast)));
}

Result<std::unique_ptr<RowWriter>> MakeParquetWriter(RowWriterRequest request) {
  auto writer = std::make_unique<ParquetWriter>(std::move(request));
  TRY(writer->Start());
  return std::unique_ptr<RowWriter>(std::move(writer));
}

}  // namespace laminar::formats
