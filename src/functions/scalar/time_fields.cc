// Fields of dates and times: date_part and its short forms, names of days and months, date_trunc, last_day.
//
// Law: date_part gives whole numbers (seconds and smaller fields as in Postgres: milliseconds count within the minute);
// only the epoch has a fraction. date_trunc(f, x) <= x, and equal for all moments of one span.
#include <optional>

#include "functions/scalar/moments.h"

namespace laminar::functions {
namespace {

struct FieldOf final : Moment {
  std::optional<DateField> field;  // empty: named by the first argument of each row
  using Moment::Moment;
};

bool Extract(KernelContext& context, const FieldOf& how, DateField field, int64_t value, int64_t& out) {
  switch (how.kind) {
    case MomentKind::kDate: return data::ExtractFromDate(field, static_cast<int32_t>(value), out);
    case MomentKind::kTime: return data::ExtractFromTime(field, value, out);
    case MomentKind::kInterval: return false;
    case MomentKind::kStamp: break;
  }
  int64_t civil = value;
  if (field != DateField::kEpoch && !ToCivil(context, how, value, civil)) return false;
  return data::ExtractFromTimestamp(field, civil, how.is_nanos, out);
}
bool Extract(KernelContext&, const FieldOf&, DateField field, const Interval& value, int64_t& out) {
  return data::ExtractFromInterval(field, value, out);
}

// A field fixed when the call was bound.
template <class T>
Outcome FixedField(KernelContext& context, T value, int64_t& out) {
  const FieldOf& how = StateOf<FieldOf>(context);
  return Outcome::FailIf(!Extract(context, how, *how.field, value, out), ErrorCode::kOutOfRange);
}

// The field's name is the first argument.
template <class T>
Outcome NamedField(KernelContext& context, StringRef name, T value, int64_t& out) {
  const FieldOf& how = StateOf<FieldOf>(context);
  DateField field = DateField::kYear;
  if (!how.field.has_value() && !data::FindDateField(name.view(), field)) return Outcome::Fail(ErrorCode::kBadValue);
  return Outcome::FailIf(!Extract(context, how, how.field.value_or(field), value, out), ErrorCode::kOutOfRange);
}

double EpochOf(const Moment& how, int64_t value) {
  if (how.kind == MomentKind::kDate) return static_cast<double>(value) * 86400;
  return data::EpochSeconds(value, how.is_nanos);
}
template <class T>
double Epoch(KernelContext& context, T value) {
  return EpochOf(StateOf<Moment>(context), value);
}
double EpochOfInterval(Interval value) {
  // As Postgres: a year of 365.25 days, other months of 30.
  const double days = value.months / 12 * 365.25 + value.months % 12 * 30.0 + value.days;
  return days * 86400 + static_cast<double>(value.micros) / 1e6;
}
template <class T>
double NamedEpoch(KernelContext& context, StringRef, T value) {
  return Epoch<T>(context, value);
}
double NamedEpochOfInterval(StringRef, Interval value) { return EpochOfInterval(value); }

// Checks that the type has the field at all, so that a wrong one is an error of the statement.
bool HasField(const FieldOf& how, DateField field) {
  int64_t ignored = 0;
  switch (how.kind) {
    case MomentKind::kDate: return data::ExtractFromDate(field, 0, ignored);
    case MomentKind::kTime: return data::ExtractFromTime(field, 0, ignored);
    case MomentKind::kInterval: return data::ExtractFromInterval(field, Interval{}, ignored);
    case MomentKind::kStamp: return data::ExtractFromTimestamp(field, 0, how.is_nanos, ignored);
  }
  return false;
}

::laminar::internal::Failure NoSuchField(const BindCall& call, std::string_view field, const Type& type) {
  return Error(Status(ErrorCode::kFunctionArguments,
                      std::string(call.name) + ": " + type.ToString() + " has no field '" + std::string(field) + "'")
                   .WithHint("fields are year, quarter, month, week, day, hour, minute, second, millisecond, "
                             "microsecond, dow, isodow, doy, epoch and others"));
}

Result<BoundFunction> BindEpoch(const Type& type, bool is_named) {
  BoundFunction bound;
  if (is_named) bound.arguments.push_back(kText);
  bound.arguments.push_back(type);
  bound.result = kReal;
  bound.state = std::make_shared<Moment>(type);
  switch (type.id()) {
    case TypeId::kDate: bound.kernel = is_named ? &Rows<NamedEpoch<int32_t>> : &Dense<Epoch<int32_t>>; break;
    case TypeId::kInterval: bound.kernel = is_named ? &Rows<NamedEpochOfInterval> : &Dense<EpochOfInterval>; break;
    default: bound.kernel = is_named ? &Rows<NamedEpoch<int64_t>> : &Dense<Epoch<int64_t>>;
  }
  return bound;
}

Type MomentTypeOf(const Type& type) { return IsNull(type) ? Type(kStamp) : type; }

Result<BoundFunction> BindDatePart(const BindCall& call) {
  const std::string usage = std::string(call.name) + "(field, date or time)";
  if (call.types.size() != 2 || !IsTextOrNull(call.types[0])) return WrongArguments(call, usage);
  const Type type = MomentTypeOf(call.types[1]);
  if (!IsMoment(type)) return WrongArguments(call, usage);
  auto how = std::make_shared<FieldOf>(type);
  if (const std::string* name = ConstantText(call, 0); name != nullptr) {
    DateField field = DateField::kYear;
    if (!data::FindDateField(*name, field) || !HasField(*how, field)) return NoSuchField(call, *name, type);
    if (field == DateField::kEpoch) return BindEpoch(type, true);
    how->field = field;
  }
  BoundFunction bound;
  bound.arguments = {kText, type};
  bound.result = kBigint;
  bound.kernel = how->kind == MomentKind::kDate       ? &Rows<NamedField<int32_t>>
                 : how->kind == MomentKind::kInterval ? &Rows<NamedField<Interval>>
                                                      : &Rows<NamedField<int64_t>>;
  bound.state = std::move(how);
  bound.traits.may_fail = true;
  return bound;
}

Result<BoundFunction> BindField(const BindCall& call, DateField field) {
  if (call.types.size() != 1) return WrongArguments(call, std::string(call.name) + "(date or time)");
  const Type type = MomentTypeOf(call.types[0]);
  if (!IsMoment(type)) return WrongArguments(call, std::string(call.name) + "(date or time)");
  if (field == DateField::kEpoch) return BindEpoch(type, false);
  auto how = std::make_shared<FieldOf>(type);
  if (!HasField(*how, field)) return NoSuchField(call, call.name, type);
  how->field = field;
  BoundFunction bound;
  bound.arguments = {type};
  bound.result = kBigint;
  bound.kernel = how->kind == MomentKind::kDate       ? &Rows<FixedField<int32_t>>
                 : how->kind == MomentKind::kInterval ? &Rows<FixedField<Interval>>
                                                      : &Rows<FixedField<int64_t>>;
  bound.state = std::move(how);
  return bound;
}
template <DateField F>
Result<BoundFunction> BindFixed(const BindCall& call) {
  return BindField(call, F);
}

// Names

constexpr std::string_view kDayNames[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::string_view kMonthNames[] = {"January", "February", "March",     "April",   "May",      "June",
                                            "July",    "August",   "September", "October", "November", "December"};

template <class T, DateField F>
Outcome NameOfField(KernelContext& context, T value, StringRef& out) {
  const FieldOf& how = StateOf<FieldOf>(context);
  int64_t number = 0;
  if (!Extract(context, how, F, value, number)) return Outcome::Fail(ErrorCode::kOutOfRange);
  out = StringRef(F == DateField::kMonth ? kMonthNames[number - 1] : kDayNames[number]);
  return {};
}

template <class T>
Outcome LastDay(KernelContext& context, T value, int32_t& out) {
  const Moment& how = StateOf<Moment>(context);
  int64_t days = value;
  if (how.kind == MomentKind::kStamp) {
    int64_t civil = 0;
    if (!ToCivil(context, how, value, civil)) return Outcome::Fail(ErrorCode::kOutOfRange);
    days = CivilDays(how, civil);
  }
  const data::CivilDate date = data::CivilFromDays(days);
  out = static_cast<int32_t>(days + data::DaysInMonth(date.year, date.month) - date.day);
  return {};
}

// For functions of a DATE or a timestamp.
Result<BoundFunction> BindDay(const BindCall& call, Type result, expr::Kernel of_date, expr::Kernel of_stamp) {
  if (call.types.size() != 1) return WrongArguments(call, std::string(call.name) + "(date or timestamp)");
  const Type type = MomentTypeOf(call.types[0]);
  if (type.id() != TypeId::kDate && !type.is_timestamp()) {
    return WrongArguments(call, std::string(call.name) + "(date or timestamp)");
  }
  BoundFunction bound;
  bound.arguments = {type};
  bound.result = std::move(result);
  bound.kernel = type.id() == TypeId::kDate ? of_date : of_stamp;
  bound.state = std::make_shared<FieldOf>(type);
  return bound;
}
template <DateField F>
Result<BoundFunction> BindName(const BindCall& call) {
  return BindDay(call, kText, Rows<NameOfField<int32_t, F>>, Rows<NameOfField<int64_t, F>>);
}
Result<BoundFunction> BindLastDay(const BindCall& call) {
  return BindDay(call, TypeId::kDate, Rows<LastDay<int32_t>>, Rows<LastDay<int64_t>>);
}

// date_trunc

bool FieldFor(const FieldOf& how, StringRef name, DateField& field) {
  if (how.field.has_value()) {
    field = *how.field;
    return true;
  }
  return data::FindDateField(name.view(), field);
}

Outcome TruncateStamp(KernelContext& context, StringRef name, int64_t value, int64_t& out) {
  const FieldOf& how = StateOf<FieldOf>(context);
  DateField field = DateField::kYear;
  if (!FieldFor(how, name, field)) return Outcome::Fail(ErrorCode::kBadValue);
  int64_t civil = 0;
  const bool is_fine = ToCivil(context, how, value, civil) &&
                       data::TruncateTimestamp(field, civil, how.is_nanos, civil) &&
                       FromCivil(context, how, civil, out);
  return Outcome::FailIf(!is_fine, ErrorCode::kOutOfRange);
}

Outcome TruncateDate(KernelContext& context, StringRef name, int32_t value, int32_t& out) {
  DateField field = DateField::kYear;
  if (!FieldFor(StateOf<FieldOf>(context), name, field)) return Outcome::Fail(ErrorCode::kBadValue);
  int64_t stamp = 0;
  if (__builtin_mul_overflow(int64_t{value}, kDay, &stamp)) return Outcome::Fail(ErrorCode::kOutOfRange);
  if (!data::TruncateTimestamp(field, stamp, false, stamp)) return Outcome::Fail(ErrorCode::kOutOfRange);
  out = static_cast<int32_t>(FloorDiv(stamp, kDay));
  return {};
}

Result<BoundFunction> BindDateTrunc(const BindCall& call) {
  const std::string_view usage = "date_trunc(field, date or timestamp)";
  if (call.types.size() != 2 || !IsTextOrNull(call.types[0])) return WrongArguments(call, usage);
  const Type type = MomentTypeOf(call.types[1]);
  if (type.id() != TypeId::kDate && !type.is_timestamp()) return WrongArguments(call, usage);
  auto how = std::make_shared<FieldOf>(type);
  if (const std::string* name = ConstantText(call, 0); name != nullptr) {
    DateField field = DateField::kYear;
    int64_t ignored = 0;
    if (!data::FindDateField(*name, field) || !data::TruncateTimestamp(field, 0, how->is_nanos, ignored)) {
      return NoSuchField(call, *name, type);
    }
    how->field = field;
  }
  BoundFunction bound;
  bound.arguments = {kText, type};
  bound.result = type;
  bound.kernel = how->kind == MomentKind::kDate ? &Rows<TruncateDate> : &Rows<TruncateStamp>;
  bound.state = std::move(how);
  bound.traits.may_fail = true;
  return bound;
}

template <DateField F>
void AddField(expr::FunctionRegistry& registry, std::string_view name, std::string_view alias, std::string_view doc,
              std::string_view example, std::string_view result) {
  Scalar scalar(registry, name);
  scalar.Category("date and time").Doc(doc).Example(example, result).MayFail().Bind(BindFixed<F>);
  if (!alias.empty()) scalar.Alias(alias);
}

void RegisterShortForms(expr::FunctionRegistry& registry) {
  AddField<DateField::kYear>(registry, "year", "", "The year.", "year(DATE '2024-05-17')", "2024");
  AddField<DateField::kQuarter>(registry, "quarter", "", "The quarter, 1 to 4.", "quarter(DATE '2024-05-17')", "2");
  AddField<DateField::kMonth>(registry, "month", "", "The month, 1 to 12.", "month(DATE '2024-05-17')", "5");
  AddField<DateField::kWeek>(registry, "week", "weekofyear", "The ISO week, 1 to 53.", "week(DATE '2024-05-17')", "20");
  AddField<DateField::kDay>(registry, "day", "dayofmonth", "The day of the month.", "day(DATE '2024-05-17')", "17");
  AddField<DateField::kDayOfWeek>(registry, "dayofweek", "weekday", "The day of the week; Sunday is 0.",
                                  "dayofweek(DATE '2024-05-17')", "5");
  AddField<DateField::kIsoDayOfWeek>(registry, "isodow", "", "The day of the week from Monday, 1, to Sunday, 7.",
                                     "isodow(DATE '2024-05-19')", "7");
  AddField<DateField::kDayOfYear>(registry, "dayofyear", "", "The day of the year, 1 to 366.",
                                  "dayofyear(DATE '2024-05-17')", "138");
  AddField<DateField::kIsoYear>(registry, "isoyear", "", "The year the ISO week belongs to.",
                                "isoyear(DATE '2021-01-01')", "2020");
  AddField<DateField::kHour>(registry, "hour", "", "The hour.", "hour(TIMESTAMP '2024-05-17 13:45:10')", "13");
  AddField<DateField::kMinute>(registry, "minute", "", "The minute.", "minute(TIMESTAMP '2024-05-17 13:45:10')", "45");
  AddField<DateField::kSecond>(registry, "second", "", "The whole second.", "second(TIMESTAMP '2024-05-17 13:45:10.5')",
                               "10");
  AddField<DateField::kMillisecond>(registry, "millisecond", "", "Milliseconds of the minute.",
                                    "millisecond(TIMESTAMP '2024-05-17 13:45:10.5')", "10500");
  AddField<DateField::kMicrosecond>(registry, "microsecond", "", "Microseconds of the minute.",
                                    "microsecond(TIMESTAMP '2024-05-17 13:45:10.5')", "10500000");
  AddField<DateField::kDecade>(registry, "decade", "", "The year divided by ten.", "decade(DATE '2024-05-17')", "202");
  AddField<DateField::kCentury>(registry, "century", "", "The century.", "century(DATE '2024-05-17')", "21");
  AddField<DateField::kEpoch>(registry, "epoch", "", "Seconds since 1970-01-01 00:00:00 UTC, with their fraction.",
                              "epoch(TIMESTAMP '1970-01-01 00:01:00.5')", "60.5");
}

}  // namespace

void RegisterTimeFields(expr::FunctionRegistry& registry) {
  Scalar(registry, "date_part")
      .Alias("datepart")
      .Alias("extract")
      .Category("date and time")
      .Doc("One field of a date, time, timestamp or interval, named by a text.")
      .Example("date_part('hour', TIMESTAMP '2024-05-17 13:45:10')", "13")
      .Example("extract(month FROM DATE '2024-05-17')", "5")
      .Bind(BindDatePart);
  Scalar(registry, "date_trunc")
      .Alias("datetrunc")
      .Category("date and time")
      .Doc("The start of the year, month, week, day, hour, ... that holds a date or timestamp.")
      .Example("date_trunc('hour', TIMESTAMP '2024-05-17 13:45:10')", "2024-05-17 13:00:00")
      .Bind(BindDateTrunc);
  Scalar(registry, "dayname")
      .Category("date and time")
      .Doc("English name of the day of the week.")
      .Example("dayname(DATE '2024-05-17')", "Friday")
      .MayFail()
      .Bind(BindName<DateField::kDayOfWeek>);
  Scalar(registry, "monthname")
      .Category("date and time")
      .Doc("English name of the month.")
      .Example("monthname(DATE '2024-05-17')", "May")
      .MayFail()
      .Bind(BindName<DateField::kMonth>);
  Scalar(registry, "last_day")
      .Category("date and time")
      .Doc("The last day of the month.")
      .Example("last_day(DATE '2024-02-05')", "2024-02-29")
      .MayFail()
      .Bind(BindLastDay);
  RegisterShortForms(registry);
}

}  // namespace laminar::functions
