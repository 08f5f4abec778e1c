// The arithmetic of tumbling and hopping windows: which slice and windows a time falls into, and how far a
// watermark has got.
//
// Windows [s, s + size) start at offset + k * slide, for every k; slices are gcd(slide, size) wide, aligned
// to offset, so each window is a row of whole
// slices. All with floor semantics. Bounds are window starts: a window is fired when its start is below
// FiredBound(W), closed when below
// ClosedBound(W). Pure; times in microseconds.
#pragma once

#include <cstdint>
#include <numeric>

#include "base/time.h"

namespace laminar::exec {

struct WindowTimes {
  Duration size = 0;
  Duration slide = 0;
  Duration offset = 0;  // in [0, slide)
  Duration lateness = 0;
  Duration width = 0;  // of a slice

  WindowTimes() = default;
  WindowTimes(Duration window_size, Duration window_slide, Duration window_offset, Duration allowed_lateness)
      : size(window_size),
        slide(window_slide),
        offset(FloorMod(window_offset, window_slide)),
        lateness(allowed_lateness),
        width(std::gcd(window_slide, window_size)) {}

  bool is_tumbling() const { return size == slide; }

  // Times whose windows all lie safely within the range of a timestamp; `scale` is the columns' unit in a
  // microsecond.
  Timestamp Earliest(int64_t scale) const { return Shift(kMinTimestamp / scale + 1, size, slide); }
  Timestamp Latest(int64_t scale) const { return Shift(kMaxTimestamp / scale - 1, -size, -slide); }
  static Timestamp Shift(Timestamp t, Duration by, Duration margin) {
    return SaturatingAdd(SaturatingAdd(SaturatingAdd(t, by), margin), margin);
  }

  static int64_t Past(Timestamp t, Duration offset, Duration unit) {
    const int64_t past = FloorMod(t, unit) - offset % unit;
    return past < 0 ? past + unit : past;
  }
  Timestamp SliceOf(Timestamp t) const { return t - Past(t, offset, width); }
  // The latest window that holds t, and the earliest that holds the slice.
  Timestamp LastWindow(Timestamp t) const { return t - Past(t, offset, slide); }
  Timestamp FirstWindow(Timestamp slice) const { return LastWindow(slice - size) + slide; }

  // The first window start whose end is above `end` (so windows below it have ended at `end`).
  Timestamp FirstUnended(Timestamp end) const {
    if (end == kMaxTimestamp || end == kMinTimestamp) return end;
    Timestamp start = 0;
    if (__builtin_sub_overflow(end, size, &start) ||
        __builtin_sub_overflow(start, Past(start, offset, slide), &start)) {
      return kMinTimestamp;
    }
    return start + slide;
  }
  Timestamp FiredBound(Timestamp watermark) const { return FirstUnended(watermark); }
  Timestamp ClosedBound(Timestamp watermark) const { return FirstUnended(SaturatingAdd(watermark, -lateness)); }

  // The watermark of results: no result with a time below it can still come. `by_start`: the time is
  // window_start, else window_end.
  Timestamp OutputWatermark(Timestamp watermark, bool by_start) const {
    if (watermark == kMinTimestamp || watermark == kMaxTimestamp) return watermark;
    const Timestamp passed = SaturatingAdd(watermark, -lateness);
    return by_start ? FirstUnended(passed) : passed;
  }
};

}  // namespace laminar::exec
