// Row keys: bytes whose memcmp order is the order of the rows (Value::Compare, column by column).
//
// A key is the concatenation of its columns, each self-delimiting, so a prefix of columns is a prefix of bytes. Per
// column: a byte that puts nulls last or first, then the value: integers big-endian with the sign bit flipped,
// doubles by their ordered bits (NaN last, -0.0 as 0.0), strings with 0x00 written as 0x00 0xFF and ended by 0x00
// 0x00, intervals by length, nested values item by item with a mark before each and one after the last. DESC inverts
// the value's bytes. The format is stable: state files hold it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"
#include "data/value.h"

namespace laminar::data {

struct KeyOrder {
  bool descending = false;
  bool nulls_first = false;
};

// Appends the key bytes of one row of a column of any encoding.
void AppendKey(const Column& column, const Type& type, uint32_t row, std::string& out, KeyOrder order = {});
void AppendKey(const Value& value, const Type& type, std::string& out, KeyOrder order = {});

// Keys of all rows over some columns; orders is empty (all ascending, nulls last) or one per key column. Keys longer
// than 12 bytes are put into `heap`, so out[] lives until its Reset.
void EncodeKeys(const Batch& batch, std::span<const Type> types, std::span<const uint32_t> key_columns,
                std::span<const KeyOrder> orders, StringHeap& heap, StringRef* out);

// Reads one column's value back and removes its bytes from `key`. An INTERVAL comes back normalised (its length in
// days and microseconds), a -0.0 as 0.0. kCorrupt if the bytes are no such key.
Result<Value> DecodeKey(std::string_view& key, const Type& type, KeyOrder order = {});

}  // namespace laminar::data
