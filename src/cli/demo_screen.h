// The moving picture of the demo: event time, watermark, rows, and the busiest airports of the last closed hour,
// redrawn in place on standard error. Where that is no terminal nothing is drawn.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace laminar::cli {

struct DemoAirport {
  std::string name;
  int64_t flights = 0;
  double mean_delay = 0;
};

struct DemoMoment {
  double seconds = 0;
  int64_t rows = 0;
  int64_t rows_total = 0;
  int64_t hours = 0;  // rows of the hourly view
  Timestamp watermark = kMinTimestamp;
  Timestamp hour = kMinTimestamp;  // the last closed one
  std::vector<DemoAirport> airports;
};

class DemoScreen {
 public:
  explicit DemoScreen(bool is_live);
  bool is_live() const { return is_live_; }
  void Draw(const DemoMoment& moment);
  void Clear();

 private:
  bool is_live_;
  bool unicode_;
  int lines_ = 0;
};

// The lines of a picture `columns` wide. Pure.
std::vector<std::string> DemoLines(const DemoMoment& moment, uint32_t columns, bool unicode);

}  // namespace laminar::cli
