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

TEST_CASE("rows that are dear now and then make epochs shorter, once or for want of a core they do not") {
  const auto rows_of = [](uint64_t every, int64_t dear) {
    EpochPace pace;
    pace.Begin(0, 0);
    for (uint64_t i = 1; i <= 1000; ++i) pace.NotePause(i % every == 0 ? dear : 200'000, 2048);
    for (int i = 0; i < 40; ++i) pace.NotePause(200'000, 2048);
    uint64_t rows = 0;
    while (!pace.HoldsEnough(rows)) ++rows;
    return rows;
  };
  CHECK(rows_of(2000, 0) == 2560);  // never
  CHECK(rows_of(100, 800'000) < 2048);
  CHECK(rows_of(100, 800'000) > 1900);  // 2048 such rows would take 0.8 ms, and 0.75 are allowed
  CHECK(rows_of(100, 30'000'000) > 2500);
  // What costs the same however many rows there are: the time alone decides.
  EpochPace pace;
  pace.Begin(0, 0);
  uint64_t rows = 4096;
  for (int i = 0; i < 100; ++i) {
    pace.NotePause(200'000, rows);
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
