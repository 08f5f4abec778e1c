// The CSV encoder: header line, ISO times, NULL as the empty field (or option `null`), quotes only where needed.
// Law: what it writes the decoder reads back as the same rows.
#include <algorithm>

#include "base/text.h"
#include "data/text.h"
#include "formats/csv.h"

namespace laminar::formats {

namespace {

class CsvEncoder final : public sdk::Encoder {
 public:
  CsvEncoder(data::Schema schema, CsvOptions options) : schema_(std::move(schema)), options_(std::move(options)) {
    style_.date_time_separator = 'T';
  }

  Status Begin(std::string& out) override {
    if (!options_.header) return {};
    for (size_t i = 0; i < schema_.size(); ++i) {
      if (i > 0) out += options_.dialect.delimiter;
      TRY(AppendString(schema_[i].name, out));
    }
    out += '\n';
    return {};
  }

  Status Encode(const data::Batch& batch, std::string& out) override {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      for (size_t i = 0; i < schema_.size(); ++i) {
        if (i > 0) out += options_.dialect.delimiter;
        TRY(AppendField(schema_[i].type, batch.columns[i], row, out));
      }
      out += '\n';
    }
    return {};
  }

  size_t WholeRows(std::string_view bytes) const override {
    bytes = bytes.substr(0, bytes.find('\0'));  // what a power cut left unwritten
    CsvRowScanner scanner(options_.dialect);
    size_t whole = 0;
    while (const size_t size = scanner.Scan(bytes.substr(whole))) {
      whole += size;
      scanner.Restart();
    }
    return whole;
  }

 private:
  Status AppendField(const data::Type& type, const data::Column& column, uint32_t row, std::string& out) {
    if (column.IsNull(row)) {
      out += options_.null_text;
      return {};
    }
    if (column.encoding != data::Encoding::kDictionary) {
      const uint32_t slot = column.Slot(row);
      if (type.physical() == data::PhysicalType::kInt64 && type.id() == data::TypeId::kInt64) {
        char text[data::kMaxIntegerText];
        out.append(text, data::FormatInt64(column.As<int64_t>()[slot], text));
        return {};
      }
      if (type.id() == data::TypeId::kVarchar) return AppendString(column.As<data::StringRef>()[slot].view(), out);
    }
    text_.clear();
    data::AppendText(type, column, row, text_, style_);
    return AppendString(text_, out);
  }

  Status AppendString(std::string_view text, std::string& out) {
    const char delimiter = options_.dialect.delimiter;
    const char quote = options_.dialect.quote;
    bool plain = !text.empty() && text != options_.null_text;
    for (const char c : text) {
      plain = plain && c != delimiter && c != '\n' && c != '\r' && (c != quote || quote == '\0');
    }
    if (plain) {
      out.append(text);
      return {};
    }
    if (quote == '\0') {
      if (text.empty()) return {};
      return Status(ErrorCode::kBadValue, "writing CSV without quotes: the text " + Quoted(text, 40) +
                                              " has a delimiter or newline, or looks like NULL")
          .WithHint("set option quote, or another delimiter");
    }
    out += quote;
    for (const char c : text) {
      if (c == quote) out += quote;
      out += c;
    }
    out += quote;
    return {};
  }

  data::Schema schema_;
  CsvOptions options_;
  data::TextStyle style_;
  std::string text_;
};

}  // namespace

Result<std::unique_ptr<sdk::Encoder>> MakeCsvEncoder(EncoderRequest request) {
  CsvOptions options = TRY(ReadCsvOptions(*request.options));
  return std::unique_ptr<sdk::Encoder>(new CsvEncoder(std::move(request.schema), std::move(options)));
}

}  // namespace laminar::formats
