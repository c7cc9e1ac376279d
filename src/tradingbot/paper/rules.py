"""What a market accepts: price steps, amounts, value, distance from the last price."""

from decimal import Decimal

from tradingbot.paper.orders import OrderRequest
from tradingbot.paper.refusals import FilterFailed
from tradingbot.trading.market import Market

# Prices must stay between these shares of the last price.
PRICE_UP = Decimal(5)
PRICE_DOWN = Decimal("0.2")
PRICE_MAX = Decimal(1_000_000)


def check(market: Market, asked: OrderRequest, last: Decimal) -> None:
    """Raises FilterFailed for the first rule broken, in the order Binance lists them."""
    for price in (asked.price, asked.trigger.price if asked.trigger else None):
        if price is not None:
            _check_price(market, price)
    if asked.price is not None and not last * PRICE_DOWN <= asked.price <= last * PRICE_UP:
        raise FilterFailed("PERCENT_PRICE_BY_SIDE")
    if asked.quantity is not None:
        _check_quantity(market, asked.quantity)
    value = asked.budget
    if asked.quantity is not None:
        trigger = asked.trigger.price if asked.trigger else last
        value = asked.quantity * (asked.price if asked.price is not None else trigger)
    if value is not None and value < market.notional_min:
        raise FilterFailed("NOTIONAL")


def _check_price(market: Market, price: Decimal) -> None:
    if not market.tick_size <= price <= PRICE_MAX or price % market.tick_size:
        raise FilterFailed("PRICE_FILTER")


def _check_quantity(market: Market, quantity: Decimal) -> None:
    if not market.quantity_min <= quantity <= market.quantity_max or quantity % market.step_size:
        raise FilterFailed("LOT_SIZE")
