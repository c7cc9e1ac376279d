"""Rows, locks and transactions, as PostgreSQL keeps them at READ COMMITTED."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, TypeAlias

from asyncpg.exceptions import (
    ConnectionDoesNotExistError,
    DeadlockDetectedError,
    ForeignKeyViolationError,
    InFailedSQLTransactionError,
    NotNullViolationError,
)

from tests.seeds.shapes import Key, Row, Shape, Unique, shapes

DEADLOCK_SECONDS = 1.0
COMMAND_SECONDS = 30.0


class Mode(IntEnum):
    """How a row is locked. Two exclude each other when they come to four or more."""

    SHARE = 1  # FOR KEY SHARE: by those who refer to it
    CHANGE = 2  # FOR NO KEY UPDATE: by an UPDATE
    ALL = 3  # FOR UPDATE, and a DELETE


Locked: TypeAlias = tuple[str, Key]
Claim: TypeAlias = tuple[str, Unique, Key]


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that is there already has this key."""

    row: Key


class Store:
    """What is committed, and who holds what.

    `committed` hears of each changed row: before, after, by whom.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.shapes = shapes()
        self.rows: dict[str, dict[Key, Row]] = {name: {} for name in self.shapes}
        self.keys: dict[tuple[str, Unique], dict[Key, Key]] = {
            (shape.name, unique): {}
            for shape in self.shapes.values()
            for unique in shape.uniques[1:]
            if not unique.absent
        }
        self.claims: dict[Claim, Transaction] = {}
        self.locks: dict[Locked, dict[Transaction, Mode]] = {}
        self.last: dict[str, int] = dict.fromkeys(self.shapes, 0)
        self.committed: Callable[[str, Row | None, Row | None, str], None] | None = None

    def put(self, table: str, **values: Any) -> Row:
        """A row laid there before anything begins."""
        transaction = Transaction(self)
        row = transaction.filled(self.shapes[table], values)
        transaction.write(self.shapes[table], self.shapes[table].key(row), row)
        transaction.commit()
        return row


class Transaction:
    """Sees what is committed and what it wrote itself; holds its locks until it ends."""

    def __init__(self, store: Store, who: str = "") -> None:
        self.store = store
        self.who = who
        self.now = store.now()
        self.writes: dict[str, dict[Key, Row | None]] = {}
        self.over = False
        self.failed = False
        self._held: list[Locked] = []
        self._claimed: list[Claim] = []
        self._blockers: set[Transaction] = set()
        self._waiting: list[asyncio.Future[None]] = []

    # --- reading

    def row(self, table: str, key: Key) -> Row | None:
        mine = self.writes.get(table)
        if mine is not None and key in mine:
            return mine[key]
        return self.store.rows[table].get(key)

    def rows(self, table: str) -> Iterable[Row]:
        mine, theirs = self.writes.get(table), self.store.rows[table]
        return self._merged(theirs, mine) if mine else list(theirs.values())

    @staticmethod
    def _merged(theirs: dict[Key, Row], mine: dict[Key, Row | None]) -> Iterator[Row]:
        for key, row in list(theirs.items()):
            now = mine.get(key, row)
            if now is not None:
                yield now
        for key, new in list(mine.items()):
            if new is not None and key not in theirs:
                yield new

    def found(self, shape: Shape, unique: Unique, key: Key) -> Row | None:
        """The one row with these values in columns that are unique together."""
        if unique is shape.uniques[0]:
            return self.row(shape.name, key)
        if unique.absent:
            looked_at: Iterable[Row | None] = self.rows(shape.name)
        else:
            place = self.store.keys[shape.name, unique].get(key)
            if place is not None and (row := self.row(shape.name, place)) is not None:
                return row
            looked_at = self.writes.get(shape.name, {}).values()
        return next((each for each in looked_at if each and unique.key_of(each) == key), None)

    # --- locks

    def blockers(self, table: str, key: Key, mode: Mode) -> set["Transaction"]:
        """Lock the row; if others hold it, they, and nothing is locked."""
        self._check_there()
        holders = self.store.locks.setdefault((table, key), {})
        in_the_way = {
            other for other, held in holders.items() if other is not self and held + mode >= 4
        }
        if not in_the_way:
            if self not in holders:
                self._held.append((table, key))
            holders[self] = max(holders.get(self, mode), mode)
        elif not holders:
            del self.store.locks[table, key]
        return in_the_way

    async def lock(self, table: str, key: Key, mode: Mode) -> None:
        """Wait until the row is its own; it may have changed since it was looked at."""
        while others := self.blockers(table, key, mode):
            await self.wait_for(others)

    async def wait_for(self, others: set["Transaction"]) -> None:
        """Until one of them ends. The last to close a circle of waiting is thrown out of it."""
        loop = asyncio.get_running_loop()
        self._blockers = others
        try:
            if self._waits_for_itself():
                await asyncio.sleep(DEADLOCK_SECONDS)
                if self._waits_for_itself():
                    raise DeadlockDetectedError("deadlock detected")
                self._check_there()
                return
            ended = loop.create_future()
            for one in (self, *others):
                one._waiting.append(ended)
            async with asyncio.timeout(COMMAND_SECONDS):
                await ended
        finally:
            self._blockers = set()
        self._check_there()

    def _check_there(self) -> None:
        if self.over:
            raise ConnectionDoesNotExistError("connection was closed in the middle of operation")

    def _waits_for_itself(self) -> bool:
        seen: set[Transaction] = set()
        ahead = [other for other in self._blockers if not other.over]
        while ahead:
            one = ahead.pop()
            if one is self:
                return True
            if one not in seen:
                seen.add(one)
                ahead += [other for other in one._blockers if not other.over]
        return False

    # --- writing

    def filled(self, shape: Shape, given: Row) -> Row:
        """A whole new row. A number once given is never given again, even if this is undone."""
        row: Row = dict.fromkeys(shape.columns)
        for name, default in shape.defaults.items():
            row[name] = default(self.now)
        if shape.numbered is not None and shape.numbered not in given:
            self.store.last[shape.name] += 1
            row[shape.numbered] = self.store.last[shape.name]
        row.update(given)
        return self.checked(shape, row)

    def checked(self, shape: Shape, row: Row) -> Row:
        for name in shape.required:
            if row[name] is None:
                raise NotNullViolationError(f"{shape.name}.{name} is null")
        return row

    async def refer(self, shape: Shape, row: Row) -> None:
        """Hold the rows it refers to, which must be there."""
        for column, parent in shape.parents:
            if row[column] is None:
                continue
            key = (row[column],)
            await self.lock(parent, key, Mode.SHARE)
            if self.row(parent, key) is None:
                raise ForeignKeyViolationError(f"{shape.name}.{column}: no {parent} {key}")

    def clash(
        self, shape: Shape, row: Row, uniques: Iterable[Unique]
    ) -> "Transaction | Taken | None":
        """Who may be about to take one of the row's keys, or which row has it; None: it is free."""
        for unique in uniques:
            key = unique.key_of(row)
            if key is None:
                continue
            holder = self.store.claims.get((shape.name, unique, key))
            if holder is not None and holder is not self:
                return holder
            taken = self.found(shape, unique, key)
            if taken is not None:
                return Taken(shape.key(taken))
        return None

    def claim(self, shape: Shape, row: Row) -> None:
        """The row's keys are its own: whoever wants one waits until this ends."""
        for unique in shape.uniques:
            key = unique.key_of(row)
            if key is not None:
                self.store.claims[shape.name, unique, key] = self
                self._claimed.append((shape.name, unique, key))

    def write(self, shape: Shape, key: Key, row: Row | None) -> None:
        self.writes.setdefault(shape.name, {})[key] = row

    # --- the end

    def check(self) -> None:
        """Raise what PostgreSQL, or the driver, says to one that is over or has failed."""
        self._check_there()
        if self.failed:
            raise InFailedSQLTransactionError("the transaction failed before")

    def commit(self) -> None:
        self.check()
        store = self.store
        changes = []
        for table, changed in self.writes.items():
            rows, shape = store.rows[table], store.shapes[table]
            for key, row in changed.items():
                before = rows.get(key)
                self._index(shape, key, before, row)
                if row is None:
                    rows.pop(key, None)
                else:
                    rows[key] = row
                changes.append((table, before, row))
        self._end()
        if store.committed is not None:
            for change in changes:
                store.committed(*change, self.who)

    def roll_back(self) -> None:
        self._end()

    def _index(self, shape: Shape, key: Key, before: Row | None, row: Row | None) -> None:
        if (before is None) is (row is None):
            return  # keys do not change
        for unique in shape.uniques[1:]:
            index = self.store.keys.get((shape.name, unique))
            its = unique.key_of(before or row or {})
            if index is None or its is None:
                continue
            if row is None:
                index.pop(its, None)
            else:
                index[its] = key

    def _end(self) -> None:
        """Let go of everything; who waited may look again."""
        self.over = True
        for place in self._held:
            holders = self.store.locks[place]
            del holders[self]
            if not holders:
                del self.store.locks[place]
        for claim in self._claimed:
            self.store.claims.pop(claim, None)
        self._held, self._claimed = [], []
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
