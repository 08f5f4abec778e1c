// = <> < <= > >=, IS [NOT] DISTINCT FROM, IN.
#include "functions/scalar/comparison.h"

#include "functions/register.h"
#include "functions/scalar/arithmetic.h"
#include "functions/scalar/comparison_in.h"

namespace laminar::functions {
namespace {

using data::Encoding;
using data::PhysicalType;

template <class T, CompareOp kOp>
struct Test {
  static constexpr bool Of(T a, T b) {
    switch (kOp) {
      case CompareOp::kEqual: return Order<T>::Equal(a, b);
      case CompareOp::kNotEqual: return !Order<T>::Equal(a, b);
      case CompareOp::kLess: return Order<T>::Less(a, b);
      case CompareOp::kLessEqual: return !Order<T>::Less(b, a);
      case CompareOp::kGreater: return Order<T>::Less(b, a);
      case CompareOp::kGreaterEqual: return !Order<T>::Less(a, b);
    }
    return false;
  }
};

template <class T, CompareOp kOp>
void Fixed(KernelContext& context, Arguments args, Column& out) {
  Binary<T, T, bool, Test<T, kOp>::Of>(context, args, out);
}

// Against a text of at most 12 bytes: two compares of 64 bits a row.
template <bool kIsEqual>
void ShortText(const StringRef* __restrict texts, const StringRef& wanted, uint32_t rows, uint8_t* __restrict out) {
  const uint64_t low = wanted.low();
  const uint64_t high = wanted.high();
  const auto* words = reinterpret_cast<const uint64_t*>(texts);
  for (uint32_t i = 0; i < rows; ++i) {
    const bool differs = ((words[2 * i] ^ low) | (words[2 * i + 1] ^ high)) != 0;
    out[i] = kIsEqual ? !differs : differs;
  }
}

template <bool kIsEqual>
void TextEquality(KernelContext& context, Arguments args, Column& out) {
  for (int side = 0; side < 2; ++side) {
    const Column& constant = *args[side];
    const Column& other = *args[1 - side];
    if (constant.encoding != Encoding::kConstant || other.encoding != Encoding::kFlat) continue;
    const StringRef wanted = constant.As<StringRef>()[0];
    if (!wanted.is_inline()) continue;
    return ShortText<kIsEqual>(other.As<StringRef>(), wanted, context.rows, out.As<uint8_t>());
  }
  Fixed<StringRef, kIsEqual ? CompareOp::kEqual : CompareOp::kNotEqual>(context, args, out);
}

template <CompareOp kOp>
void Nested(KernelContext& context, Arguments args, Column& out) {
  const Type& type = StateOf<ComparedType>(context).type;
  bool* values = out.As<bool>();
  for (uint32_t row = 0; row < context.rows; ++row) {
    values[row] = false;
    if (out.IsNull(row)) continue;
    values[row] = Test<int, kOp>::Of(CompareRows(*args[0], row, *args[1], row, type), 0);
  }
}

template <CompareOp kOp>
expr::Kernel KernelOf(PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kNull:
    case PhysicalType::kBool: return Fixed<uint8_t, kOp>;
    case PhysicalType::kInt8: return Fixed<int8_t, kOp>;
    case PhysicalType::kInt16: return Fixed<int16_t, kOp>;
    case PhysicalType::kInt32: return Fixed<int32_t, kOp>;
    case PhysicalType::kInt64: return Fixed<int64_t, kOp>;
    case PhysicalType::kUInt8: return Fixed<uint8_t, kOp>;
    case PhysicalType::kUInt16: return Fixed<uint16_t, kOp>;
    case PhysicalType::kUInt32: return Fixed<uint32_t, kOp>;
    case PhysicalType::kUInt64: return Fixed<uint64_t, kOp>;
    case PhysicalType::kFloat: return Fixed<float, kOp>;
    case PhysicalType::kDouble: return Fixed<double, kOp>;
    case PhysicalType::kInt128: return Fixed<Int128, kOp>;
    case PhysicalType::kUuid: return Fixed<UInt128, kOp>;
    case PhysicalType::kInterval: return Fixed<Interval, kOp>;
    case PhysicalType::kString:
      if constexpr (kOp == CompareOp::kEqual) return TextEquality<true>;
      if constexpr (kOp == CompareOp::kNotEqual) return TextEquality<false>;
      return Fixed<StringRef, kOp>;
    case PhysicalType::kList:
    case PhysicalType::kStruct: return Nested<kOp>;
  }
  return nullptr;
}

template <class T>
int Compare(const Column& a, uint32_t a_row, const Column& b, uint32_t b_row) {
  const T x = a.As<T>()[a.Slot(a_row)];
  const T y = b.As<T>()[b.Slot(b_row)];
  return static_cast<int>(Order<T>::Less(y, x)) - static_cast<int>(Order<T>::Less(x, y));
}

int CompareLists(const Column& a, uint32_t a_row, const Column& b, uint32_t b_row, const Type& type) {
  const ListEntry x = a.As<ListEntry>()[a.Slot(a_row)];
  const ListEntry y = b.As<ListEntry>()[b.Slot(b_row)];
  const uint32_t common = x.length < y.length ? x.length : y.length;
  for (uint32_t i = 0; i < common; ++i) {
    for (uint32_t c = 0; c < a.child_count; ++c) {
      const int order = CompareRows(a.children[c], x.offset + i, b.children[c], y.offset + i, type.children()[c].type);
      if (order != 0) return order;
    }
  }
  return static_cast<int>(x.length > y.length) - static_cast<int>(x.length < y.length);
}

int CompareStructs(const Column& a, uint32_t a_row, const Column& b, uint32_t b_row, const Type& type) {
  for (uint32_t c = 0; c < a.child_count; ++c) {
    const int order = CompareRows(a.children[c], a.Slot(a_row), b.children[c], b.Slot(b_row), type.children()[c].type);
    if (order != 0) return order;
  }
  return 0;
}

template <CompareOp kOp>
Result<BoundFunction> BindCompare(const BindCall& call) {
  if (call.types.size() != 2) return NoOperator(call, "it takes two arguments");
  const Type type = TRY(ComparedTypeOf(call));
  return Operator({type, type}, TypeId::kBool, CompareKernel(kOp, type), false, CompareState(type));
}

// ---- IS DISTINCT FROM: NULL is a value like others ----

template <bool kIsDistinct>
struct DistinctState final : expr::FunctionState {
  expr::Kernel equal = nullptr;
  std::shared_ptr<const expr::FunctionState> equal_state;
};

template <bool kIsDistinct>
void Distinct(KernelContext& context, Arguments args, Column& out) {
  const auto& state = StateOf<DistinctState<kIsDistinct>>(context);
  const Column& a = *args[0];
  const Column& b = *args[1];
  const expr::FunctionState* own = context.state;
  context.state = state.equal_state.get();
  state.equal(context, args, out);
  context.state = own;
  bool* values = out.As<bool>();
  if (kIsDistinct) {
    for (uint32_t i = 0; i < context.rows; ++i) values[i] = !values[i];
  }
  if (!a.has_nulls && !b.has_nulls) return;
  for (uint32_t i = 0; i < context.rows; ++i) {
    const bool a_null = a.IsNull(i);
    const bool b_null = b.IsNull(i);
    if (a_null || b_null) values[i] = (a_null != b_null) == kIsDistinct;
  }
}

template <bool kIsDistinct>
Result<BoundFunction> BindDistinct(const BindCall& call) {
  if (call.types.size() != 2) return NoOperator(call, "it takes two arguments");
  const Type type = TRY(ComparedTypeOf(call));
  auto state = std::make_shared<DistinctState<kIsDistinct>>();
  state->equal = CompareKernel(CompareOp::kEqual, type);
  state->equal_state = CompareState(type);
  BoundFunction bound = Operator({type, type}, TypeId::kBool, Distinct<kIsDistinct>, false, std::move(state));
  bound.traits.nulls = expr::NullPolicy::kCustom;
  return bound;
}

template <CompareOp kOp>
void AddComparison(expr::FunctionRegistry& registry, std::string_view name, std::string_view doc,
                   std::string_view example, std::string_view result) {
  Scalar(registry, name).Category("comparison").Doc(doc).Example(example, result).Bind(BindCompare<kOp>);
}

}  // namespace

int CompareRows(const Column& a, uint32_t a_row, const Column& b, uint32_t b_row, const Type& type) {
  const bool a_null = a.IsNull(a_row);
  const bool b_null = b.IsNull(b_row);
  if (a_null || b_null) return static_cast<int>(a_null) - static_cast<int>(b_null);
  switch (type.physical()) {
    case PhysicalType::kNull: return 0;
    case PhysicalType::kBool:
    case PhysicalType::kUInt8: return Compare<uint8_t>(a, a_row, b, b_row);
    case PhysicalType::kInt8: return Compare<int8_t>(a, a_row, b, b_row);
    case PhysicalType::kInt16: return Compare<int16_t>(a, a_row, b, b_row);
    case PhysicalType::kInt32: return Compare<int32_t>(a, a_row, b, b_row);
    case PhysicalType::kInt64: return Compare<int64_t>(a, a_row, b, b_row);
    case PhysicalType::kUInt16: return Compare<uint16_t>(a, a_row, b, b_row);
    case PhysicalType::kUInt32: return Compare<uint32_t>(a, a_row, b, b_row);
    case PhysicalType::kUInt64: return Compare<uint64_t>(a, a_row, b, b_row);
    case PhysicalType::kFloat: return Compare<float>(a, a_row, b, b_row);
    case PhysicalType::kDouble: return Compare<double>(a, a_row, b, b_row);
    case PhysicalType::kInt128: return Compare<Int128>(a, a_row, b, b_row);
    case PhysicalType::kUuid: return Compare<UInt128>(a, a_row, b, b_row);
    case PhysicalType::kInterval: return Compare<Interval>(a, a_row, b, b_row);
    case PhysicalType::kString: return Compare<StringRef>(a, a_row, b, b_row);
    case PhysicalType::kList: return CompareLists(a, a_row, b, b_row, type);
    case PhysicalType::kStruct: return CompareStructs(a, a_row, b, b_row, type);
  }
  return 0;
}

expr::Kernel CompareKernel(CompareOp op, const Type& type) {
  const PhysicalType physical = type.physical();
  switch (op) {
    case CompareOp::kEqual: return KernelOf<CompareOp::kEqual>(physical);
    case CompareOp::kNotEqual: return KernelOf<CompareOp::kNotEqual>(physical);
    case CompareOp::kLess: return KernelOf<CompareOp::kLess>(physical);
    case CompareOp::kLessEqual: return KernelOf<CompareOp::kLessEqual>(physical);
    case CompareOp::kGreater: return KernelOf<CompareOp::kGreater>(physical);
    case CompareOp::kGreaterEqual: return KernelOf<CompareOp::kGreaterEqual>(physical);
  }
  return nullptr;
}

std::shared_ptr<const expr::FunctionState> CompareState(const Type& type) {
  if (!type.is_nested()) return nullptr;
  auto state = std::make_shared<ComparedType>();
  state->type = type;
  return state;
}

Result<Type> ComparedTypeOf(const BindCall& call) {
  Type type = call.types[0];
  for (size_t i = 1; i < call.types.size(); ++i) type = TRY(expr::CommonType(type, call.types[i]));
  // All are bare NULLs: any type with values will do.
  return type.id() == TypeId::kNull ? Type(TypeId::kInt64) : type;
}

void RegisterComparison(expr::FunctionRegistry& registry) {
  AddComparison<CompareOp::kEqual>(registry, "=", "True when both sides are equal; NaN equals NaN.", "1 = 1.0", "true");
  AddComparison<CompareOp::kNotEqual>(registry, "<>", "True when the sides differ.", "1 <> 2", "true");
  AddComparison<CompareOp::kLess>(registry, "<", "True when the left side comes first; NaN comes after all numbers.",
                                  "1 < 2", "true");
  AddComparison<CompareOp::kLessEqual>(registry, "<=", "True when the left side does not come after the right.",
                                       "2 <= 1", "false");
  AddComparison<CompareOp::kGreater>(registry, ">", "True when the left side comes after the right.", "'b' > 'a'",
                                     "true");
  AddComparison<CompareOp::kGreaterEqual>(registry, ">=", "True when the left side does not come first.", "1 >= 2",
                                          "false");
  Scalar(registry, "is_distinct_from")
      .Category("comparison")
      .Doc("a IS DISTINCT FROM b: like <>, with NULL as a value.")
      .Example("NULL IS DISTINCT FROM 1", "true")
      .CustomNulls()
      .Bind(BindDistinct<true>);
  Scalar(registry, "is_not_distinct_from")
      .Category("comparison")
      .Doc("a IS NOT DISTINCT FROM b: like =, with NULL as a value.")
      .Example("NULL IS NOT DISTINCT FROM NULL", "true")
      .CustomNulls()
      .Bind(BindDistinct<false>);
  Scalar(registry, "in")
      .Category("comparison")
      .Doc("x IN (a, b, ...): true when x equals one of the list.")
      .Example("2 IN (1, 2, 3)", "true")
      .CustomNulls()
      .Bind(BindIn);
}

}  // namespace laminar::functions
