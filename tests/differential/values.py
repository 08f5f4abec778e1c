"""Columns and rows: random types, random values with NULLs and extremes, and their text as literals and in CSV.

A column carries what the expression generator must know to keep results defined: how large its values are (`bound`),
and whether arithmetic on them is safe (`wild` columns are only compared, grouped and counted).
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass, field
from decimal import Decimal

EPOCH = dt.datetime(1970, 1, 1)
WORDS = [
    "",
    "a",
    "b",
    "ab",
    "Abc",
    "abc def",
    "x_y",
    "100%",
    "it's",
    "ü",
    "日本語",
    "zebra",
    "NULL",
    " lead",
    "tail ",
    "a long text that does not fit into twelve bytes",
    "another long text, with a comma",
    'q"uote',
    "ÀÉ",
    "\\n",
    "0",
    "-1",
]


@dataclass
class Column:
    name: str
    kind: str  # i f d s b D T a(rray of i) o(paque)
    sql: str  # the type, as both dialects spell it
    bound: float = 0  # of numbers: largest magnitude; of text: largest length
    width: int = 64  # of integers
    precision: int = 0
    scale: int = 0
    wild: bool = False
    exact: bool = True  # false: last digits may differ
    loose: float = 0
    values: list = field(default_factory=list)  # candidates
    null_rate: float = 0.1

    def draw(self, rng: random.Random):
        return None if rng.random() < self.null_rate else rng.choice(self.values)


def _integers(rng: random.Random, name: str) -> Column:
    width = rng.choice([64, 64, 32, 16, 8])
    sql = {64: "BIGINT", 32: "INTEGER", 16: "SMALLINT", 8: "TINYINT"}[width]
    if rng.random() < 0.2:
        low, high = -(2 ** (width - 1)), 2 ** (width - 1) - 1
        return Column(name, "i", sql, high, width, wild=True, values=[low, low + 1, high, high - 1, 0, 1, -1, 7])
    bound = rng.choice([3, 20, 150 if width > 8 else 60])
    return Column(
        name, "i", sql, bound, width, values=[rng.randint(-bound, bound) for _ in range(rng.choice([3, 8, 40]))]
    )


def _doubles(rng: random.Random, name: str) -> Column:
    if rng.random() < 0.2:
        values = [1e300, -1e300, 5e-324, 0.0, -0.0, 1.5, 0.1, 2.0**53 + 2, -1.0]
        if rng.random() < 0.3:
            values += [float("inf"), float("-inf"), float("nan")]
        return Column(name, "f", "DOUBLE", 1e300, wild=True, values=values)
    if rng.random() < 0.1:
        return Column(name, "f", "REAL", 100, wild=True, values=[rng.randint(-400, 400) / 4 for _ in range(9)])
    values = [rng.randint(-400, 400) / 4 for _ in range(rng.choice([3, 10, 40]))] + [0.0, -0.0]
    if rng.random() < 0.4:
        values += [0.1, 0.2, 0.3, -1.7, 99.99]
    return Column(name, "f", "DOUBLE", 100, values=values)


def _decimals(rng: random.Random, name: str) -> Column:
    if rng.random() < 0.15:
        top = "9" * 28 + "." + "9" * 10
        return Column(
            name,
            "d",
            "DECIMAL(38,10)",
            10**28,
            precision=38,
            scale=10,
            wild=True,
            values=[Decimal(top), Decimal("-" + top), Decimal(0), Decimal(1).scaleb(-10), Decimal(3)],
        )
    precision, scale = rng.choice([(4, 2), (9, 3), (12, 2), (18, 6), (6, 0), (20, 4)])
    digits = min(precision, 7 + scale)
    values = []
    for _ in range(rng.choice([3, 10, 30])):
        values.append(Decimal(rng.randint(-(10**digits) + 1, 10**digits - 1)).scaleb(-scale))
    values += [Decimal(0), Decimal(5).scaleb(-scale), Decimal(-5).scaleb(-scale)]
    return Column(
        name,
        "d",
        f"DECIMAL({precision},{scale})",
        10 ** (digits - scale),
        precision=precision,
        scale=scale,
        values=values,
    )


def _text(rng: random.Random, name: str) -> Column:
    values = rng.sample(WORDS, rng.choice([2, 5, 12]))
    return Column(name, "s", "VARCHAR", max(len(v) for v in values), values=values)


def _dates(rng: random.Random, name: str) -> Column:
    if rng.random() < 0.15:
        return Column(
            name,
            "D",
            "DATE",
            wild=True,
            values=[dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1970, 1, 1), dt.date(1969, 12, 31)],
        )
    start = dt.date(rng.choice([1968, 1999, 2023]), 12, 1)
    return Column(
        name,
        "D",
        "DATE",
        values=[start + dt.timedelta(days=rng.randint(0, 120)) for _ in range(rng.choice([3, 20]))],
    )


def _timestamps(rng: random.Random, name: str) -> Column:
    if rng.random() < 0.15:
        values = [
            dt.datetime(1, 1, 1),
            dt.datetime(9999, 12, 31, 23, 59, 59, 999999),
            EPOCH,
            EPOCH - dt.timedelta(microseconds=1),
        ]
        return Column(name, "T", "TIMESTAMP", wild=True, values=values)
    return Column(name, "T", "TIMESTAMP", values=_moments(rng, rng.choice([3, 20])))


def _moments(rng: random.Random, count: int) -> list:
    start = rng.choice(
        [dt.datetime(1969, 12, 31, 23, 50), dt.datetime(2024, 2, 28, 23, 58), dt.datetime(1960, 1, 1)]
    )
    fine = rng.random() < 0.3
    return [
        start + dt.timedelta(seconds=rng.randint(0, 1200), microseconds=rng.randint(0, 999999) if fine else 0)
        for _ in range(count)
    ]


def _booleans(rng: random.Random, name: str) -> Column:
    return Column(name, "b", "BOOLEAN", values=[True, False])


def _arrays(rng: random.Random, name: str) -> Column:
    values = [[], [1], [1, 2, None], [None], [-5, 5, 5], list(range(9))]
    return Column(name, "a", "BIGINT[]", 9, values=values)


def _opaque(rng: random.Random, name: str) -> Column:
    if rng.random() < 0.5:
        return Column(name, "o", "UUID", values=[uuid.UUID(int=rng.getrandbits(128)) for _ in range(5)])
    return Column(
        name,
        "o",
        "TIME",
        values=[
            dt.time(rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59), rng.choice([0, 0, 500000, 1]))
            for _ in range(5)
        ],
    )


def random_columns(rng: random.Random) -> list[Column]:
    """`id` is unique and never NULL, `ts` the event time, the rest random."""
    time = Column(
        "ts", "T", "TIMESTAMP", values=_moments(rng, rng.choice([5, 60])), null_rate=rng.choice([0, 0, 0.1])
    )
    if rng.random() < 0.05:
        time.values += [dt.datetime(2, 1, 1), dt.datetime(9999, 12, 31, 23, 59, 59, 999999), EPOCH]
    columns = [Column("id", "i", "BIGINT", 5000, null_rate=0), time]
    makers = [
        _integers,
        _integers,
        _doubles,
        _decimals,
        _text,
        _text,
        _dates,
        _timestamps,
        _booleans,
        _arrays,
        _opaque,
    ]
    for i in range(rng.randint(2, 6)):
        column = rng.choice(makers)(rng, f"a{i}")
        column.null_rate = rng.choice([0, 0.1, 0.1, 0.5])
        columns.append(column)
    return columns


def random_rows(rng: random.Random, columns: list[Column]) -> list[tuple]:
    count = rng.choice([0, 1, 2, 8, 30, 30, 80, 80, 200] + ([2500] if rng.random() < 0.2 else []))
    rows = []
    for i in range(count):
        if rows and rng.random() < 0.1:
            rows.append((i, *rng.choice(rows)[1:]))  # a row again
        else:
            rows.append((i, *(c.draw(rng) for c in columns[1:])))
    if rng.random() < 0.5:  # times mostly ascending, as streams are
        window = rng.choice([1, 5, 20])
        times = sorted((r[1] for r in rows if r[1] is not None))
        for first in range(0, len(times), window):
            part = times[first : first + window]
            rng.shuffle(part)
            times[first : first + window] = part
        again = iter(times)
        rows = [(r[0], next(again) if r[1] is not None else None, *r[2:]) for r in rows]
    return rows


def micros(moment: dt.datetime) -> int:
    return (moment - EPOCH) // dt.timedelta(microseconds=1)


def _double_text(value: float) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return f"CAST('{value}' AS DOUBLE)"
    text = repr(value)
    return text if "e" in text else text + "e0"


def literal(value, sql: str) -> str:
    """A literal of exactly the type, understood by both dialects."""
    if value is None:
        return f"CAST(NULL AS {sql})"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _double_text(value)
    if isinstance(value, Decimal):
        return f"CAST('{value:f}' AS {sql})"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, dt.datetime):
        return f"TIMESTAMP '{plain(value)}'"
    if isinstance(value, (uuid.UUID, dt.time)):
        return f"CAST('{plain(value)}' AS {sql})"
    if isinstance(value, dt.date):
        return f"DATE '{plain(value)}'"
    if not value:
        return f"CAST('[]' AS {sql})"
    return f"CAST({literal('[' + ', '.join(plain(v) for v in value) + ']', 'VARCHAR')} AS {sql})"


def plain(value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        base = (
            f"{value.year:04}-{value.month:02}-{value.day:02} {value.hour:02}:{value.minute:02}:{value.second:02}"
        )
        return base + (f".{value.microsecond:06}" if value.microsecond else "")
    if isinstance(value, dt.date):
        return f"{value.year:04}-{value.month:02}-{value.day:02}"
    if isinstance(value, list):
        return "[" + ", ".join(plain(v) for v in value) + "]"
    return str(value)


def row_text(row: tuple, columns: list[Column]) -> str:
    return "(" + ", ".join("NULL" if v is None else literal(v, c.sql) for v, c in zip(row, columns)) + ")"


def csv_text(rows: list[tuple], columns: list[Column]) -> str:
    lines = [",".join(c.name for c in columns)]
    for row in rows:
        fields = []
        for value in row:
            if value is None:
                fields.append("")
            elif isinstance(value, (str, list)):
                fields.append('"' + plain(value).replace('"', '""') + '"')
            else:
                fields.append(plain(value))
        lines.append(",".join(fields))
    return "\n".join(lines) + "\n"
