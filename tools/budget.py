#!/usr/bin/env python3
"""Where the time of the last build went: tools/budget.py build/dev

Reads .ninja_log: core-seconds in total, the slowest steps and the sum by module. Over the limit (tools/budget.txt) it fails.
A warm ccache makes a build look cheap: measure with CCACHE_DISABLE=1 and an empty build folder.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def steps(build):
    """Seconds by output, the last run of each."""
    seconds = {}
    for line in (build / ".ninja_log").read_text().splitlines():
        fields = line.split("\t")
        if len(fields) == 5:
            seconds[fields[3]] = (int(fields[1]) - int(fields[0])) / 1000
    return seconds


def module_of(output):
    found = re.search(r"CMakeFiles/(?:laminar_)?(\w+)\.dir/", output)
    return found[1] if found else "linking"


def main():
    build = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build/dev")
    if not (build / ".ninja_log").exists():
        sys.exit(f"{build.name} has not been built yet")
    seconds = steps(build)
    by_module = collections.Counter()
    for output, taken in seconds.items():
        by_module[module_of(output)] += taken
    total = sum(seconds.values())
    print(f"{total:.0f} core-seconds in {len(seconds)} steps\n\nslowest steps")
    for output, taken in sorted(seconds.items(), key=lambda s: -s[1])[:20]:
        print(f"{taken:7.1f}  {re.sub(r'CMakeFiles/|[.]dir', '', output)}")
    print("\nby target")
    for module, taken in by_module.most_common(20):
        print(f"{taken:7.1f}  {module}")
    limit = float((ROOT / "tools/budget.txt").read_text().split()[0])
    if total > limit:
        print(f"\nover the limit of {limit:.0f} core-seconds (tools/budget.txt)")
    return total > limit


sys.exit(main())
