"""Every SQL block of the guide and every script of examples/ runs: what the documents promise is what the shell does.

The blocks of one page run in order in one database, as a reader would type them.
"""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LAMINAR = pathlib.Path(os.environ.get("LAMINAR_BUILD", ROOT / "build/dev")) / "laminar"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md"))]


def run_script(text):
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(text)
        script.flush()
        return subprocess.run([str(LAMINAR), script.name], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120)


@unittest.skipUnless(LAMINAR.exists(), "the laminar program is not built")
class Documents(unittest.TestCase):
    def test_guide(self):
        for page in PAGES:
            blocks = re.findall(r"```sql\n(.*?)```", page.read_text(), re.DOTALL)
            if not blocks:
                continue
            with self.subTest(page=page.name):
                done = run_script("\n".join(blocks))
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_examples(self):
        for script in sorted((ROOT / "examples").glob("*.sql")):
            with self.subTest(script=script.name):
                done = run_script(script.read_text())
                self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == "__main__":
    unittest.main()
