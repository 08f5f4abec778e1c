// Casts among DATE, TIME, TIMESTAMP, TIMESTAMP WITH TIME ZONE and INTERVAL. Between a local time and an instant stands
// the session's zone. A lower precision cuts (rounds down), so that no row moves to a later window.
#include "base/time.h"
#include "data/temporal.h"
#include "data/time_zone.h"
#include "expr/cast_internal.h"
#include "expr/kernel_loops.h"

namespace laminar::expr {
namespace {

using data::Interval;
using data::Type;
using data::TypeId;

constexpr int64_t kDayMicros = kDay;

const CastState& Types(const KernelContext& context) { return StateOf<CastState>(context); }
Outcome OutOfRangeIf(bool is_bad) { return Outcome::FailIf(is_bad, ErrorCode::kOutOfRange); }

// Microseconds into the unit and precision of a timestamp type.
bool FromMicros(int64_t micros, const Type& type, int64_t& out) {
  if (type.is_nanos()) return data::MicrosToNanos(micros, out);
  out = type.precision() < 6 ? data::TruncateToPrecision(micros, type.precision()) : micros;
  return true;
}

// Between precisions and units.
Outcome ChangePrecision(KernelContext& context, int64_t value, int64_t& out) {
  const CastState& types = Types(context);
  if (types.from.is_nanos() == types.to.is_nanos()) {
    out =
        types.to.precision() < types.from.precision() ? data::TruncateToPrecision(value, types.to.precision()) : value;
    return Outcome::Value();
  }
  const int64_t micros = types.from.is_nanos() ? data::NanosToMicros(value) : value;
  return OutOfRangeIf(!FromMicros(micros, types.to, out));
}

template <bool kToUtc>
bool ChangeZone(const data::Zone& zone, int64_t value, bool nanos, int64_t& out) {
  const int64_t micros = nanos ? data::NanosToMicros(value) : value;
  int64_t moved = 0;
  if (!(kToUtc ? zone.ToUtc(micros, moved) : zone.ToLocal(micros, moved))) return false;
  if (!nanos) {
    out = moved;
    return true;
  }
  const int64_t below = value - micros * 1000;
  return data::MicrosToNanos(moved, out) && !__builtin_add_overflow(out, below, &out);
}

template <bool kToUtc>
void TimestampAcrossZone(KernelContext& context, Arguments args, Column& out) {
  const data::Zone& zone = SessionZone(context);
  const Arg<int64_t> in(*args[0]);
  int64_t* values = out.As<int64_t>();
  const bool nanos = Types(context).from.is_nanos();
  for (uint32_t row = 0; row < context.rows; ++row) {
    int64_t moved = 0;
    values[row] = 0;
    Outcome outcome = OutOfRangeIf(!ChangeZone<kToUtc>(zone, in[row], nanos, moved));
    if (outcome.bits() == 0) outcome = ChangePrecision(context, moved, values[row]);
    Mark(context, out, row, outcome);
  }
}

Outcome DateToTimestamp(KernelContext& context, int32_t days, int64_t& out) {
  return OutOfRangeIf(!FromMicros(days * kDayMicros, Types(context).to, out));
}

void DateToInstant(KernelContext& context, Arguments args, Column& out) {
  const data::Zone& zone = SessionZone(context);
  const Arg<int32_t> in(*args[0]);
  int64_t* values = out.As<int64_t>();
  for (uint32_t row = 0; row < context.rows; ++row) {
    int64_t utc = 0;
    values[row] = 0;
    const bool fits = zone.ToUtc(in[row] * kDayMicros, utc) && FromMicros(utc, Types(context).to, values[row]);
    Mark(context, out, row, OutOfRangeIf(!fits));
  }
}

Outcome TimestampToDate(KernelContext& context, int64_t value, int32_t& out) {
  const int64_t unit = Types(context).from.is_nanos() ? kDayMicros * 1000 : kDayMicros;
  const int64_t days = FloorDiv(value, unit);
  out = static_cast<int32_t>(days);
  return OutOfRangeIf(days != out);
}

int64_t TimestampToTime(KernelContext& context, int64_t value) {
  const int64_t micros = Types(context).from.is_nanos() ? data::NanosToMicros(value) : value;
  return FloorMod(micros, kDayMicros);
}

// To DATE or TIME of the session's zone.
template <class Out>
void InstantTo(KernelContext& context, Arguments args, Column& out) {
  const data::Zone& zone = SessionZone(context);
  const Arg<int64_t> in(*args[0]);
  Out* values = out.As<Out>();
  const bool nanos = Types(context).from.is_nanos();
  for (uint32_t row = 0; row < context.rows; ++row) {
    int64_t local = 0;
    values[row] = 0;
    const int64_t micros = nanos ? data::NanosToMicros(in[row]) : in[row];
    if (!zone.ToLocal(micros, local)) {
      context.Fail(out, row, ErrorCode::kOutOfRange);
    } else if constexpr (sizeof(Out) == 4) {
      values[row] = static_cast<int32_t>(FloorDiv(local, kDayMicros));
    } else {
      values[row] = FloorMod(local, kDayMicros);
    }
  }
}

Interval TimeToInterval(int64_t micros) { return {.months = 0, .days = 0, .micros = micros}; }
int64_t IntervalToTime(Interval value) { return FloorMod(value.micros, kDayMicros); }

MaybeCast FromTimestamp(const Type& to) {
  switch (to.id()) {
    case TypeId::kDate: return CastKernel{.kernel = Unary<int64_t, int32_t, TimestampToDate>, .may_fail = true};
    case TypeId::kTime: return CastKernel{.kernel = Unary<int64_t, int64_t, TimestampToTime>};
    case TypeId::kTimestamp: return CastKernel{.kernel = Unary<int64_t, int64_t, ChangePrecision>, .may_fail = true};
    case TypeId::kTimestampTz: return CastKernel{.kernel = TimestampAcrossZone<true>, .may_fail = true};
    default: return std::nullopt;
  }
}

MaybeCast FromInstant(const Type& to) {
  switch (to.id()) {
    case TypeId::kDate: return CastKernel{.kernel = InstantTo<int32_t>, .may_fail = true};
    case TypeId::kTime: return CastKernel{.kernel = InstantTo<int64_t>, .may_fail = true};
    case TypeId::kTimestamp: return CastKernel{.kernel = TimestampAcrossZone<false>, .may_fail = true};
    case TypeId::kTimestampTz: return CastKernel{.kernel = Unary<int64_t, int64_t, ChangePrecision>, .may_fail = true};
    default: return std::nullopt;
  }
}

}  // namespace

MaybeCast TemporalCast(const Type& from, const Type& to) {
  switch (from.id()) {
    case TypeId::kDate:
      if (to.id() == TypeId::kTimestamp)
        return CastKernel{.kernel = Unary<int32_t, int64_t, DateToTimestamp>, .may_fail = true};
      if (to.id() == TypeId::kTimestampTz) return CastKernel{.kernel = DateToInstant, .may_fail = true};
      return std::nullopt;
    case TypeId::kTime:
      if (to.id() == TypeId::kInterval) return CastKernel{.kernel = Unary<int64_t, Interval, TimeToInterval>};
      return std::nullopt;
    case TypeId::kInterval:
      if (to.id() == TypeId::kTime) return CastKernel{.kernel = Unary<Interval, int64_t, IntervalToTime>};
      return std::nullopt;
    case TypeId::kTimestamp: return FromTimestamp(to);
    case TypeId::kTimestampTz: return FromInstant(to);
    default: return std::nullopt;
  }
}

}  // namespace laminar::expr
