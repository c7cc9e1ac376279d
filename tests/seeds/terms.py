"""SQL expressions as Python: what sqlglot reads, compiled once to closures."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from sqlglot import exp

from tests.seeds.jsonb import written
from tests.seeds.shapes import (
    Row,
    Shape,
    as_integer,
    as_is,
    as_json,
    as_moment,
    as_number,
    as_text,
)
from tests.seeds.store import Transaction

CASTS: dict[str, Callable[[Any], Any]] = {
    "BIGINT": as_integer,
    "INT": as_integer,
    "SMALLINT": as_integer,
    "VARCHAR": as_text,
    "TEXT": as_text,
    "DECIMAL": as_number,
    "TIMESTAMPTZ": as_moment,
    "JSONB": as_json,
    "JSON": as_json,
    "INTERVAL": as_is,
    "BOOLEAN": as_is,
    "ARRAY": as_is,
}


@dataclass(slots=True)
class Env:
    """What a statement is reckoned with: bound values, the transaction, the rows in hand."""

    values: Sequence[Any]
    transaction: Transaction
    rows: dict[str, Row] = field(default_factory=dict)
    group: list[dict[str, Row]] = field(default_factory=list)
    named: dict[str, list[Row]] = field(default_factory=dict)  # WITH name AS …
    # What subqueries that depend on no row came to.
    once: dict[exp.Expr, list[Any]] = field(default_factory=dict)
    # New rows whose parents are looked at when the whole statement is done.
    made: list[tuple[Shape, Row]] = field(default_factory=list)

    def beside(self, rows: dict[str, Row]) -> "Env":
        return Env(self.values, self.transaction, rows, [], self.named, self.once, self.made)


Term: TypeAlias = Callable[[Env], Any]


class Scope:
    """Which columns there are, by the name of their table; `outside` is looked at last."""

    def __init__(
        self, sources: Mapping[str, Sequence[str]], outside: "Scope | None" = None
    ) -> None:
        self.sources = dict(sources)
        self.outside = outside
        self.correlated = False

    def source_of(self, node: exp.Column) -> str:
        name, table = node.name, node.table
        for source, columns in self.sources.items():
            if table in ("", source) and name in columns:
                return source
        if self.outside is None:
            raise NotImplementedError(f"no such column: {node.sql()}")
        self.correlated = True
        return self.outside.source_of(node)


def term(node: exp.Expr, scope: Scope) -> Term:
    """The expression, to be asked for each row. Raises NotImplementedError for what is unknown."""
    for kind, compiles in TERMS.items():
        if isinstance(node, kind):
            return compiles(node, scope)
    raise NotImplementedError(f"{type(node).__name__}: {node.sql()}")


def test(node: exp.Expr, scope: Scope) -> Term:
    """Whether the expression is true: without telling false from NULL, and so in less time."""
    node = node.unnest()
    if isinstance(node, exp.And | exp.Or):
        parts = [test(part, scope) for part in node.flatten()]
        return _all(parts) if isinstance(node, exp.And) else _some(parts)
    if isinstance(node, exp.EQ) and (quick := _equals(node, scope)) is not None:
        return quick
    inner = term(node, scope)
    return lambda env: inner(env) is True


def _all(parts: Sequence[Term]) -> Term:
    def every(env: Env) -> bool:
        for part in parts:  # noqa: SIM110  # a generator costs more than the loop
            if not part(env):
                return False
        return True

    return every


def _some(parts: Sequence[Term]) -> Term:
    def some(env: Env) -> bool:
        for part in parts:  # noqa: SIM110  # a generator costs more than the loop
            if part(env):
                return True
        return False

    return some


def _equals(node: exp.EQ, scope: Scope) -> Term | None:
    """A column and what is bound or written there, compared in one go; None for anything else."""
    column = node.left
    if not isinstance(column, exp.Column):
        return None
    value = node.right.this if isinstance(node.right, exp.Cast) else node.right
    source, name = scope.source_of(column), column.name
    if isinstance(value, exp.Literal):
        wanted = constant(value)
        return lambda env: env.rows[source][name] == wanted
    if isinstance(value, exp.Parameter):
        place = int(value.this.this) - 1

        def same(env: Env) -> bool:
            wanted = env.values[place]
            return wanted is not None and bool(env.rows[source][name] == wanted)

        return same
    return None


def plain_columns(parts: Sequence[exp.Expr], scope: Scope, source: str) -> list[str] | None:
    """The names, where all of them are columns of this source under their own names."""
    columns = [part for part in parts if isinstance(part, exp.Column)]
    if len(columns) < len(parts) or any(scope.source_of(each) != source for each in columns):
        return None
    return [column.name for column in columns]


def _column(node: exp.Column, scope: Scope) -> Term:
    source, name = scope.source_of(node), node.name
    return lambda env: env.rows[source][name]


def _parameter(node: exp.Parameter, _: Scope) -> Term:
    place = int(node.this.this) - 1
    return lambda env: env.values[place]


def _literal(node: exp.Literal, __: Scope) -> Term:
    value = constant(node)
    return lambda _: value


def constant(node: exp.Expr) -> Any:
    """A literal's value; raises NotImplementedError for anything that is none."""
    if isinstance(node, exp.Null):
        return None
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if not isinstance(node, exp.Literal):
        raise NotImplementedError(f"not a constant: {node.sql()}")
    if node.is_string:
        return str(node.this)
    return Decimal(node.this) if "." in node.this else int(node.this)


def _cast(node: exp.Cast, scope: Scope) -> Term:
    inner = term(node.this, scope)
    kind = node.to.this.name
    convert = CASTS[kind]
    if kind in {"TEXT", "VARCHAR"} and not isinstance(node.this, exp.Parameter):
        convert = _spelt
    return lambda env: None if (value := inner(env)) is None else convert(value)


def _spelt(value: Any) -> str:
    return written(value) if isinstance(value, (dict, list)) else str(value)


def _and(node: exp.And, scope: Scope) -> Term:
    left, right = term(node.left, scope), term(node.right, scope)

    def both(env: Env) -> bool | None:
        one = left(env)
        if one is False:
            return False
        two = right(env)
        return False if two is False else None if one is None or two is None else True

    return both


def _or(node: exp.Or, scope: Scope) -> Term:
    left, right = term(node.left, scope), term(node.right, scope)

    def either(env: Env) -> bool | None:
        one = left(env)
        if one is True:
            return True
        two = right(env)
        return True if two is True else None if one is None or two is None else False

    return either


def _not(node: exp.Not, scope: Scope) -> Term:
    inner = term(node.this, scope)
    return lambda env: None if (value := inner(env)) is None else not value


def _is(node: exp.Is, scope: Scope) -> Term:
    inner, wanted = term(node.this, scope), constant(node.expression)
    if node.args.get("negate"):
        return lambda env: inner(env) is not wanted
    return lambda env: inner(env) is wanted


def _strict(does: Callable[[Any, Any], Any]) -> Callable[[Any, Scope], Term]:
    """Of two values; of nothing comes nothing."""

    def compiles(node: exp.Binary, scope: Scope) -> Term:
        if (listed := list_of(node.right)) is not None:
            return _with_each(does, node.left, listed, node.right, scope)
        left, right = term(node.left, scope), term(node.right, scope)

        def both(env: Env) -> Any:
            one = left(env)
            if one is None:
                return None
            two = right(env)
            return None if two is None else does(one, two)

        return both

    return compiles


def list_of(node: exp.Expr) -> exp.Expr | None:
    """The list in `ANY (…)` or `ALL (…)`; None when it is neither."""
    if isinstance(node, exp.Any):
        return node.this.unnest()  # type: ignore[no-any-return]  # an expression, as all are
    # sqlglot takes ALL for a function of one value.
    return node.expressions[0] if isinstance(node, exp.Anonymous) and node.name == "ALL" else None


def _with_each(
    does: Callable[[Any, Any], Any],
    value: exp.Expr,
    listed: exp.Expr,
    node: exp.Expr,
    scope: Scope,
) -> Term:
    """`= ANY (…)`, `<> ALL (…)`: the same of one value and each of a list."""
    left, right = term(value, scope), term(listed, scope)
    together = any if isinstance(node, exp.Any) else all

    def compared(env: Env) -> bool | None:
        one, many = left(env), right(env)
        return None if one is None else together(does(one, two) for two in many)

    return compared


def _arithmetic(does: Callable[[Any, Any], Any]) -> Callable[[Any, Scope], Term]:
    def mixed(one: Any, two: Any) -> Any:
        if isinstance(one, Decimal) and isinstance(two, (float, timedelta)):
            one = float(one)
        elif isinstance(two, Decimal) and isinstance(one, (float, timedelta)):
            two = float(two)
        return does(one, two)

    return _strict(mixed)


def _negative(node: exp.Neg, scope: Scope) -> Term:
    inner = term(node.this, scope)
    return lambda env: None if (value := inner(env)) is None else -value


def _joined(one: Any, two: Any) -> Any:
    """`||`: of JSON objects the second one's fields win, all else is words."""
    if isinstance(one, dict):
        return {**one, **two}
    return f"{one}{two}"


def _between(node: exp.Between, scope: Scope) -> Term:
    value, low, high = (
        term(node.this, scope),
        term(node.args["low"], scope),
        term(node.args["high"], scope),
    )
    return lambda env: None if (it := value(env)) is None else low(env) <= it <= high(env)


def _differs(node: exp.NullSafeNEQ, scope: Scope) -> Term:
    left, right = term(node.left, scope), term(node.right, scope)
    return lambda env: left(env) != right(env)


def _same(node: exp.NullSafeEQ, scope: Scope) -> Term:
    left, right = term(node.left, scope), term(node.right, scope)
    return lambda env: left(env) == right(env)


TERMS: dict[type[exp.Expr], Callable[[Any, Scope], Term]] = {
    exp.Column: _column,
    exp.Parameter: _parameter,
    exp.Literal: _literal,
    exp.Null: _literal,
    exp.Boolean: _literal,
    exp.Paren: lambda node, scope: term(node.this, scope),
    exp.Cast: _cast,
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _not,
    exp.Is: _is,
    exp.EQ: _strict(operator.eq),
    exp.NEQ: _strict(operator.ne),
    exp.GT: _strict(operator.gt),
    exp.GTE: _strict(operator.ge),
    exp.LT: _strict(operator.lt),
    exp.LTE: _strict(operator.le),
    exp.NullSafeNEQ: _differs,
    exp.NullSafeEQ: _same,
    exp.Between: _between,
    exp.Add: _arithmetic(operator.add),
    exp.Sub: _arithmetic(operator.sub),
    exp.Mul: _arithmetic(operator.mul),
    exp.Neg: _negative,
    exp.DPipe: _strict(_joined),
    exp.Pow: _strict(lambda one, two: float(one) ** float(two)),
}
