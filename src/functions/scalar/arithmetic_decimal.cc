// DECIMAL arithmetic. Result types, capped at 38 digits (digits after the point are given up first, down to 6):
//   +, -   scale max(s1, s2), one whole digit more than the larger operand
//   *      scale s1 + s2, precision p1 + p2
//   /      scale max(6, max(s1, s2) + 4): money divided by a count stays readable
//   %      scale max(s1, s2), the smaller whole part
// Integers become DECIMAL(n, 0), a constant one of just its digits. A result that does not fit fails its row; rounding
// is half away from zero. With a DOUBLE on one side the result is DOUBLE.
#include <algorithm>

#include "data/decimal.h"
#include "functions/scalar/arithmetic.h"

namespace laminar::functions {
namespace {

constexpr int kScaleKept = 6;

struct DecimalState final : expr::FunctionState {
  int a_scale = 0;
  int b_scale = 0;
  int scale = 0;
  int precision = 0;
  Int128 a_factor = 1;  // to the common scale, for + and -
  Int128 b_factor = 1;
};

const DecimalState& State(const KernelContext& context) { return StateOf<DecimalState>(context); }

Outcome Fits(const DecimalState& state, bool is_computed, Int128 out) {
  return Outcome::FailIf(!is_computed || !data::FitsPrecision(out, state.precision), ErrorCode::kOverflow);
}

template <bool kIsSum>
Outcome AddOrSubtract(KernelContext& context, Int128 a, Int128 b, Int128& out) {
  const DecimalState& state = State(context);
  Int128 x = 0;
  Int128 y = 0;
  bool is_fine = !__builtin_mul_overflow(a, state.a_factor, &x) && !__builtin_mul_overflow(b, state.b_factor, &y);
  if (!is_fine) return Outcome::Fail(ErrorCode::kOverflow);
  Int128 sum = 0;
  is_fine = kIsSum ? !__builtin_add_overflow(x, y, &sum) : !__builtin_sub_overflow(x, y, &sum);
  const int common = std::max(state.a_scale, state.b_scale);
  if (is_fine && common != state.scale) is_fine = data::RescaleDecimal(sum, common, state.scale, state.precision, sum);
  out = is_fine ? sum : 0;
  return Fits(state, is_fine, out);
}

Outcome Multiply(KernelContext& context, Int128 a, Int128 b, Int128& out) {
  const DecimalState& state = State(context);
  return Fits(state, data::MultiplyDecimal(a, state.a_scale, b, state.b_scale, state.scale, out), out);
}

Outcome Divide(KernelContext& context, Int128 a, Int128 b, Int128& out) {
  const DecimalState& state = State(context);
  if (b == 0) return Outcome::Fail(ErrorCode::kDivisionByZero);
  return Fits(state, data::DivideDecimal(a, state.a_scale, b, state.b_scale, state.scale, out), out);
}

Outcome Remainder(KernelContext& context, Int128 a, Int128 b, Int128& out) {
  const DecimalState& state = State(context);
  if (b == 0) return Outcome::Fail(ErrorCode::kDivisionByZero);
  return Fits(state, data::RemainderDecimal(a, state.a_scale, b, state.b_scale, out), out);
}

int Whole(const Type& type) { return type.precision() - type.scale(); }

Type QuotientType(const Type& a, const Type& b) {
  const int scale = std::max(kScaleKept, std::max(a.scale(), b.scale()) + 4);
  return expr::CappedDecimal(Whole(a) + b.scale() + scale, scale, kScaleKept);
}

Type ResultType(char op, const Type& a, const Type& b) {
  const int scale = std::max(a.scale(), b.scale());
  switch (op) {
    case '*': return expr::CappedDecimal(a.precision() + b.precision(), a.scale() + b.scale(), kScaleKept);
    case '/': return QuotientType(a, b);
    case '%': return expr::CappedDecimal(std::max(1, std::min(Whole(a), Whole(b)) + scale), scale, scale);
    default: return expr::CappedDecimal(std::max(Whole(a), Whole(b)) + 1 + scale, scale, kScaleKept);
  }
}

expr::Kernel KernelFor(char op) {
  switch (op) {
    case '+': return Binary<Int128, Int128, Int128, AddOrSubtract<true>>;
    case '-': return Binary<Int128, Int128, Int128, AddOrSubtract<false>>;
    case '*': return Binary<Int128, Int128, Int128, Multiply>;
    case '/': return Binary<Int128, Int128, Int128, Divide>;
    default: return Binary<Int128, Int128, Int128, Remainder>;
  }
}

// The digits of a constant integer, or those of its type.
Type DecimalOfArgument(const Type& type, const data::Value* constant, const Type& other) {
  if (type.id() == TypeId::kNull) return other;
  if (constant == nullptr || constant->is_null() || !type.is_integer()) return expr::DecimalFor(type);
  uint64_t magnitude = 0;
  if (type.is_signed_integer()) {
    const int64_t value = constant->int_value();
    magnitude = value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  } else {
    magnitude = constant->uint_value();
  }
  int digits = 1;
  while (magnitude >= 10) {
    magnitude /= 10;
    ++digits;
  }
  return Type::Decimal(digits, 0);
}

}  // namespace

std::optional<BoundFunction> BindDecimalArithmetic(char op, const BindCall& call) {
  const Type& left = call.types[0];
  const Type& right = call.types[1];
  const bool has_decimal = left.id() == TypeId::kDecimal || right.id() == TypeId::kDecimal;
  const bool is_mixed_sign = left.is_integer() && right.is_integer() &&
                             left.is_signed_integer() != right.is_signed_integer() &&
                             (left.id() == TypeId::kUInt64 || right.id() == TypeId::kUInt64);
  if ((!has_decimal && !is_mixed_sign) || left.is_float() || right.is_float()) return std::nullopt;
  const Type a = DecimalOfArgument(left, call.constants[0], right);
  const Type b = DecimalOfArgument(right, call.constants[1], left);
  const Type result = ResultType(op, a, b);
  auto state = std::make_shared<DecimalState>();
  state->a_scale = a.scale();
  state->b_scale = b.scale();
  state->scale = result.scale();
  state->precision = result.precision();
  const int common = std::max(a.scale(), b.scale());
  state->a_factor = data::PowerOfTen(common - a.scale());
  state->b_factor = data::PowerOfTen(common - b.scale());
  return Operator({a, b}, result, KernelFor(op), true, std::move(state));
}

}  // namespace laminar::functions
