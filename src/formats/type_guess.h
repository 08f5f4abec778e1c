// The narrowest type that every sampled text of a column fits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/text.h"
#include "data/temporal.h"
#include "data/text.h"
#include "data/type.h"

namespace laminar::formats {

struct TypeGuess {
  bool any = false;
  bool is_integer = true;
  bool is_double = true;
  bool is_bool = true;
  bool is_date = true;
  bool is_timestamp = true;
  bool has_offset = false;
  bool has_no_offset = false;

  void Look(std::string_view text) {
    any = true;
    const bool zero_first = text.size() > 1 && text[text[0] == '-' && text.size() > 2 ? 1 : 0] == '0' &&
                            IsDigitAscii(text[text[0] == '-' && text.size() > 2 ? 2 : 1]);
    const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    const bool only_digits =
        !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) { return IsDigitAscii(c); });
    int64_t number = 0;
    is_integer = is_integer && !zero_first && only_digits && data::ParseInt64(text, number);
    double real = 0;
    // Whole numbers beyond BIGINT would lose digits as DOUBLE.
    const bool wide = only_digits && !data::ParseInt64(text, number);
    is_double = is_double && !zero_first && !wide && data::ParseDouble(text, real);
    is_bool = is_bool && (EqualsIgnoreCase(text, "true") || EqualsIgnoreCase(text, "false"));
    int32_t days = 0;
    is_date = is_date && !only_digits && data::ParseDate(text, days);
    bool offset = false;
    is_timestamp = is_timestamp && !only_digits && data::ParseTimestamp(text, 6, number, &offset);
    has_offset = has_offset || offset;
    has_no_offset = has_no_offset || !offset;
  }

  data::Type Best() const {
    if (!any) return data::TypeId::kVarchar;
    if (is_integer) return data::TypeId::kInt64;
    if (is_double) return data::TypeId::kDouble;
    if (is_bool) return data::TypeId::kBool;
    if (is_date) return data::TypeId::kDate;
    if (is_timestamp && !has_offset) return data::TypeId::kTimestamp;
    if (is_timestamp && !has_no_offset) return data::TypeId::kTimestampTz;
    return data::TypeId::kVarchar;
  }
};

}  // namespace laminar::formats
