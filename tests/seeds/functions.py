"""SQL's functions and aggregates as Python."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlglot import exp

from tests.seeds.terms import Env, Scope, Term, term

RFC_3339 = '%Y-%m-%d"T"%H:%M:%S.%f"Z"'
SERVER_STARTED = datetime(2026, 1, 1, tzinfo=UTC)
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
    if node.name.lower() == "pg_postmaster_start_time":  # it is always the one server
        return lambda _: SERVER_STARTED
    raise NotImplementedError(f"no function {node.name}")


FUNCTIONS: Mapping[type[exp.Expr], Callable[[Any, Scope], Term]] = {
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
