from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.tiny_exchange import BTC
from tradingbot.strategies.grid_levels import ladder, quantity_for
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.grid_problems import problems
from tradingbot.strategies.grid_range import WIDTH_MAX, WIDTH_MIN, complete, width_of
from tradingbot.strategies.strategy import Candle, Surroundings


def candles(closes: Sequence[Decimal | int]) -> list[Candle]:
    return [
        Candle(hour * 3_600_000, price, price, price, price, Decimal(1))
        for hour, price in enumerate(map(Decimal, closes))
    ]


def around(price: int | Decimal, closes: Sequence[Decimal | int] = ()) -> Surroundings:
    return Surroundings(BTC, Decimal(price), candles(closes))


def test_without_candles_the_range_is_five_percent_each_way() -> None:
    params = complete(GridParams(), around(60_000))
    assert params.lower == 57_000
    assert params.upper == 63_000


def test_the_range_is_one_and_a_half_deviations_of_two_days() -> None:
    # Up and down by 1 % in turn: a deviation of 1 % an hour, 1.5 · √48 of it in two days.
    zigzag = [Decimal(60_000) * (Decimal("1.01") if hour % 2 else 1) for hour in range(169)]
    width = width_of(candles(zigzag), BTC)
    assert width.quantize(Decimal("0.001")) == Decimal("0.104")


def test_a_calm_market_still_gets_room_for_fees_and_a_wild_one_stays_above_zero() -> None:
    assert width_of(candles([60_000] * 100), BTC) == Decimal("0.025")
    assert width_of(candles([60_000] * 100), replace(BTC, maker_fee=Decimal(0))) == WIDTH_MIN
    assert width_of(candles([100, 1000] * 50), BTC) == WIDTH_MAX


def test_a_few_candles_tell_nothing() -> None:
    assert width_of(candles([60_000, 90_000] * 12), BTC) == Decimal("0.05")


def test_what_was_given_stays_as_it_is() -> None:
    given_ = GridParams(lower=Decimal(50_000), lines=7, take_profit=Decimal(90_000))
    params = complete(given_, around(60_000))
    assert params == given_.model_copy(update={"upper": Decimal(63_000)})
    assert complete(params, around(1)) == params


def test_a_lower_end_above_the_price_still_leaves_a_range_above_it() -> None:
    params = complete(GridParams(lower=Decimal(70_000)), around(60_000))
    assert params.upper == 73_500
    params = complete(GridParams(upper=Decimal(50_000)), around(60_000))
    assert params.lower == 47_500


@given(price=st.integers(20_000, 200_000))
def test_the_defaults_work_at_any_price_and_waste_little(price: int) -> None:
    params = complete(GridParams(), around(price))
    assert problems(params, around(price)) == []
    lines = ladder(params, BTC)
    assert len(lines) >= 4
    quantity = quantity_for(lines, params.investment, BTC)
    assert quantity * lines[0] >= BTC.notional_min * Decimal("1.2")
    used = quantity * sum(lines[:-1])
    assert used >= Decimal("0.9") * params.investment


def test_more_money_buys_more_lines_up_to_twenty() -> None:
    counts = [
        complete(GridParams(investment=Decimal(money)), around(60_000)).shape()[2]
        for money in (30, 100, 10_000)
    ]
    assert counts == sorted(counts)
    assert counts[-1] == 20


def test_with_too_little_money_it_says_what_is_missing() -> None:
    params = complete(GridParams(investment=Decimal(8)), around(60_000))
    assert {problem.field for problem in problems(params, around(60_000))} <= {
        "investment",
        "lines",
    }
    assert problems(params, around(60_000))
