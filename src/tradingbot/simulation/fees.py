"""What a fill costs, and in which currency."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

# Exchanges keep eight places of every asset.
SMALLEST_AMOUNT = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class FeeRates:
    """Shares of what is received: 0.001 is 0.1 %."""

    maker: Decimal = Decimal("0.001")
    taker: Decimal = Decimal("0.001")

    def rate(self, *, maker: bool) -> Decimal:
        return self.maker if maker else self.taker


def fee_on(received: Decimal, rate: Decimal) -> Decimal:
    """The part of `received` the exchange keeps, in the same asset, never above the rate."""
    return (received * rate).quantize(SMALLEST_AMOUNT, ROUND_DOWN)
