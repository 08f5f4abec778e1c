#include "sdk/conformance/source_laws.h"

#include "data/value.h"

namespace laminar::sdk {

namespace {

constexpr std::string_view kUnreadable = "(unreadable)";

class BadRowTexts final : public BadRows {
 public:
  void Add(std::string_view place, std::string_view reason, std::string_view text) override {
    rows.push_back(std::string(place) + ": " + std::string(reason) + ": " + std::string(text));
  }
  std::vector<std::string> rows;
};

std::string RowText(const data::Batch& batch, const data::Schema& schema, uint32_t row,
                    const std::vector<bool>& columns) {
  std::string line;
  for (uint32_t i = 0; i < batch.column_count; ++i) {
    if (!columns.empty() && !columns[i]) continue;
    const data::Column& column = batch.columns[i];
    line += column.HasError(row) ? kUnreadable
                                 : data::Value::FromColumn(column, schema[i].type, row).ToString(schema[i].type);
    line += '\x1f';
  }
  return line;
}

std::string Difference(const SourceRows& a, const SourceRows& b) {
  if (a.error != b.error) return "errors '" + a.error + "' and '" + b.error + "'";
  if (a.bad_rows != b.bad_rows) {
    return std::to_string(a.bad_rows.size()) + " and " + std::to_string(b.bad_rows.size()) + " bad rows";
  }
  for (size_t i = 0; i < a.rows.size() && i < b.rows.size(); ++i) {
    if (a.rows[i] != b.rows[i]) return "row " + std::to_string(i) + ": '" + a.rows[i] + "' and '" + b.rows[i] + "'";
  }
  if (a.rows.size() != b.rows.size())
    return std::to_string(a.rows.size()) + " and " + std::to_string(b.rows.size()) + " rows";
  return {};
}

}  // namespace

SourceRows ReadAll(Connector& connector, const SourceRequest& given, uint32_t rows_max, uint64_t rows_limit,
                   const std::vector<bool>& columns) {
  SourceRows read;
  BadRowTexts bad;
  SourceRequest request = given;
  request.bad_rows = &bad;
  auto opened = connector.OpenSource(request);
  if (!opened.has_value()) {
    read.error = opened.error().ToString();
    return read;
  }
  data::BatchBuffer out(request.schema.Types(), rows_max);
  bool ended = false;
  while (read.rows.size() < rows_limit) {
    const Result<ReadState> state = (*opened)->Read(out, rows_max);
    if (!state.has_value()) {
      read.error = state.error().ToString();
      break;
    }
    if (out.rows() > rows_max) read.breaches.push_back("more rows than asked for");
    if (*state != ReadState::kRows && out.rows() > 0) read.breaches.push_back("rows without kRows");
    if (*state == ReadState::kRows && out.rows() == 0) read.breaches.push_back("kRows without rows");
    if (ended && *state != ReadState::kEnd) read.breaches.push_back("something after the end");
    if (*state == ReadState::kIdle) break;
    if (*state == ReadState::kEnd) {
      if (ended) break;
      ended = true;
    }
    for (uint32_t row = 0; row < out.rows() && read.rows.size() < rows_limit; ++row) {
      read.rows.push_back(RowText(out.batch(), request.schema, row, columns));
    }
  }
  read.bad_rows = std::move(bad.rows);
  return read;
}

std::vector<std::string> CheckSourceLaws(Connector& connector, const SourceRequest& request, uint64_t rows_limit) {
  std::vector<std::string> breaches;
  const SourceRows whole = ReadAll(connector, request, data::kBatchCapacity, rows_limit);
  breaches = whole.breaches;
  // With a limit the last batch may have read further, so bad rows are only compared for sources read to their end.
  const bool to_end = whole.rows.size() < rows_limit;
  auto compare = [&](const std::string& law, SourceRows other, SourceRows expected) {
    if (!to_end) {
      other.bad_rows.clear();
      expected.bad_rows.clear();
    }
    const std::string difference = Difference(expected, other);
    if (!difference.empty()) breaches.push_back(law + ": " + difference);
    for (const std::string& breach : other.breaches) breaches.push_back(law + ": " + breach);
  };
  compare("a new reader", ReadAll(connector, request, data::kBatchCapacity, rows_limit), whole);
  for (const uint32_t rows_max : {1u, 7u, 100u}) {
    compare(std::to_string(rows_max) + " rows at a time", ReadAll(connector, request, rows_max, rows_limit), whole);
  }
  for (size_t i = 0; i < request.schema.size() && request.schema.size() > 1; ++i) {
    SourceRequest less = request;
    less.needed.assign(request.schema.size(), true);
    less.needed[i] = false;
    SourceRows expected = ReadAll(connector, request, data::kBatchCapacity, rows_limit, less.needed);
    SourceRows found = ReadAll(connector, less, data::kBatchCapacity, rows_limit, less.needed);
    expected.bad_rows.clear();  // what nobody reads is not told
    found.bad_rows.clear();
    compare("without column '" + request.schema[i].name + "'", found, expected);
  }
  return breaches;
}

}  // namespace laminar::sdk
