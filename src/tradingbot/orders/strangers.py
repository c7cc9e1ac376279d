"""Orders an exchange has under our prefix: whose they are, and what it means when nobody knows."""

from collections.abc import Sequence

from tradingbot.exchanges.ports import OrderReport
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.orders import monitor_repository, quarantine_repository
from tradingbot.orders.contradictions import facts
from tradingbot.orders.executor import Executor
from tradingbot.orders.models import Order
from tradingbot.orders.quarantine import Finding, Kind, Quarantine
from tradingbot.orders.service import PREFIX
from tradingbot.trading.money import plain
from tradingbot.trading.order import ON_BOOK, TERMINAL, OrderStatus

log = logger(__name__)


class Strangers:
    def __init__(self, database: Database, executor: Executor) -> None:
        self._database = database
        self._executor = executor
        self._quarantine = Quarantine(database)

    async def judge(self, account_id: int, reports: Sequence[OrderReport]) -> None:
        """Take in what is ours after all; set aside what our books should know and do not.

        To be asked after the exchange has answered: an order is in our books before it is sent.
        """
        ours = [each for each in reports if each.client_order_id.startswith(PREFIX)]
        if not ours:
            return
        ids = [each.client_order_id for each in ours]
        async with self._database.asking() as driver:
            known = await monitor_repository.by_client_ids(driver, ids)
            seen = await quarantine_repository.subjects(driver, account_id, ids)
        for report in ours:
            owners = known.get(report.client_order_id, [])
            for owner in owners:
                if owner.order.account_id == account_id:
                    await self._compare(owner.order, report, settled=owner.settled)
            if not owners and report.client_order_id not in seen:
                await self._set_aside(account_id, report)

    async def _compare(self, order: Order, report: OrderReport, *, settled: bool) -> None:
        """One of ours that our books do not count among the open ones."""
        if order.status not in TERMINAL or order.status is OrderStatus.NOT_PLACED:
            await self._executor.take_in(order.account_id, report)
        elif report.status in ON_BOOK and settled:
            # The list may be older than the end; an order looked up by its id is not.
            now = await self._executor.look_up(order)
            if now is not None and now.status in ON_BOOK:
                why = f"Order {order.id} is {order.status} in our books and open on the exchange"
                await self._put(order.account_id, Kind.REOPENED_ORDER, now, why)

    async def _set_aside(self, account_id: int, report: OrderReport) -> None:
        base = report.symbol.partition("/")[0]
        quantity = "" if report.quantity is None else f" {plain(report.quantity)} {base}"
        about = f"{report.side or 'an order for'}{quantity} on {report.symbol}"
        if report.status in ON_BOOK:
            why = f"An order of ours is open on the exchange and not in our books: {about}"
            await self._put(account_id, Kind.UNKNOWN_ORDER, report, why)
        elif report.filled_quantity:
            why = f"An order of ours was filled on the exchange and is not in our books: {about}"
            await self._put(account_id, Kind.UNKNOWN_FILLS, report, why)
        else:
            log.info("unknown_order_over", account_id=account_id, order=report.client_order_id)

    async def _put(self, account_id: int, kind: Kind, report: OrderReport, why: str) -> None:
        finding = Finding(account_id, kind, report.client_order_id, facts(report), why)
        await self._quarantine.put(finding)
