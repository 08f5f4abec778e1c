// The writer of connector 'file'. Rows go to a file of a temporary name that takes its own name when it is complete, so
// a reader never sees half a file; with in_place they go to the file itself, for readers that follow it.
#include <algorithm>

#include "base/text.h"
#include "connectors/file/file.h"
#include "data/value.h"

namespace laminar::connectors {

namespace {

constexpr size_t kFlushBytes = size_t{1} << 20;

// The change as columns: what happened and how many times, behind the row's own columns.
data::Schema WithEnvelope(const data::Schema& schema) {
  data::Schema wide = schema;
  wide.Add({"_op", data::TypeId::kVarchar, false});
  wide.Add({"_weight", data::TypeId::kInt64, false});
  return wide;
}

class FileSink final : public sdk::Sink {
 public:
  FileSink(os::FileSystem& files, std::string name, data::Schema schema, FileTarget target, bool changelog,
           bool in_place)
      : files_(files),
        name_(std::move(name)),
        schema_(std::move(schema)),
        target_(std::move(target)),
        changelog_(changelog),
        path_(in_place ? target_.path : target_.path + ".part"),
        rows_(schema_.Types()) {}

  Status Open(sdk::Options& options) {
    const std::string directory(os::DirectoryOf(target_.path));
    if (const auto facts = files_.Stat(target_.path); facts.has_value() && facts->is_directory) {
      return Status(ErrorCode::kBadFile,
                    "sink " + Quoted(name_) + ": the path " + Quoted(target_.path, 300) + " is a folder")
          .WithHint("give the name of a file in it");
    }
    file_ = TRY(files_.Open(path_, os::OpenMode::kReplace));
    if (target_.format->is_text()) {
      encoder_ = TRY(target_.format->encoder({.schema = schema_, .options = &options}));
      TRY(encoder_->Begin(text_));
    } else {
      writer_ = TRY(target_.format->writer({.file = file_.get(), .schema = schema_, .options = &options}));
    }
    return {};
  }

  Status Write(const data::Batch& batch) override {
    if (closed_) return Status(ErrorCode::kClosed, "sink " + Quoted(name_) + " is closed");
    if (changelog_) return WriteChanges(batch);
    if (batch.weights == nullptr) return WriteRows(batch);
    for (uint32_t row = 0; row < batch.rows; ++row) {
      if (batch.weights[row] < 0) {
        return Status(ErrorCode::kCannotRetract, "sink " + Quoted(name_) +
                                                     " got a change that takes a row back, which " +
                                                     Quoted(target_.path, 300) + " cannot show")
            .WithHint("set option envelope = 'changelog', or let the query EMIT ON WINDOW CLOSE");
      }
      for (int64_t i = 0; i < batch.weights[row]; ++i) {
        rows_.AppendRows(batch, row, 1);
        if (rows_.full()) TRY(FlushRows());
      }
    }
    return FlushRows();
  }

  Status Commit(uint64_t) override { return {}; }
  Status Prepare(uint64_t, std::string&) override {
    if (closed_) return Status(ErrorCode::kClosed, "sink " + Quoted(name_) + " is closed");
    TRY(FlushText());
    return file_->Sync();
  }

  Status Close() override {
    if (closed_) return {};
    closed_ = true;
    if (encoder_ != nullptr) TRY(encoder_->Finish(text_));
    if (writer_ != nullptr) TRY(writer_->Finish());
    TRY(FlushText());
    TRY(file_->Sync());
    writer_.reset();
    file_.reset();
    if (path_ != target_.path) TRY(files_.Rename(path_, target_.path));
    return files_.SyncDirectory(std::string(os::DirectoryOf(target_.path)));
  }

 private:
  Status WriteRows(const data::Batch& batch) {
    if (writer_ != nullptr) return writer_->Write(batch);
    TRY(encoder_->Encode(batch, text_));
    return text_.size() >= kFlushBytes ? FlushText() : Status();
  }
  Status FlushRows() {
    if (rows_.rows() == 0) return {};
    if (rows_.batch().weights != nullptr) rows_.batch().weights = nullptr;
    TRY(WriteRows(rows_.batch()));
    rows_.Reset();
    return {};
  }
  Status FlushText() {
    if (text_.empty()) return {};
    TRY(file_->Append(text_));
    text_.clear();
    return {};
  }
  Status WriteChanges(const data::Batch& batch) {
    std::vector<data::Column> columns(batch.columns, batch.columns + batch.column_count);
    const size_t capacity = std::max(batch.rows, data::kBatchCapacity);  // columns are readable to the capacity
    operations_.resize(capacity);
    weights_.resize(capacity);
    for (uint32_t row = 0; row < batch.rows; ++row) {
      weights_[row] = batch.Weight(row);
      operations_[row] = data::StringRef(std::string_view(weights_[row] < 0 ? "D" : "I"));
    }
    columns.push_back({.values = operations_.data()});
    columns.push_back({.values = weights_.data()});
    data::Batch wide{
        .rows = batch.rows, .column_count = static_cast<uint32_t>(columns.size()), .columns = columns.data()};
    return WriteRows(wide);
  }

  os::FileSystem& files_;
  const std::string name_;
  const data::Schema schema_;
  const FileTarget target_;
  const bool changelog_;
  const std::string path_;
  std::unique_ptr<os::File> file_;
  std::unique_ptr<sdk::Encoder> encoder_;
  std::unique_ptr<formats::RowWriter> writer_;
  std::string text_;
  data::BatchBuffer rows_;
  std::vector<data::StringRef> operations_;
  std::vector<int64_t> weights_;
  bool closed_ = false;
};

}  // namespace

Result<std::unique_ptr<sdk::Sink>> MakeFileSink(os::FileSystem& files, sdk::SinkRequest request, FileTarget target,
                                                bool changelog, bool in_place) {
  data::Schema schema = changelog ? WithEnvelope(request.schema) : std::move(request.schema);
  auto sink =
      std::make_unique<FileSink>(files, request.name, std::move(schema), std::move(target), changelog, in_place);
  TRY(sink->Open(request.options));
  return std::unique_ptr<sdk::Sink>(std::move(sink));
}

}  // namespace laminar::connectors
