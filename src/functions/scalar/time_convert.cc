// The current moment, moments from and to numbers, and AT TIME ZONE.
//
// Law: the current moment is that of the batch (EvalEnvironment::now), the same for all its rows. Numbers of seconds,
// milliseconds, ... count from 1970-01-01 00:00:00 UTC; to a number, fractions are rounded down.
#include <cmath>

#include "base/hot_scope.h"
#include "functions/scalar/moments.h"

namespace laminar::functions {
namespace {

// The current moment

template <class T>
void FillAll(KernelContext& context, Column& out, T value) {
  for (uint32_t row = 0; row < context.rows; ++row) out.As<T>()[row] = value;
}

int64_t LocalNow(KernelContext& context) {
  int64_t local = context.environment->now;
  (void)SessionZone(context).ToLocal(context.environment->now, local);
  return local;
}

void Now(KernelContext& context, Arguments, Column& out) { FillAll<int64_t>(context, out, context.environment->now); }
void LocalTimestamp(KernelContext& context, Arguments, Column& out) {
  FillAll<int64_t>(context, out, LocalNow(context));
}
void CurrentDate(KernelContext& context, Arguments, Column& out) {
  FillAll<int32_t>(context, out, static_cast<int32_t>(FloorDiv(LocalNow(context), kDay)));
}
void CurrentTime(KernelContext& context, Arguments, Column& out) {
  FillAll<int64_t>(context, out, FloorMod(LocalNow(context), kDay));
}
void ProcessingTime(KernelContext& context, Arguments, Column& out) {
  FillAll<int64_t>(context, out, data::TruncateToPrecision(context.environment->now, 3));
}

void Watermark(KernelContext& context, Arguments, Column& out) {
  const Timestamp watermark = context.environment->watermark;
  out.has_nulls = false;
  FillAll<int64_t>(context, out, watermark == kMinTimestamp ? 0 : watermark);
  if (watermark != kMinTimestamp) return;
  for (uint32_t row = 0; row < context.rows; ++row) context.Null(out, row);
}

// From numbers

template <int64_t kUnits>
Outcome FromInteger(int64_t number, int64_t& out) {
  return Outcome::FailIf(__builtin_mul_overflow(number, kUnits, &out), ErrorCode::kOutOfRange);
}
int64_t Same(int64_t value) { return value; }

Outcome FromSeconds(double seconds, int64_t& out) {
  const double micros = std::nearbyint(seconds * 1e6);
  if (!(std::fabs(micros) < 9.2e18)) return Outcome::Fail(ErrorCode::kOutOfRange);
  out = static_cast<int64_t>(micros);
  return {};
}

// To numbers

template <int64_t kPerSecond>
Outcome ToNumber(KernelContext& context, int64_t value, int64_t& out) {
  constexpr int64_t kNanosEach = 1'000'000'000 / kPerSecond;
  const Moment& how = StateOf<Moment>(context);
  if (how.is_nanos) {
    out = FloorDiv(value, kNanosEach);
    return {};
  }
  if constexpr (kNanosEach >= 1000) {
    out = FloorDiv(value, kNanosEach / 1000);
    return {};
  } else {
    return Outcome::FailIf(__builtin_mul_overflow(value, 1000 / kNanosEach, &out), ErrorCode::kOutOfRange);
  }
}

// From a number to a timestamp, from a date or timestamp to a number.
template <int64_t kPerSecond, bool takes_numbers>
Result<BoundFunction> BindNumber(const BindCall& call) {
  const std::string usage = std::string(call.name) + "(timestamp)";
  if (call.types.size() != 1) return WrongArguments(call, usage);
  BoundFunction bound;
  const Type& given = call.types[0];
  if (takes_numbers && given.is_integer()) {
    bound.arguments = {kBigint};
    bound.result = kStamp;
    bound.kernel = Rows<FromInteger<1'000'000 / (kPerSecond > 1'000'000 ? 1'000'000 : kPerSecond)>>;
    return bound;
  }
  if (!given.is_timestamp() && given.id() != TypeId::kDate && !IsNull(given)) return WrongArguments(call, usage);
  const Type type = given.is_timestamp() ? given : Type(kStamp);
  bound.arguments = {type};
  bound.result = kBigint;
  bound.kernel = Rows<ToNumber<kPerSecond>>;
  bound.state = std::make_shared<Moment>(type);
  return bound;
}

// AT TIME ZONE: from civil time in a zone to the instant, and back.

struct ZoneOf final : Moment {
  const data::Zone* zone = nullptr;  // null: named by the first argument of each row
  using Moment::Moment;
};

const data::Zone* ZoneNamed(const ZoneOf& how, StringRef name) {
  if (how.zone != nullptr) return how.zone;
  static thread_local std::string known_name;
  static thread_local const data::Zone* known = nullptr;
  if (known != nullptr && known_name == name.view()) return known;
  const AllowAllocation lookup;
  Result<const data::Zone*> found = data::FindZone(name.view());
  if (!found.has_value()) return nullptr;
  known = *found;
  known_name = name.view();
  return known;
}

Outcome AtZone(KernelContext& context, StringRef name, int64_t value, int64_t& out) {
  const ZoneOf& how = StateOf<ZoneOf>(context);
  const data::Zone* zone = ZoneNamed(how, name);
  if (zone == nullptr) return Outcome::Fail(ErrorCode::kBadValue);
  const int64_t units = how.UnitsPerMicro();
  const int64_t micros = FloorDiv(value, units);
  int64_t moved = 0;
  const bool is_fine = (how.has_zone ? zone->ToLocal(micros, moved) : zone->ToUtc(micros, moved)) &&
                       !__builtin_mul_overflow(moved, units, &out) &&
                       !__builtin_add_overflow(out, FloorMod(value, units), &out);
  return Outcome::FailIf(!is_fine, ErrorCode::kOutOfRange);
}

Result<BoundFunction> BindTimeZone(const BindCall& call) {
  const bool fits = call.types.size() == 2 && IsTextOrNull(call.types[0]) &&
                    (call.types[1].is_timestamp() || call.types[1].id() == TypeId::kDate || IsNull(call.types[1]));
  if (!fits) return WrongArguments(call, "timezone(zone, timestamp) or timestamp AT TIME ZONE zone");
  const Type type = call.types[1].is_timestamp() ? call.types[1] : Type(kStamp);
  auto how = std::make_shared<ZoneOf>(type);
  if (const std::string* name = ConstantText(call, 0); name != nullptr) how->zone = TRY(data::FindZone(*name));
  BoundFunction bound;
  bound.arguments = {kText, type};
  bound.result = how->has_zone ? Type::Timestamp(type.precision()) : Type::TimestampTz(type.precision());
  bound.kernel = Rows<AtZone>;
  bound.state = std::move(how);
  return bound;
}

// The civil time of the session's zone.
Outcome LocalTimeOf(KernelContext& context, int64_t value, int64_t& out) {
  return Outcome::FailIf(!SessionZone(context).ToLocal(value, out), ErrorCode::kOutOfRange);
}

void AddCurrent(expr::FunctionRegistry& registry, std::string_view name, std::string_view alias, std::string_view doc,
                std::string_view example, Type result, expr::Kernel kernel) {
  Scalar scalar(registry, name);
  scalar.Category("date and time").Doc(doc).Example(example, "true").Volatile().Add({}, std::move(result), kernel);
  if (!alias.empty()) scalar.Alias(alias);
}

void RegisterCurrent(expr::FunctionRegistry& registry) {
  AddCurrent(registry, "now", "current_timestamp", "The moment at which the batch is processed.", "now() IS NOT NULL",
             kStampTz, Now);
  AddCurrent(registry, "localtimestamp", "", "The current moment as civil time of the session's zone.",
             "localtimestamp() IS NOT NULL", kStamp, LocalTimestamp);
  AddCurrent(registry, "current_date", "today", "The current date in the session's zone.", "today() IS NOT NULL",
             TypeId::kDate, CurrentDate);
  AddCurrent(registry, "current_time", "localtime", "The current time of day in the session's zone.",
             "current_time() IS NOT NULL", TypeId::kTime, CurrentTime);
  Scalar(registry, "proctime")
      .Category("streaming")
      .Doc("Processing time, the same for all rows of a batch.")
      .Example("proctime() IS NOT NULL", "true")
      .Volatile()
      .Add({}, Type::Timestamp(3), ProcessingTime);
  Scalar(registry, "watermark")
      .Alias("current_watermark")
      .Category("streaming")
      .Doc("The watermark of the operator's input; NULL before the first.")
      .Example("watermark()", "NULL")
      .Volatile()
      .CustomNulls()
      .Add({}, Type::Timestamp(3), Watermark);
}

void RegisterFromNumbers(expr::FunctionRegistry& registry) {
  Scalar(registry, "to_timestamp_seconds")
      .Category("date and time")
      .Doc("A timestamp from whole seconds since 1970.")
      .Example("to_timestamp_seconds(1715953510)", "2024-05-17 13:45:10")
      .MayFail()
      .Add({kBigint}, Type::Timestamp(0), Rows<FromInteger<1'000'000>>);
  Scalar(registry, "to_timestamp_millis")
      .Category("date and time")
      .Doc("A timestamp from milliseconds since 1970.")
      .Example("to_timestamp_millis(1715953510500)", "2024-05-17 13:45:10.5")
      .MayFail()
      .Add({kBigint}, Type::Timestamp(3), Rows<FromInteger<1'000>>);
  Scalar(registry, "to_timestamp_micros")
      .Category("date and time")
      .Doc("A timestamp from microseconds since 1970.")
      .Example("to_timestamp_micros(1715953510000001)", "2024-05-17 13:45:10.000001")
      .Add({kBigint}, kStamp, Dense<Same>);
  Scalar(registry, "to_timestamp_nanos")
      .Category("date and time")
      .Doc("A timestamp from nanoseconds since 1970.")
      .Example("to_timestamp_nanos(1715953510000000001)", "2024-05-17 13:45:10.000000001")
      .Add({kBigint}, Type::Timestamp(9), Dense<Same>);
  Scalar(registry, "from_unixtime")
      .Category("date and time")
      .Doc("A timestamp from seconds since 1970, with their fraction.")
      .Example("from_unixtime(1715953510)", "2024-05-17 13:45:10")
      .MayFail()
      .Add({kBigint}, kStamp, Rows<FromInteger<1'000'000>>)
      .Add({kReal}, kStamp, Rows<FromSeconds>);
}

}  // namespace

void RegisterTimeConvert(expr::FunctionRegistry& registry) {
  RegisterCurrent(registry);
  RegisterFromNumbers(registry);
  Scalar(registry, "to_unixtime")
      .Alias("unix_timestamp")
      .Category("date and time")
      .Doc("Whole seconds since 1970 of a date or timestamp.")
      .Example("to_unixtime(TIMESTAMP '2024-05-17 13:45:10.5')", "1715953510")
      .MayFail()
      .Bind(BindNumber<1, false>);
  Scalar(registry, "epoch_ms")
      .Category("date and time")
      .Doc("Milliseconds since 1970 of a date or timestamp; of a number, the timestamp they mean.")
      .Example("epoch_ms(TIMESTAMP '2024-05-17 13:45:10.5')", "1715953510500")
      .Example("epoch_ms(1715953510500)", "2024-05-17 13:45:10.5")
      .MayFail()
      .Bind(BindNumber<1000, true>);
  Scalar(registry, "epoch_us")
      .Category("date and time")
      .Doc("Microseconds since 1970 of a date or timestamp.")
      .Example("epoch_us(TIMESTAMP '2024-05-17 13:45:10.5')", "1715953510500000")
      .MayFail()
      .Bind(BindNumber<1'000'000, false>);
  Scalar(registry, "epoch_ns")
      .Category("date and time")
      .Doc("Nanoseconds since 1970 of a date or timestamp.")
      .Example("epoch_ns(TIMESTAMP '2024-05-17 13:45:10.5')", "1715953510500000000")
      .MayFail()
      .Bind(BindNumber<1'000'000'000, false>);
  Scalar(registry, "to_local_time")
      .Category("date and time")
      .Doc("The civil time in the session's zone of an instant.")
      .Example("to_local_time(to_timestamp(0)) IS NOT NULL", "true")
      .MayFail()
      .Add({kStamp}, kStamp, Dense<Same>)
      .Add({kStampTz}, kStamp, Rows<LocalTimeOf>);
  Scalar(registry, "timezone")
      .Category("date and time")
      .Doc("AT TIME ZONE: the instant of a civil time in a zone, or the civil time in a zone of an instant.")
      .Example("TIMESTAMP '2024-07-01 12:00:00' AT TIME ZONE 'Europe/Berlin' = TIMESTAMPTZ '2024-07-01 10:00:00+00'",
               "true")
      .Example("timezone('Asia/Tokyo', TIMESTAMPTZ '2024-07-01 12:00:00+00')", "2024-07-01 21:00:00")
      .MayFail()
      .Bind(BindTimeZone);
}

}  // namespace laminar::functions
