// Text of values: one pair of functions for every type, used by CAST, CSV, the shell and the tests.
//
// Law: ParseText(AppendText(x)) == x for every value of every type (NULL inside nested values included), in every
// style. Numbers are written as the shortest text that reads back the same. Nested values: [1, NULL, 2], {'a': 1,
// 'b': x}, {k=v}; strings inside them are quoted where they would not read back bare.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "data/batch.h"
#include "data/type.h"

namespace laminar::data {

class Zone;

struct TextStyle {
  char date_time_separator = ' ';       // or 'T'
  std::string_view null_text = "NULL";  // of a NULL row; NULL inside a nested value is always NULL
  const Zone* zone = nullptr;           // in which TIMESTAMP WITH TIME ZONE is shown; null: UTC
};

// Deepest nesting of JSON documents and of nested values in text.
inline constexpr int kMaxTextDepth = 256;

// Appends the text of one row of a column of any encoding.
void AppendText(const Type& type, const Column& column, uint32_t row, std::string& out, const TextStyle& style = {});

// Reads text as a value of the type into a row of a flat column of `buffer`. The text is never a NULL row: callers
// know their own sign for that. `zone` gives the offset to TIMESTAMP WITH TIME ZONE texts that name none; null: UTC.
// On an error (kBadValue, kOutOfRange) the row's content is unspecified but harmless.
Status ParseText(const Type& type, std::string_view text, BatchBuffer& buffer, Column& column, uint32_t row,
                 const Zone* zone = nullptr);

// Scalars, for kernels and readers of single formats. False: not such a value (or out of range). Blanks around are
// the caller's.
bool ParseBool(std::string_view text, bool& out);  // true/false/t/f/yes/no/y/n/on/off/1/0, any case
bool ParseInt64(std::string_view text, int64_t& out);
bool ParseUInt64(std::string_view text, uint64_t& out);
bool ParseDouble(std::string_view text, double& out);  // also nan, inf, infinity, signed, any case
bool ParseFloat(std::string_view text, float& out);
// 32 hexadecimal digits; dashes anywhere between bytes and braces around are allowed.
bool ParseUuid(std::string_view text, unsigned __int128& out);

// Write into `out` and return the length; no terminator.
inline constexpr uint32_t kMaxIntegerText = 20;
inline constexpr uint32_t kMaxDoubleText = 32;
inline constexpr uint32_t kUuidText = 36;
uint32_t FormatInt64(int64_t value, char* out);
uint32_t FormatUInt64(uint64_t value, char* out);
uint32_t FormatDouble(double value, char* out);
uint32_t FormatFloat(float value, char* out);
uint32_t FormatUuid(unsigned __int128 value, char* out);

}  // namespace laminar::data
