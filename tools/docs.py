#!/usr/bin/env python3
"""Writes docs/reference/ from the .def lists; with --check only says whether the pages are fresh.

The lists are the source: an error code, a metric, a format, a keyword is documented by its line. Never edit the pages.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs/reference"
STRING = r'"((?:[^"\\]|\\.)*)"'
NOTE = "<!-- Written by ./dev docs from {}. Do not edit. -->\n\n"
CLASSES = {"kUser": "the statement or its settings", "kData": "a row", "kResource": "a limit or a resource",
           "kExternal": "something outside", "kStorage": "the disk or stored bytes", "kBug": "LaminarDB itself"}


def entries(listing, pattern):
    """What the pattern finds; every line that begins like one must be whole, or it would be missing from its page."""
    text = (ROOT / "src" / listing).read_text()
    found = re.findall(pattern, text, re.MULTILINE)
    begun = re.findall(re.match(r"\^\w+", pattern).group() + r"\(", text, re.MULTILINE)
    if len(found) != len(begun):
        sys.exit(f"docs: {listing} has {len(begun)} entries, {len(found)} of which fit on their line as they should")
    return found


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]) + "\n"


def errors():
    found = entries("base/error_codes.def", rf"^ERROR\((\w+), {STRING}, {STRING}, (\w+), {STRING}\)")
    text = NOTE.format("src/base/error_codes.def") + "# Error codes\n\n"
    text += ("Every error carries a stable code, a SQLSTATE, a message and, where something can be done, a hint. "
             "Programs should look at the code; messages may change.\n\n")
    for error_class, who in CLASSES.items():
        rows = [(f"`{code}`", state, meaning) for _, code, state, c, meaning in found if c == error_class]
        if rows:
            text += f"## About {who}\n\n{table(('code', 'SQLSTATE', 'meaning'), rows)}\n"
    return text.rstrip() + "\n"


def metrics():
    found = entries("observe/metrics.def", rf"^METRIC\((\w+), {STRING}, k(\w+), k(\w+), {STRING}\)")
    text = NOTE.format("src/observe/metrics.def") + "# Metrics\n\n"
    text += ("`SELECT * FROM laminar_metrics` lists them with their labels. A histogram gives one row each for `_count`, "
             "`_sum`, `_max`, `_p50`, `_p99` and `_p999`; its quantiles are off by at most 1/32.\n\n")
    rows = [(f"`laminar_{name}`", kind.lower(), unit.lower(), meaning) for _, name, kind, unit, meaning in found]
    return text + table(("metric", "kind", "unit", "what it says"), rows)


def formats():
    found = entries("formats/formats.def", rf"^FORMAT\((\w+), {STRING}, {STRING}\)")
    text = NOTE.format("src/formats/formats.def") + "# Formats\n\n"
    text += "The format of a file follows from its ending unless the option `format` names it.\n\n"
    return text + table(("format", "file endings"), [(f"`{name}`", f"`{endings}`") for _, name, endings in found])


def settings():
    found = entries("engine/settings.def", rf"^SETTING\((\w+), ([\w:]+), ([^,]+), {STRING}\)")
    text = NOTE.format("src/engine/settings.def") + "# Settings\n\n"
    text += "`SET name = value`, `SHOW name`, `RESET name`; `SHOW VARIABLES` lists them.\n\n"
    rows = [(f"`{name}`", f"`{start}`".replace('"', ""), meaning) for name, _, start, meaning in found]
    return text + table(("setting", "initial value", "what it does"), rows)


def functions():
    """From the program that asks the declarations; None when it is not built."""
    program = ROOT / "build/dev/functions_page"
    return subprocess.run([str(program)], check=True, stdout=subprocess.PIPE, text=True).stdout if program.exists() else None


PAGES = {"errors.md": errors, "metrics.md": metrics, "formats.md": formats, "settings.md": settings, "functions.md": functions}


def main():
    stale = []
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if text is None:
            print(f"docs: {name} is not looked at: ./dev build first")
            continue
        if path.exists() and path.read_text() == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv:
            REFERENCE.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    if "--check" in sys.argv and stale:
        print(f"docs/reference is stale ({', '.join(stale)}): run ./dev docs")
        return 1
    print(f"docs: {len(PAGES)} reference pages {'fresh' if not stale else 'written'}")
    return 0


sys.exit(main())
