// From the columns a file has to the columns that were declared: by name, with casts among integers, from integers to
// FLOAT and DOUBLE, among FLOAT and DOUBLE, among decimals (rounded), among timestamps (digits finer than the precision
// are cut off, as in text). A value that does not fit, or a NULL in a NOT NULL column, is an error of its column there
// and told to BadRows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"
#include "sdk/connector.h"

namespace laminar::formats {

class ColumnCast {
 public:
  // `path` names the file in errors. needed: empty means all. bad_rows: null makes such a row an error.
  static Result<ColumnCast> Make(const data::Schema& file, const data::Schema& declared, std::vector<bool> needed,
                                 std::string path, sdk::BadRows* bad_rows);
  // Positions in the file's schema that are read, ascending and without repetition.
  std::vector<int> FileColumns() const;
  // What FileColumns becomes once only those columns are read: call it when batches hold only them.
  void Compact();
  // Appends the rows of a batch of the file's columns. rows_before: for messages.
  Status Append(const data::Batch& batch, data::BatchBuffer& out, uint64_t rows_before);

 private:
  struct Target {
    int file_column = -1;  // -1: not needed
    data::Type from;
    data::Field to;
  };
  struct BadCell {
    uint32_t row;
    size_t column;
    std::string reason;
  };
  // Finds the bad cells; uses the free slots of `out` to try the casts.
  void Check(const data::Batch& batch, data::BatchBuffer& out);
  Status Report(const data::Batch& batch, uint64_t rows_before) const;
  std::string RowText(const data::Batch& batch, uint32_t row) const;

  std::vector<Target> targets_;
  std::string path_;
  sdk::BadRows* bad_rows_ = nullptr;
  std::vector<BadCell> bad_;
};

}  // namespace laminar::formats
