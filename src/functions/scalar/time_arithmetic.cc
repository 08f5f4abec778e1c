// Calculating with dates: date_diff, date_add, date_sub, age, and making dates and times from numbers.
#include "functions/scalar/moments.h"

namespace laminar::functions {
namespace {

// How many starts of a span lie in (0, civil], counted so that differences of two moments count the borders between
// them.
bool SpanNumber(const Moment& how, DateField field, int64_t civil, int64_t& out) {
  const int64_t units = how.UnitsPerMicro();
  const int64_t days = CivilDays(how, civil);
  switch (field) {
    case DateField::kNanosecond: return !__builtin_mul_overflow(civil, 1000 / units, &out);
    case DateField::kMicrosecond: out = FloorDiv(civil, units); return true;
    case DateField::kMillisecond: out = FloorDiv(civil, units * kMillisecond); return true;
    case DateField::kSecond:
    case DateField::kEpoch: out = FloorDiv(civil, units * kSecond); return true;
    case DateField::kMinute: out = FloorDiv(civil, units * kMinute); return true;
    case DateField::kHour: out = FloorDiv(civil, units * kHour); return true;
    case DateField::kDay:
    case DateField::kDayOfWeek:
    case DateField::kIsoDayOfWeek:
    case DateField::kDayOfYear:
    case DateField::kJulian: out = days; return true;
    case DateField::kWeek: out = FloorDiv(days + 3, 7); return true;  // 1970-01-01 was a Thursday
    case DateField::kIsoYear: return data::ExtractFromTimestamp(DateField::kIsoYear, civil, how.is_nanos, out);
    case DateField::kMonth:
    case DateField::kQuarter:
    case DateField::kYear:
    case DateField::kDecade:
    case DateField::kCentury:
    case DateField::kMillennium: break;
  }
  const data::CivilDate date = data::CivilFromDays(days);
  switch (field) {
    case DateField::kMonth: out = date.year * 12 + date.month; return true;
    case DateField::kQuarter: out = date.year * 4 + (date.month - 1) / 3; return true;
    case DateField::kDecade: out = FloorDiv(date.year, 10); return true;
    case DateField::kCentury: out = FloorDiv(date.year - 1, 100); return true;
    case DateField::kMillennium: out = FloorDiv(date.year - 1, 1000); return true;
    default: out = date.year; return true;
  }
}

Outcome DateDiff(KernelContext& context, StringRef name, int64_t from, int64_t to, int64_t& out) {
  const Moment& how = StateOf<Moment>(context);
  DateField field = DateField::kDay;
  if (!data::FindDateField(name.view(), field)) return Outcome::Fail(ErrorCode::kBadValue);
  int64_t a = 0;
  int64_t b = 0;
  const bool is_fine = ToCivil(context, how, from, a) && ToCivil(context, how, to, b) && SpanNumber(how, field, a, a) &&
                       SpanNumber(how, field, b, b) && !__builtin_sub_overflow(b, a, &out);
  return Outcome::FailIf(!is_fine, ErrorCode::kOutOfRange);
}

bool IsDayOrNull(const Type& type) { return type.is_timestamp() || type.id() == TypeId::kDate || IsNull(type); }

// The timestamp type in which two moments meet.
Result<Type> MeetingType(const Type& a, const Type& b) {
  const Type common = TRY(expr::CommonType(a, b));
  return common.is_timestamp() ? common : Type(kStamp);
}

Result<BoundFunction> BindDateDiff(const BindCall& call) {
  const bool fits =
      call.types.size() == 3 && IsTextOrNull(call.types[0]) && IsDayOrNull(call.types[1]) && IsDayOrNull(call.types[2]);
  if (!fits) return WrongArguments(call, "date_diff(field, from, to)");
  DateField ignored = DateField::kDay;
  const std::string* name = ConstantText(call, 0);
  if (name != nullptr && !data::FindDateField(*name, ignored)) {
    return Error(
        Status(ErrorCode::kFunctionArguments, "date_diff: there is no field '" + *name + "'")
            .WithHint("fields are year, quarter, month, week, day, hour, minute, second, millisecond, microsecond"));
  }
  const Type type = TRY(MeetingType(call.types[1], call.types[2]));
  BoundFunction bound;
  bound.arguments = {kText, type, type};
  bound.result = kBigint;
  bound.kernel = Rows<DateDiff>;
  bound.state = std::make_shared<Moment>(type);
  return bound;
}

// Adding intervals

template <bool is_minus>
Outcome AddInterval(KernelContext& context, int64_t value, Interval interval, int64_t& out) {
  const Moment& how = StateOf<Moment>(context);
  if (is_minus && !data::NegateInterval(interval, interval)) return Outcome::Fail(ErrorCode::kOutOfRange);
  int64_t civil = 0;
  const bool is_fine = ToCivil(context, how, value, civil) &&
                       data::AddInterval(civil, {interval.months, interval.days, 0}, how.is_nanos, civil) &&
                       FromCivil(context, how, civil, civil) &&
                       data::AddInterval(civil, {0, 0, interval.micros}, how.is_nanos, out);
  return Outcome::FailIf(!is_fine, ErrorCode::kOutOfRange);
}

template <bool is_minus>
Outcome AddDays(int32_t value, int64_t days, int32_t& out) {
  int64_t sum = 0;
  const bool is_wrong = is_minus ? __builtin_sub_overflow(int64_t{value}, days, &sum)
                                 : __builtin_add_overflow(int64_t{value}, days, &sum);
  if (is_wrong || sum > INT32_MAX || sum < INT32_MIN) return Outcome::Fail(ErrorCode::kOutOfRange);
  out = static_cast<int32_t>(sum);
  return {};
}

template <bool is_minus>
Result<BoundFunction> BindDateAdd(const BindCall& call) {
  const bool fits = call.types.size() == 2 && IsDayOrNull(call.types[0]) &&
                    (call.types[1].id() == TypeId::kInterval || IsIntegerOrNull(call.types[1]));
  const bool is_days = fits && call.types[1].is_integer();
  if (!fits || (is_days && call.types[0].is_timestamp())) {
    return WrongArguments(
        call, std::string(call.name) + "(timestamp, interval) or " + std::string(call.name) + "(date, days)");
  }
  BoundFunction bound;
  if (is_days) {
    bound.arguments = {TypeId::kDate, kBigint};
    bound.result = TypeId::kDate;
    bound.kernel = Rows<AddDays<is_minus>>;
    return bound;
  }
  const Type type = call.types[0].is_timestamp() ? call.types[0] : Type(kStamp);
  bound.arguments = {type, TypeId::kInterval};
  bound.result = type;
  bound.kernel = Rows<AddInterval<is_minus>>;
  bound.state = std::make_shared<Moment>(type);
  return bound;
}

// age: years, months, days and the rest between two civil times. Days are counted from the month of the earlier one.

bool AgeForward(const Moment& how, int64_t later, int64_t earlier, Interval& out) {
  const data::CivilDate a = data::CivilFromDays(CivilDays(how, later));
  const data::CivilDate b = data::CivilFromDays(CivilDays(how, earlier));
  int64_t units = CivilTimeOfDay(how, later) - CivilTimeOfDay(how, earlier);
  int64_t days = int64_t{a.day} - b.day;
  int64_t months = (a.year - b.year) * 12 + a.month - b.month;
  if (units < 0) {
    units += kDay * how.UnitsPerMicro();
    --days;
  }
  if (days < 0) {
    days += data::DaysInMonth(b.year, b.month);
    --months;
  }
  if (months > INT32_MAX) return false;
  out = Interval{static_cast<int32_t>(months), static_cast<int32_t>(days), units / how.UnitsPerMicro()};
  return true;
}

Outcome Age(KernelContext& context, int64_t to, int64_t from, Interval& out) {
  const Moment& how = StateOf<Moment>(context);
  int64_t a = 0;
  int64_t b = 0;
  if (!ToCivil(context, how, to, a) || !ToCivil(context, how, from, b)) return Outcome::Fail(ErrorCode::kOutOfRange);
  const bool is_fine =
      a >= b ? AgeForward(how, a, b, out) : AgeForward(how, b, a, out) && data::NegateInterval(out, out);
  return Outcome::FailIf(!is_fine, ErrorCode::kOutOfRange);
}

// The age today, at midnight of the session's zone.
Outcome AgeToday(KernelContext& context, int64_t from, Interval& out) {
  const Moment& how = StateOf<Moment>(context);
  int64_t now = 0;
  int64_t today = 0;
  int64_t value = 0;
  if (!SessionZone(context).ToLocal(context.environment->now, now) ||
      __builtin_mul_overflow(FloorDiv(now, kDay) * kDay, how.UnitsPerMicro(), &today) ||
      !FromCivil(context, how, today, value)) {
    return Outcome::Fail(ErrorCode::kOutOfRange);
  }
  return Age(context, value, from, out);
}

Result<BoundFunction> BindAge(const BindCall& call) {
  const size_t count = call.types.size();
  const bool fits = (count == 1 || count == 2) && IsDayOrNull(call.types[0]) && IsDayOrNull(call.types[count - 1]);
  if (!fits) return WrongArguments(call, "age(timestamp [, earlier timestamp])");
  const Type type = TRY(MeetingType(call.types[0], call.types[count - 1]));
  BoundFunction bound;
  bound.arguments.assign(count, type);
  bound.result = TypeId::kInterval;
  bound.kernel = count == 1 ? &Rows<AgeToday> : &Rows<Age>;
  bound.state = std::make_shared<Moment>(type);
  bound.traits.is_volatile = count == 1;
  return bound;
}

// Making

Outcome MakeDate(int64_t year, int64_t month, int64_t day, int32_t& out) {
  return Outcome::FailIf(!data::MakeDate(year, month, day, out), ErrorCode::kOutOfRange);
}
Outcome MakeTime(int64_t hour, int64_t minute, double second, int64_t& out) {
  return Outcome::FailIf(!data::MakeTime(hour, minute, second, out), ErrorCode::kOutOfRange);
}
Outcome MakeStamp(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute, double second, int64_t& out) {
  int32_t days = 0;
  int64_t time = 0;
  const bool is_fine = data::MakeDate(year, month, day, days) && data::MakeTime(hour, minute, second, time) &&
                       !__builtin_mul_overflow(int64_t{days}, kDay, &out) && !__builtin_add_overflow(out, time, &out);
  return Outcome::FailIf(!is_fine, ErrorCode::kOutOfRange);
}
int64_t StampOfMicros(int64_t micros) { return micros; }

template <int32_t kMonths, int32_t kDays, int64_t kMicros>
Outcome Units(int64_t count, Interval& out) {
  int64_t months = 0;
  int64_t days = 0;
  if (__builtin_mul_overflow(count, int64_t{kMonths}, &months) ||
      __builtin_mul_overflow(count, int64_t{kDays}, &days) || __builtin_mul_overflow(count, kMicros, &out.micros) ||
      months != static_cast<int32_t>(months) || days != static_cast<int32_t>(days)) {
    out = Interval{};
    return Outcome::Fail(ErrorCode::kOutOfRange);
  }
  out.months = static_cast<int32_t>(months);
  out.days = static_cast<int32_t>(days);
  return {};
}

template <int32_t kMonths, int32_t kDays, int64_t kMicros>
void AddUnits(expr::FunctionRegistry& registry, std::string_view unit, std::string_view result) {
  const std::string name = "to_" + std::string(unit);
  Scalar(registry, name)
      .Category("date and time")
      .Doc("An interval of n " + std::string(unit) + ".")
      .Example(name + "(3)", result)
      .MayFail()
      .Add({kBigint}, TypeId::kInterval, Rows<Units<kMonths, kDays, kMicros>>);
}

void RegisterMaking(expr::FunctionRegistry& registry) {
  Scalar(registry, "make_date")
      .Category("date and time")
      .Doc("A date from year, month and day.")
      .Example("make_date(2024, 5, 17)", "2024-05-17")
      .MayFail()
      .Add({kBigint, kBigint, kBigint}, TypeId::kDate, Rows<MakeDate>);
  Scalar(registry, "make_time")
      .Category("date and time")
      .Doc("A time from hour, minute and second.")
      .Example("make_time(13, 45, 10.5)", "13:45:10.5")
      .MayFail()
      .Add({kBigint, kBigint, kReal}, TypeId::kTime, Rows<MakeTime>);
  Scalar(registry, "make_timestamp")
      .Category("date and time")
      .Doc("A timestamp from year, month, day, hour, minute, second, or from microseconds since 1970.")
      .Example("make_timestamp(2024, 5, 17, 13, 45, 10.5)", "2024-05-17 13:45:10.5")
      .MayFail()
      .Add({kBigint}, kStamp, Dense<StampOfMicros>)
      .Add({kBigint, kBigint, kBigint, kBigint, kBigint, kReal}, kStamp, Rows<MakeStamp>);
  AddUnits<12, 0, 0>(registry, "years", "3 years");
  AddUnits<1, 0, 0>(registry, "months", "3 mons");
  AddUnits<0, 7, 0>(registry, "weeks", "21 days");
  AddUnits<0, 1, 0>(registry, "days", "3 days");
  AddUnits<0, 0, kHour>(registry, "hours", "03:00:00");
  AddUnits<0, 0, kMinute>(registry, "minutes", "00:03:00");
  AddUnits<0, 0, kSecond>(registry, "seconds", "00:00:03");
  AddUnits<0, 0, kMillisecond>(registry, "milliseconds", "00:00:00.003");
}

}  // namespace

void RegisterTimeArithmetic(expr::FunctionRegistry& registry) {
  Scalar(registry, "date_diff")
      .Alias("datediff")
      .Category("date and time")
      .Doc("Number of borders of a field (years, days, minutes, ...) between two moments.")
      .Example("date_diff('day', DATE '2024-02-27', DATE '2024-03-01')", "3")
      .Example("date_diff('year', DATE '2023-12-31', DATE '2024-01-01')", "1")
      .MayFail()
      .Bind(BindDateDiff);
  Scalar(registry, "date_add")
      .Category("date and time")
      .Doc("A timestamp plus an interval, or a date plus days.")
      .Example("date_add(TIMESTAMP '2024-01-31 12:00:00', INTERVAL '1' MONTH)", "2024-02-29 12:00:00")
      .Example("date_add(DATE '2024-02-28', 2)", "2024-03-01")
      .MayFail()
      .Bind(BindDateAdd<false>);
  Scalar(registry, "date_sub")
      .Category("date and time")
      .Doc("A timestamp minus an interval, or a date minus days.")
      .Example("date_sub(TIMESTAMP '2024-03-31 12:00:00', INTERVAL '1' MONTH)", "2024-02-29 12:00:00")
      .MayFail()
      .Bind(BindDateAdd<true>);
  Scalar(registry, "age")
      .Category("date and time")
      .Doc("Years, months, days and time between two moments; with one moment, up to today.")
      .Example("age(DATE '2024-05-17', DATE '2000-01-31')", "24 years 3 mons 17 days")
      .MayFail()
      .Bind(BindAge);
  RegisterMaking(registry);
}

}  // namespace laminar::functions
