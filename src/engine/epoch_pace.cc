#include "engine/epoch_pace.h"

#include <algorithm>

#include "base/time.h"

namespace laminar::engine {
namespace {

constexpr double kRowsMost = 1e15;  // so that a few times as many are a number too

}  // namespace

uint64_t EpochPace::RowsSinceBegin(uint64_t rows_read) const { return rows_read - std::min(rows_read, begin_rows_); }

uint64_t EpochPace::RowsLeft(uint64_t rows_read) const {
  return std::max(RowsMax() - std::min(RowsMax(), RowsSinceBegin(rows_read)), kRowsMin);
}

void EpochPace::NotePause(int64_t nanos, int64_t own, uint64_t rows) {
  pause_nanos_ = nanos;
  pauses_.Record(nanos);
  own_pauses_.Record(own);
  if (nanos > kLongNanos) ++long_pauses_;
  if (own > kLongNanos) ++long_own_pauses_;
  if (own <= 0 || rows < kRowsMin) return;
  if (is_try_)
    LearnFromTry(static_cast<double>(rows), static_cast<double>(own));
  else
    LearnFromUsual(static_cast<double>(rows), static_cast<double>(own));
  DecideNext();
}

void EpochPace::LeastOfLate::Note(int64_t now, double value) {
  const int64_t slot = FloorDiv(now, kSlotNanos);
  const int64_t passed = slot - slot_;
  if (passed < 0 || passed >= static_cast<int64_t>(slots_.size())) return Restart(now, value);
  const auto place = [&](int64_t at) -> double& { return slots_[static_cast<uint64_t>(at) % slots_.size()]; };
  while (slot_ < slot) place(++slot_) = std::numeric_limits<double>::infinity();
  place(slot) = std::min(place(slot), value);
}

void EpochPace::LeastOfLate::Restart(int64_t now, double value) {
  slot_ = FloorDiv(now, kSlotNanos);
  slots_.fill(std::numeric_limits<double>::infinity());
  slots_[static_cast<uint64_t>(slot_) % slots_.size()] = value;
}

// What longer or shorter epochs cost says little of these.
void EpochPace::LearnFromUsual(double rows, double nanos) {
  constexpr double kSameLength = 1.5;
  constexpr double kSurprise = 4;
  constexpr uint64_t kSurprisesBelieved = 2;
  const bool is_other = rows > usual_rows_ * kSameLength || rows * kSameLength < usual_rows_;
  surprises_ = !is_other && nanos > kSurprise * usual_nanos_.least() ? surprises_ + 1 : 0;
  const bool is_surprise = surprises_ == kSurprisesBelieved;
  // Slow memory should not undo what tries have found; a pause that breaks the promise is none of it.
  if (is_surprise) rows_worthwhile_ = nanos > kLongNanos ? kRowsMin : std::max(kRowsMin, rows_worthwhile_ / 4);
  if (is_surprise || is_other) {
    surprises_ = 0;
    try_every_ = kTryEvery;
    epochs_to_try_ = std::min(epochs_to_try_, try_every_);
    usual_rows_ = rows;
    usual_nanos_.Restart(begin_nanos_, nanos);
  } else {
    usual_nanos_.Note(begin_nanos_, nanos);
  }
  const double most = static_cast<double>(kPauseNanos) * usual_rows_ / usual_nanos_.least();
  rows_max_ = std::max(rows_worthwhile_, static_cast<uint64_t>(std::min(most, kRowsMost)));
}

// It pays where more than half of a usual pause does not come from its rows: then n times the rows make the pause less
// than (n + 1) / 2 times as long. One is not believed: the usual ones before it may have met slow memory. There is
// another one between the two.
void EpochPace::LearnFromTry(double rows, double nanos) {
  constexpr double kLongEnough = 1.25;  // where something else ended it before, it has shown nothing
  constexpr uint64_t kTriesBelieved = 3;
  const double times = rows / usual_rows_;
  if (times >= kLongEnough && nanos < usual_nanos_.least() * (times + 1) / 2) {
    tries_failed_ = 0;
    try_every_ = kTryEvery;
    has_paid_once_ = !has_paid_once_;
    epochs_to_try_ = has_paid_once_ ? 1 : 0;
    if (has_paid_once_) return;
    rows_worthwhile_ = static_cast<uint64_t>(rows);
    rows_max_ = std::max(rows_max_, rows_worthwhile_);
    usual_rows_ = rows;
    usual_nanos_.Restart(begin_nanos_, nanos);
    return;
  }
  has_paid_once_ = false;
  try_every_ = std::min(2 * try_every_, kTryEveryMost);
  epochs_to_try_ = try_every_;
  if (++tries_failed_ < kTriesBelieved) return;
  tries_failed_ = 0;
  rows_worthwhile_ = std::max(kRowsMin, rows_worthwhile_ / 2);
}

void EpochPace::DecideNext() {
  is_try_ = usual_rows_ > 0 && epochs_to_try_ == 0;
  if (epochs_to_try_ > 0) --epochs_to_try_;
}

observe::HistogramSummary EpochPace::SummaryOf(const observe::Histogram& times) {
  observe::HistogramSummary summary;
  summary.Merge(times);
  return summary;
}

}  // namespace laminar::engine
