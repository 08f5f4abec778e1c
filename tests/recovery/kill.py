#!/usr/bin/env python3
"""Kills the real program at random moments and looks at what comes back.

    tests/recovery/kill.py --laminar build/dev/laminar [--minutes M] [--seed N]

A database on disk takes in a script of INSERTs, each followed by a row that says it was acknowledged. The process is
killed (SIGKILL) at a random moment: at work, during CHECKPOINT, while it recovers, while it closes. It is opened again
and goes on with the first statement that is not there. After every kill what was acknowledged is there, and what is
there is a prefix of the statements, every row once. At the end every view and the sink's file are compared with a run
of the same statements in memory that nobody killed. The last line: "N kills, seed S: ok", and status 0.
"""
import argparse
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

FILE_ROWS = 30000
VIEWS = {
    "all_s": "SELECT * FROM all_s",
    "t": "SELECT * FROM t",
    "grouped": "SELECT * FROM grouped",
    "windowed": "SELECT * FROM windowed",
    "cascaded": "SELECT * FROM cascaded",
    "of_file": "SELECT * FROM of_file",
}


class Wrong(Exception):
    """What came back is not what it should be."""


def definitions(folder, out):
    """The relations; the sink writes to `out`."""
    return [
        "CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT)",
        "CREATE SOURCE s (k BIGINT, g BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '2' SECOND) "
        "WITH (connector = 'memory')",
        f"CREATE SOURCE f (k BIGINT, g BIGINT) WITH (connector = 'file', path = '{folder}/in.csv')",
        "CREATE MATERIALIZED VIEW all_s AS SELECT k, g, ts FROM s",
        "CREATE MATERIALIZED VIEW grouped AS SELECT v % 7 AS g, count(*) AS n, sum(k) AS total FROM t GROUP BY v % 7",
        "CREATE MATERIALIZED VIEW windowed AS SELECT g, window_start, count(*) AS n, max(k) AS last FROM s "
        "GROUP BY g, TUMBLE(ts, INTERVAL '10' SECOND) EMIT ON WATERMARK",
        "CREATE MATERIALIZED VIEW cascaded AS SELECT window_start, sum(n) AS n, count(*) AS groups FROM windowed "
        "GROUP BY window_start",
        "CREATE MATERIALIZED VIEW of_file AS SELECT g, count(*) AS n, sum(k) AS total FROM f GROUP BY g",
        f"CREATE SINK written FROM (SELECT k, g FROM s WHERE g <> 3) "
        f"WITH (connector = 'file', path = '{out}', in_place = true)",
    ]


def rows_of(number):
    """The rows of one statement: (table or source, values)."""
    if number % 3 == 0:  # a key comes again now and then: the row is replaced
        return "t", [(number, number * 7), (number // 2, number)]
    return "s", [(number * 3 + i, (number + i) % 5, number) for i in range(2)]


def insert(number):
    name, rows = rows_of(number)
    if name == "t":
        values = ", ".join(f"({k}, {v})" for k, v in rows)
    else:
        values = ", ".join(f"({k}, {g}, TIMESTAMP '2024-01-01 00:00:00' + INTERVAL '{at}' SECOND)" for k, g, at in rows)
    return f"INSERT INTO {name} VALUES {values}"


def expected(count):
    """t and all_s after the first `count` statements."""
    table, pushed = {}, []
    for number in range(count):
        name, rows = rows_of(number)
        if name == "t":
            table.update(rows)
        else:
            pushed += [(k, g) for k, g, _ in rows]
    return table, sorted(pushed)


class Killer:
    def __init__(self, laminar, seed, folder):
        self.laminar = str(laminar)
        self.random = random.Random(seed)
        self.folder = pathlib.Path(folder)
        self.database = self.folder / "db"
        self.acknowledged = 0  # statements
        self.unseen = 0        # statements that were on their way since somebody looked
        self.kills = 0
        with open(self.folder / "in.csv", "w", encoding="utf-8") as out:
            out.write("k,g\n" + "".join(f"{i},{i % 11}\n" for i in range(FILE_ROWS)))

    def run(self, arguments, database=None):
        done = subprocess.run([self.laminar, *([str(database)] if database else []), "-o", "csv", *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              errors="replace", timeout=120, check=False)
        if done.returncode != 0:
            raise Wrong(f"status {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout

    def query(self, sql, database=None):
        lines = self.run(["-c", sql], database).splitlines()
        return [tuple(line.split(",")) for line in lines[1:]]

    def define(self):
        script = self.folder / "define.sql"
        script.write_text(";\n".join(definitions(self.folder, self.folder / "out.csv")) + ";\n")
        self.run(["-f", str(script)], self.database)

    def round(self):
        """Lets the program work, kills it, looks."""
        count = 0 if self.unseen else self.random.choice([0, 3, 40, 1500, 1500])  # unseen: where to go on is not known
        script = self.folder / "work.sql"
        with open(script, "w", encoding="utf-8") as out:
            for number in range(self.acknowledged, self.acknowledged + count):
                out.write(f"{insert(number)}; SELECT {number + 1} AS done;\n")
                if self.random.random() < 0.03:
                    out.write("CHECKPOINT;\n")
        output = self.folder / "work.out"
        errors = self.folder / "work.err"
        with open(output, "w", encoding="utf-8") as out, open(errors, "w", encoding="utf-8") as err:
            process = subprocess.Popen([self.laminar, str(self.database), "-o", "csv", "-f", str(script)],
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        limit = time.monotonic() + self.random.choice([0.05, 0.5, 1.5]) * self.random.random()
        while process.poll() is None and time.monotonic() < limit:
            time.sleep(0.001)
        process.kill()
        if process.wait() > 0:
            raise Wrong(f"the program failed: {errors.read_text()[-2000:]}")
        self.kills += 1
        for line in output.read_text().split("\n")[:-1]:
            if line.isdigit():
                self.acknowledged = max(self.acknowledged, int(line))
        self.unseen += count
        if self.random.random() < 0.3:
            return  # and killed again before anybody looked
        self.look()

    def look(self):
        found_t = {int(k): int(v) for k, v in self.query("SELECT k, v FROM t", self.database)}
        found_s = sorted((int(k), int(g)) for k, g in self.query("SELECT k, g FROM all_s", self.database))
        rows = len(found_s)
        for count in range(self.acknowledged, self.acknowledged + self.unseen + 1):
            if rows == count // 3 * 4 + max(count % 3 - 1, 0) * 2 and expected(count) == (found_t, found_s):
                self.acknowledged = count
                self.unseen = 0
                return
        want_t, want_s = expected(self.acknowledged)
        lost = sorted(set(want_s) - set(found_s))[:5], sorted(set(want_t.items()) - set(found_t.items()))[:5]
        raise Wrong(f"{self.acknowledged} statements were acknowledged; t has {len(found_t)} rows, not {len(want_t)}; "
                    f"s has {len(found_s)}, {len(set(found_s))} of them different, not {len(want_s)}; lost: {lost}")

    def finish(self):
        """Compares with a run that nobody killed."""
        self.look()
        out = self.folder / "undisturbed.csv"
        script = self.folder / "undisturbed.sql"
        statements = definitions(self.folder, out) + [insert(n) for n in range(self.acknowledged)]
        script.write_text(";\n".join(statements) + ";\nWAIT FOR of_file;\n")
        for name, sql in VIEWS.items():
            wait = ["-c", "WAIT FOR of_file"]
            mine = self.run([*wait, "-c", sql], self.database).splitlines()
            other = self.run(["-f", str(script), "-c", sql]).splitlines()
            if sorted(mine) != sorted(other):
                raise Wrong(f"{name} has {len(mine)} lines, an undisturbed run {len(other)}; only here: "
                            f"{sorted(set(mine) - set(other))[:5]}; only there: {sorted(set(other) - set(mine))[:5]}")
        mine = (self.folder / "out.csv").read_text().splitlines()
        other = out.read_text().splitlines()
        if sorted(mine) != sorted(other):
            raise Wrong(f"the sink's file has {len(mine)} lines ({len(set(mine))} different), an undisturbed run's "
                        f"{len(other)}; lost: {sorted(set(other) - set(mine))[:5]}; too many: "
                        f"{sorted(set(mine) - set(other))[:5]}")


def run(laminar, seconds, seed):
    """The number of kills. Raises Wrong; the folder is then kept, and named."""
    folder = tempfile.mkdtemp(prefix="laminar-kill-")
    killer = Killer(laminar, seed, folder)
    try:
        killer.define()
        until = time.monotonic() + seconds
        while time.monotonic() < until or killer.kills < 5:
            killer.round()
        killer.finish()
    except Wrong as wrong:
        raise Wrong(f"after {killer.kills} kills, seed {seed}, in {folder}: {wrong}") from None
    shutil.rmtree(folder, ignore_errors=True)
    return killer.kills


def main():
    parser = argparse.ArgumentParser(description="kills the program at random moments and looks at what comes back")
    parser.add_argument("--laminar", required=True)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    until = time.monotonic() + options.minutes * 60
    seed = options.seed
    try:
        while time.monotonic() < until:
            kills = run(options.laminar, min(20.0, max(1.0, until - time.monotonic())), seed)
            print(f"{kills} kills, seed {seed}: ok", flush=True)
            seed += 1
    except Wrong as wrong:
        print(f"FAILED {wrong}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
