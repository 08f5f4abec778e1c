#include "cli/bench/bench_data.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "base/time.h"

namespace laminar::cli {
namespace {

constexpr int64_t kStart = 1'700'000'000'000'000;  // 2023-11-14

}  // namespace

// One event every 100 microseconds of event time, 46 of 50 of them bids; half of the bids go to the hot auction of the
// last hundred.
Bids MakeBids(uint64_t rows, uint64_t seed) {
  Random random(seed);
  Bids bids;
  static const std::string kExtra = "extra bytes that a bid carries along, about as many as Nexmark's";
  for (uint64_t i = 0; i < rows; ++i) {
    const uint64_t event = i * 50 / 46;
    const int64_t newest = 1000 + static_cast<int64_t>(event * 3 / 50);
    const int64_t hot = newest / 100 * 100;
    bids.auction.push_back(random.OneIn(2) ? hot : newest - static_cast<int64_t>(random.Below(100)));
    bids.bidder.push_back(1000 + static_cast<int64_t>(random.Below(1 + event / 50 + 1000)));
    bids.price.push_back(static_cast<int64_t>(std::pow(10.0, random.Unit() * 6.0) * 100.0));
    bids.time.push_back(kStart + static_cast<int64_t>(event) * 100);
    bids.extra.emplace_back(kExtra.data(), static_cast<uint32_t>(40 + random.Below(20)));
  }
  return bids;
}

// 500 symbols with Zipf popularity, 100,000 trades a second of event time, prices that walk, up to 4 ms of disorder.
Trades MakeTrades(uint64_t rows, uint64_t seed) {
  Random random(seed);
  Trades trades;
  constexpr uint32_t kSymbols = 500;
  std::vector<double> cumulative;
  double sum = 0;
  for (uint32_t s = 0; s < kSymbols; ++s) {
    std::string name = "SYM" + std::to_string(s);
    trades.symbols.push_back(std::move(name));
    sum += 1.0 / (s + 1);
    cumulative.push_back(sum);
  }
  std::vector<double> price(kSymbols);
  for (double& p : price) p = 10 + random.Unit() * 490;
  for (uint64_t i = 0; i < rows; ++i) {
    const double u = random.Unit() * sum;
    const auto s = static_cast<uint32_t>(std::ranges::lower_bound(cumulative, u) - cumulative.begin());
    price[s] = std::max(1.0, price[s] * (1 + (random.Unit() - 0.5) * 0.001));
    trades.symbol.emplace_back(trades.symbols[s].data(), static_cast<uint32_t>(trades.symbols[s].size()));
    trades.price.push_back(std::round(price[s] * 100) / 100);
    trades.volume.push_back(1 + static_cast<int64_t>(random.Below(1000)));
    trades.time.push_back(kStart + static_cast<int64_t>(i) * 10 - static_cast<int64_t>(random.Below(4000)));
  }
  return trades;
}

data::Batch& BatchList::Get(uint64_t i) {
  views_.assign(columns_.size(), {});
  for (size_t c = 0; c < columns_.size(); ++c)
    views_[c].values = columns_[c].values + i * data::kBatchCapacity * columns_[c].width;
  batch_.rows = static_cast<uint32_t>(std::min<uint64_t>(data::kBatchCapacity, rows_ - i * data::kBatchCapacity));
  batch_.column_count = static_cast<uint32_t>(views_.size());
  batch_.columns = views_.data();
  batch_.weights = nullptr;
  return batch_;
}

BatchList BatchesOf(Bids& bids) {
  BatchList list(bids.auction.size());
  list.Add(bids.auction.data(), 8);
  list.Add(bids.bidder.data(), 8);
  list.Add(bids.price.data(), 8);
  list.Add(bids.time.data(), 8);
  list.Add(bids.extra.data(), 16);
  return list;
}

BatchList BatchesOf(Trades& trades) {
  BatchList list(trades.symbol.size());
  list.Add(trades.symbol.data(), 16);
  list.Add(trades.price.data(), 8);
  list.Add(trades.volume.data(), 8);
  list.Add(trades.time.data(), 8);
  return list;
}

}  // namespace laminar::cli
