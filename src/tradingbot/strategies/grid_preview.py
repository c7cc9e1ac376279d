"""What a grid will do, before it does it."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from tradingbot.strategies.grid_levels import (
    SLIPPAGE,
    cell_profits,
    ladder,
    quantity_for,
    start_quantity,
)
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.strategy import Surroundings
from tradingbot.trading.money import ZERO, spoken

PERCENT_PLACES = Decimal("0.001")
MONEY_PLACES = Decimal("0.00000001")
UNUSED_MAX = Decimal("0.1")


class PreviewLine(BaseModel):
    number: int = Field(description="Counted from 1, the lowest.")
    price: Decimal
    side: Literal["buy", "sell", "empty"] = Field(
        description="What rests here at first; the line right above the price stays empty, the "
        "cell under it is bought first."
    )
    quantity: Decimal
    value: Decimal


class GridPreview(BaseModel):
    """Prices in quote per base, quantities in base, money in quote, profits after fees."""

    symbol: str
    price: Decimal
    lower: Decimal
    upper: Decimal
    quantity: Decimal = Field(description="Of every order.")
    lines: list[PreviewLine]
    start_quantity: Decimal = Field(description="Bought at market first, for the lines that sell.")
    start_value: Decimal
    buys_value: Decimal = Field(description="Of the buys that rest below the price.")
    fees: Decimal = Field(description="Of the first buy.")
    reserve: Decimal = Field(description="For the first buy becoming dearer than the last price.")
    funds_needed: Decimal = Field(description="First buy, its fees and reserve, and all buys.")
    profit_per_cell_min_percent: Decimal
    profit_per_cell_max_percent: Decimal
    profit_per_cell_min: Decimal
    profit_per_cell_max: Decimal
    warnings: list[str]


def preview(params: GridParams, around: Surroundings) -> GridPreview:
    """Raises ParamsIncomplete; says nothing sensible about parameters with problems."""
    market, price = around.market, around.price
    prices = ladder(params, market)
    quantity = quantity_for(prices, params.investment, market)
    cells = prices[:-1]
    buys = sum((line for line in cells if line <= price), ZERO) * quantity
    above = sum(line > price for line in cells)
    started = start_quantity(quantity * above, market)
    value = started * price
    reserve = value * (SLIPPAGE - 1)
    rates = cell_profits(prices, market.maker_fee)
    costs = [line * quantity * (1 + market.maker_fee) for line in cells]
    earned = [rate * cost for rate, cost in zip(rates, costs, strict=True)]
    needed = value + buys + reserve
    return GridPreview(
        symbol=market.symbol,
        price=price,
        lower=prices[0],
        upper=prices[-1],
        quantity=quantity,
        lines=_lines(prices, price, quantity),
        start_quantity=started,
        start_value=value,
        buys_value=buys,
        # Taken from the coins bought, and bought along with them: `start_value` holds it already.
        fees=(value * market.taker_fee).quantize(MONEY_PLACES),
        reserve=reserve,
        funds_needed=needed,
        profit_per_cell_min_percent=(min(rates) * 100).quantize(PERCENT_PLACES),
        profit_per_cell_max_percent=(max(rates) * 100).quantize(PERCENT_PLACES),
        profit_per_cell_min=min(earned).quantize(MONEY_PLACES),
        profit_per_cell_max=max(earned).quantize(MONEY_PLACES),
        warnings=list(_warnings(params, around, prices, needed)),
    )


def _lines(prices: tuple[Decimal, ...], price: Decimal, quantity: Decimal) -> list[PreviewLine]:
    """Sides at `price`: cells whose lower line is not above it buy there, the others sell."""
    lines = []
    for index, at in enumerate(prices):
        buys = index < len(prices) - 1 and at <= price
        sells = index > 0 and prices[index - 1] > price
        amount = quantity if buys or sells else ZERO
        side: Literal["buy", "sell", "empty"] = "buy" if buys else "sell" if sells else "empty"
        lines.append(
            PreviewLine(number=index + 1, price=at, side=side, quantity=amount, value=amount * at)
        )
    return lines


def _warnings(
    params: GridParams, around: Surroundings, prices: tuple[Decimal, ...], needed: Decimal
) -> Iterator[str]:
    now, quote = spoken(around.price), around.market.quote
    if around.price < prices[0]:
        yield (
            f"the price, {now}, is below the range: the coins of all lines are bought at once, "
            f"and nothing more happens until the price is back at {spoken(prices[1])}"
        )
    if around.price > prices[-1]:
        yield (
            f"the price, {now}, is above the range: nothing happens until it has fallen "
            f"to {spoken(prices[-2])}"
        )
    unused = params.investment - needed
    if unused > params.investment * UNUSED_MAX:
        yield f"{spoken(unused)} {quote} of the investment stay unused: orders are of whole lots"
