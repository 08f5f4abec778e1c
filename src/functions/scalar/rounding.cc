// abs, sign, ceil, floor, round and trunc, exact for integers and DECIMAL, IEEE for DOUBLE.
//
// Law: round(x, n) takes halves away from zero; a negative n counts digits left of the point. A DECIMAL keeps only the
// digits asked for in its type when n is a constant.
#include <algorithm>
#include <cmath>
#include <limits>

#include "functions/scalar/bind.h"

namespace laminar::functions {
namespace {

enum class Mode : uint8_t { kFloor, kCeiling, kTruncate, kHalfAway };

constexpr Int128 PowerOfTen(int64_t n) {
  Int128 power = 1;
  for (int64_t i = 0; i < n; ++i) power *= 10;
  return power;
}

struct DecimalScales final : expr::FunctionState {
  int from = 0;
  int to = 0;
};

double ApplyMode(Mode mode, double x) {
  switch (mode) {
    case Mode::kFloor: return std::floor(x);
    case Mode::kCeiling: return std::ceil(x);
    case Mode::kTruncate: return std::trunc(x);
    case Mode::kHalfAway: return std::round(x);
  }
  return x;
}

double RoundDouble(Mode mode, double x, int64_t digits) {
  if (digits == 0) return ApplyMode(mode, x);
  if (!std::isfinite(x) || digits > 308) return x;
  if (digits < -308) return 0.0;
  const double factor = std::pow(10.0, static_cast<double>(std::abs(digits)));
  const double rounded = digits > 0 ? ApplyMode(mode, x * factor) / factor : ApplyMode(mode, x / factor) * factor;
  return std::isfinite(rounded) ? rounded : x;
}

// x in units of `unit`, by the mode.
Int128 Quotient(Mode mode, Int128 x, Int128 unit) {
  const Int128 quotient = x / unit;
  const Int128 rest = x % unit;
  if (rest == 0) return quotient;
  switch (mode) {
    case Mode::kFloor: return rest < 0 ? quotient - 1 : quotient;
    case Mode::kCeiling: return rest > 0 ? quotient + 1 : quotient;
    case Mode::kTruncate: return quotient;
    case Mode::kHalfAway: {
      const Int128 size = rest < 0 ? -rest : rest;
      if (size < unit - size) return quotient;
      return x < 0 ? quotient - 1 : quotient + 1;
    }
  }
  return quotient;
}

// Rounds a number of scale `from` to `digits` and gives it scale `to`; to >= min(digits, from).
Outcome RoundDecimal(Mode mode, Int128 x, int from, int to, int64_t digits, Int128& out) {
  const int64_t kept = std::clamp<int64_t>(digits, -38, from);
  if (from - kept > 38) {
    out = 0;
    return Outcome::FailIf((mode == Mode::kFloor && x < 0) || (mode == Mode::kCeiling && x > 0), ErrorCode::kOverflow);
  }
  const Int128 quotient = Quotient(mode, x, PowerOfTen(from - kept));
  const int64_t shift = to - kept;
  if (shift < 0) {
    out = quotient / PowerOfTen(-shift);
    return {};
  }
  if (shift > 38 && quotient != 0) return Outcome::Fail(ErrorCode::kOverflow);
  Int128 value = 0;
  if (quotient != 0 && __builtin_mul_overflow(quotient, PowerOfTen(shift), &value)) {
    return Outcome::Fail(ErrorCode::kOverflow);
  }
  constexpr Int128 kLimit = PowerOfTen(38);
  if (value >= kLimit || value <= -kLimit) return Outcome::Fail(ErrorCode::kOverflow);
  out = value;
  return {};
}

Outcome RoundInteger(Mode mode, int64_t x, int64_t digits, int64_t& out) {
  if (digits >= 0) {
    out = x;
    return {};
  }
  const Int128 unit = PowerOfTen(std::min<int64_t>(-digits, 37));
  const Int128 value = Quotient(mode, x, unit) * unit;
  if (value > std::numeric_limits<int64_t>::max() || value < std::numeric_limits<int64_t>::min()) {
    return Outcome::Fail(ErrorCode::kOverflow);
  }
  out = static_cast<int64_t>(value);
  return {};
}

template <Mode M>
double DoubleOnly(double x) {
  return ApplyMode(M, x);
}
template <Mode M>
double DoubleDigits(double x, int64_t digits) {
  return RoundDouble(M, x, digits);
}
template <Mode M>
Outcome IntegerDigits(int64_t x, int64_t digits, int64_t& out) {
  return RoundInteger(M, x, digits, out);
}
int64_t IntegerOnly(int64_t x) { return x; }
template <Mode M>
Outcome DecimalOnly(KernelContext& context, Int128 x, Int128& out) {
  const DecimalScales& scales = StateOf<DecimalScales>(context);
  return RoundDecimal(M, x, scales.from, scales.to, 0, out);
}
template <Mode M>
Outcome DecimalDigits(KernelContext& context, Int128 x, int64_t digits, Int128& out) {
  const DecimalScales& scales = StateOf<DecimalScales>(context);
  return RoundDecimal(M, x, scales.from, scales.to, digits, out);
}

// The type in which a number is rounded.
Type WorkingType(const Type& type) {
  if (type.id() == TypeId::kUInt64) return Type::Decimal(20, 0);
  if (type.is_integer()) return kBigint;
  if (type.id() == TypeId::kDecimal) return type;
  return kReal;
}

bool IsNumberOrNull(const Type& type) { return type.is_numeric() || type.id() == TypeId::kNull; }

template <Mode M>
Result<BoundFunction> BindRounding(const BindCall& call) {
  const size_t count = call.types.size();
  const bool fits = (count == 1 || count == 2) && IsNumberOrNull(call.types[0]) &&
                    (count == 1 || call.types[1].is_integer() || call.types[1].id() == TypeId::kNull);
  if (!fits) return WrongArguments(call, std::string(call.name) + "(number [, digits])");
  BoundFunction bound;
  const Type type = WorkingType(call.types[0]);
  bound.arguments = {type};
  if (count == 2) bound.arguments.push_back(kBigint);
  bound.result = type;
  if (type.id() == TypeId::kDouble) {
    bound.kernel = count == 1 ? &Dense<DoubleOnly<M>> : &Rows<DoubleDigits<M>>;
    return bound;
  }
  if (type.id() == TypeId::kInt64) {
    bound.kernel = count == 1 ? &Dense<IntegerOnly> : &Rows<IntegerDigits<M>>;
    return bound;
  }
  auto scales = std::make_shared<DecimalScales>();
  scales->from = type.scale();
  scales->to = 0;
  if (count == 2) {
    const data::Value* digits = call.constants[1];
    const bool is_known = digits != nullptr && !digits->is_null() && call.types[1].is_signed_integer();
    scales->to = is_known ? static_cast<int>(std::clamp<int64_t>(digits->int_value(), 0, type.scale())) : type.scale();
  }
  const int precision = std::min(38, type.precision() - scales->from + scales->to + 1);
  bound.result = Type::Decimal(std::max(precision, 1), scales->to);
  bound.kernel = count == 1 ? &Rows<DecimalOnly<M>> : &Rows<DecimalDigits<M>>;
  bound.state = std::move(scales);
  return bound;
}

Outcome AbsInteger(int64_t x, int64_t& out) {
  out = x < 0 ? static_cast<int64_t>(0 - static_cast<uint64_t>(x)) : x;
  return Outcome::FailIf(out < 0, ErrorCode::kOverflow);
}
double AbsDouble(double x) { return std::fabs(x); }
Int128 AbsDecimal(Int128 x) { return x < 0 ? -x : x; }
int64_t SignInteger(int64_t x) { return (x > 0) - (x < 0); }
int64_t SignDecimal(Int128 x) { return (x > 0) - (x < 0); }
double SignDouble(double x) { return std::isnan(x) ? x : static_cast<double>((x > 0) - (x < 0)); }

Result<BoundFunction> BindAbs(const BindCall& call) {
  if (call.types.size() != 1 || !IsNumberOrNull(call.types[0])) return WrongArguments(call, "abs(number)");
  const Type type = WorkingType(call.types[0]);
  BoundFunction bound;
  bound.arguments = {type};
  bound.result = type;
  bound.kernel = type.id() == TypeId::kInt64    ? &Dense<AbsInteger>
                 : type.id() == TypeId::kDouble ? &Dense<AbsDouble>
                                                : &Dense<AbsDecimal>;
  return bound;
}

Result<BoundFunction> BindSign(const BindCall& call) {
  if (call.types.size() != 1 || !IsNumberOrNull(call.types[0])) return WrongArguments(call, "sign(number)");
  const Type type = WorkingType(call.types[0]);
  BoundFunction bound;
  bound.arguments = {type};
  bound.result = type.id() == TypeId::kDouble ? Type(kReal) : Type(kBigint);
  bound.kernel = type.id() == TypeId::kInt64    ? &Dense<SignInteger>
                 : type.id() == TypeId::kDouble ? &Dense<SignDouble>
                                                : &Dense<SignDecimal>;
  return bound;
}

}  // namespace

void RegisterRounding(expr::FunctionRegistry& registry) {
  Scalar(registry, "abs")
      .Category("mathematics")
      .Doc("Magnitude of a number.")
      .Example("abs(-3)", "3")
      .Example("abs(-2.5)", "2.5")
      .MayFail()
      .Bind(BindAbs);
  Scalar(registry, "sign")
      .Alias("signum")
      .Category("mathematics")
      .Doc("-1, 0 or 1 by the sign of a number.")
      .Example("sign(-7)", "-1")
      .Bind(BindSign);
  Scalar(registry, "ceil")
      .Alias("ceiling")
      .Category("mathematics")
      .Doc("Smallest whole number that is not below x; ceil(x, n) keeps n digits after the point.")
      .Example("ceil(2.1)", "3")
      .Example("ceil(2.123, 2)", "2.13")
      .MayFail()
      .Bind(BindRounding<Mode::kCeiling>);
  Scalar(registry, "floor")
      .Category("mathematics")
      .Doc("Largest whole number that is not above x; floor(x, n) keeps n digits after the point.")
      .Example("floor(-2.1)", "-3")
      .Example("floor(2.789, 2)", "2.78")
      .MayFail()
      .Bind(BindRounding<Mode::kFloor>);
  Scalar(registry, "round")
      .Category("mathematics")
      .Doc(
          "x rounded to n digits after the point (default 0), halves away from zero; a negative n rounds to tens, "
          "hundreds, ...")
      .Example("round(2.345, 2)", "2.35")
      .Example("round(1250, -2)", "1300")
      .MayFail()
      .Bind(BindRounding<Mode::kHalfAway>);
  Scalar(registry, "trunc")
      .Alias("truncate")
      .Category("mathematics")
      .Doc("x without its digits after the n-th behind the point (default 0).")
      .Example("trunc(-2.789, 1)", "-2.7")
      .MayFail()
      .Bind(BindRounding<Mode::kTruncate>);
}

}  // namespace laminar::functions
