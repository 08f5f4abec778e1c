// Where the fields of CSV text end: the first pass over the bytes, 64 at a time.
//
// Law: the fields are those of the row scanner below, which reads byte by byte; the fast pass only gets there sooner.
// A field that starts with the quote runs to the next quote that is not doubled; delimiters and newlines within belong
// to it. A quote elsewhere is an ordinary character. Text after a closing quote makes its row malformed; the row then
// ends at the next newline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace laminar::formats {

struct CsvDialect {
  char delimiter = ',';
  char quote = '"';  // '\0': quotes are ordinary characters
};

// Follows one row byte by byte; can be stopped anywhere.
class CsvRowScanner {
 public:
  explicit CsvRowScanner(CsvDialect dialect) : dialect_(dialect) {}
  // Returns the number of bytes up to and with the newline that ends the row, or 0 when it does not end here. `ends`
  // gets the positions of field ends, counted from the first byte of this call plus `base`; may be null.
  size_t Scan(std::string_view bytes, uint32_t base = 0, std::vector<uint32_t>* ends = nullptr);
  void Restart() {
    state_ = State::kFieldStart;
    malformed_ = false;
  }
  bool in_quotes() const { return state_ == State::kQuoted; }
  bool malformed() const { return malformed_; }

 private:
  enum class State : uint8_t { kFieldStart, kPlain, kQuoted, kAfterQuote, kAfterQuoteReturn };
  CsvDialect dialect_;
  State state_ = State::kFieldStart;
  bool malformed_ = false;
};

// The complete rows of a text that begins at a row's start. Field i of the text is [ends[i] + 1, ends[i + 1]).
class CsvIndex {
 public:
  explicit CsvIndex(CsvDialect dialect) : dialect_(dialect), scanner_(dialect) {}

  // Finds up to `rows_wanted` rows. Stops early, with at least one row, after about a megabyte.
  void Build(std::string_view text, uint32_t rows_wanted);

  uint32_t rows() const { return static_cast<uint32_t>(row_fields_.size()) - 1; }
  uint32_t FirstField(uint32_t row) const { return row_fields_[row]; }
  uint32_t FieldCount(uint32_t row) const { return row_fields_[row + 1] - row_fields_[row]; }
  const uint32_t* ends() const { return ends_.data(); }
  // Bytes of all rows found.
  size_t used() const { return static_cast<uint32_t>(ends_[row_fields_.back()] + 1); }
  bool has_quotes() const { return has_quotes_; }
  bool has_high_bytes() const { return has_high_bytes_; }
  // Rows with text after a closing quote, ascending.
  const std::vector<uint32_t>& malformed() const { return malformed_; }

 private:
  struct Masks {
    uint64_t quote = 0;
    uint64_t delimiter = 0;
    uint64_t newline = 0;
    uint64_t high = 0;
    uint64_t carriage_return = 0;
  };
  static Masks Load(const char* bytes, size_t size, CsvDialect dialect);
  void Emit(uint64_t structural, uint64_t newlines, uint32_t base);
  // One row by the row scanner, from the last row's end. Returns the position after it; 0: it does not end here.
  size_t ScanOneRow(std::string_view text);

  CsvDialect dialect_;
  CsvRowScanner scanner_;
  std::vector<uint32_t> ends_;
  size_t count_ = 0;
  std::vector<uint32_t> row_fields_;
  std::vector<uint32_t> malformed_;
  bool has_quotes_ = false;
  bool has_high_bytes_ = false;
};

}  // namespace laminar::formats
