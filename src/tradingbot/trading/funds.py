"""Money that may be spent on one market, and how much of it an order needs."""

from dataclasses import dataclass
from decimal import Decimal, localcontext

from tradingbot.trading.money import UNROUNDED, ZERO
from tradingbot.trading.order import Side

# A market order fills at prices nobody knows yet: its cost is reckoned this much above the last.
MARKET_MARGIN = Decimal("1.005")


@dataclass(frozen=True, slots=True)
class Funds:
    """So much base and so much quote."""

    base: Decimal = ZERO
    quote: Decimal = ZERO

    def plus(self, other: "Funds") -> "Funds":
        with localcontext(UNROUNDED):
            return Funds(self.base + other.base, self.quote + other.quote)

    def less(self, other: "Funds") -> "Funds":
        with localcontext(UNROUNDED):
            return Funds(self.base - other.base, self.quote - other.quote)

    def beyond(self, other: "Funds") -> "Funds":
        """What this has more than the other, of each coin; nothing where it has less."""
        more = self.less(other)
        return Funds(max(more.base, ZERO), max(more.quote, ZERO))

    def within(self, other: "Funds") -> "Funds":
        """As much of this as the other holds."""
        return Funds(max(min(self.base, other.base), ZERO), max(min(self.quote, other.quote), ZERO))

    def __bool__(self) -> bool:
        return bool(self.base or self.quote)


def estimate(price: Decimal) -> Decimal:
    """What a market order is reckoned at while the last price is `price`."""
    return UNROUNDED.multiply(price, MARKET_MARGIN)


def needed(side: Side, quantity: Decimal, price: Decimal) -> Funds:
    """What an order holds back. Fees are none of it: they are taken from what comes in.

    `price` is the order's own, or the estimate of a market order.
    """
    if side is Side.SELL:
        return Funds(base=quantity)
    return Funds(quote=UNROUNDED.multiply(quantity, price))
