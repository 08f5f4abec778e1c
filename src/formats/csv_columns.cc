#include "formats/csv_columns.h"

#include <cstring>
#include <limits>

#include "base/text.h"
#include "data/decimal.h"
#include "data/text.h"
#include "formats/epoch.h"

namespace laminar::formats {

using data::PhysicalType;
using data::StringRef;
using data::TypeId;

struct CsvColumnReader::Target {
  const CsvRows& rows;
  uint32_t field;
  data::BatchBuffer& out;
  data::Column& column;
  uint32_t first_row;
  std::vector<CsvBadCell>& bad;
};

CsvColumnReader::CsvColumnReader(const data::Field& field, const CsvOptions& options)
    : field_(field), options_(options) {}

std::string CsvColumnReader::WhyNot(std::string_view text, std::string_view detail) const {
  std::string reason = "column " + Quoted(field_.name) + ": ";
  if (detail.empty()) return reason + "cannot read " + Quoted(text, 40) + " as " + field_.type.ToString();
  return reason + std::string(detail);
}

template <class T, class Parse>
void CsvColumnReader::ReadFixed(const Target& target, Parse parse) {
  const CsvRows& rows = target.rows;
  T* values = target.column.As<T>() + target.first_row;
  const char* limit = rows.text.data() + rows.text.size();
  const bool has_null_text = !options_.null_text.empty();
  const size_t count = rows.first_field.size();
  for (size_t row = 0; row < count; ++row) {
    const std::string_view text = rows.Field(row, target.field);
    if (!(has_null_text && text == options_.null_text) &&
        parse(text.data(), text.data() + text.size(), limit, values[row])) {
      continue;
    }
    ReadSlow(target, static_cast<uint32_t>(row));
  }
}

template <class T>
void CsvColumnReader::ReadInteger(const Target& target) {
  ReadFixed<T>(target, [](const char* p, const char* end, const char* limit, T& out) {
    int64_t value = 0;
    if (!ReadInt64(p, end, limit, value) || !std::in_range<T>(value)) return false;
    out = static_cast<T>(value);
    return true;
  });
}

void CsvColumnReader::ReadIntegers(const Target& target) {
  switch (field_.type.physical()) {
    case PhysicalType::kInt8: return ReadInteger<int8_t>(target);
    case PhysicalType::kInt16: return ReadInteger<int16_t>(target);
    case PhysicalType::kInt32: return ReadInteger<int32_t>(target);
    case PhysicalType::kUInt8: return ReadInteger<uint8_t>(target);
    case PhysicalType::kUInt16: return ReadInteger<uint16_t>(target);
    case PhysicalType::kUInt32: return ReadInteger<uint32_t>(target);
    case PhysicalType::kUInt64: return ReadInteger<uint64_t>(target);
    default: return ReadInteger<int64_t>(target);
  }
}

void CsvColumnReader::ReadStrings(const Target& target) {
  const CsvRows& rows = target.rows;
  StringRef* values = target.column.As<StringRef>() + target.first_row;
  const bool has_null_text = !options_.null_text.empty();
  const char quote = options_.dialect.quote;
  const size_t count = rows.first_field.size();
  size_t long_bytes = 0;
  for (size_t row = 0; row < count; ++row) {
    const std::string_view text = rows.Field(row, target.field);
    values[row] = StringRef();
    if (text.empty() || (quote != '\0' && text[0] == quote) || (has_null_text && text == options_.null_text) ||
        (rows.may_have_high_bytes && !IsUtf8(text))) {
      ReadSlow(target, static_cast<uint32_t>(row));
      continue;
    }
    if (text.size() > StringRef::kInlineMax) {
      long_bytes += text.size();
    } else {
      values[row] = StringRef(text);
    }
  }
  if (long_bytes == 0) return;
  char* copy = target.out.heap().Allocate(long_bytes);
  for (size_t row = 0; row < count; ++row) {
    if (values[row].length != 0) continue;
    const std::string_view text = rows.Field(row, target.field);
    if (text.size() <= StringRef::kInlineMax || (quote != '\0' && text[0] == quote)) continue;
    if ((has_null_text && text == options_.null_text) || (rows.may_have_high_bytes && !IsUtf8(text))) continue;
    std::memcpy(copy, text.data(), text.size());
    values[row] = StringRef(copy, static_cast<uint32_t>(text.size()));
    copy += text.size();
  }
}

bool CsvColumnReader::ReadEpoch(std::string_view text, const Target& target, uint32_t row) {
  int64_t number = 0;
  int64_t value = 0;
  if (options_.epoch_unit == 0 || !field_.type.is_timestamp() || !data::ParseInt64(text, number)) return false;
  if (!EpochToTimestamp(number, options_.epoch_unit, field_.type, value)) return false;
  target.column.As<int64_t>()[row] = value;
  return true;
}

void CsvColumnReader::ReadSlow(const Target& target, uint32_t position) {
  const uint32_t row = target.first_row + position;
  std::string_view text = target.rows.Field(position, target.field);
  const char quote = options_.dialect.quote;
  const bool quoted = quote != '\0' && text.size() >= 2 && text[0] == quote && text.back() == quote;
  const bool is_text = field_.type.id() == TypeId::kVarchar;
  const auto fail = [&](std::string_view detail) {
    target.out.SetError(target.column, row);
    target.bad.push_back({position, WhyNot(text, detail)});
  };
  if (!quoted && (text == options_.null_text || (text.empty() && !is_text))) {
    if (!field_.nullable) return fail("NULL in a NOT NULL column");
    target.out.SetNull(target.column, row);
    return;
  }
  if (quoted) {
    text = text.substr(1, text.size() - 2);
    if (text.find(quote) != std::string_view::npos) {
      unescaped_.clear();
      for (size_t i = 0; i < text.size(); ++i) {
        unescaped_ += text[i];
        if (text[i] == quote) ++i;
      }
      text = unescaped_;
    }
  }
  if (is_text) {
    if (!IsUtf8(text)) return fail("the text is not valid UTF-8");
    target.column.As<StringRef>()[row] = target.out.heap().Add(text);
    return;
  }
  if (!field_.type.is_string()) text = Trim(text);
  if (ReadEpoch(text, target, row)) return;
  const Status status = data::ParseText(field_.type, text, target.out, target.column, row);
  if (!status.ok()) fail(status.code() == ErrorCode::kOutOfRange ? status.message() : std::string());
}

void CsvColumnReader::Read(const CsvRows& rows, uint32_t field, data::BatchBuffer& out, data::Column& column,
                           uint32_t first_row, std::vector<CsvBadCell>& bad) {
  const Target target{rows, field, out, column, first_row, bad};
  const data::Type& type = field_.type;
  if (type.id() == TypeId::kVarchar) return ReadStrings(target);
  if (type.is_integer()) return ReadIntegers(target);
  if (type.id() == TypeId::kDouble) {
    return ReadFixed<double>(
        target, [](const char* p, const char* end, const char*, double& out) { return ReadDouble(p, end, out); });
  }
  if (type.is_timestamp() && !type.is_nanos()) {
    const int precision = type.precision();
    return ReadFixed<int64_t>(target, [this, precision](const char* p, const char* end, const char*, int64_t& out) {
      if (!timestamps_.Read(p, end, out)) return false;
      if (precision < 6) out = data::TruncateToPrecision(out, precision);
      return true;
    });
  }
  if (type.id() == TypeId::kDecimal) {
    const int precision = type.precision();
    const int scale = type.scale();
    return ReadFixed<data::Int128>(target, [=](const char* p, const char* end, const char*, data::Int128& out) {
      int64_t unscaled = 0;
      int found = 0;
      if (!ReadPlainDecimal(p, end, unscaled, found) || found > scale) return false;
      const data::Int128 value = unscaled * data::PowerOfTen(scale - found);
      if (!data::FitsPrecision(value, precision)) return false;
      out = value;
      return true;
    });
  }
  for (uint32_t row = 0; row < rows.first_field.size(); ++row) ReadSlow(target, row);
}

}  // namespace laminar::formats
