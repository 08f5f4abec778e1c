#include "engine/log_pace.h"

#include <doctest/doctest.h>

#include "base/random.h"

namespace laminar::engine {

constexpr uint64_t kLimit = uint64_t{256} << 20;
constexpr int64_t kMilli = 1'000'000;

// A disk that needs `fixed` nanoseconds for a flush and `rate` bytes a second, and a source that is faster: groups are
// half of what may wait, as the other half comes in meanwhile.
int64_t NanosOf(uint64_t bytes, double rate, int64_t fixed) {
  return fixed + static_cast<int64_t>(static_cast<double>(bytes) / rate * 1e9);
}

TEST_CASE("whatever the disk, what may wait for it becomes what it takes in about a tenth of a second") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const double rate = 1e6 * static_cast<double>(1 + random.Below(4000));
    const int64_t fixed = static_cast<int64_t>(random.Below(20)) * kMilli;
    LogPace pace;
    for (int i = 0; i < 30; ++i) pace.NoteGroup(pace.bytes_max(), NanosOf(pace.bytes_max(), rate, fixed), kLimit);
    CHECK(pace.bytes_max() >= LogPace::kBytesMin);
    CHECK(pace.bytes_max() <= kLimit);
    const int64_t takes = NanosOf(pace.bytes_max(), rate, fixed);
    CAPTURE(takes);
    CHECK((takes <= LogPace::kAimNanos + kMilli || pace.bytes_max() == LogPace::kBytesMin));
    CHECK((takes >= LogPace::kAimNanos / 4 || pace.bytes_max() == kLimit));
  }
}

TEST_CASE("one large group that took long is enough; small ones teach nothing, however long they take") {
  LogPace pace;
  for (int i = 0; i < 10; ++i) pace.NoteGroup(pace.bytes_max(), kMilli, kLimit);
  CHECK(pace.bytes_max() == kLimit);
  pace.NoteGroup(1000, 5000 * kMilli, kLimit);
  pace.NoteGroup(0, 5000 * kMilli, kLimit);
  CHECK(pace.bytes_max() == kLimit);
  pace.NoteGroup(kLimit, 1000 * kMilli, kLimit);
  CHECK(pace.bytes_max() == kLimit / 10);
  pace.NoteGroup(kLimit, 100'000 * kMilli, kLimit);
  CHECK(pace.bytes_max() == LogPace::kBytesMin);
  pace.NoteGroup(kLimit, 0, kLimit);  // a clock that stands still
  CHECK(pace.bytes_max() == 2 * LogPace::kBytesMin);
  pace.NoteGroup(kLimit, 0, 4096);  // less may wait at all: that is looked at elsewhere
  CHECK(pace.bytes_max() == LogPace::kBytesMin);
}

}  // namespace laminar::engine
