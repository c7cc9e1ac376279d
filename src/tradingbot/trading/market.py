"""A market and its rules: price step, amount step, minimum value."""

from dataclasses import dataclass
from decimal import Decimal

from tradingbot.trading.money import floor_to, nearest, plain


@dataclass(frozen=True, slots=True)
class Market:
    """Rules of one spot market. Prices in quote per base, quantities in base, values in quote.

    Fee rates are fractions: 0.001 is 0.1 %.
    """

    symbol: str
    base: str
    quote: str
    tick_size: Decimal
    step_size: Decimal
    quantity_min: Decimal
    quantity_max: Decimal
    notional_min: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    orders_max: int = 200

    def price(self, value: Decimal) -> Decimal:
        return nearest(self.tick_size, value)

    def quantity(self, value: Decimal) -> Decimal:
        """Rounded down: never more than was asked for."""
        return floor_to(self.step_size, value)


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule of the market an order would break: which field, why, and what would pass."""

    field: str
    code: str
    reason: str


def breach(market: Market, quantity: Decimal, price: Decimal) -> Breach | None:
    """What stands against this order, checked in the order exchanges check it.

    For a market order `price` is the current one: only its notional is judged by it.
    """
    if price <= 0 or price % market.tick_size:
        return Breach(
            "price", "price_off_tick", f"price must be a multiple of {plain(market.tick_size)}"
        )
    if quantity <= 0 or quantity % market.step_size:
        step = plain(market.step_size)
        return Breach("quantity", "quantity_off_step", f"quantity must be a multiple of {step}")
    if quantity < market.quantity_min:
        least = plain(market.quantity_min)
        return Breach("quantity", "below_minimum_quantity", f"quantity must be at least {least}")
    if quantity > market.quantity_max:
        most = plain(market.quantity_max)
        return Breach("quantity", "above_maximum_quantity", f"quantity must be at most {most}")
    if quantity * price < market.notional_min:
        least = f"{plain(market.notional_min)} {market.quote}"
        return Breach(
            "quantity", "below_minimum_notional", f"quantity × price must be at least {least}"
        )
    return None
