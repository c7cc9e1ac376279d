"""A grid's arithmetic: its lines, the quantity on each, what a cell earns, what all of it costs."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from tradingbot.strategies.grid_params import GridParams, Spacing
from tradingbot.trading.market import Market, breach
from tradingbot.trading.money import ZERO, ceil_to, floor_to

ONE = Decimal(1)

# How much dearer than the last price the first market order may become without the ladder of buys
# below it running short of money.
SLIPPAGE = Decimal("1.01")


def ladder(params: GridParams, market: Market) -> tuple[Decimal, ...]:
    """The lines' prices, lowest first, each on the market's tick.

    Raises ParamsIncomplete. research/peers §2.2: p_i = L + i·(U−L)/n or L·(U/L)^(i/n), n cells.
    """
    lower, upper, lines = params.shape()
    inner = (_geometric if params.spacing is Spacing.GEOMETRIC else _arithmetic)(
        lower, upper, lines - 1
    )
    return tuple(market.price(price) for price in (*inner, upper))


def _arithmetic(lower: Decimal, upper: Decimal, cells: int) -> Iterator[Decimal]:
    for index in range(cells):
        yield lower + (upper - lower) * index / cells


def _geometric(lower: Decimal, upper: Decimal, cells: int) -> Iterator[Decimal]:
    ratio = (upper / lower) ** (ONE / cells)
    price = lower
    for _ in range(cells):
        yield price
        price *= ratio


def cell_profits(lines: Sequence[Decimal], fee: Decimal) -> list[Decimal]:
    """What each cell earns per round trip after fees, as a fraction of what its buy costs.

    `fee` is a fraction per side. g_i = [p_(i+1)(1−f) − p_i(1+f)] / [p_i(1+f)].
    """
    return [high * (1 - fee) / (low * (1 + fee)) - 1 for low, high in pairwise(lines)]


def quantity_for(lines: Sequence[Decimal], investment: Decimal, market: Market) -> Decimal:
    """The one quantity, in base, of every order: the most `investment` carries at any price.

    Sized as if every cell were bought on its own lower line, with room for the first market
    order's fee, its slippage and its rounding up by one lot. Zero when not even one lot fits.
    """
    spendable = investment / SLIPPAGE - market.step_size * lines[-1]
    dearest = sum(lines[:-1], ZERO) / (1 - market.taker_fee)
    return market.quantity(spendable / dearest) if spendable > 0 else ZERO


def investment_for(lines: Sequence[Decimal], quantity: Decimal, market: Market) -> Decimal:
    """The least money, in quote, that carries `quantity` on every line; four digits, rounded up."""
    ladder_cost = quantity * sum(lines[:-1], ZERO) / (1 - market.taker_fee)
    exact = SLIPPAGE * (ladder_cost + market.step_size * lines[-1])
    return round_up(exact)


def round_up(value: Decimal) -> Decimal:
    """The next value of four significant digits that is not below `value`."""
    return ceil_to(ONE.scaleb(value.adjusted() - 3), value)


def quantity_least(lines: Sequence[Decimal], market: Market) -> Decimal:
    """The least quantity, in base, with which every buy and the sale of what it brings may pass."""
    to_sell = _passing(market, lines[1])
    after_fee = ceil_to(market.step_size, to_sell / (1 - market.maker_fee))
    return max(_passing(market, lines[0]), after_fee)


def _passing(market: Market, price: Decimal) -> Decimal:
    least = max(market.quantity_min, market.notional_min / price, market.step_size)
    return ceil_to(market.step_size, least)


def resellable(market: Market, quantity: Decimal, low: Decimal, high: Decimal) -> bool:
    """Whether a buy at `low` passes, and the sale at `high` of what is left of it after the fee."""
    received = floor_to(market.step_size, quantity * (1 - market.maker_fee))
    return breach(market, quantity, low) is None and breach(market, received, high) is None


def start_quantity(needed: Decimal, market: Market) -> Decimal:
    """What to buy at market so that `needed` is left after a fee taken in base."""
    return ceil_to(market.step_size, needed / (1 - market.taker_fee))


def order_value_max(params: GridParams) -> Decimal:
    """All the grid can hold, sold at its highest price, and a tenth for the way there, in quote."""
    lower, upper, _ = params.shape()
    return params.investment * max(upper / lower, ONE) * Decimal("1.1")
