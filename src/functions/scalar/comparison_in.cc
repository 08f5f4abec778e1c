// x IN (a, b, ...): TRUE if one item equals x; else NULL if x or an item is NULL; else FALSE.
//
// Constant lists of integers, dates, times, UUIDs and texts become an open-addressed table; other lists are compared
// item by item.
#include "functions/scalar/comparison_in.h"

#include <bit>
#include <cstring>

#include "base/hash.h"
#include "expr/cast.h"
#include "functions/scalar/arithmetic.h"
#include "functions/scalar/comparison.h"

namespace laminar::functions {
namespace {

using data::Encoding;
using data::PhysicalType;
using data::Value;

constexpr size_t kTableFrom = 4;  // items; below it comparing is as fast

struct InState final : expr::FunctionState {
  expr::Kernel equal = nullptr;
  std::shared_ptr<const expr::FunctionState> equal_state;
  Type type;
  // The table: items by position, 0 is free, else position + 1 in `items`.
  std::vector<uint32_t> table;
  std::vector<StringRef> texts;  // into `storage`
  std::vector<UInt128> words;    // other types, their bytes widened
  std::unique_ptr<data::StringHeap> storage;
  bool has_null_item = false;
};

template <class T>
UInt128 Widen(T value) {
  UInt128 wide = 0;
  std::memcpy(&wide, &value, sizeof(T));
  return wide;
}
uint64_t HashOf(UInt128 value) { return HashCombine(static_cast<uint64_t>(value), static_cast<uint64_t>(value >> 64)); }

bool FindText(const InState& state, const StringRef& text) {
  const size_t mask = state.table.size() - 1;
  for (size_t at = text.Hash() & mask; state.table[at] != 0; at = (at + 1) & mask) {
    if (state.texts[state.table[at] - 1] == text) return true;
  }
  return false;
}

bool FindWord(const InState& state, UInt128 word) {
  const size_t mask = state.table.size() - 1;
  for (size_t at = HashOf(word) & mask; state.table[at] != 0; at = (at + 1) & mask) {
    if (state.words[state.table[at] - 1] == word) return true;
  }
  return false;
}

void Insert(std::vector<uint32_t>& table, uint64_t hash, uint32_t item) {
  const size_t mask = table.size() - 1;
  size_t at = hash & mask;
  while (table[at] != 0) at = (at + 1) & mask;
  table[at] = item + 1;
}

// TRUE stays; rows that found nothing are NULL where x or an item is NULL.
void FinishNulls(KernelContext& context, const Column& x, bool has_null_item, Column& out) {
  if (!x.has_nulls && !has_null_item) return;
  bool* values = out.As<bool>();
  for (uint32_t row = 0; row < context.rows; ++row) {
    if (!x.IsNull(row) && (values[row] || !has_null_item)) continue;
    values[row] = false;
    context.Null(out, row);
  }
}

template <class T>
void InTable(KernelContext& context, Arguments args, Column& out) {
  const InState& state = StateOf<InState>(context);
  const Arg<T> x(*args[0]);
  bool* values = out.As<bool>();
  for (uint32_t row = 0; row < context.rows; ++row) {
    if constexpr (std::is_same_v<T, StringRef>) {
      values[row] = FindText(state, x[row]);
    } else {
      values[row] = FindWord(state, Widen(x[row]));
    }
  }
  FinishNulls(context, *args[0], state.has_null_item, out);
}

// Item by item; the table of results is at most one batch.
void InSequence(KernelContext& context, Arguments args, Column& out) {
  const InState& state = StateOf<InState>(context);
  alignas(64) bool found[data::kBatchCapacity];
  alignas(64) bool is_unknown[data::kBatchCapacity];
  const uint32_t rows = context.rows;
  std::memset(found, 0, rows);
  std::memset(is_unknown, 0, rows);
  bool* values = out.As<bool>();
  const expr::FunctionState* own = context.state;
  context.state = state.equal_state.get();
  for (size_t i = 1; i < args.size(); ++i) {
    const Column& item = *args[i];
    const Column* const pair[] = {args[0], &item};
    out.has_nulls = false;
    if (state.type.is_nested() && (args[0]->has_nulls || item.has_nulls)) {
      // Nested comparison skips null rows by the output's validity.
      for (uint32_t row = 0; row < rows; ++row) {
        if (args[0]->IsNull(row) || item.IsNull(row)) context.Null(out, row);
      }
    }
    // Kernels compute a single row when all their arguments are constant.
    const bool is_constant = args[0]->encoding == Encoding::kConstant && item.encoding == Encoding::kConstant;
    context.rows = is_constant ? 1 : rows;
    state.equal(context, Arguments(pair), out);
    context.rows = rows;
    for (uint32_t row = 0; row < rows; ++row) {
      const bool is_null = item.IsNull(row);
      found[row] |= values[is_constant ? 0 : row] & !is_null;
      is_unknown[row] |= is_null;
    }
  }
  context.state = own;
  out.has_nulls = false;
  std::memcpy(values, found, rows);
  for (uint32_t row = 0; row < rows; ++row) {
    if (!args[0]->IsNull(row) && (found[row] || !is_unknown[row])) continue;
    values[row] = false;
    context.Null(out, row);
  }
}

expr::Kernel TableKernel(PhysicalType physical) {
  switch (physical) {
    case PhysicalType::kInt8:
    case PhysicalType::kUInt8: return InTable<uint8_t>;
    case PhysicalType::kInt16:
    case PhysicalType::kUInt16: return InTable<uint16_t>;
    case PhysicalType::kInt32:
    case PhysicalType::kUInt32: return InTable<uint32_t>;
    case PhysicalType::kInt64:
    case PhysicalType::kUInt64: return InTable<uint64_t>;
    case PhysicalType::kInt128:
    case PhysicalType::kUuid: return InTable<UInt128>;
    case PhysicalType::kString: return InTable<StringRef>;
    default: return nullptr;
  }
}

// Fills the table from the constants. False: an item is not constant, or the type has no table.
Result<bool> BuildTable(const BindCall& call, InState& state) {
  const PhysicalType physical = state.type.physical();
  if (call.types.size() < kTableFrom + 1 || TableKernel(physical) == nullptr) return false;
  for (size_t i = 1; i < call.types.size(); ++i) {
    if (call.constants[i] == nullptr) return false;
  }
  state.storage = std::make_unique<data::StringHeap>();
  state.table.assign(std::bit_ceil(call.types.size() * 2), 0);
  data::BatchBuffer one({state.type}, 1);
  const uint32_t width = data::ValueWidth(physical);
  for (size_t i = 1; i < call.types.size(); ++i) {
    if (call.constants[i]->is_null()) {
      state.has_null_item = true;
      continue;
    }
    const bool is_untyped = call.types[i].id() == TypeId::kNull;
    const Value value =
        TRY(expr::CastValue(*call.constants[i], is_untyped ? Type(TypeId::kVarchar) : call.types[i], state.type));
    if (physical == PhysicalType::kString) {
      const StringRef text = state.storage->Add(value.string_value());
      if (FindText(state, text)) continue;
      state.texts.push_back(text);
      Insert(state.table, text.Hash(), static_cast<uint32_t>(state.texts.size() - 1));
      continue;
    }
    value.ToColumn(one, one.column(0), state.type, 0);
    UInt128 word = 0;
    std::memcpy(&word, one.column(0).values, width);
    if (FindWord(state, word)) continue;
    state.words.push_back(word);
    Insert(state.table, HashOf(word), static_cast<uint32_t>(state.words.size() - 1));
  }
  return true;
}

}  // namespace

Result<BoundFunction> BindIn(const BindCall& call) {
  if (call.types.size() < 2) return NoOperator(call, "it takes a value and a list of at least one item");
  auto state = std::make_shared<InState>();
  state->type = TRY(ComparedTypeOf(call));
  state->equal = CompareKernel(CompareOp::kEqual, state->type);
  state->equal_state = CompareState(state->type);
  const bool has_table = TRY(BuildTable(call, *state));
  const Type type = state->type;
  BoundFunction bound = Operator(std::vector<Type>(call.types.size(), type), TypeId::kBool,
                                 has_table ? TableKernel(type.physical()) : InSequence, false, std::move(state));
  bound.traits.nulls = expr::NullPolicy::kCustom;
  bound.never_null = false;
  return bound;
}

}  // namespace laminar::functions
