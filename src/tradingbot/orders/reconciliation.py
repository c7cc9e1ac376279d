"""An account's open orders and trades on its exchange, held against our books."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from tradingbot.exchanges.ports import OrderReport
from tradingbot.kit.clock import Clock
from tradingbot.kit.database import Database
from tradingbot.ledger.auditor import Auditor
from tradingbot.orders import monitor_repository
from tradingbot.orders.cursors import TradeCursors
from tradingbot.orders.executor import Executor
from tradingbot.orders.models import Order
from tradingbot.orders.quarantine import Finding, Kind, Quarantine
from tradingbot.orders.resolver import MISSES_MIN
from tradingbot.orders.sessions import Sessions
from tradingbot.orders.strangers import Strangers
from tradingbot.trading.order import ON_BOOK

# More lists than this cost more than the one of all markets (Binance: 6 each against 80).
LISTS_MAX = 12
# Trades read since then need not be read again for an audit: also not for one that found no room
# under the exchange's limits, and comes again when their minute is over.
FRESH_SECONDS = 180.0
# After an hour without a stream there may be hundreds.
LOOK_UPS_AT_ONCE = 4


class Reconciliation:
    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        executor: Executor,
        strangers: Strangers,
        auditor: Auditor,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._executor = executor
        self._strangers = strangers
        self._auditor = auditor
        self._quarantine = Quarantine(database)
        self._cursors = TradeCursors(database, sessions, executor, strangers, clock)

    def distrust(self) -> None:
        """The database was away: what comes back may be an older one."""
        self._cursors.distrust()
        self._auditor.distrust()

    async def compare(self, account_id: int, *, trades: bool) -> bool:
        """On the markets it has orders on. False when it has none."""
        ours = await self._live_orders(account_id)
        session = await self._sessions.of(account_id)
        by_symbol: defaultdict[str, list[Order]] = defaultdict(list)
        for order in ours:
            by_symbol[order.symbol].append(order)
        missing: list[Order] = []
        if len(by_symbol) > LISTS_MAX:
            missing = await self._compare(account_id, ours, await session.open_orders())
        else:
            for symbol, orders in sorted(by_symbol.items()):
                listed = await session.open_orders(symbol)
                missing += await self._compare(account_id, orders, listed)
        if trades:
            await self._cursors.read(account_id, _beginnings(ours))
        await self._look_up(missing)
        await self._auditor.compare(account_id, session)
        return bool(ours)

    async def audit(self, account_id: int) -> None:
        """On every market, also one where it should have nothing: in one list of all."""
        ours = await self._live_orders(account_id)
        session = await self._sessions.of(account_id)
        missing = await self._compare(account_id, ours, await session.open_orders())
        since = await self._cursors.markets(account_id) | _beginnings(ours)
        await self._cursors.read(account_id, since, unless_within=FRESH_SECONDS)
        await self._look_up(missing)
        await self._auditor.compare(account_id, session)

    async def _live_orders(self, account_id: int) -> list[Order]:
        async with self._database.asking() as driver:
            return await monitor_repository.live_orders(driver, account_id)

    async def _compare(
        self, account_id: int, ours: Sequence[Order], listed: Sequence[OrderReport]
    ) -> list[Order]:
        """Those of `ours` that should be listed and are not.

        `ours` was read before the list was: what only the list has came meanwhile, or is odd.
        """
        reports = {report.client_order_id: report for report in listed}
        doubles = [each for each in listed if reports[each.client_order_id] is not each]
        missing: list[Order] = []
        for order in ours:
            report = reports.pop(order.client_order_id, None)
            if report is not None:
                await self._compare_one(order, report)
            elif order.status in ON_BOOK:
                missing.append(order)
        await self._strangers.judge(account_id, [*reports.values(), *doubles])
        return missing

    async def _compare_one(self, order: Order, report: OrderReport) -> None:
        told = (report.exchange_order_id, report.status, report.filled_quantity)
        if told != (order.exchange_order_id, order.status, order.filled_quantity):
            await self._executor.take_in(order.account_id, report)

    async def _look_up(self, missing: Sequence[Order]) -> None:
        """Open in our books and not in the list: they ended, or the list is older than they are.

        Those that the trades read in the meantime have completed need no look-up any more.
        """
        if not missing:
            return
        async with self._database.asking() as driver:
            ids = [order.id for order in missing]
            still = await monitor_repository.still_on_book(driver, ids)
        for first in range(0, len(still), LOOK_UPS_AT_ONCE):
            looks = (self._look_up_one(order) for order in still[first : first + LOOK_UPS_AT_ONCE])
            for ended in await asyncio.gather(*looks, return_exceptions=True):
                if isinstance(ended, BaseException):
                    raise ended

    async def _look_up_one(self, order: Order) -> None:
        if await self._executor.look_up(order) is None:
            await self._miss(order)

    async def _miss(self, order: Order) -> None:
        """The exchange had it, and does not know it any more: nothing can be concluded alone."""
        async with self._database.asking() as driver:
            missed = await monitor_repository.count_absence(driver, order.id)
        if missed >= MISSES_MIN:
            why = f"Order {order.id} is open in our books, and the exchange does not know it"
            what = {"symbol": order.symbol, "exchange_order_id": order.exchange_order_id}
            kind = Kind.MISSING_ORDER
            await self._quarantine.put(
                Finding(order.account_id, kind, order.client_order_id, what, why)
            )


def _beginnings(ours: Sequence[Order]) -> dict[str, datetime]:
    """By market, when the oldest of these orders was sent."""
    since: dict[str, datetime] = {}
    for order in ours:
        sent = _sent_at(order)
        since[order.symbol] = min(since.get(order.symbol, sent), sent)
    return since


def _sent_at(order: Order) -> datetime:
    """By the exchange's clock, if we know."""
    if order.sign_timestamp_ms is None:
        return order.created_at
    return datetime.fromtimestamp(order.sign_timestamp_ms / 1000, UTC)
