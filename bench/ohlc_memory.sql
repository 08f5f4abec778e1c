-- 100 million trades through one-minute bars: memory must stay what it is for one million. Run as
--   /usr/bin/time -v build/release/laminar bench/ohlc_memory.sql
CREATE SOURCE trades (symbol VARCHAR, price DOUBLE, volume BIGINT, ts TIMESTAMP,
    WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH (connector = 'generator', kind = 'trades', rows = 100000000);

CREATE SINK bars FROM (
    SELECT symbol, window_start, first_value(price) AS open, max(price) AS high, min(price) AS low,
           last_value(price) AS close, sum(price * volume) / sum(volume) AS vwap, sum(volume) AS volume,
           count(*) AS trades
    FROM trades GROUP BY symbol, TUMBLE(ts, INTERVAL '1' MINUTE))
WITH (connector = 'blackhole');

WAIT FOR bars;
SELECT name, labels, value FROM laminar_metrics WHERE name IN ('laminar_events_in_total', 'laminar_state_bytes');
