// Dates and times as text in a given pattern, and back: to_char, strftime, to_timestamp, to_date, to_time, strptime.
//
// A constant pattern is compiled once a call site; patterns from a column go through a small cache of the thread.
#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "functions/scalar/moments.h"
#include "functions/scalar/text_builder.h"
#include "functions/scalar/time_pattern.h"

namespace laminar::functions {
namespace {

constexpr int64_t kNanosPerDay = 86'400'000'000'000;

struct Formatter final : Moment {
  std::unique_ptr<TimePattern> pattern;  // null: given by each row
  using Moment::Moment;
};

const TimePattern* PatternOf(const Formatter& how, StringRef text) {
  if (how.pattern != nullptr) return how.pattern.get();
  struct Known {
    std::string text;
    std::unique_ptr<TimePattern> pattern;
  };
  static thread_local std::array<Known, 8> cache;
  static thread_local size_t next = 0;
  for (const Known& known : cache) {
    if (known.pattern != nullptr && known.text == text.view()) return known.pattern.get();
  }
  const AllowAllocation compile;
  Result<TimePattern> compiled = CompileTimePattern(text.view());
  if (!compiled.has_value()) return nullptr;
  Known& place = cache[next++ % cache.size()];
  place.text = text.view();
  place.pattern = std::make_unique<TimePattern>(*std::move(compiled));
  return place.pattern.get();
}

// Writing

template <class T>
Outcome Format(KernelContext& context, T value, StringRef text, StringRef& out) {
  const Formatter& how = StateOf<Formatter>(context);
  const TimePattern* pattern = PatternOf(how, text);
  if (pattern == nullptr) return Outcome::Fail(ErrorCode::kBadValue);
  CivilTime time;
  if (how.kind == MomentKind::kDate) {
    time.days = value;
    time.epoch_seconds = time.days * 86400;
  } else if (how.kind == MomentKind::kTime) {
    time.nanos_of_day = value * 1000;
    time.epoch_seconds = FloorDiv(int64_t{value}, kSecond);
  } else {
    int64_t civil = 0;
    if (!ToCivil(context, how, value, civil)) return Outcome::Fail(ErrorCode::kOutOfRange);
    time.days = CivilDays(how, civil);
    time.nanos_of_day = CivilTimeOfDay(how, civil) * (1000 / how.UnitsPerMicro());
    time.epoch_seconds = FloorDiv(int64_t{value}, kSecond * how.UnitsPerMicro());
    if (how.has_zone) {
      const data::Zone& zone = SessionZone(context);
      time.zone_name = zone.name();
      time.offset_seconds = zone.OffsetAt(FloorDiv(int64_t{value}, how.UnitsPerMicro()));
    }
  }
  TextBuilder builder;
  AppendTime(*pattern, time, builder.text());
  return builder.Finish(context, out);
}
template <class T>
Outcome FormatPatternFirst(KernelContext& context, StringRef text, T value, StringRef& out) {
  return Format<T>(context, value, text, out);
}

Result<std::shared_ptr<Formatter>> MakeFormatter(const BindCall& call, const Type& type, size_t pattern_argument) {
  auto how = std::make_shared<Formatter>(type);
  if (const std::string* text = ConstantText(call, pattern_argument); text != nullptr) {
    how->pattern = std::make_unique<TimePattern>(TRY(CompileTimePattern(*text)));
  }
  return how;
}

bool CanBeFormatted(const Type& type) { return IsMoment(type) && type.id() != TypeId::kInterval; }

Result<BoundFunction> BindFormat(const BindCall& call) {
  const std::string usage = std::string(call.name) + "(date, time or timestamp, pattern)";
  if (call.types.size() != 2) return WrongArguments(call, usage);
  const bool is_turned = IsTextOrNull(call.types[0]) && CanBeFormatted(call.types[1]);  // DuckDB takes both orders
  const size_t place = is_turned ? 1 : 0;
  const Type type = IsNull(call.types[place]) ? Type(kStamp) : call.types[place];
  if (!CanBeFormatted(type) || !IsTextOrNull(call.types[1 - place])) return WrongArguments(call, usage);
  BoundFunction bound;
  bound.arguments = is_turned ? std::vector<Type>{kText, type} : std::vector<Type>{type, kText};
  bound.result = kText;
  const bool is_date = type.id() == TypeId::kDate;
  bound.kernel = is_turned ? (is_date ? &Rows<FormatPatternFirst<int32_t>> : &Rows<FormatPatternFirst<int64_t>>)
                           : (is_date ? &Rows<Format<int32_t>> : &Rows<Format<int64_t>>);
  bound.state = TRY(MakeFormatter(call, type, 1 - place));
  return bound;
}

// Reading

Outcome ParseNanos(KernelContext& context, StringRef text, StringRef pattern_text, ParsedTime& time) {
  const TimePattern* pattern = PatternOf(StateOf<Formatter>(context), pattern_text);
  return Outcome::FailIf(pattern == nullptr || !ParseTime(*pattern, text.view(), time), ErrorCode::kBadValue);
}

Outcome ParseStamp(KernelContext& context, StringRef text, StringRef pattern, int64_t& out) {
  ParsedTime time;
  const Outcome outcome = ParseNanos(context, text, pattern, time);
  if (outcome.bits() != 0) return outcome;
  const int64_t rest = time.nanos_of_day / 1000 - int64_t{time.offset_seconds} * kSecond;
  int64_t micros = 0;
  const bool is_fine =
      !__builtin_mul_overflow(time.days, kDay, &micros) && !__builtin_add_overflow(micros, rest, &micros);
  out = is_fine ? micros : 0;
  return Outcome::FailIf(!is_fine, ErrorCode::kOutOfRange);
}
Outcome TryParseStamp(KernelContext& context, StringRef text, StringRef pattern, int64_t& out) {
  return Outcome::NullIf(ParseStamp(context, text, pattern, out).bits() != 0);
}

Outcome ParseDay(KernelContext& context, StringRef text, StringRef pattern, int32_t& out) {
  ParsedTime time;
  const Outcome outcome = ParseNanos(context, text, pattern, time);
  if (outcome.bits() == 0) out = static_cast<int32_t>(time.days);
  return outcome;
}

Outcome ParseTimeOfDay(KernelContext& context, StringRef text, StringRef pattern, int64_t& out) {
  ParsedTime time;
  const Outcome outcome = ParseNanos(context, text, pattern, time);
  if (outcome.bits() == 0) out = std::min(time.nanos_of_day, kNanosPerDay - 1) / 1000;
  return outcome;
}

// Without a pattern: the forms of a cast.
Outcome StampFromText(StringRef text, int64_t& out) {
  return Outcome::FailIf(!data::ParseTimestamp(Trim(text.view()), 6, out), ErrorCode::kBadValue);
}
Outcome DayFromText(StringRef text, int32_t& out) {
  if (data::ParseDate(Trim(text.view()), out)) return {};
  int64_t stamp = 0;
  if (!data::ParseTimestamp(Trim(text.view()), 6, stamp)) return Outcome::Fail(ErrorCode::kBadValue);
  out = static_cast<int32_t>(FloorDiv(stamp, kDay));
  return {};
}
Outcome TimeFromText(StringRef text, int64_t& out) {
  return Outcome::FailIf(!data::ParseTime(Trim(text.view()), out), ErrorCode::kBadValue);
}

Outcome StampFromSeconds(double seconds, int64_t& out) {
  const double micros = std::nearbyint(seconds * 1e6);
  if (!(std::fabs(micros) < 9.2e18)) return Outcome::Fail(ErrorCode::kOutOfRange);
  out = static_cast<int64_t>(micros);
  return {};
}
Outcome StampFromWholeSeconds(int64_t seconds, int64_t& out) {
  return Outcome::FailIf(__builtin_mul_overflow(seconds, kSecond, &out), ErrorCode::kOutOfRange);
}

// The pattern stands at argument 1.
Result<std::shared_ptr<const expr::FunctionState>> Prepare(const BindCall& call) {
  return std::shared_ptr<const expr::FunctionState>(TRY(MakeFormatter(call, kStamp, 1)));
}

}  // namespace

void RegisterTimeFormat(expr::FunctionRegistry& registry) {
  Scalar(registry, "to_char")
      .Alias("date_format")
      .Alias("strftime")
      .Category("date and time")
      .Doc("A date or time as text in a pattern like 'YYYY-MM-DD HH24:MI:SS' or '%Y-%m-%d %H:%M:%S'.")
      .Example("to_char(TIMESTAMP '2024-05-17 13:45:10', 'DD Mon YYYY, HH12:MI AM')", "17 May 2024, 01:45 PM")
      .Example("strftime(DATE '2024-05-17', '%d.%m.%Y')", "17.05.2024")
      .MayFail()
      .Costly()
      .Bind(BindFormat);
  Scalar(registry, "to_timestamp")
      .Category("date and time")
      .Doc("A timestamp from seconds since 1970, from a text, or from a text in a pattern.")
      .Example("to_timestamp(1715953510)", "2024-05-17 13:45:10")
      .Example("to_timestamp('17.05.2024 13:45', 'DD.MM.YYYY HH24:MI')", "2024-05-17 13:45:00")
      .MayFail()
      .Costly()
      .Add({kBigint}, kStamp, Rows<StampFromWholeSeconds>)
      .Add({kReal}, kStamp, Rows<StampFromSeconds>)
      .Add({kText}, kStamp, Rows<StampFromText>)
      .Add({kText, kText}, kStamp, Rows<ParseStamp>, Prepare);
  Scalar(registry, "strptime")
      .Category("date and time")
      .Doc("A timestamp from a text in a pattern.")
      .Example("strptime('2024-05-17 13:45', '%Y-%m-%d %H:%M')", "2024-05-17 13:45:00")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kStamp, Rows<ParseStamp>, Prepare);
  Scalar(registry, "try_strptime")
      .Category("date and time")
      .Doc("A timestamp from a text in a pattern; NULL where the text does not fit.")
      .Example("try_strptime('today', '%Y-%m-%d')", "NULL")
      .Costly()
      .Add({kText, kText}, kStamp, Rows<TryParseStamp>, Prepare);
  Scalar(registry, "to_date")
      .Category("date and time")
      .Doc("A date from a text, or from a text in a pattern.")
      .Example("to_date('17 May 2024', 'DD Mon YYYY')", "2024-05-17")
      .MayFail()
      .Costly()
      .Add({kText}, TypeId::kDate, Rows<DayFromText>)
      .Add({kText, kText}, TypeId::kDate, Rows<ParseDay>, Prepare);
  Scalar(registry, "to_time")
      .Category("date and time")
      .Doc("A time of day from a text, or from a text in a pattern.")
      .Example("to_time('01:45 PM', 'HH12:MI AM')", "13:45:00")
      .MayFail()
      .Costly()
      .Add({kText}, TypeId::kTime, Rows<TimeFromText>)
      .Add({kText, kText}, TypeId::kTime, Rows<ParseTimeOfDay>, Prepare);
}

}  // namespace laminar::functions
