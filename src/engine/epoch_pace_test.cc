#include "engine/epoch_pace.h"

#include <doctest/doctest.h>

namespace laminar::engine {

TEST_CASE("epochs become as short as the pause at their end demands, and never shorter than the least") {
  EpochPace pace;
  pace.Begin(100, 1000);
  CHECK(pace.begin_nanos() == 100);
  CHECK_FALSE(pace.HoldsEnough(1000));
  CHECK_FALSE(pace.HoldsEnough(500));  // a reader has gone, and its rows with it
  // 100 ns a row: a quarter of a millisecond is 2,500 rows.
  for (int i = 0; i < 60; ++i) pace.NotePause(1'000'000, 10'000);
  CHECK_FALSE(pace.HoldsEnough(1000 + 2'400));
  CHECK(pace.RowsLeft(1000 + 1'500) == 1'000);
  CHECK(pace.RowsLeft(1000 + 2'450) == EpochPace::kRowsMin);
  CHECK(pace.HoldsEnough(1000 + 2'600));
  CHECK(pace.long_pauses() == 0);
  // Very dear rows: the least.
  for (int i = 0; i < 60; ++i) pace.NotePause(1'000'000'000, 10'000);
  CHECK_FALSE(pace.HoldsEnough(1000 + EpochPace::kRowsMin - 1));
  CHECK(pace.HoldsEnough(1000 + EpochPace::kRowsMin));
  // Cheap ones: the time alone decides.
  for (int i = 0; i < 200; ++i) pace.NotePause(1'000, 10'000);
  CHECK_FALSE(pace.HoldsEnough(1000 + 1'000'000));
  CHECK(pace.pause_nanos() == 1'000);
  CHECK(pace.long_pauses() == 60);
  CHECK(pace.Pauses().max() == 1'000'000'000);
  CHECK(pace.Pauses().count() == 320);
}

TEST_CASE("where the end of an epoch costs the same however many rows it has, the time alone decides") {
  EpochPace pace;
  pace.Begin(0, 0);
  uint64_t rows = EpochPace::kRowsAtFirst;
  for (int i = 0; i < 100; ++i) {
    // Now and then the thread loses its core.
    pace.NotePause(i % 10 == 2 ? 800'000 : 150'000, rows);
    rows = 0;
    while (rows < 1'000'000 && !pace.HoldsEnough(rows)) rows += 1024;
  }
  CHECK(rows >= 1'000'000);
}

TEST_CASE("a clock that stands still or goes back, and epochs of few rows, teach nothing") {
  EpochPace pace;
  pace.Begin(0, 0);
  const bool before = pace.HoldsEnough(EpochPace::kRowsAtFirst);
  pace.NotePause(0, 100'000);
  pace.NotePause(-5, 100'000);
  pace.NotePause(1'000'000'000, 10);
  CHECK(before);
  CHECK(pace.HoldsEnough(EpochPace::kRowsAtFirst));
  CHECK_FALSE(pace.HoldsEnough(EpochPace::kRowsAtFirst - 1));
}

}  // namespace laminar::engine
