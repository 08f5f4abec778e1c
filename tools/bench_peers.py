#!/usr/bin/env python3
"""Runs DuckDB on the rows of `laminar bench` and prints both side by side.

    tools/bench_peers.py --laminar build/release/laminar [--rows 10000000] [--repeats 5]

The rows are exported by `laminar bench --export`, loaded into DuckDB's memory before the clock starts, and queried with
one thread; LaminarDB answers the same question as a stream, also on one thread, in the same run of this script. Both
medians. What counts is the ratio.
"""
import argparse
import json
import statistics
import subprocess
import tempfile
import time

import duckdb

QUERIES = {
    "q0": "SELECT auction, bidder, price, date_time, extra FROM bid",
    "q1": "SELECT 0.908::DOUBLE * price AS price FROM bid",
    "q2": "SELECT auction, price FROM bid WHERE auction % 123 = 0",
    "q5h": """SELECT auction, w, count(*) AS n FROM (
                SELECT auction, (epoch_us(date_time) // 2000000) * 2000000 - k * 2000000 AS w
                FROM bid, (SELECT unnest(range(5)) AS k)) GROUP BY ALL""",
    "q7m": "SELECT epoch_us(date_time) // 10000000 AS w, max(price) AS n FROM bid GROUP BY 1",
    "ohlc": """SELECT symbol, epoch_us(ts) // 60000000 AS w, arg_min(price, ts) AS o, max(price) AS h, min(price) AS l,
               arg_max(price, ts) AS c, sum(price * volume) / sum(volume) AS vwap, sum(volume) AS n, count(*) AS trades
               FROM trades GROUP BY 1, 2""",
}


def duckdb_seconds(connection, query, repeats):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        # A temporary table takes all rows of the result without handing them to Python.
        connection.execute(f"CREATE OR REPLACE TEMP TABLE answer AS {query}")
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laminar", required=True)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = ["--rows", str(options.rows)]
        subprocess.run([options.laminar, "bench", *rows, "--export", folder], check=True)
        connection = duckdb.connect()
        connection.execute("SET threads = 1")
        for name in ("bid", "trades"):
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM '{folder}/{name}.parquet'")
        command = [options.laminar, "bench", "--json", *rows, "--repeats", str(options.repeats)]
        ours = subprocess.run(command, check=True, capture_output=True, text=True)
        print(f"{options.rows:,} rows, one thread, medians of {options.repeats}; M rows/s; DuckDB {duckdb.__version__}")
        print(f"{'name':<6} {'laminar':>10} {'duckdb':>10} {'laminar/duckdb':>15} {'laminar/by hand':>16}")
        for line in ours.stdout.splitlines():
            figures = json.loads(line)
            theirs = duckdb_seconds(connection, QUERIES[figures["name"]], options.repeats)
            print(f"{figures['name']:<6} {figures['million_rows_per_second']:>10.1f} "
                  f"{options.rows * 1e-6 / theirs:>10.1f} {theirs / figures['seconds']:>15.2f} "
                  f"{figures['ratio']:>16.2f}", flush=True)


main()
