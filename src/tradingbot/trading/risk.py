"""Last gate before an intent leaves the core."""

from dataclasses import dataclass
from decimal import Decimal

from tradingbot.trading.intent import Intent, PlaceOrder
from tradingbot.trading.market import Market, breach


@dataclass(frozen=True, slots=True)
class Limits:
    """`order_value_max` in quote: no single order of this bot may be worth more."""

    market: Market
    price: Decimal
    order_value_max: Decimal


@dataclass(frozen=True, slots=True)
class Refused:
    intent: PlaceOrder
    code: str
    reason: str


def check(
    intents: tuple[Intent, ...], limits: Limits
) -> tuple[tuple[Intent, ...], tuple[Refused, ...]]:
    """Split intents into those that may leave and those that may not, in their order."""
    approved: list[Intent] = []
    refused: list[Refused] = []
    for intent in intents:
        verdict = _judge(intent, limits) if isinstance(intent, PlaceOrder) else None
        if verdict is None:
            approved.append(intent)
        else:
            refused.append(verdict)
    return tuple(approved), tuple(refused)


def _judge(order: PlaceOrder, limits: Limits) -> Refused | None:
    price = limits.market.price(limits.price) if order.price is None else order.price
    if (broken := breach(limits.market, order.quantity, price)) is not None:
        return Refused(order, broken.code, broken.reason)
    if order.quantity * price > limits.order_value_max:
        return Refused(
            order,
            "above_order_value_max",
            f"an order may be worth {limits.order_value_max} at most",
        )
    return None
