// What an array holds: its length, single elements, tests, positions, sums, text; distances between arrays of numbers.
//
// Law: NULL elements are left out of min, max, sum and avg, which are NULL when nothing is left; a search for NULL
// gives NULL.
#include <cmath>

#include "functions/scalar/list_element.h"
#include "functions/scalar/text_builder.h"

namespace laminar::functions {
namespace {

int64_t Length(ListEntry entry) { return entry.length; }
bool IsEmpty(ListEntry entry) { return entry.length == 0; }

template <auto F>
Result<BoundFunction> BindEntry(const BindCall& call, Type result) {
  const bool fits = call.types.size() == 1 && (IsListOrNull(call.types[0]) || call.types[0].id() == TypeId::kMap);
  if (!fits) return WrongArguments(call, std::string(call.name) + "(array or map)");
  BoundFunction bound;
  bound.arguments = {IsNull(call.types[0]) ? Type::Array(TypeId::kNull) : call.types[0]};
  bound.result = std::move(result);
  bound.kernel = Dense<F>;
  return bound;
}
Result<BoundFunction> BindLength(const BindCall& call) { return BindEntry<Length>(call, kBigint); }
Result<BoundFunction> BindEmpty(const BindCall& call) { return BindEntry<IsEmpty>(call, kBoolean); }

// The i-th element, counted from 1 or, negative, from the end; NULL outside.
void Element(KernelContext& context, Arguments args, Column& out) {
  const AllowAllocation growth;
  const ListState& state = StateOf<ListState>(context);
  const Arg<int64_t> index(*args[1]);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const ListRow list(*args[0], row);
    int64_t place = index[row];
    if (place < 0 && place >= -int64_t{list.length}) place += list.length + 1;
    if (out.IsNull(row) || place < 1 || place > list.length) {
      context.buffer->SetNull(out, row);
      continue;
    }
    data::CopyRows(*context.buffer, out, state.element, row, *list.items,
                   list.offset + static_cast<uint32_t>(place) - 1, 1);
  }
}

Result<BoundFunction> BindElement(const BindCall& call) {
  const bool fits = call.types.size() == 2 && IsListOrNull(call.types[0]) && IsIntegerOrNull(call.types[1]);
  if (!fits) return WrongArguments(call, std::string(call.name) + "(array, position)");
  auto state = std::make_shared<ListState>(ElementOf(call.types[0]));
  BoundFunction bound;
  bound.arguments = {state->list, kBigint};
  bound.result = state->element;
  bound.kernel = Element;
  bound.state = std::move(state);
  return bound;
}

// Searches

// Position of the value from 1; 0 when it is not there.
int64_t PlaceOf(const ListState& state, const Column& list, const Column& value, uint32_t row) {
  const ListRow items(list, row);
  const uint32_t found = FindElement(state, items, value, value.Slot(row), items.offset);
  return found == items.end() ? 0 : found - items.offset + 1;
}

void Contains(KernelContext& context, Arguments args, Column& out) {
  const ListState& state = StateOf<ListState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    out.As<bool>()[row] = !out.IsNull(row) && PlaceOf(state, *args[0], *args[1], row) > 0;
  }
}

void Position(KernelContext& context, Arguments args, Column& out) {
  const ListState& state = StateOf<ListState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const int64_t place = out.IsNull(row) ? 0 : PlaceOf(state, *args[0], *args[1], row);
    out.As<int64_t>()[row] = place;
    if (place == 0) context.Null(out, row);
  }
}

void AllPositions(KernelContext& context, Arguments args, Column& out) {
  static const Type type = Type::Array(kBigint);
  const AllowAllocation growth;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, type);
  std::vector<uint32_t>& places = PositionScratch();
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const ListRow items(*args[0], row);
    places.clear();
    for (uint32_t i = items.offset;; ++i) {
      i = FindElement(state, items, *args[1], args[1]->Slot(row), i);
      if (i == items.end()) break;
      places.push_back(i - items.offset + 1);
    }
    const uint32_t first = writer.Start(row, static_cast<uint32_t>(places.size()));
    for (uint32_t i = 0; i < places.size(); ++i) writer.Set<int64_t>(first + i, places[i]);
  }
}

template <expr::Kernel kKernel>
Result<BoundFunction> BindSearch(const BindCall& call, Type result) {
  if (call.types.size() != 2 || !IsListOrNull(call.types[0]))
    return WrongArguments(call, std::string(call.name) + "(array, element)");
  const Type element = TRY(ElementMeeting(call.types[0], call.types[1]));
  auto state = std::make_shared<ListState>(element);
  BoundFunction bound;
  bound.arguments = {state->list, element};
  bound.result = std::move(result);
  bound.kernel = kKernel;
  bound.state = std::move(state);
  return bound;
}
Result<BoundFunction> BindContains(const BindCall& call) { return BindSearch<Contains>(call, kBoolean); }
Result<BoundFunction> BindPosition(const BindCall& call) { return BindSearch<Position>(call, kBigint); }
Result<BoundFunction> BindPositions(const BindCall& call) {
  return BindSearch<AllPositions>(call, Type::Array(kBigint));
}

// Has the first array any (all) of the second's elements?
template <bool wants_all>
void HasOf(KernelContext& context, Arguments args, Column& out) {
  const ListState& state = StateOf<ListState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    out.As<bool>()[row] = false;
    if (out.IsNull(row)) continue;
    const AllowAllocation growth;
    const ElementSet set(state, ListRow(*args[0], row));
    const ListRow wanted(*args[1], row);
    bool found = wants_all;
    for (uint32_t i = wanted.offset; i < wanted.end() && found == wants_all; ++i) {
      if (!wants_all && wanted.items->IsNull(i)) continue;
      found = set.Contains(*wanted.items, i);
    }
    out.As<bool>()[row] = found;
  }
}

template <bool wants_all>
Result<BoundFunction> BindHas(const BindCall& call) {
  const bool fits = call.types.size() == 2 && IsListOrNull(call.types[0]) && IsListOrNull(call.types[1]);
  if (!fits) return WrongArguments(call, std::string(call.name) + "(array, array)");
  auto state = std::make_shared<ListState>(TRY(expr::CommonType(ElementOf(call.types[0]), ElementOf(call.types[1]))));
  BoundFunction bound;
  bound.arguments = {state->list, state->list};
  bound.result = kBoolean;
  bound.kernel = HasOf<wants_all>;
  bound.state = std::move(state);
  return bound;
}

// Smallest, largest

template <int kSign>
void Extreme(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const AllowAllocation growth;
  const ListState& state = StateOf<ListState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const ListRow list(*args[0], row);
    uint32_t best = list.end();
    for (uint32_t i = list.offset; i < list.end(); ++i) {
      if (list.items->IsNull(i)) continue;
      if (best == list.end() || state.compare(state.element, *list.items, i, *list.items, best) * kSign > 0) best = i;
    }
    if (best == list.end()) {
      context.buffer->SetNull(out, row);
    } else {
      data::CopyRows(*context.buffer, out, state.element, row, *list.items, best, 1);
    }
  }
}

template <expr::Kernel kKernel>
Result<BoundFunction> BindOneElement(const BindCall& call) {
  if (call.types.size() != 1 || !IsListOrNull(call.types[0]))
    return WrongArguments(call, std::string(call.name) + "(array)");
  auto state = std::make_shared<ListState>(ElementOf(call.types[0]));
  BoundFunction bound;
  bound.arguments = {state->list};
  bound.result = state->element;
  bound.kernel = kKernel;
  bound.state = std::move(state);
  return bound;
}

// The first element that is not NULL.
void AnyValue(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const AllowAllocation growth;
  const ListState& state = StateOf<ListState>(context);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const ListRow list(*args[0], row);
    uint32_t i = list.offset;
    while (i < list.end() && list.items->IsNull(i)) ++i;
    if (i == list.end()) {
      context.buffer->SetNull(out, row);
    } else {
      data::CopyRows(*context.buffer, out, state.element, row, *list.items, i, 1);
    }
  }
}

// Sums

template <class T>
bool AddTo(T& sum, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    sum += value;
    return true;
  } else {
    return !__builtin_add_overflow(sum, value, &sum);
  }
}
template <class T>
bool MultiplyTo(T& product, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    product *= value;
    return true;
  } else {
    return !__builtin_mul_overflow(product, value, &product);
  }
}

template <class T, bool (*F)(T&, T), int kStart, bool is_mean>
void Fold(KernelContext& context, Arguments args, Column& out) {
  for (uint32_t row = 0; row < context.rows; ++row) {
    out.As<T>()[row] = 0;
    if (out.IsNull(row)) continue;
    const ListRow list(*args[0], row);
    T total = kStart;
    uint32_t count = 0;
    bool is_fine = true;
    for (uint32_t i = list.offset; i < list.end() && is_fine; ++i) {
      if (list.items->IsNull(i)) continue;
      is_fine = F(total, list.items->As<T>()[i]);
      ++count;
    }
    if (!is_fine) {
      context.Fail(out, row, ErrorCode::kOverflow);
    } else if (count == 0) {
      context.Null(out, row);
    } else {
      out.As<T>()[row] = is_mean ? total / static_cast<T>(count) : total;
    }
  }
}

Result<BoundFunction> BindSum(const BindCall& call) {
  const bool fits = call.types.size() == 1 && IsListOrNull(call.types[0]) &&
                    (ElementOf(call.types[0]).is_numeric() || IsNull(ElementOf(call.types[0])));
  if (!fits) return WrongArguments(call, std::string(call.name) + "(array of numbers)");
  const Type given = ElementOf(call.types[0]);
  BoundFunction bound;
  bound.result = kReal;
  bound.kernel = Fold<double, AddTo<double>, 0, false>;
  if (given.is_integer() && given.id() != TypeId::kUInt64) {
    bound.result = kBigint;
    bound.kernel = Fold<int64_t, AddTo<int64_t>, 0, false>;
  } else if (given.id() == TypeId::kDecimal || given.id() == TypeId::kUInt64) {
    bound.result = Type::Decimal(38, given.scale());
    bound.kernel = Fold<Int128, AddTo<Int128>, 0, false>;
  }
  bound.arguments = {Type::Array(bound.result)};
  return bound;
}

const Type& NumberListType() {
  static const Type type = Type::Array(kReal);
  return type;
}

// Distances between arrays of equal length; a NULL element makes the result NULL.
enum class Measure : uint8_t { kEuclid, kDot, kCosine };

template <Measure M>
void Distance(KernelContext& context, Arguments args, Column& out) {
  for (uint32_t row = 0; row < context.rows; ++row) {
    out.As<double>()[row] = 0;
    if (out.IsNull(row)) continue;
    const ListRow a(*args[0], row);
    const ListRow b(*args[1], row);
    if (a.length != b.length) {
      context.Fail(out, row, ErrorCode::kBadValue);
      continue;
    }
    double dot = 0;
    double square_a = 0;
    double square_b = 0;
    double square_gap = 0;
    bool has_null = false;
    for (uint32_t i = 0; i < a.length; ++i) {
      has_null = has_null || a.IsNull(i) || b.IsNull(i);
      const double x = a.items->As<double>()[a.offset + i];
      const double y = b.items->As<double>()[b.offset + i];
      dot += x * y;
      square_a += x * x;
      square_b += y * y;
      square_gap += (x - y) * (x - y);
    }
    const double norm = std::sqrt(square_a) * std::sqrt(square_b);
    out.As<double>()[row] = M == Measure::kDot ? dot : M == Measure::kEuclid ? std::sqrt(square_gap) : 1 - dot / norm;
    if (has_null || (M == Measure::kCosine && norm == 0)) {
      out.As<double>()[row] = 0;
      context.Null(out, row);
    }
  }
}

// Elements as text with a separator between them; NULLs are left out, or shown as the third argument.
void JoinTexts(KernelContext& context, Arguments args, Column& out) {
  for (uint32_t row = 0; row < context.rows; ++row) {
    StringRef& to = out.As<StringRef>()[row];
    to = StringRef();
    if (out.IsNull(row)) continue;
    const ListRow list(*args[0], row);
    const StringRef separator = Arg<StringRef>(*args[1])[row];
    TextBuilder builder;
    bool is_first = true;
    for (uint32_t i = list.offset; i < list.end() && !builder.is_too_long(); ++i) {
      const bool is_null = list.items->IsNull(i);
      if (is_null && args.size() < 3) continue;
      if (!is_first) builder.Add(separator.view());
      is_first = false;
      const StringRef item = is_null ? Arg<StringRef>(*args[2])[row] : list.items->As<StringRef>()[i];
      builder.Add(item.view());
    }
    Mark(context, out, row, builder.Finish(context, to));
  }
}

Result<BoundFunction> BindJoinTexts(const BindCall& call) {
  const size_t count = call.types.size();
  bool fits = (count == 2 || count == 3) && IsListOrNull(call.types[0]);
  for (size_t i = 1; i < count; ++i) fits = fits && IsTextOrNull(call.types[i]);
  if (!fits) return WrongArguments(call, std::string(call.name) + "(array, separator [, text for NULL])");
  BoundFunction bound;
  bound.arguments.assign(count, kText);
  bound.arguments[0] = TextListType();
  bound.result = kText;
  bound.kernel = JoinTexts;
  return bound;
}

void RegisterSearches(expr::FunctionRegistry& registry) {
  Scalar(registry, "array_contains")
      .Alias("array_has")
      .Alias("list_contains")
      .Alias("list_has")
      .Category("array")
      .Doc("True when an element equals the value.")
      .Example("array_contains([1, 2, 3], 2)", "true")
      .Costly()
      .Bind(BindContains);
  Scalar(registry, "array_position")
      .Alias("list_position")
      .Alias("array_indexof")
      .Alias("list_indexof")
      .Category("array")
      .Doc("Position of the first element that equals the value, from 1; NULL when there is none.")
      .Example("array_position(['a', 'b'], 'b')", "2")
      .Costly()
      .Bind(BindPosition);
  Scalar(registry, "array_positions")
      .Alias("list_positions")
      .Category("array")
      .Doc("Positions of all elements that equal the value, from 1.")
      .Example("array_positions([1, 2, 1], 1)", "[1, 3]")
      .Costly()
      .Bind(BindPositions);
  Scalar(registry, "array_has_any")
      .Alias("arrays_overlap")
      .Alias("list_has_any")
      .Category("array")
      .Doc("True when both arrays have an element in common.")
      .Example("array_has_any([1, 2], [2, 3])", "true")
      .Costly()
      .Bind(BindHas<false>);
  Scalar(registry, "array_has_all")
      .Alias("list_has_all")
      .Category("array")
      .Doc("True when the first array has every element of the second.")
      .Example("array_has_all([1, 2, 3], [3, 1])", "true")
      .Costly()
      .Bind(BindHas<true>);
}

void RegisterFolds(expr::FunctionRegistry& registry) {
  Scalar(registry, "array_min")
      .Alias("list_min")
      .Category("array")
      .Doc("The smallest element.")
      .Example("array_min([3, 1, 2])", "1")
      .CustomNulls()
      .Costly()
      .Bind(BindOneElement<Extreme<-1>>);
  Scalar(registry, "array_max")
      .Alias("list_max")
      .Category("array")
      .Doc("The largest element.")
      .Example("array_max([3, 1, 2])", "3")
      .CustomNulls()
      .Costly()
      .Bind(BindOneElement<Extreme<1>>);
  Scalar(registry, "array_any_value")
      .Alias("list_any_value")
      .Category("array")
      .Doc("The first element that is not NULL.")
      .Example("array_any_value([NULL, 7, 8])", "7")
      .CustomNulls()
      .Costly()
      .Bind(BindOneElement<AnyValue>);
  Scalar(registry, "array_sum")
      .Alias("list_sum")
      .Category("array")
      .Doc("The sum of the elements.")
      .Example("array_sum([1, 2, 3])", "6")
      .MayFail()
      .Costly()
      .Bind(BindSum);
  Scalar(registry, "array_avg")
      .Alias("list_avg")
      .Category("array")
      .Doc("The mean of the elements.")
      .Example("array_avg([1, 2])", "1.5")
      .Costly()
      .Add({NumberListType()}, kReal, Fold<double, AddTo<double>, 0, true>);
  Scalar(registry, "array_product")
      .Alias("list_product")
      .Category("array")
      .Doc("The product of the elements.")
      .Example("array_product([0.5, 5])", "2.5")
      .Costly()
      .Add({NumberListType()}, kReal, Fold<double, MultiplyTo<double>, 1, false>);
}

void RegisterDistances(expr::FunctionRegistry& registry) {
  const std::vector<Type> two = {NumberListType(), NumberListType()};
  Scalar(registry, "array_distance")
      .Alias("list_distance")
      .Category("array")
      .Doc("Euclidean distance of two arrays of numbers.")
      .Example("array_distance([0, 0], [1.5, 2])", "2.5")
      .MayFail()
      .Costly()
      .Add(two, kReal, Distance<Measure::kEuclid>);
  Scalar(registry, "dot_product")
      .Alias("inner_product")
      .Alias("array_inner_product")
      .Category("array")
      .Doc("Sum of the products of elements at equal positions.")
      .Example("dot_product([1, 2], [0.5, 1])", "2.5")
      .MayFail()
      .Costly()
      .Add(two, kReal, Distance<Measure::kDot>);
  Scalar(registry, "cosine_distance")
      .Category("array")
      .Doc("1 minus the cosine of the angle between two arrays of numbers.")
      .Example("round(cosine_distance([1, 0], [1, 1]), 6)", "0.292893")
      .MayFail()
      .Costly()
      .Add(two, kReal, Distance<Measure::kCosine>);
}

}  // namespace

void RegisterListMeasure(expr::FunctionRegistry& registry) {
  Scalar(registry, "array_length")
      .Alias("cardinality")
      .Alias("len")
      .Alias("list_length")
      .Alias("array_size")
      .Category("array")
      .Doc("Number of elements of an array or map.")
      .Example("array_length([1, 2, 3])", "3")
      .Bind(BindLength);
  Scalar(registry, "empty")
      .Alias("array_empty")
      .Alias("list_empty")
      .Category("array")
      .Doc("True for an array or map without elements.")
      .Example("empty([])", "true")
      .Bind(BindEmpty);
  Scalar(registry, "array_element")
      .Alias("array_extract")
      .Alias("list_element")
      .Alias("list_extract")
      .Category("array")
      .Doc("The i-th element, counted from 1 or, negative, from the end; NULL outside; a[i] is short for it.")
      .Example("array_element([10, 20], 2)", "20")
      .Example("([10, 20])[-2]", "10")
      .Bind(BindElement);
  RegisterSearches(registry);
  RegisterFolds(registry);
  RegisterDistances(registry);
  Scalar(registry, "array_to_string")
      .Alias("array_join")
      .Alias("list_to_string")
      .Alias("list_join")
      .Category("array")
      .Doc("The elements as text with a separator between them; NULLs are left out or shown as a third text.")
      .Example("array_to_string([1, NULL, 2], '-')", "1-2")
      .Example("array_to_string([1, NULL], '-', '?')", "1-?")
      .MayFail()
      .Costly()
      .Bind(BindJoinTexts);
}

}  // namespace laminar::functions
