#include "functions/scalar/json_write.h"

#include <cmath>

#include "data/text.h"

namespace laminar::functions {

using data::Column;
using data::ListEntry;
using data::Type;
using data::TypeId;

namespace {

void AppendBare(const Type& type, const Column& column, uint32_t row, std::string& out) {
  data::AppendText(type, column, row, out);
}

// Short texts without a scratch: dates, numbers as map keys.
void AppendAsString(const Type& type, const Column& column, uint32_t row, std::string& out) {
  if (type.is_string()) return AppendJsonQuoted(column.As<data::StringRef>()[column.Slot(row)].view(), out);
  std::string text;
  data::AppendText(type, column, row, text);
  AppendJsonQuoted(text, out);
}

void AppendList(const Type& type, const Column& column, ListEntry entry, std::string& out) {
  out += '[';
  for (uint32_t i = 0; i < entry.length; ++i) {
    if (i > 0) out += ',';
    AppendJson(type.element(), column.children[0], entry.offset + i, out);
  }
  out += ']';
}

void AppendMap(const Type& type, const Column& column, ListEntry entry, std::string& out) {
  out += '{';
  for (uint32_t i = 0; i < entry.length; ++i) {
    if (i > 0) out += ',';
    AppendAsString(type.key_type(), column.children[0], entry.offset + i, out);
    out += ':';
    AppendJson(type.value_type(), column.children[1], entry.offset + i, out);
  }
  out += '}';
}

void AppendStruct(const Type& type, const Column& column, uint32_t slot, std::string& out) {
  out += '{';
  for (uint32_t c = 0; c < column.child_count; ++c) {
    if (c > 0) out += ',';
    AppendJsonQuoted(type.children()[c].name, out);
    out += ':';
    AppendJson(type.children()[c].type, column.children[c], slot, out);
  }
  out += '}';
}

}  // namespace

void AppendJsonQuoted(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<uint8_t>(c) < 0x20) {
          out += "\\u00";
          out += kHex[static_cast<uint8_t>(c) >> 4];
          out += kHex[c & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
}

void AppendJson(const Type& type, const Column& column, uint32_t row, std::string& out) {
  if (column.IsNull(row) || type.id() == TypeId::kNull) {
    out += "null";
    return;
  }
  const uint32_t slot = column.Slot(row);
  switch (type.id()) {
    case TypeId::kBool: out += column.As<uint8_t>()[slot] != 0 ? "true" : "false"; return;
    case TypeId::kJson: out += column.As<data::StringRef>()[slot].view(); return;
    case TypeId::kFloat:
      if (!std::isfinite(column.As<float>()[slot])) return AppendAsString(type, column, row, out);
      return AppendBare(type, column, row, out);
    case TypeId::kDouble:
      if (!std::isfinite(column.As<double>()[slot])) return AppendAsString(type, column, row, out);
      return AppendBare(type, column, row, out);
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64:
    case TypeId::kDecimal: return AppendBare(type, column, row, out);
    case TypeId::kArray: return AppendList(type, column, column.As<ListEntry>()[slot], out);
    case TypeId::kMap: return AppendMap(type, column, column.As<ListEntry>()[slot], out);
    case TypeId::kStruct: return AppendStruct(type, column, slot, out);
    case TypeId::kNull:
    case TypeId::kVarchar:
    case TypeId::kBinary:
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestampTz:
    case TypeId::kInterval:
    case TypeId::kUuid: return AppendAsString(type, column, row, out);
  }
}

}  // namespace laminar::functions
