// Aggregates whose state is a Timeline: FIRST, LAST, NTH_VALUE, ARRAY_AGG, STRING_AGG; they differ in the result only.
#pragma once

#include <cstdint>
#include <string>

#include "functions/aggregate/bind.h"
#include "functions/aggregate/order_key.h"

namespace laminar::functions {

enum class TimelineKind : uint8_t { kFirst, kLast, kNth, kArray, kString };

struct TimelineForm {
  TimelineKind kind = TimelineKind::kFirst;
  bool respect_nulls = false;   // keep rows whose value is NULL
  bool skip_null_keys = false;  // rows with a NULL sort key do not take part (arg_min, arg_max)
  OrderKey key;
  int64_t nth = 1;        // kNth: from 1
  std::string separator;  // kString
};

// A result of more copies, or a text of more bytes, is an error (kEntryLimit) in its row.
inline constexpr int64_t kListEntriesMax = (int64_t{1} << 22) - 1;
inline constexpr uint64_t kListTextMax = uint64_t{64} << 20;

// The call's first argument is the value; kString casts it to VARCHAR.
Result<BoundAggregate> BindTimeline(const AggregateBindCall& call, TimelineForm form);

}  // namespace laminar::functions
