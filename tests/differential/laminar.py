"""Runs scripts in the shell: many groups of statements in one process, results told apart by marker rows.

A group that fails, crashes or hangs takes nothing with it: the process is started again with the groups that follow.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from decimal import Decimal

MARK = "marker__"
SCRIPT_BYTES = 4_000_000


@dataclass
class Answer:
    rows: list = field(default_factory=list)  # of dicts
    error: str = ""


class Laminar:
    def __init__(self, path: str, timeout: float = 60):
        self.path = path
        self.timeout = timeout

    def run(self, groups: list[list[str]]) -> list[Answer]:
        """What the last statement of each group gave."""
        answers = [Answer("not run") for _ in groups]
        first = 0
        while first < len(groups):
            first = self._run_from(groups, first, answers)
        return answers

    def _run_from(self, groups, first: int, answers) -> int:
        script = []
        end, size = first, 0
        while end < len(groups) and (end == first or size < SCRIPT_BYTES):  # a script has a largest size
            size += sum(len(s.encode()) for s in groups[end])
            end += 1
        for i in range(first, end):
            script.append(f"SELECT {i} AS {MARK};")
            script += [s + ";" for s in groups[i][:-1]]
            script.append(f"SELECT {i} AS {MARK};")  # rows before it were looks in between
            script.append(groups[i][-1] + ";")
        script.append(f"SELECT {end} AS {MARK};\n")
        try:
            done = subprocess.run(
                [self.path, "-o", "ndjson"],
                input="\n".join(script).encode(),
                capture_output=True,
                timeout=self.timeout,
            )
            out, failure, code = done.stdout, done.stderr.decode(errors="replace"), done.returncode
        except subprocess.TimeoutExpired as e:
            out, failure, code = e.stdout or b"", f"no answer within {self.timeout} s", -1
        current = first
        rows: list = []
        for line in out.decode(errors="replace").splitlines():
            try:
                row = json.loads(line, parse_float=Decimal)
            except json.JSONDecodeError:
                rows.append({"unreadable": line})
                continue
            if MARK in row:
                answers[current] = Answer(rows)
                current, rows = row[MARK], []
            else:
                rows.append(row)
        if code == 0:
            return end
        answers[current] = Answer(rows, failure.strip() or f"exit status {code}")
        if code < 0 and "no answer" not in failure:
            answers[current].error = f"crashed with signal {-code}: {failure.strip()[-2000:]}"
        return current + 1
