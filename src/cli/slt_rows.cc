#include "cli/slt_rows.h"

#include <algorithm>

#include "base/text.h"
#include "data/text.h"
#include "data/value.h"

namespace laminar::cli {

namespace {

constexpr std::string_view kEmpty = "(empty)";
constexpr std::string_view kCellGap = " | ";

// h:mm, hh:mm, hh:mm:ss, hh:mm:ss.ffffff
bool IsShortTime(std::string_view text) {
  const auto parts = Split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return false;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty() || (i < 2 && parts[i].size() > 2)) return false;
    for (const char c : parts[i]) {
      if (!IsDigitAscii(c) && !(i == 2 && c == '.')) return false;
    }
  }
  return true;
}

std::string CompleteTime(std::string_view text) {
  std::string out = std::string(kTestDay) + " ";
  if (text.find(':') == 1) out += '0';
  out += text;
  if (std::ranges::count(text, ':') == 1) out += ":00";
  return out;
}

std::vector<std::string_view> Cells(std::string_view line) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t gap = line.find(kCellGap);
    if (gap == std::string_view::npos) break;
    out.push_back(line.substr(0, gap));
    line.remove_prefix(gap + kCellGap.size());
  }
  out.push_back(line);
  return out;
}

}  // namespace

std::string CanonicalCell(const data::Type& type, std::string_view text) {
  if (text.empty()) return std::string(kEmpty);
  std::string out = EscapeForMessage(text, 1'000'000);
  if (!type.is_timestamp()) return out;
  if (StartsWith(out, std::string(kTestDay) + " ")) out = out.substr(kTestDay.size() + 1);
  if (!IsShortTime(out)) return out;
  if (out.find(':') == 1) out = "0" + out;
  if (out.size() == 8 && EndsWith(out, ":00")) out.resize(5);
  return out;
}

std::string RowText(const data::Schema& schema, const data::Batch& batch, uint32_t row) {
  std::string out;
  for (uint32_t c = 0; c < schema.size(); ++c) {
    if (c > 0) out += kCellGap;
    std::string text;
    data::AppendText(schema[c].type, batch.columns[c], row, text);
    out += CanonicalCell(schema[c].type, text);
  }
  return out;
}

std::string CanonicalLine(const data::Schema& schema, std::string_view line, bool has_weight) {
  std::string out;
  size_t column = 0;
  const std::vector<std::string_view> cells =
      schema.size() + (has_weight ? 1 : 0) == 1 ? std::vector{line} : Cells(line);
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += kCellGap;
    if (has_weight && i == 0) {
      out += cells[0];
    } else {
      out += column < schema.size() ? CanonicalCell(schema[column].type, cells[i]) : std::string(cells[i]);
      ++column;
    }
  }
  return out;
}

std::vector<Change> ConsolidateChanges(std::vector<Change> changes) {
  std::ranges::sort(changes, {}, &Change::row);
  std::vector<Change> out;
  for (Change& change : changes) {
    if (!out.empty() && out.back().row == change.row)
      out.back().weight += change.weight;
    else
      out.push_back(std::move(change));
  }
  std::erase_if(out, [](const Change& change) { return change.weight == 0; });
  return out;
}

std::string ChangeText(const Change& change) {
  return (change.weight > 0 ? "+" : "") + std::to_string(change.weight) + std::string(kCellGap) + change.row;
}

Result<Change> ParseChange(const data::Schema& schema, std::string_view line) {
  const size_t gap = line.find(kCellGap);
  const auto weight = ParseInt64(line.substr(0, std::min(gap, line.size())));
  if (gap == std::string_view::npos || !weight) {
    return Error(ErrorCode::kBadRow, "a change is written \"+1 | value | value\", found " + Quoted(line));
  }
  return Change{*weight, CanonicalLine(schema, line.substr(gap + kCellGap.size()), false)};
}

Result<Timestamp> ParseTestTime(std::string_view text) {
  std::string whole(Trim(text));
  if (whole.size() > 1 && whole.front() == '\'' && whole.back() == '\'') whole = whole.substr(1, whole.size() - 2);
  if (IsShortTime(whole)) whole = CompleteTime(whole);
  const data::Type type(data::TypeId::kTimestamp);
  data::BatchBuffer buffer({type}, 1);
  buffer.SetRows(1);
  TRY(data::ParseText(type, whole, buffer, buffer.column(0), 0));
  return buffer.column(0).As<int64_t>()[0];
}

Result<std::string> CastRow(const data::Schema& schema, std::string_view tuple) {
  tuple = Trim(tuple);
  if (tuple.size() < 2 || tuple.front() != '(' || tuple.back() != ')') {
    return Error(ErrorCode::kBadRow, "a row is written (value, value), found " + Quoted(tuple));
  }
  tuple = tuple.substr(1, tuple.size() - 2);
  std::vector<std::string_view> values;
  int depth = 0;
  bool quoted = false;
  size_t start = 0;
  for (size_t i = 0; i < tuple.size(); ++i) {
    const char c = tuple[i];
    if (c == '\'') quoted = !quoted;
    if (quoted) continue;
    if (c == '(' || c == '[' || c == '{') ++depth;
    if (c == ')' || c == ']' || c == '}') --depth;
    if (c != ',' || depth != 0) continue;
    values.push_back(Trim(tuple.substr(start, i - start)));
    start = i + 1;
  }
  values.push_back(Trim(tuple.substr(start)));
  if (values.size() != schema.size()) {
    return Error(ErrorCode::kBadRow, "the row has " + std::to_string(values.size()) + " values, the source " +
                                         std::to_string(schema.size()) + " columns");
  }
  std::string out = "(";
  for (size_t c = 0; c < values.size(); ++c) {
    std::string value(values[c]);
    const bool is_text = value.size() > 2 && value.front() == '\'' && value.back() == '\'';
    if (is_text && schema[c].type.is_timestamp() && IsShortTime(std::string_view(value).substr(1, value.size() - 2))) {
      value = "'" + CompleteTime(value.substr(1, value.size() - 2)) + "'";
    }
    out += (c > 0 ? ", CAST(" : "CAST(") + value + " AS " + schema[c].type.ToString() + ")";
  }
  return out + ")";
}

}  // namespace laminar::cli
