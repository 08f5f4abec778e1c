// Columns of a CSV file from its first rows: BIGINT, DOUBLE, BOOLEAN, DATE, TIMESTAMP (WITH TIME ZONE) where every value fits,
// else VARCHAR. Numbers with leading zeros are text, so that '007' stays what it is.
#include <algorithm>

#include "base/text.h"
#include "data/temporal.h"
#include "data/text.h"
#include "formats/csv.h"
#include "formats/csv_columns.h"

namespace laminar::formats {

namespace {

constexpr uint32_t kSampleRows = 10000;

struct Guess {
  bool any = false;
  bool is_integer = true;
  bool is_double = true;
  bool is_bool = true;
  bool is_date = true;
  bool is_timestamp = true;
  bool has_offset = false;
  bool has_no_offset = false;

  void Look(std::string_view text) {
    any = true;
    const bool zero_first = text.size() > 1 && text[text[0] == '-' && text.size() > 2 ? 1 : 0] == '0' &&
                            IsDigitAscii(text[text[0] == '-' && text.size() > 2 ? 2 : 1]);
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    const bool only_digits =
        !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) { return IsDigitAscii(c); });
    int64_t number = 0;
    is_integer = is_integer && !zero_first && only_digits && data::ParseInt64(text, number);
    double real = 0;
    // Whole numbers beyond BIGINT would lose digits as DOUBLE.
    const bool wide = only_digits && !data::ParseInt64(text, number);
    is_double = is_double && !zero_first && !wide && data::ParseDouble(text, real);
    is_bool = is_bool && (EqualsIgnoreCase(text, "true") || EqualsIgnoreCase(text, "false"));
    int32_t days = 0;
    is_date = is_date && !only_digits && data::ParseDate(text, days);
    bool offset = false;
    is_timestamp = is_timestamp && !only_digits && data::ParseTimestamp(text, 6, number, &offset);
    has_offset = has_offset || offset;
    has_no_offset = has_no_offset || !offset;
  }

  data::Type Best() const {
    if (!any) return data::TypeId::kVarchar;
    if (is_integer) return data::TypeId::kInt64;
    if (is_double) return data::TypeId::kDouble;
    if (is_bool) return data::TypeId::kBool;
    if (is_date) return data::TypeId::kDate;
    if (is_timestamp && !has_offset) return data::TypeId::kTimestamp;
    if (is_timestamp && !has_no_offset) return data::TypeId::kTimestampTz;
    return data::TypeId::kVarchar;
  }
};

std::string UniqueName(std::string name, size_t position, const data::Schema& schema) {
  if (name.empty()) name = "column" + std::to_string(position + 1);
  std::string unique = name;
  for (int i = 2; schema.IndexOf(unique) >= 0; ++i) unique = name + "_" + std::to_string(i);
  return unique;
}

std::string Unquoted(std::string_view text, char quote) {
  if (quote == '\0' || text.size() < 2 || text[0] != quote) return std::string(Trim(text));
  return ReplaceAll(text.substr(1, text.size() - 2), std::string(2, quote), std::string(1, quote));
}

}  // namespace

Result<data::Schema> InferCsvSchema(std::string_view sample, bool complete, std::string_view place,
                                    sdk::Options& options) {
  const CsvOptions csv = TRY(ReadCsvOptions(options));
  std::string text(sample.starts_with("\xEF\xBB\xBF") ? sample.substr(3) : sample);
  if (complete && !text.empty() && text.back() != '\n') text += '\n';
  CsvIndex index(csv.dialect);
  CsvRows rows;
  std::vector<std::string> names;
  std::vector<Guess> guesses;
  uint32_t seen = 0;
  for (size_t at = 0; at < text.size() && seen < kSampleRows;) {
    index.Build(std::string_view(text).substr(at), kSampleRows);
    if (index.rows() == 0) break;
    rows.text = std::string_view(text).substr(at);
    rows.ends = index.ends();
    for (uint32_t row = 0; row < index.rows(); ++row, ++seen) {
      rows.first_field.assign(1, index.FirstField(row));
      rows.fields = index.FieldCount(row);
      const bool first = seen == 0;
      if (first) guesses.resize(rows.fields);
      if (rows.fields != guesses.size()) continue;  // ragged or blank: the reader reports it
      for (uint32_t i = 0; i < rows.fields; ++i) {
        const std::string_view field = rows.Field(0, i);
        if (first && csv.header) {
          names.push_back(Unquoted(field, csv.dialect.quote));
          continue;
        }
        if (field.empty() || field == csv.null_text) continue;
        guesses[i].Look(Unquoted(field, csv.dialect.quote));
      }
    }
    at += index.used();
  }
  if (guesses.empty()) {
    return Error(Status(ErrorCode::kSchemaNotInferable, "reading " + std::string(place) + ": no line to tell the columns from")
                     .WithHint("name the columns and their types in CREATE SOURCE"));
  }
  data::Schema schema;
  for (size_t i = 0; i < guesses.size(); ++i) {
    schema.Add({UniqueName(i < names.size() ? names[i] : "", i, schema), guesses[i].Best(), true});
  }
  return schema;
}

}  // namespace laminar::formats
