#!/usr/bin/env python3
"""Compiles every header under src/ and include/ alone (syntax only, in parallel): a header that needs another says so itself.

    tools/headers.py [-j n]

Public C headers are compiled as C and as C++20, ours as the build compiles them. A header whose text and includes have not
changed since it last passed is skipped (stamps in .cache/headers).
"""
import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache/headers"
OURS = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
CXX = ["g++", "-std=gnu++23", "-fsyntax-only", "-Wall", "-Isrc", "-Iinclude", "-DFMT_SHARED", "-x", "c++"]


def languages(path):
    if path.is_relative_to(ROOT / "include"):
        yield ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Iinclude", "-x", "c++"]
        if path.suffix == ".h" and "extern \"C\"" in path.read_text():
            yield ["gcc", "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Iinclude", "-x", "c"]
    else:
        yield CXX
        yield [*CXX, "-DLAMINAR_HOT_GUARD"] if path.stem == "hot_scope" else CXX


def fingerprint(path, seen=None):
    """Of the header and of everything of ours it includes."""
    seen = set() if seen is None else seen
    if path in seen or not path.exists():
        return b""
    seen.add(path)
    text = path.read_text()
    inner = b"".join(fingerprint(ROOT / "src" / name, seen) for name in OURS.findall(text))
    return hashlib.sha1(text.encode() + inner).digest()


def check(path):
    mark = CACHE / hashlib.sha1(str(path).encode() + fingerprint(path)).hexdigest()
    if mark.exists():
        return None
    for command in {tuple(c) for c in languages(path)}:
        done = subprocess.run([*command, str(path)], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        warning = "#pragma once in main file"
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if warning not in line]
            return f"{path.relative_to(ROOT)}: does not compile alone\n" + "\n".join(lines[:12])
    CACHE.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=os.cpu_count())
    options = parser.parse_args()
    headers = sorted([*(ROOT / "src").rglob("*.h"), *(ROOT / "include").rglob("*.h"), *(ROOT / "include").rglob("*.hpp")])
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        bad = [why for why in pool.map(check, headers) if why]
    print("\n".join(bad) or f"headers: {len(headers)} compile alone")
    return bool(bad)


sys.exit(main())
