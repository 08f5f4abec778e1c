// Parquet, through Arrow's library. Only the needed columns are read. Sink options: compression (zstd by default),
// row_group_rows. A file that is no Parquet, truncated or damaged is an error that names it.
#pragma once

#include <memory>

#include "formats/formats.h"

namespace laminar::formats {

Status CheckParquetOptions(sdk::Options& options, bool writing);
Result<std::unique_ptr<RowReader>> MakeParquetReader(RowReaderRequest request);
Result<std::unique_ptr<RowWriter>> MakeParquetWriter(RowWriterRequest request);
Result<data::Schema> ParquetSchema(std::unique_ptr<os::File> file);
Result<std::string> ParquetOrigin(std::unique_ptr<os::File> file);

}  // namespace laminar::formats
