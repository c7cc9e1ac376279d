"""Fills in; holding, average price, fees and profit out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, localcontext

from tradingbot.trading.money import EXACT, ZERO, quotient
from tradingbot.trading.order import Side


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade. Price in quote per base, quantity in base, fee in `fee_currency`."""

    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_currency: str


@dataclass(frozen=True, slots=True)
class Position:
    """What the fills so far came to.

    `holding` in base, net of fees taken in base. `cost` is what the holding was bought for, in
    quote. `realised` is profit in quote by the average-cost method: each sale earns its proceeds
    net of a quote fee, less the average cost of what was sold. `fees` per currency.
    """

    holding: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def average_price(self) -> Decimal | None:
        return quotient(self.cost, self.holding) if self.holding else None

    def value(self, price: Decimal) -> Decimal:
        return self.holding * price

    def unrealised(self, price: Decimal) -> Decimal:
        return self.value(price) - self.cost


def after(position: Position, fill: Fill, base: str, quote: str) -> Position:
    """The position once `fill` is counted in."""
    with localcontext(EXACT):
        return _after(position, fill, base, quote)


def _after(position: Position, fill: Fill, base: str, quote: str) -> Position:
    fees = dict(position.fees)
    fees[fill.fee_currency] = fees.get(fill.fee_currency, ZERO) + fill.fee
    fee_base = fill.fee if fill.fee_currency == base else ZERO
    fee_quote = fill.fee if fill.fee_currency == quote else ZERO
    traded = fill.price * fill.quantity
    if fill.side is Side.BUY:
        return Position(
            holding=position.holding + fill.quantity - fee_base,
            cost=position.cost + traded + fee_quote,
            realised=position.realised,
            fees=fees,
        )
    given = fill.quantity + fee_base
    share = ZERO if position.holding <= 0 else min(given / position.holding, Decimal(1))
    cost_of_sold = position.cost * share
    return Position(
        holding=position.holding - given,
        cost=position.cost - cost_of_sold,
        realised=position.realised + traded - fee_quote - cost_of_sold,
        fees=fees,
    )


def total(fills: Iterable[Fill], base: str, quote: str) -> Position:
    position = Position()
    for fill in fills:
        position = after(position, fill, base, quote)
    return position
