// The decoder of JSON lines. A newline cannot stand inside a JSON string, so lines are cut first and parsed one by one,
// straight into the columns' buffers. A line cut by the end of the bytes waits in carry_.
#include <algorithm>
#include <cstring>

#include "base/bytes.h"
#include "base/text.h"
#include "formats/csv.h"
#include "formats/json.h"
#include "formats/json_scanner.h"
#include "formats/json_values.h"

namespace laminar::formats {

namespace {

constexpr size_t kShownBytes = 200;
constexpr int64_t kMillis = 1000000;  // in nanoseconds

struct JsonOptions {
  int64_t epoch_unit = kMillis;
  size_t row_bytes_max = 0;
};

Result<JsonOptions> ReadJsonOptions(sdk::Options& options) {
  JsonOptions read;
  read.epoch_unit = TRY(ReadEpochUnit(options, kMillis));
  read.row_bytes_max = static_cast<size_t>(TRY(options.Integer("row_bytes_max", 64 << 20, 16, 512 << 20)));
  return read;
}

class JsonDecoder final : public sdk::Decoder {
 public:
  JsonDecoder(sdk::DecoderRequest request, JsonOptions options)
      : request_(std::move(request)),
        options_(options),
        values_(options.epoch_unit),
        seen_(request_.schema.size(), 0) {}

  void Feed(std::string_view bytes) override { input_ = bytes; }
  void Finish() override { finished_ = true; }
  Result<bool> Decode(data::BatchBuffer& out, uint32_t rows_max) override;
  bool AppendState(std::string& out, uint64_t& pending) const override;
  Status Restore(std::string_view state) override;

 private:
  // The next line without its newline; false: more bytes are needed. The line stays valid until the next call.
  bool NextLine(std::string_view& line);
  void ReadLine(std::string_view line, data::BatchBuffer& out);
  // Why the line is no row; empty when it is one.
  std::string ParseLine(std::string_view line, data::BatchBuffer& out);
  bool ReadValue(size_t column, data::BatchBuffer& out);
  void NoteBadValue(size_t column, std::string_view why, data::BatchBuffer& out);
  int ColumnOf(std::string_view key, size_t position);
  void LeaveOut(data::BatchBuffer& out);

  struct KeyMemo {
    std::string key;
    int column = -1;
  };

  sdk::DecoderRequest request_;
  const JsonOptions options_;
  JsonScanner scanner_;
  JsonValueReader values_;
  std::vector<uint64_t> seen_;  // number of the line in which the column had its last value
  std::string bad_values_;      // of the line: why columns have no value
  std::vector<KeyMemo> memo_;   // by position within the object: lines mostly have the same keys in the same order
  std::string_view input_;
  std::string carry_;
  bool carry_done_ = false;  // carry_ was handed out as a line
  bool skipping_ = false;    // in a line that was too long
  bool finished_ = false;
  uint64_t line_ = 0;
};

bool JsonDecoder::NextLine(std::string_view& line) {
  if (carry_done_) {
    carry_.clear();
    carry_done_ = false;
  }
  while (true) {
    const void* newline = input_.empty() ? nullptr : std::memchr(input_.data(), '\n', input_.size());
    if (newline == nullptr) {
      if (!skipping_) carry_.append(input_);
      input_ = {};
      if (carry_.size() > options_.row_bytes_max) {
        request_.bad_rows->Add(request_.place + ":" + std::to_string(line_ + 1),
                               "a line of more than " + FormatBytes(options_.row_bytes_max) + " (option row_bytes_max)",
                               std::string_view(carry_).substr(0, kShownBytes));
        carry_.clear();
        skipping_ = true;
      }
      if (!finished_ || carry_.empty()) return false;
      line = carry_;
      carry_done_ = true;
      return true;
    }
    const auto size = static_cast<size_t>(static_cast<const char*>(newline) - input_.data());
    line = input_.substr(0, size);
    input_.remove_prefix(size + 1);
    if (skipping_) {
      skipping_ = false;
      ++line_;
      continue;
    }
    if (!carry_.empty()) {
      carry_.append(line);
      line = carry_;
      carry_done_ = true;
    }
    return true;
  }
}

int JsonDecoder::ColumnOf(std::string_view key, size_t position) {
  if (position < memo_.size() && memo_[position].key == key) return memo_[position].column;
  const int column = request_.schema.IndexOf(key);
  if (position < 1024) {
    if (position >= memo_.size()) memo_.resize(position + 1);
    memo_[position] = {std::string(key), column};
  }
  return column;
}

void JsonDecoder::NoteBadValue(size_t column, std::string_view why, data::BatchBuffer& out) {
  out.SetError(out.column(column), out.rows());
  if (!bad_values_.empty()) bad_values_ += "; ";
  bad_values_ += "column " + Quoted(request_.schema[column].name) + ": " + std::string(why);
}

// False: the line is not JSON. What is a line does not depend on the columns that are read, so a value that does not
// fit is passed over like one that nobody reads.
bool JsonDecoder::ReadValue(size_t i, data::BatchBuffer& out) {
  values_.ClearReason();
  const bool is_null = scanner_.Peek() == 'n';
  const data::Field& field = request_.schema[i];
  const JsonScanner::Mark start = scanner_.mark();
  if (values_.Read(scanner_, field.type, out, out.column(i), out.rows(), 1)) {
    if (is_null && !field.nullable) NoteBadValue(i, "null in a NOT NULL column", out);
    return true;
  }
  const std::string reason = scanner_.failed() ? scanner_.error() : values_.reason();
  scanner_.GoBack(start);
  if (!scanner_.Skip(1)) return false;
  NoteBadValue(i, reason, out);
  return true;
}

std::string JsonDecoder::ParseLine(std::string_view line, data::BatchBuffer& out) {
  if (!IsUtf8(line)) return "the line is not valid UTF-8";
  scanner_.Start(line);
  if (scanner_.Peek() == '[') return "expected an object, found an array; each line holds one object";
  if (!scanner_.Expect('{')) return scanner_.error();
  const uint32_t row = out.rows();
  bad_values_.clear();
  for (data::Column& column : out.batch().Columns()) {
    if (column.has_errors) data::ClearBit(column.errors, row);  // of a line that was no row
  }
  size_t given = 0;
  size_t position = 0;
  bool open = !scanner_.Take('}');
  while (open) {
    std::string_view key;
    if (!scanner_.String(key)) return scanner_.error();
    const int index = ColumnOf(key, position++);
    if (!scanner_.Expect(':')) return scanner_.error();
    const auto i = static_cast<size_t>(index);
    if (index < 0 || (!request_.needed.empty() && !request_.needed[i])) {
      if (!scanner_.Skip(1)) return scanner_.error();
    } else {
      if (!ReadValue(i, out)) return scanner_.error();
      given += seen_[i] != line_ ? 1 : 0;
      seen_[i] = line_;
    }
    if (scanner_.Take(',')) continue;
    if (!scanner_.Expect('}')) return scanner_.error();
    open = false;
  }
  if (!scanner_.AtEnd()) return scanner_.Fail("text after the object"), scanner_.error();
  if (given == seen_.size()) return {};
  for (size_t i = 0; i < seen_.size(); ++i) {
    if (seen_[i] == line_ || (!request_.needed.empty() && !request_.needed[i])) continue;
    if (request_.schema[i].nullable)
      out.SetNull(i, row);
    else
      NoteBadValue(i, "missing, but NOT NULL", out);
  }
  return {};
}

void JsonDecoder::ReadLine(std::string_view line, data::BatchBuffer& out) {
  ++line_;
  if (line_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (Trim(line).empty()) return;
  const std::string reason = ParseLine(line, out);
  if (reason.empty()) out.SetRows(out.rows() + 1);
  if (reason.empty() && bad_values_.empty()) return;
  request_.bad_rows->Add(request_.place + ":" + std::to_string(line_), reason.empty() ? bad_values_ : reason,
                         line.substr(0, kShownBytes));
}

void JsonDecoder::LeaveOut(data::BatchBuffer& out) {
  for (size_t i = 0; i < request_.needed.size(); ++i) {
    if (request_.needed[i] || out.column(i).encoding == data::Encoding::kConstant) continue;
    out.SetNull(i, 0);
    out.column(i).encoding = data::Encoding::kConstant;
  }
}

Result<bool> JsonDecoder::Decode(data::BatchBuffer& out, uint32_t rows_max) {
  LeaveOut(out);
  std::string_view line;
  while (out.rows() < rows_max) {
    if (!NextLine(line)) return true;
    ReadLine(line, out);
  }
  return input_.empty() && (carry_.empty() || carry_done_);
}

// State: flags (1: in a line that was too long), line.
bool JsonDecoder::AppendState(std::string& out, uint64_t& pending) const {
  pending = input_.size() + (carry_done_ ? 0 : carry_.size());
  out.push_back(skipping_ ? 1 : 0);
  AppendVarint(line_, out);
  return true;
}

Status JsonDecoder::Restore(std::string_view state) {
  const Status corrupt(ErrorCode::kCorrupt, "the state of a JSON reader cannot be read");
  if (state.empty() || static_cast<uint8_t>(state[0]) > 1) return corrupt;
  const bool skipping = state[0] != 0;
  state.remove_prefix(1);
  uint64_t line = 0;
  if (!TakeVarint(state, line) || !state.empty()) return corrupt;
  skipping_ = skipping;
  line_ = line;
  return {};
}

}  // namespace

Status CheckJsonOptions(sdk::Options& options, bool writing) {
  if (!writing) TRY(ReadJsonOptions(options));
  return {};
}

Result<std::unique_ptr<sdk::Decoder>> MakeJsonDecoder(sdk::DecoderRequest request) {
  const JsonOptions options = TRY(ReadJsonOptions(*request.options));
  request.options = nullptr;
  return std::unique_ptr<sdk::Decoder>(new JsonDecoder(std::move(request), options));
}

}  // namespace laminar::formats
