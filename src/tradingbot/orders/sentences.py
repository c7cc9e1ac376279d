"""What happened to an order, in one sentence."""

from tradingbot.events.schemas import EventType
from tradingbot.orders.models import Order
from tradingbot.trading.money import plain
from tradingbot.trading.order import OrderStatus


def sentence(order: Order, kind: EventType) -> str:
    base, _, quote = order.symbol.partition("/")
    what = f"{order.side} {plain(order.quantity)} {base}"
    at = "at the market price" if order.price is None else f"at {plain(order.price)} {quote}"
    if kind is EventType.ORDER_PLACED:
        return f"Order placed: {what} {at}. {order.reason}".rstrip()
    if kind is EventType.ORDER_FILLED:
        price = "" if order.average_price is None else f" at {plain(order.average_price)} {quote}"
        return f"Order filled: {what}{price}."
    if kind is EventType.ORDER_CANCELLED:
        part = f", {plain(order.filled_quantity)} {base} of it filled"
        return f"Order {order.status}: {what} {at}{part if order.filled_quantity else ''}."
    if order.status is OrderStatus.NOT_PLACED:
        return f"Order not placed: {what} {at}: {order.reason}."
    return f"Order refused: {what} {at}: {order.reason}."
