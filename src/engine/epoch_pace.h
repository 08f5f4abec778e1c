// EpochPace: how long epochs are. An epoch ends after epoch_interval, or earlier when so much has come in that taking
// what changed would hold the graph up for longer than it should: what that costs a row is learned from the epochs
// before. Owned by the core.
#pragma once

#include <algorithm>
#include <cstdint>

namespace laminar::engine {

class EpochPace {
 public:
  static constexpr int64_t kPauseNanos = 500'000;  // aimed at, half of what is promised
  static constexpr uint64_t kRowsMin = 2048;       // an epoch has a price of its own

  void Begin(int64_t now, uint64_t rows_read) {
    begin_nanos_ = now;
    begin_rows_ = rows_read;
  }
  int64_t begin_nanos() const { return begin_nanos_; }
  // `rows_read`: by all sources, ever.
  bool HoldsEnough(uint64_t rows_read) const { return RowsSinceBegin(rows_read) >= rows_max_; }

  // The graph stood still for so long while the changes of `rows` rows were taken.
  void NotePause(int64_t nanos, uint64_t rows) {
    pause_nanos_ = nanos;
    pause_max_nanos_ = std::max(pause_max_nanos_, nanos);
    if (nanos <= 0 || rows < kRowsMin) return;
    const double nanos_a_row = static_cast<double>(nanos) / static_cast<double>(rows);
    nanos_a_row_ = nanos_a_row_ == 0 ? nanos_a_row : nanos_a_row_ * 0.75 + nanos_a_row * 0.25;
    rows_max_ = std::max(kRowsMin, static_cast<uint64_t>(static_cast<double>(kPauseNanos) / nanos_a_row_));
  }
  uint64_t RowsSinceBegin(uint64_t rows_read) const { return rows_read - std::min(rows_read, begin_rows_); }
  int64_t pause_nanos() const { return pause_nanos_; }
  int64_t pause_max_nanos() const { return pause_max_nanos_; }

 private:
  int64_t begin_nanos_ = 0;
  uint64_t begin_rows_ = 0;
  uint64_t rows_max_ = 4 * kRowsMin;  // until something is known
  double nanos_a_row_ = 0;
  int64_t pause_nanos_ = 0;
  int64_t pause_max_nanos_ = 0;
};

}  // namespace laminar::engine
