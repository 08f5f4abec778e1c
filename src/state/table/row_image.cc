#include "state/table/row_image.h"

#include "base/bytes.h"
#include "base/hot_scope.h"
#include "data/string_ref.h"
#include "state/table/value_codec.h"

namespace laminar::state {
namespace {

using data::StringRef;

uint32_t WidthOf(const StoredColumn& column) {
  return column.slot == Slot::kWide ? 16 : data::ValueWidth(column.physical);
}

Status Broken(const StoredColumn& column, std::string_view what) {
  return Status(ErrorCode::kUnreadableState,
                "reading a stored row: its " + column.type.ToString() + " column " + std::string(what));
}

Status ReadText(const StoredColumn& column, std::string_view& bytes, uint8_t* row, StringPool& strings) {
  std::string_view text;
  if (!TakeText(bytes, text) || text.size() > UINT32_MAX) return Broken(column, "ends in the middle");
  if (column.slot == Slot::kNested && !IsNestedValue(text, column.type)) return Broken(column, "is no such value");
  StringRef value(text);
  if (!value.is_inline()) value = StringRef(strings.Add(text), value.length);
  column.Store(row, value);
  return {};
}

}  // namespace

void AppendColumns(const std::vector<StoredColumn>& columns, const uint8_t* row, std::string& out) {
  const size_t nulls = out.size();
  out.append((columns.size() + 7) / 8, '\0');
  for (size_t i = 0; i < columns.size(); ++i) {
    const StoredColumn& column = columns[i];
    if (column.IsNull(row)) {
      out[nulls + i / 8] = static_cast<char>(static_cast<uint8_t>(out[nulls + i / 8]) | 1u << (i % 8));
      continue;
    }
    if (column.holds_string()) {
      const auto text = column.Load<StringRef>(row);
      AppendText(text.view(), out);
    } else {
      out.append(reinterpret_cast<const char*>(row) + column.offset, WidthOf(column));
    }
  }
}

void AppendKeyImage(const RowLayout& layout, const uint8_t* row, std::string& out) {
  const RowHeader* header = HeaderOf(row);
  const uint32_t tag = header->tag;
  const char prefix[kKeyImagePrefix] = {static_cast<char>(header->vnode), static_cast<char>(tag >> 24),
                                        static_cast<char>(tag >> 16), static_cast<char>(tag >> 8),
                                        static_cast<char>(tag)};
  out.append(prefix, sizeof(prefix));
  AppendColumns(layout.keys, row, out);
}

Status ReadColumns(const std::vector<StoredColumn>& columns, std::string_view& bytes, uint8_t* row,
                   StringPool& strings) {
  const size_t null_bytes = (columns.size() + 7) / 8;
  if (bytes.size() < null_bytes)
    return Status(ErrorCode::kUnreadableState, "reading a stored row: it ends before its columns");
  const std::string_view nulls = bytes.substr(0, null_bytes);
  bytes.remove_prefix(null_bytes);
  for (size_t i = 0; i < columns.size(); ++i) {
    const StoredColumn& column = columns[i];
    if ((static_cast<uint8_t>(nulls[i / 8]) >> (i % 8) & 1) != 0) {
      row[column.null_byte] |= column.null_bit;
      continue;
    }
    if (column.holds_string()) {
      TRY(ReadText(column, bytes, row, strings));
      continue;
    }
    const uint32_t width = WidthOf(column);
    if (bytes.size() < width) return Broken(column, "ends in the middle");
    LoadNumber(column, bytes.data(), row);
    bytes.remove_prefix(width);
  }
  return {};
}

}  // namespace laminar::state
