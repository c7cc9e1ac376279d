"""What a market refuses, told as Bybit tells it: by the first rule that an order breaks."""

from decimal import Decimal

from tradingbot.paper import rules
from tradingbot.paper.bybit_errors import ApiError
from tradingbot.paper.orders import OrderRequest
from tradingbot.trading.market import Market
from tradingbot.trading.money import plain
from tradingbot.trading.order import Side

QUOTE_STEP = Decimal("0.00000001")


def check(market: Market, asked: OrderRequest, last: Decimal) -> None:
    """Raises ApiError."""
    if asked.price is not None:
        _check_price(market, asked.price)
        _check_distance(asked.side, asked.price, last)
    if asked.trigger is not None:
        _check_price(market, asked.trigger.price)
    if asked.quantity is not None:
        _check_quantity(market, asked.quantity)
    if asked.budget is not None and asked.budget % QUOTE_STEP:
        raise ApiError(170148, "Market order amount decimal too long.")
    if _value(asked, last) < market.notional_min:
        raise ApiError(170140, "Order value exceeded lower limit.")


def _check_price(market: Market, price: Decimal) -> None:
    if price > rules.PRICE_MAX:
        raise ApiError(170132, "Order price too high.")
    if price < market.tick_size:
        raise ApiError(170133, "Order price lower than the minimum.")
    if price % market.tick_size:
        raise ApiError(170134, "Order price decimal too long.")


def _check_distance(side: Side, price: Decimal, last: Decimal) -> None:
    highest, lowest = last * rules.PRICE_UP, last * rules.PRICE_DOWN
    if price > highest:
        if side is Side.BUY:
            raise ApiError(170193, f"Buy order price cannot be higher than {plain(highest)}.")
        raise ApiError(170132, "Order price too high.")
    if price < lowest:
        if side is Side.SELL:
            raise ApiError(170194, f"Sell order price cannot be lower than {plain(lowest)}.")
        raise ApiError(170133, "Order price lower than the minimum.")


def _check_quantity(market: Market, quantity: Decimal) -> None:
    if quantity < market.quantity_min:
        raise ApiError(170136, "Order quantity lower than the minimum.")
    if quantity % market.step_size:
        raise ApiError(170137, "Order volume decimal too long.")
    if quantity > market.quantity_max:
        raise ApiError(170381, "Order quantity too large.")


def _value(asked: OrderRequest, last: Decimal) -> Decimal:
    if asked.quantity is None:
        assert asked.budget is not None
        return asked.budget
    price = asked.price or (asked.trigger.price if asked.trigger else last)
    return asked.quantity * price
