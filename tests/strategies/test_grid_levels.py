from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.tiny_exchange import BTC, EGGS
from tradingbot.strategies.grid_levels import (
    SLIPPAGE,
    cell_profits,
    investment_for,
    ladder,
    order_value_max,
    quantity_for,
    quantity_least,
    resellable,
    round_up,
    start_quantity,
)
from tradingbot.strategies.grid_params import GridParams, Spacing

# research/peers.md §2.2: L=20000 U=30000 n=20 cells f=0.1 %
ARITHMETIC = GridParams(
    lower=Decimal(20_000), upper=Decimal(30_000), lines=21, spacing=Spacing.ARITHMETIC
)
GEOMETRIC = ARITHMETIC.model_copy(update={"spacing": Spacing.GEOMETRIC})
FEE = Decimal("0.001")


def percent(fraction: Decimal) -> Decimal:
    return (fraction * 100).quantize(Decimal("0.001"))


def test_arithmetic_cells_earn_less_the_higher_they_are() -> None:
    profits = cell_profits(ladder(ARITHMETIC, BTC), FEE)
    assert len(profits) == 20
    assert percent(min(profits)) == Decimal("1.492")
    assert percent(max(profits)) == Decimal("2.295")
    assert profits == sorted(profits, reverse=True)


def test_geometric_cells_all_earn_the_same() -> None:
    profits = cell_profits(ladder(GEOMETRIC, BTC), FEE)
    assert percent(min(profits)) == percent(max(profits)) == Decimal("1.844")


def test_a_step_of_twice_the_fee_earns_nothing() -> None:
    ratio = (1 + FEE) / (1 - FEE)
    assert abs(cell_profits([Decimal(100), 100 * ratio], FEE)[0]) < Decimal("1e-25")


@pytest.mark.parametrize("params", [ARITHMETIC, GEOMETRIC], ids=["arithmetic", "geometric"])
def test_lines_go_from_lower_to_upper_on_the_tick(params: GridParams) -> None:
    lines = ladder(params, EGGS)
    assert (len(lines), lines[0], lines[-1]) == (21, Decimal(20_000), Decimal(30_000))
    assert all(line % EGGS.tick_size == 0 for line in lines)


def test_arithmetic_lines_lie_one_difference_apart() -> None:
    params = GridParams(lower=Decimal(90), upper=Decimal(110), lines=5, spacing=Spacing.ARITHMETIC)
    assert list(ladder(params, EGGS)) == [Decimal(price) for price in (90, 95, 100, 105, 110)]


RANGES = st.builds(
    lambda lower, wide, lines, spacing, investment: GridParams(
        lower=lower,
        upper=lower * (1 + wide),
        lines=lines,
        spacing=spacing,
        investment=investment,
    ),
    lower=st.decimals("100", "100000", places=2),
    wide=st.decimals("0.02", "3", places=2),
    lines=st.integers(2, 60),
    spacing=st.sampled_from(Spacing),
    investment=st.decimals("10", "50000", places=2),
)


@given(params=RANGES, share=st.floats(0, 1.2))
def test_at_any_price_the_investment_covers_the_start_its_slippage_and_all_buys(
    params: GridParams, share: float
) -> None:
    lines = ladder(params, BTC)
    price = BTC.price(lines[0] + (lines[-1] - lines[0]) * Decimal(share))
    quantity = quantity_for(lines, params.investment, BTC)
    above = sum(line > price for line in lines[:-1])
    started = start_quantity(quantity * above, BTC) * price * SLIPPAGE
    buys = sum(line for line in lines[:-1] if line <= price) * quantity
    assert started + buys <= params.investment
    assert quantity % BTC.step_size == 0


@given(params=RANGES)
def test_one_more_lot_on_every_line_would_not_fit(params: GridParams) -> None:
    lines = ladder(params, BTC)
    quantity = quantity_for(lines, params.investment, BTC)
    cost = (quantity + BTC.step_size) * sum(lines[:-1]) / (1 - BTC.taker_fee)
    assert (cost + BTC.step_size * lines[-1]) * SLIPPAGE >= params.investment * (
        1 - Decimal("1e-20")
    ) or quantity == 0


@given(params=RANGES)
def test_the_least_investment_carries_the_least_quantity(params: GridParams) -> None:
    lines = ladder(params, BTC)
    least = quantity_least(lines, BTC)
    assert resellable(BTC, least, lines[0], lines[1])
    assert quantity_for(lines, investment_for(lines, least, BTC), BTC) >= least


@given(params=RANGES)
def test_less_than_the_least_quantity_does_not_pass(params: GridParams) -> None:
    lines = ladder(params, BTC)
    less = quantity_least(lines, BTC) - BTC.step_size
    assert not resellable(BTC, less, lines[0], lines[1])


@given(needed=st.integers(1, 10**6), fee=st.sampled_from(["0", "0.001", "0.0075"]))
def test_the_start_buys_enough_to_have_what_is_needed_after_the_fee(needed: int, fee: str) -> None:
    market, wanted = replace(BTC, taker_fee=Decimal(fee)), needed * BTC.step_size
    bought = start_quantity(wanted, market)
    assert bought * (1 - market.taker_fee) >= wanted
    assert (bought - market.step_size) * (1 - market.taker_fee) < wanted


@given(value=st.decimals("0.0001", "1000000", places=6))
def test_rounding_up_keeps_four_digits_and_never_goes_down(value: Decimal) -> None:
    up = round_up(value)
    assert value <= up <= value * Decimal("1.001")
    assert len(up.normalize().as_tuple().digits) <= 4


@given(params=RANGES)
def test_no_single_order_is_worth_more_than_the_maximum(params: GridParams) -> None:
    lines = ladder(params, BTC)
    everything = quantity_for(lines, params.investment, BTC) * (len(lines) - 1)
    assert everything * lines[-1] <= order_value_max(params)
