// Connector 'generator': made-up rows for trying things out, tests and benchmarks.
//
// Law: a row is a function of the options and its number alone, so any reader, however it cuts its batches, sees the
// same rows. Options: kind (or table): nexmark_person, nexmark_auction, nexmark_bid, trades, quotes, sequence; seed;
// rows (0: never ends); rate (rows a second, 0: as fast as asked); symbols; disorder; start; interval (between events);
// resolution; dictionary. A position is the number of the next row, so going on costs nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "data/batch.h"
#include "data/type.h"
#include "os/clock.h"
#include "sdk/connector.h"

namespace laminar::connectors {

class GeneratorConnector final : public sdk::Connector {
 public:
  explicit GeneratorConnector(const os::Clock& clock) : clock_(clock) {}
  std::string_view name() const override { return "generator"; }
  std::string_view doc() const override;
  Result<sdk::SourceTraits> CheckSource(const sdk::SourceRequest& request) override;
  Result<data::Schema> InferSchema(sdk::Options options) override;
  Result<std::unique_ptr<sdk::Source>> OpenSource(sdk::SourceRequest request) override;

 private:
  const os::Clock& clock_;
};

struct GeneratorOptions {
  std::string kind;
  uint64_t seed = 42;
  uint64_t rows = 0;
  double rate = 0;
  uint32_t symbols = 1000;
  Duration disorder = 0;
  Timestamp start = 0;
  Duration interval = 100;
  Duration resolution = kMillisecond;
  bool dictionary = false;
};

// One kind of rows.
class GeneratedTable {
 public:
  virtual ~GeneratedTable() = default;
  virtual const data::Schema& schema() const = 0;
  // Writes column `index` of rows [first, first + count) into rows [0, count) of `column`, a column of `out`.
  virtual void Fill(size_t index, uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) = 0;
};
std::unique_ptr<GeneratedTable> MakeNexmark(const GeneratorOptions& options);
std::unique_ptr<GeneratedTable> MakeMarket(const GeneratorOptions& options);
std::unique_ptr<GeneratedTable> MakeSequence(const GeneratorOptions& options);

// The random number of one cell: independent between streams (a column, or a purpose) and rows.
class CellRandom {
 public:
  CellRandom(uint64_t seed, uint64_t stream) : salt_(Hash64(seed ^ Hash64(stream))) {}
  uint64_t operator()(uint64_t row) const {
    return MultiplyFold(salt_ + row * 0x9E3779B97F4A7C15ull, 0xE7037ED1A0B428DBull ^ row);
  }

 private:
  uint64_t salt_;
};
// Uniform in [0, bound) from the high bits.
inline uint64_t Below(uint64_t random, uint64_t bound) {
  return static_cast<uint64_t>((static_cast<__uint128_t>(random) * bound) >> 64);
}

// Event number to event time, cut down to the resolution.
class EventTimes {
 public:
  explicit EventTimes(const GeneratorOptions& options)
      : start_(options.start), interval_(options.interval), resolution_(options.resolution) {}
  Timestamp At(uint64_t event) const {
    Timestamp time = 0;
    if (__builtin_mul_overflow(event, interval_, &time) || __builtin_add_overflow(time, start_, &time)) {
      return kMaxTimestamp - 1;
    }
    return resolution_ == 1 ? time : time - FloorMod(time, resolution_);
  }
  Timestamp start() const { return start_; }

 private:
  Timestamp start_;
  Duration interval_;
  Duration resolution_;
};

// Texts of `width` lower-case letters.
void FillLetters(CellRandom random, uint64_t first, uint32_t count, uint32_t width, data::BatchBuffer& out,
                 data::Column& column);

}  // namespace laminar::connectors
