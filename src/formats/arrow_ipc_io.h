// What the two Arrow-based formats share: files as Arrow's streams, batches between Arrow and us. Arrow's classes are
// only named here; their headers are included by the .cc files.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "data/arrow_c.h"
#include "data/batch.h"
#include "os/file.h"

namespace arrow {
class RecordBatch;
class Schema;
namespace io {
class OutputStream;
class RandomAccessFile;
}  // namespace io
}  // namespace arrow

namespace laminar::formats {

// "reading 'x.parquet' as Parquet: ..."
Status BadArrowFile(std::string_view doing, std::string_view path, std::string_view format, std::string_view why);

std::shared_ptr<arrow::io::RandomAccessFile> MakeArrowInput(std::unique_ptr<os::File> file, int64_t size);

struct ArrowOutput {
  std::shared_ptr<arrow::io::OutputStream> stream;
  // The first failed write with its own code, where Arrow knows only its text.
  std::shared_ptr<const Status> first_error;
};
ArrowOutput MakeArrowOutput(os::File& file);  // the file outlives it

// Runs something of Arrow's that may throw; `make` turns the message into our error.
template <class Run, class Make>
Status Guarded(Run run, Make make) {
  try {
    const auto status = run();  // an arrow::Status
    return status.ok() ? Status() : make(status.message());
  } catch (const std::exception& error) {
    return make(error.what());
  }
}

Result<std::shared_ptr<arrow::Schema>> ToArrow(const data::Schema& schema);
Result<std::shared_ptr<arrow::RecordBatch>> ToArrow(const data::Batch& batch, const data::Schema& schema,
                                                    const std::shared_ptr<arrow::Schema>& arrow_schema);
Result<data::Schema> FromArrow(const arrow::Schema& schema);
// A text kept with the columns (RowWriterRequest::origin); empty: none.
std::shared_ptr<arrow::Schema> WithOrigin(const std::shared_ptr<arrow::Schema>& schema, const std::string& origin);
std::string OriginOf(const arrow::Schema& schema);
// Checks what the C interface takes on trust, then hands the batch over.
Result<data::ImportedArray> FromArrow(const arrow::RecordBatch& batch);

}  // namespace laminar::formats
