// Casts to and from text, through the one pair of text functions in data/text.h. Blanks around a number, date, boolean
// or UUID are allowed. JSON is text that was checked once: to VARCHAR it is itself, from VARCHAR it is checked; its
// numbers and booleans cast to theirs, the JSON null to NULL.
#include <string>

#include "base/hot_scope.h"
#include "base/text.h"
#include "data/decimal.h"
#include "data/json.h"
#include "data/temporal.h"
#include "data/text.h"
#include "data/time_zone.h"
#include "expr/cast_internal.h"
#include "expr/kernel_loops.h"

namespace laminar::expr {
namespace {

using data::Int128;
using data::Interval;
using data::Type;
using data::TypeId;
using data::UInt128;

Outcome BadIf(bool is_bad) { return Outcome::FailIf(is_bad, ErrorCode::kBadValue); }

// ---- To text ----

StringRef FormatInteger(KernelContext& context, int64_t value) {
  char text[data::kMaxIntegerText];
  return CopyString(context, {text, data::FormatInt64(value, text)});
}
StringRef FormatUnsigned(KernelContext& context, uint64_t value) {
  char text[data::kMaxIntegerText];
  return CopyString(context, {text, data::FormatUInt64(value, text)});
}
template <class T>
StringRef FormatSmall(KernelContext& context, T value) {
  return FormatInteger(context, value);
}
StringRef FormatReal(KernelContext& context, double value) {
  char text[data::kMaxDoubleText];
  return CopyString(context, {text, data::FormatDouble(value, text)});
}
StringRef FormatBool(bool value) { return value ? StringRef("true", 4) : StringRef("false", 5); }

// Any type. The text stands in a string of the thread, which is warm after a few rows.
void FormatAny(KernelContext& context, Arguments args, Column& out) {
  static thread_local std::string text;
  const CastState& types = StateOf<CastState>(context);
  StringRef* values = out.As<StringRef>();
  data::TextStyle style;
  style.zone = &SessionZone(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    values[row] = StringRef();
    if (out.IsNull(row)) continue;
    text.clear();
    data::AppendText(types.from, *args[0], row, text, style);
    values[row] = CopyString(context, text);
  }
}

// A number or boolean as JSON: its text, if that is JSON (NaN is not).
void FormatJson(KernelContext& context, Arguments args, Column& out) {
  FormatAny(context, args, out);
  for (uint32_t row = 0; row < context.rows; ++row) {
    StringRef& text = out.As<StringRef>()[row];
    if (out.IsNull(row) || data::IsValidJson(text.view())) continue;
    text = StringRef("null", 4);
    context.Fail(out, row, ErrorCode::kBadValue);
  }
}

// ---- From text ----

template <class T>
Outcome ParseSigned(StringRef text, T& out) {
  int64_t wide = 0;
  if (!data::ParseInt64(TrimBlanks(text.view()), wide)) {
    double as_double = 0;
    const bool is_number = data::ParseDouble(TrimBlanks(text.view()), as_double);
    const bool is_large = is_number && (as_double >= 0x1p63 || as_double < -0x1p63);
    return Outcome::Fail(is_large ? ErrorCode::kOutOfRange : ErrorCode::kBadValue);
  }
  out = static_cast<T>(wide);
  return Outcome::FailIf(out != wide, ErrorCode::kOutOfRange);
}

template <class T>
Outcome ParseUnsigned(StringRef text, T& out) {
  uint64_t wide = 0;
  if (!data::ParseUInt64(TrimBlanks(text.view()), wide)) {
    double as_double = 0;
    const bool is_number = data::ParseDouble(TrimBlanks(text.view()), as_double);
    return Outcome::Fail(is_number && (as_double < 0 || as_double >= 0x1p64) ? ErrorCode::kOutOfRange
                                                                             : ErrorCode::kBadValue);
  }
  out = static_cast<T>(wide);
  return Outcome::FailIf(out != wide, ErrorCode::kOutOfRange);
}

Outcome ParseBoolean(StringRef text, bool& out) { return BadIf(!data::ParseBool(TrimBlanks(text.view()), out)); }
Outcome ParseReal(StringRef text, double& out) { return BadIf(!data::ParseDouble(TrimBlanks(text.view()), out)); }
Outcome ParseReal32(StringRef text, float& out) { return BadIf(!data::ParseFloat(TrimBlanks(text.view()), out)); }
Outcome ParseDateText(StringRef text, int32_t& out) { return BadIf(!data::ParseDate(TrimBlanks(text.view()), out)); }
Outcome ParseTimeText(StringRef text, int64_t& out) { return BadIf(!data::ParseTime(TrimBlanks(text.view()), out)); }
Outcome ParseIntervalText(StringRef text, Interval& out) {
  return BadIf(!data::ParseInterval(TrimBlanks(text.view()), out));
}
Outcome ParseUuidText(StringRef text, UInt128& out) { return BadIf(!data::ParseUuid(TrimBlanks(text.view()), out)); }
Outcome CheckJson(StringRef text, StringRef& out) {
  const bool is_json = data::IsValidJson(text.view());
  out = is_json ? text : StringRef("null", 4);
  return BadIf(!is_json);
}

Outcome ParseDecimalText(KernelContext& context, StringRef text, Int128& out) {
  const Type& to = StateOf<CastState>(context).to;
  const std::string_view trimmed = TrimBlanks(text.view());
  if (data::ParseDecimal(trimmed, to.precision(), to.scale(), out)) return Outcome::Value();
  double as_double = 0;
  const bool is_number = data::ParseDouble(trimmed, as_double) && as_double - as_double == 0;
  return Outcome::Fail(is_number ? ErrorCode::kOutOfRange : ErrorCode::kBadValue);
}

// All other types, and those that need the zone. A bad text costs an error value, so this is no hot path.
void ParseAny(KernelContext& context, Arguments args, Column& out) {
  const Type& to = StateOf<CastState>(context).to;
  const Arg<StringRef> in(*args[0]);
  const data::Zone& zone = SessionZone(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    if (out.IsNull(row)) {
      context.buffer->SetNull(out, row);
      continue;
    }
    AllowAllocation error_or_nested;
    const StringRef text = in[row];
    const std::string_view trimmed = to.id() == TypeId::kBinary ? text.view() : TrimBlanks(text.view());
    const Status status = data::ParseText(to, trimmed, *context.buffer, out, row, &zone);
    if (!status.ok()) context.Fail(out, row, status.code());
  }
}

// A JSON value as `To`: the JSON null is NULL.
template <class Out, auto Fn>
void FromJson(KernelContext& context, Arguments args, Column& out) {
  constexpr auto parse = [](KernelContext& inner, StringRef text, Out& value) -> Outcome {
    if (TrimBlanks(text.view()) == "null") return Outcome::Null();
    if constexpr (std::is_invocable_v<decltype(Fn), KernelContext&, StringRef, Out&>) {
      return Fn(inner, text, value);
    } else {
      return Fn(text, value);
    }
  };
  EachUnary<StringRef, Out, parse>(context, args, out);
}

template <class Out, auto Fn>
CastKernel Reader(bool is_json) {
  return {.kernel = is_json ? FromJson<Out, Fn> : EachUnary<StringRef, Out, Fn>, .may_fail = true};
}

MaybeCast ReadNumber(const Type& to, bool is_json) {
  switch (to.id()) {
    case TypeId::kBool: return Reader<bool, ParseBoolean>(is_json);
    case TypeId::kInt8: return Reader<int8_t, ParseSigned<int8_t>>(is_json);
    case TypeId::kInt16: return Reader<int16_t, ParseSigned<int16_t>>(is_json);
    case TypeId::kInt32: return Reader<int32_t, ParseSigned<int32_t>>(is_json);
    case TypeId::kInt64: return Reader<int64_t, ParseSigned<int64_t>>(is_json);
    case TypeId::kUInt8: return Reader<uint8_t, ParseUnsigned<uint8_t>>(is_json);
    case TypeId::kUInt16: return Reader<uint16_t, ParseUnsigned<uint16_t>>(is_json);
    case TypeId::kUInt32: return Reader<uint32_t, ParseUnsigned<uint32_t>>(is_json);
    case TypeId::kUInt64: return Reader<uint64_t, ParseUnsigned<uint64_t>>(is_json);
    case TypeId::kFloat: return Reader<float, ParseReal32>(is_json);
    case TypeId::kDouble: return Reader<double, ParseReal>(is_json);
    case TypeId::kDecimal: return Reader<Int128, ParseDecimalText>(is_json);
    default: return std::nullopt;
  }
}

}  // namespace

std::string_view TrimBlanks(std::string_view text) { return Trim(text); }

MaybeCast CastToText(const Type& from, const Type& to) {
  if (to.id() == TypeId::kJson) {
    if (from.is_numeric() || from.id() == TypeId::kBool) return CastKernel{.kernel = FormatJson, .may_fail = true};
    return std::nullopt;
  }
  if (to.id() != TypeId::kVarchar) return std::nullopt;
  switch (from.id()) {
    case TypeId::kBool: return CastKernel{.kernel = Unary<bool, StringRef, FormatBool>};
    case TypeId::kInt8: return CastKernel{.kernel = EachUnary<int8_t, StringRef, FormatSmall<int8_t>>};
    case TypeId::kInt16: return CastKernel{.kernel = EachUnary<int16_t, StringRef, FormatSmall<int16_t>>};
    case TypeId::kInt32: return CastKernel{.kernel = EachUnary<int32_t, StringRef, FormatSmall<int32_t>>};
    case TypeId::kInt64: return CastKernel{.kernel = EachUnary<int64_t, StringRef, FormatInteger>};
    case TypeId::kUInt64: return CastKernel{.kernel = EachUnary<uint64_t, StringRef, FormatUnsigned>};
    case TypeId::kDouble: return CastKernel{.kernel = EachUnary<double, StringRef, FormatReal>};
    default: return CastKernel{.kernel = FormatAny, .is_costly = from.is_nested()};
  }
}

MaybeCast CastFromText(const Type& from, const Type& to) {
  const bool is_json = from.id() == TypeId::kJson;
  if (!is_json && from.id() != TypeId::kVarchar) return std::nullopt;
  if (MaybeCast number = ReadNumber(to, is_json)) return number;
  if (is_json) return std::nullopt;
  switch (to.id()) {
    case TypeId::kJson: return CastKernel{.kernel = EachUnary<StringRef, StringRef, CheckJson>, .may_fail = true};
    case TypeId::kDate: return CastKernel{.kernel = EachUnary<StringRef, int32_t, ParseDateText>, .may_fail = true};
    case TypeId::kTime: return CastKernel{.kernel = EachUnary<StringRef, int64_t, ParseTimeText>, .may_fail = true};
    case TypeId::kInterval:
      return CastKernel{.kernel = EachUnary<StringRef, Interval, ParseIntervalText>, .may_fail = true};
    case TypeId::kUuid: return CastKernel{.kernel = EachUnary<StringRef, UInt128, ParseUuidText>, .may_fail = true};
    default: return CastKernel{.kernel = ParseAny, .may_fail = true, .is_costly = to.is_nested()};
  }
}

}  // namespace laminar::expr
