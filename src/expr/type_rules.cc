// Implicit casts and common types: which types meet where, and what that costs when an overload is chosen.
//
// Law: an implicit cast never loses a value, but for integer and DECIMAL to floating point (rounds) and TIMESTAMP of
// nanoseconds to microseconds. CommonType is symmetric, and both sides cast implicitly to it.
#include "expr/type_rules.h"

#include <algorithm>
#include <string>

#include "expr/function.h"

namespace laminar::expr {
namespace {

using data::Field;
using data::Type;
using data::TypeId;

constexpr int kToDecimal = 10;
constexpr int kToDouble = 20;
constexpr int kToFloat = 30;

int IntegerBits(TypeId id) {
  switch (id) {
    case TypeId::kInt8:
    case TypeId::kUInt8: return 8;
    case TypeId::kInt16:
    case TypeId::kUInt16: return 16;
    case TypeId::kInt32:
    case TypeId::kUInt32: return 32;
    default: return 64;
  }
}

int BitSteps(int bits) { return bits == 8 ? 0 : bits == 16 ? 1 : bits == 32 ? 2 : 3; }

int IntegerCost(const Type& from, const Type& to) {
  const int from_bits = IntegerBits(from.id());
  const int to_bits = IntegerBits(to.id());
  const bool is_signed = from.is_signed_integer();
  if (is_signed == to.is_signed_integer()) return to_bits >= from_bits ? BitSteps(to_bits) - BitSteps(from_bits) : -1;
  if (is_signed || to_bits <= from_bits) return -1;
  return BitSteps(to_bits) - BitSteps(from_bits) + 1;
}

int DecimalCost(const Type& from, const Type& to) {
  if (to.precision() == 0) return from.id() == TypeId::kDecimal ? 0 : kToDecimal;
  const Type own = DecimalFor(from);
  const bool fits = to.scale() >= own.scale() && to.precision() - to.scale() >= own.precision() - own.scale();
  if (!fits) return -1;
  return from.id() == TypeId::kDecimal ? 1 : kToDecimal;
}

int NumericCost(const Type& from, const Type& to) {
  if (to.id() == TypeId::kDecimal) return from.is_float() ? -1 : DecimalCost(from, to);
  if (to.is_integer()) return from.is_integer() ? IntegerCost(from, to) : -1;
  if (from.is_float()) return from.id() == TypeId::kFloat && to.id() == TypeId::kDouble ? 1 : -1;
  return to.id() == TypeId::kDouble ? kToDouble : kToFloat;
}

int TemporalCost(const Type& from, const Type& to) {
  if (!to.is_timestamp()) return -1;
  if (from.id() == TypeId::kDate) return to.id() == TypeId::kTimestamp ? 5 : 8;
  if (from.id() == TypeId::kTimestampTz && to.id() == TypeId::kTimestamp) return -1;
  if (!from.is_timestamp()) return -1;
  const int zone = from.id() == to.id() ? 0 : 6;
  return zone + (to.precision() >= from.precision() ? 1 : 4);
}

int NestedCost(const Type& from, const Type& to) {
  const std::vector<Field>& a = from.children();
  const std::vector<Field>& b = to.children();
  if (a.size() != b.size()) return -1;
  int total = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const int cost = ImplicitCastCost(a[i].type, b[i].type);
    if (cost < 0) return -1;
    total += cost;
  }
  return total + 1;
}

Type IntegerOf(int bits, bool is_signed) {
  switch (bits) {
    case 8: return is_signed ? TypeId::kInt8 : TypeId::kUInt8;
    case 16: return is_signed ? TypeId::kInt16 : TypeId::kUInt16;
    case 32: return is_signed ? TypeId::kInt32 : TypeId::kUInt32;
    default: return is_signed ? TypeId::kInt64 : TypeId::kUInt64;
  }
}

Type CommonInteger(const Type& a, const Type& b) {
  const int a_bits = IntegerBits(a.id());
  const int b_bits = IntegerBits(b.id());
  if (a.is_signed_integer() == b.is_signed_integer()) return IntegerOf(std::max(a_bits, b_bits), a.is_signed_integer());
  const int signed_bits = a.is_signed_integer() ? a_bits : b_bits;
  const int unsigned_bits = a.is_signed_integer() ? b_bits : a_bits;
  if (signed_bits > unsigned_bits) return IntegerOf(signed_bits, true);
  return unsigned_bits == 64 ? Type::Decimal(20, 0) : IntegerOf(unsigned_bits * 2, true);
}

Type CommonNumeric(const Type& a, const Type& b) {
  if (a.is_float() || b.is_float()) {
    return a.id() == TypeId::kFloat && b.id() == TypeId::kFloat ? TypeId::kFloat : TypeId::kDouble;
  }
  if (a.is_integer() && b.is_integer()) return CommonInteger(a, b);
  const Type x = DecimalFor(a);
  const Type y = DecimalFor(b);
  const int whole = std::max(x.precision() - x.scale(), y.precision() - y.scale());
  const int scale = std::max(x.scale(), y.scale());
  return whole + scale <= 38 ? Type::Decimal(whole + scale, scale) : Type(TypeId::kDouble);
}

internal::Failure NoCommonType(const Type& a, const Type& b) {
  return Error(Status(ErrorCode::kTypeMismatch, "there is no common type of " + a.ToString() + " and " + b.ToString())
                   .WithHint("cast one side to the type of the other with CAST(... AS ...)"));
}

Result<Type> CommonNested(const Type& a, const Type& b) {
  const std::vector<Field>& x = a.children();
  const std::vector<Field>& y = b.children();
  if (a.id() != b.id() || x.size() != y.size()) return NoCommonType(a, b);
  std::vector<Field> fields;
  for (size_t i = 0; i < x.size(); ++i) {
    fields.push_back({
      .name = x[i].name, .type = TRY(CommonType(x[i].type, y[i].type))
      , .nullable = x[i].nullable || y[i].nullable
    });
  }
  if (a.id() == TypeId::kArray) return Type::Array(fields[0].type);
  if (a.id() == TypeId::kMap) return Type::Map(fields[0].type, fields[1].type);
  return Type::Struct(std::move(fields));
}

}  // namespace

Type DecimalFor(const Type& type) {
  switch (type.id()) {
    case TypeId::kDecimal: return type.precision() == 0 ? Type::Decimal(38, 0) : type;
    case TypeId::kInt8:
    case TypeId::kUInt8: return Type::Decimal(3, 0);
    case TypeId::kInt16:
    case TypeId::kUInt16: return Type::Decimal(5, 0);
    case TypeId::kInt32:
    case TypeId::kUInt32: return Type::Decimal(10, 0);
    case TypeId::kInt64: return Type::Decimal(19, 0);
    case TypeId::kUInt64: return Type::Decimal(20, 0);
    default: return Type::Decimal(38, 0);
  }
}

Type CappedDecimal(int precision, int scale, int scale_min) {
  if (precision <= 38) return Type::Decimal(precision, scale);
  const int whole = precision - scale;
  return Type::Decimal(38, std::max(38 - whole, std::min(scale, scale_min)));
}

int ImplicitCastCost(const Type& from, const Type& to) {
  if (from == to) return 0;
  if (from.id() == TypeId::kNull) return 1;
  if (from.is_numeric() && to.is_numeric()) return NumericCost(from, to);
  if (from.is_temporal()) return TemporalCost(from, to);
  if (from.is_nested() && from.id() == to.id()) return NestedCost(from, to);
  return -1;
}

Result<Type> CommonType(const Type& a, const Type& b) {
  if (a == b || b.id() == TypeId::kNull) return a;
  if (a.id() == TypeId::kNull) return b;
  if (a.is_numeric() && b.is_numeric()) return CommonNumeric(a, b);
  if (a.is_nested() && b.is_nested()) return CommonNested(a, b);
  const bool a_instant = a.id() == TypeId::kDate || a.is_timestamp();
  const bool b_instant = b.id() == TypeId::kDate || b.is_timestamp();
  if (!a_instant || !b_instant) return NoCommonType(a, b);
  const bool has_zone = a.id() == TypeId::kTimestampTz || b.id() == TypeId::kTimestampTz;
  const int precision = a.is_timestamp() && b.is_timestamp() ? std::max(a.precision(), b.precision())
                        : a.is_timestamp()                   ? a.precision()
                                                             : b.precision();
  return has_zone ? Type::TimestampTz(precision) : Type::Timestamp(precision);
}

}  // namespace laminar::expr
