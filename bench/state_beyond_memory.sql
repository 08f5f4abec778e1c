-- State of 380 MB where 150 MiB of memory are allowed for it. Run as
--   /usr/bin/time -v build/release/laminar -f bench/state_beyond_memory.sql
-- and, to compare, with -c "SET state_memory_bytes = '10 GiB'" in the place of the first line.
SET state_memory_bytes = '150 MiB';
CREATE SOURCE ids (n BIGINT, ts TIMESTAMP, k BIGINT AS (n * 2654435761 % 3000000),
    name VARCHAR AS ('customer number ' || (n % 500000)))
WITH (connector = 'generator', kind = 'sequence', rows = 6000000);
CREATE MATERIALIZED VIEW agg AS SELECT k, count(*) AS c, sum(n) AS s, max(n) AS m FROM ids GROUP BY k;
CREATE MATERIALIZED VIEW names AS SELECT name, count(*) AS c, max(n) AS m FROM ids GROUP BY name;
WAIT FOR agg;
WAIT FOR names;
SELECT count(*), sum(c), sum(s), sum(m) FROM agg;
SELECT count(*), sum(c), sum(m), max(name) FROM names;
SELECT name, value FROM laminar_metrics WHERE name LIKE 'laminar_state_%' AND labels = '';
