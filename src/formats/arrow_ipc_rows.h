// The reading loop the Arrow-based formats share: a file is groups of record batches (a row group of Parquet, one batch
// of Arrow IPC); groups are opened one after the other, and reading can begin at any row of any group.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "data/arrow_c.h"
#include "formats/column_cast.h"
#include "formats/formats.h"

namespace arrow {
class RecordBatch;
}  // namespace arrow

namespace laminar::formats {

class BatchGroups {
 public:
  virtual ~BatchGroups() = default;
  // Groups are opened in ascending order; false: there is none of that number.
  virtual Result<bool> Open(uint64_t group) = 0;
  // The next batch of the open group; null at its end.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
  virtual uint64_t rows_total() const { return 0; }
};

class BatchRows final : public RowReader {
 public:
  // `doing` and `format` as in BadArrowFile.
  BatchRows(std::string path, std::string format, std::unique_ptr<BatchGroups> groups, ColumnCast cast)
      : path_(std::move(path)), format_(std::move(format)), groups_(std::move(groups)), cast_(std::move(cast)) {}

  Status Read(data::BatchBuffer& out, uint32_t rows_max) override;
  uint64_t rows_total() const override { return groups_->rows_total(); }
  RowPlace Place() const override;
  Status Seek(const RowPlace& place) override;

 private:
  // Makes the next batch the current one; false: the end of the file.
  Result<bool> NextBatch();
  Status Take(const arrow::RecordBatch& batch);

  const std::string path_;
  const std::string format_;
  std::unique_ptr<BatchGroups> groups_;
  ColumnCast cast_;
  std::optional<data::ImportedArray> current_;
  int64_t next_ = 0;    // row of current_
  uint64_t group_ = 0;  // the open one, or the one to open
  bool is_open_ = false;
  uint64_t group_rows_ = 0;   // of the open group, before current_
  uint64_t rows_before_ = 0;  // of the file, before the group
};

}  // namespace laminar::formats
