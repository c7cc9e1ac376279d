"""Keeps every account's orders true: who watches which, and the sweep and audits behind them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from tradingbot.kit.clock import Clock
from tradingbot.kit.crew import Crew, every
from tradingbot.kit.database import Database, DatabaseUnreachable
from tradingbot.kit.errors import Fact
from tradingbot.kit.log import logger
from tradingbot.kit.queue import Item, Unprocessable
from tradingbot.ledger.auditor import Auditor
from tradingbot.orders import invariants, monitor_repository, repository
from tradingbot.orders.executor import Executor, attempt
from tradingbot.orders.hearing import Hearing
from tradingbot.orders.models import Order
from tradingbot.orders.reconciliation import Reconciliation
from tradingbot.orders.resolver import Resolver
from tradingbot.orders.sessions import Sessions
from tradingbot.orders.strangers import Strangers
from tradingbot.orders.watch import Watch
from tradingbot.trading.order import ON_BOOK, OrderStatus

SWEEP_SECONDS = 0.25
SWEEP_ORDERS_MAX = 48  # in hand at once; the crew has room for some more
CLAIM_SECONDS = 1.0
CLAIMS_MAX = 100
AUDIT_SECONDS = 1.0
AUDITS_AT_ONCE = 4
BOOKS_SECONDS = 3_600.0
# Accounts with live orders come first; the others do not wait for them for ever.
AUDITS_WAIT_SECONDS = 20.0

log = logger(__name__)


class Monitor:
    def __init__(
        self,
        worker_id: str,
        database: Database,
        sessions: Sessions,
        executor: Executor,
        resolver: Resolver,
        crew: Crew,
        clock: Clock,
        auditor: Auditor,
    ) -> None:
        self._worker_id = worker_id
        self._database = database
        self._sessions = sessions
        self._executor = executor
        self._resolver = resolver
        self._crew = crew
        self._auditor = auditor
        self._strangers = Strangers(database, executor)
        self._reconciliation = Reconciliation(
            database, sessions, executor, self._strangers, auditor, clock
        )
        self._watches: dict[int, Watch] = {}
        self._watching: set[asyncio.Task[None]] = set()
        self._again: set[int] = set()  # claimed anew while its watch was ending
        self._in_hand: set[int] = set()  # orders: due again meanwhile, they are not begun twice
        self._distrusted_at: float | None = None  # since when every account is to be audited
        self._books_due_at = 0.0
        self._stopped = asyncio.Event()
        self._server: str | None = None
        self._unsure = False  # a claim may have been kept without our hearing of it

    async def run(self, stopped: asyncio.Event) -> None:
        """Claim, watch, sweep and audit until told to stop; then let the accounts go."""
        self._stopped = stopped
        self._distrust()
        async with asyncio.TaskGroup() as group:
            claiming = group.create_task(self._claim_forever(group))
            sweeping = group.create_task(self._sweep_forever())
            auditing = group.create_task(self._audit_forever())
            await asyncio.wait({claiming, sweeping})
            # A comparison given up in the middle harms nothing, and may be waiting for a minute.
            for task in (auditing, *self._watching):
                task.cancel()
        with suppress(DatabaseUnreachable):  # then the lease ends by itself
            async with self._database.asking() as driver:
                await monitor_repository.release_accounts(driver, self._worker_id)

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
        if order.status in ON_BOOK and not (watch and watch.hears()):
            await attempt(self._executor, order)

    async def _claim_forever(self, group: asyncio.TaskGroup) -> None:
        while True:
            try:
                await self._claim(group)
            except DatabaseUnreachable:
                self._unsure = True
            if not await every(CLAIM_SECONDS, self._stopped):
                return

    async def _claim(self, group: asyncio.TaskGroup) -> None:
        unsure, self._unsure = self._unsure, False
        async with self._database.asking() as driver:
            if unsure:
                await monitor_repository.release_unwatched(driver, self._worker_id, self._watches)
            claimed = await monitor_repository.claim_accounts(driver, self._worker_id, CLAIMS_MAX)
        for account_id in claimed:
            if account_id in self._watches:
                self._again.add(account_id)
                continue
            self._watches[account_id] = self._watch(account_id)
            task = group.create_task(self._see(account_id))
            self._watching.add(task)
            task.add_done_callback(self._watching.discard)

    def _watch(self, account_id: int) -> Watch:
        hearing = Hearing(
            account_id,
            self._database,
            self._sessions,
            self._executor,
            self._strangers,
            self._auditor,
            self._crew,
        )
        return Watch(self._worker_id, self._database, hearing, self._reconciliation, self._stopped)

    async def _see(self, account_id: int) -> None:
        try:
            await self._watches[account_id].run()
            while account_id in self._again and not self._stopped.is_set():
                self._again.discard(account_id)
                self._watches[account_id] = self._watch(account_id)
                await self._watches[account_id].run()
        finally:
            del self._watches[account_id]

    async def _sweep_forever(self) -> None:
        met = False
        while await every(SWEEP_SECONDS, self._stopped):
            compared = [watch.account_id for watch in self._watches.values() if watch.compared]
            try:
                if not met:
                    await self._resolver.meet()
                    met = True
                due = await self._due(compared)
            except DatabaseUnreachable:
                self._distrust()
                continue
            for order in due:
                if order.id not in self._in_hand:
                    self._in_hand.add(order.id)
                    self._crew.spawn(self._finish(order))

    async def _due(self, compared: Sequence[int]) -> Sequence[Order]:
        """Nothing, when it is another server than at the last sweep: its books may be older."""
        async with self._database.asking() as driver:
            before, self._server = self._server, await monitor_repository.server_started(driver)
            if before not in (None, self._server):
                self._distrust()
                return []
            # What waits here for its turn would be taken by others meanwhile, and be done twice.
            room = SWEEP_ORDERS_MAX - len(self._in_hand)
            return await monitor_repository.take_due(driver, compared, room)

    async def _finish(self, order: Order) -> None:
        """What its own process should have done, and did not live to do."""
        try:
            if order.status is OrderStatus.SENDING:
                await self._resolver.resolve(order)
            else:
                await attempt(self._executor, order)
        except Fact as error:
            log.warning("order_not_resolved", order_id=order.id, message=error.message)
        finally:
            self._in_hand.discard(order.id)

    def _distrust(self) -> None:
        """At the start, and when the database was away: it may be an older one than it was."""
        self._distrusted_at = asyncio.get_running_loop().time()
        self._reconciliation.distrust()
        for watch in self._watches.values():
            watch.distrust()

    async def _audit_forever(self) -> None:
        while await every(AUDIT_SECONDS, self._stopped):
            with suppress(DatabaseUnreachable):
                await self._audit_some()

    async def _audit_some(self) -> None:
        """Our books once an hour, accounts whose hour is over, and all of them after a start."""
        if asyncio.get_running_loop().time() >= self._books_due_at:
            await invariants.report(self._database)
            self._books_due_at = asyncio.get_running_loop().time() + BOOKS_SECONDS
        if self._distrusted_at is not None:
            waited = asyncio.get_running_loop().time() - self._distrusted_at
            all_compared = all(watch.compared for watch in self._watches.values())
            if not all_compared and waited < AUDITS_WAIT_SECONDS:
                return
            since = self._distrusted_at
            async with self._database.asking() as driver:
                await monitor_repository.audit_everything(driver)
            if since == self._distrusted_at:  # and not once more in the meantime
                self._distrusted_at = None
        due = await self._due_audits()
        while due and not self._stopped.is_set():
            async with asyncio.TaskGroup() as group:
                for account_id in due:
                    group.create_task(self._audit(account_id))
            due = await self._due_audits()

    async def _due_audits(self) -> Sequence[int]:
        async with self._database.asking() as driver:
            return await monitor_repository.take_audits(driver, AUDITS_AT_ONCE)

    async def _audit(self, account_id: int) -> None:
        try:
            await self._reconciliation.audit(account_id)
        except Fact as error:
            log.warning("account_not_audited", account_id=account_id, message=error.message)
            with suppress(DatabaseUnreachable):
                async with self._database.asking() as driver:
                    await monitor_repository.put_off_audit(driver, account_id)
