"""What became of an order, told in the transaction in which it became so."""

from tradingbot.events import service as events
from tradingbot.events.schemas import EventType
from tradingbot.kit.statement import Driver
from tradingbot.orders.models import Order
from tradingbot.orders.quarantine import Finding, Kind, put
from tradingbot.orders.sentences import sentence
from tradingbot.trading.money import plain
from tradingbot.trading.order import OrderStatus


async def record(driver: Driver, order: Order, kind: EventType) -> None:
    data = {
        "symbol": order.symbol,
        "side": order.side,
        "type": order.type,
        "quantity": plain(order.quantity),
        "price": None if order.price is None else plain(order.price),
        "filled_quantity": plain(order.filled_quantity),
        "average_price": None if order.average_price is None else plain(order.average_price),
        "fee": plain(order.fee),
        "fee_currency": order.fee_currency,
        "status": order.status,
        "code": order.code,
        "reason": order.reason,
    }
    await events.record(
        driver,
        user_id=order.user_id,
        bot_id=order.bot_id,
        order_id=order.id,
        type=kind,
        message=sentence(order, kind),
        data=data,
    )


async def _arrived_late(driver: Driver, order: Order) -> None:
    """Proven absent, and there it is: the exchange is right. Its strategy went on without it."""
    why = f"Order {order.id} was thought never placed and is on the exchange: {order.status}"
    await events.record(
        driver,
        user_id=order.user_id,
        bot_id=order.bot_id,
        order_id=order.id,
        type=EventType.ACCOUNT_WARNING,
        message=why,
        data={"symbol": order.symbol, "status": order.status, "reason": why},
    )


async def _lost_its_record(driver: Driver, order: Order) -> None:
    """An order is sent only after the commit that says so: our books lost that commit."""
    why = (
        f"Order {order.id} is on the exchange ({order.status}), and by our books was never sent: "
        "the database lacks what it once held"
    )
    what = {"order_id": order.id, "exchange_order_id": order.exchange_order_id}
    kind = Kind.LOST_RECORD
    await put(driver, Finding(order.account_id, kind, order.client_order_id, what, why))


# What an order was whose news nobody should have had any more, or yet.
UNEXPECTED = {OrderStatus.NOT_PLACED: _arrived_late, OrderStatus.PLANNED: _lost_its_record}
