"""Rows of both sides as comparable values; multisets, or sequences where the order is total."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from decimal import Decimal, getcontext

getcontext().prec = 100  # no rounding of ours


def value(x, kind: str):
    if x is None:
        return None
    if kind == "i":
        return int(x) if int(x) == x else x
    if kind == "f":
        return float(x)
    if kind == "d":
        return Decimal(x).normalize() + 0 if x else Decimal(0)
    if kind == "b":
        return x
    if kind == "D":
        return x if isinstance(x, str) else f"{x.year:04}-{x.month:02}-{x.day:02}"
    if kind == "T":
        if isinstance(x, dt.datetime):
            x = f"{x.year:04}-{x.month:02}-{x.day:02}T{x.hour:02}:{x.minute:02}:{x.second:02}.{x.microsecond:06}"
        x = x.replace(" ", "T")
        return x.rstrip("0").rstrip(".") if "." in x else x
    if kind == "a":
        return tuple(x)
    if kind == "o":
        x = str(x)
        return x.rstrip("0").rstrip(".") if "." in x else x
    return str(x)


def _sort_key(row):
    return tuple((x is None, str(type(x)), str(x + 0.0 if isinstance(x, float) else x)) for x in row)


def _rounded_key(row):
    return tuple((x is None, str(type(x)), f"{x + 0.0:.6e}" if isinstance(x, float) else str(x)) for x in row)


def _same(a, b, loose: float) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b) or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9 + loose)
    return a == b and type(a) == type(b)


def same_row(a, b, looseness) -> bool:
    return all(_same(x, y, l) for x, y, l in zip(a, b, looseness))


def difference(got: list[tuple], want: list[tuple], looseness: list[float], is_sequence: bool) -> str:
    """Empty if equal; else what is missing and what is too much."""
    if is_sequence:
        if len(got) == len(want) and all(same_row(a, b, looseness) for a, b in zip(got, want)):
            return ""
        return _shown(got, want, "in order")
    counts = Counter(map(_sort_key, got))
    counts.subtract(Counter(map(_sort_key, want)))
    too_much, missing = [], []
    left = {k: n for k, n in counts.items() if n}
    for rows, sign, out in ((got, 1, too_much), (want, -1, missing)):
        for row in rows:
            k = _sort_key(row)
            if left.get(k, 0) * sign > 0:
                left[k] -= sign
                out.append(row)
    too_much.sort(key=_rounded_key)
    missing.sort(key=_rounded_key)
    if len(too_much) == len(missing) and all(same_row(a, b, looseness) for a, b in zip(too_much, missing)):
        return ""
    for row in too_much[:300]:  # the same up to rounding
        for other in missing:
            if same_row(row, other, looseness):
                too_much.remove(row)
                missing.remove(other)
                break
    return _shown(too_much, missing, "") if too_much or missing else ""


def _shown(got, want, how: str) -> str:
    lines = [f"  LaminarDB {how}:"] + [f"    {r}" for r in got[:8]] + (["    ..."] if len(got) > 8 else [])
    lines += [f"  DuckDB {how}:"] + [f"    {r}" for r in want[:8]] + (["    ..."] if len(want) > 8 else [])
    return "\n".join(lines)
