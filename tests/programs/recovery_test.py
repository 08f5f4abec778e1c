"""A database on disk as the program shows it: kills, a second process, damage of every file, another version.

Whatever is done to the folder, opening it ends in the right rows or in an error with a code: never in a crash, never in
other rows.
"""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LAMINAR = pathlib.Path(os.environ.get("LAMINAR_BUILD", ROOT / "build/dev")) / "laminar"
sys.path.insert(0, str(ROOT / "tests/recovery"))
import kill  # noqa: E402  pylint: disable=wrong-import-position

ROWS = 60
LOOK = ["-c", "SELECT k, v FROM t ORDER BY k", "-c", "SELECT g, n, total FROM v ORDER BY g"]


def laminar(*arguments, **more):
    return subprocess.run([str(LAMINAR), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace", timeout=60, check=False, **more)


def answer(rows):
    """What LOOK says when t holds the first `rows` rows."""
    table = "k,v\n" + "".join(f"{k},{k * 5}\n" for k in range(rows))
    groups = "".join(f"{g},{len(range(g, rows, 4))},{sum(k * 5 for k in range(g, rows, 4))}\n"
                     for g in range(4) if g < rows)
    return table + "g,n,total\n" + groups


def files_of(folder):
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


@unittest.skipUnless(LAMINAR.exists(), "the laminar program is not built")
class Recovery(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="laminar-recovery-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def make(self):
        """A database with checkpoints and a log behind them, whose process was killed."""
        database = self.folder / "made"
        script = self.folder / "make.sql"
        lines = ["CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT);",
                 "CREATE MATERIALIZED VIEW v AS "
                 "SELECT k % 4 AS g, count(*) AS n, sum(v) AS total FROM t GROUP BY k % 4;"]
        for k in range(ROWS):
            lines.append(f"INSERT INTO t VALUES ({k}, {k * 5});" + (" CHECKPOINT;" if k in (10, 25, 40) else ""))
        script.write_text("\n".join(lines) + "\nSELECT 'all' AS done;\n")
        with subprocess.Popen([str(LAMINAR), str(database), "-f", str(script), "-f", "-"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            for line in process.stdout:
                if "all" in line:
                    break
            process.send_signal(signal.SIGKILL)
        self.assertEqual(self.look(database).stdout, answer(ROWS))
        shutil.rmtree(database / "LOCK", ignore_errors=True)
        return database

    def look(self, database):
        copy = self.folder / "looked"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(database, copy)
        return laminar(copy, "-o", "csv", *LOOK)

    def check(self, done, what, may_be_shorter=False):
        right = [answer(ROWS)] if not may_be_shorter else [answer(rows) for rows in range(ROWS + 1)]
        if done.returncode == 0:
            self.assertIn(done.stdout, right, what)
            return
        self.assertEqual(done.returncode, 1, f"{what}: {done.stderr[-800:]}")
        self.assertRegex(done.stderr, r"LDB-[A-Z]\d+", what)
        self.assertNotIn("LDB-X", done.stderr, what)

    def test_kills_lose_and_double_nothing(self):
        kill.run(LAMINAR.parent, 8, random.randrange(1 << 30))

    def test_a_second_process_is_refused_and_told_who_has_it(self):
        database = self.folder / "db"
        with subprocess.Popen([str(LAMINAR), str(database), "-c", "SELECT 1 AS ready", "-f", "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if "1" in line:
                    break
            done = laminar(database, "-c", "SELECT 1")
            self.assertEqual(done.returncode, 1, done.stdout)
            self.assertIn("LDB-S008", done.stderr)
            self.assertIn(str(process.pid), done.stderr)
            process.stdin.close()
        self.assertEqual(laminar(database, "-c", "SELECT 1").returncode, 0)

    def test_a_script_with_a_sink_does_not_end_what_the_next_run_goes_on_with(self):
        database = self.folder / "db"
        first = laminar(database, "-c", "CREATE TABLE t (k BIGINT)", "-c", "CREATE SOURCE s (k BIGINT) WITH "
                        "(connector = 'memory')", "-c", "CREATE SINK w FROM (SELECT k FROM s) WITH (connector = "
                        f"'file', path = '{self.folder}/w.csv', in_place = true)", "-c", "INSERT INTO s VALUES (1)")
        self.assertEqual(first.returncode, 0, first.stderr)
        second = laminar(database, "-c", "INSERT INTO s VALUES (2)", "-c", "INSERT INTO t VALUES (3)")
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertEqual((self.folder / "w.csv").read_text(), "k\n1\n2\n")

    def test_a_source_that_is_away_at_one_opening_goes_on_at_the_next(self):
        rows, away, database = self.folder / "rows.csv", self.folder / "away.csv", self.folder / "database"
        rows.write_text("k\n1\n2\n")
        made = laminar(database, "-c", f"CREATE SOURCE s WITH (connector = 'file', path = '{rows}', follow = true)",
                       "-c", "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n, sum(k) AS s FROM s",
                       "-c", "CREATE TABLE t (k BIGINT)")
        self.assertEqual(made.returncode, 0, made.stderr)
        look = ["-o", "csv", "-c", "SELECT n, s FROM v"]

        def wait_for(expected):
            for _ in range(100):  # the source follows its file in its own time
                if (found := laminar(database, *look).stdout) == expected:
                    break
            self.assertEqual(found, expected)

        wait_for("n,s\n2,3\n")
        rows.rename(away)
        without = laminar(database, "-c", "INSERT INTO t VALUES (1)", *look)
        self.assertEqual(without.stdout, "n,s\n2,3\n", without.stderr)
        away.rename(rows)
        with rows.open("a") as more:
            more.write("4\n")
        wait_for("n,s\n3,7\n")

    def test_each_file_missing_in_turn(self):
        database = self.make()
        for file in files_of(database):
            broken = self.folder / "broken"
            shutil.rmtree(broken, ignore_errors=True)
            shutil.copytree(database, broken)
            (broken / file).unlink()
            with self.subTest(file=str(file)):
                self.check(laminar(broken, "-o", "csv", *LOOK), f"without {file}")

    def test_each_file_cut_or_with_a_bit_turned_over(self):
        database = self.make()
        dice = random.Random(7)
        last_log = max(p for p in files_of(database) if p.parts[0] == "log")
        for file in files_of(database):
            size = (database / file).stat().st_size
            used = min(size, 1 << 15)  # of the log: behind that it is empty
            damages = [("cut", 0), ("cut", used // 2)] + [("bit", dice.randrange(used)) for _ in range(3) if used > 0]
            for kind, at in damages:
                broken = self.folder / "broken"
                shutil.rmtree(broken, ignore_errors=True)
                shutil.copytree(database, broken)
                with open(broken / file, "r+b") as out:
                    if kind == "cut":
                        out.truncate(at)
                    else:
                        out.seek(at)
                        byte = out.read(1)[0]
                        out.seek(at)
                        out.write(bytes([byte ^ (1 << dice.randrange(8))]))
                with self.subTest(file=str(file), kind=kind, at=at):
                    # The end of a log cannot be told from a write that was under way.
                    self.check(laminar(broken, "-o", "csv", *LOOK), f"{file} {kind} at {at}", file == last_log)

    def test_the_checkpoint_verb_lists_shows_and_finds_damage(self):
        database = self.make()
        listed = laminar("checkpoint", "list", database)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        folders = [line.split()[-1] for line in listed.stdout.splitlines()[1:]]
        self.assertEqual(len(folders), 3, listed.stdout)
        shown = laminar("checkpoint", "show", database)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT)", shown.stdout)
        self.assertRegex(shown.stdout, r": 41 rows")
        self.assertEqual(laminar("checkpoint", "verify", database).returncode, 0)
        said = laminar(self.folder / "looked", "-o", "csv", "-c", "SHOW CHECKPOINTS").stdout.splitlines()
        self.assertEqual(said[0], "id,epoch,created,bytes,new_bytes,files")
        self.assertEqual(len(said), 4, said)
        victim = max((p for p in pathlib.Path(folders[-1]).iterdir()), key=lambda p: p.stat().st_size)
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 4
        victim.write_bytes(content)
        verified = laminar("checkpoint", "verify", database)
        self.assertEqual(verified.returncode, 1)
        self.assertIn("DAMAGED  " + folders[-1], verified.stdout)
        self.assertEqual(laminar("checkpoint", "list", self.folder / "nowhere").returncode, 1)
        self.assertEqual(laminar("checkpoint").returncode, 2)

    def test_another_format_version_is_refused(self):
        database = self.make()
        identity = database / "DATABASE"
        identity.write_text(identity.read_text().replace("laminardb 1", "laminardb 2", 1))
        done = laminar(database, "-c", "SELECT 1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("format", done.stderr)
        self.assertRegex(done.stderr, r"LDB-S\d+")

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_a_folder_that_may_not_be_written_is_an_error(self):
        database = self.make()
        for path in [database, *database.rglob("*")]:
            path.chmod(0o500 if path.is_dir() else 0o400)
        try:
            done = laminar(database, "-c", "SELECT 1")
        finally:
            for path in [database, *database.rglob("*")]:
                path.chmod(0o700)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"LDB-[A-Z]\d+")

    def test_a_folder_of_other_things_is_left_alone(self):
        (self.folder / "notes.txt").write_text("mine")
        done = laminar(self.folder, "-c", "SELECT 1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("LDB-", done.stderr)
        self.assertEqual(os.listdir(self.folder), ["notes.txt"])


if __name__ == "__main__":
    unittest.main()
