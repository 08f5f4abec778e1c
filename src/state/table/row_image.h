// RowImage: a stored row as bytes and back, for the log, checkpoints and savepoints. The format is stable:
// docs/formats/state.md.
//
//   key:   u8 vnode | u32 big-endian tag (upper half of the key's hash) | columns
//   value: columns | payload
//   columns: ceil(n / 8) null bytes (bit set: NULL), then each value that is there: numbers in their width,
//   little-endian; strings and nested values with a varint length before them.
// Equal keys have equal bytes, because keys are stored canonical; with the tag in front, rows load in the order in
// which the index wants them. Pure functions; reading takes untrusted bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "state/table/row_layout.h"

namespace laminar::state {

inline constexpr size_t kKeyImagePrefix = 5;

void AppendKeyImage(const RowLayout& layout, const uint8_t* row, std::string& out);
// Columns alone; the payload is the owner's.
void AppendColumns(const std::vector<StoredColumn>& columns, const uint8_t* row, std::string& out);

// Reads columns into a zeroed row and removes their bytes from `bytes`. Strings are copied to `strings`.
// kUnreadableState when the bytes are no such columns; the row then holds what was read so far.
Status ReadColumns(const std::vector<StoredColumn>& columns, std::string_view& bytes, uint8_t* row,
                   StringPool& strings);

}  // namespace laminar::state
