// ResultWriter: rows of a query as text on standard output: an aligned table, CSV, a JSON array, or JSON lines.
//
// A changelog gets two more columns at its end: _op (+I came, -D went) and _weight. CSV and JSON keep numbers in full
// and times in ISO form; tables are for people.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"

namespace laminar::cli {

enum class OutputFormat : uint8_t { kTable, kCsv, kJson, kNdjson };
std::optional<OutputFormat> FormatNamed(std::string_view name);

class ResultWriter {
 public:
  virtual ~ResultWriter() = default;
  virtual Status Begin() = 0;
  virtual Status Rows(const data::Batch& batch) = 0;
  // Nothing more comes for a while: what is held back for alignment is shown now.
  virtual Status Pause() { return {}; }
  virtual Status End() = 0;
};

struct WriterRequest {
  OutputFormat format = OutputFormat::kTable;
  data::Schema schema;
  bool is_changelog = false;
  std::string_view time_zone = "UTC";
  uint32_t columns_max = 0;     // terminal columns to which a table is cut; 0: not cut
  bool unicode = false;         // lines of a table as box characters
  uint64_t rows_shown_max = 0;  // 0: all; a table says how many it left out
  bool row_count = false;       // a table ends with "(3 rows)"
};
Result<std::unique_ptr<ResultWriter>> MakeResultWriter(WriterRequest request);

}  // namespace laminar::cli
