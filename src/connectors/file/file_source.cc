// The reader of connector 'file': one file after the other, in blocks; the last one again and again with follow.
//
// A position (file_position.h) names the file being read and the first row of it not handed out. Law: a reader opened
// at a position gives the rows behind it and no other, and reads nothing that stands before it but the marks.
#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "connectors/file/file.h"
#include "connectors/file/file_position.h"
#include "sdk/rate_limit.h"
#include "sdk/token.h"

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
        rate_(rate),
        columns_(ColumnsChecksum(request_.schema)) {
    for (const std::string& path : paths_) {
      if (const auto facts = files_.Stat(path)) bytes_total_ += facts->bytes;
    }
    if (target_.format->is_text()) block_.resize(kTailBytes + kBlockBytes);
  }

  // Before the first Read: to where request.position says.
  Status GoTo(const FilePosition& position);

  Result<sdk::ReadState> Read(data::BatchBuffer& out, uint32_t rows_max) override;
  void AppendPosition(std::string& out) const override;
  std::pair<uint64_t, uint64_t> Progress() const override {
    return {bytes_done_ + offset_, std::max(bytes_total_, bytes_done_ + offset_)};
  }

 private:
  Status OpenNext();
  Status CloseCurrent();
  Status GoIntoText(const FilePosition& position);
  Status GoIntoRows(const FilePosition& position);
  // The next bytes of a text file, behind a few of those before; 0: there are none now.
  Result<size_t> ReadBlock();
  // Each appends rows; false: the file gives no more now.
  Result<bool> ReadText(data::BatchBuffer& out, uint32_t rows_max);
  Result<bool> ReadRows(data::BatchBuffer& out, uint32_t rows_max);
  // At the end of a followed file: has it changed its nature, and has a later file come?
  Status CheckFollowed();
  Status FindLater();
  Status Changed(const std::string& what) const;
  bool AppendTextPosition(FilePosition& position, std::string& out) const;

  os::FileSystem& files_;
  const os::Clock& clock_;
  sdk::SourceRequest request_;
  FileTarget target_;
  std::vector<std::string> paths_;
  const bool follow_;
  sdk::RateLimit rate_;
  const uint32_t columns_;

  size_t next_path_ = 0;
  bool is_open_ = false;
  std::string path_;  // of the file that is open or was last
  uint64_t rows_ = 0;
  std::unique_ptr<os::File> file_;  // text formats
  std::unique_ptr<sdk::Decoder> decoder_;
  std::unique_ptr<formats::RowReader> reader_;  // file formats
  uint64_t file_bytes_ = 0;                     // of a file format's file, and the mark of its end
  FileMark footer_;

  std::vector<char> block_;  // [kTailBytes - tail_size_, kTailBytes + block_size_): the last bytes before offset_
  size_t tail_size_ = 0;
  size_t block_size_ = 0;
  std::string head_;    // the first bytes of the file, as far as they were read
  FileMark head_mark_;  // of head_, once it is full
  bool decoder_hungry_ = true;
  bool decoder_finished_ = false;
  uint64_t offset_ = 0;        // behind the bytes read
  uint64_t end_ = UINT64_MAX;  // of what is read of this file
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
    tail_size_ = 0;
    block_size_ = 0;
    head_.clear();
    end_ = UINT64_MAX;
  } else {
    file_bytes_ = TRY(file->Size());
    const uint64_t length = std::min<uint64_t>(file_bytes_, kHeadBytes);
    footer_ = FileMark::Of(TRY(ReadBytes(*file, file_bytes_ - length, length)));
    reader_ = TRY(target_.format->reader({.file = std::move(file),
                                          .schema = request_.schema,
                                          .needed = request_.needed,
                                          .bad_rows = request_.bad_rows}));
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
  return next_path_ == paths_.size() ? FindLater() : Status();
}

Status FileSource::FindLater() {
  if (!os::HasGlob(target_.path)) return {};
  for (std::string& found : TRY(files_.Glob(target_.path))) {
    if (found > path_) paths_.push_back(std::move(found));
  }
  return {};
}

Result<size_t> FileSource::ReadBlock() {
  const size_t kept = std::min(kTailBytes, tail_size_ + block_size_);
  std::memmove(block_.data() + kTailBytes - kept, block_.data() + kTailBytes + block_size_ - kept, kept);
  tail_size_ = kept;
  block_size_ = 0;
  const size_t wanted = std::min<uint64_t>(kBlockBytes, end_ - offset_);
  if (wanted == 0) return size_t{0};
  block_size_ = TRY(file_->ReadAt(offset_, {block_.data() + kTailBytes, wanted}));
  if (head_.size() < kHeadBytes && head_.size() == offset_) {
    head_.append(block_.data() + kTailBytes, std::min(kHeadBytes - head_.size(), block_size_));
    if (head_.size() == kHeadBytes) head_mark_ = FileMark::Of(head_);
  }
  offset_ += block_size_;
  return block_size_;
}

Result<bool> FileSource::ReadText(data::BatchBuffer& out, uint32_t rows_max) {
  while (out.rows() < rows_max) {
    if (!decoder_hungry_ || decoder_finished_) {
      decoder_hungry_ = TRY(decoder_->Decode(out, rows_max));
      if (!decoder_hungry_) return true;
      if (decoder_finished_) return false;
      continue;
    }
    const size_t size = TRY(ReadBlock());
    if (size > 0) {
      decoder_->Feed({block_.data() + kTailBytes, size});
      decoder_hungry_ = false;
      continue;
    }
    if (follow_ && offset_ < end_) {
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
      if (next_path_ == paths_.size() && follow_) TRY(FindLater());
      if (next_path_ == paths_.size()) break;
      TRY(OpenNext());
    }
    const bool more = TRY(target_.format->is_text() ? ReadText(out, rows_max) : ReadRows(out, rows_max));
    if (more) break;
    if (follow_ && !decoder_finished_) break;
    TRY(CloseCurrent());
  }
  if (out.rows() > 0) {
    rows_ += out.rows();
    rate_.Take(out.rows());
    return sdk::ReadState::kRows;
  }
  return is_open_ || follow_ ? sdk::ReadState::kIdle : sdk::ReadState::kEnd;
}

bool FileSource::AppendTextPosition(FilePosition& position, std::string& out) const {
  const size_t state_begin = out.size();
  uint64_t pending = 0;
  if (!decoder_->AppendState(out, pending)) return false;
  out.resize(state_begin);
  position.kind = FilePosition::Kind::kText;
  position.offset = offset_ - pending;
  position.end = decoder_finished_ ? offset_ : (end_ == UINT64_MAX ? 0 : end_);
  const size_t head = std::min<uint64_t>(kHeadBytes, position.offset);
  position.head = head == kHeadBytes ? head_mark_ : FileMark::Of(std::string_view(head_).substr(0, head));
  const uint64_t known = tail_size_ + block_size_;  // bytes before offset_ that are at hand
  if (pending < known) {
    const size_t length = std::min<uint64_t>(kTailBytes, known - pending);
    position.tail = FileMark::Of({block_.data() + kTailBytes + block_size_ - pending - length, length});
  } else {
    position.tail = FileMark::Of({});
  }
  return true;
}

void FileSource::AppendPosition(std::string& out) const {
  if (!is_open_ && next_path_ == 0 && path_.empty()) return;  // at the start
  const size_t begin = out.size();
  FilePosition position{.rows = rows_, .columns = columns_, .path = path_};
  if (is_open_ && decoder_ != nullptr) {
    if (!AppendTextPosition(position, out)) return;
  } else if (is_open_) {
    const formats::RowPlace place = reader_->Place();
    position.kind = FilePosition::Kind::kRows;
    position.bytes = file_bytes_;
    position.footer = footer_;
    position.group = place.group;
    position.row = place.row;
    position.rows_before = place.rows_before;
  }
  BeginFilePosition(position, out);
  uint64_t pending = 0;
  if (position.kind == FilePosition::Kind::kText) (void)decoder_->AppendState(out, pending);
  sdk::SealToken(begin, out);
  if (out.size() - begin > sdk::kTokenBytesMax) out.resize(begin);  // thousands of columns: the rows are counted then
}

Status FileSource::Changed(const std::string& what) const {
  return Status(ErrorCode::kBadFile,
                "source " + Quoted(request_.name) + " cannot go on in " + Quoted(path_, 300) + ": " + what)
      .WithHint("put the file back as it was, or drop the source and create it again");
}

Status FileSource::GoIntoText(const FilePosition& position) {
  const uint64_t bytes = TRY(file_->Size());
  if (bytes < std::max(position.offset, position.end)) {
    return Changed("the file was shortened to " + std::to_string(bytes) + " bytes, of which " +
                   std::to_string(position.offset) + " had been read");
  }
  head_ = TRY(ReadBytes(*file_, 0, position.head.length));
  if (!position.head.Fits(head_)) return Changed("another file took its name, or its start was rewritten");
  if (head_.size() == kHeadBytes) head_mark_ = position.head;
  const std::string tail = TRY(ReadBytes(*file_, position.offset - position.tail.length, position.tail.length));
  if (!position.tail.Fits(tail)) {
    return Changed("what stands before byte " + std::to_string(position.offset) + " was rewritten");
  }
  TRY(decoder_->Restore(position.decoder).Prefix("source " + Quoted(request_.name)));
  std::memcpy(block_.data() + kTailBytes - tail.size(), tail.data(), tail.size());
  tail_size_ = tail.size();
  offset_ = position.offset;
  if (position.end != 0) end_ = position.end;
  return {};
}

Status FileSource::GoIntoRows(const FilePosition& position) {
  if (file_bytes_ != position.bytes) {
    return Changed("the file has " + std::to_string(file_bytes_) + " bytes, it had " + std::to_string(position.bytes));
  }
  if (footer_.length != position.footer.length || footer_.checksum != position.footer.checksum) {
    return Changed("another file took its name, or it was rewritten");
  }
  TRY(reader_->Seek({.group = position.group, .row = position.row, .rows_before = position.rows_before}));
  return {};
}

Status FileSource::GoTo(const FilePosition& position) {
  rows_ = position.rows;
  path_ = position.path;
  if (position.columns != columns_) return Changed("the source had other columns when it was read");
  const auto found = std::lower_bound(paths_.begin(), paths_.end(), path_);
  const bool is_there = found != paths_.end() && *found == path_;
  next_path_ = static_cast<size_t>(found - paths_.begin());
  for (size_t i = 0; i < next_path_; ++i) {
    if (const auto facts = files_.Stat(paths_[i])) bytes_done_ += facts->bytes;
  }
  if (position.kind == FilePosition::Kind::kDone) {
    if (is_there) ++next_path_;
    return {};
  }
  if (!is_there) {
    return Changed(files_.Exists(path_) ? "option path, now " + Quoted(target_.path, 300) + ", does not match it"
                                        : "the file was removed");
  }
  if (target_.format->is_text() != (position.kind == FilePosition::Kind::kText)) {
    return Changed("it was read in another format");
  }
  TRY(OpenNext());
  return target_.format->is_text() ? GoIntoText(position) : GoIntoRows(position);
}

}  // namespace

Result<std::unique_ptr<sdk::Source>> MakeFileSource(os::FileSystem& files, const os::Clock& clock,
                                                    sdk::SourceRequest request, FileTarget target,
                                                    std::vector<std::string> paths, bool follow, double rate) {
  const std::string token = std::move(request.position);
  const std::string what = "the position of source " + Quoted(request.name);
  auto source =
      std::make_unique<FileSource>(files, clock, std::move(request), std::move(target), std::move(paths), follow, rate);
  if (!token.empty()) {
    const FilePosition position = TRY(ReadFilePosition(token, what));
    TRY(source->GoTo(position));
  }
  return std::unique_ptr<sdk::Source>(std::move(source));
}

}  // namespace laminar::connectors
