"""A second opinion on an order that look-ups do not find: the open orders, and the trades."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tradingbot.exchanges.ports import OrderReport, Session, TradeMark
from tradingbot.kit.database import Database
from tradingbot.orders import monitor_repository
from tradingbot.orders.executor import Executor
from tradingbot.orders.models import Order
from tradingbot.orders.sessions import Sessions

MARGIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Look:
    """One account's market, looked at from `began_ms` on, by the exchange's clock.

    `since`: from when on its trades were read.
    """

    began_ms: int
    since: datetime
    reports: Mapping[str, OrderReport]  # by client order id


class Elsewhere:
    """One look serves every order that could no longer be accepted when it began."""

    def __init__(self, database: Database, sessions: Sessions, executor: Executor) -> None:
        self._database = database
        self._sessions = sessions
        self._executor = executor
        self._looks: dict[tuple[int, str], Look] = {}
        self._looking: defaultdict[tuple[int, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def shows(self, order: Order, fence_ms: int, now_ms: int) -> bool:
        """Whether it is there after all; then it is taken in.

        Only a look begun after `fence_ms` counts: before, the exchange might still accept it.
        """
        assert order.sign_timestamp_ms is not None
        signed_ms, place = order.sign_timestamp_ms, (order.account_id, order.symbol)
        async with self._looking[place]:
            look = self._looks.get(place)
            if look is None or look.began_ms <= fence_ms or look.since > _moment(signed_ms):
                since = await self._since(order, signed_ms)
                look = self._looks[place] = Look(now_ms, since, await self._look(order, since))
        report = look.reports.get(order.client_order_id)
        if report is not None:
            await self._executor.take_in(order.account_id, report)
        return report is not None

    async def _since(self, order: Order, signed_ms: int) -> datetime:
        """Early enough for every order in doubt on its market: they need one look, not each its."""
        async with self._database.asking() as driver:
            place = (order.account_id, order.symbol)
            oldest_ms = await monitor_repository.oldest_in_doubt(driver, *place)
        return _moment(min(signed_ms, oldest_ms or signed_ms))

    async def _look(self, order: Order, since: datetime) -> dict[str, OrderReport]:
        session = await self._sessions.of(order.account_id)
        listed = await session.open_orders(order.symbol)
        trades = await session.trades_since(order.symbol, TradeMark(since))
        numbers = {trade.exchange_order_id for trade in trades}
        traded = await self._traded(session, order, sorted(numbers))
        return {report.client_order_id: report for report in (*listed, *traded)}

    async def _traded(
        self, session: Session, order: Order, numbers: list[str]
    ) -> list[OrderReport]:
        """The orders behind these trades that our books do not have yet."""
        async with self._database.asking() as driver:
            place = (order.account_id, order.symbol)
            known = await monitor_repository.by_exchange_ids(driver, *place, numbers)
        found = [
            await session.find_by_exchange_id(order.symbol, number)
            for number in numbers
            if number not in known
        ]
        return [report for report in found if report is not None]


def _moment(signed_ms: int) -> datetime:
    return datetime.fromtimestamp(signed_ms / 1000, UTC) - MARGIN
