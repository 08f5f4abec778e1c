// The formats: what connectors that move bytes ask for by name. The list is formats.def.
//
// Text formats (csv, json) are streams of bytes: a Decoder takes them in pieces of any size. File formats (parquet,
// arrow) are read from a file of known length through a RowReader and written through a RowWriter. Nothing here opens a
// file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"
#include "os/file.h"
#include "sdk/connector.h"
#include "sdk/format.h"

namespace laminar::formats {

// A row of a file format: the row group (Parquet) or record batch (Arrow), the row in it, and how many rows of the file
// stand before the group (for messages).
struct RowPlace {
  uint64_t group = 0;
  uint64_t row = 0;
  uint64_t rows_before = 0;
};

// Reads the rows of one finished file.
class RowReader {
 public:
  virtual ~RowReader() = default;
  // Appends up to rows_max rows to `out`; none: the end.
  virtual Status Read(data::BatchBuffer& out, uint32_t rows_max) = 0;
  // Rows of the file where its footer says so; 0: unknown.
  virtual uint64_t rows_total() const { return 0; }
  // Of the row the next Read begins with.
  virtual RowPlace Place() const = 0;
  // Before the first Read: begin there. What stands before is not read, as far as the format allows. The place may be
  // any: kCorrupt when the file has no such row.
  virtual Status Seek(const RowPlace& place) = 0;
};

struct RowReaderRequest {
  std::unique_ptr<os::File> file;
  data::Schema schema;
  std::vector<bool> needed;
  sdk::BadRows* bad_rows = nullptr;  // null: a row that does not fit the schema is an error
};

// Writes one file. What it appends is final; nothing earlier is changed.
class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual Status Write(const data::Batch& batch) = 0;
  // The footer. Nothing may follow.
  virtual Status Finish() = 0;
};

struct RowWriterRequest {
  os::File* file = nullptr;  // outlives the writer
  data::Schema schema;
  sdk::Options* options = nullptr;
  // Kept in the file beside the columns, for Format::origin; empty: nothing is kept.
  std::string origin;
};

struct EncoderRequest {
  data::Schema schema;
  sdk::Options* options = nullptr;
};

struct Format {
  std::string_view name;
  std::string_view extensions;  // with dots, separated by blanks
  // Text formats:
  Result<std::unique_ptr<sdk::Decoder>> (*decoder)(sdk::DecoderRequest request);
  Result<std::unique_ptr<sdk::Encoder>> (*encoder)(EncoderRequest request);
  // Columns from the first bytes of a file; `complete`: they are the whole file.
  Result<data::Schema> (*infer)(std::string_view sample, bool complete, std::string_view place, sdk::Options& options);
  // File formats:
  Result<std::unique_ptr<RowReader>> (*reader)(RowReaderRequest request);
  Result<std::unique_ptr<RowWriter>> (*writer)(RowWriterRequest request);
  Result<data::Schema> (*file_schema)(std::unique_ptr<os::File> file);
  Result<std::string> (*origin)(std::unique_ptr<os::File> file);  // of RowWriterRequest; empty: there is none
  // Reads the format's options, so that a CREATE statement can check them before there is any byte.
  Status (*check)(sdk::Options& options, bool writing);

  bool is_text() const { return decoder != nullptr; }
};

// Null where there is none of that name. Any case; "ndjson" and "jsonl" are json.
const Format* FindFormat(std::string_view name);
// By the end of a file name, a compression suffix (.gz, .zst) not counted.
const Format* FormatOfPath(std::string_view path);
std::vector<std::string_view> FormatNames();

}  // namespace laminar::formats
