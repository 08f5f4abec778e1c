// + - * / with dates, times, timestamps and intervals.
//
//   date + integer, date - integer   -> DATE          date - date            -> BIGINT days
//   date ± interval                  -> TIMESTAMP     date + time            -> TIMESTAMP
//   timestamp ± interval             -> TIMESTAMP     timestamp - timestamp  -> INTERVAL of days and time
//   time ± interval                  -> TIME          time - time            -> INTERVAL
//   interval ± interval              -> INTERVAL      interval * or / number -> INTERVAL
// Months and days of TIMESTAMP WITH TIME ZONE ± INTERVAL are counted on the calendar and clock of the session's zone.
// What does not fit fails its row.
#include "base/time.h"
#include "data/temporal.h"
#include "expr/session_zone.h"
#include "functions/register.h"
#include "functions/scalar/arithmetic.h"

namespace laminar::functions {
namespace {

Outcome OutOfRangeIf(bool is_bad) { return Outcome::FailIf(is_bad, ErrorCode::kOutOfRange); }

struct UnitState final : expr::FunctionState {
  bool is_nanos = false;
};
bool IsNanos(const KernelContext& context) { return StateOf<UnitState>(context).is_nanos; }
std::shared_ptr<const expr::FunctionState> UnitOf(const Type& type) {
  auto state = std::make_shared<UnitState>();
  state->is_nanos = type.is_nanos();
  return state;
}

bool Negate(const Interval& value, Interval& out) { return data::NegateInterval(value, out); }

// ---- DATE ----

template <bool kIsSum>
Outcome DateDays(int32_t date, int64_t days, int32_t& out) {
  int64_t sum = 0;
  const bool is_bad =
      kIsSum ? __builtin_add_overflow(int64_t{date}, days, &sum) : __builtin_sub_overflow(int64_t{date}, days, &sum);
  out = static_cast<int32_t>(sum);
  return OutOfRangeIf(is_bad || out != sum);
}
Outcome DaysDate(int64_t days, int32_t date, int32_t& out) { return DateDays<true>(date, days, out); }
int64_t DateDifference(int32_t a, int32_t b) { return int64_t{a} - b; }

Outcome DateTime(int32_t date, int64_t time, int64_t& out) {
  return OutOfRangeIf(__builtin_add_overflow(date * kDay, time, &out));
}
Outcome TimeDate(int64_t time, int32_t date, int64_t& out) { return DateTime(date, time, out); }

// ---- TIMESTAMP ----

// Fixed lengths, which are most, need no calendar.
template <bool kIsSum>
Outcome MoveTimestamp(KernelContext& context, int64_t timestamp, Interval interval, int64_t& out) {
  Interval by = interval;
  if (!kIsSum && !Negate(interval, by)) return Outcome::Fail(ErrorCode::kOutOfRange);
  const bool is_nanos = IsNanos(context);
  if (by.months == 0 && by.days == 0 && !is_nanos) {
    return OutOfRangeIf(__builtin_add_overflow(timestamp, by.micros, &out));
  }
  return OutOfRangeIf(!data::AddInterval(timestamp, by, is_nanos, out));
}
Outcome IntervalTimestamp(KernelContext& context, Interval interval, int64_t timestamp, int64_t& out) {
  return MoveTimestamp<true>(context, timestamp, interval, out);
}

// Calendar parts move the local clock, the rest moves the instant.
template <bool kIsSum>
Outcome MoveInstant(KernelContext& context, int64_t instant, Interval interval, int64_t& out) {
  const bool is_calendar = interval.months != 0 || interval.days != 0;
  const data::Zone& zone = expr::SessionZone(context);
  if (!is_calendar || zone.is_fixed()) return MoveTimestamp<kIsSum>(context, instant, interval, out);
  Interval by = interval;
  if (!kIsSum && !Negate(interval, by)) return Outcome::Fail(ErrorCode::kOutOfRange);
  const bool is_nanos = IsNanos(context);
  const int64_t micros = is_nanos ? data::NanosToMicros(instant) : instant;
  const int64_t below = is_nanos ? instant - micros * 1000 : 0;
  int64_t local = 0;
  int64_t utc = 0;
  bool is_fine = zone.ToLocal(micros, local) &&
                 data::AddInterval(local, {.months = by.months, .days = by.days, .micros = 0}, false, local) &&
                 zone.ToUtc(local, utc) && !__builtin_add_overflow(utc, by.micros, &utc);
  if (is_fine && is_nanos) is_fine = data::MicrosToNanos(utc, utc) && !__builtin_add_overflow(utc, below, &utc);
  out = is_fine ? utc : 0;
  return OutOfRangeIf(!is_fine);
}
Outcome IntervalInstant(KernelContext& context, Interval interval, int64_t instant, int64_t& out) {
  return MoveInstant<true>(context, instant, interval, out);
}

Outcome TimestampDifference(KernelContext& context, int64_t a, int64_t b, Interval& out) {
  if (!IsNanos(context)) return OutOfRangeIf(!data::SubtractTimestamps(a, b, out));
  return OutOfRangeIf(!data::SubtractTimestamps(data::NanosToMicros(a), data::NanosToMicros(b), out));
}

// ---- TIME ----

template <bool kIsSum>
int64_t MoveTime(int64_t time, Interval interval) {
  const int64_t by = FloorMod(interval.micros, kDay);
  return FloorMod(kIsSum ? time + by : time - by, kDay);
}
int64_t IntervalTime(Interval interval, int64_t time) { return MoveTime<true>(time, interval); }
Interval TimeDifference(int64_t a, int64_t b) { return {.months = 0, .days = 0, .micros = a - b}; }

// ---- INTERVAL ----

Outcome AddBoth(Interval a, Interval b, Interval& out) { return OutOfRangeIf(!data::AddIntervals(a, b, out)); }
Outcome SubtractBoth(Interval a, Interval b, Interval& out) {
  Interval negated;
  return OutOfRangeIf(!Negate(b, negated) || !data::AddIntervals(a, negated, out));
}
Outcome Scale(Interval a, double factor, Interval& out) {
  return OutOfRangeIf(!data::MultiplyInterval(a, factor, out));
}
Outcome ScaleBy(double factor, Interval a, Interval& out) { return Scale(a, factor, out); }
Outcome Divide(Interval a, double divisor, Interval& out) {
  if (divisor == 0) return Outcome::Fail(ErrorCode::kDivisionByZero);
  return Scale(a, 1.0 / divisor, out);
}

// ---- Binding ----

using Maybe = std::optional<BoundFunction>;

bool IsDateLike(const Type& type) { return type.id() == TypeId::kDate || type.is_timestamp(); }
bool IsCount(const Type& type) {
  return expr::ImplicitCastCost(type, TypeId::kInt64) >= 0 && type.id() != TypeId::kNull;
}
bool IsFactor(const Type& type) { return type.is_numeric() || type.id() == TypeId::kNull; }

// A DATE moves as the TIMESTAMP of its midnight.
Type MovedType(const Type& type) { return type.id() == TypeId::kDate ? Type(TypeId::kTimestamp) : type; }

BoundFunction Move(char op, const Type& type) {
  const Type moved = MovedType(type);
  const bool is_instant = moved.id() == TypeId::kTimestampTz;
  const expr::Kernel sum = is_instant ? Binary<int64_t, Interval, int64_t, MoveInstant<true>>
                                      : Binary<int64_t, Interval, int64_t, MoveTimestamp<true>>;
  const expr::Kernel difference = is_instant ? Binary<int64_t, Interval, int64_t, MoveInstant<false>>
                                             : Binary<int64_t, Interval, int64_t, MoveTimestamp<false>>;
  return Operator({moved, TypeId::kInterval}, moved, op == '+' ? sum : difference, true, UnitOf(moved));
}

BoundFunction MoveBy(const Type& type) {
  const Type moved = MovedType(type);
  const expr::Kernel kernel = moved.id() == TypeId::kTimestampTz
                                  ? Binary<Interval, int64_t, int64_t, IntervalInstant>
                                  : Binary<Interval, int64_t, int64_t, IntervalTimestamp>;
  return Operator({TypeId::kInterval, moved}, moved, kernel, true, UnitOf(moved));
}

Maybe BindAdd(const Type& a, const Type& b) {
  const TypeId x = a.id();
  const TypeId y = b.id();
  if (x == TypeId::kDate && IsCount(b)) {
    return Operator({a, TypeId::kInt64}, a, Binary<int32_t, int64_t, int32_t, DateDays<true>>, true);
  }
  if (IsCount(a) && y == TypeId::kDate)
    return Operator({TypeId::kInt64, b}, b, Binary<int64_t, int32_t, int32_t, DaysDate>, true);
  if (x == TypeId::kDate && y == TypeId::kTime) {
    return Operator({a, b}, TypeId::kTimestamp, Binary<int32_t, int64_t, int64_t, DateTime>, true);
  }
  if (x == TypeId::kTime && y == TypeId::kDate) {
    return Operator({a, b}, TypeId::kTimestamp, Binary<int64_t, int32_t, int64_t, TimeDate>, true);
  }
  const bool b_is_interval = y == TypeId::kInterval || y == TypeId::kNull;
  const bool a_is_interval = x == TypeId::kInterval || x == TypeId::kNull;
  if (IsDateLike(a) && b_is_interval) return Move('+', a);
  if (a_is_interval && IsDateLike(b)) return MoveBy(b);
  if (x == TypeId::kTime && b_is_interval) {
    return Operator({a, TypeId::kInterval}, a, Binary<int64_t, Interval, int64_t, MoveTime<true>>);
  }
  if (a_is_interval && y == TypeId::kTime) {
    return Operator({TypeId::kInterval, b}, b, Binary<Interval, int64_t, int64_t, IntervalTime>);
  }
  if (!a_is_interval || !b_is_interval) return std::nullopt;
  return Operator({TypeId::kInterval, TypeId::kInterval}, TypeId::kInterval,
                  Binary<Interval, Interval, Interval, AddBoth>, true);
}

Maybe BindDifference(const Type& a, const Type& b) {
  if (a.id() == TypeId::kDate && b.id() == TypeId::kDate) {
    return Operator({a, b}, TypeId::kInt64, Binary<int32_t, int32_t, int64_t, DateDifference>);
  }
  if (a.id() == TypeId::kTime && b.id() == TypeId::kTime) {
    return Operator({a, b}, TypeId::kInterval, Binary<int64_t, int64_t, Interval, TimeDifference>);
  }
  if (!IsDateLike(a) || !IsDateLike(b)) return std::nullopt;
  const Result<Type> common = expr::CommonType(a, b);
  if (!common.has_value()) return std::nullopt;
  return Operator({*common, *common}, TypeId::kInterval, Binary<int64_t, int64_t, Interval, TimestampDifference>, true,
                  UnitOf(*common));
}

Maybe BindSubtract(const Type& a, const Type& b) {
  const TypeId y = b.id();
  if (a.id() == TypeId::kDate && IsCount(b)) {
    return Operator({a, TypeId::kInt64}, a, Binary<int32_t, int64_t, int32_t, DateDays<false>>, true);
  }
  // An untyped literal or NULL after the minus has the type before it.
  if (Maybe difference = BindDifference(a, y == TypeId::kNull ? a : b)) return difference;
  if (a.id() == TypeId::kNull && IsDateLike(b)) return BindDifference(b, b);
  if (IsDateLike(a) && y == TypeId::kInterval) return Move('-', a);
  if (a.id() == TypeId::kTime && y == TypeId::kInterval) {
    return Operator({a, b}, a, Binary<int64_t, Interval, int64_t, MoveTime<false>>);
  }
  const bool are_intervals =
      (a.id() == TypeId::kInterval || a.id() == TypeId::kNull) && (y == TypeId::kInterval || y == TypeId::kNull);
  if (!are_intervals) return std::nullopt;
  return Operator({TypeId::kInterval, TypeId::kInterval}, TypeId::kInterval,
                  Binary<Interval, Interval, Interval, SubtractBoth>, true);
}

Maybe BindScale(char op, const Type& a, const Type& b) {
  const Type interval = TypeId::kInterval;
  const Type factor = TypeId::kDouble;
  if (a.id() == TypeId::kInterval && IsFactor(b)) {
    const expr::Kernel kernel =
        op == '*' ? Binary<Interval, double, Interval, Scale> : Binary<Interval, double, Interval, Divide>;
    return Operator({interval, factor}, interval, kernel, true);
  }
  if (op == '*' && IsFactor(a) && b.id() == TypeId::kInterval) {
    return Operator({factor, interval}, interval, Binary<double, Interval, Interval, ScaleBy>, true);
  }
  return std::nullopt;
}

bool IsTimeType(const Type& type) { return type.is_temporal() || type.id() == TypeId::kInterval; }

}  // namespace

std::optional<BoundFunction> BindTemporalArithmetic(char op, const BindCall& call) {
  const Type& a = call.types[0];
  const Type& b = call.types[1];
  if (!IsTimeType(a) && !IsTimeType(b)) return std::nullopt;
  switch (op) {
    case '+': return BindAdd(a, b);
    case '-': return BindSubtract(a, b);
    case '*':
    case '/': return BindScale(op, a, b);
    default: return std::nullopt;
  }
}

}  // namespace laminar::functions
