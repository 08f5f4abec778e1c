#include "state/table/row_image.h"

#include <cstring>

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

// Numbers side by side are appended together: a copy into the string each would cost more than the numbers.
class NumberBuffer {
 public:
  explicit NumberBuffer(std::string& out) : out_(out) {}
  void Add(const uint8_t* number, uint32_t width) {
    if (size_ + width > sizeof(bytes_)) Flush();
    switch (width) {
      case 1: std::memcpy(bytes_ + size_, number, 1); break;
      case 2: std::memcpy(bytes_ + size_, number, 2); break;
      case 4: std::memcpy(bytes_ + size_, number, 4); break;
      case 8: std::memcpy(bytes_ + size_, number, 8); break;
      default: std::memcpy(bytes_ + size_, number, width);
    }
    size_ += width;
  }
  void Flush() {
    out_.append(bytes_, size_);
    size_ = 0;
  }

 private:
  std::string& out_;
  char bytes_[128];
  uint32_t size_ = 0;
};

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
  NumberBuffer numbers(out);
  for (size_t i = 0; i < columns.size(); ++i) {
    const StoredColumn& column = columns[i];
    if (column.IsNull(row)) {
      out[nulls + i / 8] = static_cast<char>(static_cast<uint8_t>(out[nulls + i / 8]) | 1u << (i % 8));
    } else if (column.holds_string()) {
      numbers.Flush();
      AppendText(column.Load<StringRef>(row).view(), out);
    } else {
      numbers.Add(row + column.offset, WidthOf(column));
    }
  }
  numbers.Flush();
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
