#!/usr/bin/env python3
"""Random schemas, rows and queries, run in LaminarDB in every way it knows and in DuckDB: all must agree.

The laws attacked: a stream that has ended equals the batch query; how rows were cut into batches changes nothing; a
retracted row leaves no trace. A failing case prints its seed, both texts and the smallest script that still fails;
`--replay SEED` runs it again.
"""

from __future__ import annotations

import argparse
import copy
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import duckdb  # noqa: E402

import compare  # noqa: E402
from cases import Case, Way, Ways, make_case  # noqa: E402
from laminar import Answer, Laminar  # noqa: E402
from shrink import smaller_cases  # noqa: E402
from values import row_text  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


class Oracle:
    """DuckDB over one case's rows, with the watermark before each as an extra column."""

    def __init__(self):
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET default_null_order = 'nulls_last_on_asc_first_on_desc'")
        self.connection.execute("SET order_by_non_integer_literal = true")

    def load(self, case: Case):
        self.known: dict[str, object] = {}
        self.connection.execute(
            "CREATE OR REPLACE TABLE t (" + ", ".join(f"{c.name} {c.sql}" for c in case.columns) + ", w__ BIGINT)"
        )
        marks = case.watermarks()
        texts = [
            row_text(r, case.columns)[:-1] + f", {'NULL' if w is None else w})" for r, w in zip(case.rows, marks)
        ]
        for first in range(0, len(texts), 500):
            self.connection.execute("INSERT INTO t VALUES " + ", ".join(texts[first : first + 500]))

    def rows(self, sql: str):
        if sql not in self.known:
            try:
                self.known[sql] = self.connection.execute(sql).fetchall()
            except Exception as e:  # the generator left what DuckDB can do
                self.known[sql] = e
        return self.known[sql]


def consolidate(rows: list[dict]) -> list[dict]:
    counts: Counter = Counter()
    first: dict = {}
    for row in rows:
        weight = row.pop("_weight")
        row.pop("_op")
        key = repr(row).replace("'-0.0'", "'0.0'")  # equal values
        first[key] = row
        counts[key] += weight
        if counts[key] < 0:
            return [{"taken back before it came": key}]
    out = []
    for key, weight in counts.items():
        out += [first[key]] * weight
    return out


def verdict(case: Case, way: Way, answer: Answer, oracle: Oracle) -> tuple[str, str]:
    """("passed" | "unsupported" | "skipped" | "failed", why)."""
    want = oracle.rows(way.expected)
    if isinstance(want, Exception):
        return "skipped", str(want)
    if "LDB-R003" in answer.error and case.query.has_window() and any(r[1] is None for r in case.rows):
        return "skipped", "a query refuses rows without an event time; a view sets them aside"
    if answer.error:
        return ("unsupported" if "not supported" in answer.error else "failed"), answer.error
    rows = consolidate(answer.rows) if way.is_changelog else answer.rows
    items = [] if way.counts else case.query.body.items
    kinds = [(name, e.kind) for e, name in items] + [(name, "i") for name in way.counts]
    looseness = [e.loose for e, _ in items] + [0.0 for _ in way.counts]
    try:
        got = [tuple(compare.value(r[name], kind) for name, kind in kinds) for r in rows]
    except (KeyError, ValueError, TypeError, ArithmeticError) as e:
        return "failed", f"unreadable result ({type(e).__name__} {e}): {rows[:3]}"
    wanted = [tuple(compare.value(x, kind) for x, (_, kind) in zip(r, kinds)) for r in want]
    why = compare.difference(got, wanted, looseness, way.is_sequence)
    return ("failed", why) if why else ("passed", "")


class Runner:
    def __init__(self, laminar: Laminar, folder: str):
        self.laminar = laminar
        self.folder = folder
        self.oracle = Oracle()
        self.counts: Counter = Counter()
        self.by_way: Counter = Counter()
        self.reasons: Counter = Counter()

    def check(self, cases: list[Case]) -> list[tuple[Case, Way, str]]:
        ways = [(case, way) for i, case in enumerate(cases) for way in Ways(case, f"q{i}", self.folder).all()]
        answers = self.laminar.run([way.statements for _, way in ways])
        failures = []
        loaded = None
        for (case, way), answer in zip(ways, answers):
            if loaded is not case:
                self.oracle.load(case)
                loaded = case
            outcome, why = verdict(case, way, answer, self.oracle)
            self.counts[outcome] += 1
            self.by_way[way.name, outcome] += 1
            if outcome == "failed":
                failures.append((case, way, why))
            elif why:
                self.reasons[
                    outcome
                    + ": "
                    + " ".join(why.split("\n")[0].split()[3 if outcome == "unsupported" else 0 :])[:110]
                ] += 1
        return failures

    def shrink(self, case: Case, way: Way, why: str, seconds: float) -> tuple[Case, Way, str]:
        kind = symptom(why)
        case = copy.deepcopy(case)
        case.only_way = way.name
        stop = time.monotonic() + seconds
        again = True
        saved = self.counts, self.by_way, self.reasons
        while again and time.monotonic() < stop:
            again = False
            candidates = list(smaller_cases(case))
            for first in range(0, len(candidates), 8):
                if time.monotonic() > stop:
                    break
                self.counts, self.by_way, self.reasons = Counter(), Counter(), Counter()
                fails = [f for f in self.check(candidates[first : first + 8]) if symptom(f[2]) == kind]
                if fails:
                    case, way, why = fails[0]
                    again = True
                    break
        self.counts, self.by_way, self.reasons = saved
        return case, way, why


def symptom(why: str) -> str:
    words = why.split()
    return next(
        (w for w in words if w.startswith("LDB-")),
        "crash" if "signal" in why else "hang" if "no answer" in why else "rows",
    )


def show(case: Case, way: Way, why: str):
    print(f"FAILED: seed {case.seed}, {way.name} (run again: tests/differential/run.py --replay {case.seed})")
    print(why)
    print("--- DuckDB:  CREATE TABLE t (" + ", ".join(f"{c.name} {c.sql}" for c in case.columns) + ", w__ BIGINT)")
    print(way.expected)
    print("--- LaminarDB:")
    for s in way.statements:
        print(s[:3000] + ";")
    for s in way.statements:
        path = Path(s.split("path = '")[1].split("'")[0]) if "path = '" in s else None
        if path is not None and path.exists() and path.suffix in (".csv", ".ndjson"):
            print(f"--- {path}:")
            print("\n".join(path.read_text(encoding="utf-8").splitlines()[:30]))
    print("---", flush=True)


def find_laminar() -> str:
    for preset in ("dev", "release"):
        path = ROOT / "build" / preset / "laminar"
        if path.exists():
            return str(path)
    sys.exit("no laminar: ./dev build, or --laminar PATH")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=10**9)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--laminar")
    parser.add_argument("--replay", type=int, help="the seed of one case")
    parser.add_argument("--shrink-seconds", type=float, default=20, help="for each failing case")
    parser.add_argument("--failures", type=int, default=5, help="stop after so many")
    parser.add_argument("--statistics", action="store_true")
    options = parser.parse_args()
    if options.cases == 10**9 and options.replay is not None:
        options.cases = 1
    failed = 0
    with tempfile.TemporaryDirectory(prefix="laminar-differential-") as folder:
        runner = Runner(Laminar(options.laminar or find_laminar()), folder)
        stop = time.monotonic() + options.seconds
        done = 0
        while done < options.cases and time.monotonic() < stop and failed < options.failures:
            count = min(20, options.cases - done)
            seeds = (
                [options.replay]
                if options.replay is not None
                else [options.seed * 1_000_003 + done + i for i in range(count)]
            )
            failures = runner.check([make_case(s) for s in seeds])
            done += len(seeds)
            seen = set()
            for case, way, why in failures:
                if case.seed in seen:
                    continue
                seen.add(case.seed)
                failed += 1
                if failed <= options.failures:
                    show(*runner.shrink(case, way, why, options.shrink_seconds))
        if options.statistics:
            for (way, outcome), n in sorted(runner.by_way.items()):
                print(f"{n:8} {way} {outcome}")
            for reason, n in runner.reasons.most_common(25):
                print(f"{n:8} {reason}")
    print(f"differential: {runner.counts['passed']} passed, {runner.counts['failed']} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
