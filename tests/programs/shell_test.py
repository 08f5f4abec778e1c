"""The shell as a program: what it prints where, its exit status, its formats, Ctrl-C, and the demo."""
import csv
import io
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LAMINAR = pathlib.Path(os.environ.get("LAMINAR_BUILD", ROOT / "build/dev")) / "laminar"


def laminar(*arguments, stdin=""):
    return subprocess.run([str(LAMINAR), *arguments], cwd=ROOT, input=stdin, capture_output=True, text=True,
                          timeout=120)


@unittest.skipUnless(LAMINAR.exists(), "the laminar program is not built")
class Shell(unittest.TestCase):
    def test_commands_run_in_order_in_one_database(self):
        done = laminar("-c", "CREATE TABLE t (a BIGINT)", "-c", "INSERT INTO t VALUES (1), (2)",
                       "-c", "SELECT sum(a) AS s FROM t")
        self.assertEqual((done.returncode, done.stdout.split()), (0, ["s", "---", "3"]))

    def test_a_sink_with_a_limit_over_an_endless_source_is_not_said_to_run_for_ever(self):
        script = """CREATE SOURCE g (n BIGINT, ts TIMESTAMP) WITH (connector = 'generator', kind = 'sequence');
            CREATE SINK five FROM (SELECT n FROM g LIMIT 5) WITH (connector = 'stdio', format = 'csv');"""
        done = laminar(stdin=script)
        self.assertEqual((done.returncode, done.stdout.split()), (0, ["n", "0", "1", "2", "3", "4"]))
        self.assertNotIn("Ctrl-C", done.stderr)

    def test_first_failure_ends_the_script_and_says_where(self):
        done = laminar(stdin="SELECT 1 AS a;\nSELECT nope;\nSELECT 3 AS c;\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn("stdin:2:8", done.stderr)
        self.assertIn("a", done.stdout)
        self.assertNotIn("c", done.stdout)

    def test_script_with_a_syntax_error_does_nothing(self):
        done = laminar(stdin="SELECT 1 AS a; SELEC 2;")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("LDB-P001", done.stderr)

    def test_formats_read_back(self):
        sql = ("SELECT * FROM (VALUES (1, 0.1, 'a,\"b', TIMESTAMP '2024-01-01 10:00:00'), (2, NULL, NULL, NULL))"
               " AS t(i, d, s, ts)")
        rows = list(csv.reader(io.StringIO(laminar("-o", "csv", "-c", sql).stdout)))
        self.assertEqual(rows, [["i", "d", "s", "ts"], ["1", "0.1", 'a,"b', "2024-01-01T10:00:00"], ["2", "", "", ""]])
        found = json.loads(laminar("-o", "json", "-c", sql).stdout)
        self.assertEqual(found[0], {"i": 1, "d": 0.1, "s": 'a,"b', "ts": "2024-01-01T10:00:00"})
        self.assertEqual(found[1], {"i": 2, "d": None, "s": None, "ts": None})
        lines = laminar("-o", "ndjson", "-c", sql).stdout.splitlines()
        self.assertEqual([json.loads(line) for line in lines], found)
        self.assertEqual(json.loads(laminar("-o", "json", "-c", sql + " WHERE i > 5").stdout), [])

    def test_changes_carry_operation_and_weight(self):
        source = "CREATE SOURCE t (symbol VARCHAR) WITH (connector = 'file', path = 'examples/data/trades.csv')"
        done = laminar("-o", "csv", "-c", source, "-c",
                       "SELECT symbol, count(*) AS n FROM t GROUP BY symbol EMIT CHANGES")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        net = {}
        for row in rows:
            self.assertEqual(row["_op"], "+I" if int(row["_weight"]) > 0 else "-D")
            key = (row["symbol"], row["n"])
            net[key] = net.get(key, 0) + int(row["_weight"])
        self.assertEqual(sorted({k[0] for k, w in net.items() if w}), sorted(k[0] for k, w in net.items() if w))

    def test_arguments(self):
        self.assertEqual(laminar("--version").stdout.split()[0], "LaminarDB")
        self.assertIn("laminar demo", laminar("--help").stdout)
        for wrong in (["--nope"], ["-o", "xml"], ["test"], ["demo", "--nope"]):
            done = laminar(*wrong)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertTrue(done.stderr.startswith("error LDB-"), done.stderr)

    def test_sink_is_complete_when_the_script_is_over(self):
        with tempfile.TemporaryDirectory() as folder:
            done = laminar(stdin=f"""CREATE SOURCE m (a BIGINT, ts TIMESTAMP, WATERMARK FOR ts AS ts);
                CREATE MATERIALIZED VIEW v AS
                SELECT window_start, sum(a) AS s FROM m GROUP BY TUMBLE(ts, INTERVAL '1' MINUTE);
                CREATE SINK out FROM v WITH (connector = 'file', path = '{folder}/out.csv');
                INSERT INTO m VALUES (1, TIMESTAMP '2024-01-01 10:00:00'),
                                     (2, TIMESTAMP '2024-01-01 10:00:30');""")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("2024-01-01T10:00:00,3", pathlib.Path(folder, "out.csv").read_text())

    def test_rows_that_cannot_be_read_are_told_of(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "in.csv")
            path.write_text("a,b\n1,2\nx,3\n4,y\n5,6\n")
            source = f"CREATE SOURCE s (a BIGINT, b BIGINT) WITH (connector = 'file', path = '{path}');"
            done = laminar("-o", "csv", "-c", source + "SELECT a, b FROM s")
            self.assertEqual(done.stdout, "a,b\n1,2\n5,6\n")
            self.assertIn('notice: 2 rows of "s" could not be read and are left out: ', done.stderr)
            # Only what is read can be unreadable.
            done = laminar("-o", "csv", "-c", source + "SELECT b FROM s")
            self.assertIn('notice: 1 row of "s" could not be read and is left out: ', done.stderr)
            done = laminar("-o", "csv", "-c", source + "CREATE TABLE t (a BIGINT); INSERT INTO t SELECT a FROM s")
            self.assertIn('notice: 1 row of "s" could not be read and is left out: ', done.stderr)
            done = laminar("-o", "csv", "-c", source + "SELECT count(*) AS c FROM s")
            self.assertEqual((done.stdout, done.stderr), ("c\n4\n", ""))

    def test_interrupt_ends_an_endless_query(self):
        sql = ("CREATE SOURCE q (symbol VARCHAR, price DOUBLE) WITH (connector = 'generator', kind = 'trades');"
               "SELECT symbol, count(*) AS n FROM q GROUP BY symbol EMIT CHANGES")
        running = subprocess.Popen([str(LAMINAR), "-o", "csv", "-c", sql], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(running.stdout.readline(), "symbol,n,_op,_weight\n")
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 130, errors)
        self.assertIn("interrupted", errors)

    def test_reader_that_hangs_up_ends_the_program(self):
        sql = "SELECT * FROM generate_series(1, 100000000)"
        running = subprocess.Popen([str(LAMINAR), "-o", "csv", "-c", sql],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        running.stdout.readline()
        running.stdout.close()
        start = time.monotonic()
        running.wait(timeout=60)
        running.stderr.close()
        self.assertLess(time.monotonic() - start, 60)

    def test_demo_answers(self):
        done = laminar("demo", "--quick")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Checked", done.stdout)
        self.assertIn("ORD", done.stdout)
        self.assertEqual(done.stderr, "")

    def test_latency_is_measured(self):
        done = laminar("bench", "latency", "--rows", "1000", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        cases = {line["case"]: line for line in map(json.loads, done.stdout.splitlines())}
        self.assertEqual(cases["same_thread"]["pushes"], 1000)
        self.assertLessEqual(cases["same_thread"]["p50_ns"], cases["same_thread"]["p999_ns"])
        self.assertIn(cases["same_thread"]["allocations_per_push"], (0, None))
        self.assertIn("same thread", laminar("bench", "latency", "--rows", "1000", "--views", "3").stdout)
        self.assertIn("latency", laminar("bench", "nothing").stderr)

    def test_streaming_tests_fail_when_rows_differ_and_accept_writes_them(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "a.slt")
            path.write_text("query\nSELECT 1 AS a\n----\n2\n\nquery\nSELECT 3 AS a\n")
            done = laminar("test", str(path))
            self.assertEqual(done.returncode, 1)
            self.assertIn("a.slt:1", done.stdout)
            self.assertRegex(done.stdout, r"\n0 passed, [1-9]\d* failed\n$")  # once in each mode
            self.assertEqual(laminar("test", "--accept", str(path)).returncode, 0)
            self.assertEqual(path.read_text(), "query\nSELECT 1 AS a\n----\n1\n\nquery\nSELECT 3 AS a\n----\n3\n")
            self.assertEqual(laminar("test", str(path)).returncode, 0)


if __name__ == "__main__":
    unittest.main()
