"""Random typed expressions, each with its text in both dialects.

Laws kept while generating: no result overflows, divides by zero or depends on a rounding mode, so both must agree
on every row. Where the dialects spell the same thing differently the two templates differ.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from values import Column, literal

INT_SQL = {8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT"}


@dataclass
class Expr:
    kind: str
    laminar: str  # template over the children: {0}, {1}, ...
    duck: str
    kids: tuple = ()
    bound: float = 0
    width: int = 64
    precision: int = 0
    scale: int = 0
    wild: bool = False
    exact: bool = True  # false: floating point whose last digits may differ
    loose: float = 0  # largest difference allowed in the result
    sql: str = ""  # of opaque values

    def text(self, dialect: str) -> str:
        template = self.laminar if dialect == "laminar" else self.duck
        return fill(template, [k.text(dialect) for k in self.kids])


def fill(template: str, kids: list[str]) -> str:
    parts = template.split("\x00")
    out = parts[0]
    for part in parts[1:]:
        out += kids[int(part[0])] + part[1:]
    return out


def _slots(template: str) -> str:
    """{0} becomes an unmistakable slot, so that braces in literals stay what they are."""
    for i in range(9):
        template = template.replace("{" + str(i) + "}", f"\x00{i}")
    return template


def make(kind: str, template: str, *kids: Expr, duck: str | None = None, **more) -> Expr:
    exact = more.pop("exact", True) and (kind != "f" or all(k.exact for k in kids if k.kind == "f"))
    loose = max([more.pop("loose", 0.0), *(k.loose for k in kids)])
    sql = next((k.sql for k in kids if k.kind == kind), "")
    return Expr(kind, _slots(template), _slots(duck or template), kids, exact=exact, loose=loose, sql=sql, **more)


def leaf(text: str, column: Column) -> Expr:
    return Expr(
        column.kind,
        text,
        text,
        bound=column.bound,
        width=column.width,
        precision=column.precision,
        scale=column.scale,
        wild=column.wild,
        exact=column.exact,
        loose=column.loose,
        sql=column.sql if column.kind == "o" else "",
    )


def sql_type(e: Expr) -> str:
    return {
        "i": INT_SQL[e.width],
        "f": "DOUBLE",
        "d": f"DECIMAL({e.precision},{e.scale})",
        "s": "VARCHAR",
        "b": "BOOLEAN",
        "D": "DATE",
        "T": "TIMESTAMP",
        "a": "BIGINT[]",
        "o": e.sql or "UUID",
    }[e.kind]


class Expressions:
    def __init__(self, rng: random.Random, leaves: list[Expr]):
        self.rng = rng
        self.leaves = leaves

    def any(self, depth: int, kinds: str = "ifdsbDT") -> Expr:
        present = [e.kind for e in self.leaves if e.kind in kinds]
        kind = self.rng.choice(present) if present and self.rng.random() < 0.7 else self.rng.choice(kinds)
        return self.of(kind, depth)

    def of(self, kind: str, depth: int, safe: bool = False) -> Expr:
        """`safe`: for arithmetic, so no wild values."""
        if kind == "o" or (kind == "a" and (depth <= 0 or self.rng.random() < 0.4)):
            return self._leaf(kind, safe)
        if depth <= 0 or self.rng.random() < 0.25:
            return self._leaf(kind, safe)
        if self.rng.random() < 0.25:
            return self._choice(kind, depth - 1, safe)
        makers = {
            "i": self._integer,
            "f": self._double,
            "d": self._decimal,
            "s": self._string,
            "b": self._bool,
            "D": self._date,
            "T": self._timestamp,
            "a": self._array,
        }
        made = makers[kind](depth - 1)
        return made if made is not None else self._leaf(kind, safe)

    def _leaf(self, kind: str, safe: bool) -> Expr:
        if kind == "o":
            return self.rng.choice([e for e in self.leaves if e.kind == "o"])
        fit = [e for e in self.leaves if e.kind == kind and not (safe and (e.wild or not e.exact))]
        if fit and self.rng.random() < 0.8:
            return self.rng.choice(fit)
        return self.constant(kind)

    def constant(self, kind: str) -> Expr:
        rng = self.rng
        if kind == "i":
            v = rng.choice([0, 1, 2, 3, -1, 10, -7, 100])
            return make("i", str(v), bound=abs(v), width=32)
        if kind == "f":
            v = rng.choice([0.0, 1.0, -1.5, 2.25, 10.0, -0.0, 0.5])
            return make("f", literal(v, "DOUBLE"), bound=abs(v))
        if kind == "d":
            p, s, v = rng.choice([(2, 1, "0.5"), (3, 2, "1.25"), (3, 1, "-10.0"), (1, 0, "3")])
            return make("d", f"CAST('{v}' AS DECIMAL({p},{s}))", bound=10 ** (p - s), precision=p, scale=s)
        if kind == "s":
            v = rng.choice(["", "a", "ab", "%", "日本", "xyz", "a long constant text of some length"])
            return make("s", literal(v, "VARCHAR"), bound=len(v))
        if kind == "b":
            return make("b", rng.choice(["true", "false", "CAST(NULL AS BOOLEAN)"]))
        if kind == "D":
            return make("D", rng.choice(["DATE '1970-01-01'", "DATE '2024-02-29'", "DATE '1968-12-31'"]))
        if kind == "T":
            return make(
                "T",
                rng.choice(
                    [
                        "TIMESTAMP '1970-01-01 00:00:00'",
                        "TIMESTAMP '2024-02-29 00:05:30.5'",
                        "TIMESTAMP '1960-01-01 00:10:00'",
                    ]
                ),
            )
        return make("a", "CAST('[1, NULL, 3]' AS BIGINT[])", bound=3)

    def _array(self, depth: int) -> Expr | None:
        rng = self.rng
        a = self.of("a", depth)
        i = self.of("i", 0)
        bound = max(a.bound, i.bound)
        i = make("i", "CAST({0} AS BIGINT)", i, bound=i.bound)
        form = rng.randrange(6)
        if form == 0:
            return make("a", rng.choice(["list_sort({0})", "list_reverse({0})"]), a, bound=a.bound)
        if form == 1:
            return make("a", "({0} || {1})", a, self.of("a", 0), bound=bound)
        if form == 2:
            return make("a", "list_append({0}, {1})", a, i, bound=bound)
        if form == 3:
            low = rng.randint(1, 3)
            return make("a", f"array_slice({{0}}, {low}, {low + rng.randint(0, 3)})", a, bound=a.bound)
        if form == 4:
            return make("a", "ARRAY[{0}, {1}]", i, make("i", "CAST({0} AS BIGINT)", self.of("i", 0)), bound=bound)
        return make("a", "list_sort({0})", a, bound=a.bound)

    def _same(self, kind: str, count: int, depth: int, safe: bool) -> list[Expr]:
        return [self.of(kind, depth, safe) for _ in range(count)]

    def _merged(self, kids: list[Expr]) -> dict:
        scale = max(k.scale for k in kids)
        return {
            "bound": max(k.bound for k in kids),
            "width": max(k.width for k in kids),
            "scale": scale,
            "wild": any(k.wild for k in kids),
            "precision": min(38, max(k.precision - k.scale for k in kids) + scale),
        }

    def _choice(self, kind: str, depth: int, safe: bool) -> Expr:
        a, b, c = self._same(kind, 3, depth, safe)
        test = self.of("b", depth)
        form = self.rng.randrange(7)
        if form == 0:
            return make(kind, "CASE WHEN {0} THEN {1} ELSE {2} END", test, a, b, **self._merged([a, b]))
        if form == 1:
            return make(
                kind, "CASE WHEN {0} THEN {1} WHEN {2} IS NULL THEN {3} END", test, a, b, c, **self._merged([a, c])
            )
        if form == 2:
            return make(kind, "coalesce({0}, {1})", a, b, **self._merged([a, b]))
        if form == 3 and a.exact and b.exact:
            return make(kind, "nullif({0}, {1})", a, b, **self._merged([a, b]))
        if form == 4:
            return make(kind, "greatest({0}, {1}, {2})", a, b, c, **self._merged([a, b, c]))
        if form == 5:
            return make(kind, "least({0}, {1})", a, b, **self._merged([a, b]))
        operand = self.of("i", depth)
        return make(
            kind, "CASE {0} WHEN 1 THEN {1} WHEN 2 THEN {2} ELSE {1} END", operand, a, b, **self._merged([a, b])
        )

    def _fit(self, template: str, bound: float, *kids: Expr, duck: str | None = None) -> Expr | None:
        """An integer operation at the width of its operands, or wider where that might overflow."""
        width = max(k.width for k in kids)
        if bound >= 2 ** (width - 1):
            if bound >= 2**62:
                return None
            kids = tuple(make("i", "CAST({0} AS BIGINT)", k, bound=k.bound, width=64) for k in kids)
            width = 64
        return make("i", template, *kids, duck=duck, bound=bound, width=width)

    def _integer(self, depth: int) -> Expr | None:
        rng = self.rng
        form = rng.randrange(22)
        if form == 16:
            a, b = self._same("i", 2, depth, True)
            if a.wild or b.wild or max(a.bound, b.bound) > 10**6:
                return None
            return make(
                "i",
                rng.choice(["gcd({0}, {1})", "lcm({0}, {1})"]),
                *(make("i", "CAST({0} AS BIGINT)", k) for k in (a, b)),
                bound=10**12,
            )
        if form == 17:
            a = make("i", "CAST({0} AS BIGINT)", self.of("i", depth))
            return make(
                "i", rng.choice(["CAST(bit_count({0}) AS BIGINT)", "CAST(sign({0}) AS BIGINT)"]), a, bound=64
            )
        if form == 18:
            text, duck = rng.choice(
                [
                    ("ascii({0})", None),
                    ("bit_length({0})", None),
                    ("octet_length({0})", "strlen({0})"),
                    ("levenshtein({0}, 'abc')", None),
                ]
            )
            return make("i", text, self.of("s", depth), duck=duck, bound=2 * 10**6)
        if form == 19:
            a, b = self._same("D", 2, depth, True)
            return None if a.wild or b.wild else make("i", "({0} - {1})", a, b, bound=10**6)
        if form == 20:
            return make("i", "TRY_CAST({0} AS BIGINT)", self.of("s", depth), bound=2**63, wild=True)
        if form == 21:
            a = self.of("i", depth, True)
            return None if a.wild else make("i", "(CAST({0} AS BIGINT) >> 2)", a, bound=a.bound)
        if form < 7:
            a, b = self._same("i", 2, depth, True)
            if a.wild or b.wild:
                return None
            if form in (0, 1):
                return self._fit(rng.choice(["({0} + {1})", "({0} - {1})"]), a.bound + b.bound, a, b)
            if form == 2:
                return self._fit("({0} * {1})", a.bound * b.bound, a, b)
            if form == 3:
                return self._fit("({0} / nullif({1}, 0))", a.bound, a, b, duck="({0} // nullif({1}, 0))")
            if form == 4:
                return self._fit("({0} % nullif({1}, 0))", a.bound, a, b)
            if form == 5:
                return self._fit(rng.choice(["abs({0})", "(- {0})"]), a.bound, a)
            op, duck = rng.choice([("({0} & {1})", None), ("({0} | {1})", None), ("({0} # {1})", "xor({0}, {1})")])
            return self._fit(op, 2 * max(a.bound, b.bound) + 1, a, b, duck=duck)
        if form == 7:
            return make(
                "i",
                rng.choice(["length({0})", "char_length({0})"]),
                s := self.of("s", depth),
                bound=s.bound,
                width=64,
            )
        if form == 8:
            part = rng.choice(
                ["year", "month", "day", "dow", "doy", "quarter", "week", "isodow", "century", "decade"]
            )
            return make("i", f"extract({part} FROM {{0}})", self.of(rng.choice("DT"), depth), bound=10000)
        if form == 9:
            part = rng.choice(["hour", "minute", "second", "millisecond", "microsecond"])
            return make("i", f"extract({part} FROM {{0}})", self.of("T", depth), bound=60_000_000)
        if form == 10:
            return make("i", "strpos({0}, {1})", s := self.of("s", depth), self.of("s", 0), bound=s.bound)
        if form == 11:
            return make("i", "CAST({0} AS INTEGER)", self.of("b", depth), bound=1, width=32)
        if form == 12:
            d = self.of("d", depth, True)
            return None if d.wild or d.bound > 2**60 else make("i", "CAST({0} AS BIGINT)", d, bound=d.bound + 1)
        if form == 13:
            unit = rng.choice(["day", "month", "year", "hour", "minute", "second"])
            a, b = self._same("T", 2, depth, True)
            return None if a.wild or b.wild else make("i", f"date_diff('{unit}', {{0}}, {{1}})", a, b, bound=2**33)
        if form == 14:
            a = self.of("a", 0)
            return make(
                "i",
                rng.choice(
                    [
                        "len({0})",
                        "list_sum({0})",
                        "list_max({0})",
                        "list_min({0})",
                        "({0})[1]",
                        "list_position({0}, 5)",
                    ]
                ),
                a,
                bound=2000,
            )
        t = self.of("T", depth, True)
        return None if t.wild else make("i", "epoch_us({0})", t, bound=2**53)

    def _double(self, depth: int) -> Expr | None:
        rng = self.rng
        form = rng.randrange(12)
        if form == 9:
            return make("f", "extract(epoch FROM {0})", self.of("T", depth), bound=10**12, wild=True, exact=False)
        if form == 10:
            a, b = self._same("f", 2, 0, True)
            return (
                None
                if a.wild or b.wild
                else make(
                    "f",
                    rng.choice(["atan2({0}, {1})", "degrees({0})", "radians({0})"]),
                    a,
                    b,
                    bound=10**4,
                    exact=False,
                )
            )
        if form == 11:
            d = self.of("d", depth, True)
            return None if d.wild else make("f", "CAST({0} AS DOUBLE)", d, bound=d.bound, exact=False)
        if form == 8:
            i = self.of("i", depth, True)
            return make("f", "CAST({0} AS DOUBLE)", i, bound=max(i.bound, 1), wild=i.wild)
        a, b = self._same("f", 2, depth, True)
        if a.wild or b.wild or not a.exact or not b.exact:
            return None
        if form < 2:
            return make("f", rng.choice(["({0} + {1})", "({0} - {1})"]), a, b, bound=a.bound + b.bound)
        if form == 2:
            return make("f", "({0} * {1})", a, b, bound=a.bound * b.bound) if a.bound * b.bound < 1e12 else None
        if form == 3:
            return make("f", "({0} / nullif({1}, 0e0))", a, b, bound=a.bound, wild=True)
        if form == 4:
            return make(
                "f",
                rng.choice(["abs({0})", "(- {0})", "floor({0})", "ceil({0})", "trunc({0})"]),
                a,
                bound=a.bound + 1,
            )
        if form == 5:
            return make("f", rng.choice(["sqrt(abs({0}))", "cbrt({0})"]), a, bound=a.bound + 1, exact=False)
        if form == 6:
            return make("f", rng.choice(["sin({0})", "cos({0})", "atan({0})"]), a, bound=2, exact=False)
        return make(
            "f", rng.choice(["ln(abs({0}) + 1e0)", "log10(abs({0}) + 1e0)"]), a, bound=a.bound + 1, exact=False
        )

    def _decimal(self, depth: int) -> Expr | None:
        rng = self.rng
        form = rng.randrange(7)
        a, b = self._same("d", 2, depth, True)
        if a.wild or b.wild:
            return None
        scale = max(a.scale, b.scale)
        if form < 2:
            precision = max(a.precision - a.scale, b.precision - b.scale) + scale + 1
            if precision > 30:
                return None
            return make(
                "d",
                rng.choice(["({0} + {1})", "({0} - {1})"]),
                a,
                b,
                bound=a.bound + b.bound,
                precision=precision,
                scale=scale,
            )
        if form == 2:
            if a.precision + b.precision > 30:
                return None
            return make(
                "d",
                "({0} * {1})",
                a,
                b,
                bound=a.bound * b.bound,
                precision=a.precision + b.precision,
                scale=a.scale + b.scale,
            )
        if form == 3:
            return make(
                "d", rng.choice(["abs({0})", "(- {0})"]), a, bound=a.bound, precision=a.precision, scale=a.scale
            )
        if form == 4:
            to = rng.randint(0, 4)
            precision = min(36, len(str(int(a.bound))) + to + 2)
            return make(
                "d",
                f"CAST({{0}} AS DECIMAL({precision},{to}))",
                a,
                bound=a.bound + 1,
                precision=precision,
                scale=to,
            )
        if form == 5:
            places = rng.randint(0, a.scale)
            return make(
                "d", f"round({{0}}, {places})", a, bound=a.bound + 1, precision=a.precision + 1, scale=a.scale
            )
        i = self.of("i", depth, True)
        if i.wild or i.bound > 10**9:
            return None
        return make("d", "CAST({0} AS DECIMAL(14,2))", i, bound=i.bound + 1, precision=14, scale=2)

    def _string(self, depth: int) -> Expr | None:
        rng = self.rng
        a = self.of("s", depth)
        n = rng.randint(0, 4)
        forms = [
            "upper({0})",
            "lower({0})",
            f"substr({{0}}, {n + 1}, {rng.randint(0, 3)})",
            f"left({{0}}, {n})",
            f"right({{0}}, {n})",
            "trim({0})",
            "ltrim({0})",
            "rtrim({0})",
            "reverse({0})",
            "replace({0}, 'a', 'bc')",
            "md5({0})",
            "split_part({0}, 'b', 1)",
            "split_part({0}, ' ', 2)",
            "regexp_replace({0}, '[a-c]+', '<>')",
            "regexp_extract({0}, '[a-z]+')",
            f"lpad({{0}}, {n}, 'xy')",
            f"rpad({{0}}, {n}, '日')",
            "translate({0}, 'ab', 'x')",
            f"repeat({{0}}, {rng.randint(0, 2)})",
            "sha256({0})",
            "upper(hex({0}))",
            f"substring({{0}} FROM {n + 1} FOR 2)",
            f"left({{0}}, {-n})",
            f"right({{0}}, {-n})",
            "replace({0}, {0}, 'q')",
            "trim({0}, 'a ')",
            "array_to_string(string_split({0}, ' '), '+')",
            "regexp_replace({0}, '([a-z])([a-z])', '\\2\\1', 'g')",
            "split_part({0}, 'a', -1)",
        ]
        if rng.random() < 0.6:
            return make("s", rng.choice(forms), a, bound=2 * a.bound + 32)
        form = rng.randrange(5)
        if form < 2:
            b = self.of("s", depth)
            template = rng.choice(["({0} || {1})", "concat({0}, {1})", "concat_ws('-', {0}, {1})"])
            return make("s", template, a, b, bound=a.bound + b.bound + 1) if a.bound + b.bound < 500 else None
        kind = rng.choice("ibDTd")
        e = self.of(kind, depth)
        return make("s", "CAST({0} AS VARCHAR)", e, bound=40)

    def _bool(self, depth: int) -> Expr | None:
        rng = self.rng
        form = rng.randrange(14)
        if form < 4:
            return self.comparison(depth)
        if form == 4:
            return make("b", rng.choice(["({0} AND {1})", "({0} OR {1})"]), *self._same("b", 2, depth, False))
        if form == 5:
            return make("b", rng.choice(["(NOT {0})", "({0} IS TRUE)", "({0} IS NOT FALSE)"]), self.of("b", depth))
        if form == 6:
            opaque = any(e.kind == "o" for e in self.leaves)
            return make(
                "b",
                rng.choice(["({0} IS NULL)", "({0} IS NOT NULL)"]),
                self.any(depth, "ifdsbDTo" if opaque else "ifdsbDT"),
            )
        if form == 7:
            kind = rng.choice("idsDT")
            return make(
                "b",
                rng.choice(["({0} BETWEEN {1} AND {2})", "({0} NOT BETWEEN {1} AND {2})"]),
                *self._same(kind, 3, depth, False),
            )
        if form == 8:
            kind = rng.choice("idsDT")
            a = self.of(kind, depth)
            return make(
                "b",
                rng.choice(["({0} IN ({1}, {2}))", "({0} NOT IN ({1}, {2}))"]),
                a,
                self.constant(kind),
                self.of(kind, 0),
            )
        if form == 9:
            kind = rng.choice("idsbDT")
            return make(
                "b",
                rng.choice(["({0} IS DISTINCT FROM {1})", "({0} IS NOT DISTINCT FROM {1})"]),
                *self._same(kind, 2, depth, False),
            )
        if form == 10:
            pattern = rng.choice(["a%", "%b%", "_", "%", "", "%日%", "A%", "%t_xt%", "%a%b", "abc%"])
            return make(
                "b",
                rng.choice(["({0} LIKE '", "({0} ILIKE '", "({0} NOT LIKE '"]) + pattern + "')",
                self.of("s", depth),
            )
        if form == 11:
            name = rng.choice(["starts_with", "ends_with", "contains"])
            return make("b", name + "({0}, {1})", *self._same("s", 2, depth, False))
        if form == 12:
            return make(
                "b",
                "list_contains({0}, {1})",
                self.of("a", 0),
                make("i", "CAST({0} AS BIGINT)", self.of("i", depth)),
            )
        return make(
            "b", "regexp_matches({0}, '" + rng.choice(["^a", "[0-9]", "b.d", "(x|y)$"]) + "')", self.of("s", depth)
        )

    def comparison(self, depth: int) -> Expr | None:
        op = self.rng.choice(["=", "<>", "<", "<=", ">", ">="])
        kind = self.rng.choice("iifdssDT")
        a, b = self._same(kind, 2, depth, False)
        if kind == "i" and self.rng.random() < 0.3:
            b = self.of(self.rng.choice("fd"), depth, True)
            if a.wild:
                return None
        if not a.exact or not b.exact:
            return None
        return make("b", f"({{0}} {op} {{1}})", a, b)

    def _date(self, depth: int) -> Expr | None:
        form = self.rng.randrange(5)
        if form == 4:
            i = self.of("i", 0, True)
            if i.wild:
                return None
            return make("D", "make_date(CAST(1970 + (CAST({0} AS BIGINT) % 50) AS INTEGER), 2, 28)", i)
        if form == 0:
            return make("D", "CAST({0} AS DATE)", t := self.of("T", depth), wild=t.wild)
        d = self.of("D", depth, True)
        if d.wild:
            return None
        if form == 1:
            return make("D", f"({{0}} {self.rng.choice('+-')} {self.rng.randint(0, 400)})", d)
        if form == 2:
            return make("D", "last_day({0})", d)
        i = self.of("i", 0, True)
        if i.wild or i.bound > 5000:
            return None
        return make("D", "({0} + CAST({1} AS INTEGER))", d, i, wild=True)

    def _timestamp(self, depth: int) -> Expr | None:
        rng = self.rng
        form = rng.randrange(5)
        if form == 0:
            return make("T", "CAST({0} AS TIMESTAMP)", d := self.of("D", depth), wild=d.wild)
        t = self.of("T", depth, True)
        if t.wild:
            return None
        if form == 1:
            unit = rng.choice(["SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR"])
            return make("T", f"({{0}} {rng.choice('+-')} INTERVAL '{rng.randint(0, 40)}' {unit})", t)
        if form == 2:
            unit = rng.choice(["second", "minute", "hour", "day", "week", "month", "quarter", "year"])
            return make("T", f"date_trunc('{unit}', {{0}})", t)
        if form == 3:
            size = rng.choice(["'7' MINUTE", "'90' SECOND", "'5' HOUR", "'1' DAY", "'1' MONTH"])
            return make("T", f"time_bucket(INTERVAL {size}, {{0}})", t)
        return (
            make("T", f"({{0}} + INTERVAL '{rng.randint(1, 36)}' HOUR)", self.of("D", depth, True))
            if not t.wild
            else None
        )


def simpler(e: Expr) -> list[Expr]:
    """Smaller expressions of the same kind, for making a failing query small."""
    out = [k for k in e.kids if k.kind == e.kind]
    for i, kid in enumerate(e.kids):
        out += [replace(e, kids=e.kids[:i] + (smaller,) + e.kids[i + 1 :]) for smaller in simpler(kid)]
    return out
