// Arrays made anew: from values, from other arrays, from text, as a range of numbers.
//
// Law: positions count from 1. A NULL array gives NULL, but for concat (skips it) and append, prepend (take it as
// empty); NULL elements are kept.
#include <algorithm>

#include "functions/scalar/list_element.h"

namespace laminar::functions {
namespace {

const Type& IntegerListType() {
  static const Type type = Type::Array(kBigint);
  return type;
}

void MakeArray(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const uint32_t first = writer.Start(row, static_cast<uint32_t>(args.size()));
    for (uint32_t i = 0; i < args.size(); ++i) writer.Copy(first + i, *args[i], row, 1);
  }
}

Result<BoundFunction> BindMakeArray(const BindCall& call) {
  Type common(TypeId::kNull);
  for (const Type& type : call.types) common = TRY(expr::CommonType(common, type));
  BoundFunction bound;
  bound.arguments.assign(call.types.size(), common);
  auto state = std::make_shared<ListState>(common);
  bound.result = state->list;
  bound.kernel = MakeArray;
  bound.state = std::move(state);
  return bound;
}

// Copies whole arrays one behind the other; absent parts are skipped.
void Join(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  for (uint32_t row = 0; row < context.rows; ++row) {
    uint64_t total = 0;
    bool is_null = true;
    for (const Column* arg : args) {
      is_null = is_null && arg->IsNull(row);
      total += ListRow(*arg, row).length;
    }
    writer.Empty(row);
    if (is_null || total > kListItemsMax) {
      Mark(context, out, row, is_null ? Outcome::Null() : Outcome::Fail(ErrorCode::kLimitReached));
      continue;
    }
    uint32_t to = writer.Start(row, static_cast<uint32_t>(total));
    for (const Column* arg : args) {
      const ListRow part(*arg, row);
      writer.Copy(to, *part.items, part.offset, part.length);
      to += part.length;
    }
  }
}

Result<BoundFunction> BindJoin(const BindCall& call) {
  if (call.types.size() < 2) return WrongArguments(call, "array_concat(array, array, ...)");
  Type common(TypeId::kNull);
  for (const Type& type : call.types) {
    if (!IsListOrNull(type)) return WrongArguments(call, "array_concat(array, array, ...)");
    common = TRY(expr::CommonType(common, ElementOf(type)));
  }
  auto state = std::make_shared<ListState>(common);
  BoundFunction bound;
  bound.arguments.assign(call.types.size(), state->list);
  bound.result = state->list;
  bound.kernel = Join;
  bound.state = std::move(state);
  return bound;
}

// The array is argument kList, the new element the other one.
template <size_t kList, bool at_end>
void AddElement(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  for (uint32_t row = 0; row < context.rows; ++row) {
    const ListRow list(*args[kList], row);
    writer.Empty(row);
    if (list.length >= kListItemsMax) {
      context.Fail(out, row, ErrorCode::kLimitReached);
      continue;
    }
    const uint32_t first = writer.Start(row, list.length + 1);
    if (list.length > 0) writer.Copy(first + (at_end ? 0 : 1), *list.items, list.offset, list.length);
    writer.Copy(at_end ? first + list.length : first, *args[1 - kList], row, 1);
  }
}

template <size_t kList, bool at_end>
Result<BoundFunction> BindAddElement(const BindCall& call) {
  if (call.types.size() != 2 || !IsListOrNull(call.types[kList])) {
    return WrongArguments(call, std::string(call.name) + (kList == 0 ? "(array, element)" : "(element, array)"));
  }
  const Type element = TRY(ElementMeeting(call.types[kList], call.types[1 - kList]));
  auto state = std::make_shared<ListState>(element);
  BoundFunction bound;
  bound.arguments.assign(2, element);
  bound.arguments[kList] = state->list;
  bound.result = state->list;
  bound.kernel = AddElement<kList, at_end>;
  bound.state = std::move(state);
  return bound;
}

// Arrays of arrays become one.
void Flatten(KernelContext& context, Arguments args, Column& out) {
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const ListRow outer(*args[0], row);
    uint64_t total = 0;
    for (uint32_t i = outer.offset; i < outer.end(); ++i) total += ListRow(*outer.items, i).length;
    if (total > kListItemsMax) {
      context.Fail(out, row, ErrorCode::kLimitReached);
      continue;
    }
    uint32_t to = writer.Start(row, static_cast<uint32_t>(total));
    for (uint32_t i = outer.offset; i < outer.end(); ++i) {
      const ListRow inner(*outer.items, i);
      writer.Copy(to, *inner.items, inner.offset, inner.length);
      to += inner.length;
    }
  }
}

Result<BoundFunction> BindFlatten(const BindCall& call) {
  const bool fits =
      call.types.size() == 1 && call.types[0].id() == TypeId::kArray && call.types[0].element().id() == TypeId::kArray;
  if (!fits) return WrongArguments(call, "flatten(array of arrays)");
  BoundFunction bound;
  bound.arguments = {call.types[0]};
  bound.result = call.types[0].element();
  bound.kernel = Flatten;
  bound.state = std::make_shared<ListState>(call.types[0].element().element());
  return bound;
}

// range, generate_series

template <bool is_inclusive>
void Range(KernelContext& context, Arguments args, Column& out) {
  ListWriter writer(context, out, IntegerListType());
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const int64_t start = args.size() == 1 ? (is_inclusive ? 1 : 0) : Arg<int64_t>(*args[0])[row];
    const int64_t stop = Arg<int64_t>(*args[args.size() == 1 ? 0 : 1])[row];
    const int64_t step = args.size() < 3 ? 1 : Arg<int64_t>(*args[2])[row];
    if (step == 0) {
      context.Fail(out, row, ErrorCode::kOutOfRange);
      continue;
    }
    const Int128 span = step > 0 ? static_cast<Int128>(stop) - start : static_cast<Int128>(start) - stop;
    const Int128 width = step > 0 ? static_cast<Int128>(step) : -static_cast<Int128>(step);
    Int128 count = 0;
    if (is_inclusive && span >= 0) count = span / width + 1;
    if (!is_inclusive && span > 0) count = (span + width - 1) / width;
    if (count > static_cast<Int128>(kListItemsMax)) {
      context.Fail(out, row, ErrorCode::kLimitReached);
      continue;
    }
    const uint32_t first = writer.Start(row, static_cast<uint32_t>(count));
    int64_t* to = writer.child().As<int64_t>() + first;
    for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) to[i] = start + i * step;
  }
}

// element repeated count times
void RepeatElement(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    const bool is_null = args[1]->IsNull(row);
    const int64_t count = is_null ? 0 : std::max<int64_t>(Arg<int64_t>(*args[1])[row], 0);
    if (is_null || count > static_cast<int64_t>(kListItemsMax)) {
      Mark(context, out, row, is_null ? Outcome::Null() : Outcome::Fail(ErrorCode::kLimitReached));
      continue;
    }
    const uint32_t first = writer.Start(row, static_cast<uint32_t>(count));
    for (uint32_t i = 0; i < count; ++i) writer.Copy(first + i, *args[0], row, 1);
  }
}

Result<BoundFunction> BindRepeat(const BindCall& call) {
  if (call.types.size() != 2 || !IsIntegerOrNull(call.types[1]))
    return WrongArguments(call, "array_repeat(element, count)");
  auto state = std::make_shared<ListState>(call.types[0]);
  BoundFunction bound;
  bound.arguments = {call.types[0], kBigint};
  bound.result = state->list;
  bound.kernel = RepeatElement;
  bound.state = std::move(state);
  return bound;
}

// Text to array: cut at a separator; without one (NULL) into characters is not done, an empty one keeps the text whole.
void SplitText(KernelContext& context, Arguments args, Column& out) {
  static thread_local std::vector<StringRef> items;
  const AllowAllocation growth;
  const Arg<StringRef> texts(*args[0]);
  const Arg<StringRef> separators(*args[1]);
  ListWriter writer(context, out, TextListType());
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const StringRef text = texts[row];
    const StringRef separator = separators[row];
    std::string_view rest = text.view();
    items.clear();
    while (separator.length > 0) {
      const size_t at = rest.find(separator.view());
      if (at == std::string_view::npos) break;
      items.emplace_back(rest.substr(0, at));
      rest.remove_prefix(at + separator.length);
    }
    items.emplace_back(rest);
    if (text.length == 0) items.clear();
    writer.Fill(row, items);
    if (args.size() < 3) continue;
    const StringRef null_text = Arg<StringRef>(*args[2])[row];
    const uint32_t first = out.As<ListEntry>()[row].offset;
    for (uint32_t i = 0; i < items.size(); ++i) {
      if (items[i] == null_text) writer.SetNull(first + i);
    }
  }
}

void RegisterAdding(expr::FunctionRegistry& registry) {
  Scalar(registry, "array_append")
      .Alias("list_append")
      .Alias("array_push_back")
      .Alias("list_push_back")
      .Alias("array_add")
      .Alias("list_add")
      .Category("array")
      .Doc("The array with an element added at its end.")
      .Example("array_append([1, 2], 3)", "[1, 2, 3]")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindAddElement<0, true>);
  Scalar(registry, "array_prepend")
      .Alias("list_prepend")
      .Category("array")
      .Doc("The array with an element put before its first.")
      .Example("array_prepend(0, [1, 2])", "[0, 1, 2]")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindAddElement<1, false>);
  Scalar(registry, "array_push_front")
      .Alias("list_push_front")
      .Category("array")
      .Doc("The array with an element put before its first.")
      .Example("array_push_front([1, 2], 0)", "[0, 1, 2]")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindAddElement<0, false>);
  Scalar(registry, "array_concat")
      .Alias("array_cat")
      .Alias("list_concat")
      .Alias("list_cat")
      .Category("array")
      .Doc("Arrays one behind the other; NULL arrays are left out.")
      .Example("array_concat([1], [2, 3])", "[1, 2, 3]")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindJoin);
}

}  // namespace

void RegisterListBuild(expr::FunctionRegistry& registry) {
  RegisterAdding(registry);
  const Type& integers = IntegerListType();
  const Type& texts = TextListType();
  Scalar(registry, "make_array")
      .Alias("array_value")
      .Alias("list_value")
      .Alias("make_list")
      .Category("array")
      .Doc("An array of the values; [1, 2] is short for it.")
      .Example("make_array(1, 2, NULL)", "[1, 2, NULL]")
      .CustomNulls()
      .Costly()
      .Bind(BindMakeArray);
  Scalar(registry, "flatten")
      .Category("array")
      .Doc("An array of arrays as one array.")
      .Example("flatten([[1, 2], [3]])", "[1, 2, 3]")
      .MayFail()
      .Costly()
      .Bind(BindFlatten);
  Scalar(registry, "range")
      .Category("array")
      .Doc("Numbers from start (default 0) up to, not including, stop, by a step (default 1).")
      .Example("range(3)", "[0, 1, 2]")
      .Example("range(10, 4, -3)", "[10, 7]")
      .MayFail()
      .Costly()
      .Add({kBigint}, integers, Range<false>)
      .Add({kBigint, kBigint}, integers, Range<false>)
      .Add({kBigint, kBigint, kBigint}, integers, Range<false>);
  Scalar(registry, "generate_series")
      .Category("array")
      .Doc("Numbers from start to stop, both included, by a step (default 1).")
      .Example("generate_series(2, 8, 3)", "[2, 5, 8]")
      .MayFail()
      .Costly()
      .Add({kBigint, kBigint}, integers, Range<true>)
      .Add({kBigint, kBigint, kBigint}, integers, Range<true>);
  Scalar(registry, "array_repeat")
      .Alias("list_repeat")
      .Category("array")
      .Doc("An array of an element count times.")
      .Example("array_repeat(7, 3)", "[7, 7, 7]")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindRepeat);
  Scalar(registry, "string_to_array")
      .Alias("string_to_list")
      .Alias("string_split")
      .Category("array")
      .Doc("The parts of a text between separators; parts equal to a third argument become NULL.")
      .Example("string_to_array('a,b', ',')", "[a, b]")
      .Example("string_to_array('a,,b', ',', '')", "[a, NULL, b]")
      .Costly()
      .Add({kText, kText}, texts, SplitText)
      .Add({kText, kText, kText}, texts, SplitText);
}

}  // namespace laminar::functions
