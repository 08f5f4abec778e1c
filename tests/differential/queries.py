"""Random queries as small structures, printed in both dialects, and made smaller piece by piece when they fail."""

from __future__ import annotations

import copy
import random
import re
from dataclasses import dataclass, field

from expressions import Expr, Expressions, leaf, make, sql_type
from values import Column

BASE = "@T@"  # the relation below everything; DuckDB: with its extra column w__, the watermark before the row


@dataclass
class Window:
    size: int  # microseconds
    slide: int
    offset: int
    in_from: bool
    column: str = "ts"

    @property
    def is_hop(self) -> bool:
        return self.slide != self.size

    def call(self, first: str) -> str:
        interval = lambda us: (
            f"INTERVAL '{us // 1_000_000}' SECOND" if us % 1_000_000 == 0 else f"INTERVAL '{us}' MICROSECOND"
        )
        args = (
            ([interval(self.slide)] if self.is_hop else [])
            + [interval(self.size)]
            + ([interval(self.offset)] if self.offset else [])
        )
        return f"{'HOP' if self.is_hop else 'TUMBLE'}({first}, {', '.join(args)})"


@dataclass
class Streaming:
    """What a stream leaves out, for the other side: rows behind the watermark, windows not yet complete."""

    lateness: int | None = None  # None: nothing is late
    fired: int | None = None  # only windows that end by then
    all_fired: bool = True


@dataclass
class Select:
    items: list  # [(Expr, name)]
    source: object = BASE  # BASE, Select or Union
    style: str = "derived"  # how a Select below is written: derived, cte
    where: list = field(default_factory=list)
    group: list | None = None
    having: list = field(default_factory=list)
    distinct: bool = False
    window: Window | None = None
    unnest: str | None = None
    by_arrival: bool = False  # has first_value or last_value without ORDER BY
    bound_calls: bool = False  # TUMBLE_START(...) for window_start
    ordinals: bool = False  # GROUP BY 1, 2 where keys are shown

    def columns(self) -> list[Column]:
        out = []
        for e, name in self.items:
            out.append(
                Column(
                    name,
                    e.kind,
                    sql_type(e),
                    e.bound,
                    e.width,
                    e.precision,
                    e.scale,
                    wild=e.wild,
                    exact=e.exact,
                    loose=e.loose,
                )
            )
        return out

    def selects(self):
        yield self
        if isinstance(self.source, (Select, Union)):
            yield from self.source.selects()


@dataclass
class Union:
    sides: list
    all: bool

    def columns(self):
        return self.sides[0].columns()

    @property
    def items(self):
        return self.sides[0].items

    def selects(self):
        for side in self.sides:
            yield from side.selects()


@dataclass
class Query:
    body: object
    order: list = field(default_factory=list)  # [(item, descending, nulls)]
    limit: int | None = None
    offset: int | None = None

    def text(
        self, dialect: str, base: str = BASE, streaming: Streaming | None = None, with_order: bool = True
    ) -> str:
        ctes: list[str] = []
        out = body_text(self.body, dialect, streaming or Streaming(), ctes)
        if ctes:
            out = "WITH " + ", ".join(ctes) + " " + out
        if with_order:
            out += self.order_text()
        return out.replace(BASE, base)

    def order_text(self) -> str:
        out = ""
        if self.order:
            out += " ORDER BY " + ", ".join(f"{i + 1} {'DESC' if d else 'ASC'} NULLS {n}" for i, d, n in self.order)
        if self.limit is not None:
            out += f" LIMIT {self.limit}"
        if self.offset is not None:
            out += f" OFFSET {self.offset}"
        return out

    def has_window(self) -> bool:
        return any(s.window for s in self.body.selects())


def body_text(body, dialect: str, streaming: Streaming, ctes: list[str]) -> str:
    if isinstance(body, Union):
        return (" UNION ALL " if body.all else " UNION ").join(
            body_text(s, dialect, streaming, ctes) for s in body.sides
        )
    source = BASE
    if body.source != BASE:
        inner = body_text(body.source, dialect, streaming, ctes)
        if body.style == "cte":
            name = f"w{len(ctes)}"
            ctes.append(f"{name} AS ({inner})")
            source = f"{name} AS t"
        else:
            source = f"({inner}) AS t"
    else:
        source = f"{BASE} AS t"
    group = None if body.group is None else [key_text(body, e, dialect) for e in body.group]
    if body.window is not None:
        if dialect == "duck":
            source = duck_window(body.window, streaming, source)
            group += ["window_start", "window_end"]
        elif body.window.in_from:
            source = body.window.call(f"{BASE}, ts") + " AS t"
            group += ["window_start", "window_end"]
        else:
            group.append(body.window.call("t." + body.window.column))
    if body.unnest:
        source += f" CROSS JOIN UNNEST(t.{body.unnest}) AS u(x)"
    out = (
        "SELECT "
        + ("DISTINCT " if body.distinct else "")
        + ", ".join(f"{item_text(body, e, dialect)} AS {name}" for e, name in body.items)
    )
    out += f" FROM {source}"
    if body.where:
        out += " WHERE " + " AND ".join(e.text(dialect) for e in body.where)
    if group:
        out += " GROUP BY " + ", ".join(group)
    if body.having:
        out += " HAVING " + " AND ".join(e.text(dialect) for e in body.having)
    return out


def item_text(body: Select, e: Expr, dialect: str) -> str:
    text = e.text(dialect)
    if dialect != "laminar" or not body.bound_calls or body.window.in_from:
        return text
    call = body.window.call("t." + body.window.column)
    kind, arguments = call.split("(", 1)
    return re.sub(r"\bwindow_(start|end)\b", lambda m: f"{kind}_{m[1].upper()}({arguments}", text)


def key_text(body: Select, key: Expr, dialect: str) -> str:
    places = [i for i, (e, _) in enumerate(body.items) if e is key]
    return str(places[0] + 1) if body.ordinals and places and dialect == "laminar" else key.text(dialect)


def duck_window(window: Window, streaming: Streaming, source: str) -> str:
    d, o, s = window.slide, window.offset, window.size
    time = f"t.{window.column}"
    last = f"(us__ - ((((us__ - {o}) % {d}) + {d}) % {d}))"
    timed = f"SELECT t.*, epoch_us({time}) AS us__ FROM {source} WHERE {time} IS NOT NULL"
    first = f"{last} - {(s // d + 1) * d}"
    starts = f"SELECT *, unnest(generate_series({first}, {last}, {d})) AS ws__ FROM ({timed})"
    keep = f"ws__ + {s} > us__"
    if streaming.lateness is not None and window.column == "ts":  # what a window gives is never late
        keep += f" AND (w__ IS NULL OR w__ < ws__ + {s} + {streaming.lateness})"
    if not streaming.all_fired:
        keep += " AND false" if streaming.fired is None else f" AND ws__ + {s} <= {streaming.fired}"
    bounds = f"make_timestamp(ws__) AS window_start, make_timestamp(ws__ + {s}) AS window_end"
    return f"(SELECT *, {bounds} FROM ({starts}) WHERE {keep}) AS t"


class Queries:
    def __init__(self, rng: random.Random, columns: list[Column]):
        self.rng = rng
        self.columns = columns
        self.depth = rng.choice([1, 2, 3])

    def query(self) -> Query:
        rng = self.rng
        form = rng.randrange(12)
        if form < 2:
            body = self.union()
        elif form < 5:
            inner = self.select(self.columns, BASE)
            body = self.over_window(inner) or self.select(inner.columns(), inner, windows=False)
        elif form == 5:
            inner = self.union()
            body = self.select(inner.columns(), inner, windows=False)
        else:
            body = self.select(self.columns, BASE)
        query = Query(body)
        if rng.random() < 0.4 and isinstance(body, Select):
            places = list(range(len(body.items)))
            rng.shuffle(places)
            query.order = [(i, rng.random() < 0.5, rng.choice(["FIRST", "LAST"])) for i in places]
            if all(e.exact for e, _ in body.items) and rng.random() < 0.6:
                query.limit = rng.choice([0, 1, 3, 10, 1000])
                query.offset = rng.choice([None, None, 0, 2, 20])
        return query

    def select(self, columns: list[Column], source, windows: bool = True) -> Select:
        rng = self.rng
        leaves = [leaf(f"t.{c.name}", c) for c in columns]
        style = rng.choice(["derived", "cte"])
        unnest = None
        arrays = [c for c in columns if c.kind == "a"]
        if arrays and rng.random() < 0.5:
            unnest = rng.choice(arrays).name
            leaves.append(leaf("u.x", Column("x", "i", "BIGINT", 9)))
        scope = Expressions(rng, leaves)
        where = [scope.of("b", self.depth) for _ in range(rng.choice([0, 0, 1, 1, 2]))]
        form = rng.randrange(10)
        if windows and unnest is None and form < 3:
            return self.windowed(scope, source, where)
        if form < 7:
            return self.grouped(scope, source, style, where, unnest, columns)
        opaque = any(c.kind == "o" for c in columns)
        items = [
            (scope.any(self.depth, "ifdsbDT" + ("a" if arrays else "") + ("o" if opaque else "")), f"c{i}")
            for i in range(rng.randint(1, 4))
        ]
        distinct = rng.random() < 0.3 and all(e.exact for e, _ in items)
        return Select(items, source, style, where, distinct=distinct, unnest=unnest)

    def over_window(self, inner: Select) -> Select | None:
        """A window over the bounds of a window."""
        bounds = [name for e, name in inner.items if e.laminar in ("window_start", "window_end")]
        if inner.window is None or inner.distinct or not bounds or self.rng.random() < 0.4:
            return None
        scope = Expressions(self.rng, [leaf(f"t.{c.name}", c) for c in inner.columns()])
        return self.windowed(scope, inner, [], self.rng.choice(bounds))

    def union(self) -> Union:
        rng = self.rng
        first = self.select(self.columns, BASE, windows=False)
        while first.group is not None or not all(e.exact for e, _ in first.items):
            first = self.select(self.columns, BASE, windows=False)
        scope = Expressions(rng, [leaf(f"t.{c.name}", c) for c in self.columns])
        sides = [first]
        for _ in range(rng.choice([1, 1, 2])):
            items = []
            for e, name in first.items:
                other = scope.of(e.kind, self.depth)
                tries = 0
                while (not other.exact or sql_type(other) != sql_type(e)) and tries < 20:
                    other, tries = scope.of(e.kind, self.depth), tries + 1
                if not other.exact or sql_type(other) != sql_type(e):
                    other = make(
                        e.kind,
                        f"CAST(NULL AS {sql_type(e)})",
                        bound=e.bound,
                        width=e.width,
                        precision=e.precision,
                        scale=e.scale,
                    )
                items.append((other, name))
            sides.append(Select(items, BASE, where=[scope.of("b", self.depth)] if rng.random() < 0.6 else []))
        union = Union(sides, rng.random() < 0.6)
        for i, (e, name) in enumerate(first.items):  # what comes out is as large as the largest side
            kids = [s.items[i][0] for s in sides]
            e.bound, e.wild = max(k.bound for k in kids), any(k.wild for k in kids)
        return union

    def key(self, scope: Expressions) -> Expr:
        for _ in range(20):
            e = scope.any(
                1 if self.rng.random() < 0.4 else 0,
                "ifdsbDT" + ("o" if any(l.kind == "o" for l in scope.leaves) else ""),
            )
            if e.exact and e.kids or any(e is l for l in scope.leaves):
                return e
        return self.rng.choice(scope.leaves)

    def grouped(self, scope, source, style, where, unnest, columns) -> Select:
        rng = self.rng
        keys = [self.key(scope) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
        keys = [k for k in keys if k.exact and k.kind != "a" or rng.random() < 0.2]
        keys = [k for k in keys if "t." in k.text("duck") or "u.x" in k.text("duck")]
        has_id = any(c.name == "id" for c in columns) and unnest is None
        return self.finish_group(scope, keys, [], has_id, Select([], source, style, where, unnest=unnest))

    def windowed(self, scope, source, where, column: str = "ts") -> Select:
        rng = self.rng
        second = 1_000_000
        slide = rng.choice([1, 7, 10, 60, 300]) * second
        size = slide * rng.choice([1, 1, 1, 2, 3, 5]) + (rng.choice([0, slide // 2]) if rng.random() < 0.2 else 0)
        offset = rng.choice([0, 0, 0, second, -3 * second, slide // 2])
        keys = [self.key(scope) for _ in range(rng.choice([0, 0, 1, 2]))]
        keys = [k for k in keys if k.exact and k.kind != "a" and "t." in k.text("duck")]
        bounds = [
            leaf("window_start", Column("window_start", "T", "TIMESTAMP")),
            leaf("window_end", Column("window_end", "T", "TIMESTAMP")),
        ]
        select = Select(
            [],
            source,
            "derived",
            where,
            window=Window(size, slide, offset, source == BASE and rng.random() < 0.3, column),
        )
        return self.finish_group(scope, keys, bounds, source == BASE, select)

    def finish_group(self, scope, keys, bounds, has_id, select) -> Select:
        rng = self.rng
        select.group = keys
        shown = [k for k in keys + bounds if rng.random() < 0.85]
        calls = [self.aggregate(scope, has_id) for _ in range(rng.randint(0 if shown else 1, 4))]
        outer = Expressions(rng, keys + bounds + calls)
        items = shown + calls
        if rng.random() < 0.3 and items:
            items.append(outer.any(1))
        rng.shuffle(items)
        select.ordinals = rng.random() < 0.15
        select.bound_calls = select.window is not None and rng.random() < 0.2
        if select.window is not None and has_id and rng.random() < 0.4:
            e = self._exact(scope, 0)
            select.by_arrival = True
            if rng.random() < 0.5:
                items.append(self._skipping_nulls(e, "first_value", "first", "", "t.ts, t.id"))
            else:
                items.append(self._skipping_nulls(e, "last_value", "last", "", "t.ts, t.id"))
            items[-1].laminar, items[-1].duck = items[-1].laminar.replace("@F@", ""), items[-1].duck.replace(
                "@F@", ""
            )
        select.items = [(e, f"c{i}") for i, e in enumerate(items)]
        if rng.random() < 0.25:
            having = outer.of("b", 1)
            if having.exact:
                select.having = [having]
        if rng.random() < 0.1 and all(e.exact for e in items):
            select.distinct = True
        return select

    def aggregate(self, scope: Expressions, has_id: bool) -> Expr:
        rng = self.rng
        made = None
        while made is None:
            made = self._aggregate(scope, has_id)
        if rng.random() < 0.25:
            test = scope.of("b", 1)
            n = len(made.kids)
            filtered = copy.copy(made)
            for attribute in ("laminar", "duck"):
                text = getattr(made, attribute)
                close = text.rindex("@F@")
                setattr(filtered, attribute, text[:close] + f" FILTER (WHERE \x00{n})" + text[close + 3 :])
            filtered.kids = made.kids + (test,)
            made = filtered
        made.laminar, made.duck = made.laminar.replace("@F@", ""), made.duck.replace("@F@", "")
        return made

    def _aggregate(self, scope: Expressions, has_id: bool) -> Expr | None:
        rng = self.rng
        form = rng.randrange(26)
        depth = rng.choice([0, 0, 1])
        if form == 20:
            e = scope.of(rng.choice("if"), depth, True)
            if e.wild or not e.exact or e.bound > 10**4:
                return None
            return make(
                "f",
                rng.choice(["skewness({0})@F@", "kurtosis({0})@F@", "kurtosis_pop({0})@F@", "mad({0})@F@"]),
                e,
                exact=False,
                loose=1e-6,
            )
        if form == 21:
            a, b = scope.of("i", 0, True), scope.of("f", 0, True)
            if a.wild or b.wild or a.bound > 10**4:
                return None
            name = rng.choice(["regr_sxx", "regr_syy", "regr_sxy", "regr_avgy"])
            return make("f", name + "({0}, {1})@F@", a, b, exact=False, loose=1e-5)
        if form == 22:
            e = scope.of(rng.choice("idDT"), depth)
            if e.wild:
                return None
            q = rng.choice(["0.5", "0.1", "0.99", "0", "1"])
            return make(
                e.kind,
                f"percentile_disc({q}) WITHIN GROUP (ORDER BY {{0}})@F@",
                e,
                duck=f"quantile_disc({{0}}, {q})@F@",
                bound=e.bound,
                width=e.width,
                precision=e.precision,
                scale=e.scale,
            )
        if form == 23:
            e = scope.of("s", depth)
            return make("s", "string_agg(DISTINCT {0}, '/' ORDER BY {0})@F@", e, bound=e.bound * 100)
        if form == 24:
            e = self._exact(scope, 0, "ifdsbDT")
            return make("i", rng.choice(["count({0})@F@", "count(DISTINCT {0})@F@"]), e, bound=10**6)
        if form == 25 and any(l.kind == "o" for l in scope.leaves):
            e = scope.of("o", 0)
            return make("o", rng.choice(["min({0})@F@", "max({0})@F@"]), e)
        if form == 0:
            return make("i", "count(*)@F@", bound=10**6)
        if form == 1:
            return make(
                "i", rng.choice(["count({0})@F@", "count(DISTINCT {0})@F@"]), self._exact(scope, depth), bound=10**6
            )
        if form < 5:
            e = scope.of(rng.choice("ifd"), depth, True)
            if e.wild or not e.exact or e.bound > 10**12:
                return None
            call = rng.choice(["sum({0})@F@", "sum({0})@F@", "sum(DISTINCT {0})@F@", "avg({0})@F@"])
            if call.startswith("avg"):
                loose = 10.0 ** -max(6, e.scale) if e.kind == "d" else 1e-9
                return make("f", f"CAST({call} AS DOUBLE)", e, bound=e.bound, exact=False, loose=loose)
            if e.kind == "i":
                return make("i", f"CAST({call} AS BIGINT)", e, bound=e.bound * 10**5)
            if e.kind == "d":
                return make("d", call, e, bound=e.bound * 10**5, precision=38, scale=e.scale, wild=True)
            return make("f", call, e, bound=e.bound * 10**5, exact=False, loose=1e-9)
        if form < 8:
            e = self._exact(scope, depth, "ifdsbDT")
            return make(
                e.kind,
                rng.choice(["min({0})@F@", "max({0})@F@"]),
                e,
                bound=e.bound,
                width=e.width,
                precision=e.precision,
                scale=e.scale,
                wild=e.wild,
            )
        if form == 8:
            e = scope.of(rng.choice("if"), depth, True)
            if e.wild or not e.exact or e.bound > 10**6:
                return None
            name = rng.choice(["stddev", "stddev_pop", "var_samp", "var_pop", "variance", "stddev_samp"])
            return make("f", name + "({0})@F@", e, bound=e.bound**2, exact=False, loose=1e-7)
        if form == 9:
            return make("b", rng.choice(["bool_and({0})@F@", "bool_or({0})@F@"]), scope.of("b", depth))
        if form == 10:
            e = scope.of("s", depth)
            order = rng.choice(["", " DESC"])
            return make("s", f"string_agg({{0}}, '|' ORDER BY {{0}}{order})@F@", e, bound=e.bound * 100)
        if form == 11 and has_id:
            e = scope.of("s", depth)
            return make("s", "string_agg({0}, ',' ORDER BY t.id)@F@", e, bound=e.bound * 100)
        if form == 12:
            e = self._exact(scope, depth, "idsDT")
            if e.kind == "i":
                e = make("i", "CAST({0} AS BIGINT)", e, bound=e.bound, wild=e.wild)
                return make(
                    "a",
                    f"array_agg({{0}} ORDER BY {{0}}{rng.choice(['', ' DESC'])} "
                    f"NULLS {rng.choice(['FIRST', 'LAST'])})@F@",
                    e,
                    bound=e.bound,
                )
            return make("i", f"len(array_agg({{0}} ORDER BY {{0}})@F@)", e, bound=10**6)
        if form == 13:
            e = scope.of(rng.choice("if"), depth, True)
            if e.wild or not e.exact:
                return None
            call = rng.choice(
                [
                    "median({0})@F@",
                    "quantile_cont({0}, 0.25)@F@",
                    "quantile_cont({0}, 0.9)@F@",
                    "percentile_cont(0.5) WITHIN GROUP (ORDER BY {0})@F@",
                ]
            )
            return make("f", call, e, bound=e.bound, exact=False, loose=1e-9)
        if form == 14 and has_id:
            e = self._exact(scope, depth, "ifdsbDT")
            order = rng.choice(["t.id", "t.id DESC", "t.ts, t.id", "t.ts DESC, t.id DESC"])
            laminar, duck = rng.choice([("first_value", "first"), ("last_value", "last")])
            # first_value skips NULLs
            return self._skipping_nulls(e, laminar, duck, order)
        if form == 15 and has_id:
            e = self._exact(scope, depth, "ifdsbDT")
            return make(
                e.kind,
                rng.choice(["arg_min({0}, t.id)@F@", "arg_max({0}, t.id)@F@"]),
                e,
                bound=e.bound,
                width=e.width,
                precision=e.precision,
                scale=e.scale,
                wild=e.wild,
            )
        if form == 16:
            e = scope.of("i", depth, True)
            if e.wild:
                return None
            return make(
                "i",
                rng.choice(["bit_and({0})@F@", "bit_or({0})@F@", "bit_xor({0})@F@"]),
                e,
                bound=2 * e.bound + 1,
                width=e.width,
            )
        if form == 17:
            a, b = scope.of("f", 0, True), scope.of("f", 0, True)
            if a.wild or b.wild:
                return None
            return make(
                "f",
                rng.choice(
                    [
                        "covar_pop({0}, {1})@F@",
                        "covar_samp({0}, {1})@F@",
                        "regr_count({0}, {1})@F@",
                        "regr_avgx({0}, {1})@F@",
                    ]
                ),
                a,
                b,
                bound=a.bound * b.bound,
                exact=False,
                loose=1e-7,
            )
        if form == 18:
            return make(
                "i",
                "count_if({0})@F@",
                scope.of("b", depth),
                duck="CAST(coalesce(count_if({0})@F@, 0) AS BIGINT)",
                bound=10**6,
            )
        return make("i", "count(*)@F@", bound=10**6)

    def _skipping_nulls(self, e: Expr, laminar: str, duck: str, order: str, duck_order: str = "") -> Expr:
        """first_value and last_value skip NULLs; without an order they go by event time, then arrival."""
        own, order = f" ORDER BY {order}" if order else "", duck_order or order
        value = dict(bound=e.bound, width=e.width, precision=e.precision, scale=e.scale, wild=e.wild)
        return make(
            e.kind,
            f"{laminar}({{0}}{own})@F@",
            e,
            duck=f"list_extract(list_filter(list({{0}} ORDER BY {order})@F@, lambda v_: v_ IS NOT NULL), "
            f"{1 if duck == 'first' else -1})",
            **value,
        )

    def _exact(self, scope: Expressions, depth: int, kinds: str = "ifdsbDT") -> Expr:
        e = scope.any(depth, kinds)
        while not e.exact:
            e = scope.any(depth, kinds)
        return e
