// Arrays made of elements of an array: slices, orders, sets, removals.
//
// Each function here chooses positions of its first argument; one loop copies them. Law: NULL array, NULL result; the
// order of the array is kept where the function does not say otherwise.
#include <algorithm>

#include "base/text.h"
#include "functions/scalar/list_element.h"

namespace laminar::functions {
namespace {

using Positions = std::vector<uint32_t>;
// Appends the positions (slots of row.items) that the result has.
using Pick = Outcome (*)(const ListState& state, const ListRow& row, Arguments args, uint32_t index,
                         Positions& positions);

template <Pick F>
void PickKernel(KernelContext& context, Arguments args, Column& out) {
  const AllowAllocation growth;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  Positions& positions = PositionScratch();
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const ListRow list(*args[0], row);
    positions.clear();
    const Outcome outcome = F(state, list, args, row, positions);
    Mark(context, out, row, outcome);
    if (outcome.bits() == 0) WriteChosen(context, writer, row, *list.items, positions);
  }
}
// The same, where arguments other than the array may be NULL.
template <Pick F>
void PickWithNulls(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  for (uint32_t row = 0; row < context.rows; ++row) {
    if (args[0]->IsNull(row)) context.Null(out, row);
  }
  PickKernel<F>(context, args, out);
}

void AddAll(const ListRow& row, Positions& positions) {
  for (uint32_t i = row.offset; i < row.end(); ++i) positions.push_back(i);
}

Outcome Reverse(const ListState&, const ListRow& row, Arguments, uint32_t, Positions& positions) {
  for (uint32_t i = row.end(); i > row.offset; --i) positions.push_back(i - 1);
  return {};
}
Outcome Distinct(const ListState& state, const ListRow& row, Arguments, uint32_t, Positions& positions) {
  DistinctPositions(state, row, positions);
  return {};
}
Outcome Compact(const ListState&, const ListRow& row, Arguments, uint32_t, Positions& positions) {
  for (uint32_t i = row.offset; i < row.end(); ++i) {
    if (!row.items->IsNull(i)) positions.push_back(i);
  }
  return {};
}
Outcome PopBack(const ListState&, const ListRow& row, Arguments, uint32_t, Positions& positions) {
  for (uint32_t i = row.offset; i + 1 < row.end(); ++i) positions.push_back(i);
  return {};
}
Outcome PopFront(const ListState&, const ListRow& row, Arguments, uint32_t, Positions& positions) {
  for (uint32_t i = row.offset + 1; i < row.end(); ++i) positions.push_back(i);
  return {};
}

Outcome Sort(const ListState& state, const ListRow& row, Arguments args, uint32_t index, Positions& positions) {
  bool is_descending = false;
  bool nulls_first = false;
  if (args.size() > 1) {
    const StringRef order = Arg<StringRef>(*args[1])[index];
    is_descending = EqualsIgnoreCase(order.view(), "desc");
    if (!is_descending && !EqualsIgnoreCase(order.view(), "asc")) return Outcome::Fail(ErrorCode::kBadValue);
  }
  if (args.size() > 2) {
    const StringRef nulls = Arg<StringRef>(*args[2])[index];
    nulls_first = EqualsIgnoreCase(nulls.view(), "nulls first");
    if (!nulls_first && !EqualsIgnoreCase(nulls.view(), "nulls last")) return Outcome::Fail(ErrorCode::kBadValue);
  }
  AddAll(row, positions);
  std::sort(positions.begin(), positions.end(), [&](uint32_t a, uint32_t b) {
    const bool a_null = row.items->IsNull(a);
    const bool b_null = row.items->IsNull(b);
    if (a_null != b_null) return a_null == nulls_first;
    const int order = a_null ? 0 : state.compare(state.element, *row.items, a, *row.items, b);
    if (order == 0) return a < b;
    return is_descending ? order > 0 : order < 0;
  });
  return {};
}

// Elements from..to, both included, from 1; negative ones count from the end, NULL is open; every step-th of them.
Outcome Slice(const ListState&, const ListRow& row, Arguments args, uint32_t index, Positions& positions) {
  const int64_t length = row.length;
  auto bound = [&](size_t i, int64_t open) {
    if (i >= args.size() || args[i]->IsNull(index)) return open;
    const int64_t given = Arg<int64_t>(*args[i])[index];
    return given < 0 ? std::max<int64_t>(given, -length - 1) + length + 1 : given;
  };
  const int64_t from = std::max<int64_t>(bound(1, 1), 1);
  const int64_t to = std::min(bound(2, length), length);
  const int64_t step = args.size() < 4 || args[3]->IsNull(index) ? 1 : Arg<int64_t>(*args[3])[index];
  if (step <= 0) return Outcome::Fail(ErrorCode::kOutOfRange);
  for (int64_t i = from; i <= to; i += std::min(step, std::max<int64_t>(length, 1)))
    positions.push_back(row.offset + static_cast<uint32_t>(i - 1));
  return {};
}

// Without the elements equal to a value; a NULL value removes NULLs. With a count: only the first so many.
template <bool has_count, int64_t kCount>
Outcome Remove(const ListState& state, const ListRow& row, Arguments args, uint32_t index, Positions& positions) {
  int64_t left = has_count ? Arg<int64_t>(*args[2])[index] : kCount;
  const Column& wanted = *args[1];
  const bool is_null = wanted.IsNull(index);
  for (uint32_t i = row.offset; i < row.end(); ++i) {
    const bool item_null = row.items->IsNull(i);
    const bool is_equal = item_null || is_null
                              ? item_null && is_null
                              : state.compare(state.element, *row.items, i, wanted, wanted.Slot(index)) == 0;
    if (is_equal && left > 0) {
      --left;
    } else {
      positions.push_back(i);
    }
  }
  return {};
}

// Distinct elements of the first array that are (or are not) in the second.
template <bool is_kept>
Outcome InBoth(const ListState& state, const ListRow& row, Arguments args, uint32_t index, Positions& positions) {
  DistinctPositions(state, row, positions);
  const ListRow other(*args[1], index);
  const ElementSet set(state, other);
  std::erase_if(positions, [&](uint32_t i) { return set.Contains(*row.items, i) != is_kept; });
  return {};
}

// Binding

std::shared_ptr<ListState> StateFor(const Type& element) { return std::make_shared<ListState>(element); }

BoundFunction BoundTo(std::vector<Type> arguments, std::shared_ptr<ListState> state, expr::Kernel kernel) {
  BoundFunction bound;
  bound.arguments = std::move(arguments);
  bound.result = state->list;
  bound.kernel = kernel;
  bound.state = std::move(state);
  return bound;
}

template <Pick F>
Result<BoundFunction> BindAlone(const BindCall& call) {
  if (call.types.size() != 1 || !IsListOrNull(call.types[0]))
    return WrongArguments(call, std::string(call.name) + "(array)");
  auto state = StateFor(ElementOf(call.types[0]));
  return BoundTo({state->list}, state, PickKernel<F>);
}

Result<BoundFunction> BindSort(const BindCall& call) {
  const size_t count = call.types.size();
  bool fits = count >= 1 && count <= 3 && IsListOrNull(call.types[0]);
  for (size_t i = 1; i < count; ++i) fits = fits && IsTextOrNull(call.types[i]);
  if (!fits) return WrongArguments(call, "array_sort(array [, 'ASC' or 'DESC' [, 'NULLS FIRST' or 'NULLS LAST']])");
  auto state = StateFor(ElementOf(call.types[0]));
  std::vector<Type> arguments(count, kText);
  arguments[0] = state->list;
  return BoundTo(std::move(arguments), state, PickKernel<Sort>);
}

Result<BoundFunction> BindSlice(const BindCall& call) {
  const size_t count = call.types.size();
  bool fits = count >= 3 && count <= 4 && IsListOrNull(call.types[0]);
  for (size_t i = 1; i < count; ++i) fits = fits && IsIntegerOrNull(call.types[i]);
  if (!fits) return WrongArguments(call, "array_slice(array, from, to [, step])");
  auto state = StateFor(ElementOf(call.types[0]));
  std::vector<Type> arguments(count, kBigint);
  arguments[0] = state->list;
  return BoundTo(std::move(arguments), state, PickWithNulls<Slice>);
}

template <Pick F, bool has_count>
Result<BoundFunction> BindRemove(const BindCall& call) {
  const bool fits = call.types.size() == (has_count ? 3 : 2) && IsListOrNull(call.types[0]) &&
                    (!has_count || IsIntegerOrNull(call.types[2]));
  if (!fits)
    return WrongArguments(call, std::string(call.name) + (has_count ? "(array, element, count)" : "(array, element)"));
  const Type element = TRY(ElementMeeting(call.types[0], call.types[1]));
  auto state = StateFor(element);
  std::vector<Type> arguments = {state->list, element};
  if (has_count) arguments.emplace_back(kBigint);
  return BoundTo(std::move(arguments), state, PickWithNulls<F>);
}

template <expr::Kernel kKernel>
Result<BoundFunction> BindTwo(const BindCall& call) {
  const bool fits = call.types.size() == 2 && IsListOrNull(call.types[0]) && IsListOrNull(call.types[1]);
  if (!fits) return WrongArguments(call, std::string(call.name) + "(array, array)");
  auto state = StateFor(TRY(expr::CommonType(ElementOf(call.types[0]), ElementOf(call.types[1]))));
  return BoundTo({state->list, state->list}, state, kKernel);
}

// The distinct elements of both arrays, those of the first in front.
void Union(KernelContext& context, Arguments args, Column& out) {
  const AllowAllocation growth;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  Positions& positions = PositionScratch();
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const ListRow a(*args[0], row);
    const ListRow b(*args[1], row);
    positions.clear();
    DistinctPositions(state, b, positions);
    {
      const ElementSet set(state, a);
      std::erase_if(positions, [&](uint32_t i) { return set.Contains(*b.items, i); });
    }
    static thread_local Positions first;
    first.clear();
    DistinctPositions(state, a, first);
    const uint32_t to = writer.Start(row, static_cast<uint32_t>(first.size() + positions.size()));
    for (uint32_t i = 0; i < first.size(); ++i) writer.Copy(to + i, *a.items, first[i], 1);
    const uint32_t rest = to + static_cast<uint32_t>(first.size());
    for (uint32_t i = 0; i < positions.size(); ++i) writer.Copy(rest + i, *b.items, positions[i], 1);
  }
}

// Elements equal to a value become another.
template <int64_t kCount>
void Replace(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const AllowAllocation growth;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (args[0]->IsNull(row)) {
      context.Null(out, row);
      continue;
    }
    const ListRow list(*args[0], row);
    const uint32_t first = writer.Start(row, list.length);
    int64_t left = kCount;
    const bool is_null = args[1]->IsNull(row);
    for (uint32_t i = 0; i < list.length; ++i) {
      const bool item_null = list.IsNull(i);
      const bool is_equal = item_null || is_null ? item_null && is_null
                                                 : state.compare(state.element, *list.items, list.offset + i, *args[1],
                                                                 args[1]->Slot(row)) == 0;
      if (is_equal && left > 0) {
        --left;
        writer.Copy(first + i, *args[2], row, 1);
      } else {
        writer.Copy(first + i, *list.items, list.offset + i, 1);
      }
    }
  }
}

template <int64_t kCount>
Result<BoundFunction> BindReplace(const BindCall& call) {
  if (call.types.size() != 3 || !IsListOrNull(call.types[0])) {
    return WrongArguments(call, std::string(call.name) + "(array, from, to)");
  }
  const Type element = TRY(expr::CommonType(TRY(ElementMeeting(call.types[0], call.types[1])), call.types[2]));
  auto state = StateFor(element);
  return BoundTo({state->list, element, element}, state, Replace<kCount>);
}

constexpr int64_t kAll = INT64_MAX;

void RegisterOrders(expr::FunctionRegistry& registry) {
  Scalar(registry, "array_reverse")
      .Alias("list_reverse")
      .Category("array")
      .Doc("The elements in reverse order.")
      .Example("array_reverse([1, 2, 3])", "[3, 2, 1]")
      .Costly()
      .Bind(BindAlone<Reverse>);
  Scalar(registry, "array_sort")
      .Alias("list_sort")
      .Category("array")
      .Doc("The elements in order: 'ASC' (default) or 'DESC', 'NULLS LAST' (default) or 'NULLS FIRST'.")
      .Example("array_sort([2, NULL, 1])", "[1, 2, NULL]")
      .Example("array_sort([2, 3, 1], 'DESC')", "[3, 2, 1]")
      .MayFail()
      .Costly()
      .Bind(BindSort);
  Scalar(registry, "array_distinct")
      .Alias("list_distinct")
      .Category("array")
      .Doc("Each different element once.")
      .Example("array_distinct([2, 1, 2])", "[2, 1]")
      .Costly()
      .Bind(BindAlone<Distinct>);
  Scalar(registry, "array_compact")
      .Alias("list_compact")
      .Category("array")
      .Doc("Without NULL elements.")
      .Example("array_compact([1, NULL, 2])", "[1, 2]")
      .Costly()
      .Bind(BindAlone<Compact>);
  Scalar(registry, "array_pop_back")
      .Alias("list_pop_back")
      .Category("array")
      .Doc("Without the last element.")
      .Example("array_pop_back([1, 2, 3])", "[1, 2]")
      .Costly()
      .Bind(BindAlone<PopBack>);
  Scalar(registry, "array_pop_front")
      .Alias("list_pop_front")
      .Category("array")
      .Doc("Without the first element.")
      .Example("array_pop_front([1, 2, 3])", "[2, 3]")
      .Costly()
      .Bind(BindAlone<PopFront>);
  Scalar(registry, "array_slice")
      .Alias("list_slice")
      .Category("array")
      .Doc("Elements from..to, both included and counted from 1; negative positions count from the end, NULL is open.")
      .Example("array_slice([1, 2, 3, 4], 2, 3)", "[2, 3]")
      .Example("array_slice([1, 2, 3, 4], -2, NULL)", "[3, 4]")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindSlice);
}

}  // namespace

void RegisterListPick(expr::FunctionRegistry& registry) {
  RegisterOrders(registry);
  Scalar(registry, "array_remove_all")
      .Alias("list_remove_all")
      .Alias("array_remove")
      .Alias("list_remove")
      .Category("array")
      .Doc("Without the elements equal to a value.")
      .Example("array_remove([1, 2, 1], 1)", "[2]")
      .CustomNulls()
      .Costly()
      .Bind(BindRemove<Remove<false, kAll>, false>);
  Scalar(registry, "array_remove_n")
      .Alias("list_remove_n")
      .Category("array")
      .Doc("Without the first n elements equal to a value.")
      .Example("array_remove_n([1, 2, 1], 1, 1)", "[2, 1]")
      .CustomNulls()
      .Costly()
      .Bind(BindRemove<Remove<true, 0>, true>);
  Scalar(registry, "array_replace_all")
      .Alias("list_replace_all")
      .Alias("array_replace")
      .Alias("list_replace")
      .Category("array")
      .Doc("Elements equal to a value replaced by another.")
      .Example("array_replace([1, 2, 1], 1, 9)", "[9, 2, 9]")
      .CustomNulls()
      .Costly()
      .Bind(BindReplace<kAll>);
  Scalar(registry, "array_intersect")
      .Alias("list_intersect")
      .Category("array")
      .Doc("The different elements that both arrays have.")
      .Example("array_intersect([1, 2, 3], [3, 1])", "[1, 3]")
      .Costly()
      .Bind(BindTwo<PickKernel<InBoth<true>>>);
  Scalar(registry, "array_except")
      .Alias("list_except")
      .Alias("array_subtract")
      .Alias("list_subtract")
      .Category("array")
      .Doc("The different elements of the first array that the second has not.")
      .Example("array_except([1, 2, 3], [3, 1])", "[2]")
      .Costly()
      .Bind(BindTwo<PickKernel<InBoth<false>>>);
  Scalar(registry, "array_union")
      .Alias("list_union")
      .Category("array")
      .Doc("The different elements of both arrays.")
      .Example("array_union([1, 2], [2, 3])", "[1, 2, 3]")
      .Costly()
      .Bind(BindTwo<Union>);
}

}  // namespace laminar::functions
