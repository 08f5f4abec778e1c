// EpochPace: how long epochs are. An epoch ends after epoch_interval, or earlier when so much has come in that taking
// what changed would hold the graph up for longer than it should: what that costs a row is learned from the epochs
// before. Owned by the core.
#pragma once

#include <algorithm>
#include <cstdint>

#include "observe/histogram.h"

namespace laminar::engine {

class EpochPace {
 public:
  static constexpr int64_t kPauseNanos = 250'000;  // aimed at: a quarter of what is promised, as memory may be slow
  static constexpr int64_t kLongNanos = 1'000'000;
  static constexpr uint64_t kRowsMin = 256;  // an epoch has a price of its own
  static constexpr uint64_t kRowsAtFirst = 4096;

  void Begin(int64_t now, uint64_t rows_read) {
    begin_nanos_ = now;
    begin_rows_ = rows_read;
  }
  int64_t begin_nanos() const { return begin_nanos_; }
  // `rows_read`: by all sources, ever.
  bool HoldsEnough(uint64_t rows_read) const { return RowsSinceBegin(rows_read) >= rows_max_; }
  // What may still come in; never few, which would be dear.
  uint64_t RowsLeft(uint64_t rows_read) const {
    return std::max(rows_max_ - std::min(rows_max_, RowsSinceBegin(rows_read)), kRowsMin);
  }

  // The graph stood still for so long while the changes of `rows` rows were taken.
  void NotePause(int64_t nanos, uint64_t rows) {
    pause_nanos_ = nanos;
    pauses_.Record(nanos);
    if (nanos > kLongNanos) ++long_pauses_;
    if (nanos <= 0 || rows < kRowsMin) return;
    const double nanos_a_row = static_cast<double>(nanos) / static_cast<double>(rows);
    nanos_a_row_ = nanos_a_row_ == 0 ? nanos_a_row : nanos_a_row_ * 0.75 + nanos_a_row * 0.25;
    rows_max_ = std::max(kRowsMin, static_cast<uint64_t>(static_cast<double>(kPauseNanos) / nanos_a_row_));
  }
  uint64_t RowsSinceBegin(uint64_t rows_read) const { return rows_read - std::min(rows_read, begin_rows_); }
  int64_t pause_nanos() const { return pause_nanos_; }
  uint64_t long_pauses() const { return long_pauses_; }
  observe::HistogramSummary Pauses() const {
    observe::HistogramSummary summary;
    summary.Merge(pauses_);
    return summary;
  }

 private:
  int64_t begin_nanos_ = 0;
  uint64_t begin_rows_ = 0;
  uint64_t rows_max_ = kRowsAtFirst;
  double nanos_a_row_ = 0;
  int64_t pause_nanos_ = 0;
  observe::Histogram pauses_;
  uint64_t long_pauses_ = 0;
};

}  // namespace laminar::engine
