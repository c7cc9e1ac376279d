"""What every table looks like: read off the models, so that nothing is said twice."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from asyncpg.exceptions import DataError
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Time,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.schema import CheckConstraint, DefaultClause
from sqlalchemy.sql.functions import now
from sqlalchemy.types import TypeEngine

from tradingbot.migrations.tables import metadata

Row: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[Any, ...]
Default: TypeAlias = Callable[[datetime], Any]


class Unique(NamedTuple):
    """Columns no two rows have the same values in; only among rows where `absent` are NULL."""

    columns: tuple[str, ...]
    absent: tuple[str, ...] = ()

    def key_of(self, row: Row) -> Key | None:
        """None where it does not say anything of this row."""
        if any(row[name] is not None for name in self.absent):
            return None
        key = tuple([row[name] for name in self.columns])
        return None if None in key else key


@dataclass(frozen=True)
class Shape:
    """One table. `uniques` begins with the primary key."""

    name: str
    columns: tuple[str, ...]
    kinds: Mapping[str, Callable[[Any], Any]]
    defaults: Mapping[str, Default]
    required: tuple[str, ...]
    numbered: str | None
    uniques: tuple[Unique, ...]
    parents: tuple[tuple[str, str], ...]
    fixed: frozenset[str]  # a change of these is not modelled: they are keys

    def key(self, row: Row) -> Key:
        return tuple([row[name] for name in self.uniques[0].columns])


def as_text(value: Any) -> str:
    """As asyncpg takes it: words only, and an enum's word comes back as a plain one."""
    if not isinstance(value, str):
        raise DataError(f"expected str, got {type(value).__name__}")
    return str(value)


def as_integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise DataError(f"an integer is required, not {type(value).__name__}")
    return value


def as_number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise DataError(f"a number is required, not {type(value).__name__}")
    return Decimal(value)


def as_moment(value: Any) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise DataError(f"expected an aware datetime, got {type(value).__name__}")
    return value


def as_json(value: Any) -> Any:
    """JSON goes in as text and comes out as values: a codec of the driver's."""
    return json.loads(value) if isinstance(value, str) else value


def as_is(value: Any) -> Any:
    return value


KINDS: tuple[tuple[type[TypeEngine[Any]], Callable[[Any], Any]], ...] = (
    (JSONB, as_json),
    (Text, as_text),
    (BigInteger, as_integer),
    (Integer, as_integer),
    (Numeric, as_number),
    (DateTime, as_moment),
    (Boolean, as_is),
    (LargeBinary, as_is),
    (ARRAY, as_is),
    (Time, as_is),
)

TRUTHS = {"true": True, "false": False}


@cache
def shapes() -> Mapping[str, Shape]:
    return {table.name: _shape(table) for table in metadata.tables.values()}


def _shape(table: Table) -> Shape:
    for constraint in table.constraints:
        assert not isinstance(constraint, CheckConstraint), f"not modelled: {constraint}"
    uniques = [Unique(tuple(column.name for column in table.primary_key.columns))]
    uniques += sorted(
        Unique(tuple(column.name for column in constraint.columns))
        for constraint in table.constraints
        if isinstance(constraint, UniqueConstraint)
    )
    uniques += sorted(
        Unique(tuple(column.name for column in index.columns), _absent(index))
        for index in table.indexes
        if index.unique and len(index.columns) == len(index.expressions)
    )
    numbered = [column.name for column in table.columns if isinstance(column.default, Identity)]
    numbered += [column.name for column in table.columns if column.identity is not None]
    return Shape(
        name=table.name,
        columns=tuple(column.name for column in table.columns),
        kinds={column.name: _kind(column) for column in table.columns},
        defaults={
            column.name: _default(column)
            for column in table.columns
            if isinstance(column.server_default, DefaultClause)
        },
        required=tuple(column.name for column in table.columns if not column.nullable),
        numbered=numbered[0] if numbered else None,
        uniques=tuple(uniques),
        parents=tuple(
            (column.name, key.column.table.name)
            for column in table.columns
            for key in column.foreign_keys
        ),
        fixed=frozenset(name for unique in uniques for name in unique.columns),
    )


def _absent(index: Index) -> tuple[str, ...]:
    where = index.dialect_options["postgresql"]["where"]
    if where is None:
        return ()
    name, found, rest = str(where).partition(" IS NULL")
    assert found, f"not modelled: {index.name}"
    assert not rest, f"not modelled: {index.name}"
    return (name,)


def _kind(column: Column[Any]) -> Callable[[Any], Any]:
    for kind, converts in KINDS:
        if isinstance(column.type, kind):
            return converts
    raise NotImplementedError(f"{column}: {column.type}")


def _default(column: Column[Any]) -> Default:
    clause = column.server_default
    assert isinstance(clause, DefaultClause)
    if isinstance(clause.arg, now):
        return as_is
    words, kind = str(clause.arg), _kind(column)
    if kind in {as_text, as_json}:
        value = kind(words)
    elif words in TRUTHS:
        value = TRUTHS[words]
    else:
        value = int(words) if kind is as_integer else Decimal(words)
    return lambda _: value
