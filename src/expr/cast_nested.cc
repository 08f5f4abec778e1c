// Casts between ARRAYs, MAPs and STRUCTs, item by item: fields of a STRUCT by position. A row fails when one of its
// items does. The items of a batch are cast by one call of their own kernel; this allocates and is no hot path.
#include <algorithm>

#include "base/hot_scope.h"
#include "data/copy_rows.h"
#include "expr/cast.h"
#include "expr/cast_internal.h"
#include "expr/kernel_loops.h"

namespace laminar::expr {
namespace {

using data::BatchBuffer;
using data::ListEntry;
using data::Type;
using data::TypeId;

struct NestedState final : FunctionState {
  Type from;
  Type to;
  std::vector<std::shared_ptr<const BoundFunction>> items;  // one a child; null: the same type
};

// The items of one child column, gathered to be one flat column, and cast.
class CastItems {
 public:
  CastItems(const Type& from, const Type& to, const BoundFunction* cast, uint32_t capacity)
      : from_(from), to_(to), cast_(cast), in_({from}, std::max(capacity, 1u)), out_({to}, std::max(capacity, 1u)) {}

  void Add(const Column& child, uint32_t first, uint32_t count) {
    data::CopyRows(in_, in_.column(0), from_, count_, child, first, count);
    count_ += count;
  }

  void Run(const KernelContext& outer) {
    if (cast_ == nullptr || count_ == 0) return;
    Column& out = out_.column(0);
    const Column& in = in_.column(0);
    if (in.has_nulls && cast_->traits.nulls == NullPolicy::kPropagate) {
      std::copy_n(in.validity, data::BitmapWords(count_), out.validity);
      out.has_nulls = true;
    }
    KernelContext context;
    context.rows = count_;
    context.heap = &out_.heap();
    context.buffer = &out_;
    context.state = cast_->state.get();
    context.environment = outer.environment;
    const Column* const args[] = {&in};
    cast_->kernel(context, Arguments(args), out);
    error_ = context.error;
  }

  const Column& result() { return cast_ == nullptr ? in_.column(0) : out_.column(0); }
  bool Failed(uint32_t item) { return cast_ != nullptr && out_.column(0).HasError(item); }
  ErrorCode error() const { return error_; }

 private:
  const Type& from_;
  const Type& to_;
  const BoundFunction* cast_;
  BatchBuffer in_;
  BatchBuffer out_;
  uint32_t count_ = 0;
  ErrorCode error_ = ErrorCode::kOk;
};

void CastLists(KernelContext& context, Arguments args, Column& out) {
  AllowAllocation nested;
  const NestedState& state = StateOf<NestedState>(context);
  const Column& list = *args[0];
  const Arg<ListEntry> in(list);
  ListEntry* entries = out.As<ListEntry>();
  uint32_t total = 0;
  for (uint32_t row = 0; row < context.rows; ++row) total += out.IsNull(row) ? 0 : in[row].length;
  const uint32_t first = context.buffer->ReserveChild(out, state.to, total);
  for (size_t c = 0; c < state.items.size(); ++c) {
    const Type& from = state.from.children()[c].type;
    const Type& to = state.to.children()[c].type;
    CastItems items(from, to, state.items[c].get(), total);
    for (uint32_t row = 0; row < context.rows; ++row) {
      if (!out.IsNull(row) && in[row].length > 0) items.Add(list.children[c], in[row].offset, in[row].length);
    }
    items.Run(context);
    data::CopyRows(*context.buffer, out.children[c], to, first, items.result(), 0, total);
    uint32_t item = 0;
    for (uint32_t row = 0; row < context.rows; ++row) {
      const uint32_t length = out.IsNull(row) ? 0 : in[row].length;
      entries[row] = {.offset = first + item, .length = length};
      for (const uint32_t end = item + length; item < end; ++item) {
        if (items.Failed(item)) context.Fail(out, row, items.error());
      }
    }
  }
}

void CastStructs(KernelContext& context, Arguments args, Column& out) {
  AllowAllocation nested;
  const NestedState& state = StateOf<NestedState>(context);
  const Column& in = *args[0];
  const bool is_constant = in.encoding == data::Encoding::kConstant;
  for (size_t c = 0; c < state.items.size(); ++c) {
    const Type& to = state.to.children()[c].type;
    CastItems items(state.from.children()[c].type, to, state.items[c].get(), context.rows);
    if (is_constant) {
      for (uint32_t row = 0; row < context.rows; ++row) items.Add(in.children[c], 0, 1);
    } else {
      items.Add(in.children[c], 0, context.rows);
    }
    items.Run(context);
    data::CopyRows(*context.buffer, out.children[c], to, 0, items.result(), 0, context.rows);
    for (uint32_t row = 0; row < context.rows; ++row) {
      if (items.Failed(row)) context.Fail(out, row, items.error());
    }
  }
}

}  // namespace

Result<MaybeCast> NestedCast(const Type& from, const Type& to) {
  if (!from.is_nested() || from.id() != to.id() || from.children().size() != to.children().size()) return MaybeCast();
  auto state = std::make_shared<NestedState>();
  state->from = from;
  state->to = to;
  bool may_fail = false;
  for (size_t c = 0; c < from.children().size(); ++c) {
    const Type& item_from = from.children()[c].type;
    const Type& item_to = to.children()[c].type;
    std::shared_ptr<const BoundFunction> cast;
    if (!(item_from == item_to)) cast = TRY(FindCast(item_from, item_to));
    may_fail |= cast != nullptr && cast->traits.may_fail;
    state->items.push_back(std::move(cast));
  }
  return MaybeCast(CastKernel{.kernel = from.id() == TypeId::kStruct ? CastStructs : CastLists,
                              .may_fail = may_fail,
                              .is_costly = true,
                              .state = std::move(state)});
}

}  // namespace laminar::expr
