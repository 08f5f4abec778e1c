// The writer of connector 'file'. Rows go to a file of a temporary name that takes its own name when it is complete, so
// a reader never sees half a file; with in_place they go to the file itself, for readers that follow it.
//
// Exactly once: Prepare makes what was written durable and notes its length and marks (sink_token.h). Opened with such
// a token, the sink cuts off what stands behind it and goes on. Text formats append to the file itself. Parquet and
// Arrow, which can be written only as a whole, append to a journal of rows, from which the file is made in Close; the
// file keeps the journal's length and marks, so that it is known again, and the journal goes when all its rows are
// decided.
#include <algorithm>

#include "base/text.h"
#include "connectors/file/file.h"
#include "connectors/file/sink_token.h"
#include "data/value.h"
#include "formats/arrow_ipc_journal.h"

namespace laminar::connectors {

namespace {

constexpr size_t kFlushBytes = size_t{1} << 20;
constexpr size_t kUndecidedBytesMax = size_t{64} << 20;

// The change as columns: what happened and how many times, behind the row's own columns.
data::Schema WithEnvelope(const data::Schema& schema) {
  data::Schema wide = schema;
  wide.Add({"_op", data::TypeId::kVarchar, false});
  wide.Add({"_weight", data::TypeId::kInt64, false});
  return wide;
}

// Takes every byte and keeps none: to find out early whether a format can hold the columns.
class NoFile final : public os::File {
 public:
  explicit NoFile(std::string path) : path_(std::move(path)) {}
  Result<size_t> ReadAt(uint64_t, std::span<char>) const override { return size_t{0}; }
  Status WriteAt(uint64_t, std::string_view) override { return {}; }
  Status Append(std::string_view) override { return {}; }
  Result<uint64_t> Size() const override { return uint64_t{0}; }
  Status Truncate(uint64_t) override { return {}; }
  Status Sync() override { return {}; }
  Status SyncData() override { return {}; }
  Status Allocate(uint64_t) override { return {}; }
  const std::string& path() const override { return path_; }

 private:
  std::string path_;
};

class FileSink final : public sdk::Sink {
 public:
  FileSink(os::FileSystem& files, std::string name, data::Schema schema, FileTarget target, FileSinkOptions options)
      : files_(files),
        name_(std::move(name)),
        schema_(std::move(schema)),
        columns_(ColumnsChecksum(schema_)),
        target_(std::move(target)),
        options_(std::move(options)),
        part_path_(options_.in_place ? target_.path : target_.path + ".part"),
        new_path_(target_.path + ".part.new"),
        rows_(schema_.Types()) {}

  Status Open(const std::optional<std::string>& resume);

  Status Write(const data::Batch& batch) override;
  Status Prepare(uint64_t epoch, std::string& token) override;
  Status Commit(uint64_t epoch) override;
  Status Close() override;
  void Abandon() override;
  bool can_resume() const override { return encoder_ != nullptr && options_.exactly_once; }

 private:
  bool is_journal() const { return !target_.format->is_text(); }
  Status StartNew();
  Status Resume(const std::string& token);
  Status ResumeComplete(const SinkToken& token);
  // A complete file to which rows were added that are not decided becomes what it was; false: there is none.
  Result<bool> TakeBackAdded(const SinkToken& token, std::string& why_not);
  // Whether the target is the complete file made of just the rows of a token.
  Result<bool> IsTarget(const SinkToken& token);
  std::string OriginOf(const SinkToken& token) const;
  SinkToken TokenOfWritten() const;
  // Opens the file a token speaks of; null: `path` has no such file.
  Result<std::unique_ptr<os::File>> OpenKept(const std::string& path, const SinkToken& token, std::string& why_not);
  Status CutBehind(const SinkToken& token);
  // The complete file becomes the one being written again.
  Status Reopen();
  Status MakeTarget();
  // Gives a file its name in steps of which none can lose it: the old name stays until the new one is durable.
  Status MoveName(const std::string& from, const std::string& to);
  // False only where the disk says so; a disk that does not answer is an error.
  Result<bool> IsThere(const std::string& path);
  Status RemoveIfThere(const std::string& path);
  Status SyncFolder() { return files_.SyncDirectory(std::string(os::DirectoryOf(target_.path))); }
  Status WriteRows(const data::Batch& batch);
  Status FlushRows();
  Status FlushText();
  Status WriteChanges(const data::Batch& batch);

  os::FileSystem& files_;
  const std::string name_;
  const data::Schema schema_;
  const uint32_t columns_;
  const FileTarget target_;
  FileSinkOptions options_;
  const std::string part_path_;
  const std::string new_path_;
  std::unique_ptr<os::File> file_;
  std::unique_ptr<sdk::Encoder> encoder_;
  std::unique_ptr<formats::RowWriter> writer_;  // straight into the file, which then cannot be gone on with
  std::string text_;
  uint64_t length_ = 0;  // bytes written to file_
  WrittenMarks marks_;
  uint64_t prepared_length_ = 0;
  uint64_t decided_length_ = 0;
  bool is_name_durable_ = false;
  bool is_dirty_ = false;  // bytes were written since the last sync
  data::BatchBuffer rows_;
  std::vector<data::StringRef> operations_;
  std::vector<int64_t> weights_;
  bool closed_ = false;
  bool may_reopen_ = false;        // opened behind the complete file: rows may still come
  bool is_complete_told_ = false;  // a token said that the target is complete
};

Status FileSink::Open(const std::optional<std::string>& resume) {
  if (const auto facts = files_.Stat(target_.path); facts.has_value() && facts->is_directory) {
    return Status(ErrorCode::kBadFile,
                  "sink " + Quoted(name_) + ": the path " + Quoted(target_.path, 300) + " is a folder")
        .WithHint("give the name of a file in it");
  }
  if (!is_journal()) {
    encoder_ = TRY(target_.format->encoder({.schema = schema_, .options = &options_.format}));
  } else if (options_.needs_token) {
    NoFile no_file(target_.path);
    sdk::Options options = options_.format;
    TRY(target_.format->writer({.file = &no_file, .schema = schema_, .options = &options}));
    encoder_ = TRY(formats::MakeRowJournal(schema_));
  }
  const bool keeps_rows = resume.has_value() && (!resume->empty() || !options_.exactly_once);
  if (keeps_rows && encoder_ != nullptr) return Resume(*resume);
  return StartNew();
}

Status FileSink::StartNew() {
  TRY(RemoveIfThere(new_path_));
  // The target may still be a second name of an earlier attempt's file, so that one is not emptied but removed.
  if (!options_.in_place) TRY(RemoveIfThere(part_path_));
  file_ = TRY(files_.Open(part_path_, os::OpenMode::kReplace));
  if (encoder_ != nullptr) return encoder_->Begin(text_);
  writer_ = TRY(target_.format->writer({.file = file_.get(), .schema = schema_, .options = &options_.format}));
  return {};
}

Result<std::unique_ptr<os::File>> FileSink::OpenKept(const std::string& path, const SinkToken& token,
                                                     std::string& why_not) {
  std::unique_ptr<os::File> none;
  if (!TRY(IsThere(path))) {
    why_not += Quoted(path, 300) + " is not there; ";
    return none;
  }
  auto file = TRY(files_.Open(path, os::OpenMode::kReadWrite));
  const uint64_t bytes = TRY(file->Size());
  const bool is_complete = token.state == SinkToken::State::kComplete;
  if (is_complete ? bytes != token.length : bytes < token.length) {
    why_not += Quoted(path, 300) + " has " + std::to_string(bytes) + " bytes; ";
    return none;
  }
  marks_ = TRY(WrittenMarks::Read(*file, token.length));
  if (marks_.Head().checksum == token.head.checksum && marks_.Tail().checksum == token.tail.checksum) return file;
  why_not += Quoted(path, 300) + " is another file or was rewritten; ";
  return none;
}

Status FileSink::Resume(const std::string& bytes) {
  SinkToken token{.path = target_.path};
  if (!bytes.empty()) {
    token = TRY(ReadSinkToken(bytes, "the state of sink " + Quoted(name_)));
    const bool fits = token.path == target_.path && token.format == target_.format->name && token.columns == columns_ &&
                      token.is_journal == is_journal();
    if (!fits) {
      return Status(ErrorCode::kBadFile, "sink " + Quoted(name_) + " wrote " + Quoted(token.path, 300) + " as " +
                                             std::string(token.format) + ", and is now to go on in " +
                                             Quoted(target_.path, 300) + " as " + std::string(target_.format->name) +
                                             " or with other columns")
          .WithHint("set its options as they were, or drop the sink and create it again");
    }
  }
  if (token.state == SinkToken::State::kComplete) return ResumeComplete(token);
  if (token.length > 0 && TRY(IsTarget(token))) {  // the end came, and was not noted any more
    if (is_journal()) {
      const auto made = TRY(files_.Open(target_.path, os::OpenMode::kRead));
      token.length = TRY(made->Size());
      const WrittenMarks marks = TRY(WrittenMarks::Read(*made, token.length));
      token.head = marks.Head();
      token.tail = marks.Tail();
    }
    token.state = SinkToken::State::kComplete;
    return ResumeComplete(token);
  }
  TRY(RemoveIfThere(new_path_));
  const bool keeps_more = !options_.exactly_once && TRY(IsThere(part_path_));
  if (token.length == 0 && !keeps_more) return StartNew();
  std::string why_not;
  file_ = TRY(OpenKept(part_path_, token, why_not));
  const bool is_in_target = file_ == nullptr && !options_.in_place && !is_journal();
  if (is_in_target) {  // it had its name already
    file_ = TRY(OpenKept(target_.path, token, why_not));
    if (file_ != nullptr) TRY(MoveName(target_.path, part_path_));
  }
  if (file_ == nullptr) {
    return Status(ErrorCode::kBadFile, "sink " + Quoted(name_) + " cannot go on behind byte " +
                                           std::to_string(token.length) + " of " + Quoted(target_.path, 300) + ": " +
                                           why_not.substr(0, why_not.size() - 2))
        .WithHint("put the file back, or drop the sink and create it again");
  }
  if (!options_.in_place) {
    const bool has_target = TRY(IsThere(target_.path));
    const uint64_t identity = TRY(files_.Stat(part_path_)).identity;
    if (has_target && TRY(files_.Stat(target_.path)).identity == identity) {
      TRY(files_.Remove(target_.path));  // a second name of the file, which is not complete any more
      TRY(SyncFolder());
    }
  }
  file_ = TRY(files_.Open(part_path_, os::OpenMode::kReadWrite));
  return CutBehind(token);
}

// Of a journal: kept in the file made of it.
std::string FileSink::OriginOf(const SinkToken& token) const {
  std::string origin;
  AppendSinkToken(token, origin);
  std::string text = "journal:";
  for (const char c : origin) {
    constexpr char kHex[] = "0123456789abcdef";
    text += kHex[static_cast<uint8_t>(c) >> 4];
    text += kHex[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

SinkToken FileSink::TokenOfWritten() const {
  return {.is_journal = is_journal(),
          .columns = columns_,
          .length = length_,
          .head = marks_.Head(),
          .tail = marks_.Tail(),
          .format = target_.format->name,
          .path = target_.path};
}

Result<bool> FileSink::IsTarget(const SinkToken& token) {
  if (options_.in_place || !TRY(IsThere(target_.path))) return false;
  const bool has_part = TRY(IsThere(part_path_));
  if (is_journal()) {
    if (has_part) return false;
    const auto origin = target_.format->origin(TRY(files_.Open(target_.path, os::OpenMode::kRead)));
    return origin.has_value() && *origin == OriginOf(token);
  }
  const os::FileFacts facts = TRY(files_.Stat(target_.path));
  if (facts.bytes != token.length) return false;
  if (has_part && TRY(files_.Stat(part_path_)).identity != facts.identity) return false;
  std::string why_not;
  return TRY(OpenKept(target_.path, token, why_not)) != nullptr;
}

Status FileSink::ResumeComplete(const SinkToken& token) {
  std::string why_not;
  if (TRY(OpenKept(target_.path, token, why_not)) == nullptr && !TRY(TakeBackAdded(token, why_not))) {
    return Status(ErrorCode::kBadFile, "sink " + Quoted(name_) + " had completed " + Quoted(target_.path, 300) +
                                           " with " + std::to_string(token.length) + " bytes, but " +
                                           why_not.substr(0, why_not.size() - 2))
        .WithHint("put the file back, or drop the sink and create it again");
  }
  length_ = token.length;
  closed_ = true;
  may_reopen_ = true;
  is_complete_told_ = true;
  TRY(RemoveIfThere(new_path_));
  if (!options_.in_place) TRY(RemoveIfThere(part_path_));
  return SyncFolder();
}

// It is called by its temporary name again (Reopen), or is complete once more because the sink was dropped.
Result<bool> FileSink::TakeBackAdded(const SinkToken& token, std::string& why_not) {
  if (is_journal()) return false;  // takes no more rows
  SinkToken writing = token;
  writing.state = SinkToken::State::kWriting;
  for (const std::string& path : {part_path_, target_.path}) {
    const std::unique_ptr<os::File> file = TRY(OpenKept(path, writing, why_not));
    if (file == nullptr) continue;
    TRY(file->Truncate(token.length));
    TRY(file->SyncData());
    if (path != target_.path) TRY(MoveName(path, target_.path));
    return true;
  }
  return false;
}

Status FileSink::CutBehind(const SinkToken& token) {
  const uint64_t bytes = TRY(file_->Size());
  length_ = token.length;
  if (!options_.exactly_once && bytes > length_) {
    const std::string behind = TRY(ReadBytes(*file_, length_, std::min<uint64_t>(bytes - length_, kUndecidedBytesMax)));
    length_ += encoder_->WholeRows(behind);
  }
  if (bytes > length_) TRY(file_->Truncate(length_));
  marks_ = TRY(WrittenMarks::Read(*file_, length_));
  prepared_length_ = token.length;
  decided_length_ = token.length;
  is_dirty_ = bytes != token.length;
  return length_ == 0 ? encoder_->Begin(text_) : Status();
}

Status FileSink::Reopen() {
  if (is_journal()) {
    return Status(ErrorCode::kClosed, "sink " + Quoted(name_) + ": " + Quoted(target_.path, 300) +
                                          " is complete; more rows cannot be added to a file of format " +
                                          std::string(target_.format->name))
        .WithHint("drop the sink and create it with another path");
  }
  if (!options_.in_place) TRY(MoveName(target_.path, part_path_));
  file_ = TRY(files_.Open(part_path_, os::OpenMode::kReadWrite));
  marks_ = TRY(WrittenMarks::Read(*file_, length_));
  closed_ = false;
  may_reopen_ = false;
  is_complete_told_ = false;
  return {};
}

Result<bool> FileSink::IsThere(const std::string& path) {
  const auto facts = files_.Stat(path);
  if (facts.has_value()) return true;
  if (facts.error().code() == ErrorCode::kBadFile) return false;
  return Error(facts.error());
}

Status FileSink::RemoveIfThere(const std::string& path) { return TRY(IsThere(path)) ? files_.Remove(path) : Status(); }

Status FileSink::MoveName(const std::string& from, const std::string& to) {
  TRY(RemoveIfThere(new_path_));
  if (!files_.HardLink(from, new_path_).ok()) {  // not every disk can
    TRY(files_.Rename(from, to));
    return SyncFolder();
  }
  TRY(files_.Rename(new_path_, to));
  TRY(SyncFolder());
  TRY(files_.Remove(from));
  return SyncFolder();
}

Status FileSink::Write(const data::Batch& batch) {
  if (batch.rows > 0 && may_reopen_) TRY(Reopen());
  if (closed_) return may_reopen_ ? Status() : Status(ErrorCode::kClosed, "sink " + Quoted(name_) + " is closed");
  if (options_.changelog) return WriteChanges(batch);
  if (batch.weights == nullptr) return WriteRows(batch);
  for (uint32_t row = 0; row < batch.rows; ++row) {
    if (batch.weights[row] < 0) {
      return Status(ErrorCode::kCannotRetract, "sink " + Quoted(name_) + " got a change that takes a row back, which " +
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

Status FileSink::Prepare(uint64_t, std::string& token) {
  if (!closed_) {
    TRY(FlushText());
    if (is_dirty_) TRY(file_->SyncData());
    is_dirty_ = false;
    if (!is_name_durable_) TRY(SyncFolder());
    is_name_durable_ = true;
    prepared_length_ = length_;
  } else {
    is_complete_told_ = true;
  }
  if (encoder_ == nullptr) return {};
  SinkToken made = TokenOfWritten();
  if (closed_) made.state = SinkToken::State::kComplete;
  AppendSinkToken(made, token);
  return {};
}

Status FileSink::Commit(uint64_t) {
  decided_length_ = prepared_length_;
  // Decided: the complete file is what a later sink goes on from.
  if (!is_journal() || encoder_ == nullptr || !is_complete_told_) return {};
  TRY(RemoveIfThere(part_path_));
  return SyncFolder();
}

Status FileSink::Close() {
  if (closed_) return {};
  closed_ = true;
  if (encoder_ != nullptr && !is_journal()) TRY(encoder_->Finish(text_));
  if (writer_ != nullptr) TRY(writer_->Finish());
  TRY(FlushText());
  TRY(file_->Sync());
  if (is_journal() && encoder_ != nullptr) return MakeTarget();
  writer_.reset();
  file_.reset();
  return options_.in_place ? SyncFolder() : MoveName(part_path_, target_.path);
}

// An older file under its name stays, unless it was written in place.
void FileSink::Abandon() {
  closed_ = true;
  writer_.reset();
  file_.reset();
  (void)RemoveIfThere(new_path_);
  (void)RemoveIfThere(part_path_);
}

Status FileSink::MakeTarget() {
  TRY(SyncFolder());
  auto made = TRY(files_.Open(new_path_, os::OpenMode::kReplace));
  {
    sdk::Options options = options_.format;
    auto writer = TRY(target_.format->writer(
        {.file = made.get(), .schema = schema_, .options = &options, .origin = OriginOf(TokenOfWritten())}));
    TRY(formats::CopyRowJournal(*file_, length_, schema_, *writer));
    TRY(writer->Finish());
  }
  TRY(made->Sync());
  const bool is_decided = length_ == decided_length_;
  length_ = TRY(made->Size());
  marks_ = TRY(WrittenMarks::Read(*made, length_));
  made.reset();
  file_.reset();
  TRY(files_.Rename(new_path_, target_.path));
  TRY(SyncFolder());
  if (options_.is_durable && !is_decided) return {};  // the journal goes with Commit
  TRY(files_.Remove(part_path_));
  return SyncFolder();
}

Status FileSink::WriteRows(const data::Batch& batch) {
  if (writer_ != nullptr) return writer_->Write(batch);
  TRY(encoder_->Encode(batch, text_));
  return text_.size() >= kFlushBytes ? FlushText() : Status();
}

Status FileSink::FlushRows() {
  if (rows_.rows() == 0) return {};
  if (rows_.batch().weights != nullptr) rows_.batch().weights = nullptr;
  TRY(WriteRows(rows_.batch()));
  rows_.Reset();
  return {};
}

Status FileSink::FlushText() {
  if (writer_ != nullptr) is_dirty_ = true;
  if (text_.empty()) return {};
  TRY(file_->Append(text_));
  is_dirty_ = true;
  length_ += text_.size();
  marks_.Add(text_);
  text_.clear();
  return {};
}

Status FileSink::WriteChanges(const data::Batch& batch) {
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

}  // namespace

Result<std::unique_ptr<sdk::Sink>> MakeFileSink(os::FileSystem& files, sdk::SinkRequest request, FileTarget target,
                                                FileSinkOptions options) {
  data::Schema schema = options.changelog ? WithEnvelope(request.schema) : std::move(request.schema);
  auto sink = std::make_unique<FileSink>(files, request.name, std::move(schema), std::move(target), std::move(options));
  TRY(sink->Open(request.resume));
  return std::unique_ptr<sdk::Sink>(std::move(sink));
}

}  // namespace laminar::connectors
