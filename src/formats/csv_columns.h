// The second pass of the CSV decoder: the fields of one column, row by row, into the column's buffer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "data/type.h"
#include "formats/csv.h"
#include "formats/scalar_text.h"

namespace laminar::formats {

// The rows of a window that have the right number of fields.
struct CsvRows {
  std::string_view text;
  const uint32_t* ends = nullptr;     // as in CsvIndex
  std::vector<uint32_t> first_field;  // of each row
  std::vector<uint32_t> number;       // of each row within the window, for messages
  uint32_t fields = 0;                // of every row
  bool may_have_high_bytes = true;

  std::string_view Field(size_t row, uint32_t field) const {
    const uint32_t i = first_field[row] + field;
    const uint32_t begin = ends[i] + 1;
    uint32_t end = ends[i + 1];
    if (field + 1 == fields && end > begin && text[end - 1] == '\r') --end;
    return text.substr(begin, end - begin);
  }
};

struct CsvBadCell {
  uint32_t row = 0;  // position in CsvRows
  std::string reason;
};

class CsvColumnReader {
 public:
  CsvColumnReader(const data::Field& field, const CsvOptions& options);
  // Writes all rows of field `field` into rows [first_row, ...) of `column`. What it cannot read is an error of the
  // column there and is added to `bad`.
  void Read(const CsvRows& rows, uint32_t field, data::BatchBuffer& out, data::Column& column, uint32_t first_row,
            std::vector<CsvBadCell>& bad);

 private:
  struct Target;
  template <class T, class Parse>
  void ReadFixed(const Target& target, Parse parse);
  void ReadStrings(const Target& target);
  void ReadIntegers(const Target& target);
  template <class T>
  void ReadInteger(const Target& target);
  // Anything the fast readers did not take: NULL, quotes, blanks, rare forms, errors.
  void ReadSlow(const Target& target, uint32_t row);
  bool ReadEpoch(std::string_view text, const Target& target, uint32_t row);
  std::string WhyNot(std::string_view text, std::string_view detail) const;

  data::Field field_;
  const CsvOptions& options_;
  TimestampReader timestamps_;
  std::string unescaped_;
};

}  // namespace laminar::formats
