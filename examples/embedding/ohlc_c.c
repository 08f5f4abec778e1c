/* Trades go in row by row, one-minute bars come out as they change: laminar.h from C. */
#include <laminar/laminar.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(laminar_error* error) {
  if (error == NULL) return;
  fprintf(stderr, "%s\n", laminar_error_text(error));
  laminar_error_free(error);
  exit(1);
}

/* Called on the thread that pushes, before the push returns. */
static void show(void* user, laminar_batch* changes) {
  unsigned* seen = user;
  const int64_t* weights = laminar_batch_weights(changes);
  for (uint32_t row = 0; row < laminar_batch_rows(changes); ++row) {
    printf("%s %s %s  high %.2f  low %.2f  volume %lld\n", weights == NULL || weights[row] > 0 ? "+" : "-",
           laminar_batch_text(changes, row, 0, NULL), laminar_batch_text(changes, row, 1, NULL),
           laminar_batch_double(changes, row, 2), laminar_batch_double(changes, row, 3),
           (long long)laminar_batch_int64(changes, row, 4));
    ++*seen;
  }
}

int main(void) {
  laminar_options options = {0};
  options.struct_size = sizeof options;
  options.threading = LAMINAR_INLINE;
  laminar_database* database = NULL;
  laminar_connection* connection = NULL;
  check(laminar_open(&options, &database));
  check(laminar_connect(database, &connection));
  check(laminar_execute_script(
      connection,
      "CREATE SOURCE trades (symbol VARCHAR, price DOUBLE, quantity BIGINT, ts TIMESTAMP,"
      "  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH (connector = 'memory');"
      "CREATE MATERIALIZED VIEW bars AS"
      "  SELECT symbol, window_start, max(price) AS high, min(price) AS low, sum(quantity) AS volume"
      "  FROM trades GROUP BY symbol, TUMBLE(ts, INTERVAL '1' MINUTE)"));

  unsigned seen = 0;
  laminar_subscription* subscription = NULL;
  check(laminar_subscribe(database, "bars", show, &seen, &subscription));

  static const struct {
    const char* symbol;
    double price;
    int64_t quantity;
    int64_t second;
  } kTrades[] = {{"AAPL", 187.10, 100, 1},
                 {"MSFT", 412.50, 50, 2},
                 {"AAPL", 187.25, 200, 14},
                 {"AAPL", 186.90, 10, 61},
                 {"MSFT", 413.00, 5, 70}};
  laminar_appender* appender = NULL;
  check(laminar_appender_open(database, "trades", &appender));
  for (size_t i = 0; i < sizeof kTrades / sizeof kTrades[0]; ++i) {
    check(laminar_append_text(appender, kTrades[i].symbol, strlen(kTrades[i].symbol)));
    check(laminar_append_double(appender, kTrades[i].price));
    check(laminar_append_int64(appender, kTrades[i].quantity));
    check(laminar_append_timestamp_micros(appender, 1772443800000000 + kTrades[i].second * 1000000));
    check(laminar_end_row(appender));
    check(laminar_appender_flush(appender)); /* at once; by itself it collects 1024 rows */
  }
  check(laminar_end_source(database, "trades")); /* the last windows close */

  laminar_result* result = NULL;
  laminar_batch* batch = NULL;
  int64_t bars = 0;
  check(laminar_execute(connection, "SELECT count(*) FROM bars", &result));
  check(laminar_result_next(result, &batch));
  bars = laminar_batch_int64(batch, 0, 0);
  printf("%lld bars\n", (long long)bars);

  laminar_batch_free(batch);
  laminar_result_free(result);
  laminar_appender_free(appender);
  laminar_subscription_free(subscription);
  laminar_connection_free(connection);
  laminar_close(database);
  return bars == 4 && seen == 4 ? 0 : 1;
}
