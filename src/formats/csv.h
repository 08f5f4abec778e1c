// CSV in the sense of RFC 4180. Options: delimiter, quote, header, null, timestamp_unit, row_bytes_max.
//
// With a header (the default) columns are matched by name, without one by position. An empty field without quotes is
// NULL, so is the text of option `null`; an empty field in quotes is an empty string. A row that cannot be read goes to
// BadRows with file and line.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "formats/csv_index.h"
#include "formats/formats.h"

namespace laminar::formats {

struct CsvOptions {
  CsvDialect dialect;
  bool header = true;
  std::string null_text;
  int64_t epoch_unit = 0;  // nanoseconds of one unit of whole numbers in timestamp columns; 0: they are not accepted
  size_t row_bytes_max = size_t{64} << 20;
};

Result<CsvOptions> ReadCsvOptions(sdk::Options& options);
Status CheckCsvOptions(sdk::Options& options, bool writing);
Result<std::unique_ptr<sdk::Decoder>> MakeCsvDecoder(sdk::DecoderRequest request);
Result<std::unique_ptr<sdk::Encoder>> MakeCsvEncoder(EncoderRequest request);
Result<data::Schema> InferCsvSchema(std::string_view sample, bool complete, std::string_view place,
                                    sdk::Options& options);

// 's', 'ms', 'us', 'ns' as nanoseconds; `fallback` where the option is absent.
Result<int64_t> ReadEpochUnit(sdk::Options& options, int64_t fallback);

}  // namespace laminar::formats
