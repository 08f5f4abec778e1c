#!/usr/bin/env python3
"""Runs every test of a build folder and ends with one line: "N passed, N failed".

    tools/run_tests.py build/dev [filter]
    tools/run_tests.py build/tsan --only engine_test state_test:--test-case='*thread*' sql:cores4
                                  (these binaries, with an option, and modes of tests/sql; nothing else)

Unit tests (one doctest binary a module), streaming SQL tests (laminar test over tests/sql), fuzzers for a moment each, and
program tests (tests/programs/*_test.py). A filter names a module ("exec"), a program test, an .slt file or folder, or is
a part of a test case's name. A test that crashes or runs out of time is one failure. No dependency outside Python.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 900
DOCTEST = re.compile(r"test cases:\s*\d+ \|\s*(\d+) passed \|\s*(\d+) failed")
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)
UNITTEST = re.compile(r"^Ran (\d+) tests? in", re.MULTILINE)
UNITTEST_SKIPPED = re.compile(r"^(?:OK|FAILED) \(.*skipped=(\d+)", re.MULTILINE)
UNITTEST_BAD = re.compile(r"^FAILED \((.*)\)", re.MULTILINE)


def environment(build):
    env = dict(os.environ, LAMINAR_BUILD=str(build))
    # Third-party libraries are not instrumented: their allocator would hide overruns, and what they keep is no leak.
    env["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    env.setdefault("ASAN_OPTIONS", "detect_stack_use_after_return=1:strict_string_checks=1")
    env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
    env.setdefault("TSAN_OPTIONS", "halt_on_error=1:second_deadlock_stack=1")
    return env


def prefix(build):
    """ThreadSanitizer needs an address space it knows: without randomisation, where the machine lets us say so."""
    cache = build / "CMakeCache.txt"
    if not cache.exists() or "LAMINAR_SANITIZE:STRING=thread" not in cache.read_text():
        return []
    can = subprocess.run(["setarch", "-R", "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return ["setarch", "-R"] if can else []


def counts_of(output, code):
    """(passed, failed) from whatever summary the program printed; a bad exit is at least one failure."""
    passed = failed = 0
    if found := DOCTEST.search(output):
        passed, failed = int(found[1]), int(found[2])
    elif found := UNITTEST.search(output):
        bad = UNITTEST_BAD.search(output)
        failed = sum(map(int, re.findall(r"(?:failures|errors)=(\d+)", bad[1]))) if bad else 0
        skipped = UNITTEST_SKIPPED.search(output)
        passed = int(found[1]) - failed - (int(skipped[1]) if skipped else 0)
    elif all_found := SUMMARY.findall(output):
        passed, failed = map(int, all_found[-1])
    elif code == 0:
        passed = 1
    return passed, max(failed, 1) if code != 0 else failed


def run(command, build):
    start = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment(build), timeout=TIMEOUT_SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(errors="replace") + "\nran out of time", 124
    return output, code, time.monotonic() - start


def unit_commands(build, wanted):
    listing = build / "unit_tests.txt"
    names = listing.read_text().split() if listing.exists() else []
    modules = [name for name in names if wanted and name == f"{wanted}_test"]
    for name in modules or names:
        if (build / name).exists():
            by_case = [f"--test-case=*{wanted}*"] if wanted and not modules else []
            yield name, [str(build / name), "--no-version", *by_case]
        else:
            yield name, ["/bin/sh", "-c", f"echo {name} was not built; exit 1"]


def sql_commands(build, wanted):
    runner, tests = build / "laminar", ROOT / "tests/sql"
    if not runner.exists() or not tests.exists():
        return
    if not wanted:
        yield "sql", [str(runner), "test", "tests/sql"]
    for path in sorted(tests.rglob("*")) if wanted else ():
        if path.stem == wanted or str(path.relative_to(ROOT)) == wanted.rstrip("/"):
            yield str(path.relative_to(ROOT)), [str(runner), "test", str(path.relative_to(ROOT))]


def only(build, name):
    binary, _, option = name.partition(":")
    if binary == "sql":
        return name, [str(build / "laminar"), "test", "--mode", option, "tests/sql"]
    return name, [str(build / binary), "--no-version", *([option] if option else [])]


def program_commands(wanted):
    python = ROOT / ".venv/bin/python"
    for path in sorted((ROOT / "tests/programs").glob("*_test.py")):
        if not wanted or wanted in path.stem:
            yield path.stem, [str(python if python.exists() else sys.executable), str(path)]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build, wanted = (ROOT / sys.argv[1]).resolve(), (sys.argv[2] if len(sys.argv) > 2 else "")
    if wanted == "--only":
        work = [only(build, name) for name in sys.argv[3:]]
    else:
        work = [*unit_commands(build, wanted), *sql_commands(build, wanted), *program_commands(wanted)]
    all_passed = all_failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=int(os.environ.get("JOBS") or os.cpu_count() or 1)) as pool:
        before = prefix(build)
        running = {pool.submit(run, [*before, *command], build): name for name, command in work}
        for future in concurrent.futures.as_completed(running):
            output, code, seconds = future.result()
            passed, failed = counts_of(output, code)
            all_passed, all_failed = all_passed + passed, all_failed + failed
            if passed or failed:
                print(f"{running[future]:24} {passed:6} passed {failed:4} failed {seconds:7.1f} s", flush=True)
            if failed:
                print(output.rstrip()[-8000:], flush=True)
    if all_passed + all_failed == 0:
        print(f"no test fits '{wanted}'", file=sys.stderr)
    print(f"{all_passed} passed, {all_failed} failed")
    return 1 if all_failed or not all_passed else 0


sys.exit(main())
