// Reading intervals: "5" with a unit, or text that names its units.
#pragma once

#include "sql/ast_expression.h"

namespace laminar::sql {

// The units INTERVAL knows, with how many of the three parts one of it is.
struct IntervalUnit {
  std::string_view name;  // upper case singular
  int64_t months = 0;
  int64_t days = 0;
  int64_t microseconds = 0;
  bool is_nanosecond = false;
};

// By name in any case, singular or plural, or by a short form (ns us ms s sec m min h d w mon y). Null: unknown.
const IntervalUnit* FindIntervalUnit(std::string_view word);

// The same without the short forms: what may stand behind INTERVAL '5'.
const IntervalUnit* FindIntervalUnitInFull(std::string_view word);

// INTERVAL 'text' unit: one signed number, fractions allowed where the result is exact. LDB-P004 otherwise.
Result<IntervalValue> IntervalOfUnit(std::string_view text, const IntervalUnit& unit);

// INTERVAL '1-6' YEAR TO MONTH, '2 03:04:05.5' DAY TO SECOND and the shorter ranges.
Result<IntervalValue> IntervalOfRange(std::string_view text, const IntervalUnit& from, const IntervalUnit& to);

}  // namespace laminar::sql
