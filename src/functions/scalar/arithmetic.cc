// + - * / % ^, unary -, the bit operators: numbers. Integers stay integers of the wider type and fail on overflow; `/`
// of two integers cuts towards zero; a zero divisor fails the row. DOUBLE follows IEEE 754: x / 0.0 is an infinity or
// NaN. DECIMAL rules stand in arithmetic_decimal.cc, dates and times in arithmetic_temporal.cc.
#include "functions/scalar/arithmetic.h"

#include <cmath>

#include "functions/register.h"
#include "functions/scalar/arithmetic_checked.h"
#include "functions/scalar/arithmetic_concat.h"

namespace laminar::functions {
namespace {

constexpr std::string_view kHint = "cast the arguments to numbers, or to a date or time and an INTERVAL";

template <class T>
expr::Kernel IntegerKernel(char op) {
  switch (op) {
    case '+': return Checked<T, AddFast<T>, AddExact<T>>;
    case '-': return Checked<T, SubtractFast<T>, SubtractExact<T>>;
    case '*': return Checked<T, MultiplyFast<T>, MultiplyExact<T>>;
    case '/': return Divide<T, false>;
    case '%': return Divide<T, true>;
    case '&': return Binary<T, T, T, [](T a, T b) { return static_cast<T>(a & b); }>;
    case '|': return Binary<T, T, T, [](T a, T b) { return static_cast<T>(a | b); }>;
    case '#': return Binary<T, T, T, [](T a, T b) { return static_cast<T>(a ^ b); }>;
    default: return nullptr;
  }
}

template <class T>
expr::Kernel FloatKernel(char op) {
  switch (op) {
    case '+': return Binary<T, T, T, [](T a, T b) { return a + b; }>;
    case '-': return Binary<T, T, T, [](T a, T b) { return a - b; }>;
    case '*': return Binary<T, T, T, [](T a, T b) { return a * b; }>;
    case '/': return Binary<T, T, T, [](T a, T b) { return a / b; }>;
    case '%': return Binary<T, T, T, [](T a, T b) { return std::fmod(a, b); }>;
    default: return nullptr;
  }
}

expr::Kernel KernelFor(char op, TypeId id) {
  switch (id) {
    case TypeId::kInt8: return IntegerKernel<int8_t>(op);
    case TypeId::kInt16: return IntegerKernel<int16_t>(op);
    case TypeId::kInt32: return IntegerKernel<int32_t>(op);
    case TypeId::kInt64: return IntegerKernel<int64_t>(op);
    case TypeId::kUInt8: return IntegerKernel<uint8_t>(op);
    case TypeId::kUInt16: return IntegerKernel<uint16_t>(op);
    case TypeId::kUInt32: return IntegerKernel<uint32_t>(op);
    case TypeId::kUInt64: return IntegerKernel<uint64_t>(op);
    case TypeId::kFloat: return FloatKernel<float>(op);
    case TypeId::kDouble: return FloatKernel<double>(op);
    default: return nullptr;
  }
}

bool IsNumberOrNull(const Type& type) { return type.is_numeric() || type.id() == TypeId::kNull; }

// The type both sides of a numeric operator become; two bare NULLs are BIGINT.
Result<Type> NumberType(const Type& a, const Type& b) {
  const Type common = TRY(expr::CommonType(a, b));
  return common.id() == TypeId::kNull ? Type(TypeId::kInt64) : common;
}

template <char kOp>
Result<BoundFunction> BindNumeric(const BindCall& call) {
  if (call.types.size() != 2) return NoOperator(call, "it takes two arguments");
  if (std::optional<BoundFunction> temporal = BindTemporalArithmetic(kOp, call)) return *std::move(temporal);
  if (!IsNumberOrNull(call.types[0]) || !IsNumberOrNull(call.types[1])) return NoOperator(call, kHint);
  if (std::optional<BoundFunction> decimal = BindDecimalArithmetic(kOp, call)) return *std::move(decimal);
  const Type type = TRY(NumberType(call.types[0], call.types[1]));
  const expr::Kernel kernel = KernelFor(kOp, type.id());
  // Only BIGINT with UBIGINT meets in a DECIMAL; there DECIMAL arithmetic is asked for by a cast.
  if (kernel == nullptr) return NoOperator(call, "cast one side to the type of the other, or both to DECIMAL");
  BoundFunction bound = Operator({type, type}, type, kernel, type.is_integer());
  bound.traits.is_costly = kOp == '%' && type.is_float();
  return bound;
}

// ---- Unary minus ----

template <class T>
Outcome NegateExact(T a, T& out) {
  return Outcome::FailIf(__builtin_sub_overflow(T{0}, a, &out), ErrorCode::kOverflow);
}

Outcome NegateInterval(Interval value, Interval& out) {
  return Outcome::FailIf(__builtin_sub_overflow(0, value.months, &out.months) ||
                             __builtin_sub_overflow(0, value.days, &out.days) ||
                             __builtin_sub_overflow(int64_t{0}, value.micros, &out.micros),
                         ErrorCode::kOverflow);
}

Result<BoundFunction> BindNegate(const BindCall& call) {
  const Type& type = call.types[0];
  switch (type.id()) {
    case TypeId::kInt8: return Operator({type}, type, Unary<int8_t, int8_t, NegateExact<int8_t>>, true);
    case TypeId::kInt16: return Operator({type}, type, Unary<int16_t, int16_t, NegateExact<int16_t>>, true);
    case TypeId::kUInt8:
      return Operator({TypeId::kInt16}, TypeId::kInt16, Unary<int16_t, int16_t, NegateExact<int16_t>>, true);
    case TypeId::kInt32:
    case TypeId::kUInt16:
      return Operator({TypeId::kInt32}, TypeId::kInt32, Unary<int32_t, int32_t, NegateExact<int32_t>>, true);
    case TypeId::kNull:
    case TypeId::kInt64:
    case TypeId::kUInt32:
    case TypeId::kUInt64:
      return Operator({TypeId::kInt64}, TypeId::kInt64, Unary<int64_t, int64_t, NegateExact<int64_t>>, true);
    case TypeId::kFloat: return Operator({type}, type, Unary<float, float, [](float x) { return -x; }>);
    case TypeId::kDouble: return Operator({type}, type, Unary<double, double, [](double x) { return -x; }>);
    case TypeId::kDecimal: return Operator({type}, type, Unary<Int128, Int128, [](Int128 x) { return -x; }>);
    case TypeId::kInterval: return Operator({type}, type, Unary<Interval, Interval, NegateInterval>, true);
    default: return NoOperator(call, "it takes a number or an INTERVAL");
  }
}

Result<BoundFunction> BindMinus(const BindCall& call) {
  return call.types.size() == 1 ? BindNegate(call) : BindNumeric<'-'>(call);
}

// ---- Bits ----

template <char kOp>
Result<BoundFunction> BindBits(const BindCall& call) {
  const bool is_fine = call.types.size() == 2 && (call.types[0].is_integer() || call.types[0].id() == TypeId::kNull) &&
                       (call.types[1].is_integer() || call.types[1].id() == TypeId::kNull);
  if (!is_fine) return NoOperator(call, "it takes two integers");
  const Type type = TRY(NumberType(call.types[0], call.types[1]));
  if (!type.is_integer()) return NoOperator(call, "cast both sides to BIGINT");
  return Operator({type, type}, type, KernelFor(kOp, type.id()));
}

template <class T>
BoundFunction BitNot(const Type& type) {
  return Operator({type}, type, Unary<T, T, [](T x) { return static_cast<T>(~x); }>);
}

Result<BoundFunction> BindBitNot(const BindCall& call) {
  if (call.types.size() != 1) return NoOperator(call, "it takes one integer");
  const Type& type = call.types[0];
  switch (type.id()) {
    case TypeId::kInt8: return BitNot<int8_t>(type);
    case TypeId::kInt16: return BitNot<int16_t>(type);
    case TypeId::kInt32: return BitNot<int32_t>(type);
    case TypeId::kNull:
    case TypeId::kInt64: return BitNot<int64_t>(TypeId::kInt64);
    case TypeId::kUInt8: return BitNot<uint8_t>(type);
    case TypeId::kUInt16: return BitNot<uint16_t>(type);
    case TypeId::kUInt32: return BitNot<uint32_t>(type);
    case TypeId::kUInt64: return BitNot<uint64_t>(type);
    default: return NoOperator(call, "it takes an integer");
  }
}

// Bits that leave at the top are lost; a count of all bits or more leaves nothing (for >> of a negative number: -1).
template <class T>
Outcome ShiftLeft(T a, int64_t count, T& out) {
  if (count < 0) return Outcome::Fail(ErrorCode::kOutOfRange);
  out = count >= static_cast<int64_t>(sizeof(T) * 8) ? T{0} : static_cast<T>(static_cast<uint64_t>(a) << count);
  return Outcome::Value();
}
template <class T>
Outcome ShiftRight(T a, int64_t count, T& out) {
  if (count < 0) return Outcome::Fail(ErrorCode::kOutOfRange);
  const int64_t bits = sizeof(T) * 8;
  out = count >= bits ? static_cast<T>(a < 0 ? -1 : 0) : static_cast<T>(a >> count);
  return Outcome::Value();
}

template <class T>
BoundFunction Shift(const Type& type, bool is_left) {
  const expr::Kernel kernel = is_left ? Binary<T, int64_t, T, ShiftLeft<T>> : Binary<T, int64_t, T, ShiftRight<T>>;
  return Operator({type, TypeId::kInt64}, type, kernel, true);
}

template <bool kIsLeft>
Result<BoundFunction> BindShift(const BindCall& call) {
  const bool has_count = call.types.size() == 2 && expr::ImplicitCastCost(call.types[1], TypeId::kInt64) >= 0;
  if (!has_count) return NoOperator(call, "it takes an integer and a BIGINT count");
  const Type& type = call.types[0];
  switch (type.id()) {
    case TypeId::kInt8: return Shift<int8_t>(type, kIsLeft);
    case TypeId::kInt16: return Shift<int16_t>(type, kIsLeft);
    case TypeId::kInt32: return Shift<int32_t>(type, kIsLeft);
    case TypeId::kNull:
    case TypeId::kInt64: return Shift<int64_t>(TypeId::kInt64, kIsLeft);
    case TypeId::kUInt8: return Shift<uint8_t>(type, kIsLeft);
    case TypeId::kUInt16: return Shift<uint16_t>(type, kIsLeft);
    case TypeId::kUInt32: return Shift<uint32_t>(type, kIsLeft);
    case TypeId::kUInt64: return Shift<uint64_t>(type, kIsLeft);
    default: return NoOperator(call, "it takes an integer and a count");
  }
}

double Power(double x, double y) { return std::pow(x, y); }

void AddBitOperators(expr::FunctionRegistry& registry) {
  Scalar(registry, "&")
      .Category("operator")
      .Doc("Bits that both integers have.")
      .Example("12 & 10", "8")
      .Bind(BindBits<'&'>);
  Scalar(registry, "|")
      .Category("operator")
      .Doc("Bits that one of the integers has.")
      .Example("12 | 10", "14")
      .Bind(BindBits<'|'>);
  Scalar(registry, "#")
      .Alias("xor")
      .Category("operator")
      .Doc("Bits in which two integers differ.")
      .Example("12 # 10", "6")
      .Bind(BindBits<'#'>);
  // "~" of one argument, see FunctionRegistry::Resolve; of two it matches text.
  Scalar(registry, "bit_not")
      .Category("operator")
      .Doc("Every bit of an integer turned over; also written ~x.")
      .Example("~5", "-6")
      .Bind(BindBitNot);
  Scalar(registry, "<<")
      .Category("operator")
      .Doc("Bits moved up; those that leave are lost.")
      .Example("1 << 4", "16")
      .Bind(BindShift<true>);
  Scalar(registry, ">>")
      .Category("operator")
      .Doc("Bits moved down, the sign kept.")
      .Example("-16 >> 2", "-4")
      .Bind(BindShift<false>);
}

}  // namespace

void RegisterArithmetic(expr::FunctionRegistry& registry) {
  Scalar(registry, "+")
      .Category("operator")
      .Doc("Sum; also of a date or time and an INTERVAL.")
      .Example("1 + 2", "3")
      .Example("DATE '2024-01-31' + 1", "2024-02-01")
      .Bind(BindNumeric<'+'>);
  Scalar(registry, "-")
      .Category("operator")
      .Doc("Difference, or the negative of one number; also of dates, times and intervals.")
      .Example("5 - 7", "-2")
      .Bind(BindMinus);
  Scalar(registry, "*")
      .Category("operator")
      .Doc("Product; also of an INTERVAL and a number.")
      .Example("6 * 7", "42")
      .Bind(BindNumeric<'*'>);
  Scalar(registry, "/")
      .Category("operator")
      .Doc(
          "Quotient. Two integers give an integer, cut towards zero; an integer or DECIMAL divided by zero fails, a "
          "DOUBLE "
          "gives an infinity or NaN.")
      .Example("7 / 2", "3")
      .Example("-7 / 2", "-3")
      .Bind(BindNumeric<'/'>);
  Scalar(registry, "%")
      .Alias("mod")
      .Category("operator")
      .Doc("Remainder, with the sign of the dividend.")
      .Example("-7 % 3", "-1")
      .Bind(BindNumeric<'%'>);
  Scalar(registry, "^")
      .Category("operator")
      .Doc("Power, as DOUBLE.")
      .Example("2 ^ 10", "1024.0")
      .Costly()
      .Add({TypeId::kDouble, TypeId::kDouble}, TypeId::kDouble, Binary<double, double, double, Power>);
  Scalar(registry, "||")
      .Category("operator")
      .Doc("Texts, or lists, one after the other; a value beside a text becomes text.")
      .Example("'a' || 'b'", "ab")
      .Bind(BindConcat);
  AddBitOperators(registry);
}

}  // namespace laminar::functions
