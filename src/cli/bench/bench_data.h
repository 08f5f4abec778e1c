// The rows of the benchmarks, made once per run and kept in memory: bids in the manner of Nexmark and trades over Zipf
// symbols. Deterministic. Columns are whole arrays; Batches() views them in pieces of 1,024 rows, so that pushing
// copies nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/batch.h"

namespace laminar::cli {

struct Bids {
  std::vector<int64_t> auction;
  std::vector<int64_t> bidder;
  std::vector<int64_t> price;
  std::vector<int64_t> time;  // microseconds
  std::vector<data::StringRef> extra;
};

struct Trades {
  std::vector<std::string> symbols;  // distinct
  std::vector<data::StringRef> symbol;
  std::vector<double> price;
  std::vector<int64_t> volume;
  std::vector<int64_t> time;  // microseconds
};

Bids MakeBids(uint64_t rows, uint64_t seed);
Trades MakeTrades(uint64_t rows, uint64_t seed);

// All of a relation as batches that point into the arrays.
class BatchList {
 public:
  explicit BatchList(uint64_t rows) : rows_(rows) {}
  void Add(void* values, uint32_t width) { columns_.push_back({static_cast<char*>(values), width}); }
  uint64_t count() const { return (rows_ + data::kBatchCapacity - 1) / data::kBatchCapacity; }
  uint64_t rows() const { return rows_; }
  // The i-th batch; valid until the next call.
  data::Batch& Get(uint64_t i);

 private:
  struct Source {
    char* values;
    uint32_t width;
  };
  uint64_t rows_;
  std::vector<Source> columns_;
  std::vector<data::Column> views_;
  data::Batch batch_;
};

BatchList BatchesOf(Bids& bids);
BatchList BatchesOf(Trades& trades);

}  // namespace laminar::cli
