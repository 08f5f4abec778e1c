// Trades and quotes: symbols by Zipf's law, prices that scatter by one percent around each symbol's own, times that may
// be late by up to `disorder`.
#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "connectors/generator/generator.h"

namespace laminar::connectors {

namespace {

using data::StringRef;

constexpr uint64_t kSymbolStream = 1;
constexpr uint64_t kPriceStream = 2;
constexpr uint64_t kVolumeStream = 3;
constexpr uint64_t kLateStream = 4;

// Draws i with probability proportional to 1 / (i + 1) in constant time (alias method).
class Zipf {
 public:
  explicit Zipf(uint32_t size) : keep_(size), alias_(size) {
    double sum = 0;
    for (uint32_t i = 0; i < size; ++i) sum += 1.0 / (i + 1);
    std::vector<double> share(size);
    std::vector<uint32_t> small;
    std::vector<uint32_t> large;
    for (uint32_t i = 0; i < size; ++i) {
      share[i] = size / (sum * (i + 1));
      (share[i] < 1 ? small : large).push_back(i);
    }
    while (!small.empty() && !large.empty()) {
      const uint32_t low = small.back();
      const uint32_t high = large.back();
      small.pop_back();
      keep_[low] = static_cast<uint32_t>(share[low] * 4294967295.0);
      alias_[low] = high;
      share[high] -= 1 - share[low];
      if (share[high] < 1) {
        large.pop_back();
        small.push_back(high);
      }
    }
    for (const auto& rest : {small, large}) {
      for (const uint32_t i : rest) {
        keep_[i] = UINT32_MAX;
        alias_[i] = i;
      }
    }
  }
  uint32_t Draw(uint64_t random) const {
    const auto slot = static_cast<uint32_t>((random >> 32) * keep_.size() >> 32);
    return static_cast<uint32_t>(random) <= keep_[slot] ? slot : alias_[slot];
  }

 private:
  std::vector<uint32_t> keep_;
  std::vector<uint32_t> alias_;
};

data::Schema SchemaOf(bool trades) {
  using data::TypeId;
  if (trades) {
    return data::Schema({{"symbol", TypeId::kVarchar, false},
                         {"price", TypeId::kDouble, false},
                         {"volume", TypeId::kInt64, false},
                         {"ts", TypeId::kTimestamp, false}});
  }
  return data::Schema({{"symbol", TypeId::kVarchar, false},
                       {"bid", TypeId::kDouble, false},
                       {"ask", TypeId::kDouble, false},
                       {"ts", TypeId::kTimestamp, false}});
}

class MarketTable final : public GeneratedTable {
 public:
  explicit MarketTable(const GeneratorOptions& options)
      : is_trades_(options.kind == "trades"),
        dictionary_(options.dictionary),
        disorder_(options.disorder),
        resolution_(options.resolution),
        times_(options),
        schema_(SchemaOf(is_trades_)),
        zipf_(options.symbols),
        symbol_random_(options.seed, kSymbolStream + (is_trades_ ? 0 : 16)),
        price_random_(options.seed, kPriceStream + (is_trades_ ? 0 : 16)),
        volume_random_(options.seed, kVolumeStream),
        late_random_(options.seed, kLateStream + (is_trades_ ? 0 : 16)) {
    MakeSymbols(options);
  }

  const data::Schema& schema() const override { return schema_; }

  void Fill(size_t index, uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) override {
    if (index == 0) return FillSymbols(first, count, out, column);
    if (index == 3) return FillTimes(first, count, column);
    if (is_trades_ && index == 2) {
      auto* values = column.As<int64_t>();
      for (uint32_t row = 0; row < count; ++row) {
        values[row] = 1 + static_cast<int64_t>(Below(volume_random_(first + row), 999));
      }
      return;
    }
    FillPrices(first, count, index == 2, column);
  }

 private:
  // Names and prices are the same in trades and quotes of one seed, so that they can be joined.
  void MakeSymbols(const GeneratorOptions& options) {
    Random random(options.seed);
    std::vector<uint32_t> order(options.symbols);
    for (uint32_t i = 0; i < options.symbols; ++i) order[i] = i;
    for (uint32_t i = options.symbols - 1; i > 0; --i) std::swap(order[i], order[random.Below(i + 1)]);
    const size_t digits = std::max<size_t>(4, std::to_string(options.symbols - 1).size());
    uint64_t id = 0;
    for (const uint32_t number : order) {
      const std::string text = std::to_string(number);
      const std::string name = "SYM" + std::string(digits - text.size(), '0') + text;
      names_.emplace_back(std::string_view(name));  // at most 9 bytes, so the view holds them itself
      id = HashCombine(id, names_.back().Hash());
      cents_.push_back(1000.0 + 49000.0 * random.Unit());
    }
    dictionary_id_ = id | 1;
  }

  void FillSymbols(uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) {
    if (!dictionary_) {
      auto* values = column.As<StringRef>();
      for (uint32_t row = 0; row < count; ++row) values[row] = names_[zipf_.Draw(symbol_random_(first + row))];
      return;
    }
    // All in the batch's own heap: the rows may outlive this source.
    auto* codes = reinterpret_cast<uint32_t*>(out.heap().Allocate(out.capacity() * sizeof(uint32_t)));
    for (uint32_t row = 0; row < count; ++row) codes[row] = zipf_.Draw(symbol_random_(first + row));
    std::fill(codes + count, codes + out.capacity(), 0);
    char* memory = out.heap().Allocate(names_.size() * sizeof(StringRef) + 16);
    memory += 16 - (reinterpret_cast<uintptr_t>(memory) & 15);
    auto* values = reinterpret_cast<StringRef*>(memory);
    std::copy(names_.begin(), names_.end(), values);
    auto* dictionary = new (out.heap().Allocate(sizeof(data::Column))) data::Column();
    dictionary->values = values;
    column.dictionary = dictionary;
    column.dictionary_size = static_cast<uint32_t>(names_.size());
    column.dictionary_id = dictionary_id_;
    column.codes = codes;
    column.encoding = data::Encoding::kDictionary;
  }

  void FillPrices(uint64_t first, uint32_t count, bool ask, data::Column& column) {
    auto* values = column.As<double>();
    for (uint32_t row = 0; row < count; ++row) {
      const uint64_t random = price_random_(first + row);
      // The sum of four uniform numbers is bell-shaped enough: mean 2, variance 1/3.
      const auto sum =
          static_cast<double>((random & 0xFFFF) + (random >> 16 & 0xFFFF) + (random >> 32 & 0xFFFF) + (random >> 48)) /
          65536.0;
      const double scatter = 1 + 0.01 * (sum - 2) * 1.7320508075688772;
      double cents = std::rint(cents_[zipf_.Draw(symbol_random_(first + row))] * scatter);
      if (ask) cents = std::rint(cents * 1.001);
      values[row] = cents / 100;
    }
  }

  void FillTimes(uint64_t first, uint32_t count, data::Column& column) {
    auto* values = column.As<int64_t>();
    for (uint32_t row = 0; row < count; ++row) values[row] = times_.At(first + row);
    if (disorder_ == 0) return;
    for (uint32_t row = 0; row < count; ++row) {
      const auto late = static_cast<Duration>(Below(late_random_(first + row), static_cast<uint64_t>(disorder_)));
      values[row] = std::max(SaturatingAdd(values[row], late % resolution_ - late), times_.start());
    }
  }

  const bool is_trades_;
  const bool dictionary_;
  const Duration disorder_;
  const Duration resolution_;
  EventTimes times_;
  data::Schema schema_;
  Zipf zipf_;
  CellRandom symbol_random_;
  CellRandom price_random_;
  CellRandom volume_random_;
  CellRandom late_random_;
  std::vector<StringRef> names_;
  std::vector<double> cents_;
  uint64_t dictionary_id_ = 0;
};

}  // namespace

std::unique_ptr<GeneratedTable> MakeMarket(const GeneratorOptions& options) {
  return std::make_unique<MarketTable>(options);
}

}  // namespace laminar::connectors
