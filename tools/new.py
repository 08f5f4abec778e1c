#!/usr/bin/env python3
"""Starts a new thing as the house wants it: ./dev new <kind> <name>

    test NAME       src/MODULE/x_test.cc for src/MODULE/x (NAME is MODULE/x)
    connector NAME  src/connectors/NAME/ with its files
    metric NAME     a line in src/observe/metrics.def (NAME as shown, without laminar_)
    error NAME      how to choose a code, and the line to fill in
    design TITLE    docs/design/NNNN-title.md with its headings

What is written compiles or is prose with its headings; the recipe page in docs/recipes says what comes next.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"


def camel(name):
    return "".join(part.capitalize() for part in name.split("_"))


def write(path, text):
    if path.exists():
        sys.exit(f"{path.relative_to(ROOT)} exists")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    print(f"wrote {path.relative_to(ROOT)}")


def insert_sorted(path, macro, line, key):
    """Puts the line where the list's order, by key(line), wants it."""
    lines = path.read_text().splitlines()
    places = [i for i, l in enumerate(lines) if l.startswith(macro + "(")]
    if any(key(lines[i]) == key(line) for i in places):
        sys.exit(f"{path.relative_to(ROOT)} has this name")
    at = next((i for i in places if key(lines[i]) > key(line)), (places[-1] + 1) if places else len(lines))
    lines.insert(at, line)
    path.write_text("\n".join(lines) + "\n")
    print(f"added to {path.relative_to(ROOT)}: {line}")


def new_test(name):
    module = name.split("/")[0]
    header = f'#include "{name}.h"\n\n' if (SRC / f"{name}.h").exists() else ""
    write(
        SRC / f"{name}_test.cc",
        f"""{header}#include <doctest/doctest.h>

namespace laminar{'' if module == 'base' else '::' + module} {{
namespace {{

TEST_CASE("say here, as a sentence, what holds") {{
  FAIL("write the law, then attack it with laminar::Random");
}}

}}  // namespace
}}  // namespace laminar{'' if module == 'base' else '::' + module}
""",
    )


def new_connector(name):
    folder, kind = SRC / "connectors" / name, camel(name) + "Connector"
    write(
        folder / f"{name}.h",
        f"""// Connector '{name}': say here what it reads or writes, what its position is, and what it promises after a crash.
#pragma once

#include "sdk/connector.h"

namespace laminar::connectors {{

class {kind} final : public sdk::Connector {{
 public:
  std::string_view name() const override {{ return "{name}"; }}
  std::string_view doc() const override;
}};

}}  // namespace laminar::connectors
""",
    )
    write(
        folder / f"{name}.cc",
        f"""#include "connectors/{name}/{name}.h"

namespace laminar::connectors {{

std::string_view {kind}::doc() const {{ return "Say here, in a sentence, what it reads or writes."; }}

}}  // namespace laminar::connectors
""",
    )
    insert_sorted(SRC / "connectors/connectors.def", "CONNECTOR", f"CONNECTOR(connectors::{kind}())", lambda l: l)
    print("next: include the header in src/connectors/all.cc, then docs/recipes/add-a-connector.md")


def new_metric(name):
    if not re.fullmatch(r"[a-z0-9_]+", name):
        sys.exit("a metric's name has lower-case letters, digits and underscores")
    kind, unit = (
        ("kCounter", "kCount")
        if name.endswith("_total")
        else ("kHistogram", "kSeconds") if name.endswith("_seconds") else ("kGauge", "kCount")
    )
    symbol = "k" + camel(re.sub(r"_(total|ms)$", "", name))
    insert_sorted(
        SRC / "observe/metrics.def",
        "METRIC",
        f'METRIC({symbol}, "{name}", {kind}, {unit}, "what it counts")',
        lambda l: re.search(r'"([^"]*)"', l)[1],
    )
    print("next: docs/recipes/add-a-metric.md")


def new_error(name):
    codes = re.findall(r'"LDB-(\w)(\d+)"', (SRC / "base/error_codes.def").read_text())
    print("one line in src/base/error_codes.def, at its place by code:")
    for letter in sorted({c for c, _ in codes}):
        free = max(int(n) for c, n in codes if c == letter) + 1
        print(f'  ERROR(k{camel(name)}, "LDB-{letter}{free:03}", "<SQLSTATE>", <class>, "<what it means>")')


def new_design(title):
    folder = ROOT / "docs/design"
    used = [int(p.name[:4]) for p in folder.glob("[0-9][0-9][0-9][0-9]-*.md")]
    number = max(used, default=0) + 1
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    write(
        folder / f"{number:04}-{slug}.md",
        f"# {number}. {title}\n\nStatus: proposed\n\n## The problem\n\n## The decision\n\n"
        "## What else was possible, and why not\n\n## Laws it must keep, and the tests that attack them\n",
    )


KINDS = {
    "test": new_test,
    "connector": new_connector,
    "metric": new_metric,
    "error": new_error,
    "design": new_design,
}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in KINDS:
        sys.exit(__doc__.strip())
    KINDS[sys.argv[1]](" ".join(sys.argv[2:]))


main()
