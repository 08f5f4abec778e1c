// Trades go in row by row, one-minute bars come out as they change: laminar.hpp from C++.
#include <cstdio>
#include <laminar/laminar.hpp>

int main() {
  try {
    laminar::Database database(laminar::Threading::kInline);
    laminar::Connection connection = database.connect();
    connection.execute_script(R"(
      CREATE SOURCE trades (symbol VARCHAR, price DOUBLE, quantity BIGINT, ts TIMESTAMP,
          WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH (connector = 'memory');
      CREATE MATERIALIZED VIEW bars AS
        SELECT symbol, window_start, max(price) AS high, min(price) AS low, sum(quantity) AS volume
        FROM trades GROUP BY symbol, TUMBLE(ts, INTERVAL '1' MINUTE))");

    unsigned seen = 0;
    laminar::Subscription bars = database.subscribe("bars", [&](laminar::BatchView changes) {
      for (const laminar::Row row : changes) {
        const std::string symbol(row.text(0));
        std::printf("%+d %s  high %.2f  low %.2f\n", static_cast<int>(row.weight()), symbol.c_str(), row.number(2),
                    row.number(3));
        ++seen;
      }
    });

    laminar::Appender trades = database.appender("trades");
    trades.row("AAPL", 187.10, 100, "2026-03-02 09:30:01");
    trades.row("MSFT", 412.50, 50, "2026-03-02 09:30:02");
    trades.row("AAPL", 187.25, 200, "2026-03-02 09:30:14");
    trades.row("AAPL", 186.90, 10, "2026-03-02 09:31:01");
    trades.flush();
    database.end_source("trades");
    bars.rethrow();

    unsigned rows = 0;
    for (const laminar::Row row :
         connection.execute("SELECT symbol, volume FROM bars ORDER BY symbol, window_start").rows()) {
      std::printf("%s %lld\n", std::string(row.text(0)).c_str(), static_cast<long long>(row.int64(1)));
      ++rows;
    }
    return seen == 3 && rows == 3 ? 0 : 1;
  } catch (const laminar::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
