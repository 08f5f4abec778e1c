// AppendText: values of every type as text.
#include "base/check.h"
#include "data/decimal.h"
#include "data/temporal.h"
#include "data/text.h"
#include "data/time_zone.h"

namespace laminar::data {
namespace {

struct Place {
  const Type& type;
  const Column& column;
  uint32_t row;
};

template <uint32_t kMax, class Format>
void AppendWith(std::string& out, const Format& format) {
  char text[kMax];
  out.append(text, format(text));
}

void AppendBinary(std::string_view bytes, std::string& out) {
  out += "\\x";
  for (const char c : bytes) {
    out += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    out += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
}

// An instant in the style's zone, with the offset behind it.
void AppendInstant(const Type& type, int64_t instant, std::string& out, const TextStyle& style) {
  const bool nanos = type.is_nanos();
  int32_t offset = 0;
  int64_t local = instant;
  if (style.zone != nullptr) {
    offset = style.zone->OffsetAt(nanos ? NanosToMicros(instant) : instant);
    const int64_t units = nanos ? 1'000'000'000 : 1'000'000;
    if (__builtin_add_overflow(instant, offset * units, &local)) {
      // At the ends of time an instant may have no local reading.
      local = instant;
      offset = 0;
    }
  }
  AppendWith<kMaxTimestampText>(
      out, [&](char* text) { return FormatTimestamp(local, nanos, style.date_time_separator, text); });
  AppendWith<kMaxTimestampText>(out, [&](char* text) { return FormatOffset(offset, text); });
}

bool ReadsBackBare(std::string_view text) {
  if (text.empty() || text.front() <= ' ' || text.back() <= ' ') return false;
  if (text.size() == 4 && (text[0] | 32) == 'n' && (text[1] | 32) == 'u' && (text[2] | 32) == 'l' &&
      (text[3] | 32) == 'l') {
    return false;
  }
  for (const char c : text) {
    if (static_cast<uint8_t>(c) < ' ' || std::string_view(",[]{}()=:'\"\\").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

void AppendQuoted(std::string_view text, std::string& out) {
  out += '\'';
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '\'';
}

void Append(const Place& place, std::string& out, const TextStyle& style);

// A value inside a nested one.
void AppendItem(const Place& place, std::string& out, const TextStyle& style) {
  if (place.column.IsNull(place.row)) {
    out += "NULL";
    return;
  }
  const bool is_text = place.type.is_string() && place.type.id() != TypeId::kBinary;
  if (!is_text) return Append(place, out, style);
  const std::string_view text = place.column.As<StringRef>()[place.column.Slot(place.row)].view();
  if (ReadsBackBare(text)) {
    out += text;
  } else {
    AppendQuoted(text, out);
  }
}

void AppendList(const Place& place, std::string& out, const TextStyle& style) {
  const ListEntry entry = place.column.As<ListEntry>()[place.row];
  const bool is_map = place.type.id() == TypeId::kMap;
  out += is_map ? '{' : '[';
  for (uint32_t i = 0; i < entry.length; ++i) {
    if (i > 0) out += ", ";
    AppendItem({place.type.children()[0].type, place.column.children[0], entry.offset + i}, out, style);
    if (!is_map) continue;
    out += '=';
    AppendItem({place.type.children()[1].type, place.column.children[1], entry.offset + i}, out, style);
  }
  out += is_map ? '}' : ']';
}

void AppendStruct(const Place& place, std::string& out, const TextStyle& style) {
  out += '{';
  for (uint32_t c = 0; c < place.column.child_count; ++c) {
    if (c > 0) out += ", ";
    AppendQuoted(place.type.children()[c].name, out);
    out += ": ";
    AppendItem({place.type.children()[c].type, place.column.children[c], place.row}, out, style);
  }
  out += '}';
}

void AppendInteger(const Place& place, std::string& out) {
  const Column& column = place.column;
  const uint32_t row = place.row;
  AppendWith<kMaxIntegerText>(out, [&](char* text) -> uint32_t {
    switch (place.type.id()) {
      case TypeId::kInt8: return FormatInt64(column.As<int8_t>()[row], text);
      case TypeId::kInt16: return FormatInt64(column.As<int16_t>()[row], text);
      case TypeId::kInt32: return FormatInt64(column.As<int32_t>()[row], text);
      case TypeId::kInt64: return FormatInt64(column.As<int64_t>()[row], text);
      case TypeId::kUInt8: return FormatUInt64(column.As<uint8_t>()[row], text);
      case TypeId::kUInt16: return FormatUInt64(column.As<uint16_t>()[row], text);
      case TypeId::kUInt32: return FormatUInt64(column.As<uint32_t>()[row], text);
      case TypeId::kUInt64: return FormatUInt64(column.As<uint64_t>()[row], text);
      default: return 0;
    }
  });
}

// `row` is a slot; the value is there.
void Append(const Place& place, std::string& out, const TextStyle& style) {
  const Column& column = place.column;
  const uint32_t row = column.Slot(place.row);
  switch (place.type.id()) {
    case TypeId::kNull: out += "NULL"; return;
    case TypeId::kBool: out += column.As<uint8_t>()[row] != 0 ? "true" : "false"; return;
    case TypeId::kInt8:
    case TypeId::kInt16:
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt8:
    case TypeId::kUInt16:
    case TypeId::kUInt32:
    case TypeId::kUInt64: return AppendInteger({place.type, column, row}, out);
    case TypeId::kFloat:
      return AppendWith<kMaxDoubleText>(out, [&](char* text) { return FormatFloat(column.As<float>()[row], text); });
    case TypeId::kDouble:
      return AppendWith<kMaxDoubleText>(out, [&](char* text) { return FormatDouble(column.As<double>()[row], text); });
    case TypeId::kDecimal:
      return AppendWith<kMaxDecimalText>(
          out, [&](char* text) { return FormatDecimal(column.As<Int128>()[row], place.type.scale(), text); });
    case TypeId::kVarchar:
    case TypeId::kJson: out += column.As<StringRef>()[row].view(); return;
    case TypeId::kBinary: return AppendBinary(column.As<StringRef>()[row].view(), out);
    case TypeId::kDate:
      return AppendWith<kMaxDateText>(out, [&](char* text) { return FormatDate(column.As<int32_t>()[row], text); });
    case TypeId::kTime:
      return AppendWith<kMaxTimeText>(out, [&](char* text) { return FormatTime(column.As<int64_t>()[row], text); });
    case TypeId::kTimestamp:
      return AppendWith<kMaxTimestampText>(out, [&](char* text) {
        return FormatTimestamp(column.As<int64_t>()[row], place.type.is_nanos(), style.date_time_separator, text);
      });
    case TypeId::kTimestampTz: return AppendInstant(place.type, column.As<int64_t>()[row], out, style);
    case TypeId::kInterval:
      return AppendWith<kMaxIntervalText>(
          out, [&](char* text) { return FormatInterval(column.As<Interval>()[row], text); });
    case TypeId::kUuid:
      return AppendWith<kUuidText>(
          out, [&](char* text) { return FormatUuid(column.As<unsigned __int128>()[row], text); });
    case TypeId::kArray:
    case TypeId::kMap: return AppendList({place.type, column, row}, out, style);
    case TypeId::kStruct: return AppendStruct({place.type, column, row}, out, style);
  }
}

}  // namespace

void AppendText(const Type& type, const Column& column, uint32_t row, std::string& out, const TextStyle& style) {
  if (column.IsNull(row)) {
    out += style.null_text;
  } else if (column.encoding == Encoding::kDictionary) {
    Append({type, *column.dictionary, column.codes[row]}, out, style);
  } else {
    Append({type, column, row}, out, style);
  }
}

}  // namespace laminar::data
