// The shape of arrays: depth, size, pairs of elements, and arrays of numbers scaled.
#include <algorithm>
#include <cmath>

#include "functions/scalar/list_element.h"

namespace laminar::functions {
namespace {

// How many arrays stand inside each other: known from the type.
struct DepthState final : expr::FunctionState {
  int64_t depth = 0;
};

void Depth(KernelContext& context, Arguments, Column& out) {
  for (uint32_t row = 0; row < context.rows; ++row) out.As<int64_t>()[row] = StateOf<DepthState>(context).depth;
}

Result<BoundFunction> BindDepth(const BindCall& call) {
  if (call.types.size() != 1 || call.types[0].id() != TypeId::kArray) return WrongArguments(call, "array_ndims(array)");
  auto state = std::make_shared<DepthState>();
  for (Type type = call.types[0]; type.id() == TypeId::kArray; type = Type(type.element())) ++state->depth;
  BoundFunction bound;
  bound.arguments = {call.types[0]};
  bound.result = kBigint;
  bound.kernel = Depth;
  bound.state = std::move(state);
  return bound;
}

// Cut, or filled up with a value (NULL by default), to a length.
void Resize(KernelContext& context, Arguments args, Column& out) {
  out.has_nulls = false;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (args[0]->IsNull(row) || args[1]->IsNull(row)) {
      context.Null(out, row);
      continue;
    }
    const int64_t size = Arg<int64_t>(*args[1])[row];
    if (size < 0 || size > static_cast<int64_t>(kListItemsMax)) {
      context.Fail(out, row, size < 0 ? ErrorCode::kOutOfRange : ErrorCode::kLimitReached);
      continue;
    }
    const ListRow list(*args[0], row);
    const uint32_t kept = std::min(list.length, static_cast<uint32_t>(size));
    const uint32_t first = writer.Start(row, static_cast<uint32_t>(size));
    writer.Copy(first, *list.items, list.offset, kept);
    for (uint32_t i = kept; i < size; ++i) {
      if (args.size() > 2) {
        writer.Copy(first + i, *args[2], row, 1);
      } else {
        writer.SetNull(first + i);
      }
    }
  }
}

Result<BoundFunction> BindResize(const BindCall& call) {
  const size_t count = call.types.size();
  const bool fits = (count == 2 || count == 3) && IsListOrNull(call.types[0]) && IsIntegerOrNull(call.types[1]);
  if (!fits) return WrongArguments(call, "array_resize(array, size [, value])");
  Type element = ElementOf(call.types[0]);
  if (count == 3) element = TRY(expr::CommonType(element, call.types[2]));
  auto state = std::make_shared<ListState>(element);
  BoundFunction bound;
  bound.arguments = {state->list, kBigint};
  if (count == 3) bound.arguments.push_back(element);
  bound.result = state->list;
  bound.kernel = Resize;
  bound.state = std::move(state);
  return bound;
}

// Elements of equal position as structs; the shorter arrays are filled up with NULL.
void Zip(KernelContext& context, Arguments args, Column& out) {
  const AllowAllocation growth;
  const ListState& state = StateOf<ListState>(context);
  ListWriter writer(context, out, state.list);
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    uint32_t length = 0;
    for (const Column* arg : args) length = std::max(length, ListRow(*arg, row).length);
    const uint32_t first = writer.Start(row, length);
    for (uint32_t c = 0; c < args.size(); ++c) {
      const ListRow list(*args[c], row);
      const Type& type = state.element.children()[c].type;
      Column& to = writer.child().children[c];
      if (list.length > 0) data::CopyRows(*context.buffer, to, type, first, *list.items, list.offset, list.length);
      for (uint32_t i = list.length; i < length; ++i) context.buffer->SetNull(to, first + i);
    }
  }
}

Result<BoundFunction> BindZip(const BindCall& call) {
  std::vector<data::Field> fields;
  for (const Type& type : call.types) {
    if (type.id() != TypeId::kArray) return WrongArguments(call, "arrays_zip(array, ...)");
    fields.push_back({"f" + std::to_string(fields.size() + 1), type.element()});
  }
  if (fields.empty()) return WrongArguments(call, "arrays_zip(array, ...)");
  auto state = std::make_shared<ListState>(Type::Struct(std::move(fields)));
  BoundFunction bound;
  bound.arguments.assign(call.types.begin(), call.types.end());
  bound.result = state->list;
  bound.kernel = Zip;
  bound.state = std::move(state);
  return bound;
}

// Arrays of numbers times a factor: the given one, or the one that makes the length 1.
const Type& NumberListType() {
  static const Type type = Type::Array(kReal);
  return type;
}

void Scale(KernelContext& context, Arguments args, Column& out) {
  ListWriter writer(context, out, NumberListType());
  for (uint32_t row = 0; row < context.rows; ++row) {
    writer.Empty(row);
    if (out.IsNull(row)) continue;
    const ListRow list(*args[0], row);
    const double* numbers = list.items->As<double>() + list.offset;
    double factor = args.size() > 1 ? Arg<double>(*args[1])[row] : 0;
    if (args.size() == 1) {
      double squares = 0;
      for (uint32_t i = 0; i < list.length; ++i) squares += list.IsNull(i) ? 0 : numbers[i] * numbers[i];
      factor = squares == 0 ? 0 : 1 / std::sqrt(squares);
    }
    const uint32_t first = writer.Start(row, list.length);
    for (uint32_t i = 0; i < list.length; ++i) {
      if (list.IsNull(i)) {
        writer.SetNull(first + i);
      } else {
        writer.Set<double>(first + i, numbers[i] * factor);
      }
    }
  }
}

}  // namespace

void RegisterListShape(expr::FunctionRegistry& registry) {
  Scalar(registry, "array_ndims")
      .Alias("list_ndims")
      .Category("array")
      .Doc("How many arrays stand inside each other.")
      .Example("array_ndims([[1], [2]])", "2")
      .Bind(BindDepth);
  Scalar(registry, "array_resize")
      .Alias("list_resize")
      .Category("array")
      .Doc("The array cut or filled up to a length, with NULL or a given value.")
      .Example("array_resize([1, 2], 4, 0)", "[1, 2, 0, 0]")
      .Example("array_resize([1, 2, 3], 2)", "[1, 2]")
      .CustomNulls()
      .MayFail()
      .Costly()
      .Bind(BindResize);
  Scalar(registry, "arrays_zip")
      .Alias("list_zip")
      .Alias("array_zip")
      .Category("array")
      .Doc("Elements of equal position as structs; shorter arrays are filled up with NULL.")
      .Example("arrays_zip([1, 2], ['a'])", "[{'f1': 1, 'f2': a}, {'f1': 2, 'f2': NULL}]")
      .Costly()
      .Bind(BindZip);
  Scalar(registry, "array_scale")
      .Alias("list_scale")
      .Category("array")
      .Doc("Every number of the array times a factor.")
      .Example("array_scale([1, 3], 0.5)", "[0.5, 1.5]")
      .Costly()
      .Add({NumberListType(), kReal}, NumberListType(), Scale);
  Scalar(registry, "array_normalize")
      .Alias("list_normalize")
      .Category("array")
      .Doc("The array of numbers scaled to a Euclidean length of 1.")
      .Example("array_normalize([0, 0.5])", "[0.0, 1.0]")
      .Costly()
      .Add({NumberListType()}, NumberListType(), Scale);
}

}  // namespace laminar::functions
