#!/usr/bin/env python3
"""Runs the fuzzers of a build folder: tools/run_fuzz.py build/dev [name] [--seed n] [--seconds s]

Each fuzzer is one function of a seed (src/**/x_fuzz.cc). Without --seed every fuzzer runs on fresh seeds for --seconds (2);
a failing seed is printed and goes into x_fuzz.seeds beside the source, which later runs try first.
"""
import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def seeds_file(name):
    found = list((ROOT / "src").rglob(f"{name}.cc"))
    return found[0].with_suffix(".seeds") if found else None


def run_one(binary, arguments):
    done = subprocess.run([str(binary), *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors="replace")
    return done.returncode, done.stdout


def fuzz(binary, options):
    name, kept = binary.name, seeds_file(binary.name)
    known = kept.read_text().split() if kept and kept.exists() else []
    plans = [["--seed", str(options.seed)]] if options.seed is not None else [["--seed", s] for s in known]
    if options.seed is None:
        plans.append(["--seconds", str(options.seconds)])
    for plan in plans:
        code, output = run_one(binary, plan)
        if code == 0:
            continue
        print(f"{name}: failed with {' '.join(plan)}\n{output.rstrip()[-4000:]}")
        failing = [line.split()[-1] for line in output.splitlines() if line.startswith("seed ")]
        if failing and kept and failing[-1] not in known and options.seed is None:
            kept.write_text("\n".join([*known, failing[-1]]) + "\n")
            print(f"{name}: seed {failing[-1]} is kept in {kept.relative_to(ROOT)}")
        return False
    print(f"{name}: ok")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("name", nargs="?", default="")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    binaries = sorted(b for b in (ROOT / options.build).glob("*_fuzz") if b.is_file() and options.name in b.name)
    if not binaries:
        sys.exit(f"no fuzzer fits '{options.name}'")
    results = [fuzz(binary, options) for binary in binaries]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


sys.exit(main())
