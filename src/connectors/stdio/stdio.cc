#include "connectors/stdio/stdio.h"

#include <algorithm>

#include "base/text.h"

namespace laminar::connectors {

namespace {

constexpr std::string_view kWhat = "connector 'stdio'";
constexpr size_t kBlockBytes = size_t{1} << 18;

Result<const formats::Format*> ReadFormat(sdk::Options& options, bool writing) {
  const std::string name = options.Text("format", "csv");
  const formats::Format* format = formats::FindFormat(name);
  if (format == nullptr || !format->is_text()) {
    std::vector<std::string_view> accepted;
    for (const std::string_view each : formats::FormatNames()) {
      if (formats::FindFormat(each)->is_text()) accepted.push_back(each);
    }
    return Error(
        Status(ErrorCode::kBadOption, "format " + Quoted(name) + " cannot pass through standard input or output")
            .WithHint("accepted: " + Join(accepted, ", ")));
  }
  TRY(format->check(options, writing));
  return format;
}

Result<bool> ReadEnvelope(sdk::Options& options, const data::Schema& schema) {
  constexpr std::string_view kEnvelopes[] = {"none", "changelog"};
  const bool changelog = TRY(options.Choice("envelope", "none", kEnvelopes)) == "changelog";
  if (changelog && (schema.IndexOf("_op") >= 0 || schema.IndexOf("_weight") >= 0)) {
    return Error(
        Status(ErrorCode::kBadOption, "envelope 'changelog' adds columns '_op' and '_weight', which the rows have")
            .WithHint("name the query's columns otherwise"));
  }
  return changelog;
}

class StdioSource final : public sdk::Source {
 public:
  StdioSource(os::Stream& input, std::unique_ptr<sdk::Decoder> decoder)
      : input_(input), decoder_(std::move(decoder)), block_(kBlockBytes) {}

  Result<sdk::ReadState> Read(data::BatchBuffer& out, uint32_t rows_max) override {
    out.Reset();
    rows_max = std::min(rows_max, out.capacity());
    while (true) {
      if (!hungry_) hungry_ = TRY(decoder_->Decode(out, rows_max));
      if (out.rows() > 0) return sdk::ReadState::kRows;
      if (ended_) return sdk::ReadState::kEnd;
      size_t size = 0;
      const os::Stream::ReadState state = TRY(input_.Read(block_, size));
      if (state == os::Stream::ReadState::kNothingYet) return sdk::ReadState::kIdle;
      if (state == os::Stream::ReadState::kEnd) {
        ended_ = true;
        decoder_->Finish();
      } else {
        bytes_ += size;
        decoder_->Feed({block_.data(), size});
      }
      hungry_ = false;
    }
  }
  std::pair<uint64_t, uint64_t> Progress() const override { return {bytes_, 0}; }

 private:
  os::Stream& input_;
  std::unique_ptr<sdk::Decoder> decoder_;
  std::vector<char> block_;
  bool hungry_ = true;
  bool ended_ = false;
  uint64_t bytes_ = 0;
};

class StdioSink final : public sdk::Sink {
 public:
  StdioSink(os::Stream& output, std::string name, std::unique_ptr<sdk::Encoder> encoder, bool changelog)
      : output_(output), name_(std::move(name)), encoder_(std::move(encoder)), changelog_(changelog) {}

  Status Write(const data::Batch& batch) override {
    if (!begun_) TRY(encoder_->Begin(text_));
    begun_ = true;
    std::vector<data::Column> columns(batch.columns, batch.columns + batch.column_count);
    std::vector<data::StringRef> operations(batch.rows);
    std::vector<int64_t> weights(batch.rows);
    for (uint32_t row = 0; row < batch.rows; ++row) {
      weights[row] = batch.Weight(row);
      operations[row] = data::StringRef(std::string_view(weights[row] < 0 ? "D" : "I"));
      if (!changelog_ && weights[row] != 1) {
        return Status(ErrorCode::kCannotRetract, "sink " + Quoted(name_) + " got a change of weight " +
                                                     std::to_string(weights[row]) + ", which plain rows cannot show")
            .WithHint("set option envelope = 'changelog', or let the query EMIT ON WINDOW CLOSE");
      }
    }
    if (changelog_) {
      columns.push_back({.values = operations.data()});
      columns.push_back({.values = weights.data()});
    }
    const data::Batch shown{
        .rows = batch.rows, .column_count = static_cast<uint32_t>(columns.size()), .columns = columns.data()};
    TRY(encoder_->Encode(shown, text_));
    return Flush();
  }
  Status Commit(uint64_t) override { return {}; }
  // What was written is with its reader already and cannot be taken back: no token.
  Status Prepare(uint64_t, std::string&) override {
    return Flush();
  }
  Status Close() override {
    if (!begun_) TRY(encoder_->Begin(text_));
    begun_ = true;
    TRY(encoder_->Finish(text_));
    return Flush();
  }

 private:
  Status Flush() {
    TRY(output_.Write(text_));
    text_.clear();
    return {};
  }

  os::Stream& output_;
  const std::string name_;
  std::unique_ptr<sdk::Encoder> encoder_;
  const bool changelog_;
  bool begun_ = false;
  std::string text_;
};

}  // namespace

std::string_view StdioConnector::doc() const {
  return "rows from standard input and to standard output, as CSV or JSON lines";
}

Result<sdk::SourceTraits> StdioConnector::CheckSource(const sdk::SourceRequest& request) {
  sdk::Options options = request.options;
  TRY(ReadFormat(options, false));
  TRY(options.RejectUnread(kWhat));
  return sdk::SourceTraits{.replayable = false, .bounded = true};
}

Result<std::unique_ptr<sdk::Source>> StdioConnector::OpenSource(sdk::SourceRequest request) {
  sdk::Options options = request.options;
  const formats::Format* format = TRY(ReadFormat(options, false));
  TRY(options.RejectUnread(kWhat));
  auto decoder = TRY(format->decoder({.place = "stdin",
                                      .schema = request.schema,
                                      .needed = request.needed,
                                      .options = &options,
                                      .bad_rows = request.bad_rows}));
  return std::unique_ptr<sdk::Source>(new StdioSource(input_, std::move(decoder)));
}

Result<sdk::SinkShape> StdioConnector::CheckSink(const sdk::SinkRequest& request) {
  sdk::Options options = request.options;
  TRY(ReadFormat(options, true));
  const bool changelog = TRY(ReadEnvelope(options, request.schema));
  TRY(options.RejectUnread(kWhat));
  return changelog ? sdk::SinkShape::kChangelog : sdk::SinkShape::kAppendOnly;
}

Result<std::unique_ptr<sdk::Sink>> StdioConnector::OpenSink(sdk::SinkRequest request) {
  sdk::Options options = request.options;
  const formats::Format* format = TRY(ReadFormat(options, true));
  const bool changelog = TRY(ReadEnvelope(options, request.schema));
  TRY(options.RejectUnread(kWhat));
  if (changelog) {
    request.schema.Add({"_op", data::TypeId::kVarchar, false});
    request.schema.Add({"_weight", data::TypeId::kInt64, false});
  }
  auto encoder = TRY(format->encoder({.schema = request.schema, .options = &options}));
  return std::unique_ptr<sdk::Sink>(new StdioSink(output_, request.name, std::move(encoder), changelog));
}

}  // namespace laminar::connectors
