"""How far an account's trades were read, market by market, and what that brought to light."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from tradingbot.exchanges.ports import Session, Trade, TradeMark
from tradingbot.kit.clock import Clock
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.orders import monitor_repository
from tradingbot.orders.executor import Executor
from tradingbot.orders.sessions import Sessions
from tradingbot.orders.strangers import Strangers

# Read again each time: an exchange may show a trade a little late.
OVERLAP = timedelta(minutes=5)
FOREIGN_MAX = 10_000

log = logger(__name__)


class TradeCursors:
    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        executor: Executor,
        strangers: Strangers,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._executor = executor
        self._strangers = strangers
        self._clock = clock
        self._foreign: dict[tuple[int, str, str], None] = {}  # traded by hand: asked about once
        self._read_at: dict[tuple[int, str], float] = {}  # when it was begun
        self._distrusted_at = float("-inf")

    async def markets(self, account_id: int) -> dict[str, datetime]:
        """Where it traded within a week, and from when on trades may be missing there."""
        async with self._database.asking() as driver:
            read = await monitor_repository.cursors(driver, account_id)
            ordered = await monitor_repository.markets(driver, account_id)
        return ordered | {symbol: mark.at for symbol, mark in read.items()}

    async def read(
        self, account_id: int, since: Mapping[str, datetime], *, unless_within: float = 0.0
    ) -> None:
        """Every trade of these markets that our books lack, from where we left off.

        `since` is where to begin on a market never read. `unless_within`: seconds since when a
        reading is new enough.
        """
        session = await self._sessions.of(account_id)
        marked = _now()
        async with self._database.asking() as driver:
            marks = await monitor_repository.cursors(driver, account_id)
        for symbol, first in sorted(since.items()):
            if self._age(account_id, symbol) >= unless_within:
                mark, begun = marks.get(symbol) or TradeMark(first - OVERLAP), _now()
                new = await self._read(session, account_id, symbol, mark)
                if marked <= self._distrusted_at:  # a mark of newer books says nothing of older
                    return
                await self._save(account_id, symbol, new)
                self._read_at[account_id, symbol] = begun

    def distrust(self) -> None:
        """The database may be an older one: what was read before is not all in it."""
        self._distrusted_at = _now()
        self._foreign.clear()

    async def _save(self, account_id: int, symbol: str, mark: TradeMark) -> None:
        async with self._database.asking() as driver:
            await monitor_repository.save_cursor(driver, account_id, symbol, mark)

    async def _read(
        self, session: Session, account_id: int, symbol: str, mark: TradeMark
    ) -> TradeMark:
        """How far it is read now."""
        market = await self._sessions.market_data(account_id)
        offset = timedelta(milliseconds=await market.clock_offset_ms())
        settled = self._clock.now() + offset - OVERLAP
        trades = await session.trades_since(symbol, mark)
        await self._take_in(session, account_id, symbol, trades)
        before = [trade for trade in trades if trade.at <= settled]
        last = max(before, key=lambda trade: trade.at).trade_id if before else mark.trade_id
        return TradeMark(max(mark.at, settled), last)

    async def _take_in(
        self, session: Session, account_id: int, symbol: str, trades: Sequence[Trade]
    ) -> None:
        async with self._database.asking() as driver:
            known = await monitor_repository.counted(
                driver, account_id, symbol, [trade.trade_id for trade in trades]
            )
            missed = _by_order(each for each in trades if (each.trade_id, each.side) not in known)
            numbers = sorted(missed)
            ours = await monitor_repository.by_exchange_ids(driver, account_id, symbol, numbers)
        for number in numbers:
            if number in ours:
                log.info("fills_missed", account_id=account_id, order_id=ours[number].id)
                await self._executor.count_in(ours[number], missed[number])
        for number in numbers:
            if number not in ours and (account_id, symbol, number) not in self._foreign:
                await self._ask_whose(session, account_id, symbol, number)

    async def _ask_whose(self, session: Session, account_id: int, symbol: str, number: str) -> None:
        begun = _now()
        report = await session.find_by_exchange_id(symbol, number)
        if report is None or report.exchange_order_id != number:
            return  # not shown yet, or no answer to this; the next reading overlaps
        await self._strangers.judge(account_id, [report])
        if len(self._foreign) >= FOREIGN_MAX:
            self._foreign.clear()
        if begun > self._distrusted_at:  # older books have to be asked again
            self._foreign[account_id, symbol, number] = None

    def _age(self, account_id: int, symbol: str) -> float:
        read_at = self._read_at.get((account_id, symbol), self._distrusted_at)
        return _now() - read_at if read_at > self._distrusted_at else float("inf")


def _by_order(trades: Iterable[Trade]) -> dict[str, list[Trade]]:
    """Under the exchange's numbers of their orders."""
    found: defaultdict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        found[trade.exchange_order_id].append(trade)
    return found


def _now() -> float:
    return asyncio.get_running_loop().time()
