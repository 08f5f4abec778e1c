// Whole numbers since 1970 as timestamps, and the option that gives their unit.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "data/type.h"

namespace laminar::formats {

// `unit` in nanoseconds: 1, 1000, 1000000 or 1000000000. Digits finer than the type's are cut off downwards. False: out
// of range.
inline bool EpochToTimestamp(int64_t number, int64_t unit, const data::Type& type, int64_t& out) {
  const int64_t target = type.is_nanos() ? 1 : 1000;
  if (unit >= target) return !__builtin_mul_overflow(number, unit / target, &out);
  out = FloorDiv(number, target / unit);
  return true;
}

}  // namespace laminar::formats
