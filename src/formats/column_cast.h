// From the columns a file has to the columns that were declared: by name, with the casts that lose nothing (wider
// integers, FLOAT to DOUBLE, wider decimals, units of timestamps; digits finer than a timestamp's precision are cut
// off, as in text).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"

namespace laminar::formats {

class ColumnCast {
 public:
  // `place` names the file in errors. needed: empty means all.
  static Result<ColumnCast> Make(const data::Schema& file, const data::Schema& declared, std::vector<bool> needed,
                                 std::string place);
  // Positions in the file's schema that are read, ascending and without repetition.
  std::vector<int> FileColumns() const;
  // What FileColumns becomes once only those columns are read: call it when batches hold only them.
  void Compact();
  // Appends a batch of the file's columns. rows_before: for messages.
  Status Append(const data::Batch& batch, data::BatchBuffer& out, uint64_t rows_before) const;

 private:
  struct Target {
    int file_column = -1;  // -1: not needed
    data::Type from;
    data::Field to;
  };
  std::vector<Target> targets_;
  std::string place_;
};

}  // namespace laminar::formats
