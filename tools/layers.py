#!/usr/bin/env python3
"""Checks every #include under src/ against src/layers.txt; prints breaches as file:line: reason.

What it holds: a module includes only what its line allows; a folder called internal is its module's own; no connector
includes another; ring-0 files stay away from banned headers; outside libraries are included only by their owners; every
third-party header has an owner, stands in a .cc file and not in a header; every source lies in a known module.
"""
import pathlib
import re
import sys

SRC = pathlib.Path(__file__).resolve().parent.parent / "src"
INCLUDE = re.compile(r'\s*#\s*include\s+(?:"([a-z0-9_]+)/([^"]+)"|<([^>]+)>|"([^"/]+)")')
BANNED_IN_RING_0 = {"mutex", "thread", "future", "condition_variable", "iostream", "fstream", "sstream", "filesystem",
                    "regex", "functional", "map", "list", "deque", "shared_mutex", "semaphore"}
BANNED_IN_HEADERS = {"iostream", "fstream", "sstream", "filesystem", "regex"}
# Ring 2 is included by few, and owns threads and locks.
BANNED_IN_HEADERS_OF_RINGS_0_AND_1 = {"functional", "chrono", "ranges", "thread", "mutex", "condition_variable"}
# Headers of the C library and the kernel: a folder in the name is no sign of a third party.
SYSTEM_FOLDERS = ("sys/", "linux/", "netinet/", "arpa/", "bits/", "net/", "asm/")
# Small, without cost to a build, and free for all .cc files.
FREE_FOR_ALL = ("fmt/", "doctest/", "laminar/")


class Map:
    """What layers.txt says: includes per module, ring per folder or file, owners per library."""

    def __init__(self, text):
        self.allowed, self.ring, self.owners = {}, {}, {}
        for words in (line.split("#")[0].split() for line in text.splitlines()):
            if not words:
                continue
            name, rest = words[0], words[1:]
            if name.startswith("<"):
                self.owners[name[1:-1]] = tuple(rest)
                continue
            self.ring[name] = int(rest[0])
            if "/" not in name:
                unknown = [m for m in rest[1:] if m not in self.allowed]
                if unknown:
                    sys.exit(f"layers.txt: {name} names {unknown}, not listed above it")
                self.allowed[name] = {name, *rest[1:]}

    def ring_of(self, rel):
        return next(self.ring[str(p)] for p in (rel.with_suffix(""), *rel.parents) if str(p) in self.ring)


def why_system(m, rel, header, is_header):
    if header in BANNED_IN_RING_0 and m.ring_of(rel) == 0:
        return f"<{header}> is banned in ring 0"
    banned = BANNED_IN_HEADERS | (BANNED_IN_HEADERS_OF_RINGS_0_AND_1 if m.ring_of(rel) < 2 else set())
    if is_header and header in banned:
        return f"<{header}> is banned in headers: it costs every file that includes them"
    owned = [library for library in m.owners if header.startswith(library)]
    for library in owned:
        if not str(rel).startswith(m.owners[library]):
            return f"<{header}> belongs to {' '.join(m.owners[library])}"
    is_third_party = "/" in header and not header.startswith(SYSTEM_FOLDERS)
    if is_third_party and is_header and not header.startswith(("fmt/base.h", "doctest/")):
        return f"<{header}> is third-party: include it in a .cc file"
    if is_third_party and not owned and not header.startswith(FREE_FOR_ALL):
        return f"<{header}> has no owner: add its library to layers.txt"
    return None


def why_ours(m, rel, target, rest, is_test):
    module = rel.parts[0]
    if is_test and target in ("tests", "bench"):
        return None
    if target == "laminar":  # the public headers, for the module that implements them and those above it
        return None if "api" in (module, *m.allowed[module]) else f"{module} may not include the public headers"
    if target not in m.allowed:
        return f'"{target}/{rest}" names no module'
    if target not in m.allowed[module] and not (is_test and target == "sim"):
        return f"{module} may not include {target}"
    if module == target == "connectors" and len(rel.parts) > 2 and "/" in rest and rest.split("/")[0] != rel.parts[1]:
        return "a connector may not include another connector"
    if module != target and "internal" in rest.split("/"):
        return f"{target}/{rest} is private to {target}"
    if not (SRC / target / rest).exists():
        return f'"{target}/{rest}" does not exist'
    return None


def breaches(m, path):
    rel = path.relative_to(SRC)
    if rel.parts[0] not in m.allowed:
        yield 1, f"module '{rel.parts[0]}' is not in layers.txt"
        return
    is_test = rel.stem.endswith(("_test", "_fuzz", "_bench"))
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        target, rest, system, bare = found.groups()
        if target:
            why = why_ours(m, rel, target, rest, is_test)
        elif bare:
            why = f'"{bare}" has no module: include paths start at src/'
        else:
            why = None if is_test else why_system(m, rel, system, path.suffix == ".h")
        if why:
            yield number, why


def main():
    m = Map((SRC / "layers.txt").read_text())
    files = sorted(p for p in SRC.rglob("*") if p.suffix in (".h", ".cc", ".def"))
    bad = [f"src/{p.relative_to(SRC)}:{n}: {why}" for p in files for n, why in breaches(m, p)]
    print("\n".join(bad) or f"layers: {len(m.allowed)} modules, {len(files)} files, no breach")
    return bool(bad)


sys.exit(main())
