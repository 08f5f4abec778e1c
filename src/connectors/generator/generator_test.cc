#include "connectors/generator/generator.h"

#include <algorithm>
#include <map>

#include <doctest/doctest.h>

#include "data/value.h"
#include "sdk/conformance/position_laws.h"
#include "sdk/conformance/source_laws.h"
#include "sim/clock.h"

namespace laminar::connectors {

namespace {

using OptionList = std::vector<std::pair<std::string, std::string>>;
constexpr const char* kAllKinds[] = {"nexmark_person", "nexmark_auction", "nexmark_bid",
                                     "trades",         "quotes",          "sequence"};

sdk::SourceRequest RequestOf(GeneratorConnector& connector, const OptionList& options) {
  sdk::SourceRequest request;
  request.name = "s";
  request.options = sdk::Options(options);
  request.schema = connector.InferSchema(request.options).value();
  return request;
}

// Reads `rows` rows into one buffer.
data::BatchBuffer Rows(GeneratorConnector& connector, const sdk::SourceRequest& request, uint32_t rows) {
  auto source = connector.OpenSource(request).value();
  data::BatchBuffer all(request.schema.Types(), rows);
  data::BatchBuffer out(request.schema.Types());
  while (all.rows() < rows) {
    const auto state = source->Read(out, std::min(rows - all.rows(), data::kBatchCapacity));
    if (!state.has_value() || *state != sdk::ReadState::kRows) break;
    all.AppendRows(out.batch(), 0, out.rows());
  }
  return all;
}

}  // namespace

TEST_CASE("every kind of generator keeps the laws of sources") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  for (const char* kind : kAllKinds) {
    for (const char* dictionary : {"false", "true"}) {
      CAPTURE(kind);
      const auto request = RequestOf(
          connector,
          {{"kind", kind}, {"rows", "3000"}, {"disorder", "4 seconds"}, {"symbols", "50"}, {"dictionary", dictionary}});
      CHECK(sdk::CheckSourceLaws(connector, request) == std::vector<std::string>{});
      CHECK(sdk::ReadAll(connector, request, 1024, UINT64_MAX).rows.size() == 3000);
    }
  }
}

TEST_CASE("every kind of generator goes on behind any row, and refuses a position of other options") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  for (const char* kind : kAllKinds) {
    for (const char* dictionary : {"false", "true"}) {
      CAPTURE(kind);
      OptionList options = {
          {"kind", kind}, {"rows", "4000"}, {"disorder", "4 seconds"}, {"symbols", "50"}, {"dictionary", dictionary}};
      auto request = RequestOf(connector, options);
      CHECK(sdk::CheckPositionLaws(connector, request, 1) == std::vector<std::string>{});
      CHECK(sdk::CheckTamperedPositions(connector, request, 1) == std::vector<std::string>{});
      auto source = connector.OpenSource(request).value();
      data::BatchBuffer out(request.schema.Types());
      REQUIRE(source->Read(out, 100).has_value());
      source->AppendPosition(request.position);
      CHECK(request.position.size() < 20);
      options.emplace_back("seed", "7");
      request.options = sdk::Options(options);
      CHECK(connector.OpenSource(request).error().code() == ErrorCode::kBadFile);
    }
  }
}

TEST_CASE("the generator's token of the page docs/formats/tokens.md") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  auto request = RequestOf(connector, {{"kind", "trades"}});
  auto source = connector.OpenSource(request).value();
  data::BatchBuffer out(request.schema.Types());
  REQUIRE(source->Read(out, 1000).has_value());
  std::string position;
  source->AppendPosition(position);
  std::string hex;
  for (const char c : position) {
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  CHECK(hex == "47016f45d236e807534e1b5b");
}

TEST_CASE("another seed gives other rows, and dictionary columns hold the same texts") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  auto rows = [&](const OptionList& options) {
    return sdk::ReadAll(connector, RequestOf(connector, options), 1024, 1000).rows;
  };
  CHECK(rows({{"kind", "trades"}, {"seed", "1"}}) != rows({{"kind", "trades"}, {"seed", "2"}}));
  CHECK(rows({{"kind", "trades"}, {"dictionary", "true"}}) == rows({{"kind", "trades"}}));
  CHECK(rows({{"table", "nexmark_bid"}, {"seed", "-1"}}) != rows({{"table", "nexmark_bid"}}));
}

TEST_CASE("bids go to the hot auction half of the time, never far ahead of the auctions that exist") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  const auto request = RequestOf(connector, {{"kind", "nexmark_bid"}});
  constexpr uint32_t kRows = 100000;
  data::BatchBuffer all = Rows(connector, request, kRows);
  REQUIRE(all.rows() == kRows);
  int hot_auction = 0;
  int hot_bidder = 0;
  for (uint32_t row = 0; row < kRows; ++row) {
    const int64_t auction = all.column(0).As<int64_t>()[row];
    const int64_t bidder = all.column(1).As<int64_t>()[row];
    const int64_t price = all.column(2).As<int64_t>()[row];
    const int64_t group = row / 46;
    REQUIRE(auction >= 1000);
    REQUIRE(auction <= 1000 + group * 3 + 2 + 10);
    REQUIRE(bidder >= 1000);
    REQUIRE(bidder <= 1000 + group + 10);
    REQUIRE(price >= 100);
    REQUIRE(price <= 100'000'001);
    hot_auction += auction == 1000 + (group * 3 + 2) / 100 * 100;
    hot_bidder += bidder == 1000 + group / 100 * 100 + 1;
    // 50 events make 46 bids, one event in 0.1 ms, cut to milliseconds.
    const int64_t event = group * 50 + 4 + row % 46;
    REQUIRE(all.column(5).As<int64_t>()[row] == 1'700'000'040'000'000 + event * 100 / 1000 * 1000);
  }
  CHECK(hot_auction > kRows * 0.49);
  CHECK(hot_auction < kRows * 0.53);
  CHECK(hot_bidder > kRows * 0.74);
  CHECK(hot_bidder < kRows * 0.77);
}

TEST_CASE("symbols follow Zipf's law, prices stay near the symbol's own, late rows stay within the bound") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  const auto request = RequestOf(connector, {{"kind", "trades"}, {"symbols", "100"}, {"disorder", "1 second"}});
  constexpr uint32_t kRows = 100000;
  data::BatchBuffer all = Rows(connector, request, kRows);
  std::map<std::string, int> counts;
  std::map<std::string, std::pair<double, double>> range;
  int64_t latest = 0;
  int64_t worst = 0;
  for (uint32_t row = 0; row < kRows; ++row) {
    const std::string symbol(all.column(0).As<data::StringRef>()[row].view());
    const double price = all.column(1).As<double>()[row];
    ++counts[symbol];
    auto [it, fresh] = range.try_emplace(symbol, price, price);
    it->second = {std::min(it->second.first, price), std::max(it->second.second, price)};
    const int64_t volume = all.column(2).As<int64_t>()[row];
    REQUIRE(volume >= 1);
    REQUIRE(volume <= 999);
    const int64_t time = all.column(3).As<int64_t>()[row];
    worst = std::max(worst, latest - time);
    latest = std::max(latest, time);
    REQUIRE(time % 1000 == 0);
  }
  CHECK(counts.size() == 100);
  std::vector<int> sorted;
  for (const auto& [symbol, count] : counts) sorted.push_back(count);
  std::sort(sorted.rbegin(), sorted.rend());
  // Harmonic number of 100: 5.187.
  CHECK(sorted[0] > kRows / 5.187 * 0.97);
  CHECK(sorted[0] < kRows / 5.187 * 1.03);
  CHECK(sorted[1] > kRows / 5.187 / 2 * 0.95);
  CHECK(sorted[1] < kRows / 5.187 / 2 * 1.05);
  for (const auto& [symbol, bounds] : range) CHECK(bounds.second < bounds.first * 1.08);
  CHECK(worst > 900'000);
  CHECK(worst <= 1'000'000);
}

TEST_CASE("a rate gives out rows as time goes by") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  const auto request = RequestOf(connector, {{"kind", "sequence"}, {"rate", "100"}, {"rows", "250"}});
  auto source = connector.OpenSource(request).value();
  data::BatchBuffer out(request.schema.Types());
  CHECK(source->Read(out, 1024).value() == sdk::ReadState::kRows);
  CHECK(out.rows() == 1);
  CHECK(source->Read(out, 1024).value() == sdk::ReadState::kIdle);
  clock.Advance(kSecond);
  CHECK(source->Read(out, 1024).value() == sdk::ReadState::kRows);
  CHECK(out.rows() == 100);
  clock.Advance(kMinute);
  CHECK(source->Read(out, 1024).value() == sdk::ReadState::kRows);
  CHECK(out.rows() == 149);
  CHECK(source->Read(out, 1024).value() == sdk::ReadState::kEnd);
}

TEST_CASE("declared columns are matched by name and type") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  sdk::SourceRequest request;
  request.options = sdk::Options(OptionList{{"kind", "nexmark_bid"}});
  request.schema = data::Schema({{"price", data::TypeId::kInt64, true}, {"date_time", data::Type::Timestamp(9), true}});
  CHECK(connector.CheckSource(request).value().bounded == false);
  data::BatchBuffer rows = Rows(connector, request, 2);
  CHECK(rows.column(1).As<int64_t>()[0] == 1'700'000'040'000'000'000);
  request.schema = data::Schema({{"prize", data::TypeId::kInt64, true}});
  CHECK(connector.CheckSource(request).error().hint() == "did you mean 'price'?");
  request.schema = data::Schema({{"price", data::TypeId::kVarchar, true}});
  CHECK(connector.CheckSource(request).error().code() == ErrorCode::kTypeMismatch);
}

TEST_CASE("wrong generator options are refused") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  for (const OptionList& list : {OptionList{},
                                 {{"kind", "bids"}},
                                 {{"kind", "trades"}, {"symbols", "0"}},
                                 {{"kind", "trades"}, {"disorder", "-1 s"}},
                                 {{"kind", "trades"}, {"start", "yesterday"}},
                                 {{"kind", "trades"}, {"table", "trades"}},
                                 {{"kind", "trades"}, {"speed", "1"}}}) {
    const auto schema = connector.InferSchema(sdk::Options(list));
    REQUIRE(!schema.has_value());
    CHECK(schema.error().code() == ErrorCode::kBadOption);
  }
}

TEST_CASE("times far in the future stop at the end of time instead of wrapping") {
  sim::SimClock clock;
  GeneratorConnector connector(clock);
  const auto request = RequestOf(
      connector,
      {{"kind", "sequence"}, {"start", "294247-01-10 04:00:54"}, {"interval", "1 s"}, {"resolution", "1 us"}});
  data::BatchBuffer rows = Rows(connector, request, 4);
  CHECK(rows.column(1).As<int64_t>()[3] == kMaxTimestamp - 1);
  CHECK(rows.column(1).As<int64_t>()[0] < kMaxTimestamp - 1);
}

}  // namespace laminar::connectors
