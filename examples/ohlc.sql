-- One-minute bars from a stream of trades. Run from the repository root: ./dev run examples/ohlc.sql
-- The file is a few seconds out of order, and one trade comes more than a minute late.

CREATE SOURCE trades (
    symbol VARCHAR,
    price DOUBLE,
    quantity BIGINT,
    ts TIMESTAMP,
    WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH (connector = 'file', path = 'examples/data/trades.csv');

CREATE MATERIALIZED VIEW bars AS
SELECT symbol, window_start,
       first_value(price) AS open, max(price) AS high, min(price) AS low, last_value(price) AS close,
       sum(quantity) AS volume
FROM trades
GROUP BY symbol, TUMBLE(ts, INTERVAL '1' MINUTE);

SELECT * FROM bars ORDER BY symbol, window_start;
