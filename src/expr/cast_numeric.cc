// Casts among integers, floating point, DECIMAL and BOOLEAN. A value out of the target's range fails its row; fractions
// are rounded half away from zero; NaN and infinities have no integer and no DECIMAL.
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "data/decimal.h"
#include "expr/cast_internal.h"
#include "expr/kernel_loops.h"

namespace laminar::expr {
namespace {

using data::Int128;
using data::Type;
using data::TypeId;

// Half away from zero, without a call: the largest double below one half never rounds a value up that is below a half
// itself.
double RoundHalfAway(double x) { return std::trunc(x + std::copysign(0.49999999999999994, x)); }

template <class To>
constexpr double LowerBound() {
  return static_cast<double>(std::numeric_limits<To>::min());
}
// The first double that is too large.
template <class To>
constexpr double UpperBound() {
  return 2.0 * static_cast<double>(uint64_t{1} << (std::numeric_limits<To>::digits - 1));
}

// Every value of From is a value of To.
template <class From, class To>
consteval bool IsWidening() {
  if constexpr (std::is_same_v<From, bool> || std::is_floating_point_v<To>) {
    return true;
  } else {
    return std::in_range<To>(std::numeric_limits<From>::min()) && std::in_range<To>(std::numeric_limits<From>::max());
  }
}

template <class From, class To>
To Convert(From value) {
  return static_cast<To>(value);
}

template <class From, class To>
Outcome Narrow(From value, To& out) {
  out = static_cast<To>(value);
  return Outcome::FailIf(!std::in_range<To>(value), ErrorCode::kOutOfRange);
}

template <class From, class To>
Outcome Round(From value, To& out) {
  const double rounded = RoundHalfAway(static_cast<double>(value));
  const bool fits = rounded >= LowerBound<To>() && rounded < UpperBound<To>();
  out = static_cast<To>(fits ? rounded : 0.0);
  return Outcome::FailIf(!fits, ErrorCode::kOutOfRange);
}

Outcome ToFloat(double value, float& out) {
  out = static_cast<float>(value);
  return Outcome::FailIf(std::isinf(out) && !std::isinf(value), ErrorCode::kOutOfRange);
}

template <class From>
bool ToBool(From value) {
  return value != From{0};
}

// ---- DECIMAL ----

const CastState& Types(const KernelContext& context) { return StateOf<CastState>(context); }

template <class From>
Outcome IntegerToDecimal(KernelContext& context, From value, Int128& out) {
  const Type& to = Types(context).to;
  bool fits = false;
  if constexpr (std::is_signed_v<From>) {
    fits = data::Int64ToDecimal(value, to.precision(), to.scale(), out);
  } else {
    fits = data::UInt64ToDecimal(value, to.precision(), to.scale(), out);
  }
  return Outcome::FailIf(!fits, ErrorCode::kOutOfRange);
}

template <class From>
Outcome FloatToDecimal(KernelContext& context, From value, Int128& out) {
  const Type& to = Types(context).to;
  const bool fits = data::DoubleToDecimal(static_cast<double>(value), to.precision(), to.scale(), out);
  return Outcome::FailIf(!fits, ErrorCode::kOutOfRange);
}

template <class To>
Outcome DecimalToInteger(KernelContext& context, Int128 value, To& out) {
  const int scale = Types(context).from.scale();
  bool fits = false;
  if constexpr (std::is_signed_v<To>) {
    int64_t wide = 0;
    fits = data::DecimalToInt64(value, scale, wide) && std::in_range<To>(wide);
    out = static_cast<To>(fits ? wide : 0);
  } else {
    uint64_t wide = 0;
    fits = data::DecimalToUInt64(value, scale, wide) && std::in_range<To>(wide);
    out = static_cast<To>(fits ? wide : 0);
  }
  return Outcome::FailIf(!fits, ErrorCode::kOutOfRange);
}

template <class To>
Outcome DecimalToFloat(KernelContext& context, Int128 value, To& out) {
  const double wide = data::DecimalToDouble(value, Types(context).from.scale());
  out = static_cast<To>(wide);
  return Outcome::FailIf(std::isinf(out), ErrorCode::kOutOfRange);
}

Outcome DecimalToDecimal(KernelContext& context, Int128 value, Int128& out) {
  const CastState& types = Types(context);
  const bool fits = data::RescaleDecimal(value, types.from.scale(), types.to.scale(), types.to.precision(), out);
  return Outcome::FailIf(!fits, ErrorCode::kOutOfRange);
}

Outcome BoolToDecimal(KernelContext& context, bool value, Int128& out) {
  return IntegerToDecimal<int64_t>(context, value ? 1 : 0, out);
}

// ---- Choice of the kernel ----

template <class From, class To>
CastKernel Between() {
  if constexpr (std::is_same_v<To, bool>) {
    return {.kernel = Unary<From, bool, ToBool<From>>};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return {.kernel = Unary<From, To, Round<From, To>>, .may_fail = true};
  } else if constexpr (std::is_same_v<From, double> && std::is_same_v<To, float>) {
    return {.kernel = Unary<double, float, ToFloat>, .may_fail = true};
  } else if constexpr (IsWidening<From, To>()) {
    return {.kernel = Unary<From, To, Convert<From, To>>};
  } else {
    return {.kernel = Unary<From, To, Narrow<From, To>>, .may_fail = true};
  }
}

template <class From>
MaybeCast FromNumber(const Type& to) {
  switch (to.id()) {
    case TypeId::kBool: return Between<From, bool>();
    case TypeId::kInt8: return Between<From, int8_t>();
    case TypeId::kInt16: return Between<From, int16_t>();
    case TypeId::kInt32: return Between<From, int32_t>();
    case TypeId::kInt64: return Between<From, int64_t>();
    case TypeId::kUInt8: return Between<From, uint8_t>();
    case TypeId::kUInt16: return Between<From, uint16_t>();
    case TypeId::kUInt32: return Between<From, uint32_t>();
    case TypeId::kUInt64: return Between<From, uint64_t>();
    case TypeId::kFloat: return Between<From, float>();
    case TypeId::kDouble: return Between<From, double>();
    case TypeId::kDecimal:
      if constexpr (std::is_same_v<From, bool>) {
        return CastKernel{.kernel = Unary<bool, Int128, BoolToDecimal>, .may_fail = true};
      } else if constexpr (std::is_floating_point_v<From>) {
        return CastKernel{.kernel = Unary<From, Int128, FloatToDecimal<From>>, .may_fail = true};
      } else {
        return CastKernel{.kernel = Unary<From, Int128, IntegerToDecimal<From>>, .may_fail = true};
      }
    default: return std::nullopt;
  }
}

template <class To>
CastKernel DecimalTo() {
  return {.kernel = Unary<Int128, To, DecimalToInteger<To>>, .may_fail = true};
}

MaybeCast FromDecimal(const Type& to) {
  switch (to.id()) {
    case TypeId::kBool: return CastKernel{.kernel = Unary<Int128, bool, ToBool<Int128>>};
    case TypeId::kInt8: return DecimalTo<int8_t>();
    case TypeId::kInt16: return DecimalTo<int16_t>();
    case TypeId::kInt32: return DecimalTo<int32_t>();
    case TypeId::kInt64: return DecimalTo<int64_t>();
    case TypeId::kUInt8: return DecimalTo<uint8_t>();
    case TypeId::kUInt16: return DecimalTo<uint16_t>();
    case TypeId::kUInt32: return DecimalTo<uint32_t>();
    case TypeId::kUInt64: return DecimalTo<uint64_t>();
    case TypeId::kFloat: return CastKernel{.kernel = Unary<Int128, float, DecimalToFloat<float>>, .may_fail = true};
    case TypeId::kDouble: return CastKernel{.kernel = Unary<Int128, double, DecimalToFloat<double>>};
    case TypeId::kDecimal: return CastKernel{.kernel = Unary<Int128, Int128, DecimalToDecimal>, .may_fail = true};
    default: return std::nullopt;
  }
}

}  // namespace

MaybeCast NumericCast(const Type& from, const Type& to) {
  switch (from.id()) {
    case TypeId::kBool: return FromNumber<bool>(to);
    case TypeId::kInt8: return FromNumber<int8_t>(to);
    case TypeId::kInt16: return FromNumber<int16_t>(to);
    case TypeId::kInt32: return FromNumber<int32_t>(to);
    case TypeId::kInt64: return FromNumber<int64_t>(to);
    case TypeId::kUInt8: return FromNumber<uint8_t>(to);
    case TypeId::kUInt16: return FromNumber<uint16_t>(to);
    case TypeId::kUInt32: return FromNumber<uint32_t>(to);
    case TypeId::kUInt64: return FromNumber<uint64_t>(to);
    case TypeId::kFloat: return FromNumber<float>(to);
    case TypeId::kDouble: return FromNumber<double>(to);
    case TypeId::kDecimal: return FromDecimal(to);
    default: return std::nullopt;
  }
}

}  // namespace laminar::expr
