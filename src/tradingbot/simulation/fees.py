"""What a fill costs, and in which currency."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from tradingbot.trading.money import quotient

# Exchanges keep eight places of every asset.
SMALLEST_AMOUNT = Decimal("0.00000001")
# What is left of a fee that is paid in the exchange's own coin.
THIRD_COIN_SHARE = Decimal("0.75")


@dataclass(frozen=True, slots=True)
class FeeRates:
    """Shares of what is received: 0.001 is 0.1 %.

    `third_coin` pays the fees instead, at a discount, as long as there is enough of it.
    """

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")
    third_coin: str | None = None

    def rate(self, *, maker: bool) -> Decimal:
        return self.maker if maker else self.taker


def fee_on(received: Decimal, rate: Decimal) -> Decimal:
    """The part of `received` the exchange keeps, in the same asset, never above the rate."""
    return (received * rate).quantize(SMALLEST_AMOUNT, ROUND_DOWN)


def fee_in_third_coin(value: Decimal, rate: Decimal, price: Decimal) -> Decimal:
    """The discounted fee on a fill worth `value` of quote, in a coin that costs `price` of it."""
    return quotient(value * rate * THIRD_COIN_SHARE, price).quantize(SMALLEST_AMOUNT, ROUND_DOWN)
