// Rows of a stored table out of its bytes, by its shape alone: no operator, no state table. A second reader of the
// format that docs/formats/state.md describes, for whoever looks into a checkpoint.
//
// Untrusted bytes in: what is no such row is kUnreadableState, never a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"
#include "state/checkpoint/checkpoint_store.h"

namespace laminar::engine {

// "key (BIGINT) values (VARCHAR) payload 8".
struct StoredShape {
  std::vector<data::Type> key;
  std::vector<data::Type> values;
  std::optional<uint32_t> payload_bytes;  // nothing: as long as it is

  bool has_payload() const { return payload_bytes != 0u; }
  // Types of key, values, and the payload as BINARY if there is one.
  std::vector<data::Type> Columns() const;
};

// kUnreadableState names the part that is no type.
Result<StoredShape> ParseShape(std::string_view text);

// As the engine writes it of a table with these columns.
std::string ShapeText(const std::vector<data::Type>& key, const std::vector<data::Type>& values,
                      const std::string& payload);

// Which stored column stands where in what is read.
struct RowSelection {
  static constexpr uint32_t kNowhere = UINT32_MAX;
  std::vector<uint32_t> place;          // of each of StoredShape::Columns: the column of the output, or kNowhere
  std::optional<uint32_t> repetitions;  // the stored column (a BIGINT value) that says how often a row is there
};

class StoredRowReader {
 public:
  // `cursor` walks one table's keys, which begin with four bytes that are skipped.
  StoredRowReader(std::unique_ptr<state::StateCursor> cursor, StoredShape shape, RowSelection selection);
  // Resets `out` and fills it with up to `rows_max` rows. No rows: there are no more.
  Status Read(data::BatchBuffer& out, uint32_t rows_max);

 private:
  Status TakeRow(data::BatchBuffer& out, uint32_t row);
  Status TakeColumns(std::string_view& bytes, size_t first, size_t count, data::BatchBuffer& out, uint32_t row);
  Status TakeValue(std::string_view& bytes, size_t column, data::BatchBuffer& out, uint32_t row);

  std::unique_ptr<state::StateCursor> cursor_;
  StoredShape shape_;
  RowSelection selection_;
  std::vector<data::Type> columns_;
  int64_t copies_ = 0;      // of the cursor's row, so far
  int64_t copies_max_ = 1;  // as TakeRow found
};

}  // namespace laminar::engine
