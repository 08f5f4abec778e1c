// The families of casts, each in its own file; cast.cc asks them in turn. Private to expr.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "data/type.h"
#include "expr/function.h"
#include "expr/session_zone.h"

namespace laminar::expr {

struct CastState final : FunctionState {
  data::Type from;
  data::Type to;
};

// What a family answers: no cast between these types is its affair when empty.
struct CastKernel {
  Kernel kernel = nullptr;
  bool may_fail = false;
  bool is_costly = false;
  bool is_custom = false;                           // NullPolicy::kCustom
  std::shared_ptr<const FunctionState> state = {};  // empty: a CastState
};
using MaybeCast = std::optional<CastKernel>;

MaybeCast NumericCast(const data::Type& from, const data::Type& to);   // integers, floats, decimals, booleans
MaybeCast TemporalCast(const data::Type& from, const data::Type& to);  // dates, times, timestamps, intervals
MaybeCast CastToText(const data::Type& from, const data::Type& to);    // to VARCHAR, BINARY and JSON
MaybeCast CastFromText(const data::Type& from, const data::Type& to);  // from VARCHAR, and numbers from JSON
Result<MaybeCast> NestedCast(const data::Type& from, const data::Type& to);

std::string_view TrimBlanks(std::string_view text);

}  // namespace laminar::expr
