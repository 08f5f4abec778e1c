// What the planner says of WATERMARK FOR: where event time is and how far behind the largest one the watermark stands.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "data/type.h"

namespace laminar::exec {

// Watermark = running maximum of (time - delay) over the rows. Time column in microseconds or nanoseconds as its type
// says; a NULL event time goes to row_errors (kBadEventTime) and no further. One that came as an error goes no further
// either: it was told of already.
struct WatermarkSpec {
  std::vector<data::Type> input;
  uint32_t time_column = 0;
  Duration delay = 0;
};

}  // namespace laminar::exec
