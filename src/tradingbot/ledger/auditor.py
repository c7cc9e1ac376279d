"""Keeps every account's books true to its balances, and says so when they were not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import TypeAlias

from tradingbot.events import service as events
from tradingbot.events.schemas import EventType
from tradingbot.exchanges.ports import Balance, Session
from tradingbot.kit.clock import Clock
from tradingbot.kit.database import Connection, Database
from tradingbot.ledger.balances import (
    Books,
    ByCoin,
    InFlight,
    Look,
    about,
    by_coin,
    look,
    read_books,
    take_in,
    totals,
)
from tradingbot.ledger.moves import NOBODY, Pocket
from tradingbot.ledger.sentences import short
from tradingbot.trading.money import UNROUNDED, ZERO, spoken

ASK_EVERY = timedelta(minutes=5)
WARN_EVERY = timedelta(hours=1)
# The exchange's clock, by which trades are dated, may be that far from ours.
CLOCKS_APART = timedelta(seconds=2)

CountedLate: TypeAlias = Callable[[Connection, int, int, datetime], Awaitable[bool]]
Names: TypeAlias = Callable[[Connection, Sequence[int]], Awaitable[Mapping[int, str]]]


@dataclass(slots=True)
class Memory:
    """Of one account: what the stream told, the last look and its time, what was warned of."""

    told: dict[str, Decimal] = field(default_factory=dict)
    looked_at: datetime | None = None
    seen: Look | None = None
    doubts: int = 0
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    warned_of: ByCoin = field(default_factory=dict)
    warned_at: datetime | None = None


class Auditor:
    """`names` gives bots their names for a warning."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        in_flight: InFlight,
        counted_late: CountedLate,
        names: Names,
    ) -> None:
        self._database = database
        self._clock = clock
        self._in_flight = in_flight
        self._counted_late = counted_late
        self._names = names
        self._memories: dict[int, Memory] = {}

    def doubt(self, account_id: int) -> None:
        """Something may have been missed: ask the exchange at the next chance."""
        memory = self._memory(account_id)
        memory.looked_at = memory.seen = None
        memory.doubts += 1

    def distrust(self) -> None:
        """The database may be an older one: no look at it before says anything."""
        for account_id in self._memories:
            self.doubt(account_id)

    def hear(self, account_id: int, balances: Mapping[str, Balance]) -> None:
        """What the user stream says; compared with the books at the next chance."""
        self._memory(account_id).told.update(totals(balances))

    async def compare(self, account_id: int, session: Session) -> None:
        """Call it whenever every order is known to be as the exchange has it.

        It asks for balances when that is due. A difference is believed when nothing could trade
        meanwhile, or when the next call finds the same again and no trade that explains it.
        Raises ExchangeUnreachable, KeyRefused.
        """
        memory = self._memory(account_id)
        async with memory.looking:
            if await self._due(account_id, memory):
                await self._look(account_id, memory, session)

    async def _look(self, account_id: int, memory: Memory, session: Session) -> None:
        before, doubts = (memory.seen, memory.looked_at), memory.doubts
        memory.seen = None
        seen = await look(self._database, self._in_flight, account_id, session)
        believed = seen is not None and await self._believed(account_id, seen, *before)
        if seen is None or memory.doubts != doubts:  # it began before what may have been missed
            memory.looked_at = None
            return
        memory.looked_at = self._clock.now()
        if believed:
            await self._take_in(account_id, memory, seen)
        else:
            memory.seen = seen

    async def _believed(
        self, account_id: int, seen: Look, before: Look | None, looked_at: datetime | None
    ) -> bool:
        """Nothing could trade, or the look before showed the same and no trade explains that."""
        if seen.still or not seen.differences:
            return True
        if before is None or before.differences != seen.differences:
            return False
        assert looked_at is not None, "the look before has its time"
        async with self._database.begin() as connection:
            return not await self._counted_late(
                connection, account_id, before.books.flight.last_fill, looked_at + CLOCKS_APART
            )

    def _memory(self, account_id: int) -> Memory:
        return self._memories.setdefault(account_id, Memory())

    async def _due(self, account_id: int, memory: Memory) -> bool:
        now = self._clock.now()
        if memory.looked_at is None or memory.seen or now - memory.looked_at >= ASK_EVERY:
            return True
        books = await read_books(self._database, self._in_flight, account_id)
        ours = by_coin(books.owned)
        return any(ours.get(asset, ZERO) != told for asset, told in memory.told.items())

    async def _take_in(self, account_id: int, memory: Memory, seen: Look) -> None:
        async with self._database.begin() as connection:
            missing = await take_in(connection, account_id, seen)
            to_warn = bool(missing) and self._to_warn(memory, missing)
            if to_warn:
                await self._warn(connection, seen.books, missing)
        if to_warn:
            memory.warned_of, memory.warned_at = missing, self._clock.now()

    def _to_warn(self, memory: Memory, missing: ByCoin) -> bool:
        if memory.warned_at is None or memory.warned_of != missing:
            return True
        return self._clock.now() - memory.warned_at >= WARN_EVERY

    async def _warn(self, connection: Connection, books: Books, missing: ByCoin) -> None:
        shares = {asset: _shares(books.owned, asset) for asset in missing}
        ids = sorted({bot_id for held in shares.values() for bot_id in held})
        names = await self._names(connection, ids)
        owners = {
            asset: [f"{names.get(i, f'bot {i}')} ({spoken(amount)})" for i, amount in held.items()]
            for asset, held in shares.items()
        }
        reason = short(missing, owners)
        await events.record(
            connection,
            user_id=books.keeper.user_id,
            type=EventType.ACCOUNT_WARNING,
            message=f"{books.keeper.name}: {reason}.",
            data=about(books.keeper, reason, missing),
        )


def _shares(owned: Mapping[Pocket, Decimal], asset: str) -> dict[int, Decimal]:
    """What each bot owns of a coin."""
    shares: dict[int, Decimal] = {}
    with localcontext(UNROUNDED):
        for pocket, amount in owned.items():
            if pocket.asset == asset and pocket.bot_id != NOBODY and amount > 0:
                shares[pocket.bot_id] = shares.get(pocket.bot_id, ZERO) + amount
    return shares
