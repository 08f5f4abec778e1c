#!/usr/bin/env python3
"""Runs the benchmarks of a build folder: tools/run_bench.py build/release [name] [arguments for the program...]"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    build, name = ROOT / sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "")
    programs = sorted(p for p in build.glob("*_bench") if p.is_file() and name in p.name)
    if not programs:
        sys.exit(f"no benchmark fits '{name}' in {sys.argv[1]}")
    bad = [p.name for p in programs if subprocess.run([str(p), *sys.argv[3:]], cwd=ROOT, check=False).returncode != 0]
    if bad:
        sys.exit(f"failed: {' '.join(bad)}")


main()
