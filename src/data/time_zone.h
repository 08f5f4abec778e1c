// Named time zones: offsets between UTC and local time, from the system's zone database.
//
// A Zone is found once (planning) and then used without locks, allocation or system calls: FindZone reads all
// transitions of the zone up to the year 2500 into a table. Zones live as long as the process. Any thread may call
// anything here.
// Names: those of the database ('Europe/Berlin', any case), 'UTC', 'Z', 'GMT', and fixed offsets '+02:00', '-0330',
// '+2'.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace laminar::data {

class Zone {
 public:
  const std::string& name() const { return name_; }
  bool is_fixed() const { return starts_.size() == 1; }

  // Seconds east of UTC in force at an instant (microseconds).
  int32_t OffsetAt(int64_t utc_micros) const;
  // False only on overflow.
  bool ToLocal(int64_t utc_micros, int64_t& local_micros) const;
  // A local time in a gap is read with the offset before the gap (so it moves forward); one that occurs twice is the
  // earlier one.
  bool ToUtc(int64_t local_micros, int64_t& utc_micros) const;

 private:
  friend struct ZoneBuilder;
  size_t SpanOf(int64_t utc_seconds) const;

  std::string name_;
  std::vector<int64_t> starts_;  // seconds, ascending; starts_[0] is the smallest int64
  std::vector<int32_t> offsets_;
};

const Zone& UtcZone();
// kBadValue with the nearest known name as hint; kNotSupported if the zone database cannot be read.
Result<const Zone*> FindZone(std::string_view name);
// All names of the database, sorted.
Result<std::vector<std::string>> ZoneNames();

}  // namespace laminar::data
