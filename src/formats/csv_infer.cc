// Columns of a CSV file from its first rows: BIGINT, DOUBLE, BOOLEAN, DATE, TIMESTAMP (WITH TIME ZONE) where every
// value fits, else VARCHAR. Numbers with leading zeros are text, so that '007' stays what it is.
#include "base/text.h"
#include "formats/csv.h"
#include "formats/csv_columns.h"
#include "formats/type_guess.h"

namespace laminar::formats {

namespace {

constexpr uint32_t kSampleRows = 10000;

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
  std::vector<TypeGuess> guesses;
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
    return Error(
        Status(ErrorCode::kSchemaNotInferable, "reading " + std::string(place) + ": no line to tell the columns from")
            .WithHint("name the columns and their types in CREATE SOURCE"));
  }
  data::Schema schema;
  for (size_t i = 0; i < guesses.size(); ++i) {
    schema.Add({UniqueName(i < names.size() ? names[i] : "", i, schema), guesses[i].Best(), true});
  }
  return schema;
}

}  // namespace laminar::formats
