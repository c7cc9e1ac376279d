"""Keeps every account's orders true: its user stream, its polls, and the sweep behind both."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field

from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import (
    AccountNews,
    BalancesChanged,
    OrderReport,
    StreamOpened,
    Unreadable,
)
from tradingbot.kit.crew import Crew, every
from tradingbot.kit.database import Database, DatabaseUnreachable
from tradingbot.kit.errors import Fact
from tradingbot.kit.log import logger
from tradingbot.kit.queue import Item, Unprocessable
from tradingbot.orders import repository
from tradingbot.orders.executor import Executor, attempt
from tradingbot.orders.models import Order
from tradingbot.orders.resolver import Resolver
from tradingbot.orders.sessions import Sessions
from tradingbot.trading.order import ON_BOOK, OrderStatus

POLL_SECONDS = 60.0
RETRY_SECONDS = 1.0
SWEEP_SECONDS = 0.5
SWEEP_ORDERS_MAX = 200
CLAIM_SECONDS = 1.0

log = logger(__name__)


@dataclass(slots=True)
class Watch:
    """One account listened to. `unsure` is set whenever something may have been missed."""

    account_id: int
    unsure: asyncio.Event = field(default_factory=asyncio.Event)
    streaming: bool = False


class Monitor:
    def __init__(
        self,
        worker_id: str,
        database: Database,
        sessions: Sessions,
        executor: Executor,
        resolver: Resolver,
        crew: Crew,
    ) -> None:
        self._worker_id = worker_id
        self._database = database
        self._sessions = sessions
        self._executor = executor
        self._resolver = resolver
        self._crew = crew
        self._watches: dict[int, Watch] = {}
        self._stopped = asyncio.Event()

    async def run(self, stopped: asyncio.Event) -> None:
        """Claim, listen, poll and sweep until told to stop; then let the accounts go."""
        self._stopped = stopped
        async with asyncio.TaskGroup() as group:
            claiming = group.create_task(self._claim_forever(group))
            sweeping = group.create_task(self._sweep_forever())
            await asyncio.wait({claiming, sweeping})
            for watch in self._watches.values():
                watch.unsure.set()  # none of them waits out its minute
        with suppress(DatabaseUnreachable):  # then the lease ends by itself
            async with self._database.begin() as connection:
                await repository.release_accounts(connection, self._worker_id)

    async def handle(self, item: Item) -> None:
        """An item of `order_monitoring_queue`. It only wakes: the order's row is the truth."""
        order_id = item.get("order_id")
        if not isinstance(order_id, int) or item.get("action") != "monitor":
            raise Unprocessable('expected {"order_id": <number>, "action": "monitor"}')
        async with self._database.asking() as driver:
            order = await repository.by_id(driver, order_id)
        if order is None:
            raise Unprocessable(f"there is no order {order_id}")
        watch = self._watches.get(order.account_id)
        if order.status in ON_BOOK and not (watch and watch.streaming):
            await attempt(self._executor, order)

    async def _claim_forever(self, group: asyncio.TaskGroup) -> None:
        while True:
            with suppress(DatabaseUnreachable):
                await self._claim(group)
            if not await every(CLAIM_SECONDS, self._stopped):
                return

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        async with self._database.begin() as connection:
            claimed = await repository.claim_accounts(connection, self._worker_id)
        for account_id in claimed:
            if account_id not in self._watches:
                watch = self._watches[account_id] = Watch(account_id)
                group.create_task(self._watch(watch))

    async def _watch(self, watch: Watch) -> None:
        log.info("account_watched", account_id=watch.account_id)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(self._listen(watch))
            await self._poll(watch)
            listening.cancel()
        self._watches.pop(watch.account_id, None)

    async def _listen(self, watch: Watch) -> None:
        while True:
            try:
                session = await self._sessions.of(watch.account_id)
                async for news in session.news():
                    self._hear(watch, news)
            except Fact as error:
                log.warning("stream_lost", account_id=watch.account_id, message=error.message)
            watch.streaming = False
            await asyncio.sleep(RETRY_SECONDS)

    def _hear(self, watch: Watch, news: AccountNews) -> None:
        match news:
            case StreamOpened():
                # What happened before is not in the stream: look at everything once.
                watch.streaming = True
                watch.unsure.set()
            case OrderReport():
                self._crew.spawn(self._take_in(watch, news))
            case BalancesChanged() | Unreadable():
                pass

    async def _take_in(self, watch: Watch, report: OrderReport) -> None:
        try:
            await self._executor.take_in(watch.account_id, report)
        except Fact as error:
            log.warning(
                "report_not_applied", account_id=watch.account_id, error=type(error).__name__
            )
            await asyncio.sleep(RETRY_SECONDS)
            watch.unsure.set()

    async def _poll(self, watch: Watch) -> None:
        """Compare with the exchange when unsure, and every minute even when sure."""
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(watch.unsure.wait(), POLL_SECONDS)
            if self._stopped.is_set():
                return
            watch.unsure.clear()
            try:
                if not await self.compare(watch.account_id):
                    return
            except Fact as error:
                name = type(error).__name__
                log.warning("account_not_compared", account_id=watch.account_id, error=name)
                await every(RETRY_SECONDS, self._stopped)
                watch.unsure.set()

    async def compare(self, account_id: int) -> bool:
        """Every order we think is open against the exchange's list; False when there is none."""
        async with self._database.begin() as connection:
            ours = await repository.on_book(connection, account_id)
            if not ours:
                return not await repository.release_account(connection, account_id, self._worker_id)
        session = await self._sessions.of(account_id)
        by_symbol: defaultdict[str, list[Order]] = defaultdict(list)
        for order in ours:
            by_symbol[order.symbol].append(order)
        for symbol, orders in by_symbol.items():
            reports = {
                report.client_order_id: report for report in await session.open_orders(symbol)
            }
            for order in orders:
                await self._compare_one(order, reports.get(order.client_order_id))
        return True

    async def _compare_one(self, order: Order, report: OrderReport | None) -> None:
        if report is None:
            if order.status in ON_BOOK:
                await self._executor.look_up(order)
        elif (report.status, report.filled_quantity) != (order.status, order.filled_quantity):
            await self._executor.take_in(order.account_id, report)

    async def _sweep_forever(self) -> None:
        while await every(SWEEP_SECONDS, self._stopped):
            with suppress(DatabaseUnreachable):
                async with self._database.begin() as connection:
                    due = await repository.take_due(connection, SWEEP_ORDERS_MAX)
                for order in due:
                    self._crew.spawn(self._finish(order))

    async def _finish(self, order: Order) -> None:
        """What its own process should have done, and did not live to do."""
        if order.status is not OrderStatus.SENDING:
            await attempt(self._executor, order)
            return
        try:
            await self._resolver.resolve(order)
        except ExchangeUnreachable as error:
            log.warning("exchange_unreachable", order_id=order.id, message=error.message)
