#!/usr/bin/env python3
"""Everything that must hold for a change to be merged, in order: ./dev ci.

The tests as a user runs them, the house rules, the release build with the demo, and the tests again under the sanitizers.
Each step runs even if one before failed, so one run shows all that is wrong. At the end stands which steps failed, with the
end of what each printed; the last line sums up: "N passed, N failed".
"""
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUMMARY = re.compile(r"^(?:differential: )?(\d+) passed, (\d+) failed$", re.MULTILINE)
SHOWN_OF_A_FAILURE = 60  # lines
STEPS = [
    ("tests", ["./dev", "test"]),
    ("lint", ["./dev", "lint"]),
    ("differential", ["./dev", "differential", "--seconds", "60", "--seed", "1"]),
    ("fuzz", ["./dev", "fuzz", "--seconds", "2"]),
    ("kill", ["./dev", "kill", "--seconds", "45"]),
    ("kill finds", ["./dev", "kill", "--self-test"]),
    ("sim", ["./dev", "sim", "--seconds", "75"]),
    ("release", ["./dev", "build", "release"]),
    ("sanitizers", ["./dev", "asan"]),
    ("races", ["./dev", "tsan"]),
]


def run(name, command):
    print(f"--- {name}: {' '.join(command)}", flush=True)
    start = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace") as child:
        lines = []
        for line in child.stdout:
            lines.append(line)
            if not re.match(r"\[\d+/\d+\] ", line):
                sys.stdout.write(line)
                sys.stdout.flush()
    found = SUMMARY.findall("".join(lines))
    passed, failed = map(int, found[-1]) if found else (1 if child.returncode == 0 else 0, 0)
    if child.returncode != 0 and failed == 0:
        failed = 1
    print(f"--- {name}: {'ok' if child.returncode == 0 else 'FAILED'} in {time.monotonic() - start:.0f} s", flush=True)
    return name, passed, failed, lines[-SHOWN_OF_A_FAILURE:]


def main():
    results = [run(name, command) for name, command in STEPS]
    for name, _, failed, lines in results:
        if failed:
            print(f"--- failed: {name}, which ended with")
            sys.stdout.writelines(lines)
    passed, failed = sum(r[1] for r in results), sum(r[2] for r in results)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
