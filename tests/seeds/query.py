"""SELECT: which rows, in which order, and what of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlglot import exp

from tests.seeds.functions import FUNCTIONS
from tests.seeds.shapes import Row, Shape, Unique, shapes
from tests.seeds.store import Mode
from tests.seeds.terms import TERMS, Env, Scope, Term, list_of, plain_columns, term, test

LOCKS = {(True, None): Mode.ALL, (True, True): Mode.CHANGE, (None, True): Mode.SHARE}


@dataclass(frozen=True)
class Source:
    """A table, the rows of a WITH, or lists side by side."""

    name: str
    table: str
    shape: Shape | None
    columns: Sequence[str]
    lists: tuple[Term, ...] = ()


NOWHERE = Source("", "", None, ())


@dataclass(frozen=True)
class Found:
    """At most one row: by columns that are unique together, each given."""

    unique: Unique
    values: tuple[Term, ...]


@dataclass(frozen=True)
class Locking:
    source: Source
    mode: Mode
    skips: bool


class Where:
    """The rows of one source a condition is true for; by key where the condition names one."""

    def __init__(self, source: Source, node: exp.Expr | None, scope: Scope) -> None:
        self.source = source
        self.condition: Term | None = None if node is None else test(node, scope)
        self._found = None if node is None else _by_key(source, node, scope)
        self._among = None if node is None else _among_keys(source, node, scope)

    def rows(self, env: Env) -> Iterator[Row]:
        name, condition = self.source.name, self.condition
        for row in self._candidates(env):
            env.rows[name] = row
            if condition is None or condition(env):
                yield row

    def holds(self, env: Env, row: Row) -> bool:
        env.rows[self.source.name] = row
        return self.condition is None or bool(self.condition(env))

    def _candidates(self, env: Env) -> Iterable[Row]:
        source, shape = self.source, self.source.shape
        if source.lists:
            listed = zip(*(each(env) for each in source.lists), strict=True)
            return [dict(zip(source.columns, values, strict=True)) for values in listed]
        if shape is None:
            return env.named[self.source.table]
        if self._among is not None:
            found = [env.transaction.row(shape.name, (value,)) for value in self._among(env)]
            return [row for row in found if row is not None]
        if self._found is None:
            return env.transaction.rows(shape.name)
        key = tuple([value(env) for value in self._found.values])
        row = env.transaction.found(shape, self._found.unique, key)
        return () if row is None else (row,)


def _among_keys(
    source: Source, node: exp.Expr, scope: Scope
) -> Callable[[Env], Iterable[Any]] | None:
    """For `id IN (SELECT …)`: only the rows it names are looked at."""
    if source.shape is None:
        return None
    for part in node.flatten() if isinstance(node, exp.And) else [node]:
        query = part.args.get("query") if isinstance(part, exp.In) else None
        if query is None or not isinstance(part.this, exp.Column):
            continue
        if (part.this.name,) == source.shape.uniques[0].columns:
            return _values(query, scope)
    return None


def _by_key(source: Source, node: exp.Expr, scope: Scope) -> Found | None:
    if source.shape is None:
        return None
    given: dict[str, Term] = {}
    for part in node.flatten() if isinstance(node, exp.And) else [node]:
        if not isinstance(part, exp.EQ) or not isinstance(part.left, exp.Column):
            continue
        value = part.right
        if list_of(value) is not None or scope.source_of(part.left) != source.name:
            continue
        if all(scope.source_of(column) != source.name for column in value.find_all(exp.Column)):
            given[part.left.name] = term(value, scope)
    for unique in source.shape.uniques:
        if not unique.absent and all(column in given for column in unique.columns):
            return Found(unique, tuple(given[column] for column in unique.columns))
    return None


class Query:
    """One SELECT, compiled. `rows` runs it at once; `steps` also takes its row locks."""

    def __init__(
        self,
        node: exp.Select,
        outside: Scope | None = None,
        named: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.named = dict(named or {})
        self.sources = [source_of(table, self.named) for table in _tables(node)]
        self.scope = Scope(
            {source.name: source.columns for source in self.sources},
            outside,
        )
        conditions = [join.args["on"] for join in node.args.get("joins") or () if join.args["on"]]
        where = node.args.get("where")
        whole = (
            exp.and_(*conditions, where.this if where else None) if where or conditions else None
        )
        self.where = [Where(source, None, self.scope) for source in self.sources[:-1]]
        if self.sources:
            self.where.append(Where(self.sources[-1], whole, self.scope))
        elif whole is not None:
            self.where = [Where(NOWHERE, whole, self.scope)]
        self.names = [name_of(part) for part in node.expressions]
        self.stars = any(isinstance(part, exp.Star) for part in node.expressions)
        self.columns = (
            [] if self.stars else [term(part.unalias(), self.scope) for part in node.expressions]
        )
        single = len(self.sources) == 1 and not self.stars
        self.plain = (
            plain_columns(node.expressions, self.scope, self.sources[0].name) if single else None
        )
        self._group(node)
        order = node.args.get("order")
        self.order = [self._ordered(each) for each in order.expressions] if order else []
        limit = node.args.get("limit")
        self.limit = None if limit is None else term(limit.expression, self.scope)
        self.locking = self._locking(node)

    def _group(self, node: exp.Select) -> None:
        group, having = node.args.get("group"), node.args.get("having")
        self.group = [self._place_or_term(each) for each in group.expressions] if group else []
        self.having = term(having.this, self.scope) if having else None
        self.grouped = bool(group) or any(part.find(exp.AggFunc) for part in node.expressions)

    def _ordered(self, node: exp.Ordered) -> tuple[Term, bool, bool]:
        """What to order by, whether downwards, and whether NULL comes first."""
        inner, down = node.this, bool(node.args.get("desc"))
        first = node.args.get("nulls_first")
        if isinstance(inner, exp.Literal):
            return self._place_or_term(inner), down, down
        return term(inner, self.scope), down, bool(first) or down

    def _place_or_term(self, node: exp.Expr) -> Term:
        """A bare number means the column at that place."""
        if isinstance(node, exp.Literal) and not node.is_string:
            return self.columns[int(node.this) - 1]
        return term(node, self.scope)

    def _locking(self, node: exp.Select) -> Locking | None:
        locks = node.args.get("locks")
        if not locks:
            return None
        [lock] = locks
        mode = LOCKS[lock.args.get("update") or None, lock.args.get("key") or None]
        named = lock.args.get("expressions")
        wanted = named[0].name if named else self.sources[0].name
        [source] = [source for source in self.sources if source.name == wanted]
        return Locking(source, mode, lock.args.get("wait") is False)

    # --- running

    def rows(self, env: Env) -> list[Row]:
        """At once: locks are taken only where locked rows are skipped."""
        chosen: Iterable[Env] = self._sorted(env)
        if self.locking is not None:
            chosen = self._unlocked(chosen)
        most = None if self.limit is None else self.limit(env)
        return [self._result(each) for each in islice(chosen, most)]

    async def steps(self, env: Env) -> list[Row]:
        """In order, each row locked before it counts, and looked at anew if that took waiting."""
        if self.locking is None or self.locking.skips:
            return self.rows(env)
        most = None if self.limit is None else self.limit(env)
        kept: list[Row] = []
        for each in self._sorted(env):
            if most is not None and len(kept) >= most:
                break
            if await self._locked(each):
                kept.append(self._result(each))
        return kept

    async def _locked(self, env: Env) -> bool:
        assert self.locking is not None
        source = self.locking.source
        assert source.shape is not None
        row = env.rows[source.name]
        key = source.shape.key(row)
        await env.transaction.lock(source.table, key, self.locking.mode)
        now = env.transaction.row(source.table, key)
        if now is None or now is row:
            return now is row
        env.rows[source.name] = now
        condition = self.where[-1].condition
        return condition is None or bool(condition(env))

    def _unlocked(self, chosen: Iterable[Env]) -> Iterator[Env]:
        assert self.locking is not None
        assert self.locking.skips, "not modelled: waiting for a lock inside an expression"
        source, mode = self.locking.source, self.locking.mode
        assert source.shape is not None
        for env in chosen:
            key = source.shape.key(env.rows[source.name])
            if not env.transaction.blockers(source.table, key, mode):
                yield env

    def _sorted(self, env: Env) -> list[Env]:
        if len(self.sources) == 1:
            inside, name = env.beside(dict(env.rows)), self.sources[0].name
            found = [env.beside({**env.rows, name: row}) for row in self.where[0].rows(inside)]
        else:
            found = [env.beside(rows) for rows in self._joined(env, 0, dict(env.rows))]
        if self.grouped:
            found = self._groups(env, found)
        for by, down, nulls_first in reversed(self.order):
            found.sort(key=_sort_key(by, nulls_last=nulls_first is down), reverse=down)
        return found

    def _joined(self, env: Env, at: int, rows: dict[str, Row]) -> Iterator[dict[str, Row]]:
        if at == len(self.sources):
            if self.sources or not self.where or self.where[0].holds(env, {}):
                yield rows
            return
        name = self.sources[at].name
        for row in self.where[at].rows(env.beside(rows)):
            yield from self._joined(env, at + 1, {**rows, name: row})

    def _groups(self, env: Env, found: list[Env]) -> list[Env]:
        groups: dict[Any, list[dict[str, Row]]] = {} if self.group else {(): []}
        for each in found:
            groups.setdefault(tuple([by(each) for by in self.group]), []).append(each.rows)
        made = []
        for rows in groups.values():
            one = env.beside(rows[0] if rows else dict(env.rows))
            one.group = rows
            if self.having is None or self.having(one) is True:
                made.append(one)
        return made

    def _result(self, env: Env) -> Row:
        if self.stars:
            [source] = self.sources
            return dict(env.rows[source.name])
        if self.plain is not None:
            row = env.rows[self.sources[0].name]
            return {name: row[name] for name in self.plain}
        return {name: column(env) for name, column in zip(self.names, self.columns, strict=True)}


def _sort_key(by: Term, *, nulls_last: bool) -> Callable[[Env], Any]:
    """`nulls_last`: as the list stands before it is turned round."""

    def key(env: Env) -> tuple[bool, Any]:
        value = by(env)
        return ((value is None) is nulls_last, 0 if value is None else value)

    return key


def source_of(table: exp.Table | exp.Unnest, named: Mapping[str, Sequence[str]]) -> Source:
    if isinstance(table, exp.Unnest):
        columns = [column.name for column in table.args["alias"].columns]
        lists = tuple(term(each, Scope({})) for each in table.expressions)
        return Source(table.alias, "", None, columns, lists)
    name = table.name
    if name in named:
        return Source(table.alias_or_name, name, None, named[name])
    shape = shapes()[name]
    return Source(table.alias_or_name, name, shape, shape.columns)


def _tables(node: exp.Select) -> list[exp.Table | exp.Unnest]:
    first = node.args.get("from_")
    joined = [join.this for join in node.args.get("joins") or ()]
    tables = [first.this, *joined] if first else []
    modelled = all(isinstance(table, exp.Table | exp.Unnest) for table in tables)
    assert modelled, f"not modelled: {node.sql()}"
    return tables


def name_of(node: exp.Expr) -> str:
    """What PostgreSQL calls a column of a result."""
    if isinstance(node, (exp.Alias, exp.Column)):
        return str(node.alias_or_name)
    if isinstance(node, exp.Cast):
        return name_of(node.this)
    return str(node.sql_name().lower()) if isinstance(node, exp.Func) else "?column?"


# --- inside expressions


def _subquery(node: exp.Expr, scope: Scope) -> tuple[Query, bool]:
    inner = node.unnest()
    assert isinstance(inner, exp.Select), f"not modelled: {node.sql()}"
    query = Query(inner, scope)
    return query, query.scope.correlated


def _values(node: exp.Expr, scope: Scope) -> Callable[[Env], list[Any]]:
    """The one column of a subquery; asked once when it depends on no row outside."""
    query, correlated = _subquery(node, scope)

    def values(env: Env) -> list[Any]:
        if not correlated and node in env.once:
            return env.once[node]
        found = [next(iter(row.values())) for row in query.rows(env)]
        if not correlated:
            env.once[node] = found
        return found

    return values


def _in(node: exp.In, scope: Scope) -> Term:
    left = term(node.this, scope)
    listed = [term(each, scope) for each in node.expressions]
    inside = _values(node.args["query"], scope) if node.args.get("query") else None

    def contained(env: Env) -> bool | None:
        value = left(env)
        values = [each(env) for each in listed] if inside is None else inside(env)
        if value is None:
            return None if values else False
        return True if value in values else None if None in values else False

    return contained


def _exists(node: exp.Exists, scope: Scope) -> Term:
    query, _ = _subquery(node.this, scope)
    return lambda env: bool(query.rows(env))


def _scalar(node: exp.Subquery, scope: Scope) -> Term:
    values = _values(node, scope)
    return lambda env: next(iter(values(env)), None)


TERMS.update(FUNCTIONS)
TERMS[exp.In] = _in
TERMS[exp.Exists] = _exists
TERMS[exp.Subquery] = _scalar
