"""Why a grid cannot work, and what would."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from tradingbot.strategies.grid_levels import (
    cell_profits,
    investment_for,
    ladder,
    quantity_for,
    quantity_least,
    resellable,
)
from tradingbot.strategies.grid_params import LINES_MIN, GridParams
from tradingbot.strategies.strategy import Problem, Surroundings
from tradingbot.trading.market import Market
from tradingbot.trading.money import ceil_to, floor_to, plain, spoken

NEARER = Decimal("0.95")
FARTHER = Decimal("1.05")


def problems(params: GridParams, around: Surroundings) -> list[Problem]:
    """What stands against completed parameters. Raises ParamsIncomplete."""
    return (
        list(_range_problems(params, around.market))
        or list(_line_problems(params, around.market))
        or [
            *_fee_problems(params, around.market),
            *_size_problems(params, around.market),
            *_stop_problems(params, around),
        ]
    )


def _range_problems(params: GridParams, market: Market) -> Iterator[Problem]:
    lower, upper, _ = params.shape()
    tick = market.tick_size
    if market.price(lower) <= 0:
        reason = f"lower must be at least one price step, {spoken(tick)}"
        yield Problem("lower", "below_tick", reason, tick)
    elif market.price(lower) >= market.price(upper):
        works = ceil_to(tick, max(lower * FARTHER, lower + 2 * tick))
        reason = f"upper must be above lower ({spoken(lower)}), for example {spoken(works)}"
        yield Problem("upper", "range_empty", reason, works)


def _line_problems(params: GridParams, market: Market) -> Iterator[Problem]:
    _, _, lines = params.shape()
    if lines > market.orders_max:
        most = market.orders_max
        reason = f"lines: at most {most}, the market takes no more open orders"
        yield Problem("lines", "too_many_orders", reason, Decimal(most))
    elif not _distinct(ladder(params, market)):
        most = _most_lines(params, lambda some: _distinct(ladder(some, market))) or LINES_MIN
        step = spoken(market.tick_size)
        reason = f"lines: at most {most}, with more two lines share a price (its step is {step})"
        yield Problem("lines", "lines_collide", reason, Decimal(most))


def _distinct(prices: Sequence[Decimal]) -> bool:
    return all(low < high for low, high in pairwise(prices))


def _most_lines(params: GridParams, passes: Callable[[GridParams], bool]) -> int | None:
    """The most lines, fewer than now, with which `passes` says yes."""

    def with_lines(lines: int) -> bool:
        return passes(params.model_copy(update={"lines": lines}))

    _, _, now = params.shape()
    low, high = LINES_MIN, now
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if with_lines(middle) else (low, middle)
    # Rounding makes the border ragged: step down to a number that truly passes.
    return next((lines for lines in range(low, LINES_MIN - 1, -1) if with_lines(lines)), None)


def _fee_problems(params: GridParams, market: Market) -> Iterator[Problem]:
    if _earns(params, market):
        return
    lower, _, lines = params.shape()
    fee = f"{plain(market.maker_fee * 100)} %"
    most = _most_lines(params, lambda some: _earns(some, market))
    if most is not None:
        reason = f"lines: at most {most}, with {lines} a step does not cover the fee of {fee} twice"
        yield Problem("lines", "step_below_fees", reason, Decimal(most))
        return
    ratio = (1 + market.maker_fee) / (1 - market.maker_fee)
    works = ceil_to(market.tick_size, lower * ratio ** (lines - 1) * Decimal("1.001"))
    while not _earns(params.model_copy(update={"upper": works}), market):
        works = ceil_to(market.tick_size, works + (works - lower))
    reason = f"upper: at least {spoken(works)}, or no step covers the fee of {fee} twice"
    yield Problem("upper", "step_below_fees", reason, works)


def _earns(params: GridParams, market: Market) -> bool:
    return min(cell_profits(ladder(params, market), market.maker_fee)) > 0


def _size_problems(params: GridParams, market: Market) -> Iterator[Problem]:
    prices = ladder(params, market)
    quantity = quantity_for(prices, params.investment, market)
    most = _quantity_most(prices, market)
    if quantity > most:
        works = _investment_most(prices, market)
        reason = f"investment: at most {spoken(works)} {market.quote}, the market's largest order"
        yield Problem("investment", "order_too_large", reason, works)
    elif not _affords(params, market):
        yield _too_small(params, market, prices)


def _too_small(params: GridParams, market: Market, prices: Sequence[Decimal]) -> Problem:
    quote, (_, _, lines) = market.quote, params.shape()
    least = investment_for(prices, quantity_least(prices, market), market)
    enough = f"investment: at least {spoken(least)} {quote} for {lines} lines"
    most = _most_lines(params, lambda some: _affords(some, market))
    why = f"orders must be worth {spoken(market.notional_min)} {quote} or more"
    if most is None:
        return Problem("investment", "investment_too_small", f"{enough}; {why}", least)
    reason = f"lines: at most {most} with {spoken(params.investment)} {quote}, or {enough}; {why}"
    return Problem("lines", "order_below_minimum", reason, Decimal(most))


def _affords(params: GridParams, market: Market) -> bool:
    prices = ladder(params, market)
    quantity = min(
        quantity_for(prices, params.investment, market), market.quantity(market.quantity_max)
    )
    return resellable(market, quantity, prices[0], prices[1])


def _quantity_most(prices: Sequence[Decimal], market: Market) -> Decimal:
    """The most per line for which one market order can still buy for all lines."""
    cells = len(prices) - 1
    return market.quantity(market.quantity_max * (1 - market.taker_fee) / cells)


def _investment_most(prices: Sequence[Decimal], market: Market) -> Decimal:
    most = _quantity_most(prices, market)
    works = investment_for(prices, most, market)
    while quantity_for(prices, works, market) > most:
        works *= NEARER
    return works


def _stop_problems(params: GridParams, around: Surroundings) -> Iterator[Problem]:
    lower, upper, _ = params.shape()
    tick, price = around.market.tick_size, around.price
    lowest, highest = min(lower, price), max(upper, price)
    if params.stop_loss is not None and params.stop_loss >= lowest:
        below = floor_to(tick, lowest * NEARER)
        advice = f"for example {spoken(below)}" if below > 0 else "where no price is: leave it out"
        reason = f"stop_loss must be below lower and the price, {advice}"
        yield Problem("stop_loss", "stop_loss_too_high", reason, below if below > 0 else None)
    if params.take_profit is not None and params.take_profit <= highest:
        works = ceil_to(tick, highest * FARTHER)
        reason = f"take_profit must be above upper and the price, for example {spoken(works)}"
        yield Problem("take_profit", "take_profit_too_low", reason, works)
