// Rows on their way into a file that can be written only as a whole (Parquet, Arrow): a file of frames that may be cut
// behind any frame, from which the whole is made in the end.
//
// A frame: its length and a checksum (32 bits each, little-endian), one record batch as a message of Arrow IPC. Law:
// what was encoded comes back as the same batches, in order.
#pragma once

#include <memory>

#include "formats/formats.h"

namespace laminar::formats {

// One frame a batch.
Result<std::unique_ptr<sdk::Encoder>> MakeRowJournal(const data::Schema& schema);
// Hands the batches of the first `length` bytes to a writer.
Status CopyRowJournal(const os::File& journal, uint64_t length, const data::Schema& schema, RowWriter& writer);

}  // namespace laminar::formats
