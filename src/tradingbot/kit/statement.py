"""A statement written and compiled once, for roads where writing costs more than asking.

Measured: SQLAlchemy builds, caches and adapts for two to four times as long as the driver needs.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import ClauseElement, Executable
from sqlalchemy.dialects import registry
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler


class Row(Protocol):
    """asyncpg's record: by name or by place."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def keys(self) -> Iterable[Any]: ...

    def items(self) -> Iterable[tuple[Any, Any]]: ...


class Driver(Protocol):
    """asyncpg's own connection: what a transaction of `Database.driving` is made on."""

    async def fetch(self, query: str, *values: object) -> Sequence[Row]: ...

    async def fetchrow(self, query: str, *values: object) -> Row | None: ...


class Statement:
    """Takes its bound parameters by name. JSON goes in as text and comes out as values."""

    def __init__(self, clause: Executable) -> None:
        self._clause = clause
        assert isinstance(clause, ClauseElement)
        compiled = clause.compile(dialect=registry.load("postgresql.asyncpg")())
        assert isinstance(compiled, SQLCompiler)
        self._sql = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        binds = compiled.binds
        self._given = {
            name: value
            for name, value in compiled.params.items()
            if name not in binds or not binds[name].required
        }

    def __str__(self) -> str:
        return self._sql

    async def rows(self, driver: Driver, **values: object) -> Sequence[Row]:
        return await driver.fetch(self._sql, *self._bound(values))

    async def row(self, driver: Driver, **values: object) -> Row | None:
        return await driver.fetchrow(self._sql, *self._bound(values))

    async def run(self, driver: Driver, **values: object) -> None:
        await driver.fetch(self._sql, *self._bound(values))

    async def rows_on(self, on: Driver | AsyncConnection, **values: object) -> Sequence[Row]:
        """Its rows, by name, on either kind of connection: for what both kinds of road need."""
        if isinstance(on, AsyncConnection):
            return list((await on.execute(self._clause, values)).mappings())
        return await self.rows(on, **values)

    async def number(self, on: Driver | AsyncConnection, **values: object) -> int:
        """Its one number, on either kind of connection."""
        if isinstance(on, AsyncConnection):
            return int((await on.execute(self._clause, values)).scalar_one())
        [row] = await self.rows(on, **values)
        return int(row[0])

    async def found(self, on: Driver | AsyncConnection, **values: object) -> bool:
        """Whether it gave a row, on either kind of connection."""
        if isinstance(on, AsyncConnection):
            return (await on.execute(self._clause, values)).first() is not None
        return await self.row(on, **values) is not None

    def _bound(self, values: Mapping[str, object]) -> list[object]:
        return [values[name] if name in values else self._given[name] for name in self._names]
