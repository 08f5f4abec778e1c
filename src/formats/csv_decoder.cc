// The CSV decoder: cuts the stream into windows of whole rows, indexes a window's fields, then reads it column by
// column. A row that is cut by the end of the bytes waits in carry_, which then has priority over new bytes.
#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/text.h"
#include "formats/csv.h"
#include "formats/csv_columns.h"

namespace laminar::formats {

namespace {

constexpr size_t kInputMax = size_t{1} << 30;  // positions within a window are 32 bits
constexpr size_t kShownBytes = 200;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class CsvDecoder final : public sdk::Decoder {
 public:
  CsvDecoder(sdk::DecoderRequest request, CsvOptions options)
      : request_(std::move(request)),
        options_(std::move(options)),
        index_(options_.dialect),
        scanner_(options_.dialect) {
    const data::Schema& schema = request_.schema;
    for (size_t i = 0; i < schema.size(); ++i) {
      columns_.emplace_back(schema[i], options_);
      field_of_column_.push_back(static_cast<uint32_t>(i));
    }
    rows_.fields = static_cast<uint32_t>(schema.size());
    header_pending_ = options_.header;
  }

  void Feed(std::string_view bytes) override { input_ = bytes; }
  void Finish() override { finished_ = true; }
  Result<bool> Decode(data::BatchBuffer& out, uint32_t rows_max) override;
  bool AppendState(std::string& out, uint64_t& pending) const override;
  Status Restore(std::string_view state) override;

 private:
  // Fills carry_ up to the end of its row. False: more bytes are needed.
  bool CompleteCarry();
  bool CheckStart();
  void SplitLongRow(std::string_view reason);
  // Decodes rows from the start of a window and returns how many bytes they took.
  Result<size_t> DecodeWindow(std::string_view window, data::BatchBuffer& out, uint32_t rows_max);
  Status ReadHeader(std::string_view window);
  void CollectRows();
  void ReadColumns(data::BatchBuffer& out);
  void NoteBadCells();
  void Report(uint64_t line, std::string_view reason, std::string_view text);
  std::string_view RowText(uint32_t row) const;
  uint64_t LineOf(uint32_t row) const;

  struct BadLine {
    uint32_t row;
    std::string reason;
  };

  sdk::DecoderRequest request_;
  const CsvOptions options_;
  CsvIndex index_;
  std::vector<CsvColumnReader> columns_;
  std::vector<uint32_t> field_of_column_;
  CsvRows rows_;
  std::vector<BadLine> bad_lines_;
  std::vector<CsvBadCell> bad_cells_;

  std::string_view input_;
  std::string carry_;          // begins at the start of a row
  size_t carry_ready_ = 0;     // bytes of carry_ that are complete rows
  bool carry_closed_ = false;  // the last byte of carry_ is a newline that was not fed
  CsvRowScanner scanner_;      // stands at the end of carry_
  bool finished_ = false;
  bool start_checked_ = false;
  bool header_pending_ = false;
  uint64_t line_ = 1;  // of the next row's first line
  std::string_view window_;
};

std::string_view CsvDecoder::RowText(uint32_t row) const {
  const uint32_t begin = index_.ends()[index_.FirstField(row)] + 1;
  const uint32_t end = index_.ends()[index_.FirstField(row + 1)];
  return window_.substr(begin, end - begin);
}

uint64_t CsvDecoder::LineOf(uint32_t row) const {
  const uint32_t begin = index_.ends()[index_.FirstField(row)] + 1;
  return line_ + static_cast<uint64_t>(std::count(window_.begin(), window_.begin() + begin, '\n'));
}

void CsvDecoder::Report(uint64_t line, std::string_view reason, std::string_view text) {
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  request_.bad_rows->Add(request_.place + ":" + std::to_string(line), reason, text.substr(0, kShownBytes));
}

// Looks for a byte order mark, which may come byte by byte. False: more bytes are needed to know.
bool CsvDecoder::CheckStart() {
  while (carry_.size() < kByteOrderMark.size() && !input_.empty()) {
    if (carry_ != kByteOrderMark.substr(0, carry_.size())) break;
    carry_ += input_[0];
    input_.remove_prefix(1);
  }
  const bool is_prefix = carry_ == kByteOrderMark.substr(0, carry_.size());
  if (is_prefix && carry_.size() < kByteOrderMark.size() && !finished_) return false;
  if (carry_ == kByteOrderMark) carry_.clear();
  const size_t ready = scanner_.Scan(carry_);
  carry_ready_ = ready;
  start_checked_ = true;
  return true;
}

bool CsvDecoder::CompleteCarry() {
  while (carry_ready_ == 0) {
    const size_t size = scanner_.Scan(input_);
    if (size > 0) {
      carry_.append(input_.substr(0, size));
      input_.remove_prefix(size);
      carry_ready_ = carry_.size();
      return true;
    }
    carry_.append(input_);
    input_ = {};
    if (finished_ && !scanner_.in_quotes()) {
      carry_ += '\n';
      carry_closed_ = true;
      scanner_.Scan("\n");
      carry_ready_ = carry_.size();
    } else if (finished_) {
      SplitLongRow("the quoted field that begins here is never closed");
      if (carry_.empty()) return false;
    } else if (carry_.size() > options_.row_bytes_max) {
      SplitLongRow("a row of more than " + FormatBytes(options_.row_bytes_max) +
                   " (option row_bytes_max), perhaps a quoted field that is never closed");
    } else {
      return false;
    }
  }
  return true;
}

// Gives up the first line of carry_ only, so that one open quote costs one line and not the rest of the file.
void CsvDecoder::SplitLongRow(std::string_view reason) {
  const size_t newline = carry_.find('\n');
  const size_t first = newline == std::string::npos ? carry_.size() : newline + 1;
  Report(line_, reason, std::string_view(carry_).substr(0, newline));
  ++line_;
  carry_.erase(0, first);
  carry_ready_ = 0;
  scanner_.Restart();
  while (const size_t size = scanner_.Scan(std::string_view(carry_).substr(carry_ready_))) {
    carry_ready_ += size;
    scanner_.Restart();
  }
}

Status CsvDecoder::ReadHeader(std::string_view window) {
  if (StartsWith(window, "\xFF\xFE") || StartsWith(window, "\xFE\xFF")) {
    return Status(ErrorCode::kBadFile, "reading " + request_.place + ": the text is UTF-16")
        .WithHint("save the file as UTF-8");
  }
  std::vector<std::string> names;
  rows_.text = window;
  rows_.ends = index_.ends();
  rows_.first_field.assign(1, 0);
  rows_.fields = index_.FieldCount(0);
  if (!index_.malformed().empty() && index_.malformed()[0] == 0) {
    return Status(ErrorCode::kBadFile, "reading " + request_.place + ": the header line has text after a closing quote")
        .WithHint("use header = false if the file has no header line");
  }
  for (uint32_t i = 0; i < rows_.fields; ++i) {
    std::string_view name = rows_.Field(0, i);
    const char quote = options_.dialect.quote;
    if (quote != '\0' && name.size() >= 2 && name[0] == quote) {
      const std::string pair(2, quote);
      names.push_back(ReplaceAll(name.substr(1, name.size() - 2), pair, pair.substr(1)));
    } else {
      names.emplace_back(Trim(name));
    }
  }
  for (size_t column = 0; column < columns_.size(); ++column) {
    const std::string& wanted = request_.schema[column].name;
    auto found = std::find(names.begin(), names.end(), wanted);
    if (found == names.end()) {
      found = std::find_if(names.begin(), names.end(), [&](const auto& n) { return EqualsIgnoreCase(n, wanted); });
    }
    if (found == names.end()) {
      return Status(ErrorCode::kBadFile,
                    "reading " + request_.place + ": no column " + Quoted(wanted) +
                        " in the header line, which has: " + EscapeForMessage(Join(names, ", "), 300))
          .WithHint("use header = false if the file has no header line");
    }
    field_of_column_[column] = static_cast<uint32_t>(found - names.begin());
  }
  header_pending_ = false;
  return {};
}

// Sorts the window's lines into rows (rows_) and those that are none.
void CsvDecoder::CollectRows() {
  rows_.text = window_;
  rows_.ends = index_.ends();
  rows_.may_have_high_bytes = index_.has_high_bytes();
  rows_.first_field.clear();
  rows_.number.clear();
  bad_lines_.clear();
  const std::vector<uint32_t>& malformed = index_.malformed();
  size_t next_malformed = 0;
  for (uint32_t row = 0; row < index_.rows(); ++row) {
    const uint32_t count = index_.FieldCount(row);
    if (next_malformed < malformed.size() && malformed[next_malformed] == row) {
      ++next_malformed;
      bad_lines_.push_back({row, "text after a closing quote"});
      continue;
    }
    if (count == rows_.fields) [[likely]] {
      rows_.first_field.push_back(index_.FirstField(row));
      rows_.number.push_back(row);
      continue;
    }
    const std::string_view text = RowText(row);
    if (text.empty() || text == "\r") continue;  // a blank line
    bad_lines_.push_back({row, "expected " + std::to_string(rows_.fields) + " fields, found " + std::to_string(count)});
  }
}

void CsvDecoder::ReadColumns(data::BatchBuffer& out) {
  const uint32_t first_row = out.rows();
  for (size_t i = 0; i < columns_.size(); ++i) {
    data::Column& column = out.column(i);
    if (!request_.needed.empty() && !request_.needed[i]) {
      if (column.encoding != data::Encoding::kConstant) {
        out.SetNull(column, 0);
        column.encoding = data::Encoding::kConstant;
      }
      continue;
    }
    columns_[i].Read(rows_, field_of_column_[i], out, column, first_row, bad_cells_);
  }
}

// A row with several of them is reported once, with all reasons.
void CsvDecoder::NoteBadCells() {
  std::ranges::stable_sort(bad_cells_, {}, &CsvBadCell::row);
  for (size_t i = 0; i < bad_cells_.size();) {
    const uint32_t row = bad_cells_[i].row;
    std::string reasons = std::move(bad_cells_[i++].reason);
    for (; i < bad_cells_.size() && bad_cells_[i].row == row; ++i) reasons += "; " + bad_cells_[i].reason;
    bad_lines_.push_back({rows_.number[row], std::move(reasons)});
  }
  std::ranges::stable_sort(bad_lines_, {}, &BadLine::row);
}

Result<size_t> CsvDecoder::DecodeWindow(std::string_view window, data::BatchBuffer& out, uint32_t rows_max) {
  window_ = window;
  index_.Build(window, header_pending_ ? 1 : rows_max - out.rows());
  if (index_.rows() == 0) return size_t{0};
  const size_t used = index_.used();
  if (header_pending_) {
    TRY(ReadHeader(window));
  } else {
    CollectRows();
    bad_cells_.clear();
    const uint32_t first_row = out.rows();
    ReadColumns(out);
    if (!bad_cells_.empty()) NoteBadCells();
    out.SetRows(first_row + static_cast<uint32_t>(rows_.first_field.size()));
    for (const BadLine& bad : bad_lines_) Report(LineOf(bad.row), bad.reason, RowText(bad.row));
  }
  line_ += index_.has_quotes() ? static_cast<uint64_t>(std::count(window.begin(), window.begin() + used, '\n'))
                               : index_.rows();
  return used;
}

Result<bool> CsvDecoder::Decode(data::BatchBuffer& out, uint32_t rows_max) {
  if (input_.size() > kInputMax) return Error(ErrorCode::kInternal, "more than 1 GiB of CSV text given at once");
  if (!start_checked_ && !CheckStart()) return true;
  while (out.rows() < rows_max) {
    if (!carry_.empty()) {
      if (carry_ready_ == 0 && !CompleteCarry()) return true;
      const std::string_view window = std::string_view(carry_).substr(0, carry_ready_);
      const size_t used = TRY(DecodeWindow(window, out, rows_max));
      if (used == carry_.size()) {
        scanner_.Restart();
      }
      carry_ready_ -= used;
      carry_.erase(0, used);
      carry_closed_ = carry_closed_ && !carry_.empty();
      continue;
    }
    const size_t used = TRY(DecodeWindow(input_, out, rows_max));
    input_.remove_prefix(used);
    if (used > 0) continue;
    if (input_.empty()) {
      if (finished_ && header_pending_) header_pending_ = false;  // an empty file
      return true;
    }
    scanner_.Restart();
    scanner_.Scan(input_);
    carry_.assign(input_);
    input_ = {};
  }
  return input_.empty() && carry_.empty();
}

// State: flags (1: the start was looked at, 2: the header is still to come), line, fields of a row, the field of each
// column.
bool CsvDecoder::AppendState(std::string& out, uint64_t& pending) const {
  pending = input_.size() + carry_.size() - (carry_closed_ ? 1 : 0);
  out.push_back(static_cast<char>((start_checked_ ? 1 : 0) | (header_pending_ ? 2 : 0)));
  AppendVarint(line_, out);
  AppendVarint(rows_.fields, out);
  for (const uint32_t field : field_of_column_) AppendVarint(field, out);
  return true;
}

Status CsvDecoder::Restore(std::string_view state) {
  const Status corrupt(ErrorCode::kCorrupt, "the state of a CSV reader cannot be read");
  if (state.empty() || static_cast<uint8_t>(state[0]) > 3) return corrupt;
  const char flags = state[0];
  state.remove_prefix(1);
  uint64_t line = 0;
  uint64_t fields = 0;
  if (!TakeVarint(state, line) || !TakeVarint(state, fields) || fields > kInputMax) return corrupt;
  std::vector<uint32_t> field_of_column;
  for (size_t i = 0; i < columns_.size(); ++i) {
    uint64_t field = 0;
    if (!TakeVarint(state, field) || field >= fields) return corrupt;
    field_of_column.push_back(static_cast<uint32_t>(field));
  }
  if (!state.empty()) return corrupt;
  start_checked_ = (flags & 1) != 0;
  header_pending_ = (flags & 2) != 0;
  line_ = line;
  rows_.fields = static_cast<uint32_t>(fields);
  field_of_column_ = std::move(field_of_column);
  return {};
}

}  // namespace

Result<int64_t> ReadEpochUnit(sdk::Options& options, int64_t fallback) {
  constexpr std::string_view kUnits[] = {"s", "ms", "us", "ns"};
  constexpr int64_t kNanos[] = {1000000000, 1000000, 1000, 1};
  if (!options.Has("timestamp_unit")) {
    options.Text("timestamp_unit", "");  // so that the name is known
    return fallback;
  }
  const std::string unit = TRY(options.Choice("timestamp_unit", "ms", kUnits));
  for (size_t i = 0; i < 4; ++i) {
    if (kUnits[i] == unit) return kNanos[i];
  }
  return fallback;
}

namespace {

Result<char> OneCharacter(sdk::Options& options, std::string_view key, char fallback, bool may_be_empty) {
  std::string text = options.Text(key, std::string(1, fallback));
  if (text == "\\t") text = "\t";
  if (text.empty() && may_be_empty) return '\0';
  const bool good = text.size() == 1 && text[0] != '\n' && text[0] != '\r' && text[0] != '\0' && (text[0] & 0x80) == 0;
  if (good) return text[0];
  return Error(Status(ErrorCode::kBadOption, "option '" + std::string(key) + "' is " + Quoted(text))
                   .WithHint("accepted: one ASCII character, or \\t"));
}

}  // namespace

Result<CsvOptions> ReadCsvOptions(sdk::Options& options) {
  CsvOptions read;
  read.dialect.delimiter = TRY(OneCharacter(options, "delimiter", ',', false));
  read.dialect.quote = TRY(OneCharacter(options, "quote", '"', true));
  if (read.dialect.quote == read.dialect.delimiter) {
    return Error(ErrorCode::kBadOption, "options 'delimiter' and 'quote' are the same character");
  }
  read.header = TRY(options.Boolean("header", true));
  read.null_text = options.Text("null", "");
  read.epoch_unit = TRY(ReadEpochUnit(options, 0));
  read.row_bytes_max = static_cast<size_t>(TRY(options.Integer("row_bytes_max", 64 << 20, 16, 512 << 20)));
  return read;
}

Status CheckCsvOptions(sdk::Options& options, bool writing) {
  (void)writing;
  TRY(ReadCsvOptions(options));
  return {};
}

Result<std::unique_ptr<sdk::Decoder>> MakeCsvDecoder(sdk::DecoderRequest request) {
  CsvOptions options = TRY(ReadCsvOptions(*request.options));
  request.options = nullptr;
  if (request.schema.size() == 0) return Error(ErrorCode::kSchemaNotInferable, "a CSV source needs columns");
  return std::unique_ptr<sdk::Decoder>(new CsvDecoder(std::move(request), std::move(options)));
}

}  // namespace laminar::formats
