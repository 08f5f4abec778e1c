// The reader of connector 'file': one file after the other, in blocks; the last one again and again with follow.
#include <algorithm>

#include "base/text.h"
#include "connectors/file/file.h"
#include "sdk/rate_limit.h"

namespace laminar::connectors {

namespace {

constexpr size_t kBlockBytes = size_t{1} << 20;

class FileSource final : public sdk::Source {
 public:
  FileSource(os::FileSystem& files, const os::Clock& clock, sdk::SourceRequest request, FileTarget target,
             std::vector<std::string> paths, bool follow, double rate)
      : files_(files),
        clock_(clock),
        request_(std::move(request)),
        target_(std::move(target)),
        paths_(std::move(paths)),
        follow_(follow),
        rate_(rate) {
    for (const std::string& path : paths_) {
      if (const auto facts = files_.Stat(path)) bytes_total_ += facts->bytes;
    }
    if (target_.format->is_text()) block_.resize(kBlockBytes);
  }

  Result<sdk::ReadState> Read(data::BatchBuffer& out, uint32_t rows_max) override;
  std::pair<uint64_t, uint64_t> Progress() const override {
    return {bytes_done_ + offset_, std::max(bytes_total_, bytes_done_ + offset_)};
  }

 private:
  Status OpenNext();
  Status CloseCurrent();
  // Each appends rows; false: the file gives no more now.
  Result<bool> ReadText(data::BatchBuffer& out, uint32_t rows_max);
  Result<bool> ReadRows(data::BatchBuffer& out, uint32_t rows_max);
  // At the end of a followed file: has it changed its nature, and has a later file come?
  Status CheckFollowed();

  os::FileSystem& files_;
  const os::Clock& clock_;
  sdk::SourceRequest request_;
  FileTarget target_;
  std::vector<std::string> paths_;
  const bool follow_;
  sdk::RateLimit rate_;

  size_t next_path_ = 0;
  bool is_open_ = false;
  std::string path_;
  std::unique_ptr<os::File> file_;  // text formats
  std::unique_ptr<sdk::Decoder> decoder_;
  std::unique_ptr<formats::RowReader> reader_;  // file formats
  std::vector<char> block_;
  bool decoder_hungry_ = true;
  bool decoder_finished_ = false;
  uint64_t offset_ = 0;
  uint64_t identity_ = 0;
  uint64_t bytes_done_ = 0;
  uint64_t bytes_total_ = 0;
};

Status FileSource::OpenNext() {
  path_ = paths_[next_path_++];
  offset_ = 0;
  const os::FileFacts facts = TRY(files_.Stat(path_));
  if (facts.is_directory) {
    return Status(ErrorCode::kBadFile, "reading " + Quoted(path_, 300) + ": it is a folder")
        .WithHint("to read the files in it, use a path such as '" + EscapeForMessage(path_, 200) + "/*.csv'");
  }
  identity_ = facts.identity;
  std::unique_ptr<os::File> file = TRY(files_.Open(path_, os::OpenMode::kRead));
  if (target_.format->is_text()) {
    sdk::Options options = request_.options;
    decoder_ = TRY(target_.format->decoder({.place = path_,
                                            .schema = request_.schema,
                                            .needed = request_.needed,
                                            .options = &options,
                                            .bad_rows = request_.bad_rows}));
    file_ = std::move(file);
    decoder_hungry_ = true;
    decoder_finished_ = false;
  } else {
    reader_ =
        TRY(target_.format->reader({.file = std::move(file), .schema = request_.schema, .needed = request_.needed}));
  }
  is_open_ = true;
  return {};
}

Status FileSource::CloseCurrent() {
  if (const auto facts = files_.Stat(path_)) bytes_done_ += target_.format->is_text() ? offset_ : facts->bytes;
  offset_ = 0;
  decoder_.reset();
  reader_.reset();
  file_.reset();
  is_open_ = false;
  return {};
}

Status FileSource::CheckFollowed() {
  const auto facts = files_.Stat(path_);
  if (!facts.has_value()) {
    return Status(ErrorCode::kBadFile, "following " + Quoted(path_, 300) + ": the file was removed")
        .WithHint("write new rows to a new file and follow a glob that matches both");
  }
  if (facts->identity != identity_ || facts->bytes < offset_) {
    const std::string what = facts->identity != identity_ ? "another file took its name" : "the file was truncated";
    return Status(ErrorCode::kBadFile, "following " + Quoted(path_, 300) + ": " + what + " after " +
                                           std::to_string(offset_) + " bytes were read")
        .WithHint("write new rows to a new file and follow a glob that matches both");
  }
  if (next_path_ == paths_.size() && os::HasGlob(target_.path)) {
    for (std::string& found : TRY(files_.Glob(target_.path))) {
      if (found > paths_.back()) paths_.push_back(std::move(found));
    }
  }
  return {};
}

Result<bool> FileSource::ReadText(data::BatchBuffer& out, uint32_t rows_max) {
  while (out.rows() < rows_max) {
    if (!decoder_hungry_ || decoder_finished_) {
      decoder_hungry_ = TRY(decoder_->Decode(out, rows_max));
      if (!decoder_hungry_) return true;
      if (decoder_finished_) return false;
      continue;
    }
    const size_t size = TRY(file_->ReadAt(offset_, block_));
    if (size > 0) {
      offset_ += size;
      decoder_->Feed({block_.data(), size});
      decoder_hungry_ = false;
      continue;
    }
    if (follow_) {
      TRY(CheckFollowed());
      if (next_path_ == paths_.size()) return false;
    }
    decoder_->Finish();
    decoder_finished_ = true;
  }
  return true;
}

Result<bool> FileSource::ReadRows(data::BatchBuffer& out, uint32_t rows_max) {
  while (out.rows() < rows_max) {
    const uint32_t before = out.rows();
    TRY(reader_->Read(out, rows_max));
    if (out.rows() == before) return false;
  }
  return true;
}

Result<sdk::ReadState> FileSource::Read(data::BatchBuffer& out, uint32_t rows_max) {
  out.Reset();
  rows_max = rate_.Allowed(rate_.limited() ? clock_.MonotonicNanos() : 0, std::min(rows_max, out.capacity()));
  if (rows_max == 0) return sdk::ReadState::kIdle;
  while (true) {
    if (!is_open_) {
      if (next_path_ == paths_.size()) break;
      TRY(OpenNext());
    }
    const bool more = TRY(target_.format->is_text() ? ReadText(out, rows_max) : ReadRows(out, rows_max));
    if (more) break;
    if (follow_ && !decoder_finished_) break;
    TRY(CloseCurrent());
  }
  if (out.rows() > 0) {
    rate_.Take(out.rows());
    return sdk::ReadState::kRows;
  }
  return is_open_ ? sdk::ReadState::kIdle : sdk::ReadState::kEnd;
}

}  // namespace

std::unique_ptr<sdk::Source> MakeFileSource(os::FileSystem& files, const os::Clock& clock, sdk::SourceRequest request,
                                            FileTarget target, std::vector<std::string> paths, bool follow,
                                            double rate) {
  return std::make_unique<FileSource>(files, clock, std::move(request), std::move(target), std::move(paths), follow,
                                      rate);
}

}  // namespace laminar::connectors
