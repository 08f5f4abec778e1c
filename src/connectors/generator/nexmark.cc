// The Nexmark auction site: of every 50 events the first is a person, three are auctions, 46 are bids.
//
// Half of the bids go to the hot auction (the first of the latest hundred), three quarters come from the hot bidder;
// sellers likewise. Others are near the latest: one of the last hundred auctions or last thousand persons, and a few
// that come up only soon.
#include <algorithm>
#include <array>
#include <cstring>

#include "connectors/generator/generator.h"

namespace laminar::connectors {

namespace {

using data::StringRef;
using data::TypeId;

constexpr uint64_t kFirstId = 1000;
constexpr uint64_t kPersonsOf50 = 1;
constexpr uint64_t kAuctionsOf50 = 3;
constexpr uint64_t kBidsOf50 = 46;
constexpr uint64_t kHotEvery = 100;
constexpr uint64_t kActivePersons = 1000;
constexpr uint64_t kActiveAuctions = 100;
constexpr uint64_t kSoon = 10;  // ids that do not exist yet

constexpr std::string_view kStates[] = {"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::string_view kCities[] = {"Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland",
                                        "Bend",    "Redmond",     "Seattle",       "Kent",  "Cheyenne"};
constexpr std::string_view kFirstNames[] = {"Peter", "Paul",  "Luke",  "John",   "Saul",  "Vicky",
                                            "Kate",  "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::string_view kLastNames[] = {"Shultz", "Abrams", "Spencer", "White", "Bartels",
                                           "Walton", "Smith",  "Jones",   "Noris"};
constexpr std::string_view kHotChannels[] = {"Google", "Facebook", "Baidu", "Apple"};
constexpr uint32_t kOtherChannels = 1000;

// Where events of one kind stand among all events.
struct Kind {
  uint64_t first;     // place of the kind's first event in a group of 50
  uint64_t in_group;  // how many of 50
};

// Prices spread evenly over six decades by their logarithm: 100 to 100 000 000.
class Prices {
 public:
  Prices() {
    double price = 100;
    for (double& step : steps_) {
      step = price;
      price *= 1.0033786221;  // 10^(6/4096)
    }
  }
  int64_t Draw(uint64_t random) const {
    const uint64_t step = random >> 52;
    const double part = static_cast<double>(random >> 20 & 0xFFFFFFFF) * 0x1.0p-32;
    return static_cast<int64_t>(steps_[step] * (1 + part * 0.0033786221) + 0.5);
  }

 private:
  std::array<double, 4096> steps_;
};

template <size_t N>
void FillChoice(const std::string_view (&choices)[N], CellRandom random, uint64_t first, uint32_t count,
                data::Column& column) {
  std::array<StringRef, N> views;
  for (size_t i = 0; i < N; ++i) views[i] = StringRef(choices[i]);  // literals live for ever
  auto* values = column.As<StringRef>();
  for (uint32_t row = 0; row < count; ++row) values[row] = views[Below(random(first + row), N)];
}

class NexmarkTable : public GeneratedTable {
 public:
  NexmarkTable(const GeneratorOptions& options, Kind kind, data::Schema schema)
      : kind_(kind), schema_(std::move(schema)), times_(options), seed_(options.seed) {}
  const data::Schema& schema() const override { return schema_; }

 protected:
  // Calls fill(row, group) for each row; group: how many groups of 50 came before, which is the latest person's number.
  template <class Visit>
  void ForEach(uint64_t first, uint32_t count, Visit visit) const {
    uint64_t group = first / kind_.in_group;
    uint64_t place = first % kind_.in_group;
    for (uint32_t row = 0; row < count; ++row) {
      visit(row, group, place);
      if (++place == kind_.in_group) {
        place = 0;
        ++group;
      }
    }
  }
  void FillTimes(uint64_t first, uint32_t count, data::Column& column) const {
    auto* values = column.As<int64_t>();
    ForEach(first, count, [&](uint32_t row, uint64_t group, uint64_t place) {
      values[row] = times_.At(group * 50 + kind_.first + place);
    });
  }
  static uint64_t NearPerson(uint64_t latest, uint64_t random) {
    const uint64_t persons = latest + 1;
    const uint64_t active = std::min(persons, kActivePersons);
    return persons - active + Below(random, active + kSoon);
  }
  static uint64_t NearAuction(uint64_t latest, uint64_t random) {
    const uint64_t low = latest > kActiveAuctions ? latest - kActiveAuctions : 0;
    return low + Below(random, latest - low + 1 + kSoon);
  }
  // The random numbers of a column: `use` tells several of one column apart.
  CellRandom RandomOf(size_t column, uint64_t use = 0) const {
    return CellRandom(seed_, kind_.in_group * 1000 + column * 10 + use);
  }

  const Kind kind_;
  const data::Schema schema_;
  const EventTimes times_;
  const uint64_t seed_;
  const Prices prices_;
};

class PersonTable final : public NexmarkTable {
 public:
  explicit PersonTable(const GeneratorOptions& options)
      : NexmarkTable(options, {0, kPersonsOf50},
                     data::Schema({{"id", TypeId::kInt64, false},
                                   {"name", TypeId::kVarchar, false},
                                   {"email_address", TypeId::kVarchar, false},
                                   {"credit_card", TypeId::kVarchar, false},
                                   {"city", TypeId::kVarchar, false},
                                   {"state", TypeId::kVarchar, false},
                                   {"date_time", TypeId::kTimestamp, false},
                                   {"extra", TypeId::kVarchar, false}})) {}

  void Fill(size_t index, uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) override {
    switch (index) {
      case 0:
        for (uint32_t row = 0; row < count; ++row)
          column.As<int64_t>()[row] = static_cast<int64_t>(kFirstId + first + row);
        return;
      case 1: return FillNames(first, count, out, column);
      case 2: return FillMails(first, count, out, column);
      case 3: return FillCards(first, count, out, column);
      case 4: return FillChoice(kCities, RandomOf(4), first, count, column);
      case 5: return FillChoice(kStates, RandomOf(5), first, count, column);
      case 6: return FillTimes(first, count, column);
      default: return FillLetters(RandomOf(7), first, count, 16, out, column);
    }
  }

 private:
  void FillNames(uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) const {
    const CellRandom random = RandomOf(1);
    std::string name;
    for (uint32_t row = 0; row < count; ++row) {
      const uint64_t bits = random(first + row);
      name = kFirstNames[Below(bits, std::size(kFirstNames))];
      name += ' ';
      name += kLastNames[Below(bits << 32, std::size(kLastNames))];
      column.As<StringRef>()[row] = out.heap().Add(name);
    }
  }
  void FillMails(uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) const {
    FillLetters(RandomOf(2), first, count, 16, out, column);
    for (uint32_t row = 0; row < count; ++row) {
      char* text = const_cast<char*>(column.As<StringRef>()[row].data());  // our own, just written
      text[7] = '@';
      std::memcpy(text + 12, ".com", 4);
    }
  }
  void FillCards(uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) const {
    const CellRandom random = RandomOf(3);
    constexpr uint32_t kWidth = 19;
    char* text = out.heap().Allocate(static_cast<size_t>(count) * kWidth);
    for (uint32_t row = 0; row < count; ++row, text += kWidth) {
      uint64_t number = Below(random(first + row), 10'000'000'000'000'000ull);
      for (int i = kWidth - 1; i >= 0; --i) {
        if (i % 5 == 4) {
          text[i] = ' ';
          continue;
        }
        text[i] = static_cast<char>('0' + number % 10);
        number /= 10;
      }
      column.As<StringRef>()[row] = StringRef(text, kWidth);
    }
  }
};

class AuctionTable final : public NexmarkTable {
 public:
  explicit AuctionTable(const GeneratorOptions& options)
      : NexmarkTable(options, {kPersonsOf50, kAuctionsOf50},
                     data::Schema({{"id", TypeId::kInt64, false},
                                   {"item_name", TypeId::kVarchar, false},
                                   {"description", TypeId::kVarchar, false},
                                   {"initial_bid", TypeId::kInt64, false},
                                   {"reserve", TypeId::kInt64, false},
                                   {"date_time", TypeId::kTimestamp, false},
                                   {"expires", TypeId::kTimestamp, false},
                                   {"seller", TypeId::kInt64, false},
                                   {"category", TypeId::kInt64, false},
                                   {"extra", TypeId::kVarchar, false}})) {}

  void Fill(size_t index, uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) override {
    auto* values = column.As<int64_t>();
    switch (index) {
      case 0:
        for (uint32_t row = 0; row < count; ++row) values[row] = static_cast<int64_t>(kFirstId + first + row);
        return;
      case 1: return FillLetters(RandomOf(1), first, count, 12, out, column);
      case 2: return FillLetters(RandomOf(2), first, count, 40, out, column);
      case 3:
      case 4: return FillPrices(index == 4, first, count, values);
      case 5: return FillTimes(first, count, column);
      case 6: return FillExpiries(first, count, column);
      case 7: return FillSellers(first, count, values);
      case 8:
        for (uint32_t row = 0; row < count; ++row)
          values[row] = 10 + static_cast<int64_t>(Below(RandomOf(8)(first + row), 5));
        return;
      default: return FillLetters(RandomOf(9), first, count, 16, out, column);
    }
  }

 private:
  // The reserve lies above the initial bid.
  void FillPrices(bool reserve, uint64_t first, uint32_t count, int64_t* values) const {
    const CellRandom initial = RandomOf(3);
    const CellRandom more = RandomOf(4);
    for (uint32_t row = 0; row < count; ++row) {
      values[row] = prices_.Draw(initial(first + row)) + (reserve ? prices_.Draw(more(first + row)) : 0);
    }
  }
  void FillExpiries(uint64_t first, uint32_t count, data::Column& column) const {
    FillTimes(first, count, column);
    const CellRandom random = RandomOf(6);
    auto* values = column.As<int64_t>();
    for (uint32_t row = 0; row < count; ++row) {
      values[row] =
          SaturatingAdd(values[row], (1 + static_cast<Duration>(Below(random(first + row), 339))) * kMillisecond);
    }
  }
  void FillSellers(uint64_t first, uint32_t count, int64_t* values) const {
    const CellRandom random = RandomOf(7);
    const CellRandom near = RandomOf(7, 1);
    ForEach(first, count, [&](uint32_t row, uint64_t group, uint64_t) {
      const bool hot = (random(first + row) >> 62) != 0;
      const uint64_t person = hot ? group / kHotEvery * kHotEvery : NearPerson(group, near(first + row));
      values[row] = static_cast<int64_t>(kFirstId + person);
    });
  }
};

class BidTable final : public NexmarkTable {
 public:
  explicit BidTable(const GeneratorOptions& options)
      : NexmarkTable(options, {kPersonsOf50 + kAuctionsOf50, kBidsOf50},
                     data::Schema({{"auction", TypeId::kInt64, false},
                                   {"bidder", TypeId::kInt64, false},
                                   {"price", TypeId::kInt64, false},
                                   {"channel", TypeId::kVarchar, false},
                                   {"url", TypeId::kVarchar, false},
                                   {"date_time", TypeId::kTimestamp, false},
                                   {"extra", TypeId::kVarchar, false}})) {
    for (uint32_t i = 0; i < kOtherChannels; ++i) {
      channels_.emplace_back(std::string_view("channel-" + std::to_string(i)));  // at most 11 bytes: held by the view
    }
  }

  void Fill(size_t index, uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) override {
    switch (index) {
      case 0: return FillAuctions(first, count, column.As<int64_t>());
      case 1: return FillBidders(first, count, column.As<int64_t>());
      case 2: {
        const CellRandom random = RandomOf(2);
        for (uint32_t row = 0; row < count; ++row) column.As<int64_t>()[row] = prices_.Draw(random(first + row));
        return;
      }
      case 3: return FillChannels(first, count, column.As<StringRef>());
      case 4: return FillUrls(first, count, out, column);
      case 5: return FillTimes(first, count, column);
      default: return FillLetters(RandomOf(6), first, count, 16, out, column);
    }
  }

 private:
  void FillAuctions(uint64_t first, uint32_t count, int64_t* values) const {
    const CellRandom random = RandomOf(0);
    ForEach(first, count, [&](uint32_t row, uint64_t group, uint64_t) {
      const uint64_t bits = random(first + row);
      const uint64_t latest = group * kAuctionsOf50 + kAuctionsOf50 - 1;
      const bool hot = (bits >> 63) != 0;
      const uint64_t auction = hot ? latest / kHotEvery * kHotEvery : NearAuction(latest, bits << 1);
      values[row] = static_cast<int64_t>(kFirstId + auction);
    });
  }
  void FillBidders(uint64_t first, uint32_t count, int64_t* values) const {
    const CellRandom random = RandomOf(1);
    ForEach(first, count, [&](uint32_t row, uint64_t group, uint64_t) {
      const uint64_t bits = random(first + row);
      const bool hot = (bits >> 62) != 0;
      const uint64_t person = hot ? group / kHotEvery * kHotEvery + 1 : NearPerson(group, bits << 2);
      values[row] = static_cast<int64_t>(kFirstId + person);
    });
  }
  void FillChannels(uint64_t first, uint32_t count, StringRef* values) const {
    const CellRandom random = RandomOf(3);
    std::array<StringRef, std::size(kHotChannels)> hot;
    for (size_t i = 0; i < hot.size(); ++i) hot[i] = StringRef(kHotChannels[i]);
    for (uint32_t row = 0; row < count; ++row) {
      const uint64_t bits = random(first + row);
      values[row] = (bits >> 63) != 0 ? hot[bits & 3] : channels_[Below(bits << 1, kOtherChannels)];
    }
  }
  void FillUrls(uint64_t first, uint32_t count, data::BatchBuffer& out, data::Column& column) const {
    constexpr std::string_view kStart = "https://www.nexmark.com/";
    constexpr std::string_view kEnd = "/item.htm?query=1";
    constexpr uint32_t kLetters = 12;
    constexpr auto kWidth = static_cast<uint32_t>(kStart.size() + kLetters + kEnd.size());
    FillLetters(RandomOf(4), first, count, kLetters, out, column);
    auto* values = column.As<StringRef>();
    char* text = out.heap().Allocate(static_cast<size_t>(count) * kWidth);
    for (uint32_t row = 0; row < count; ++row, text += kWidth) {
      std::memcpy(text, kStart.data(), kStart.size());
      std::memcpy(text + kStart.size(), values[row].data(), kLetters);
      std::memcpy(text + kStart.size() + kLetters, kEnd.data(), kEnd.size());
      values[row] = StringRef(text, kWidth);
    }
  }

  std::vector<StringRef> channels_;
};

}  // namespace

std::unique_ptr<GeneratedTable> MakeNexmark(const GeneratorOptions& options) {
  if (options.kind == "nexmark_person") return std::make_unique<PersonTable>(options);
  if (options.kind == "nexmark_auction") return std::make_unique<AuctionTable>(options);
  return std::make_unique<BidTable>(options);
}

}  // namespace laminar::connectors
