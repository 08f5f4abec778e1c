"""An installed LaminarDB can be found, linked and used from C and C++ by someone who has only the installed files."""

import os
import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("LAMINAR_BUILD", ROOT / "build/dev"))
PROGRAMS = sorted((ROOT / "examples/embedding").glob("*.c*")) if (ROOT / "examples/embedding").exists() else []


def run(command, **more):
    return subprocess.run(
        [str(word) for word in command],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        **more,
    ).stdout


def is_sanitized():
    return "LAMINAR_SANITIZE:STRING=\n" not in (BUILD / "CMakeCache.txt").read_text()


@unittest.skipUnless((BUILD / "liblaminar.so").exists() and PROGRAMS, "the shared library is not built")
class Install(unittest.TestCase):
    def setUp(self):
        if is_sanitized():
            self.skipTest("a sanitized library needs a sanitized program")
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.prefix = pathlib.Path(self.folder.name) / "prefix"
        run(["cmake", "--install", BUILD, "--prefix", self.prefix])

    def test_library_shows_only_its_names(self):
        names = run(["nm", "-D", "--defined-only", "-C", BUILD / "liblaminar.so"]).splitlines()
        shown = [line.split(maxsplit=2)[2] for line in names if line.split()[1] in "TtBDR"]
        foreign = [name for name in shown if "laminar" not in name]
        self.assertEqual(foreign, [])

    def test_own_libraries_are_searched_before_arrows(self):
        lines = run(["readelf", "-d", BUILD / "liblaminar.so"]).splitlines()
        needed = [line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line]
        place = {
            name: next(i for i, lib in enumerate(needed) if lib.startswith(f"lib{name}.so"))
            for name in ("crypto", "re2", "arrow")
        }
        self.assertLess(max(place["crypto"], place["re2"]), place["arrow"])

    def test_examples_build_against_the_installed_package_and_run(self):
        work = pathlib.Path(self.folder.name) / "app"
        work.mkdir()
        lines = [
            "cmake_minimum_required(VERSION 3.16)",
            "project(app C CXX)",
            "set(CMAKE_CXX_STANDARD 20)",
            "find_package(LaminarDB REQUIRED)",
        ]
        for program in PROGRAMS:
            lines += [
                f"add_executable({program.stem} {program})",
                f"target_link_libraries({program.stem} PRIVATE LaminarDB::laminar)",
            ]
        (work / "CMakeLists.txt").write_text("\n".join(lines) + "\n")
        run(["cmake", "-G", "Ninja", "-S", work, "-B", work / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}"])
        run(["cmake", "--build", work / "build"])
        for program in PROGRAMS:
            with self.subTest(program=program.name):
                run([work / "build" / program.stem], cwd=ROOT)


if __name__ == "__main__":
    unittest.main()
