#!/usr/bin/env python3
"""Ratios of whole runs of build/release/laminar, interleaved, medians: two cores against one (bars of trades; an
aggregate of ten million keys), a database on disk against one in memory (bars; 200 views whose few groups all change
in every epoch), one that makes checkpoints all the time against one that makes none, ten million keys on disk and in
memory, and how long that database takes to open.

    tools/bench_cores.py [--rows MILLIONS] [--repeats N] [--only TEXT] [--json] [--laminar PROGRAM]

Then how long the graph stood still at the ends of epochs, on one core and two, and on one also with SET rt_priority =
1, which keeps other threads, those of the database too, from taking the cpu meanwhile. It takes the permission for
real-time priority (root, CAP_SYS_NICE or ulimit -r); where that is refused the line says so. "Own" is what the thread
itself took or waited for; the rest others had of its cpu. "stolen" is what a virtual machine was not given meanwhile.

Times of a shared machine mean little, ratios more; run it on a quiet one. With far caches (another socket) the
second core costs more than it does beside the first."""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

BARS = os.path.join(ROOT, "bench", "ohlc_memory.sql")  # the same script as the benchmark of memory, with other rows
KEYS = """
CREATE SOURCE ids (n BIGINT, ts TIMESTAMP, k BIGINT AS (n * 2654435761 % 10000000))
WITH (connector = 'generator', kind = 'sequence', rows = {rows});
CREATE MATERIALIZED VIEW agg AS SELECT k, count(*) AS c, sum(n) AS s, max(n) AS m FROM ids GROUP BY k;
WAIT FOR agg;
"""
MANY = """
CREATE SOURCE ids (n BIGINT, ts TIMESTAMP, k BIGINT AS (n % 100))
WITH (connector = 'generator', kind = 'sequence', rows = {rows});
""" + "".join(
    f"CREATE MATERIALIZED VIEW v{i} AS SELECT k, count(*) AS c, sum(n) AS s FROM ids GROUP BY k;\n" for i in range(200)
)
MANY += "".join(f"WAIT FOR v{i};\n" for i in range(200))


def run(laminar, sql, database=None):
    """Seconds of one run of a script."""
    command = [laminar] + ([database] if database else []) + ["-c", sql]
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def compare(name, repeats, first, second):
    """Medians of two ways, run in turn, and the first over the second."""
    times = ([], [])
    for _ in range(repeats):
        times[0].append(first())
        times[1].append(second())
    a, b = statistics.median(times[0]), statistics.median(times[1])
    return {"name": name, "first_s": round(a, 3), "second_s": round(b, 3), "ratio": round(a / b, 3)}


def stolen_ms():
    """Of all cpus since the machine began: time that it was not given by what it runs on; 0 where nobody says."""
    try:
        with open("/proc/stat", encoding="ascii") as stat:
            ticks = int(stat.readline().split()[8])
    except (OSError, IndexError, ValueError):
        return 0
    return 1000 * ticks // os.sysconf("SC_CLK_TCK")


def pauses(name, laminar, sql, folder):
    """How long the graph stood still at the ends of epochs, and how often for more than a millisecond."""
    shutil.rmtree(folder, ignore_errors=True)
    stolen = stolen_ms()
    ask = (
        "SELECT name, value FROM laminar_metrics "
        "WHERE name LIKE 'laminar_epoch%' OR name = 'laminar_rt_priority_active'"
    )
    done = subprocess.run(
        [laminar, folder, "-o", "csv", "-c", sql + ask], check=True, capture_output=True, text=True
    )
    ours = ("laminar_epoch_", "laminar_rt_")
    lines = [line.split(",") for line in done.stdout.split() if line.startswith(ours)]
    value = {metric.removeprefix("laminar_epoch_"): float(number) for metric, number in lines}
    refused = "rt_priority" in sql and value["laminar_rt_priority_active"] == 0
    return {
        "name": name + (" (refused)" if refused else ""),
        "p99_ms": round(value["pause_p99_us"] / 1000, 3),
        "longest_ms": round(value["pause_max_us"] / 1000, 3),
        "over_1_ms": int(value["pauses_long_total"]),
        "own_longest_ms": round(value["pause_own_max_us"] / 1000, 3),
        "own_over_1_ms": int(value["pauses_own_long_total"]),
        "epochs": int(value["current"]),
        "stolen_ms": stolen_ms() - stolen,
    }


def on_disk(laminar, sql, folder):
    shutil.rmtree(folder, ignore_errors=True)
    return run(laminar, sql, folder)


def measurements(laminar, rows, repeats, folder):
    """Names, and the functions that measure, which take the name."""
    with open(BARS, encoding="utf-8") as script:
        bars = re.sub(r"rows = \d+", f"rows = {rows}", script.read())
    one, two = "SET worker_cores = 1;", "SET worker_cores = 2;"
    bars, keys = one + bars, one + KEYS.format(rows=rows)
    keys_on_disk = one + KEYS.format(rows=rows // 2)
    many = one + MANY.format(rows=rows // 10)
    often, first = "SET checkpoint_interval = '200 milliseconds';", "SET rt_priority = 1;"

    def in_turn(first_way, second_way, times=repeats):
        return lambda name: compare(name, times, first_way, second_way)

    def memory(sql):
        return lambda: run(laminar, sql)

    def disk(sql):
        return lambda: on_disk(laminar, sql, folder)

    def stands_still(sql):
        return lambda name: pauses(name, laminar, sql, folder)

    def opening(name):
        on_disk(laminar, keys_on_disk, folder)
        return compare(name, repeats, lambda: run(laminar, "SELECT 1", folder), memory("SELECT 1"))

    return [
        ("bars: one core / two", in_turn(memory(bars), memory(bars.replace(one, two)))),
        ("10M keys: one core / two", in_turn(memory(keys), memory(keys.replace(one, two)))),
        ("bars: on disk / in memory", in_turn(disk(bars), memory(bars))),
        ("200 views: on disk / in memory", in_turn(disk(many), memory(many), 1)),
        (
            "bars: checkpoints / none",
            in_turn(disk(often + bars), disk("SET checkpoint_interval = '0';" + bars)),
        ),
        ("10M keys: on disk / memory", in_turn(disk(keys_on_disk), memory(keys_on_disk), 1)),
        ("10M keys: open / nothing", opening),
        ("bars: pauses", stands_still(often + bars)),
        ("bars: pauses, real time", stands_still(often + first + bars)),
        ("bars: pauses, two cores", stands_still(often + bars.replace(one, two))),
        ("10M keys: pauses", stands_still(often + keys_on_disk)),
        ("10M keys: pauses, real time", stands_still(often + first + keys_on_disk)),
        ("10M keys: pauses, two cores", stands_still(often + keys_on_disk.replace(one, two))),
    ]


def show(result):
    if "epochs" in result:
        print(
            f"{result['name']:30} p99 {result['p99_ms']:7.3f} ms, longest {result['longest_ms']:7.3f} ms, "
            f"{result['over_1_ms']} of {result['epochs']} over 1 ms; own longest "
            f"{result['own_longest_ms']:.3f} ms, {result['own_over_1_ms']} over 1 ms; "
            f"{result['stolen_ms']} ms stolen",
            flush=True,
        )
        return
    print(
        f"{result['name']:30} {result['first_s']:9.3f} s {result['second_s']:9.3f} s   ratio {result['ratio']}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=40, help="millions of rows")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", default="", metavar="TEXT", help="what has it in its name, e.g. pauses")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--laminar", default=os.path.join(ROOT, "build", "release", "laminar"))
    options = parser.parse_args()
    scratch = tempfile.mkdtemp(prefix="laminar-bench-")
    results = []
    try:
        folder = os.path.join(scratch, "database")
        for name, measure in measurements(options.laminar, options.rows * 1_000_000, options.repeats, folder):
            if options.only not in name:
                continue
            results.append(measure(name))
            if not options.json:
                show(results[-1])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if not results:
        parser.error(f"nothing measured has {options.only!r} in its name")
    if options.json:
        json.dump(results, sys.stdout, indent=1)
        print()


if __name__ == "__main__":
    main()
