"""Last gate before an intent leaves the core."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from tradingbot.trading.funds import Funds, estimate, needed
from tradingbot.trading.intent import Intent, PlaceOrder
from tradingbot.trading.market import Market, breach
from tradingbot.trading.money import spoken
from tradingbot.trading.order import Side


@dataclass(frozen=True, slots=True)
class Limits:
    """`order_value_max` in quote: no single order of this bot may be worth more.

    `funds`: what the bot owns and has promised to no order; None where nobody keeps its money.
    """

    market: Market
    price: Decimal
    order_value_max: Decimal
    funds: Funds | None = None

    def needed(self, order: PlaceOrder) -> Funds:
        price = estimate(self.price) if order.price is None else order.price
        return needed(order.side, order.quantity, price)

    def after(self, approved: Iterable[Intent]) -> "Limits":
        """What may still leave once these have."""
        funds = self.funds
        if funds is None:
            return self
        for intent in approved:
            if isinstance(intent, PlaceOrder):
                funds = funds.less(self.needed(intent))
        return replace(self, funds=funds)


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
            limits = limits.after((intent,))
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
    return _unpaid(order, limits)


def _unpaid(order: PlaceOrder, limits: Limits) -> Refused | None:
    if limits.funds is None:
        return None
    need, there, market = limits.needed(order), limits.funds, limits.market
    # Only of the coin it pays with: the other may be overdrawn, by a fee or a bad price.
    asked, left, coin = need.quote, there.quote, market.quote
    if order.side is Side.SELL:
        asked, left, coin = need.base, there.base, market.base
    if asked <= left:
        return None
    reason = f"it needs {spoken(asked)} {coin}, and the bot has {spoken(left)} {coin} left"
    return Refused(order, "insufficient_funds", reason)
