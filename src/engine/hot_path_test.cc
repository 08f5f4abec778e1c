// A million rows through windows and groups on shards: once it is warm, nothing in ring 0 allocates, locks or waits.
#include <doctest/doctest.h>

#include "base/hot_scope.h"
#include "base/random.h"
#include "data/value.h"
#include "engine/testing.h"

namespace laminar::engine {
namespace {

using data::BatchBuffer;
using data::Value;

void PushRows(Database& database, Random& random, int64_t& time, int64_t rows) {
  BatchBuffer buffer({data::TypeId::kVarchar, data::TypeId::kDouble, data::TypeId::kInt64, data::TypeId::kTimestamp});
  std::vector<Value> row(4);
  while (rows > 0) {
    buffer.Reset();
    for (; rows > 0 && !buffer.full(); --rows) {
      time += 100 + static_cast<int64_t>(random.Below(500));
      row[0] =
          Value::String("SYMBOL" + std::to_string(random.Below(500)) + (random.OneIn(4) ? " with a long name" : ""));
      row[1] = Value::Double(random.Unit() * 100);
      row[2] = Value::Int(random.Between(1, 100));
      row[3] = Value::Int(time - random.Between(0, 3'000'000));
      buffer.AppendRow(row);
    }
    auto batch = buffer.batch();
    REQUIRE(database.Push("trades", batch).ok());
  }
}

TEST_CASE("a million rows through windows and groups on shards breach nothing once they are warm" *
          doctest::skip(!HotScope::kIsGuarded)) {
  for (const bool is_inline : {true, false}) {
    for (const uint64_t cores : {1, 3}) {
      CAPTURE(is_inline);
      CAPTURE(cores);
      DatabaseOptions options;
      options.is_inline = is_inline;
      options.worker_cores = cores;
      auto opened = Database::Open(std::move(options));
      REQUIRE(opened.has_value());
      Connection connection(**opened);
      for (const std::string& sql :
           {"SET worker_cores = " + std::to_string(cores),
            std::string(
                "CREATE SOURCE trades (symbol VARCHAR, price DOUBLE, volume BIGINT, ts TIMESTAMP, WATERMARK FOR "
                "ts AS ts - INTERVAL '2' SECOND)"),
            std::string("CREATE MATERIALIZED VIEW ohlc AS SELECT symbol, window_start, first_value(price) AS o, "
                        "max(price) AS h, min(price) AS l, last_value(price) AS c, sum(volume) AS v FROM trades WHERE "
                        "price > 1 GROUP BY symbol, TUMBLE(ts, INTERVAL '10' SECOND)"),
            std::string("CREATE MATERIALIZED VIEW live AS SELECT symbol, count(*) AS n, max(price) AS top FROM trades "
                        "GROUP BY symbol"),
            std::string("CREATE MATERIALIZED VIEW hops AS SELECT symbol, window_start, sum(volume) AS v FROM trades "
                        "GROUP BY symbol, HOP(ts, INTERVAL '5' SECOND, INTERVAL '20' SECOND)")}) {
        const auto outcome = connection.Execute(sql);
        REQUIRE_MESSAGE(outcome.has_value(), outcome.error().ToString());
      }
      Random random(5);
      int64_t time = 1'700'000'000'000'000;
      HotScope::SetMode(HotScope::Mode::kCount);
      PushRows(**opened, random, time, 200'000);
      const uint64_t before = HotScope::Violations();
      PushRows(**opened, random, time, 1'000'000 / (cores == 1 ? 4 : 1));
      auto outcome = connection.Execute("SELECT sum(n) FROM live");  // waits for the shards
      REQUIRE(outcome.has_value());
      CHECK(HotScope::Violations() - before == 0);
      HotScope::SetMode(HotScope::Mode::kAbort);
    }
  }
}

}  // namespace
}  // namespace laminar::engine
