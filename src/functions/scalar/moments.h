// What date and time kernels share: which timestamp type they work on, and the session's time zone.
//
// Law: fields and spans of a TIMESTAMP are those of its own civil time; of a TIMESTAMP WITH TIME ZONE those of the
// session's zone.
#pragma once

#include "data/temporal.h"
#include "data/time_zone.h"
#include "expr/session_zone.h"
#include "functions/scalar/bind.h"

namespace laminar::functions {

using data::DateField;

// A timestamp type as a kernel needs it. kDate is a DATE (days); kTime a TIME; kInterval an INTERVAL.
enum class MomentKind : uint8_t { kDate, kTime, kInterval, kStamp };

struct Moment : expr::FunctionState {
  MomentKind kind = MomentKind::kStamp;
  bool is_nanos = false;
  bool has_zone = false;
  Moment() = default;
  explicit Moment(const Type& type)
      : kind(type.id() == TypeId::kDate       ? MomentKind::kDate
             : type.id() == TypeId::kTime     ? MomentKind::kTime
             : type.id() == TypeId::kInterval ? MomentKind::kInterval
                                              : MomentKind::kStamp),
        is_nanos(type.is_nanos()),
        has_zone(type.id() == TypeId::kTimestampTz) {}
  int64_t UnitsPerMicro() const { return is_nanos ? 1000 : 1; }
};

inline bool IsMoment(const Type& type) {
  return type.id() == TypeId::kDate || type.id() == TypeId::kTime || type.id() == TypeId::kInterval ||
         type.is_timestamp();
}

using expr::SessionZone;

// Between the stored value and the civil time it is shown as. False: overflow.
inline bool ToCivil(const KernelContext& context, const Moment& moment, int64_t value, int64_t& civil) {
  civil = value;
  if (!moment.has_zone) return true;
  const int64_t micros = moment.is_nanos ? FloorDiv(value, 1000) : value;
  const int64_t offset = int64_t{SessionZone(context).OffsetAt(micros)} * kSecond * moment.UnitsPerMicro();
  return !__builtin_add_overflow(value, offset, &civil);
}
inline bool FromCivil(const KernelContext& context, const Moment& moment, int64_t civil, int64_t& value) {
  value = civil;
  if (!moment.has_zone) return true;
  const int64_t units = moment.UnitsPerMicro();
  int64_t micros = FloorDiv(civil, units);
  if (!SessionZone(context).ToUtc(micros, micros)) return false;
  if (__builtin_mul_overflow(micros, units, &value)) return false;
  return !__builtin_add_overflow(value, FloorMod(civil, units), &value);
}

// Days since the epoch and time of day (in the moment's units) of a civil time.
inline int64_t CivilDays(const Moment& moment, int64_t civil) { return FloorDiv(civil, kDay * moment.UnitsPerMicro()); }
inline int64_t CivilTimeOfDay(const Moment& moment, int64_t civil) {
  return FloorMod(civil, kDay * moment.UnitsPerMicro());
}

}  // namespace laminar::functions
