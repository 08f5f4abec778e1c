#include "data/time_zone.h"

#include <date/tz.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <limits>

#include "base/text.h"
#include "base/time.h"

namespace laminar::data {

// Makes a Zone, once, and keeps it for good.
struct ZoneBuilder {
  static Zone* Fixed(std::string name, int32_t offset) {
    auto zone = std::make_unique<Zone>();
    zone->name_ = std::move(name);
    zone->starts_ = {std::numeric_limits<int64_t>::min()};
    zone->offsets_ = {offset};
    return zone.release();
  }

  static Zone* FromDatabase(const date::time_zone& source) {
    constexpr std::chrono::seconds kFirst{-7'000'000'000};  // before the first transition of any zone (1748)
    constexpr std::chrono::seconds kLast{16'725'225'600};   // the year 2500
    auto zone = std::make_unique<Zone>();
    zone->name_ = source.name();
    date::sys_seconds at{kFirst};
    bool is_first = true;
    while (at < date::sys_seconds{kLast}) {
      const date::sys_info info = source.get_info(at);
      const auto offset = static_cast<int32_t>(info.offset.count());
      if (is_first || offset != zone->offsets_.back()) {
        zone->starts_.push_back(is_first ? std::numeric_limits<int64_t>::min() : at.time_since_epoch().count());
        zone->offsets_.push_back(offset);
      }
      is_first = false;
      if (info.end <= at) break;
      at = info.end;
    }
    return zone.release();
  }
};

namespace {

// Zones found so far: pushed at the front, never removed, so readers need no lock.
struct KnownZone {
  const Zone* zone;
  KnownZone* next;
};
std::atomic<KnownZone*> known_zones{nullptr};

const Zone* FindKnown(std::string_view name) {
  for (KnownZone* it = known_zones.load(std::memory_order_acquire); it != nullptr; it = it->next) {
    if (EqualsIgnoreCase(it->zone->name(), name)) return it->zone;
  }
  return nullptr;
}

// Two threads may build the same zone at once; both copies stay valid.
const Zone* Keep(const Zone* zone) {
  auto* entry = new KnownZone{.zone = zone, .next = known_zones.load(std::memory_order_relaxed)};
  while (!known_zones.compare_exchange_weak(entry->next, entry, std::memory_order_release, std::memory_order_relaxed)) {
  }
  return zone;
}

// "+02:00", "-0330", "+2".
bool ReadFixed(std::string_view name, int32_t& seconds) {
  if (name.size() < 2 || (name[0] != '+' && name[0] != '-')) return false;
  const bool is_negative = name[0] == '-';
  int number = 0;
  int digits = 0;
  for (const char c : name.substr(1)) {
    if (IsDigitAscii(c) && digits < 4) {
      number = number * 10 + (c - '0');
      ++digits;
    } else if (c != ':' || digits != 2) {
      return false;
    }
  }
  if (digits != 1 && digits != 2 && digits != 4) return false;
  const int hours = digits == 4 ? number / 100 : number;
  const int minutes = digits == 4 ? number % 100 : 0;
  if (hours > 18 || minutes > 59) return false;
  seconds = (hours * 3600 + minutes * 60) * (is_negative ? -1 : 1);
  return true;
}

Status UnknownZone(std::string_view name, const date::tzdb& database) {
  Status status(ErrorCode::kBadValue, "unknown time zone " + Quoted(name, 64));
  const std::string_view word = name.substr(0, 64);
  std::string_view best;
  auto bound = static_cast<uint32_t>(std::max<size_t>(2, word.size() / 3));
  for (const date::time_zone& zone : database.zones) {
    const std::string_view full = zone.name();
    const size_t slash = full.rfind('/');
    const std::string_view city = slash == std::string_view::npos ? full : full.substr(slash + 1);
    // A bare city finds its zone.
    const uint32_t distance = std::min(EditDistance(word, full, bound), EditDistance(word, city, bound));
    if (distance > bound || (distance == bound && !best.empty())) continue;
    bound = distance;
    best = full;
  }
  std::string hint = "use a name like 'Europe/Berlin', 'UTC' or an offset like '+02:00'";
  if (!best.empty()) hint = "did you mean '" + std::string(best) + "'?";
  return std::move(status).WithHint(std::move(hint));
}

Status NoDatabase(const char* what) {
  return Status(ErrorCode::kNotSupported, std::string("cannot read the system's time zone database: ") + what)
      .WithHint("install the tzdata package, or use an offset like '+02:00'");
}

}  // namespace

size_t Zone::SpanOf(int64_t utc_seconds) const {
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), utc_seconds);
  return static_cast<size_t>(after - starts_.begin()) - 1;
}

int32_t Zone::OffsetAt(int64_t utc_micros) const {
  if (is_fixed()) return offsets_[0];
  return offsets_[SpanOf(FloorDiv(utc_micros, kSecond))];
}

bool Zone::ToLocal(int64_t utc_micros, int64_t& local_micros) const {
  return !__builtin_add_overflow(utc_micros, OffsetAt(utc_micros) * kSecond, &local_micros);
}

bool Zone::ToUtc(int64_t local_micros, int64_t& utc_micros) const {
  const int64_t local_seconds = FloorDiv(local_micros, kSecond);
  // Offsets lie within a day, so the span is found near the same number read as UTC. The first span that fits is the
  // earlier reading.
  size_t span = local_seconds < starts_.front() + 2 * 86400 ? 0 : SpanOf(local_seconds - 2 * 86400);
  while (span + 1 < starts_.size() && local_seconds - offsets_[span] >= starts_[span + 1]) {
    // In a gap the next span would start after this time: the offset before the gap is used.
    if (local_seconds - offsets_[span + 1] < starts_[span + 1]) break;
    ++span;
  }
  return !__builtin_sub_overflow(local_micros, offsets_[span] * kSecond, &utc_micros);
}

const Zone& UtcZone() {
  static const Zone* zone = ZoneBuilder::Fixed("UTC", 0);
  return *zone;
}

Result<const Zone*> FindZone(std::string_view name) {
  if (EqualsIgnoreCase(name, "UTC") || EqualsIgnoreCase(name, "Z") || EqualsIgnoreCase(name, "GMT")) return &UtcZone();
  if (const Zone* known = FindKnown(name); known != nullptr) return known;
  if (int32_t seconds = 0; ReadFixed(name, seconds)) return Keep(ZoneBuilder::Fixed(std::string(name), seconds));
  try {
    const date::tzdb& database = date::get_tzdb();
    for (const date::time_zone& zone : database.zones) {
      if (EqualsIgnoreCase(zone.name(), name)) return Keep(ZoneBuilder::FromDatabase(zone));
    }
    try {
      return Keep(ZoneBuilder::FromDatabase(*date::locate_zone(name)));
    } catch (const std::exception&) {
      return Error(UnknownZone(name, database));
    }
  } catch (const std::exception& failure) {
    return Error(NoDatabase(failure.what()));
  }
}

Result<std::vector<std::string>> ZoneNames() {
  try {
    std::vector<std::string> names;
    for (const date::time_zone& zone : date::get_tzdb().zones) names.push_back(zone.name());
    std::sort(names.begin(), names.end());
    return names;
  } catch (const std::exception& failure) {
    return Error(NoDatabase(failure.what()));
  }
}

}  // namespace laminar::data
