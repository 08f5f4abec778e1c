#include "cli/result_writer.h"

#include <string>
#include <vector>

#include "base/text.h"
#include "cli/output.h"
#include "cli/table_writer.h"
#include "data/time_zone.h"
#include "data/value.h"
#include "formats/formats.h"

namespace laminar::cli {

namespace {

// CSV, JSON and JSON lines through the encoders that sinks use: what the shell writes, a source reads back.
class EncodedWriter final : public ResultWriter {
 public:
  EncodedWriter(std::unique_ptr<sdk::Encoder> encoder, bool is_array)
      : encoder_(std::move(encoder)), is_array_(is_array) {}

  Status Begin() override {
    std::string text;
    TRY(encoder_->Begin(text));
    WriteOutput(text);
    return {};
  }
  Status Rows(const data::Batch& batch) override {
    text_.clear();
    TRY(encoder_->Encode(batch, text_));
    if (!is_array_) {
      WriteOutput(text_);
      return {};
    }
    for (std::string_view line : Split(text_, '\n')) {
      if (line.empty()) continue;
      WriteOutput(has_rows_ ? ",\n " : "[\n ");
      WriteOutput(line);
      has_rows_ = true;
    }
    return {};
  }
  Status Pause() override {
    FlushOutput();
    return {};
  }
  Status End() override {
    std::string text;
    TRY(encoder_->Finish(text));
    WriteOutput(text);
    if (is_array_) WriteOutput(has_rows_ ? "\n]\n" : "[]\n");
    return {};
  }

 private:
  std::unique_ptr<sdk::Encoder> encoder_;
  bool is_array_;
  bool has_rows_ = false;
  std::string text_;
};

// Weights as two columns at the end.
class ChangelogWriter final : public ResultWriter {
 public:
  explicit ChangelogWriter(std::unique_ptr<ResultWriter> below)
      : below_(std::move(below)), marks_({data::TypeId::kVarchar, data::TypeId::kInt64}) {}

  Status Begin() override { return below_->Begin(); }
  Status Rows(const data::Batch& batch) override {
    marks_.Reset();
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const int64_t weight = batch.Weight(row);
      marks_.AppendRow(
          std::vector<data::Value>{data::Value::String(weight > 0 ? "+I" : "-D"), data::Value::Int(weight)});
    }
    std::vector<data::Column> columns(batch.columns, batch.columns + batch.column_count);
    columns.push_back(marks_.column(0));
    columns.push_back(marks_.column(1));
    const data::Batch wide{batch.rows, static_cast<uint32_t>(columns.size()), columns.data(), nullptr};
    return below_->Rows(wide);
  }
  Status Pause() override { return below_->Pause(); }
  Status End() override { return below_->End(); }

 private:
  std::unique_ptr<ResultWriter> below_;
  data::BatchBuffer marks_;
};

Result<std::unique_ptr<ResultWriter>> MakePlainWriter(WriterRequest request) {
  if (request.format == OutputFormat::kTable) {
    const data::Zone* zone = TRY(data::FindZone(request.time_zone));
    return MakeTableWriter(std::move(request), zone);
  }
  const bool is_csv = request.format == OutputFormat::kCsv;
  const formats::Format* format = formats::FindFormat(is_csv ? "csv" : "json");
  if (format == nullptr) return Error(ErrorCode::kInternal, "the formats csv and json are part of every build");
  sdk::Options options;
  formats::EncoderRequest encoder;
  encoder.schema = request.schema;
  encoder.options = &options;
  return std::make_unique<EncodedWriter>(TRY(format->encoder(std::move(encoder))),
                                         request.format == OutputFormat::kJson);
}

}  // namespace

std::optional<OutputFormat> FormatNamed(std::string_view name) {
  const std::string lower = ToLower(name);
  if (lower == "table") return OutputFormat::kTable;
  if (lower == "csv") return OutputFormat::kCsv;
  if (lower == "json") return OutputFormat::kJson;
  if (lower == "ndjson" || lower == "jsonl") return OutputFormat::kNdjson;
  return std::nullopt;
}

Result<std::unique_ptr<ResultWriter>> MakeResultWriter(WriterRequest request) {
  const bool is_changelog = request.is_changelog;
  if (is_changelog) {
    request.schema.Add({"_op", data::TypeId::kVarchar, false});
    request.schema.Add({"_weight", data::TypeId::kInt64, false});
  }
  std::unique_ptr<ResultWriter> plain = TRY(MakePlainWriter(std::move(request)));
  if (is_changelog) return std::make_unique<ChangelogWriter>(std::move(plain));
  return plain;
}

}  // namespace laminar::cli
