#include "engine/epoch_pace.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>

namespace laminar::engine {
namespace {

TEST_CASE("epochs become as short as the pause at their end demands, and never shorter than the least") {
  EpochPace pace;
  pace.Begin(100, 1000);
  CHECK(pace.begin_nanos() == 100);
  CHECK_FALSE(pace.HoldsEnough(1000));
  CHECK_FALSE(pace.HoldsEnough(500));  // a reader has gone, and its rows with it
  // 100 ns a row: 75 microseconds are 750 rows.
  for (int i = 0; i < 3; ++i) pace.NotePause(1'000'000, 1'000'000, 10'000);
  CHECK_FALSE(pace.HoldsEnough(1000 + 700));
  CHECK(pace.RowsLeft(1000 + 250) == 500);
  CHECK(pace.RowsLeft(1000 + 700) == EpochPace::kRowsMin);
  CHECK(pace.HoldsEnough(1000 + 800));
  CHECK(pace.long_pauses() == 0);
  // Very dear rows: the least.
  EpochPace dear;
  dear.Begin(0, 0);
  dear.NotePause(1'000'000'000, 1'000'000'000, 10'000);
  CHECK_FALSE(dear.HoldsEnough(EpochPace::kRowsMin - 1));
  CHECK(dear.HoldsEnough(EpochPace::kRowsMin));
  CHECK(dear.long_pauses() == 1);
  // Cheap ones: the time alone decides.
  for (int i = 0; i < 200; ++i) pace.NotePause(1'000, 1'000, 10'000);
  CHECK_FALSE(pace.HoldsEnough(1000 + 500'000));
  CHECK(pace.pause_nanos() == 1'000);
  CHECK(pace.long_pauses() == 0);
  CHECK(pace.Pauses().max() == 1'000'000);
  CHECK(pace.Pauses().count() == 203);
}

// Epochs of a source that brings batches of up to 1024 rows; epoch_interval ends them after `rows_max`. What their
// pauses were, and how many rows came in all.
struct Run {
  double mean_nanos = 0;
  double longest_nanos = 0;
  double mean_rows = 0;
};
template <typename Cost>
Run RunEpochs(EpochPace& pace, int epochs, uint64_t rows_max, const Cost& cost) {
  Run run;
  int64_t now = pace.begin_nanos();
  for (int i = 0; i < epochs; ++i) {
    pace.Begin(now, 0);
    uint64_t rows = 0;
    while (rows < rows_max && !pace.HoldsEnough(rows)) rows += std::min<uint64_t>(1024, pace.RowsLeft(rows));
    const double nanos = cost(static_cast<double>(rows), i);
    pace.NotePause(static_cast<int64_t>(nanos), static_cast<int64_t>(nanos), rows);
    now += static_cast<int64_t>(rows * 200) + static_cast<int64_t>(nanos);
    run.mean_nanos += nanos / epochs;
    run.longest_nanos = std::max(run.longest_nanos, nanos);
    run.mean_rows += static_cast<double>(rows) / epochs;
  }
  return run;
}

TEST_CASE("where the end of an epoch costs the same however many rows it has, the time alone decides") {
  for (const double fixed : {20'000.0, 70'000.0, 100'000.0, 200'000.0, 5'000'000.0}) {
    CAPTURE(fixed);
    EpochPace pace;
    const auto cost = [&](double, int) { return fixed; };
    RunEpochs(pace, 400, 100'000, cost);
    CHECK(RunEpochs(pace, 400, 100'000, cost).mean_rows > 50'000);
  }
}

TEST_CASE("where each row costs something, pauses are as long as aimed at, whatever memory does now and then") {
  for (const double nanos_a_row : {20.0, 100.0, 400.0}) {
    CAPTURE(nanos_a_row);
    EpochPace pace;
    const auto steady = [&](double rows, int) { return rows * nanos_a_row; };
    RunEpochs(pace, 50, 100'000, steady);
    const Run run = RunEpochs(pace, 1000, 100'000, steady);
    const double aim = std::max<double>(EpochPace::kPauseNanos, nanos_a_row * EpochPace::kRowsMin);
    CHECK(run.mean_nanos < 1.3 * aim);
    CHECK(run.mean_nanos > 0.6 * EpochPace::kPauseNanos);
    CHECK(run.longest_nanos < (EpochPace::kTryTimes + 0.5) * aim);
    // Ten epochs in a hundred, one after the other, four times as slow; others with some noise.
    std::mt19937_64 random(7);
    const auto busy = [&](double rows, int i) {
      return rows * nanos_a_row * (i % 100 < 10 ? 4 : 1) * (1 + static_cast<double>(random() % 100) / 100);
    };
    CHECK(RunEpochs(pace, 2000, 100'000, busy).mean_nanos < 4 * aim);
    CHECK(RunEpochs(pace, 2000, 100'000, busy).mean_rows * nanos_a_row > 0.5 * EpochPace::kPauseNanos);
  }
}

TEST_CASE("where few groups take all rows, short epochs are not worth their price") {
  // 200 views with 100 groups each, of which 100 rows change all: 20,000 changes, however long the epoch is.
  EpochPace pace;
  const auto groups = [](double rows, int) { return 200 * std::min(rows, 100.0) * 250; };
  RunEpochs(pace, 100, 40'000, groups);
  CHECK(RunEpochs(pace, 400, 40'000, groups).mean_rows > 20'000);
  // Then each row is a group of its own: pauses are short again.
  const auto rows_of_their_own = [](double rows, int) { return rows * 500; };
  RunEpochs(pace, 3000, 40'000, rows_of_their_own);
  CHECK(RunEpochs(pace, 400, 40'000, rows_of_their_own).mean_nanos < 200'000);
  // From long epochs, too, and at once where the change is great.
  RunEpochs(pace, 3000, 40'000, groups);
  CHECK(RunEpochs(pace, 100, 40'000, groups).mean_rows > 20'000);
  const auto dear = [](double rows, int) { return rows * 5'000; };
  RunEpochs(pace, 20, 40'000, dear);
  CHECK(RunEpochs(pace, 40, 40'000, dear).mean_rows < 1'000);
  RunEpochs(pace, 3000, 40'000, rows_of_their_own);
  // A price an epoch and one a row: neither should be much more than the other.
  const auto both = [](double rows, int) { return 400'000 + rows * 100; };
  RunEpochs(pace, 3000, 40'000, both);
  const Run run = RunEpochs(pace, 400, 40'000, both);
  CHECK(run.mean_rows > 2'000);
  CHECK(run.mean_rows < 16'000);
}

TEST_CASE("an epoch lasts at least ten times as long as its pause") {
  EpochPace pace;
  pace.Begin(1000, 0);
  CHECK(pace.UsualPause() == 0);
  CHECK_FALSE(pace.IsOver(1000 + 20'000'000, 20'000'000));
  CHECK(pace.IsOver(1001 + 20'000'000, 20'000'000));
  pace.NotePause(1'000'000, 1'000'000, 10'000);
  CHECK(pace.IsOver(1001 + 20'000'000, 20'000'000));
  pace.NotePause(5'000'000, 5'000'000, 10'000);
  pace.Begin(5'000'000'000, 0);
  pace.NotePause(5'000'000, 5'000'000, 10'000);
  CHECK(pace.UsualPause() == 5'000'000);
  CHECK_FALSE(pace.IsOver(5'050'000'000, 20'000'000));
  CHECK(pace.IsOver(5'050'000'001, 20'000'000));
  CHECK(pace.IsOver(5'040'000'001, 4'000'000));  // but not more than ten times what was asked for
  CHECK(pace.IsOver(5'000'000'001, 0));
  CHECK_FALSE(pace.IsOver(6'000'000'000, std::numeric_limits<int64_t>::max()));
}

TEST_CASE("what others took of the thread's cpu makes epochs no shorter, and is told apart") {
  EpochPace pace;
  pace.Begin(0, 0);
  for (int i = 0; i < 5; ++i) pace.NotePause(20'000'000, 75'000, 10'000);
  CHECK_FALSE(pace.HoldsEnough(9'900));
  CHECK(pace.HoldsEnough(10'100));
  pace.NotePause(20'000'000, 1'500'000, 10'000);
  CHECK(pace.long_pauses() == 6);
  CHECK(pace.long_own_pauses() == 1);
  CHECK(pace.OwnPauses().max() == 1'500'000);
}

TEST_CASE("a clock that stands still or goes back, and epochs of few rows, teach nothing") {
  EpochPace pace;
  pace.Begin(0, 0);
  const bool before = pace.HoldsEnough(EpochPace::kRowsAtFirst);
  pace.NotePause(0, 0, 100'000);
  pace.NotePause(-5, -5, 100'000);
  pace.NotePause(1'000'000'000, 1'000'000'000, 10);
  CHECK(before);
  CHECK(pace.HoldsEnough(EpochPace::kRowsAtFirst));
  CHECK_FALSE(pace.HoldsEnough(EpochPace::kRowsAtFirst - 1));
}

}  // namespace
}  // namespace laminar::engine
