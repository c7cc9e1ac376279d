"""What cannot be true of an order, whatever an exchange says; None when nothing speaks against."""

from collections.abc import Iterator
from dataclasses import fields
from decimal import Decimal

from tradingbot.exchanges.ports import OrderReport, Trade
from tradingbot.kit.statement import Row
from tradingbot.orders.models import Order
from tradingbot.trading.money import ZERO, plain
from tradingbot.trading.order import TERMINAL, OrderStatus

# The most a maker has ever been paid for trading, and more than anybody was asked for it.
REBATE_MAX = Decimal("0.01")
FEE_MAX = Decimal("0.1")
VALUE_LENGTH_MAX = 60


def contradiction(order: Order, report: OrderReport) -> str | None:
    """Between our row and a report that is said to be about it."""
    try:
        return next(_against(order, report), None)
    except ArithmeticError:  # a number that is none, and cannot even be compared
        return "its numbers are no numbers"


def overfilled(order: Order, filled: Decimal) -> str | None:
    if filled <= order.quantity:
        return None
    return f"its fills come to {plain(filled)} of {plain(order.quantity)}"


def miscounted(order: Order, trade: Trade, known: Row | None) -> str | None:
    """Between a trade and what was counted under its id and side before."""
    told = (order.id, trade.quantity, trade.price)
    if known is None or told == (known["order_id"], *_money(known)):
        return None
    return f"trade {_short(trade.trade_id)} was told before with another order or other numbers"


def facts(report: OrderReport) -> dict[str, str]:
    """The report as text, bounded whatever it holds."""
    told = {field.name: getattr(report, field.name) for field in fields(report)}
    told["trades"] = " ".join(_trade(trade) for trade in report.trades[:10])
    return {name: str(value)[:400] for name, value in told.items() if value not in (None, "")}


def _against(order: Order, report: OrderReport) -> Iterator[str]:
    yield from _identity(order, report)
    yield from _terms(order, report)
    yield from _totals(order, report)
    for trade in report.trades:
        yield from _fill(order, report, trade)


def _identity(order: Order, report: OrderReport) -> Iterator[str]:
    if report.symbol != order.symbol:
        yield f"the report is of {_short(report.symbol)}, the order of {order.symbol}"
    if report.client_order_id not in ("", order.client_order_id):
        yield "the report carries another client order id"
    if order.exchange_order_id not in (None, report.exchange_order_id):
        yield f"the exchange gave it number {order.exchange_order_id}, and now another"


def _terms(order: Order, report: OrderReport) -> Iterator[str]:
    if report.side not in (None, order.side):
        yield f"it is a {order.side} order, the report of a {report.side} order"
    if report.quantity not in (None, order.quantity):
        yield f"it is for {plain(order.quantity)}, the report for {_short(report.quantity)}"
    # What a market order is said to be priced at means nothing.
    if order.price is not None and report.price not in (None, order.price):
        yield f"its price is {plain(order.price)}, in the report {_short(report.price)}"


def _totals(order: Order, report: OrderReport) -> Iterator[str]:
    filled, cost = report.filled_quantity, report.filled_cost
    if not (_sound(filled) and _sound(cost)):
        yield "its totals are no amounts"
    elif filled > order.quantity:
        yield f"{_short(filled)} filled of {plain(order.quantity)}"
    elif report.status is OrderStatus.FILLED and filled < order.quantity:
        yield f"filled, but only {_short(filled)} of {plain(order.quantity)}"
    elif report.status in TERMINAL and filled < order.filled_quantity:
        yield f"it ended with {_short(filled)} filled, and {plain(order.filled_quantity)} had been"


def _fill(order: Order, report: OrderReport, trade: Trade) -> Iterator[str]:
    name = f"trade {_short(trade.trade_id)}"
    if (trade.symbol, trade.side) != (order.symbol, order.side):
        yield f"{name} is of another market or side"
    if trade.exchange_order_id != report.exchange_order_id:
        yield f"{name} belongs to another order"
    if not (_sound(trade.quantity) and _sound(trade.price) and trade.quantity and trade.price):
        yield f"{name} has no quantity or no price"
    elif not _fee_possible(trade):
        yield f"{name} has an impossible fee of {_short(trade.fee)} {_short(trade.fee_currency)}"


def _fee_possible(trade: Trade) -> bool:
    """In a third coin nothing is known of its worth, but that nobody is paid in it."""
    if not trade.fee.is_finite():
        return False
    base, _, quote = trade.symbol.partition("/")
    traded = {base: trade.quantity, quote: trade.quantity * trade.price}
    value = traded.get(trade.fee_currency)
    if value is None:
        return trade.fee >= ZERO
    return -value * REBATE_MAX <= trade.fee <= value * FEE_MAX


def _sound(amount: Decimal) -> bool:
    return amount.is_finite() and amount >= ZERO


def _money(known: Row) -> tuple[Decimal, Decimal]:
    return known["quantity"], known["price"]


def _trade(trade: Trade) -> str:
    parts = (trade.trade_id, trade.side, trade.quantity, trade.price, trade.fee, trade.fee_currency)
    return ":".join(_short(part) for part in parts)


def _short(value: object) -> str:
    return str(value)[:VALUE_LENGTH_MAX]
