// The encoder of JSON lines: whole numbers and decimals as numbers in full, times as ISO text, binary as base64, NaN
// and infinities as strings, NULL as null. Law: what it writes the decoder reads back as the same rows.
#include <cmath>

#include "data/decimal.h"
#include "data/text.h"
#include "formats/json.h"
#include "formats/json_values.h"

namespace laminar::formats {

using data::Column;
using data::StringRef;
using data::Type;
using data::TypeId;

namespace {

void AppendJsonString(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(plain, i - plain));
    plain = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text.substr(plain));
  out += '"';
}

class JsonEncoder final : public sdk::Encoder {
 public:
  explicit JsonEncoder(data::Schema schema) : schema_(std::move(schema)) {
    style_.date_time_separator = 'T';
    for (size_t i = 0; i < schema_.size(); ++i) {
      std::string key = i == 0 ? "{" : ",";
      AppendJsonString(schema_[i].name, key);
      keys_.push_back(key + ":");
    }
  }

  Status Encode(const data::Batch& batch, std::string& out) override {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      for (size_t i = 0; i < keys_.size(); ++i) {
        out += keys_[i];
        AppendValue(schema_[i].type, batch.columns[i], row, out);
      }
      out += keys_.empty() ? "{}\n" : "}\n";
    }
    return {};
  }

  size_t WholeRows(std::string_view bytes) const override {
    bytes = bytes.substr(0, bytes.find('\0'));  // what a power cut left unwritten
    return bytes.rfind('\n') + 1;               // npos + 1 is 0
  }

 private:
  void AppendReal(const Type& type, double value, std::string& out) {
    if (std::isnan(value)) {
      out += "\"NaN\"";
    } else if (std::isinf(value)) {
      out += value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    } else {
      char text[data::kMaxDoubleText];
      out.append(text, type.id() == TypeId::kFloat ? data::FormatFloat(static_cast<float>(value), text)
                                                   : data::FormatDouble(value, text));
    }
  }

  void AppendList(const Type& type, const Column& column, uint32_t slot, std::string& out) {
    const data::ListEntry entry = column.As<data::ListEntry>()[slot];
    const bool is_map = type.id() == TypeId::kMap;
    out += is_map ? '{' : '[';
    for (uint32_t i = 0; i < entry.length; ++i) {
      if (i > 0) out += ',';
      if (is_map) {
        std::string key;
        data::AppendText(type.key_type(), column.children[0], entry.offset + i, key, style_);
        AppendJsonString(key, out);
        out += ':';
      }
      AppendValue(is_map ? type.value_type() : type.element(), column.children[is_map ? 1 : 0], entry.offset + i, out);
    }
    out += is_map ? '}' : ']';
  }

  void AppendStruct(const Type& type, const Column& column, uint32_t slot, std::string& out) {
    out += '{';
    const auto& fields = type.children();
    for (size_t i = 0; i < fields.size(); ++i) {
      if (i > 0) out += ',';
      AppendJsonString(fields[i].name, out);
      out += ':';
      AppendValue(fields[i].type, column.children[i], slot, out);
    }
    out += '}';
  }

  void AppendValue(const Type& type, const Column& given, uint32_t row, std::string& out) {
    if (given.IsNull(row)) {
      out += "null";
      return;
    }
    const bool coded = given.encoding == data::Encoding::kDictionary;
    const Column& column = coded ? *given.dictionary : given;
    const uint32_t slot = coded ? given.codes[row] : given.Slot(row);
    switch (type.id()) {
      case TypeId::kNull: out += "null"; return;
      case TypeId::kBool: out += column.As<uint8_t>()[slot] != 0 ? "true" : "false"; return;
      case TypeId::kFloat: return AppendReal(type, static_cast<double>(column.As<float>()[slot]), out);
      case TypeId::kDouble: return AppendReal(type, column.As<double>()[slot], out);
      case TypeId::kVarchar: return AppendJsonString(column.As<StringRef>()[slot].view(), out);
      case TypeId::kJson: return AppendRaw(column.As<StringRef>()[slot].view(), out);
      case TypeId::kBinary:
        out += '"';
        AppendBase64(column.As<StringRef>()[slot].view(), out);
        out += '"';
        return;
      case TypeId::kArray:
      case TypeId::kMap: return AppendList(type, column, slot, out);
      case TypeId::kStruct: return AppendStruct(type, column, slot, out);
      default: break;
    }
    if (type.is_numeric()) {
      data::AppendText(type, column, slot, out, style_);
      return;
    }
    out += '"';  // dates, times, intervals and UUIDs have nothing to escape
    data::AppendText(type, column, slot, out, style_);
    out += '"';
  }

  // A JSON value may hold newlines between its tokens, which would cut the line.
  static void AppendRaw(std::string_view text, std::string& out) {
    for (const char c : text) out += c == '\n' || c == '\r' ? ' ' : c;
  }

  data::Schema schema_;
  std::vector<std::string> keys_;
  data::TextStyle style_;
};

}  // namespace

Result<std::unique_ptr<sdk::Encoder>> MakeJsonEncoder(EncoderRequest request) {
  return std::unique_ptr<sdk::Encoder>(new JsonEncoder(std::move(request.schema)));
}

}  // namespace laminar::formats
