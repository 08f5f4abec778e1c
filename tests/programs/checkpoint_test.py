"""Savepoints and what `laminar checkpoint show` reads, as the program shows them; the lines of the guide among them.

Looking never changes a byte of the folder, also while another process has the database open.
"""
import csv
import hashlib
import io
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LAMINAR = pathlib.Path(os.environ.get("LAMINAR_BUILD", ROOT / "build/dev")) / "laminar"
ROWS = 3000


def picture(folder):
    """Every file with its contents and times."""
    return {str(p.relative_to(folder)): (p.stat().st_mtime_ns, hashlib.sha1(p.read_bytes()).hexdigest())
            for p in sorted(folder.rglob("*")) if p.is_file()}


@unittest.skipUnless(LAMINAR.exists(), "the laminar program is not built")
class Checkpoint(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="laminar-checkpoint-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.database = self.folder / "shop.db"

    def laminar(self, *arguments):
        return subprocess.run([str(LAMINAR), *map(str, arguments)], cwd=self.folder, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=60, check=False)

    def works(self, *arguments):
        done = self.laminar(*arguments)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
        return done.stdout

    def make(self):
        self.works(self.database,
                   "-c", "CREATE TABLE orders (id BIGINT PRIMARY KEY, amount DOUBLE, note TEXT)",
                   "-c", "CREATE MATERIALIZED VIEW totals AS SELECT id % 10 AS g, count(*) AS n, sum(amount) AS total "
                         "FROM orders GROUP BY id % 10",
                   "-c", "CREATE MATERIALIZED VIEW dear AS SELECT id, amount FROM orders WHERE amount > 100",
                   "-c", "CREATE SOURCE s (k BIGINT) WITH (connector = 'memory')",
                   "-c", f"INSERT INTO orders SELECT i, i * 0.5, 'order ' || i::TEXT FROM generate_series(1, {ROWS}) "
                         "AS g(i)",
                   "-c", "CHECKPOINT")

    def test_rows_of_a_table_in_every_format(self):
        self.make()
        before = picture(self.database)
        rows = list(csv.DictReader(io.StringIO(self.works("checkpoint", "show", self.database, "orders", "-o", "csv"))))
        self.assertEqual(len(rows), ROWS)
        self.assertEqual({int(r["id"]): (float(r["amount"]), r["note"]) for r in rows},
                         {i: (i * 0.5, f"order {i}") for i in range(1, ROWS + 1)})
        totals = json.loads(self.works("checkpoint", "show", self.database, "totals", "-o", "json"))
        self.assertEqual(sorted((r["g"], r["n"]) for r in totals), [(g, ROWS // 10) for g in range(10)])
        lines = self.works("checkpoint", "show", self.database, "TOTALS", "--output", "ndjson").splitlines()
        self.assertEqual(len([json.loads(line) for line in lines]), 10)
        self.assertRegex(self.works("checkpoint", "show", self.database, "totals"), r"g \| +n \| +total")
        self.assertEqual(picture(self.database), before)

    def test_every_table_that_show_lists_can_be_shown(self):
        self.make()
        shown = self.works("checkpoint", "show", self.database)
        paths = re.findall(r"^  \d+ (\S+#\d+) \(.*\): (\d+) rows", shown, re.MULTILINE)
        self.assertGreaterEqual(len(paths), 3, shown)
        for path, rows in paths:
            found = self.works("checkpoint", "show", self.database, path, "-o", "ndjson").splitlines()
            self.assertEqual(len(found), int(rows), path)
            sql = f'SELECT count(*) AS n FROM "{path}"'
            self.assertEqual(self.works("checkpoint", "show", self.database, "-c", sql, "-o", "csv"), f"n\n{rows}\n")

    def test_sql_beside_a_process_that_has_the_database_open(self):
        self.make()
        with subprocess.Popen([str(LAMINAR), str(self.database), "-c", "INSERT INTO orders VALUES (0, 1, 'late')",
                               "-c", "SELECT 'ready' AS ready", "-f", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if "ready" in line:
                    break
            done = self.works("checkpoint", "show", self.database, "-o", "csv",
                              "-c", "SELECT count(*) AS n, sum(amount) AS total FROM orders",
                              "-c", "SELECT o.g FROM totals AS o WHERE total > 75150 ORDER BY g")
            self.assertIn(f"n,total\n{ROWS},{ROWS * (ROWS + 1) / 4}\n", done)
            process.stdin.close()
            process.wait(timeout=60)

    def test_errors_have_codes_hints_and_the_right_status(self):
        self.make()
        for arguments, status, says in [
                (["show", self.database, "order"], 1, "orders"),
                (["show", self.database, "s"], 1, "reading position"),
                (["show", self.database, "-c", "SELECT nope FROM orders"], 1, "1:8"),
                (["show", self.database, "-c", "SELEC 1"], 1, "LDB-P001"),
                (["show", self.database, "--id", "999", "orders"], 1, "there are: "),
                (["show", self.folder / "nowhere", "orders"], 1, "LDB-"),
                (["show", self.folder, "orders"], 1, "neither a database nor a checkpoint"),
                (["show", self.database, "orders", "-o", "xml"], 2, "ndjson"),
                (["show", self.database, "-o", "csv"], 2, "name a table"),
                (["show", self.database, "orders", "-c", "SELECT 1"], 2, "not both"),
                (["show", self.database, "--id"], 2, "needs a value"),
                (["show", self.database, "--id", "x"], 2, "number"),
                (["show", self.database, "--format", "csv"], 2, "--format"),
                (["show", self.database, "orders", "totals"], 2, "totals"),
                (["list", self.database, "orders"], 2, "nothing else"),
                (["show"], 2, "DIRECTORY"), ([], 2, "DIRECTORY")]:
            done = self.laminar("checkpoint", *arguments)
            with self.subTest(arguments=list(map(str, arguments))):
                self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
                self.assertRegex(done.stderr, r"error LDB-[A-Z]\d+")
                self.assertIn(says, done.stderr)

    def test_a_damaged_checkpoint_is_passed_over_for_an_older_one_and_said(self):
        self.make()
        self.works(self.database, "-c", "INSERT INTO orders VALUES (-1, 0, 'more')", "-c", "CHECKPOINT")
        folders = [line.split()[-1] for line in self.works("checkpoint", "list", self.database).splitlines()[1:]]
        newest = self.folder / folders[-1]
        (newest / "CURRENT").unlink()
        done = self.laminar("checkpoint", "show", self.database, "-o", "csv", "-c", "SELECT count(*) AS n FROM orders")
        self.assertEqual((done.returncode, done.stdout), (0, f"n\n{ROWS}\n"), done.stderr)
        self.assertIn("passed over", done.stderr)
        self.assertIn("LDB-S002", done.stderr)
        self.assertEqual(self.laminar("checkpoint", "show", newest, "orders").returncode, 1)

    def test_no_damage_of_a_checkpoint_ends_in_a_crash_or_in_other_rows(self):
        self.make()
        folders = [line.split()[-1] for line in self.works("checkpoint", "list", self.database).splitlines()[1:]]
        checkpoint = self.folder / folders[-1]
        right = self.works("checkpoint", "show", checkpoint, "orders", "-o", "csv")
        dice = random.Random(5)
        for file in sorted(checkpoint.iterdir()):
            content = file.read_bytes()
            for _ in range(4):
                broken = bytearray(content)
                broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
                file.write_bytes(broken)
                done = self.laminar("checkpoint", "show", checkpoint, "orders", "-o", "csv")
                if done.returncode == 0:
                    self.assertEqual(done.stdout, right, file)
                else:
                    self.assertEqual(done.returncode, 1, done.stderr[-500:])
                    self.assertRegex(done.stderr, r"error LDB-[A-Z]\d+", file)
            file.write_bytes(content)

    def test_a_kill_while_a_savepoint_is_made_leaves_a_whole_one_or_none(self):
        self.make()
        self.works(self.database, "-c", "INSERT INTO orders SELECT i, 1, 'a note that takes room ' || i::TEXT FROM "
                   "generate_series(10001, 110000) AS g(i)")
        dice = random.Random(8)
        rows = f"n\n{ROWS + 100000}\n"
        count = ["-o", "csv", "-c", "SELECT count(*) AS n FROM orders"]
        for attempt in range(8):
            savepoint = self.folder / f"copy{attempt}"
            with subprocess.Popen([str(LAMINAR), str(self.database), "-c", f"SAVEPOINT TO '{savepoint}'"],
                                  stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                try:
                    process.wait(timeout=dice.uniform(0.05, 0.5))
                except subprocess.TimeoutExpired:
                    process.kill()
            with self.subTest(attempt=attempt):
                if not savepoint.exists():
                    self.works(self.database, "-c", f"SAVEPOINT TO '{savepoint}'")
                self.assertFalse(pathlib.Path(str(savepoint) + ".unfinished-savepoint").exists())
                self.assertEqual(self.works("checkpoint", "show", savepoint, *count), rows)
                self.assertEqual(self.works(savepoint, *count), rows)
                self.assertEqual(self.works(self.database, *count), rows)
                shutil.rmtree(savepoint)

    def test_the_guide_and_a_savepoint_that_goes_on(self):
        """The indented lines of the guide's page, in their order, as a reader would type them."""
        lines = re.findall(r"^    (laminar .*)$", (ROOT / "docs/guide/durability.md").read_text(), re.MULTILINE)
        self.assertGreater(len(lines), 8)
        made = False
        for line in lines:
            words = shlex.split(line, comments=True)[1:]
            if words[0] == "checkpoint" and not made:
                self.works(self.database, "-c", "CHECKPOINT")
                made = True
            newest = self.works("checkpoint", "list", self.database).splitlines()[-1].split()[0] if made else ""
            words = [newest if w == "12" else re.sub(r"(?<=checkpoint-)\d+$", newest.zfill(20), w) for w in words]
            with self.subTest(line=line):
                self.works(*words)
        savepoint = self.folder / "shop-monday.db"
        self.assertEqual(self.works("checkpoint", "show", savepoint, "-o", "csv", "-c", "SELECT id FROM orders"),
                         "id\n1\n")
        self.works(savepoint, "-c", "INSERT INTO orders VALUES (2, 3.5)", "-c", "SAVEPOINT TO 'second.db'")
        self.assertEqual(self.works("second.db", "-o", "csv", "-c", "SELECT count(*) AS n FROM orders"), "n\n2\n")
        self.assertEqual(self.works(self.database, "-o", "csv", "-c", "SELECT count(*) AS n FROM orders"), "n\n1\n")
        again = self.laminar(self.database, "-c", "SAVEPOINT TO 'second.db'")
        self.assertEqual(again.returncode, 1)
        self.assertIn("there is a database already", again.stderr)
        for file in savepoint.rglob("*.sst"):
            self.assertEqual(file.stat().st_nlink, len([p for p in savepoint.rglob(file.name)]), file)


if __name__ == "__main__":
    unittest.main()
