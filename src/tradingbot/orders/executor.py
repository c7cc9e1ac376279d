"""Intents out to an exchange, once each."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import (
    Accepted,
    OrderReport,
    OrderRequest,
    Refused,
    Session,
    Trade,
    Unclear,
)
from tradingbot.kit.clock import Clock, milliseconds
from tradingbot.kit.database import Database
from tradingbot.kit.errors import Fact
from tradingbot.kit.log import logger
from tradingbot.kit.statement import Driver
from tradingbot.orders import repository
from tradingbot.orders.applier import Applied, Applier
from tradingbot.orders.models import Order
from tradingbot.orders.sessions import Sessions
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import ON_BOOK, TERMINAL, OrderStatus

RECV_WINDOW_MS = 5000

# Plans an order and claims it in one, signed at these milliseconds and for so many.
Plan: TypeAlias = Callable[[Driver, int, int], Awaitable[Order | None]]

log = logger(__name__)


class Executor:
    """Any process may hold one: whoever claims the row sends it, and nobody else ever does."""

    def __init__(
        self, database: Database, sessions: Sessions, applier: Applier, clock: Clock
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._applier = applier
        self._clock = clock

    async def place(self, order: Order) -> None:
        """Send a planned order. Afterwards it is open, refused, or `sending` until looked up."""
        session = await self._sessions.of(order.account_id)
        # Before the claim: the timestamp fixed there must not age in a queue.
        await session.ready_to_place()
        signed_at = await self._signing_time(order.account_id)
        async with self._database.asking() as driver:
            claimed = await repository.claim_to_send(driver, order.id, signed_at, RECV_WINDOW_MS)
        if claimed is not None:
            await self._send(session, claimed)

    async def place_new(
        self, account_id: int, plan: Plan, still_wanted: Callable[[], bool]
    ) -> Order | None:
        """Plan, claim and send in one go; the order as it then stands.

        None: it was asked for before, is no longer wanted, or its account is held: nothing was
        sent. Raises what the plan raises, and ExchangeUnreachable when there is no clock to sign
        by: then nothing was planned either.
        """
        session = await self._sessions.of(account_id)
        await session.ready_to_place()
        signed_at = await self._signing_time(account_id)
        if not still_wanted():
            return None
        async with self._database.driving() as driver:
            claimed = await plan(driver, signed_at, RECV_WINDOW_MS)
        return None if claimed is None else await self._send(session, claimed)

    async def _send(self, session: Session, claimed: Order) -> Order:
        answer = await session.place(_request(claimed))
        after: Order | None = None
        match answer:
            case Accepted(report):
                after = await self.take_in(claimed.account_id, report)
            case Refused():
                after = await self._applier.refuse(claimed.id, answer)
            case Unclear(message, duplicate):
                log.warning("order_answer_unclear", order_id=claimed.id, message=message)
                after = await self._follow_up(claimed, duplicate=duplicate)
        return after or claimed

    async def _follow_up(self, claimed: Order, *, duplicate: bool) -> Order | None:
        """Have it looked up soon; and at once, where the exchange says that it is there."""
        async with self._database.asking() as driver:
            await repository.look_soon(driver, claimed.id)
        report = await self._find(claimed) if duplicate else None
        return None if report is None else await self.take_in(claimed.account_id, report)

    async def cancel(self, order: Order) -> None:
        """Carry out a noted wish to cancel. What is not answered is asked again by the sweep."""
        if order.status is OrderStatus.PLANNED:
            await self._applier.drop(order.id)
        elif order.status in ON_BOOK and order.exchange_order_id is not None:
            session = await self._sessions.of(order.account_id)
            report = await session.cancel(order.symbol, order.exchange_order_id)
            if report is None:
                # Filled, cancelled already, or our own first DELETE worked: look, never infer.
                report = await self._find(order)
            if report is not None:
                await self.take_in(order.account_id, report)

    async def look_up(self, order: Order) -> OrderReport | None:
        """Ask the exchange for it by our own id, and count in what it says."""
        report = await self._find(order)
        if report is not None:
            await self.take_in(order.account_id, report)
        return report

    async def count_in(self, order: Order, trades: Sequence[Trade]) -> None:
        """Trades of its own that were read. They are asked about only if they cannot be true."""
        applied = await self._applier.apply(order.account_id, _filled_by(order, trades))
        if applied is not None and applied.contradicted:
            await self.look_up(order)

    async def take_in(self, account_id: int, report: OrderReport) -> Order | None:
        """Apply a report, and fetch the fills it counts but does not hold. None: not ours."""
        applied = await self._applier.apply(account_id, report)
        if applied is not None and applied.fills_missing:
            applied = await self.fetch_fills(account_id, report)
        return None if applied is None else applied.order

    async def note(self, account_id: int, report: OrderReport) -> Applied | None:
        """Apply a report, and ask nothing: what else it calls for is for the caller to do."""
        return await self._applier.apply(account_id, report)

    async def fetch_fills(self, account_id: int, report: OrderReport) -> Applied | None:
        """Apply a report together with every trade of its order."""
        session = await self._sessions.of(account_id)
        trades = await session.trades_of(report.symbol, report.exchange_order_id)
        return await self._applier.apply(account_id, replace(report, trades=tuple(trades)))

    async def _find(self, order: Order) -> OrderReport | None:
        """Raises ExchangeUnreachable when the answer is about another order: it is none."""
        session = await self._sessions.of(order.account_id)
        report = await session.find(order.symbol, order.client_order_id)
        asked = (order.symbol, order.client_order_id)
        if report is not None and (report.symbol, report.client_order_id) != asked:
            raise ExchangeUnreachable("the answer is about another order")
        return report

    async def _signing_time(self, account_id: int) -> int:
        market = await self._sessions.market_data(account_id)
        return milliseconds(self._clock.now()) + await market.clock_offset_ms()


async def attempt(executor: Executor, order: Order) -> None:
    """Do for this order what is next; an exchange that does not answer leaves it to the sweep."""
    try:
        if order.cancel_requested_at is not None and order.status is not OrderStatus.SENDING:
            await executor.cancel(order)
        elif order.status is OrderStatus.PLANNED:
            await executor.place(order)
        elif order.status not in TERMINAL:
            await executor.look_up(order)
    except ExchangeUnreachable as error:
        log.warning("exchange_unreachable", order_id=order.id, message=error.message)
    except Fact as error:
        log.warning("order_not_served", order_id=order.id, code=error.code, message=error.message)


def _request(order: Order) -> OrderRequest:
    assert order.sign_timestamp_ms is not None
    assert order.recv_window_ms is not None
    return OrderRequest(
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        price=order.price,
        client_order_id=order.client_order_id,
        sign_timestamp_ms=order.sign_timestamp_ms,
        recv_window_ms=order.recv_window_ms,
    )


def _filled_by(order: Order, trades: Sequence[Trade]) -> OrderReport:
    """What these trades say of the order: that at least so much is filled, not how it ended.

    Nothing is added to what the row counts, which may hold some of them by now.
    """
    [number] = {trade.exchange_order_id for trade in trades}
    return OrderReport(
        symbol=order.symbol,
        client_order_id=order.client_order_id,
        exchange_order_id=number,
        status=OrderStatus.PARTIALLY_FILLED,
        filled_quantity=sum((trade.quantity for trade in trades), ZERO),
        filled_cost=sum((trade.quantity * trade.price for trade in trades), ZERO),
        at=max(trade.at for trade in trades),
        trades=tuple(trades),
    )
