#!/usr/bin/env python3
"""The house rules a machine can check; prints breaches as file:line: reason. ./dev lint runs it in about a second.

    tools/tidy.py            check
    tools/tidy.py --record   write today's sizes into tools/tidy_baseline.txt (only ever to smaller limits, please)

Rules: line length; size of files and functions, with a ratchet (what is over the limit may not grow); banned words and
calls, each with its replacement; ring-0 files without locks and std::function; a .def line for every file and a file
for every line; links in documents alive; no unfinished work left in the text.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"
BASELINE = ROOT / "tools/tidy_baseline.txt"
LINE_MAX = 120  # ratcheted, as sizes are
LINE_MAX_HARD = 140  # never
LIMITS = {".h": 250, ".hpp": 400, ".cc": 600, ".py": 300}
FUNCTION_MAX = 70

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
# pattern, why, where it is allowed (path prefixes under src/)
BANNED_CALLS = [
    (r"\bthrow\b(?! std::bad_alloc)", "nothing of ours throws: return a Status", ()),
    (r"\bdynamic_cast\b", "give the interface a kind, or a virtual function", ()),
    (r"\bstd::format\b|\bstd::print", "not in this standard library: use fmt", ()),
    (r"\bstd::regex\b", "slow and recursive: use RE2 in its wrapper", ()),
    (r"\b(std::)?(rand|srand)\(|\bstd::random_device\b|\bstd::mt19937", "use laminar::Random with a seed", ()),
    (r"\bgetenv\(", "use os::Environment", ("os/",)),
    (r"\b(clock_gettime|gettimeofday)\(|\bstd::chrono::\w*_clock", "use os::Clock", ("os/",)),
    (r"\b(std::)?time\((NULL|nullptr|0)\)", "use os::Clock", ()),
    (
        r"\b(usleep|nanosleep|sleep_for|sleep_until)\b",
        "wait for an event, not for time",
        ("os/", "runtime/", "engine/", "app/", "base/hot_scope.cc"),
    ),
    (r"\b(fopen|std::ifstream|std::ofstream)\b", "use os::FileSystem", ("os/",)),
    (r"\busing namespace std\b", "write the names out", ()),
    (r"\bstd::(cout|cerr)\b", "use the log, or the shell's output", ()),
    (r"\b(strcpy|strcat|sprintf|gets|alloca)\(", "no bounds: use std::string or fmt", ()),
    (r"\batoi\(|\bstrtol\(|\bstd::sto[ifdl]", "use ParseInt64 or ParseDouble of base/text.h", ()),
]
BANNED_IN_RING_0 = [
    (r"\bstd::function\b", "may allocate: use a template, a function pointer or an interface"),
    (r"\bstd::(mutex|lock_guard|unique_lock|condition_variable)\b", "no lock in ring 0"),
]
FILE_LISTS = [  # list, what of a line is the name, where its files are, whether the order is free
    (
        "functions/functions.def",
        r"FUNCTION_FAMILY\((\w+)",
        ("functions/scalar", "functions/aggregate", "functions/table"),
        False,
    ),
    ("formats/formats.def", r"FORMAT\((\w+)", ("formats",), False),
    ("connectors/connectors.def", r"CONNECTOR\(connectors::(\w+?)Connector", ("connectors",), False),
    ("plan/rules/rules.def", r"RULE\((\w+)", ("plan/rules",), True),
]


def is_test(path):
    return path.stem.endswith(("_test", "_fuzz", "_bench")) or "tests" in path.parts or "testing" in path.parts


def strip_text(line):
    """The line without strings and line comments, so that words in prose are no calls."""
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return line.split("//")[0]


def rings():
    found = {}
    for words in (l.split("#")[0].split() for l in (SRC / "layers.txt").read_text().splitlines()):
        if words and not words[0].startswith("<"):
            found[words[0]] = int(words[1])
    return found


def ring_of(rings_by_path, rel):
    return next((rings_by_path[str(p)] for p in (rel.with_suffix(""), *rel.parents) if str(p) in rings_by_path), 2)


def function_lengths(lines):
    """(first line number, length) of every function body: an opening brace that ends a line without indent, to its match."""
    start = None
    for number, line in enumerate(lines, 1):
        opens = re.match(r"^(?:  )?[A-Za-z~\[].*\)[\w\s&:>,()-]*\{$", line) and not re.match(
            r"^\s*(namespace|class|struct|enum|union|extern|if|for|while|switch|else)\b", line
        )
        if start is None and opens:
            start, indent = number, len(line) - len(line.lstrip())
        elif start is not None and re.match(rf"^ {{{indent}}}\}}", line):
            yield start, number - start + 1
            start = None


def banned(rel, number, code, ring, test):
    for pattern, why, allowed in BANNED_CALLS:
        if re.search(pattern, code) and not str(rel).startswith(allowed or ("\0",)):
            yield number, why
    if ring == 0 and not test:
        for pattern, why in BANNED_IN_RING_0:
            if re.search(pattern, code):
                yield number, why


def check_source(path, rings_by_path, sizes):
    rel, lines = path.relative_to(ROOT), path.read_text(errors="replace").splitlines()
    in_src = path.is_relative_to(SRC)
    ring = ring_of(rings_by_path, path.relative_to(SRC)) if in_src else 2
    test = is_test(rel)
    too_long = [n for n, line in enumerate(lines, 1) if len(line) > LINE_MAX and "http" not in line]
    if too_long:
        sizes[f"{rel}:columns"] = (len(too_long), 0, too_long[0])
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_MAX_HARD and "http" not in line:
            yield rel, number, f"{len(line)} columns, the limit is {LINE_MAX_HARD}"
        if UNFINISHED.search(line) and rel.name != "tidy.py":
            yield rel, number, "unfinished work: finish it or open an issue"
        if in_src and not test:
            for found in banned(path.relative_to(SRC), number, strip_text(line), ring, test):
                yield rel, *found
    limit = LIMITS.get(path.suffix)
    if limit and len(lines) > limit and not test:
        sizes[f"{rel}"] = (len(lines), limit, 1)
    if path.suffix in (".cc", ".h") and not test:
        longest = max(function_lengths(lines), key=lambda f: f[1], default=(1, 0))
        if longest[1] > FUNCTION_MAX:
            sizes[f"{rel}:function"] = (longest[1], FUNCTION_MAX, longest[0])
    if path.suffix in (".h", ".cc") and in_src and not test and not lines[:1]:
        yield rel, 1, "empty file"
    is_c = (
        rel.parts[0] == "include" if hasattr(rel, "parts") else str(rel).startswith("include/")
    )  # C headers have guards
    if path.suffix == ".h" and not is_c and "#pragma once" not in lines:
        yield rel, 1, "no #pragma once"


def check_ratchet(sizes):
    recorded = {}
    if BASELINE.exists():
        for line in BASELINE.read_text().splitlines():
            if line and not line.startswith("#"):
                size, name = line.split()
                recorded[name] = int(size)
    for name, (size, limit, number) in sorted(sizes.items()):
        if size > recorded.get(name, 0):
            place, _, kind = name.partition(":")
            what = {
                "": "file has {} lines",
                "function": "longest function has {} lines",
                "columns": f"{{}} lines are over {LINE_MAX} columns",
            }[kind].format(size)
            was = f", recorded are {recorded[name]}" if name in recorded else ""
            yield place, number, f"{what}, the limit is {limit}{was}"


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def check_lists():
    for listing, pattern, folders, is_ordered_freely in FILE_LISTS:
        path = SRC / listing
        if not path.exists():
            continue
        lines = path.read_text().splitlines()
        names = [(snake(m[1]), n) for n, l in enumerate(lines, 1) if (m := re.match(pattern, l))]
        for (before, _), (name, number) in zip(names, names[1:]):
            if name < before and not is_ordered_freely:
                yield f"src/{listing}", number, f"{name} stands behind {before}: keep the list sorted"
        for name, number in names:
            places = [SRC / folder / form for folder in folders for form in (f"{name}*.cc", name)]
            if not any(next(place.parent.glob(place.name), None) for place in places):
                yield f"src/{listing}", number, f"no file {name}.cc in {' or '.join(folders)}"


def check_links():
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *SRC.rglob("*.md")]
    for path in documents:
        text = re.sub(r"```.*?```", lambda m: "\n" * m[0].count("\n"), path.read_text(), flags=re.DOTALL)
        for number, line in enumerate(text.splitlines(), 1):
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                if not (path.parent / target).exists():
                    yield path.relative_to(ROOT), number, f"dead link: {target}"


def main():
    sizes, breaches = {}, []
    roots = [SRC, ROOT / "include", ROOT / "bench", ROOT / "examples", ROOT / "tests", ROOT / "tools"]
    for path in sorted(p for root in roots if root.exists() for p in root.rglob("*")):
        if path.suffix in (".h", ".hpp", ".cc", ".c", ".def", ".py") and path.is_file():
            breaches.extend(check_source(path, rings(), sizes))
    if "--record" in sys.argv:
        lines = [f"{size} {name}" for name, (size, _, _) in sorted(sizes.items())]
        BASELINE.write_text(
            "# Files and functions over the limit: what they may not outgrow. Shrink them, then record.\n"
            + "".join(line + "\n" for line in lines)
        )
        sizes = {}
    breaches.extend(check_ratchet(sizes))
    breaches.extend(check_lists())
    breaches.extend(check_links())
    for place, number, why in breaches:
        print(f"{place}:{number}: {why}")
    if not breaches:
        print("tidy: no breach")
    return bool(breaches)


sys.exit(main())
