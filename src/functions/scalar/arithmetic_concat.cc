// ||: texts one after the other, a text and any value as text, BINARY and BINARY, ARRAY and ARRAY, ARRAY and item.
#include "functions/scalar/arithmetic_concat.h"

#include <cstring>

#include "data/copy_rows.h"
#include "functions/scalar/arithmetic.h"

namespace laminar::functions {
namespace {

constexpr uint64_t kTextBytesMax = uint64_t{64} << 20;
constexpr uint64_t kItemsMax = uint64_t{8} << 20;

Outcome Concat(KernelContext& context, StringRef a, StringRef b, StringRef& out) {
  const uint64_t size = uint64_t{a.length} + b.length;
  if (size > kTextBytesMax) return Outcome::Fail(ErrorCode::kOutOfRange);
  out = NewString(context, size, [&](char* to) {
    std::memcpy(to, a.data(), a.length);
    std::memcpy(to + a.length, b.data(), b.length);
  });
  return Outcome::Value();
}

struct ListState final : expr::FunctionState {
  Type array;
  bool left_is_item = false;
  bool right_is_item = false;
};

uint32_t LengthOf(const Column& column, bool is_item, uint32_t row) {
  if (is_item) return 1;
  return column.IsNull(row) ? 0 : column.As<ListEntry>()[column.Slot(row)].length;
}

// Copies one side's items to `at` of the child column.
void CopySide(KernelContext& context, const ListState& state, const Column& from, bool is_item, uint32_t row,
              Column& out, uint32_t at) {
  const Type& item = state.array.element();
  if (is_item) return data::CopyRows(*context.buffer, out.children[0], item, at, from, row, 1);
  if (from.IsNull(row)) return;
  const ListEntry entry = from.As<ListEntry>()[from.Slot(row)];
  data::CopyRows(*context.buffer, out.children[0], item, at, from.children[0], entry.offset, entry.length);
}

// A NULL array is as an empty one beside an item; beside an array it makes the result NULL.
void ConcatLists(KernelContext& context, Arguments args, Column& out) {
  const ListState& state = StateOf<ListState>(context);
  const bool is_pair = !state.left_is_item && !state.right_is_item;
  ListEntry* entries = out.As<ListEntry>();
  for (uint32_t row = 0; row < context.rows; ++row) {
    if (out.has_nulls) data::SetBit(out.validity, row);
    entries[row] = {};
    if (is_pair && (args[0]->IsNull(row) || args[1]->IsNull(row))) {
      context.buffer->SetNull(out, row);
      continue;
    }
    const uint32_t left = LengthOf(*args[0], state.left_is_item, row);
    const uint64_t total = uint64_t{left} + LengthOf(*args[1], state.right_is_item, row);
    if (total > kItemsMax) {
      context.Fail(out, row, ErrorCode::kOutOfRange);
      continue;
    }
    const uint32_t first = context.buffer->ReserveChild(out, state.array, static_cast<uint32_t>(total));
    entries[row] = {.offset = first, .length = static_cast<uint32_t>(total)};
    CopySide(context, state, *args[0], state.left_is_item, row, out, first);
    CopySide(context, state, *args[1], state.right_is_item, row, out, first + left);
  }
}

Result<BoundFunction> BindLists(const BindCall& call) {
  const Type& a = call.types[0];
  const Type& b = call.types[1];
  auto state = std::make_shared<ListState>();
  const bool a_is_list = a.id() == TypeId::kArray;
  const bool b_is_list = b.id() == TypeId::kArray;
  // ARRAY of ARRAYs || ARRAY appends one; of equal types it joins them.
  const bool joins = a_is_list && b_is_list && expr::CommonType(a, b).has_value();
  state->left_is_item = !joins && (!a_is_list || (b_is_list && b.element() == a));
  state->right_is_item = !joins && !state->left_is_item;
  if (joins) {
    state->array = TRY(expr::CommonType(a, b));
  } else if (state->left_is_item) {
    state->array = Type::Array(TRY(expr::CommonType(b.element(), a)));
  } else {
    state->array = Type::Array(TRY(expr::CommonType(a.element(), b)));
  }
  const Type array = state->array;
  std::vector<Type> arguments = {state->left_is_item ? array.element() : array,
                                 state->right_is_item ? array.element() : array};
  BoundFunction bound = Operator(std::move(arguments), array, ConcatLists, true, std::move(state));
  bound.traits.nulls = expr::NullPolicy::kCustom;
  bound.traits.is_costly = true;
  bound.never_null = false;
  return bound;
}

}  // namespace

Result<BoundFunction> BindConcat(const BindCall& call) {
  if (call.types.size() != 2) return NoOperator(call, "it takes two arguments");
  const TypeId a = call.types[0].id();
  const TypeId b = call.types[1].id();
  if (a == TypeId::kArray || b == TypeId::kArray) return BindLists(call);
  if (a == TypeId::kBinary && b == TypeId::kBinary) {
    return Operator({a, b}, TypeId::kBinary, EachBinary<StringRef, StringRef, StringRef, Concat>, true);
  }
  const bool has_text = a == TypeId::kVarchar || b == TypeId::kVarchar || (a == TypeId::kNull && b == TypeId::kNull);
  const bool is_text_null =
      (a == TypeId::kNull || b == TypeId::kNull) && !call.types[0].is_nested() && !call.types[1].is_nested();
  if (!has_text && !is_text_null) return NoOperator(call, "cast one side to VARCHAR, or use concat(...)");
  return Operator({TypeId::kVarchar, TypeId::kVarchar}, TypeId::kVarchar,
                  EachBinary<StringRef, StringRef, StringRef, Concat>, true);
}

}  // namespace laminar::functions
