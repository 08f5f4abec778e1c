#include "cli/bench/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "cli/bench/bench_data.h"
#include "cli/bench/hand_loops.h"
#include "cli/bench/latency.h"
#include "data/value.h"
#include "engine/database.h"
#include "os/clock.h"

namespace laminar::cli {
namespace {

constexpr const char* kBidSource =
    "CREATE SOURCE bid (auction BIGINT, bidder BIGINT, price BIGINT, date_time TIMESTAMP, extra VARCHAR, "
    "WATERMARK FOR date_time AS date_time - INTERVAL '4' SECOND)";
constexpr const char* kTradeSource =
    "CREATE SOURCE trades (symbol VARCHAR, price DOUBLE, volume BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - "
    "INTERVAL '4' SECOND)";

struct Bench {
  const char* name;
  const char* what;
  bool is_trades;
  const char* query;
  const char* check;  // over the result `r`: rows and the sum of a column; null: rows alone are compared
  HandResult (*hand_bids)(const Bids&);
  HandResult (*hand_trades)(const Trades&);
};

constexpr Bench kBenches[] = {
    {"q0", "pass-through", false, "SELECT auction, bidder, price, date_time, extra FROM bid", nullptr, HandQ0, nullptr},
    {"q1", "one projection", false, "SELECT 0.908::DOUBLE * price AS price FROM bid", nullptr, HandQ1, nullptr},
    {"q2", "filter, two columns", false, "SELECT auction, price FROM bid WHERE auction % 123 = 0", nullptr, HandQ2,
     nullptr},
    {"q5h", "count by auction, HOP 2 s of 10 s", false,
     "SELECT auction, window_start, count(*) AS n FROM bid GROUP BY auction, HOP(date_time, INTERVAL '2' SECOND, "
     "INTERVAL '10' SECOND)",
     "n", HandHopCount, nullptr},
    {"q7m", "maximum, TUMBLE 10 s", false,
     "SELECT window_start, max(price) AS n FROM bid GROUP BY TUMBLE(date_time, INTERVAL '10' SECOND)", "n",
     HandWindowMax, nullptr},
    {"ohlc", "open, high, low, close, VWAP, volume, count by symbol, TUMBLE 1 min", true,
     "SELECT symbol, window_start, first_value(price) AS open, max(price) AS high, min(price) AS low, "
     "last_value(price) AS close, "
     "sum(price * volume) / sum(volume) AS vwap, sum(volume) AS n, count(*) AS trades FROM trades GROUP BY symbol, "
     "TUMBLE(ts, INTERVAL '1' MINUTE)",
     "n", nullptr, HandOhlc},
};

double Seconds() { return static_cast<double>(os::RealClock().MonotonicNanos()) * 1e-9; }

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Engine {
  std::unique_ptr<engine::Database> database;
  std::unique_ptr<engine::Connection> connection;
  Status Run(const std::string& sql) {
    auto outcome = connection->Execute(sql);
    return outcome ? Status() : outcome.error();
  }
};

Result<Engine> Open(std::vector<std::unique_ptr<sdk::Connector>> connectors) {
  Engine e;
  engine::DatabaseOptions options;
  options.is_inline = true;
  options.connectors = std::move(connectors);
  e.database = TRY(engine::Database::Open(std::move(options)));
  e.connection = std::make_unique<engine::Connection>(*e.database);
  return e;
}

Status PushAll(Engine& e, const char* source, BatchList& batches) {
  const engine::Database::PushHandle handle = TRY(e.database->OpenPush(source));
  for (uint64_t i = 0; i < batches.count(); ++i) TRY(e.database->Push(handle, batches.Get(i)));
  return e.database->EndSource(source);
}

// The query's own result compared with the hand loop's: rows and one sum.
Status Verify(const Bench& bench, Engine e, BatchList& batches, const HandResult& expected) {
  const char* source = bench.is_trades ? "trades" : "bid";
  TRY(e.Run(bench.is_trades ? kTradeSource : kBidSource));
  const std::string sum = bench.check == nullptr ? "0" : fmt::format("sum({})::DOUBLE", bench.check);
  TRY(e.Run(fmt::format("CREATE MATERIALIZED VIEW r AS SELECT count(*) AS rows, {} AS total FROM ({}) AS q", sum,
                        bench.query)));
  TRY(PushAll(e, source, batches));
  engine::Outcome outcome = TRY(e.connection->Execute("SELECT rows, total::DOUBLE FROM r"));
  data::BatchBuffer row(outcome.cursor->schema().Types());
  TRY(outcome.cursor->Next(row));
  const auto rows = static_cast<uint64_t>(row.column(0).As<int64_t>()[0]);
  const double total = row.column(1).As<double>()[0];
  if (rows == expected.rows &&
      (bench.check == nullptr || std::abs(total - expected.sum) <= 1e-9 * std::abs(expected.sum)))
    return {};
  return Status(ErrorCode::kInternal,
                fmt::format("benchmark {}: the engine has {} rows and sum {}, the hand loop {} and {}", bench.name,
                            rows, total, expected.rows, expected.sum));
}

struct Figures {
  double engine_seconds = 0;
  double hand_seconds = 0;
};

Result<Figures> Measure(const Bench& bench, const BenchOptions& options, BatchList& batches, const Bids& bids,
                        const Trades& trades, std::vector<std::unique_ptr<sdk::Connector>> (*make_connectors)()) {
  std::vector<double> engine_times;
  std::vector<double> hand_times;
  HandResult hand;
  for (int repeat = 0; repeat < options.repeats; ++repeat) {
    Engine e = TRY(Open(make_connectors()));
    TRY(e.Run(bench.is_trades ? kTradeSource : kBidSource));
    TRY(e.Run(fmt::format("CREATE SINK s FROM ({}) WITH (connector = 'blackhole')", bench.query)));
    double start = Seconds();
    TRY(PushAll(e, bench.is_trades ? "trades" : "bid", batches));
    engine_times.push_back(Seconds() - start);
    start = Seconds();
    hand = bench.is_trades ? bench.hand_trades(trades) : bench.hand_bids(bids);
    hand_times.push_back(Seconds() - start);
  }
  TRY(Verify(bench, TRY(Open(make_connectors())), batches, hand));
  return Figures{Median(engine_times), Median(hand_times)};
}

Status Export(const BenchOptions& options, BatchList& bids, BatchList& trades,
              std::vector<std::unique_ptr<sdk::Connector>> (*make_connectors)()) {
  Engine e = TRY(Open(make_connectors()));
  TRY(e.Run(kBidSource));
  TRY(e.Run(kTradeSource));
  for (const char* name : {"bid", "trades"}) {
    TRY(e.Run(fmt::format("CREATE SINK out_{} FROM {} WITH (connector = 'file', path = '{}/{}.parquet')", name, name,
                          ReplaceAll(options.export_directory, "'", "''"), name)));
  }
  TRY(PushAll(e, "bid", bids));
  return PushAll(e, "trades", trades);
}

Status RunQueries(const BenchOptions& options, uint64_t rows_made,
                  std::vector<std::unique_ptr<sdk::Connector>> (*make_connectors)()) {
  Bids bids = MakeBids(rows_made, options.seed);
  Trades trades = MakeTrades(rows_made, options.seed);
  BatchList bid_batches = BatchesOf(bids);
  BatchList trade_batches = BatchesOf(trades);
  if (!options.export_directory.empty()) return Export(options, bid_batches, trade_batches, make_connectors);
  if (!options.json) {
    fmt::print("{} rows, batches of {}, one core, medians of {} runs; M rows/s\n\n",
               FormatCount(static_cast<int64_t>(rows_made)), data::kBatchCapacity, options.repeats);
    fmt::print("{:<6} {:>10} {:>10} {:>8}  {}\n", "name", "laminar", "by hand", "ratio", "what it does");
  }
  for (const Bench& bench : kBenches) {
    if (!options.names.empty() && std::ranges::find(options.names, bench.name) == options.names.end()) continue;
    const Figures f =
        TRY(Measure(bench, options, bench.is_trades ? trade_batches : bid_batches, bids, trades, make_connectors));
    const double rows = static_cast<double>(rows_made) * 1e-6;
    if (options.json) {
      fmt::print(
          "{{\"name\":\"{}\",\"rows\":{},\"seconds\":{:.6f},\"hand_seconds\":{:.6f},\"million_rows_per_second\":{:.3f},"
          "\"hand_million_rows_per_second\":{:.3f},\"ratio\":{:.4f}}}\n",
          bench.name, rows_made, f.engine_seconds, f.hand_seconds, rows / f.engine_seconds, rows / f.hand_seconds,
          f.hand_seconds / f.engine_seconds);
    } else {
      fmt::print("{:<6} {:>10.1f} {:>10.1f} {:>7.1f}%  {}\n", bench.name, rows / f.engine_seconds,
                 rows / f.hand_seconds, 100 * f.hand_seconds / f.engine_seconds, bench.what);
    }
    std::fflush(stdout);
  }
  return {};
}

}  // namespace

Status RunBench(const BenchOptions& options, std::vector<std::unique_ptr<sdk::Connector>> (*make_connectors)()) {
  bool is_latency = false;
  for (const std::string& name : options.names) {
    is_latency |= name == "latency";
    if (name != "latency" && std::ranges::none_of(kBenches, [&](const Bench& b) { return name == b.name; })) {
      return Status(ErrorCode::kBadArgument, "there is no benchmark \"" + name + "\"")
          .WithHint("q0, q1, q2, q5h, q7m, ohlc, latency");
    }
  }
  if (is_latency) {
    TRY(RunLatencyBench({.pushes = options.rows == 0 ? 1'000'000 : options.rows, .views = options.views},
                        options.json));
    if (options.names.size() == 1) return {};
  }
  return RunQueries(options, options.rows == 0 ? 10'000'000 : options.rows, make_connectors);
}

}  // namespace laminar::cli
