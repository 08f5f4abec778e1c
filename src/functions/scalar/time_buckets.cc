// Spans of fixed size: date_bin, time_bucket, and the scalar forms of the windows tumble and hop.
//
// Law: the result is the start of the span [start, start + size) that holds the moment, with start = origin + k * size,
// rounded down for moments before the origin too.
#include <optional>

#include "functions/scalar/moments.h"

namespace laminar::functions {
namespace {

// time_bucket counts from Monday 2000-01-03; buckets of months from 2000-01-01.
constexpr Timestamp kMondayOrigin = int64_t{10959} * kDay;
constexpr int64_t kMonthOrigin = int64_t{2000} * 12;

struct Spans final : Moment {
  std::optional<Duration> size;  // in micros, when constant
  Timestamp default_origin = 0;  // in micros
  bool takes_months = false;
  using Moment::Moment;
};

// Micros of a positive fixed interval.
bool PositiveMicros(const Interval& interval, int64_t& micros) {
  return data::FixedMicros(interval, micros) && micros > 0;
}

bool ToUnits(const Moment& moment, int64_t micros, int64_t& out) {
  return !__builtin_mul_overflow(micros, moment.UnitsPerMicro(), &out);
}

Outcome Bin(const Spans& spans, const Interval& size, int64_t value, int64_t origin, int64_t& out) {
  int64_t units = 0;
  int64_t micros = spans.size.value_or(0);
  if (!spans.size.has_value() && !PositiveMicros(size, micros)) return Outcome::Fail(ErrorCode::kBadDuration);
  const bool is_fine = ToUnits(spans, micros, units) && data::BinTimestamp(units, value, origin, out);
  return Outcome::FailIf(!is_fine, ErrorCode::kOutOfRange);
}

// Buckets of whole months; origin in months since year 0.
Outcome MonthBin(const Spans& spans, int32_t months, int64_t value, int64_t origin, int64_t& out) {
  if (months <= 0) return Outcome::Fail(ErrorCode::kBadDuration);
  const data::CivilDate date = data::CivilFromDays(CivilDays(spans, value));
  const int64_t month = date.year * 12 + date.month - 1;
  const int64_t start = month - FloorMod(month - origin, months);
  const int64_t days = data::DaysFromCivil(FloorDiv(start, 12), static_cast<int32_t>(FloorMod(start, 12)) + 1, 1);
  return Outcome::FailIf(__builtin_mul_overflow(days, kDay * spans.UnitsPerMicro(), &out), ErrorCode::kOutOfRange);
}

// Of date_bin and time_bucket. Spans of a zoned timestamp are counted on the clock of UTC.
Outcome Bucket(KernelContext& context, Interval size, int64_t value, int64_t& out) {
  const Spans& spans = StateOf<Spans>(context);
  if (spans.takes_months && size.months != 0) {
    if (size.days != 0 || size.micros != 0) return Outcome::Fail(ErrorCode::kBadDuration);
    return MonthBin(spans, size.months, value, kMonthOrigin, out);
  }
  int64_t origin = 0;
  if (!ToUnits(spans, spans.default_origin, origin)) return Outcome::Fail(ErrorCode::kOutOfRange);
  return Bin(spans, size, value, origin, out);
}

Outcome BucketFrom(KernelContext& context, Interval size, int64_t value, int64_t origin, int64_t& out) {
  const Spans& spans = StateOf<Spans>(context);
  if (spans.takes_months && size.months != 0) {
    if (size.days != 0 || size.micros != 0) return Outcome::Fail(ErrorCode::kBadDuration);
    const data::CivilDate date = data::CivilFromDays(CivilDays(spans, origin));
    return MonthBin(spans, size.months, value, date.year * 12 + date.month - 1, out);
  }
  return Bin(spans, size, value, origin, out);
}

Outcome Tumble(KernelContext& context, int64_t value, Interval size, int64_t& out) {
  return Bin(StateOf<Spans>(context), size, value, 0, out);
}

Outcome TumbleOffset(KernelContext& context, int64_t value, Interval size, Interval offset, int64_t& out) {
  const Spans& spans = StateOf<Spans>(context);
  int64_t micros = 0;
  int64_t units = 0;
  if (!data::FixedMicros(offset, micros) || !ToUnits(spans, micros, units))
    return Outcome::Fail(ErrorCode::kBadDuration);
  return Bin(spans, size, value, units, out);
}

Outcome HopOffset(KernelContext& context, int64_t value, Interval slide, Interval size, Interval offset, int64_t& out) {
  const Spans& spans = StateOf<Spans>(context);
  int64_t slide_micros = 0;
  int64_t size_micros = 0;
  int64_t offset_micros = 0;
  int64_t units = 0;
  if (!PositiveMicros(slide, slide_micros) || !PositiveMicros(size, size_micros) || slide_micros > size_micros ||
      !data::FixedMicros(offset, offset_micros) || !ToUnits(spans, offset_micros, units)) {
    return Outcome::Fail(ErrorCode::kBadDuration);
  }
  return Bin(spans, slide, value, units, out);
}
Outcome Hop(KernelContext& context, int64_t value, Interval slide, Interval size, int64_t& out) {
  return HopOffset(context, value, slide, size, Interval{}, out);
}

// A constant size is checked once, when the call is bound.
Status CheckSize(const BindCall& call, size_t i, bool takes_months, std::optional<Duration>& size) {
  const data::Value* value = call.constants[i];
  if (value == nullptr || value->is_null() || call.types[i].id() != TypeId::kInterval) return Status::Ok();
  const Interval interval = value->interval_value();
  if (takes_months && interval.months > 0 && interval.days == 0 && interval.micros == 0) return Status::Ok();
  int64_t micros = 0;
  if (!PositiveMicros(interval, micros)) {
    return Status(ErrorCode::kBadDuration, std::string(call.name) + ": a size of " +
                                               value->ToString(TypeId::kInterval) + " is not a positive fixed duration")
        .WithHint("use an interval of weeks, days, hours, minutes or seconds");
  }
  size = micros;
  return Status::Ok();
}

bool IsIntervalOrNull(const Type& type) { return type.id() == TypeId::kInterval || IsNull(type); }

// A DATE is binned as a TIMESTAMP.
Type StampFor(const Type& type) { return type.is_timestamp() ? type : Type(kStamp); }
bool IsDayOrNull(const Type& type) { return type.is_timestamp() || type.id() == TypeId::kDate || IsNull(type); }

Result<BoundFunction> BindBucket(const BindCall& call, bool is_time_bucket) {
  const size_t count = call.types.size();
  const bool fits = (count == 2 || count == 3) && IsIntervalOrNull(call.types[0]) && IsDayOrNull(call.types[1]) &&
                    (count == 2 || IsDayOrNull(call.types[2]));
  if (!fits) return WrongArguments(call, std::string(call.name) + "(interval, timestamp [, origin])");
  const Type type = StampFor(call.types[1]);
  auto spans = std::make_shared<Spans>(type);
  spans->takes_months = is_time_bucket;
  spans->default_origin = is_time_bucket ? kMondayOrigin : 0;
  TRY(CheckSize(call, 0, is_time_bucket, spans->size));
  BoundFunction bound;
  bound.arguments = {TypeId::kInterval, type};
  if (count == 3) bound.arguments.push_back(type);
  bound.result = type;
  bound.kernel = count == 2 ? &Rows<Bucket> : &Rows<BucketFrom>;
  bound.state = std::move(spans);
  return bound;
}
Result<BoundFunction> BindDateBin(const BindCall& call) { return BindBucket(call, false); }
Result<BoundFunction> BindTimeBucket(const BindCall& call) { return BindBucket(call, true); }

Result<BoundFunction> BindTumble(const BindCall& call) {
  const size_t count = call.types.size();
  const bool fits = (count == 2 || count == 3) && IsDayOrNull(call.types[0]) && IsIntervalOrNull(call.types[1]) &&
                    (count == 2 || IsIntervalOrNull(call.types[2]));
  if (!fits) return WrongArguments(call, "tumble(timestamp, size [, offset])");
  const Type type = StampFor(call.types[0]);
  auto spans = std::make_shared<Spans>(type);
  TRY(CheckSize(call, 1, false, spans->size));
  BoundFunction bound;
  bound.arguments.assign(count, TypeId::kInterval);
  bound.arguments[0] = type;
  bound.result = type;
  bound.kernel = count == 2 ? &Rows<Tumble> : &Rows<TumbleOffset>;
  bound.state = std::move(spans);
  return bound;
}

Result<BoundFunction> BindHop(const BindCall& call) {
  const size_t count = call.types.size();
  const bool fits = (count == 3 || count == 4) && IsDayOrNull(call.types[0]) && IsIntervalOrNull(call.types[1]) &&
                    IsIntervalOrNull(call.types[2]) && (count == 3 || IsIntervalOrNull(call.types[3]));
  if (!fits) return WrongArguments(call, "hop(timestamp, slide, size [, offset])");
  const Type type = StampFor(call.types[0]);
  auto spans = std::make_shared<Spans>(type);
  std::optional<Duration> size;
  TRY(CheckSize(call, 1, false, spans->size));
  TRY(CheckSize(call, 2, false, size));
  if (spans->size.has_value() && size.has_value() && *spans->size > *size) {
    return Error(Status(ErrorCode::kBadDuration, "hop: the slide is larger than the size")
                     .WithHint("the order is hop(timestamp, slide, size)"));
  }
  BoundFunction bound;
  bound.arguments.assign(count, TypeId::kInterval);
  bound.arguments[0] = type;
  bound.result = type;
  bound.kernel = count == 3 ? &Rows<Hop> : &Rows<HopOffset>;
  bound.state = std::move(spans);
  return bound;
}

}  // namespace

void RegisterTimeBuckets(expr::FunctionRegistry& registry) {
  Scalar(registry, "date_bin")
      .Category("date and time")
      .Doc(
          "The start of the span of a fixed interval that holds a timestamp, counted from an origin (default "
          "1970-01-01).")
      .Example("date_bin(INTERVAL '15' MINUTE, TIMESTAMP '2024-05-17 13:44:10')", "2024-05-17 13:30:00")
      .MayFail()
      .Bind(BindDateBin);
  Scalar(registry, "time_bucket")
      .Category("date and time")
      .Doc(
          "The start of the bucket that holds a timestamp: of a fixed interval counted from Monday 2000-01-03, or of "
          "months "
          "counted from 2000-01-01, or from a given origin.")
      .Example("time_bucket(INTERVAL '7' DAY, TIMESTAMP '2024-05-17 13:44:10')", "2024-05-13 00:00:00")
      .MayFail()
      .Bind(BindTimeBucket);
  Scalar(registry, "tumble")
      .Category("streaming")
      .Doc("Outside GROUP BY and FROM: the start of the tumbling window that holds a timestamp.")
      .Example("tumble(TIMESTAMP '2024-05-17 13:44:10', INTERVAL '1' MINUTE)", "2024-05-17 13:44:00")
      .MayFail()
      .Bind(BindTumble);
  Scalar(registry, "hop")
      .Alias("slide")
      .Category("streaming")
      .Doc("Outside GROUP BY and FROM: the start of the latest hopping window that holds a timestamp.")
      .Example("hop(TIMESTAMP '2024-05-17 13:44:10', INTERVAL '1' MINUTE, INTERVAL '5' MINUTE)", "2024-05-17 13:44:00")
      .MayFail()
      .Bind(BindHop);
}

}  // namespace laminar::functions
