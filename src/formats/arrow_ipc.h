// Arrow IPC: the file format (also called Feather 2), and the stream format for reading. Only the needed columns are
// read. Sink option: compression (none by default). A file that is no Arrow file, truncated or damaged is an error that
// names it.
#pragma once

#include <memory>

#include "formats/formats.h"

namespace laminar::formats {

Status CheckArrowOptions(sdk::Options& options, bool writing);
Result<std::unique_ptr<RowReader>> MakeArrowReader(RowReaderRequest request);
Result<std::unique_ptr<RowWriter>> MakeArrowWriter(RowWriterRequest request);
Result<data::Schema> ArrowFileSchema(std::unique_ptr<os::File> file);
Result<std::string> ArrowOrigin(std::unique_ptr<os::File> file);

}  // namespace laminar::formats
