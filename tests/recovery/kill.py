#!/usr/bin/env python3
"""Kills a real process at random moments and looks at what comes back.

    tests/recovery/kill.py --build build/dev [--seconds S] [--seed N]
    tests/recovery/kill.py --build build/dev --self-test

A database on disk is worked on by several threads (kill_worker), each with a statement of its own under way: INSERTs of
one to three rows, rows replaced under their key, views made and dropped, CHECKPOINT. The process is killed (SIGKILL)
while it opens, recovers, is looked at, works or closes, and opened again. Then, thread by thread, every statement that
had returned is there, the one that was under way is there whole or not at all, nothing is there twice, and every view
holds what its rows make. In the end a sink's file holds each row once. --self-test plants losses, doubles and halves,
and fails unless each is found. The last line: "N kills, seed S: ok", and status 0.
"""
import argparse
import collections
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

THREADS = 4
SPAN = 10**9  # of keys that belong to one thread
FILE_ROWS = 30000
LOOK = [
    "SELECT k, v FROM t",
    "SELECT k, g, epoch(ts)::BIGINT FROM all_s",
    "SELECT g, n, total FROM grouped",
    "SELECT g, epoch(window_start)::BIGINT, n, last FROM windowed",
    "SELECT g, epoch(window_start)::BIGINT, n, last FROM closed",
    "SELECT epoch(window_start)::BIGINT, n, groups FROM cascaded",
    "SELECT g, n, total FROM of_file",
    "SHOW MATERIALIZED VIEWS",
]
START = 1704067200  # 2024-01-01


class Wrong(Exception):
    """What came back is not what it should be."""


def definitions(folder):
    return [
        "CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT)",
        "CREATE SOURCE s (k BIGINT, g BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '2' SECOND) "
        "WITH (connector = 'memory')",
        f"CREATE SOURCE f (k BIGINT, g BIGINT) WITH (connector = 'file', path = '{folder}/in.csv')",
        "CREATE MATERIALIZED VIEW all_s AS SELECT k, g, ts FROM s",
        "CREATE MATERIALIZED VIEW grouped AS SELECT v % 7 AS g, count(*) AS n, sum(k) AS total FROM t GROUP BY v % 7",
        "CREATE MATERIALIZED VIEW windowed AS SELECT g, window_start, count(*) AS n, max(k) AS last FROM s "
        "GROUP BY g, TUMBLE(ts, INTERVAL '10' SECOND) ALLOW LATENESS INTERVAL '9' DAY EMIT CHANGES",
        "CREATE MATERIALIZED VIEW closed AS SELECT g, window_start, count(*) AS n, max(k) AS last FROM s "
        "GROUP BY g, TUMBLE(ts, INTERVAL '10' SECOND) ALLOW LATENESS INTERVAL '9' DAY EMIT ON WATERMARK",
        "CREATE MATERIALIZED VIEW cascaded AS SELECT window_start, sum(n)::BIGINT AS n, count(*) AS groups "
        "FROM windowed GROUP BY window_start",
        "CREATE MATERIALIZED VIEW of_file AS SELECT g, count(*) AS n, sum(k)::BIGINT AS total FROM f GROUP BY g",
        f"CREATE SINK written FROM (SELECT k, g FROM s WHERE g <> 3) "
        f"WITH (connector = 'file', path = '{folder}/out.csv', in_place = true)",
    ]


class Part:
    """What one thread's statements leave: rows of t and s, and the view it has made."""

    def __init__(self, thread):
        self.thread = thread
        self.table = {}
        self.stream = collections.Counter()
        self.view = None

    def copy(self):
        other = Part(self.thread)
        other.table, other.stream, other.view = dict(self.table), collections.Counter(self.stream), self.view
        return other

    def __eq__(self, other):
        return (self.table, self.stream, self.view) == (other.table, other.stream, other.view)

    def apply(self, number, rows_less=0):
        """Does statement `number`, and returns its text; `rows_less`: with fewer rows, as a half one would."""
        base = self.thread * SPAN + number * 10
        count = 1 + number % 3 - rows_less
        kind = number % 8
        if kind == 7:
            if self.view is None:
                self.view = f"made_{self.thread}_{number}"
                return f"CREATE MATERIALIZED VIEW {self.view} AS SELECT count(*) AS n FROM t WHERE v % 5 = {number % 5}"
            name, self.view = self.view, None
            return f"DROP MATERIALIZED VIEW {name}"
        if kind in (0, 3, 6):
            rows = [(base + i, number) for i in range(count)]
            if kind == 3:
                rows.append((-1 - self.thread, number))  # replaced again and again
            self.table.update(rows)
            return "INSERT INTO t VALUES " + ", ".join(f"({k}, {v})" for k, v in rows)
        rows = [(base + i, (number + i) % 5, START + number) for i in range(count)]
        self.stream.update(rows)
        return "INSERT INTO s VALUES " + ", ".join(
            f"({k}, {g}, TIMESTAMP '2024-01-01 00:00:00' + INTERVAL '{at - START}' SECOND)" for k, g, at in rows)

    def difference(self, found):
        lost = list((self.stream - found.stream).elements())[:4], [i for i in self.table.items()
                                                                   if found.table.get(i[0]) != i[1]][:4]
        more = list((found.stream - self.stream).elements())[:4], [i for i in found.table.items()
                                                                   if self.table.get(i[0]) != i[1]][:4]
        return f"lost {lost}, too many {more}, view {found.view} where {self.view} is due"


class Killer:
    def __init__(self, build, seed, folder, before=()):
        self.worker = str(pathlib.Path(build) / "kill_worker")
        self.random = random.Random(seed)
        self.folder = pathlib.Path(folder)
        self.database = self.folder / "db"
        self.parts = [Part(thread) for thread in range(THREADS)]  # what is known to be there
        self.numbers = [0] * THREADS                              # of the statements behind that
        self.under_way = [False] * THREADS
        self.kills = 0
        self.is_plain = False  # no checkpoints, no closing
        self.opening_seconds = 0.05
        with open(self.folder / "in.csv", "w", encoding="utf-8") as out:
            out.write("k,g\n" + "".join(f"{i},{i % 11}\n" for i in range(FILE_ROWS)))
        self.write("look.sql", LOOK)
        self.write("before.sql", before)

    def write(self, name, lines):
        (self.folder / name).write_text("".join(line + "\n" for line in lines))
        return str(self.folder / name)

    def start(self, scripts):
        output = open(self.folder / "work.out", "w+b")  # a killed process has written what it knew
        process = subprocess.Popen(
            [self.worker, str(self.database), str(self.folder / "look.sql"), str(self.folder / "before.sql"), *scripts],
            stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
        return process, output

    def said(self, output):
        output.flush()
        lines = (self.folder / "work.out").read_text().split("\n")[:-1]
        for line in lines:
            if line.startswith("FAILED"):
                raise Wrong(line)
        return lines

    def wait_for(self, process, output, line, seconds=60.0):
        """The lines said when it has said that one; nothing if it has not within the time."""
        until = time.monotonic() + seconds
        while True:
            ended = process.poll() is not None
            lines = self.said(output)
            if line in lines:
                return lines
            if ended:
                raise Wrong(f"the process ended with {process.returncode}: {lines[-3:]}")
            if time.monotonic() > until:
                return []
            time.sleep(0.001)

    def kill(self, process):
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdin.close()
        if process.returncode != -signal.SIGKILL and process.returncode != 0:
            raise Wrong(f"the process ended with {process.returncode}: {self.said_last()}")
        self.kills += 1

    def said_last(self):
        return (self.folder / "work.out").read_text()[-1000:]

    def define(self):
        self.write("look.sql", [])
        process, output = self.start([self.write("define.sql", definitions(self.folder))])
        process.communicate(b"go\n", timeout=120)
        self.said(output)
        output.close()
        self.write("look.sql", LOOK)

    def round(self, is_sure=False):
        """Opens, looks, works and kills, at a moment by chance; `is_sure`: when some statements have returned."""
        scripts = [str(self.folder / f"work-{thread}.sql") for thread in range(THREADS)]
        process, output = self.start(scripts)
        try:
            start = time.monotonic()
            if not is_sure and self.random.random() < 0.3:  # while it opens, or is looked at
                if not self.wait_for(process, output, "looked", self.opening_seconds * 1.3 * self.random.random()):
                    return
            lines = self.wait_for(process, output, "looked")
            if not lines:
                raise Wrong("opening and looking took a minute")
            self.opening_seconds = time.monotonic() - start
            self.look(lines)
            work, closes = self.plan(may_close=not is_sure)
            process.stdin.write(b"go\n")
            process.stdin.flush()
            if closes:
                process.stdin.close()
            until = time.monotonic() + self.random.choice([0.02, 0.1, 0.3]) * self.random.random()
            while time.monotonic() < until and process.poll() is None:
                time.sleep(0.001)
            while is_sure and sum(line.startswith("done") for line in self.said(output)) < 20:
                time.sleep(0.001)
        finally:
            self.kill(process)
            output.close()
        self.note(work)

    def plan(self, may_close):
        """Writes the scripts. Now and then they are short, so that the kill may come while it closes."""
        closes = may_close and self.random.random() < 0.15
        count = self.random.randrange(1, 20) if closes else 600
        work = []
        for thread in range(THREADS):
            part = self.parts[thread].copy()
            states = []
            for number in range(self.numbers[thread], self.numbers[thread] + count):
                text = part.apply(number)
                states.append(text)
                if not self.is_plain and self.random.random() < 0.01:
                    states.append("CHECKPOINT")
            self.write(f"work-{thread}.sql", states)
            work.append(states)
        return work, closes

    def note(self, work):
        """What the process said had returned is there from now on."""
        returned = [0] * THREADS
        for line in self.said_last_all():
            words = line.split()
            if words[:1] == ["done"]:
                returned[int(words[1])] = int(words[2])
        for thread in range(THREADS):
            statements = work[thread][:returned[thread]]
            for _ in range(sum(text != "CHECKPOINT" for text in statements)):
                self.parts[thread].apply(self.numbers[thread])
                self.numbers[thread] += 1
            self.under_way[thread] = work[thread][returned[thread]:][:1] not in ([], ["CHECKPOINT"])

    def said_last_all(self):
        return (self.folder / "work.out").read_text().split("\n")[:-1]

    def look(self, lines):
        answers = [[]]
        for line in lines[lines.index("open") + 1:lines.index("looked")]:
            if line == "end":
                answers.append([])
            else:
                answers[-1].append(line.split()[1:])
        table, stream, grouped, windowed, closed, cascaded, of_file, views = answers[:len(LOOK)]
        number = lambda rows: [tuple(map(int, row)) for row in rows]  # noqa: E731
        self.look_at_parts(number(table), number(stream), [row[0] for row in views])
        check_views(number(table), number(grouped))
        check_windows(number(stream), number(windowed), number(closed), number(cascaded))
        check_file(number(of_file))

    def look_at_parts(self, table, stream, views):
        found = [Part(thread) for thread in range(THREADS)]
        for k, v in table:
            part = found[k // SPAN if k >= 0 else -1 - k]
            if k in part.table:
                raise Wrong(f"key {k} stands twice in t")
            part.table[k] = v
        for row in stream:
            found[row[0] // SPAN].stream[row] += 1
        for name in views:
            if name.startswith("made_"):
                found[int(name.split("_")[1])].view = name
        for thread in range(THREADS):
            known = self.parts[thread]
            if found[thread] == known:
                self.under_way[thread] = False
                continue
            if self.under_way[thread]:
                after = known.copy()
                after.apply(self.numbers[thread])
                if found[thread] == after:
                    self.parts[thread] = after
                    self.numbers[thread] += 1
                    self.under_way[thread] = False
                    continue
            raise Wrong(f"{self.numbers[thread]} statements of thread {thread} had returned, and "
                        f"{'one was' if self.under_way[thread] else 'none was'} under way: "
                        f"{known.difference(found[thread])}")

    def finish(self):
        """The last look, and the sink's file."""
        process, output = self.start([])
        lines = self.wait_for(process, output, "looked")
        self.look(lines)
        process.communicate(b"go\n", timeout=120)
        output.close()
        if process.returncode != 0:
            raise Wrong(f"closing ended with {process.returncode}: {self.said_last()}")
        self.look_at_sink()

    def look_again(self):
        """So that nothing is under way."""
        process, output = self.start([])
        self.look(self.wait_for(process, output, "looked"))
        self.kill(process)
        output.close()

    def look_at_sink(self):
        due = collections.Counter()
        for part in self.parts:
            due.update(f"{k},{g}" for k, g, _ in part.stream.elements() if g != 3)
        found = collections.Counter((self.folder / "out.csv").read_text().splitlines()[1:])
        if found != due:
            raise Wrong(f"the sink's file has {sum(found.values())} rows, not {sum(due.values())}; lost: "
                        f"{list((due - found).elements())[:5]}; too many: {list((found - due).elements())[:5]}")


def check_views(table, grouped):
    """Each holds what the rows make that are there."""
    due = collections.defaultdict(lambda: [0, 0])
    for k, v in table:
        due[v % 7][0] += 1
        due[v % 7][1] += k
    if sorted(grouped) != sorted((g, n, total) for g, (n, total) in due.items()):
        raise Wrong(f"grouped does not fit t: {sorted(grouped)}, not {sorted(due.items())}")


def check_windows(stream, windowed, closed, cascaded):
    windows = collections.defaultdict(lambda: [0, 0])
    for k, g, at in stream:
        window = windows[(g, at - at % 10)]
        window[0] += 1
        window[1] = max(window[1], k)
    due = {(g, at, n, last) for (g, at), (n, last) in windows.items()}
    if set(windowed) != due or len(windowed) != len(due):
        raise Wrong(f"windowed does not fit s: {list(set(windowed) ^ due)[:5]}")
    watermark = max((at for _, _, at in stream), default=0) - 2
    if not {row for row in due if row[1] + 10 <= watermark} <= set(closed) <= due or len(closed) != len(set(closed)):
        raise Wrong(f"closed does not fit s: {list(due - set(closed))[:5]} {list(set(closed) - due)[:5]}")
    wide = collections.defaultdict(lambda: [0, 0])
    for _, at, n, _ in windowed:
        wide[at][0] += n
        wide[at][1] += 1
    if sorted(cascaded) != sorted((at, n, groups) for at, (n, groups) in wide.items()):
        raise Wrong("cascaded does not fit windowed")


def check_file(of_file):
    """The rows read from the file are its first ones, each once."""
    rows = sum(n for _, n, _ in of_file)
    due = [(g, len(range(g, rows, 11)), sum(range(g, rows, 11))) for g in range(min(11, rows))]
    if sorted(of_file) != due:
        raise Wrong(f"of_file does not hold the first {rows} rows of its file: {sorted(of_file)}")


class Scene:
    """A Killer in a folder of its own, which is kept when something is wrong."""

    def __init__(self, build, seed, before=()):
        self.seed = seed
        self.folder = tempfile.mkdtemp(prefix="laminar-kill-")
        self.killer = Killer(build, seed, self.folder, before)

    def __enter__(self):
        self.killer.define()
        return self.killer

    def __exit__(self, kind, error, trace):
        if kind is Wrong:
            raise Wrong(f"after {self.killer.kills} kills, seed {self.seed}, in {self.folder}: {error}") from None
        shutil.rmtree(self.folder, ignore_errors=True)


def run(build, seconds, seed):
    """The number of kills. Raises Wrong; the folder is then kept, and named."""
    with Scene(build, seed) as killer:
        until = time.monotonic() + seconds
        while time.monotonic() < until or killer.kills < 5:
            killer.round()
        killer.finish()
        return killer.kills


# --- What the check must find. ---


def run_alone(killer, statement):
    """One statement that returns; then the process is killed."""
    process, output = killer.start([killer.write("alone.sql", [statement])])
    killer.wait_for(process, output, "looked")
    process.stdin.write(b"go\n")
    process.stdin.flush()
    killer.wait_for(process, output, "done 0 1")
    killer.kill(process)
    output.close()


def nothing_is_flushed(build, seed):
    with Scene(build, seed, ["SET durability = 'none'", "SET checkpoint_interval = '0'"]) as killer:
        killer.is_plain = True
        for _ in range(2):
            killer.round(is_sure=True)


def the_disk_goes_back(build, seed):
    with Scene(build, seed) as killer:
        killer.round(is_sure=True)
        killer.round(is_sure=True)
        shutil.copytree(killer.database, killer.folder / "before")
        killer.round(is_sure=True)
        shutil.rmtree(killer.database)
        os.rename(killer.folder / "before", killer.database)
        killer.finish()


def a_statement_is_done_twice(build, seed):
    with Scene(build, seed) as killer:
        killer.round(is_sure=True)
        killer.look_again()
        thread = seed % THREADS
        number = next(n for n in range(killer.numbers[thread]) if n % 8 in (1, 2, 4, 5))
        run_alone(killer, Part(thread).apply(number))
        killer.finish()


def a_statement_is_done_by_half(build, seed):
    with Scene(build, seed) as killer:
        killer.round(is_sure=True)
        killer.look_again()
        thread = seed % THREADS
        part = killer.parts[thread]
        while killer.numbers[thread] % 8 == 7 or killer.numbers[thread] % 3 == 0:  # until one of several rows is next
            run_alone(killer, part.apply(killer.numbers[thread]))
            killer.numbers[thread] += 1
        run_alone(killer, part.copy().apply(killer.numbers[thread], rows_less=1))
        killer.under_way[thread] = True
        killer.finish()


def a_replaced_row_comes_back(build, seed):
    with Scene(build, seed) as killer:
        killer.round(is_sure=True)
        killer.look_again()
        run_alone(killer, f"INSERT INTO t VALUES ({-1 - seed % THREADS}, 0)")
        killer.finish()


def a_sink_writes_a_row_twice(build, seed):
    with Scene(build, seed) as killer:
        killer.round(is_sure=True)
        killer.finish()
        out = killer.folder / "out.csv"
        out.write_text(out.read_text() + out.read_text().splitlines()[-1] + "\n")
        killer.look_at_sink()


PLANTED = [nothing_is_flushed, the_disk_goes_back, a_statement_is_done_twice, a_statement_is_done_by_half,
           a_replaced_row_comes_back, a_sink_writes_a_row_twice]


def self_test(build, seed):
    """The number of planted faults that were not found."""
    missed = 0
    for plant in PLANTED:
        for turn in range(3):
            name = plant.__name__.replace("_", " ")
            try:
                plant(build, seed + turn)
            except Wrong as wrong:
                where = str(wrong).split(", in ")[1].split(":")[0]
                shutil.rmtree(where, ignore_errors=True)
                if "FAILED" in str(wrong) or "ended with" in str(wrong):
                    print(f"{name}, seed {seed + turn}: {wrong}")
                    missed += 1
                continue
            print(f"{name}, seed {seed + turn}: not found")
            missed += 1
    total = 3 * len(PLANTED)
    print(f"self-test: {total - missed} of {total} planted faults found")
    return missed


def main():
    parser = argparse.ArgumentParser(description="kills a process at random moments and looks at what comes back")
    parser.add_argument("--build", required=True, help="the folder that kill_worker was built in")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--self-test", action="store_true", help="plant faults; all must be found")
    options = parser.parse_args()
    if options.self_test:
        return 1 if self_test(options.build, options.seed) else 0
    until = time.monotonic() + options.seconds
    seed = options.seed
    try:
        while time.monotonic() < until:
            kills = run(options.build, min(15.0, max(1.0, until - time.monotonic())), seed)
            print(f"{kills} kills, seed {seed}: ok", flush=True)
            seed += 1
    except Wrong as wrong:
        print(f"FAILED {wrong}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
