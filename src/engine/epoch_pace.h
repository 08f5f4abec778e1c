// EpochPace: how long epochs are. An epoch ends after epoch_interval, or earlier when so much has come in that taking
// what changed would hold the graph up for longer than it should: what that costs a row is learned from the epochs
// before. Owned by the core.
//
// What counts is the shortest pause of epochs of that length within the last second: now and then memory is several
// times as slow, while a checkpoint writes or other programs run, and shorter epochs would not make it faster; the aim
// leaves room for that. Only what has become dearer by more than that, twice in a row, is believed at once.
//
// Shorter epochs have shorter pauses where each row changes something of its own. Where all rows change the same few
// groups of many views, or where much is looked at that has not changed, a pause is as long however few the rows were,
// and short epochs would only be dear. So now and then an epoch is three times as long: when its pause is hardly
// longer, twice in a row, that is the new length, the next one is tried at once, and epochs become no shorter than that
// until tries fail.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "observe/histogram.h"

namespace laminar::engine {

class EpochPace {
 public:
  static constexpr int64_t kPauseNanos = 75'000;  // aimed at; far less than what is promised, as memory may be slow
  static constexpr int64_t kLongNanos = 1'000'000;
  static constexpr uint64_t kRowsMin = 256;  // an epoch has a price of its own
  static constexpr uint64_t kRowsAtFirst = 4096;
  static constexpr uint64_t kTryEvery = 8;       // epochs, at first
  static constexpr uint64_t kTryEveryMost = 64;  // when all fail
  static constexpr uint64_t kTryTimes = 3;       // as long: what memory does must not look like a price of rows

  void Begin(int64_t now, uint64_t rows_read) {
    begin_nanos_ = now;
    begin_rows_ = rows_read;
  }
  int64_t begin_nanos() const { return begin_nanos_; }
  // Of a usual epoch of late; 0: not known.
  int64_t UsualPause() const { return usual_rows_ == 0 ? 0 : static_cast<int64_t>(usual_nanos_.least()); }
  // Is an epoch over that should take `interval`? Where its pause is long for that it takes longer, up to ten times as
  // long, so that pauses take no more than a tenth of the time.
  bool IsOver(int64_t now, int64_t interval) const {
    constexpr int64_t kForever = std::numeric_limits<int64_t>::max();
    return now - begin_nanos_ >
           std::clamp(10 * UsualPause(), interval, interval > kForever / 10 ? kForever : 10 * interval);
  }
  uint64_t RowsSinceBegin(uint64_t rows_read) const;
  // `rows_read`: by all sources, ever.
  bool HoldsEnough(uint64_t rows_read) const { return RowsSinceBegin(rows_read) >= RowsMax(); }
  // What may still come in; never few, which would be dear.
  uint64_t RowsLeft(uint64_t rows_read) const;

  // The graph stood still for so long while the changes of `rows` rows were taken; `own` is the part of it that was not
  // taken from the thread by others (os::Stopwatch). Only that can be made shorter by shorter epochs.
  void NotePause(int64_t nanos, int64_t own, uint64_t rows);

  int64_t pause_nanos() const { return pause_nanos_; }
  uint64_t long_pauses() const { return long_pauses_; }
  uint64_t long_own_pauses() const { return long_own_pauses_; }
  observe::HistogramSummary Pauses() const { return SummaryOf(pauses_); }
  observe::HistogramSummary OwnPauses() const { return SummaryOf(own_pauses_); }

 private:
  // The least of what was noted within a second or a little less.
  class LeastOfLate {
   public:
    LeastOfLate() { slots_.fill(std::numeric_limits<double>::infinity()); }
    void Note(int64_t now, double value);
    void Restart(int64_t now, double value);
    double least() const { return *std::ranges::min_element(slots_); }

   private:
    static constexpr int64_t kSlotNanos = 125'000'000;
    std::array<double, 8> slots_{};
    int64_t slot_ = 0;
  };

  static observe::HistogramSummary SummaryOf(const observe::Histogram& times);
  uint64_t RowsMax() const { return is_try_ ? kTryTimes * rows_max_ : rows_max_; }
  void LearnFromTry(double rows, double nanos);
  void LearnFromUsual(double rows, double nanos);
  void DecideNext();

  int64_t begin_nanos_ = 0;
  uint64_t begin_rows_ = 0;
  uint64_t rows_max_ = kRowsAtFirst;
  uint64_t rows_worthwhile_ = kRowsMin;  // fewer would be dearer and hardly shorten a pause
  double usual_rows_ = 0;                // in an epoch that is no try; 0: there was none
  LeastOfLate usual_nanos_;              // of their pauses
  bool is_try_ = false;                  // this epoch is longer
  uint64_t epochs_to_try_ = kTryEvery;
  uint64_t try_every_ = kTryEvery;
  bool has_paid_once_ = false;  // the try before
  uint64_t tries_failed_ = 0;   // one after the other
  uint64_t surprises_ = 0;      // one after the other
  int64_t pause_nanos_ = 0;
  observe::Histogram pauses_;
  observe::Histogram own_pauses_;
  uint64_t long_pauses_ = 0;
  uint64_t long_own_pauses_ = 0;
};

}  // namespace laminar::engine
