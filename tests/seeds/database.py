"""PostgreSQL's place taken: the same statements, on rows in memory, each with its moment."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeAlias

from asyncpg.exceptions import PostgresError
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.seeds.shapes import Row
from tests.seeds.statements import Compiled, compiled
from tests.seeds.store import Store, Transaction
from tradingbot.kit.database import Database, outage_named
from tradingbot.kit.statement import Driver

# Called at each moment between a process and its database; it may take time, fail, or never end.
At: TypeAlias = Callable[[str], Awaitable[None]]


class Record(Row):
    """A row as asyncpg gives it: by name, or by place."""

    def __missing__(self, key: object) -> Any:
        if isinstance(key, int):
            return list(self.values())[key]
        raise KeyError(key)


class SeededDriver:
    def __init__(self, database: "SeededDatabase", transaction: Transaction | None) -> None:
        self._database = database
        self._transaction = transaction

    async def fetch(self, query: str, *values: object) -> Sequence[Record]:
        statement = compiled(query)
        await self._database.at(statement.gist)
        if self._transaction is not None:
            return await self._run(self._transaction, statement, values)
        alone = self._database.opened()
        try:
            found = await self._run(alone, statement, values)
            alone.commit()
        finally:
            self._database.closed(alone)
        await self._database.at("answered")
        return found

    async def fetchrow(self, query: str, *values: object) -> Record | None:
        found = await self.fetch(query, *values)
        return found[0] if found else None

    async def _run(
        self, transaction: Transaction, statement: Compiled, values: Sequence[object]
    ) -> list[Record]:
        transaction.check()
        try:
            return [Record(row) for row in await statement.run(transaction, values)]
        except PostgresError:
            transaction.failed = True
            raise


class SeededDatabase(Database):
    """One process's way to the rows. What it had open when it dies is undone."""

    def __init__(self, store: Store, at: At, who: str = "") -> None:  # no super: no engine
        self.store = store
        self.at = at
        self.who = who
        self._open: dict[Transaction, None] = {}  # in the order they were opened

    @asynccontextmanager
    async def driving(self) -> AsyncIterator[Driver]:
        with outage_named():
            await self.at("connecting")
            transaction = self.opened()
            try:
                yield SeededDriver(self, transaction)
                await self.at("committing")
                transaction.commit()
            finally:
                self.closed(transaction)
            await self.at("committed")

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Driver]:
        with outage_named():
            await self.at("connecting")
            yield SeededDriver(self, None)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        yield self._never("begin")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        yield self._never("reading")

    def _never(self, road: str) -> NoReturn:
        raise NotImplementedError(f"{road}(): only prepared statements are simulated")

    async def ping(self) -> None:
        await self.at("asking")

    async def close(self) -> None:
        self.cut()

    def opened(self) -> Transaction:
        transaction = Transaction(self.store, self.who)
        self._open[transaction] = None
        return transaction

    def closed(self, transaction: Transaction) -> None:
        self._open.pop(transaction, None)
        if not transaction.over:
            transaction.roll_back()

    def cut(self) -> None:
        """Every connection breaks: the server undoes what was not committed."""
        for transaction in list(self._open):
            self.closed(transaction)
