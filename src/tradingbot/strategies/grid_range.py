"""A range and a number of lines for somebody who named none."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import chain, pairwise

from tradingbot.strategies.grid_levels import ONE, cell_profits, ladder, quantity_for, resellable
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.strategy import Candle, Surroundings
from tradingbot.trading.market import Market
from tradingbot.trading.money import ZERO

HOURS = 168  # a week of candles tells how far the price moves,
HORIZON_HOURS = 48  # and the range should hold it for about two days
DEVIATIONS = Decimal("1.5")
CANDLES_MIN = 24

WIDTH_DEFAULT = Decimal("0.05")  # each way, when there are no candles
WIDTH_MIN = Decimal("0.02")
WIDTH_MAX = Decimal("0.5")
WIDTH_FEES = 25  # ten lines then earn at least twice what they pay

LINES_DEFAULT_MAX = 20
LINES_DEFAULT_MIN = 4
NOTIONAL_MARGIN = Decimal("1.5")
# Of the investment, lost to rounding down to whole lots: best little, then more, then any.
WASTE_LIMITS = (Decimal("0.05"), Decimal("0.1"), ONE)
PROFIT_MIN_FEES = 2  # a cell should leave at least as much as both its fees


def complete(params: GridParams, around: Surroundings) -> GridParams:
    lower, upper = _range(params, around)
    ranged = params.model_copy(update={"lower": lower, "upper": upper})
    if ranged.lines is not None:
        return ranged
    return ranged.model_copy(update={"lines": _lines(ranged, around.market)})


def _range(params: GridParams, around: Surroundings) -> tuple[Decimal, Decimal]:
    """Price ± 1.5 σ of two days, σ from the hourly log returns of the last week; a given end stays.

    At least 2 % and 25 fees each way, 5 % without candles.
    """
    market, price = around.market, around.price
    width = width_of(around.candles, market)
    lower, upper = params.lower, params.upper
    if lower is None:
        below = price if upper is None else min(price, upper)
        lower = max(market.price(below * (1 - width)), market.tick_size)
    if upper is None:
        upper = market.price(max(price, lower) * (1 + width))
    return lower, upper


def width_of(candles: Sequence[Candle], market: Market) -> Decimal:
    """How far the range reaches each way, as a fraction of the price."""
    floor = max(WIDTH_MIN, WIDTH_FEES * market.maker_fee)
    closes = [candle.close for candle in candles[-HOURS - 1 :]]
    if len(closes) <= CANDLES_MIN:
        return max(WIDTH_DEFAULT, floor)
    returns = [(after / before).ln() for before, after in pairwise(closes)]
    mean = sum(returns, ZERO) / len(returns)
    variance = sum(((value - mean) ** 2 for value in returns), ZERO) / (len(returns) - 1)
    return min(max(DEVIATIONS * (variance * HORIZON_HOURS).sqrt(), floor), WIDTH_MAX)


def _lines(params: GridParams, market: Market) -> int:
    """The most lines with a margin over every limit and little lost to rounding.

    With a small investment no number may do: then the fewest, and `problems` says what is missing.
    """
    if params.lower is None or params.upper is None or params.lower >= params.upper:
        return LINES_DEFAULT_MIN
    counts = range(LINES_DEFAULT_MAX, LINES_DEFAULT_MIN - 1, -1)
    able = [count for count in counts if _works(params, market, count, NOTIONAL_MARGIN)]
    wasted = {count: _waste(params, market, count) for count in able}
    tight = (count for limit in WASTE_LIMITS for count in able if wasted[count] <= limit)
    bare = (count for count in counts if _works(params, market, count, ONE))
    return next(chain(tight, bare), LINES_DEFAULT_MIN)


def _works(params: GridParams, market: Market, lines: int, margin: Decimal) -> bool:
    prices = ladder(params.model_copy(update={"lines": lines}), market)
    if prices[0] <= 0 or min(cell_profits(prices, market.maker_fee)) < _profit_least(market):
        return False
    quantity = quantity_for(prices, params.investment, market)
    return resellable(market, market.quantity(quantity / margin), prices[0], prices[1])


def _profit_least(market: Market) -> Decimal:
    return PROFIT_MIN_FEES * market.maker_fee


def _waste(params: GridParams, market: Market, lines: int) -> Decimal:
    prices = ladder(params.model_copy(update={"lines": lines}), market)
    quantity = quantity_for(prices, params.investment, market)
    return 1 - quantity * sum(prices[:-1], ZERO) / params.investment
