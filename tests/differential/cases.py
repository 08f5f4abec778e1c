"""A case: rows, a query, and the ways it is run in LaminarDB, each with what DuckDB must say to the same rows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from queries import Queries, Query, Select, Streaming, Union
from values import Column, csv_text, micros, random_columns, random_rows, row_text

SECOND = 1_000_000


@dataclass
class Way:
    name: str
    statements: list[str]
    expected: str  # DuckDB
    is_sequence: bool = False
    is_changelog: bool = False
    counts: list[str] = field(default_factory=list)  # its columns, where it does not answer with those of the query


@dataclass
class Case:
    seed: int
    columns: list[Column]
    rows: list[tuple]
    query: Query
    delay: int
    lateness: int
    emit: str
    only_way: str = ""  # when a failing case is made smaller

    def watermarks(self) -> list:
        """Before each row, and after the last: the running maximum of event times less the delay."""
        out, top = [], None
        for row in self.rows:
            out.append(None if top is None else top - self.delay)
            if row[1] is not None:
                top = micros(row[1]) if top is None else max(top, micros(row[1]))
        return out + [None if top is None else top - self.delay]


def make_case(seed: int) -> Case:
    rng = random.Random(seed)
    columns = random_columns(rng)
    rows = random_rows(rng, columns)
    query = Queries(rng, columns).query()
    delay = rng.choice([0, 0, 1, 10, 60, 600]) * SECOND
    lateness = rng.choice([0, 0, 5, 60]) * SECOND
    emit = rng.choice(["", "", "ON WATERMARK", "ON UPDATE", "ON WINDOW CLOSE", "CHANGES"])
    return Case(seed, columns, rows, query, delay, lateness, emit)


class Ways:
    """The statements of one case; `prefix` keeps names of cases apart."""

    def __init__(self, case: Case, prefix: str, folder: str):
        self.case = case
        self.rng = random.Random(case.seed + 1)
        self.prefix = prefix
        self.folder = folder
        self.count = 0
        self.body = case.query.body
        self.top_window = isinstance(self.body, Select) and self.body.window is not None
        windows = [s for s in self.body.selects() if s.window is not None]
        self.has_cascade = len(windows) > 1
        self.by_arrival = any(s.by_arrival for s in windows)
        self.ways: list[Way] = []

    def all(self) -> list[Way]:
        makers = [
            self.batch_table,
            self.batch_file,
            self.view_inserted,
            self.view_file,
            self.view_keyed,
            self.view_layers,
            self.changes,
            self.keyed_layers,
            self.insert_select,
            self.view_limit,
            self.limit_inside,
            self.second_view,
            self.query_over_view,
            self.sink_and_back,
        ]
        for maker in makers:
            self.rng = random.Random(self.case.seed + 1)
            if not self.case.only_way or self.case.only_way == maker.__name__:
                maker()
        for way in self.ways:  # the number of cores changes no result
            way.statements.insert(0, f"SET worker_cores = {self.rng.choice([1, 1, 2, 4])}")
        return self.ways

    # --- pieces ---

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{self.prefix}{letter}{self.count}"

    def definition(self, key: bool = False, watermark: bool = False) -> str:
        parts = [f"{c.name} {c.sql}" for c in self.case.columns]
        if key:
            parts[0] += " PRIMARY KEY"
        if watermark:
            parts.append(f"WATERMARK FOR ts AS ts - INTERVAL '{self.case.delay // SECOND}' SECOND")
        return "(" + ", ".join(parts) + ")"

    def inserts(self, table: str, rows: list[tuple], cuts: int) -> list[str]:
        places = sorted({0, len(rows), *(self.rng.randint(0, len(rows)) for _ in range(cuts))})
        out = []
        for a, b in zip(places, places[1:]):
            out.append(
                f"INSERT INTO {table} VALUES " + ", ".join(row_text(r, self.case.columns) for r in rows[a:b])
            )
        return out

    def file_source(self) -> tuple[str, list[str]]:
        """Without a window a watermark is declared only where no row lacks an event time: such rows never pass one."""
        case = self.case
        self.has_watermark = case.query.has_window() or all(r[1] is not None for r in case.rows)
        source = self.name("f")
        path = f"{self.folder}/{source}.csv"
        with open(path, "w", encoding="utf-8") as f:
            f.write(csv_text(self.case.rows, self.case.columns))
        rows = self.rng.choice([1, 2, 3, 7, 16, 64, 1000, 1024])
        return source, [
            f"SET batch_rows = {rows}",
            f"CREATE SOURCE {source} {self.definition(watermark=self.has_watermark)} "
            f"WITH (connector = 'file', path = '{path}')",
        ]

    def select_view(self, view: str) -> str:
        return f"SELECT * FROM {view}" + self.case.query.order_text()

    def is_sequence(self) -> bool:
        return bool(self.case.query.order) and all(e.exact for e, _ in self.body.items)

    def expected(self, streaming: Streaming | None, with_order: bool = True) -> str:
        return self.case.query.text("duck", "t", streaming, with_order)

    def clauses(self, emit: str, is_query: bool = False) -> tuple[str, int]:
        """ALLOW LATENESS and EMIT after a query, and the lateness that follows."""
        out, lateness = "", 0
        if self.top_window and self.case.lateness and not self.has_cascade:
            lateness = self.case.lateness
            out += f" ALLOW LATENESS INTERVAL '{lateness // SECOND}' SECOND"
        # Through a SELECT that does not group, EMIT would reach a window below it.
        passes_on = isinstance(self.body, Select) and self.body.group is None and self.case.query.has_window()
        if emit and (self.top_window or (emit in ("ON UPDATE", "CHANGES") and (is_query or not passes_on))):
            out += f" EMIT {emit}"
        return out, lateness

    def text(self, base: str) -> str:
        return self.case.query.text("laminar", base, with_order=False)

    # --- ways ---

    def batch_table(self):
        t = self.name("t")
        statements = [
            f"CREATE TABLE {t} {self.definition()}",
            *self.inserts(t, self.case.rows, self.rng.choice([0, 3])),
        ]
        statements.append(self.case.query.text("laminar", t))
        self.ways.append(Way("batch_table", statements, self.expected(None), self.is_sequence()))

    def batch_file(self):
        f, statements = self.file_source()
        statements.append(self.case.query.text("laminar", f))
        self.ways.append(Way("batch_file", statements, self.expected(None), self.is_sequence()))

    def look(self, view: str, inserts: list[str]) -> list[str]:
        """Sometimes somebody reads in between, which must change nothing."""
        out = []
        for insert in inserts:
            out.append(insert)
            if self.rng.random() < 0.15:
                out.append(f"SELECT * FROM {view}")
        return out

    def view_inserted(self):
        if self.has_cascade:
            return
        case, t, v = self.case, self.name("t"), self.name("v")
        with_watermark = case.query.has_window()
        kind = "SOURCE" if with_watermark or self.rng.random() < 0.3 else "TABLE"
        clauses, lateness = self.clauses(case.emit)
        create = f"CREATE MATERIALIZED VIEW {v} AS {self.text(t)}{clauses}"
        inserts = self.inserts(t, case.rows, self.rng.choice([0, 2, 5, 20]))
        at = 0 if kind == "SOURCE" else self.rng.randint(0, len(inserts))
        statements = [
            f"CREATE {kind} {t} {self.definition(watermark=with_watermark)}",
            *inserts[:at],
            create,
            *self.look(v, inserts[at:]),
            self.select_view(v),
        ]
        streaming = None
        if with_watermark:
            last = case.watermarks()[-1]
            always = self.top_window and case.emit in ("ON UPDATE", "CHANGES")
            if last is not None and self.top_window and case.emit == "ON WINDOW CLOSE":
                last -= lateness
            streaming = Streaming(lateness, last, always)
        self.ways.append(Way("view_inserted", statements, self.expected(streaming), self.is_sequence()))

    def view_file(self):
        f, statements = self.file_source()
        v = self.name("v")
        clauses, lateness = self.clauses(self.case.emit)
        statements += [
            f"CREATE MATERIALIZED VIEW {v} AS {self.text(f)}{clauses}",
            f"WAIT FOR {v}",
            self.select_view(v),
        ]
        self.ways.append(Way("view_file", statements, self.expected(Streaming(lateness)), self.is_sequence()))

    def view_keyed(self):
        """Every row may have had other values before: the last one under its key counts."""
        case, rng, t, v = self.case, self.rng, self.name("k"), self.name("v")
        if (case.query.has_window() and not self.top_window) or self.has_cascade or self.by_arrival:
            return
        inserts = self.inserts(t, self.history(), rng.choice([0, 2, 5, 20]))
        at = rng.randint(0, len(inserts))
        emit = " EMIT ON UPDATE" if self.top_window else ""
        create = f"CREATE MATERIALIZED VIEW {v} AS {self.text(t)}{emit}"
        statements = [
            f"CREATE TABLE {t} {self.definition(key=True)}",
            *inserts[:at],
            create,
            *self.look(v, inserts[at:]),
            self.select_view(v),
        ]
        self.ways.append(Way("view_keyed", statements, self.expected(None), self.is_sequence()))

    def view_layers(self):
        """The query below as a view of its own."""
        body = self.body
        if not isinstance(body, Select) or not isinstance(body.source, (Select, Union)):
            return
        f, statements = self.file_source()
        below, v = self.name("b"), self.name("v")
        kind = self.rng.choice(["MATERIALIZED VIEW", "MATERIALIZED VIEW", "VIEW"])
        statements.append(f"CREATE {kind} {below} AS {Query(body.source).text('laminar', f)}")
        statements += [f"CREATE MATERIALIZED VIEW {v} AS {self.over(below)}", f"WAIT FOR {v}", self.select_view(v)]
        self.ways.append(Way("view_layers", statements, self.expected(Streaming(0)), self.is_sequence()))

    def changes(self):
        f, statements = self.file_source()
        clauses, lateness = self.clauses("CHANGES", True)
        statements.append(self.text(f) + clauses)
        self.ways.append(Way("changes", statements, self.expected(Streaming(lateness), False), is_changelog=True))

    def keyed_layers(self):
        """A view over a view over a table whose rows are replaced; both may come late."""
        body, rng = self.body, self.rng
        if (
            not isinstance(body, Select)
            or not isinstance(body.source, (Select, Union))
            or self.case.query.has_window()
        ):
            return
        t, below, v = self.name("k"), self.name("b"), self.name("v")
        inserts = self.inserts(t, self.history(), rng.choice([0, 2, 5, 20]))
        first = rng.randint(0, len(inserts))
        second = rng.randint(first, len(inserts))
        statements = [
            f"CREATE TABLE {t} {self.definition(key=True)}",
            *inserts[:first],
            f"CREATE MATERIALIZED VIEW {below} AS {Query(body.source).text('laminar', t)}",
        ]
        statements += [
            *inserts[first:second],
            f"CREATE MATERIALIZED VIEW {v} AS {self.over(below)}",
            *self.look(v, inserts[second:]),
            self.select_view(v),
        ]
        self.ways.append(Way("keyed_layers", statements, self.expected(None), self.is_sequence()))

    def over(self, below: str) -> str:
        body = self.body
        saved, body.source = body.source, "@T@"
        try:
            return Query(body).text("laminar", below)
        finally:
            body.source = saved

    def history(self) -> list[tuple]:
        """Some rows stood there with other values before."""
        case, rng = self.case, self.rng
        out = []
        for row in case.rows:
            if rng.random() < 0.4:
                out.insert(rng.randint(0, len(out)), (row[0], *(c.draw(rng) for c in case.columns[1:])))
            out.append(row)
        return out

    def insert_select(self):
        t, into = self.name("t"), self.name("i")
        columns = self.body.columns()
        statements = [f"CREATE TABLE {t} {self.definition()}", *self.inserts(t, self.case.rows, 1)]
        statements.append(f"CREATE TABLE {into} (" + ", ".join(f"{c.name} {c.sql}" for c in columns) + ")")
        statements += [f"INSERT INTO {into} {self.text(t)}", self.select_view(into)]
        self.ways.append(Way("insert_select", statements, self.expected(None), self.is_sequence()))

    def keeps_order(self):
        """Are its rows those of the table in their order, some of them?"""
        body = self.body
        return (
            isinstance(body, Select)
            and body.source == "@T@"
            and body.group is None
            and not body.distinct
            and not body.unnest
        )

    def limit_clause(self):
        return f" LIMIT {self.rng.choice([0, 1, 5, 50])}" + self.rng.choice(["", " OFFSET 3"])

    def limit_inside(self):
        """What is above a LIMIT goes on when it is full: an aggregate, the other side of a union."""
        if not self.keeps_order():
            return
        limit = self.limit_clause()
        names = ["n"] + [f"n{i}" for i in range(len(self.body.columns()))]
        counted = ["*"] + [c.name for c in self.body.columns()]
        counts = ", ".join(f"count({what}) AS {name}" for what, name in zip(counted, names))
        f, statements = self.file_source()
        inner = f"({self.text(f)}{limit})"
        duck = f"({Query(self.body).text('duck', 't')} ORDER BY t.id{limit})"
        if self.rng.random() < 0.5:
            inner = f"(SELECT * FROM {inner} UNION ALL SELECT * FROM {inner})"
            duck = f"(SELECT * FROM {duck} UNION ALL SELECT * FROM {duck})"
        select = f"SELECT {counts} FROM {inner}"
        if self.rng.random() < 0.5:
            statements.append(select)
        else:
            v = self.name("v")
            statements += [f"CREATE MATERIALIZED VIEW {v} AS {select}", f"WAIT FOR {v}", f"SELECT * FROM {v}"]
        self.ways.append(Way("limit_inside", statements, f"SELECT {counts} FROM {duck}", counts=names))

    def view_limit(self):
        """LIMIT of a stream that only grows: the first rows that came."""
        if not self.keeps_order():
            return
        body, limit = self.body, self.limit_clause()
        f, statements = self.file_source()
        v = self.name("v")
        statements += [
            f"CREATE MATERIALIZED VIEW {v} AS {self.text(f)}{limit}",
            f"WAIT FOR {v}",
            f"SELECT * FROM {v}",
        ]
        expected = Query(body).text("duck", "t") + " ORDER BY t.id" + limit
        self.ways.append(Way("view_limit", statements, expected))

    def second_view(self):
        """A view that comes while another one reads the same source, with other columns."""
        f, statements = self.file_source()
        first, v = self.name("o"), self.name("v")
        clauses, lateness = self.clauses(self.case.emit)
        columns = self.rng.choice(["count(*) AS n", "id", "ts, id", "max(id) AS m"])
        statements += [f"CREATE MATERIALIZED VIEW {first} AS SELECT {columns} FROM {f}"]
        statements += self.rng.choice([[], [f"WAIT FOR {first}"]])
        statements += [f"CREATE MATERIALIZED VIEW {v} AS {self.text(f)}{clauses}"]
        statements += self.rng.choice([[], [], [f"DROP MATERIALIZED VIEW {first}"]]) + [
            f"WAIT FOR {v}",
            self.select_view(v),
        ]
        self.ways.append(Way("second_view", statements, self.expected(Streaming(lateness)), self.is_sequence()))

    def query_over_view(self):
        """The query over a stored view that holds just the columns it needs, so perhaps equal rows many times."""
        t, v = self.name("k"), self.name("v")
        if self.by_arrival:
            return
        text = self.case.query.text("laminar", v)
        used = [
            c.name
            for c in self.case.columns
            if f"t.{c.name}" in text or c.name == "ts" and self.case.query.has_window()
        ]
        used = used or [self.case.columns[-1].name]
        inserts = self.inserts(t, self.history(), self.rng.choice([0, 2, 5]))
        at = self.rng.randint(0, len(inserts))
        create = f"CREATE MATERIALIZED VIEW {v} AS SELECT {', '.join(used)} FROM {t}"
        statements = [f"CREATE TABLE {t} {self.definition(key=True)}", *inserts[:at], create, *inserts[at:], text]
        self.ways.append(Way("query_over_view", statements, self.expected(None), self.is_sequence()))

    def sink_and_back(self):
        """Into a file of some format, and read again."""
        body = self.body
        selects = list(body.selects())
        if any(s.group is not None or s.distinct for s in selects) or (isinstance(body, Union) and not body.all):
            return
        rng = self.rng
        ending = rng.choice(["csv", "ndjson", "parquet", "arrow"])
        f, statements = self.file_source()
        out, back = self.name("s"), self.name("r")
        path = f"{self.folder}/{out}.{ending}"
        columns = (
            "(" + ", ".join(f"{c.name} {c.sql}" for c in body.columns()) + ") "
            if ending in ("csv", "ndjson")
            else ""
        )
        statements += [
            f"CREATE SINK {out} FROM ({self.text(f)}) WITH (connector = 'file', path = '{path}')",
            f"WAIT FOR {out}",
            f"CREATE SOURCE {back} {columns}WITH (connector = 'file', path = '{path}')",
            f"SELECT * FROM {back}",
        ]
        self.ways.append(Way("sink_and_back", statements, self.expected(None, False)))
