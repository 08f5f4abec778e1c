#include "engine/stored_row.h"

#include <cstring>

#include "base/bytes.h"
#include "base/text.h"
#include "plan/bind/type_binder.h"
#include "sql/parser.h"
#include "state/table/row_image.h"
#include "state/table/value_codec.h"

namespace laminar::engine {

using data::BatchBuffer;
using data::Column;
using data::PhysicalType;
using data::Type;
using data::TypeId;

namespace {

constexpr size_t kTableBytes = 4;

Status Unreadable(std::string_view what) {
  return Status(ErrorCode::kUnreadableState, "reading a stored row: " + std::string(what));
}

internal::Failure NoShape(std::string_view text, std::string_view what) {
  return Error(Status(ErrorCode::kUnreadableState,
                      "the shape of a stored table, " + Quoted(text, 200) + ", " + std::string(what))
                   .WithHint("read it with the version of laminar that wrote it"));
}

// At the commas that are in no bracket.
std::vector<std::string_view> SplitTypes(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t first = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (c == '(' || c == '<' || c == '[') ++depth;
    if (c == ')' || c == '>' || c == ']') --depth;
    if (c != ',' || (depth > 0 && i < text.size())) continue;
    parts.push_back(Trim(text.substr(first, i - first)));
    first = i + 1;
  }
  return parts;
}

Result<Type> ParseOneType(std::string_view text) {
  if (text == "NULL") return Type();
  return plan::BindType(TRY(sql::ParseType(text)));
}

// Takes `word`, then types in parentheses.
bool TakeTypes(std::string_view word, std::string_view& rest, std::string_view& types) {
  if (!rest.starts_with(word) || !rest.substr(word.size()).starts_with(" (")) return false;
  rest.remove_prefix(word.size() + 2);
  int depth = 1;
  for (size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '(') ++depth;
    if (rest[i] != ')' || --depth > 0) continue;
    types = rest.substr(0, i);
    rest.remove_prefix(i + 1);
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    return true;
  }
  return false;
}

std::string TypesText(const std::vector<Type>& types) {
  std::string text;
  for (const Type& type : types) text += (text.empty() ? "" : ", ") + type.ToString();
  return "(" + text + ")";
}

}  // namespace

std::vector<Type> StoredShape::Columns() const {
  std::vector<Type> columns = key;
  columns.insert(columns.end(), values.begin(), values.end());
  if (has_payload()) columns.emplace_back(TypeId::kBinary);
  return columns;
}

Result<StoredShape> ParseShape(std::string_view text) {
  StoredShape shape;
  std::string_view rest = text;
  std::string_view key;
  std::string_view values;
  if (!TakeTypes("key", rest, key) || !TakeTypes("values", rest, values) || !rest.starts_with("payload "))
    return NoShape(text, "is none that this version knows");
  rest.remove_prefix(8);
  const auto read = [&](std::string_view types, std::vector<Type>& to) -> Status {
    if (types.empty()) return {};
    for (const std::string_view one : SplitTypes(types)) {
      Result<Type> type = ParseOneType(one);
      if (!type) return NoShape(text, "has a type that this version does not know: " + Quoted(one, 100));
      to.push_back(*std::move(type));
    }
    return {};
  };
  TRY(read(key, shape.key));
  TRY(read(values, shape.values));
  if (rest == "saved") return shape;
  const auto bytes = ParseUint64(rest);
  if (!bytes || *bytes > UINT32_MAX) return NoShape(text, "has no length of its payload");
  shape.payload_bytes = static_cast<uint32_t>(*bytes);
  return shape;
}

std::string ShapeText(const std::vector<Type>& key, const std::vector<Type>& values, const std::string& payload) {
  return "key " + TypesText(key) + " values " + TypesText(values) + " payload " + payload;
}

StoredRowReader::StoredRowReader(std::unique_ptr<state::StateCursor> cursor, StoredShape shape, RowSelection selection)
    : cursor_(std::move(cursor)),
      shape_(std::move(shape)),
      selection_(std::move(selection)),
      columns_(shape_.Columns()) {}

Status StoredRowReader::Read(BatchBuffer& out, uint32_t rows_max) {
  out.Reset();
  std::vector<bool> is_filled(out.types().size(), false);
  for (const uint32_t place : selection_.place) {
    if (place != RowSelection::kNowhere) is_filled[place] = true;
  }
  for (size_t i = 0; i < is_filled.size(); ++i) {
    if (is_filled[i]) continue;
    out.SetNull(i, 0);
    out.column(i).encoding = data::Encoding::kConstant;
  }
  uint32_t rows = 0;
  while (rows < rows_max && cursor_->valid()) {
    TRY(TakeRow(out, rows));
    if (copies_ < copies_max_) {
      ++copies_;
      ++rows;
    }
    if (copies_ < copies_max_) continue;
    copies_ = 0;
    cursor_->Next();
  }
  TRY(cursor_->status());
  out.SetRows(rows);
  return {};
}

Status StoredRowReader::TakeRow(BatchBuffer& out, uint32_t row) {
  std::string_view key = cursor_->key();
  std::string_view value = cursor_->value();
  if (key.size() < kTableBytes + state::kKeyImagePrefix) return Unreadable("its key is too short");
  key.remove_prefix(kTableBytes + state::kKeyImagePrefix);
  copies_max_ = 1;
  TRY(TakeColumns(key, 0, shape_.key.size(), out, row));
  if (!key.empty()) return Unreadable("its key goes on behind the last column");
  TRY(TakeColumns(value, shape_.key.size(), shape_.values.size(), out, row));
  if (shape_.payload_bytes && value.size() != *shape_.payload_bytes)
    return Unreadable("its payload has " + std::to_string(value.size()) + " bytes, not " +
                      std::to_string(*shape_.payload_bytes));
  if (!shape_.has_payload()) return {};
  const uint32_t place = selection_.place.back();
  if (place == RowSelection::kNowhere) return {};
  Column& column = out.column(place);
  if (column.has_nulls) data::SetBit(column.validity, row);
  column.As<data::StringRef>()[row] = out.heap().Add(value);
  return {};
}

Status StoredRowReader::TakeColumns(std::string_view& bytes, size_t first, size_t count, BatchBuffer& out,
                                    uint32_t row) {
  const size_t null_bytes = (count + 7) / 8;
  if (bytes.size() < null_bytes) return Unreadable("it ends before its columns");
  const std::string_view nulls = bytes.substr(0, null_bytes);
  bytes.remove_prefix(null_bytes);
  for (size_t i = 0; i < count; ++i) {
    const size_t column = first + i;
    if ((static_cast<uint8_t>(nulls[i / 8]) >> (i % 8) & 1) == 0) {
      TRY(TakeValue(bytes, column, out, row));
      continue;
    }
    if (selection_.repetitions == column) return Unreadable("how often it is there is NULL");
    if (selection_.place[column] != RowSelection::kNowhere) out.SetNull(selection_.place[column], row);
  }
  return {};
}

Status StoredRowReader::TakeValue(std::string_view& bytes, size_t column, BatchBuffer& out, uint32_t row) {
  const Type& type = columns_[column];
  const PhysicalType physical = type.physical();
  const uint32_t place = selection_.place[column];
  Column* to = place == RowSelection::kNowhere ? nullptr : &out.column(place);
  if (to != nullptr && to->has_nulls) data::SetBit(to->validity, row);
  const auto broken = [&](std::string_view what) {
    return Unreadable("its " + type.ToString() + " column " + std::string(what));
  };
  if (physical == PhysicalType::kString || type.is_nested()) {
    std::string_view text;
    if (!TakeText(bytes, text) || text.size() > UINT32_MAX) return broken("ends in the middle");
    if (type.is_nested() && !state::IsNestedValue(text, type)) return broken("is no such value");
    if (to == nullptr) return {};
    if (type.is_nested())
      state::DecodeNested(text, out, *to, type, row);
    else
      to->As<data::StringRef>()[row] = out.heap().Add(text);
    return {};
  }
  if (physical == PhysicalType::kNull && to != nullptr) out.SetNull(place, row);
  const uint32_t width = data::ValueWidth(physical);
  if (bytes.size() < width) return broken("ends in the middle");
  if (physical == PhysicalType::kBool && static_cast<uint8_t>(bytes[0]) > 1) return broken("is neither true nor false");
  if (selection_.repetitions == column) std::memcpy(&copies_max_, bytes.data(), sizeof copies_max_);
  if (to != nullptr && width > 0) std::memcpy(to->As<char>() + size_t{row} * width, bytes.data(), width);
  bytes.remove_prefix(width);
  return {};
}

}  // namespace laminar::engine
