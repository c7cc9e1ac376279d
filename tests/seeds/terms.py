"""SQL expressions as Python: what sqlglot reads, compiled once to closures."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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

RFC_3339 = '%Y-%m-%d"T"%H:%M:%S.%f"Z"'
UNITS = {
    "MS": "milliseconds",
    "MILLISECOND": "milliseconds",
    "MILLISECONDS": "milliseconds",
    "SECOND": "seconds",
    "SECONDS": "seconds",
    "MINUTE": "minutes",
    "MINUTES": "minutes",
    "HOUR": "hours",
    "HOURS": "hours",
    "DAY": "days",
    "DAYS": "days",
}
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


def _coalesce(node: exp.Coalesce, scope: Scope) -> Term:
    parts = [term(part, scope) for part in [node.this, *node.expressions]]
    return lambda env: next((v for part in parts if (v := part(env)) is not None), None)


def _extreme(choose: Callable[[Sequence[Any]], Any]) -> Callable[[Any, Scope], Term]:
    """`least` and `greatest` leave out what is NULL."""

    def compiles(node: exp.Func, scope: Scope) -> Term:
        parts = [term(part, scope) for part in [node.this, *node.expressions]]

        def chosen(env: Env) -> Any:
            known = [value for part in parts if (value := part(env)) is not None]
            return choose(known) if known else None

        return chosen

    return compiles


def _now(_: exp.CurrentTimestamp, __: Scope) -> Term:
    return lambda env: env.transaction.now


def _interval(node: exp.Interval, _: Scope) -> Term:
    unit, amount = UNITS[node.args["unit"].name.upper()], float(node.this.this)
    length = timedelta(**{unit: amount})
    return lambda _: length


def _case(node: exp.Case, scope: Scope) -> Term:
    value = node.this
    cases = [
        (
            term(each.this if value is None else exp.EQ(this=value, expression=each.this), scope),
            term(each.args["true"], scope),
        )
        for each in node.args["ifs"]
    ]
    default = node.args.get("default")
    otherwise: Term = (lambda _: None) if default is None else term(default, scope)

    def chosen(env: Env) -> Any:
        for condition, value in cases:
            if condition(env) is True:
                return value(env)
        return otherwise(env)

    return chosen


def _part(node: exp.SplitPart, scope: Scope) -> Term:
    text, mark = term(node.this, scope), term(node.args["delimiter"], scope)
    place = term(node.args["part_index"], scope)

    def part(env: Env) -> str | None:
        value = text(env)
        if value is None:
            return None
        parts, at = value.split(mark(env)), place(env)
        return parts[at - 1] if at <= len(parts) else ""

    return part


def _differs(node: exp.NullSafeNEQ, scope: Scope) -> Term:
    left, right = term(node.left, scope), term(node.right, scope)
    return lambda env: left(env) != right(env)


def _same(node: exp.NullSafeEQ, scope: Scope) -> Term:
    left, right = term(node.left, scope), term(node.right, scope)
    return lambda env: left(env) == right(env)


def _aggregate(reckons: Callable[[list[Any]], Any]) -> Callable[[Any, Scope], Term]:
    """Over the rows of a group; those without a value do not count."""

    def compiles(node: exp.AggFunc, scope: Scope) -> Term:
        star = isinstance(node.this, exp.Star)
        inner: Term = (lambda _: True) if star else term(node.this, scope)

        def reckoned(env: Env) -> Any:
            values = [inner(env.beside(rows)) for rows in env.group]
            return reckons([value for value in values if value is not None])

        return reckoned

    return compiles


def _total(values: list[Any]) -> Any:
    return sum(values[1:], values[0]) if values else None


def _moment_written(node: exp.TimeToStr, scope: Scope) -> Term:
    zoned = node.this
    assert node.args["format"].this == RFC_3339, f"not modelled: {node.sql()}"
    assert isinstance(zoned, exp.AtTimeZone)
    assert zoned.args["zone"].this == "UTC"
    inner = term(zoned.this, scope)

    def says(env: Env) -> str | None:
        value: datetime | None = inner(env)
        if value is None:
            return None
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    return says


def _function(node: exp.Anonymous, scope: Scope) -> Term:
    parts = [term(part, scope) for part in node.expressions]
    if node.name.lower() == "jsonb_build_object":
        return lambda env: {
            str(name(env)): value(env) for name, value in zip(parts[::2], parts[1::2], strict=True)
        }
    raise NotImplementedError(f"no function {node.name}")


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
    exp.Coalesce: _coalesce,
    exp.Least: _extreme(min),
    exp.Greatest: _extreme(max),
    exp.CurrentTimestamp: _now,
    exp.Interval: _interval,
    exp.Case: _case,
    exp.SplitPart: _part,
    exp.Sum: _aggregate(_total),
    exp.Count: _aggregate(len),
    exp.Min: _aggregate(lambda values: min(values, default=None)),
    exp.Max: _aggregate(lambda values: max(values, default=None)),
    exp.LogicalOr: _aggregate(lambda values: any(values) if values else None),
    exp.LogicalAnd: _aggregate(lambda values: all(values) if values else None),
    exp.TimeToStr: _moment_written,
    exp.Anonymous: _function,
}
