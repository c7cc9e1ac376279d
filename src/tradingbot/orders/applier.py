"""News of an order in, as facts, once each: from an answer, a stream or a look-up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from tradingbot.events.schemas import EventType
from tradingbot.exchanges.ports import OrderReport, Refused, Trade
from tradingbot.kit import outbox
from tradingbot.kit.clock import Clock
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.kit.statement import Driver
from tradingbot.ledger import repository as ledger
from tradingbot.ledger.moves import NOBODY, of_trades, together
from tradingbot.orders import repository
from tradingbot.orders.announcements import UNEXPECTED, record
from tradingbot.orders.contradictions import contradiction, facts, miscounted, overfilled
from tradingbot.orders.manual import given_back
from tradingbot.orders.models import Order
from tradingbot.orders.ports import Ending, Listener
from tradingbot.orders.quarantine import Finding, Kind, Quarantine
from tradingbot.trading.event import OrderCancelled, OrderFilled, OrderRefused
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import LIVE, TERMINAL, Execution, OrderStatus, may_move

MONITORING_QUEUE = "order_monitoring_queue"

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Applied:
    """The order after the news. `fills_missing`: the exchange counts more than we were told.

    `contradicted`: the news cannot be true and was not applied; the order is to be looked up.
    """

    order: Order
    fills_missing: bool = False
    contradicted: bool = False


class Contradicted(Exception):  # noqa: N818  # errors are named after what is the case
    """Ends the transaction: of a report that cannot be true nothing is kept."""

    def __init__(self, order: Order, why: str) -> None:
        super().__init__(why)
        self.order = order
        self.why = why


class Applier:
    """The one writer of what an exchange says. Row lock, unique trade ids, a table of moves."""

    def __init__(self, database: Database, listener: Listener, clock: Clock) -> None:
        self._database = database
        self._listener = listener
        self._clock = clock
        self._quarantine = Quarantine(database)

    async def apply(self, account_id: int, report: OrderReport) -> Applied | None:
        """Count in what is new in the report. None: no order of ours."""
        try:
            applied = await self._count_in(account_id, report)
        except Contradicted as found:
            await self._set_aside(found, report)
            return Applied(found.order, contradicted=True)
        if applied is not None:
            await self._listener.committed(applied.order)
        return applied

    async def _count_in(self, account_id: int, report: OrderReport) -> Applied | None:
        async with self._database.driving() as driver:
            order = await repository.lock(
                driver,
                account_id,
                report.symbol,
                report.client_order_id,
                report.exchange_order_id,
            )
            if order is None:
                return None
            if (why := contradiction(order, report)) is not None:
                raise Contradicted(order, why)
            return await self._apply(driver, order, report)

    async def _set_aside(self, found: Contradicted, report: OrderReport) -> None:
        order = found.order
        why = f"What the exchange says of order {order.id} cannot be: {found.why}"
        finding = Finding(
            order.account_id, Kind.CONTRADICTION, order.client_order_id, facts(report), why
        )
        await self._quarantine.put(finding)

    async def refuse(self, order_id: int, refused: Refused) -> Order | None:
        """A definite no: the order does not exist and never will. None: it had moved on."""
        sending, rejected = OrderStatus.SENDING, OrderStatus.REJECTED
        return await self._end_unplaced(order_id, sending, rejected, refused.code, refused.message)

    async def prove_absent(self, order_id: int) -> Order | None:
        """The exchange can no longer accept it. None: it had moved on."""
        reason = "the exchange never received it, and can no longer accept it"
        sending, absent = OrderStatus.SENDING, OrderStatus.NOT_PLACED
        return await self._end_unplaced(order_id, sending, absent, "not_placed", reason)

    async def drop(self, order_id: int) -> Order | None:
        """Cancelled before it was sent. None: it had moved on."""
        planned, cancelled = OrderStatus.PLANNED, OrderStatus.CANCELLED
        reason = "cancelled before it was sent"
        return await self._end_unplaced(order_id, planned, cancelled, "cancelled", reason)

    async def _apply(self, driver: Driver, order: Order, report: OrderReport) -> Applied:
        new = await self._add_fills(driver, order, report.trades)
        filled = order.filled_quantity + sum((trade.quantity for trade in new), ZERO)
        if (why := overfilled(order, filled)) is not None:
            raise Contradicted(order, why)
        status = next_status(order, report, filled)
        changed = status != order.status or new or order.exchange_order_id is None
        if not changed:
            return Applied(order, fills_missing=filled < report.filled_quantity)
        fee, fee_currency = _fee(order, new)
        after = await repository.save_report(
            driver,
            replace(
                order,
                status=status,
                exchange_order_id=report.exchange_order_id,
                filled_quantity=filled,
                filled_cost=order.filled_cost + sum((t.quantity * t.price for t in new), ZERO),
                fee=fee,
                fee_currency=fee_currency,
                reason=report.reason if report.reason and status in TERMINAL else order.reason,
            ),
        )
        await self._move(driver, order, after, new)
        await self._tell(driver, order, after)
        return Applied(after, fills_missing=filled < report.filled_quantity)

    async def _add_fills(
        self, driver: Driver, order: Order, trades: Sequence[Trade]
    ) -> Sequence[Trade]:
        """Those that were new. One known already must be the same as it was."""
        new = await repository.add_fills(driver, order, trades)
        for trade in trades:
            if trade not in new:
                known = await repository.fill_by_trade(driver, order, trade)
                if (why := miscounted(order, trade, known)) is not None:
                    raise Contradicted(order, why)
        return new

    async def _move(
        self, driver: Driver, before: Order, after: Order, new: Sequence[Trade]
    ) -> None:
        """The money goes where the trades brought it, in the transaction that counts them in."""
        moves = of_trades(after.bot_id, after.origin, after.symbol, new)
        if after.status in TERMINAL and before.status not in TERMINAL:
            moves = together(moves, given_back(after))
        for pocket, amount in (await ledger.move(driver, after.account_id, moves)).items():
            if amount < 0 and pocket.bot_id != NOBODY:
                log.warning("pocket_below_zero", order_id=after.id, **pocket._asdict())

    async def _tell(self, driver: Driver, before: Order, after: Order) -> None:
        if before.status in UNEXPECTED and after.status is not before.status:
            await UNEXPECTED[before.status](driver, after)
        if before.exchange_order_id is None:
            await record(driver, after, EventType.ORDER_PLACED)
            if after.status in LIVE:
                body = {"order_id": after.id, "action": "monitor"}
                await outbox.post(driver, MONITORING_QUEUE, body)
        if after.status == before.status or after.status not in TERMINAL:
            return
        filled = after.status is OrderStatus.FILLED
        await record(driver, after, EventType.ORDER_FILLED if filled else EventType.ORDER_CANCELLED)
        execution = await execution_of(driver, after)
        now = self._clock.now()
        key = (now, after.slot, after.round)
        ending: Ending = (
            OrderFilled(*key, execution)
            if filled
            else OrderCancelled(*key, execution, after.reason or str(after.status))
        )
        await self._listener.order_ended(driver, after, ending)

    async def _end_unplaced(
        self, order_id: int, before: OrderStatus, status: OrderStatus, code: str, reason: str
    ) -> Order | None:
        """The row lock decides: what another process moved on meanwhile is left alone."""
        async with self._database.driving() as driver:
            order = await repository.lock_by_id(driver, order_id)
            if order is None or order.status is not before:
                return None
            after = await repository.end(driver, order.id, status, code, reason)
            await ledger.move(driver, after.account_id, given_back(order))
            kind = EventType.ORDER_CANCELLED
            if status is not OrderStatus.CANCELLED:
                kind = EventType.EXCHANGE_ERROR
            await record(driver, after, kind)
            key = (self._clock.now(), after.slot, after.round)
            ending: Ending = (
                OrderCancelled(*key, Execution(ZERO, ZERO), reason)
                if status is OrderStatus.CANCELLED
                else OrderRefused(*key, code, reason)
            )
            await self._listener.order_ended(driver, after, ending)
        await self._listener.committed(after)
        return after


def next_status(order: Order, report: OrderReport, filled: Decimal) -> OrderStatus:
    """Where the order stands once `filled` of it is counted.

    An ending is believed only when every fill the exchange counts is here; old news moves nothing.
    """
    if filled >= order.quantity:
        wanted = OrderStatus.FILLED
    elif report.status in TERMINAL and filled >= report.filled_quantity:
        wanted = report.status
    else:
        wanted = OrderStatus.PARTIALLY_FILLED if filled else OrderStatus.OPEN
    return wanted if may_move(order.status, wanted) else order.status


async def execution_of(driver: Driver, order: Order) -> Execution:
    fees = await repository.fees_of(driver, order.id) if order.filled_quantity else {}
    base, _, quote = order.symbol.partition("/")
    return Execution(
        order.filled_quantity, order.filled_cost, fees.get(base, ZERO), fees.get(quote, ZERO)
    )


def _fee(order: Order, new: Sequence[Trade]) -> tuple[Decimal, str | None]:
    """The order's fee in the currency of its first fill; `fills` has every currency's."""
    currency = order.fee_currency or (new[0].fee_currency if new else None)
    return sum((trade.fee for trade in new if trade.fee_currency == currency), order.fee), currency
