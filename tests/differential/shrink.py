"""Smaller versions of a failing case: fewer rows, columns, items, conditions, simpler expressions."""

from __future__ import annotations

import copy

from cases import Case
from expressions import simpler
from queries import Query, Select, Union


def smaller_cases(case: Case):
    rows = case.rows
    size = len(rows) // 2
    while size >= 1 and rows:
        for first in range(0, len(rows), size):
            yield with_rows(case, rows[:first] + rows[first + size :])
        if len(rows) // size > 16:
            break
        size //= 2
    for body in smaller_bodies(case.query.body):
        yield with_body(case, body)
    for change in ({"order": [], "limit": None, "offset": None}, {"limit": None}, {"offset": None}):
        query = copy.copy(case.query)
        for key, v in change.items():
            setattr(query, key, v)
        if query != case.query:
            yield replaced(case, query=query)
    for change in ({"lateness": 0}, {"delay": 0}, {"emit": ""}):
        key, v = next(iter(change.items()))
        if getattr(case, key) != v:
            yield replaced(case, **change)
    used = case.query.text("duck") + case.query.text("laminar")
    for i, column in enumerate(case.columns[2:], 2):
        if f"t.{column.name}" not in used:
            out = replaced(case, columns=case.columns[:i] + case.columns[i + 1 :])
            out.rows = [r[:i] + r[i + 1 :] for r in rows]
            yield out


def replaced(case: Case, **changes) -> Case:
    out = copy.copy(case)
    for key, v in changes.items():
        setattr(out, key, v)
    return out


def with_rows(case: Case, rows) -> Case:
    return replaced(case, rows=rows)


def with_body(case: Case, body) -> Case:
    query = copy.copy(case.query)
    query.body = body
    if len(body.items) != len(case.query.body.items):
        query.order, query.limit, query.offset = [], None, None
    return replaced(case, query=query)


def smaller_bodies(body):
    if isinstance(body, Union):
        if len(body.sides) > 2:
            for i in range(len(body.sides)):
                yield Union(body.sides[:i] + body.sides[i + 1 :], body.all)
        yield from body.sides
        for i, side in enumerate(body.sides):
            for smaller in smaller_bodies(side):
                if len(smaller.items) == len(side.items):
                    yield Union(body.sides[:i] + [smaller] + body.sides[i + 1 :], body.all)
        if len(body.items) > 1:
            for k in range(len(body.items)):
                yield Union([changed(s, items=s.items[:k] + s.items[k + 1 :]) for s in body.sides], body.all)
        return
    if isinstance(body.source, (Select, Union)):
        yield body.source
        for smaller in smaller_bodies(body.source):
            if len(smaller.items) == len(body.source.items):
                yield changed(body, source=smaller)
    if len(body.items) > 1:
        for i in range(len(body.items)):
            yield changed(body, items=body.items[:i] + body.items[i + 1 :])
    for part in ("where", "having"):
        old = getattr(body, part)
        for i in range(len(old)):
            yield changed(body, **{part: old[:i] + old[i + 1 :]})
        for i, e in enumerate(old):
            for s in simpler(e):
                yield changed(body, **{part: old[:i] + [s] + old[i + 1 :]})
    if body.distinct:
        yield changed(body, distinct=False)
    if body.group:
        for i in range(len(body.group)):
            gone = body.group[i]
            items = [x for x in body.items if x[0] is not gone]
            if items:
                yield changed(body, group=body.group[:i] + body.group[i + 1 :], items=items)
    for i, (e, name) in enumerate(body.items):
        if body.group and any(e is g for g in body.group):
            continue
        for s in simpler(e):
            yield changed(body, items=body.items[:i] + [(s, name)] + body.items[i + 1 :])


def changed(body: Select, **changes) -> Select:
    out = copy.copy(body)
    for key, v in changes.items():
        setattr(out, key, v)
    return out
