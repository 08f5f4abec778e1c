// Finds the cast between two types, and casts single values.
#include "expr/cast.h"

#include <algorithm>

#include "base/hot_scope.h"
#include "base/text.h"
#include "data/copy_rows.h"
#include "data/time_zone.h"
#include "expr/cast_internal.h"
#include "expr/cast_rules.h"
#include "expr/kernel_loops.h"

namespace laminar::expr {
namespace {

using data::Type;
using data::TypeId;

// NULL of any type.
void CastNull(KernelContext& context, Arguments args, Column& out) {
  for (uint32_t row = 0; row < context.rows; ++row) context.buffer->SetNull(out, row);
}

// The same bytes under another type.
void CopyValues(KernelContext& context, Arguments args, Column& out) {
  data::CopyRows(*context.buffer, out, StateOf<CastState>(context).to, 0, *args[0], 0, context.rows);
}

bool IsSameUnit(const Type& from, const Type& to) {
  return from.id() == to.id() && from.is_nanos() == to.is_nanos() && to.precision() >= from.precision();
}

internal::Failure NoCast(const Type& from, const Type& to) {
  Status status(ErrorCode::kTypeMismatch, "there is no cast from " + from.ToString() + " to " + to.ToString());
  if (from.id() == TypeId::kJson) status.WithHint("take the text with ->> first, then cast that");
  if (to.id() == TypeId::kJson) status.WithHint("use to_json(...)");
  return Error(std::move(status));
}

Result<MaybeCast> Choose(const Type& from, const Type& to) {
  if (from.id() == TypeId::kNull) return MaybeCast(CastKernel{.kernel = CastNull, .is_custom = true});
  if (to.id() == TypeId::kNull) return MaybeCast();
  if (IsViewCast(from, to)) return MaybeCast(CastKernel{.kernel = CopyValues});
  if (MaybeCast cast = NumericCast(from, to)) return cast;
  if (MaybeCast cast = TemporalCast(from, to)) return cast;
  if (MaybeCast cast = CastFromText(from, to)) return cast;
  if (MaybeCast cast = CastToText(from, to)) return cast;
  return NestedCast(from, to);
}

}  // namespace

bool IsViewCast(const Type& from, const Type& to) {
  if (from == to) return true;
  if (from.is_timestamp()) return IsSameUnit(from, to);
  if (from.id() == TypeId::kJson) return to.id() == TypeId::kVarchar;
  if (from.id() == TypeId::kDecimal && to.id() == TypeId::kDecimal) {
    return from.scale() == to.scale() && to.precision() >= from.precision();
  }
  return false;
}

const data::Zone& SessionZone(const KernelContext& context) {
  static thread_local std::string name = "UTC";
  static thread_local const data::Zone* zone = &data::UtcZone();
  const std::string_view wanted = context.environment == nullptr ? "UTC" : context.environment->time_zone;
  if (wanted == name) return *zone;
  AllowAllocation new_zone;
  // The session checked the name when it was set; what cannot be found is read as UTC.
  const Result<const data::Zone*> found = data::FindZone(wanted);
  zone = found.has_value() ? *found : &data::UtcZone();
  name = wanted;
  return *zone;
}

Result<std::shared_ptr<const BoundFunction>> FindCast(const Type& from, const Type& to) {
  MaybeCast cast = TRY(Choose(from, to));
  if (!cast.has_value()) return NoCast(from, to);
  auto bound = std::make_shared<BoundFunction>();
  bound->name = "cast";
  bound->arguments = {from};
  bound->result = to;
  bound->kernel = cast->kernel;
  bound->traits.may_fail = cast->may_fail;
  bound->traits.is_costly = cast->is_costly;
  bound->traits.nulls = cast->is_custom ? NullPolicy::kCustom : NullPolicy::kPropagate;
  bound->never_null = from.id() != TypeId::kNull && from.id() != TypeId::kJson;
  bound->is_resolved = true;
  bound->state = std::move(cast->state);
  if (bound->state == nullptr) {
    auto state = std::make_shared<CastState>();
    state->from = from;
    state->to = to;
    bound->state = std::move(state);
  }
  return bound;
}

Result<data::Value> CastValue(const data::Value& value, const Type& from, const Type& to) {
  if (from == to || value.is_null()) return value;
  const std::shared_ptr<const BoundFunction> cast = TRY(FindCast(from, to));
  data::BatchBuffer in({from}, 1);
  data::BatchBuffer out({to}, 1);
  value.ToColumn(in, in.column(0), from, 0);
  const EvalEnvironment environment;
  KernelContext context;
  context.rows = 1;
  context.heap = &out.heap();
  context.buffer = &out;
  context.state = cast->state.get();
  context.environment = &environment;
  const Column* const args[] = {&in.column(0)};
  cast->kernel(context, Arguments(args), out.column(0));
  if (out.column(0).HasError(0)) {
    return Error(context.error, "casting " + Quoted(value.ToString(from)) + " from " + from.ToString() + " to " +
                                    to.ToString() + ": " + std::string(MeaningOf(context.error)));
  }
  return data::Value::FromColumn(out.column(0), to, 0);
}

}  // namespace laminar::expr
