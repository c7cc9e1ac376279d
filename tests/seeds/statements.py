"""A statement's text, compiled once to what it does to the rows."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import sqlglot
from asyncpg.exceptions import UniqueViolationError
from sqlglot import exp

from tests.seeds.query import Query, Source, Where, name_of, source_of
from tests.seeds.shapes import Row, Shape, shapes
from tests.seeds.store import Mode, Taken, Transaction
from tests.seeds.terms import Env, Scope, Term, plain_columns, term

Act: TypeAlias = Callable[[Env], Coroutine[Any, Any, list[Row]]]
Names: TypeAlias = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Compiled:
    gist: str  # "update orders", for those who read a trace
    act: Act

    async def run(self, transaction: Transaction, values: Sequence[Any]) -> list[Row]:
        env = Env(values, transaction)
        found = await self.act(env)
        for shape, row in env.made:
            await transaction.refer(shape, row)
        return found


@cache
def compiled(sql: str) -> Compiled:
    """Raises NotImplementedError for SQL that is not modelled."""
    node = sqlglot.parse_one(sql, dialect="postgres")
    table = node.find(exp.Table)
    gist = f"{type(node).__name__.lower()} {table.name if table else ''}"
    return Compiled(gist, _act(node, {}))


def _act(node: exp.Expr, named: Names) -> Act:
    known = dict(named)
    before: list[tuple[str, Act]] = []
    with_ = node.args.get("with_")
    for each in with_.expressions if with_ else ():
        before.append((each.alias, _act(each.this, known)))
        known[each.alias] = _columns(each.this)
    act = ACTS[type(node)](node, known)
    return _after(before, act) if before else act


def _after(before: list[tuple[str, Act]], act: Act) -> Act:
    async def run(env: Env) -> list[Row]:
        for name, each in before:
            env.named[name] = await each(env)
        return await act(env)

    return run


def _columns(node: exp.Expr) -> Sequence[str]:
    """The names of what a WITH gives."""
    if isinstance(node, exp.Select):
        parts = node.expressions
    else:
        returning = node.args.get("returning")
        parts = returning.expressions if returning else []
    if any(isinstance(part, exp.Star) for part in parts):
        table = node.find(exp.Table)
        assert table is not None
        return shapes()[table.name].columns
    return [name_of(part) for part in parts]


def _select(node: exp.Select, named: Names) -> Act:
    return Query(node, named=named).steps


def _union(node: exp.Union, named: Names) -> Act:
    """UNION ALL: the rows of each, under the names of the first."""
    assert not node.args["distinct"], f"not modelled: {node.sql()}"
    first, *others = [Query(each, named=named) for each in _united(node)]
    for each in others:
        each.names = first.names

    async def run(env: Env) -> list[Row]:
        return [row for query in (first, *others) for row in query.rows(env)]

    return run


def _united(node: exp.Expr) -> list[exp.Select]:
    if isinstance(node, exp.Union):
        return [*_united(node.left), *_united(node.right)]
    assert isinstance(node, exp.Select), f"not modelled: {node.sql()}"
    return [node]


class Returning:
    def __init__(self, node: exp.Expr, scope: Scope, name: str) -> None:
        returning = node.args.get("returning")
        parts = returning.expressions if returning else []
        self._name = name
        self._star = any(isinstance(part, exp.Star) for part in parts)
        self._parts = [
            (name_of(part), term(part.unalias(), scope))
            for part in parts
            if not isinstance(part, exp.Star)
        ]
        self._plain = plain_columns(parts, scope, name)

    def add(self, env: Env, row: Row, made: list[Row]) -> None:
        if self._star:
            made.append(dict(row))
        elif self._plain:
            made.append({name: row[name] for name in self._plain})
        elif self._parts:
            env.rows[self._name] = row
            made.append({name: part(env) for name, part in self._parts})


def _target(node: exp.Expr) -> tuple[Source, Shape, Scope]:
    table = node.this.this if isinstance(node.this, exp.Schema) else node.this
    source = source_of(table, {})
    assert source.shape is not None
    scope = Scope({source.name: source.shape.columns})
    return source, source.shape, scope


def _update(node: exp.Update, _: Names) -> Act:
    assert not node.args.get("from_"), f"not modelled: {node.sql()}"
    source, shape, scope = _target(node)
    where = Where(source, node.args["where"].this if node.args.get("where") else None, scope)
    changes = _changes(shape, node.expressions, scope)
    returning = Returning(node, scope, source.name)

    async def run(env: Env) -> list[Row]:
        made: list[Row] = []
        for row in list(where.rows(env)):
            now = await _locked(env, where, shape, row, Mode.CHANGE)
            if now is not None:
                after = changed(env, shape, source.name, now, changes)
                returning.add(env, after, made)
        return made

    return run


def _delete(node: exp.Delete, _: Names) -> Act:
    source, shape, scope = _target(node)
    where = Where(source, node.args["where"].this if node.args.get("where") else None, scope)
    returning = Returning(node, scope, source.name)

    async def run(env: Env) -> list[Row]:
        made: list[Row] = []
        for row in list(where.rows(env)):
            now = await _locked(env, where, shape, row, Mode.ALL)
            if now is not None:
                env.transaction.write(shape, shape.key(now), None)
                returning.add(env, now, made)
        return made

    return run


async def _locked(env: Env, where: Where, shape: Shape, row: Row, mode: Mode) -> Row | None:
    """The row as it is once it is ours; None when by then it no longer fits the condition."""
    key = shape.key(row)
    await env.transaction.lock(shape.name, key, mode)
    now = env.transaction.row(shape.name, key)
    if now is row:
        return row
    return now if now is not None and where.holds(env, now) else None


def _changes(shape: Shape, parts: Sequence[exp.Expr], scope: Scope) -> list[tuple[str, Term]]:
    named = [(part.this.name, term(part.expression, scope)) for part in parts]
    fixed = [name for name, _ in named if name in shape.fixed]
    assert not fixed, f"not modelled: changing {fixed} of {shape.name}"
    return named


def changed(
    env: Env, shape: Shape, name: str, row: Row, changes: Sequence[tuple[str, Term]]
) -> Row:
    env.rows[name] = row
    given = {column: _kept(shape, column, value(env)) for column, value in changes}
    after = env.transaction.checked(shape, {**row, **given})
    env.transaction.write(shape, shape.key(row), after)
    return after


def _kept(shape: Shape, column: str, value: Any) -> Any:
    return None if value is None else shape.kinds[column](value)


class Conflict:
    """ON CONFLICT: which keys it speaks of, and what happens to the row that has them."""

    def __init__(self, node: exp.OnConflict, shape: Shape, scope: Scope) -> None:
        keys = tuple(each.this.name for each in node.args.get("conflict_keys") or ())
        partial = bool(node.args.get("index_predicate"))
        self.uniques = [
            unique
            for unique in shape.uniques
            if not keys or (set(unique.columns) == set(keys) and bool(unique.absent) is partial)
        ]
        assert self.uniques, f"no unique columns {keys} in {shape.name}"
        inside = Scope({"excluded": shape.columns}, scope)
        updates = node.args["action"].name == "DO UPDATE"
        self.changes = _changes(shape, node.expressions, inside) if updates else None
        where = node.args.get("where")
        self.condition = term(where.this, inside) if where else None


def _insert(node: exp.Insert, named: Names) -> Act:
    source, shape, scope = _target(node)
    schema = node.this
    columns = [each.name for each in schema.expressions]
    given = _given(node, named)
    conflict = node.args.get("conflict")
    ruled = None if conflict is None else Conflict(conflict, shape, scope)
    returning = Returning(node, scope, source.name)

    async def run(env: Env) -> list[Row]:
        made: list[Row] = []
        for values in await given(env):
            pairs = zip(columns, values, strict=True)
            new = {column: _kept(shape, column, value) for column, value in pairs}
            row = await _inserted(env, source, shape, env.transaction.filled(shape, new), ruled)
            if row is not None:
                returning.add(env, row, made)
        return made

    return run


def _given(node: exp.Insert, named: Names) -> Callable[[Env], Coroutine[Any, Any, list[list[Any]]]]:
    if isinstance(node.expression, exp.Select):
        query = Query(node.expression, named=named)

        async def selected(env: Env) -> list[list[Any]]:
            return [list(row.values()) for row in await query.steps(env)]

        return selected
    nowhere = Scope({})
    tuples = [
        [term(value, nowhere) for value in row.expressions] for row in node.expression.expressions
    ]

    async def listed(env: Env) -> list[list[Any]]:
        return [[value(env) for value in row] for row in tuples]

    return listed


async def _inserted(
    env: Env, source: Source, shape: Shape, row: Row, ruled: Conflict | None
) -> Row | None:
    """The row that came of it; None when there was one and it stays as it is."""
    transaction = env.transaction
    while True:
        clash = transaction.clash(shape, row, shape.uniques if ruled is None else ruled.uniques)
        if clash is None:
            clash = transaction.clash(shape, row, shape.uniques)
            if isinstance(clash, Taken):
                raise UniqueViolationError(f"duplicate key in {shape.name}")
        if isinstance(clash, Transaction):
            await transaction.wait_for({clash})
        elif isinstance(clash, Taken):
            return await _ruled(env, source, shape, row, clash, ruled)
        else:
            transaction.claim(shape, row)
            transaction.write(shape, shape.key(row), row)
            env.made.append((shape, row))
            return row


async def _ruled(
    env: Env, source: Source, shape: Shape, row: Row, taken: Taken, ruled: Conflict | None
) -> Row | None:
    if ruled is None:
        raise UniqueViolationError(f"duplicate key in {shape.name}")
    if ruled.changes is None:
        return None
    await env.transaction.lock(shape.name, taken.row, Mode.CHANGE)
    now = env.transaction.row(shape.name, taken.row)
    assert now is not None, "not modelled: it went while its lock was waited for"
    env.rows.update({"excluded": row, source.name: now})
    if ruled.condition is not None and ruled.condition(env) is not True:
        return None
    return changed(env, shape, source.name, now, ruled.changes)


ACTS: dict[type[exp.Expr], Callable[[Any, Names], Act]] = {
    exp.Select: _select,
    exp.Union: _union,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.Insert: _insert,
}
