// NOT, IS TRUE, IS FALSE, IS [NOT] NULL. AND and OR are forms of the expression tree, not functions.
#include <algorithm>
#include <cstring>

#include "functions/register.h"
#include "functions/scalar/arithmetic.h"

namespace laminar::functions {
namespace {

template <bool kWanted>
void IsTruth(KernelContext& context, Arguments args, Column& out) {
  const Column& in = *args[0];
  const Arg<uint8_t> values(in);
  uint8_t* to = out.As<uint8_t>();
  for (uint32_t i = 0; i < context.rows; ++i) to[i] = (values[i] != 0) == kWanted;
  if (!in.has_nulls) return;
  for (uint32_t i = 0; i < context.rows; ++i) to[i] &= static_cast<uint8_t>(!in.IsNull(i));
}

template <bool kWanted>
void IsNullTest(KernelContext& context, Arguments args, Column& out) {
  const Column& in = *args[0];
  uint8_t* to = out.As<uint8_t>();
  if (!in.has_nulls) {
    std::memset(to, kWanted ? 0 : 1, context.rows);
    return;
  }
  for (uint32_t i = 0; i < context.rows; ++i) to[i] = in.IsNull(i) == kWanted;
}

template <bool kWanted>
Result<BoundFunction> BindNullTest(const BindCall& call) {
  if (call.types.size() != 1) return NoOperator(call, "it takes one argument");
  BoundFunction bound = Operator({call.types[0]}, TypeId::kBool, IsNullTest<kWanted>);
  bound.traits.nulls = expr::NullPolicy::kCustom;
  return bound;
}

bool Not(bool x) { return !x; }

}  // namespace

void RegisterBoolean(expr::FunctionRegistry& registry) {
  Scalar(registry, "not")
      .Category("logic")
      .Doc("TRUE for FALSE, FALSE for TRUE, NULL for NULL.")
      .Example("NOT TRUE", "false")
      .Add({TypeId::kBool}, TypeId::kBool, Unary<bool, bool, Not>);
  Scalar(registry, "is_true")
      .Category("logic")
      .Doc("x IS TRUE: never NULL.")
      .Example("NULL IS TRUE", "false")
      .CustomNulls()
      .Add({TypeId::kBool}, TypeId::kBool, IsTruth<true>);
  Scalar(registry, "is_false")
      .Category("logic")
      .Doc("x IS FALSE: never NULL.")
      .Example("NULL IS FALSE", "false")
      .CustomNulls()
      .Add({TypeId::kBool}, TypeId::kBool, IsTruth<false>);
  Scalar(registry, "is_null")
      .Alias("is_unknown")
      .Category("logic")
      .Doc("x IS NULL.")
      .Example("NULL IS NULL", "true")
      .Bind(BindNullTest<true>);
  Scalar(registry, "is_not_null")
      .Category("logic")
      .Doc("x IS NOT NULL.")
      .Example("1 IS NOT NULL", "true")
      .Bind(BindNullTest<false>);
}

}  // namespace laminar::functions
