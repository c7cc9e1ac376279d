from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies.tiny_exchange import BTC
from tradingbot.strategies.grid_params import GridParams, ParamsIncomplete, Spacing
from tradingbot.strategies.grid_problems import problems
from tradingbot.strategies.strategy import Problem, Surroundings
from tradingbot.trading.market import Market

AROUND = Surroundings(BTC, Decimal(60_000), ())
GOOD = GridParams(lower=Decimal(55_000), upper=Decimal(65_000), lines=9)


def found(**changes: object) -> list[Problem]:
    return problems(GOOD.model_copy(update=changes), AROUND)


def only(**changes: object) -> Problem:
    (problem,) = found(**changes)
    return problem


def test_a_good_grid_has_none() -> None:
    assert found() == []


def test_orders_too_small_for_the_money_name_lines_and_money_that_would_work() -> None:
    problem = only(lines=30)
    assert (problem.field, problem.code) == ("lines", "order_below_minimum")
    assert problem.reason == (
        "lines: at most 17 with 100 USDT, or investment: at least 193.2 USDT for 30 lines; "
        "orders must be worth 5 USDT or more"
    )
    assert found(lines=17) == []
    assert found(lines=18) != []
    assert found(lines=30, investment=Decimal("193.2")) == []


def test_too_little_money_for_any_grid_says_how_much_it_takes() -> None:
    problem = only(investment=Decimal(4), lines=3)
    assert (problem.field, problem.code) == ("investment", "investment_too_small")
    assert found(investment=problem.works, lines=3) == []


def test_steps_below_the_fees_name_the_most_lines() -> None:
    narrow = {"lower": Decimal(60_000), "upper": Decimal(60_500), "investment": Decimal(10_000)}
    problem = only(lines=9, **narrow)
    assert (problem.field, problem.code) == ("lines", "step_below_fees")
    assert problem.works == 5
    assert "0.1 %" in problem.reason


def test_a_range_narrower_than_one_fee_names_the_least_upper_end() -> None:
    narrow = {"lower": Decimal(60_000), "upper": Decimal(60_050), "lines": 2}
    problem = only(**narrow)
    assert (problem.field, problem.code) == ("upper", "step_below_fees")
    assert found(**{**narrow, "upper": problem.works}) == []


def test_two_lines_on_one_price() -> None:
    coarse = replace(BTC, tick_size=Decimal(1000), maker_fee=Decimal(0), taker_fee=Decimal(0))
    params = GOOD.model_copy(update={"lines": 14, "spacing": Spacing.ARITHMETIC})
    (problem,) = problems(params, Surroundings(coarse, Decimal(60_000), ()))
    assert (problem.field, problem.code) == ("lines", "lines_collide")
    assert problem.works == 11


def test_more_lines_than_the_market_takes_orders() -> None:
    problem = only(lines=300, investment=Decimal(10_000))
    assert (problem.field, problem.code) == ("lines", "too_many_orders")
    assert problem.works == 200


def test_more_than_the_markets_largest_order() -> None:
    small = Surroundings(replace(BTC, quantity_max=Decimal("0.1")), Decimal(60_000), ())
    params = GOOD.model_copy(update={"investment": Decimal(100_000)})
    (problem,) = problems(params, small)
    assert (problem.field, problem.code) == ("investment", "order_too_large")
    fixed = params.model_copy(update={"investment": problem.works})
    assert problems(fixed, small) == []


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"lower": Decimal(65_000)}, "upper", "range_empty"),
        ({"lower": Decimal(70_000)}, "upper", "range_empty"),
        ({"lower": Decimal("0.001")}, "lower", "below_tick"),
        ({"stop_loss": Decimal(55_000)}, "stop_loss", "stop_loss_too_high"),
        ({"take_profit": Decimal(65_000)}, "take_profit", "take_profit_too_low"),
    ],
)
def test_what_lies_on_the_wrong_side(changes: dict[str, Decimal], field: str, code: str) -> None:
    problem = only(**changes)
    assert (problem.field, problem.code) == (field, code)
    assert problem.works is not None


def test_a_stop_loss_the_price_has_passed_already_is_too_high() -> None:
    around = replace(AROUND, price=Decimal(40_000))
    (problem,) = problems(GOOD.model_copy(update={"stop_loss": Decimal(50_000)}), around)
    assert problem.code == "stop_loss_too_high"
    assert problem.works == 38_000


def test_a_price_outside_the_range_is_allowed() -> None:
    for price in (30_000, 90_000):
        assert problems(GOOD, replace(AROUND, price=Decimal(price))) == []


def test_an_open_range_cannot_be_judged() -> None:
    with pytest.raises(ParamsIncomplete):
        problems(GridParams(), AROUND)


MARKETS = st.builds(
    replace,
    st.just(BTC),
    tick_size=st.sampled_from([Decimal("0.01"), Decimal(1), Decimal(50)]),
    step_size=st.sampled_from([Decimal("0.00001"), Decimal("0.001")]),
    notional_min=st.sampled_from([Decimal(5), Decimal(20)]),
    quantity_max=st.sampled_from([Decimal(9000), Decimal("0.5")]),
    maker_fee=st.sampled_from([Decimal(0), Decimal("0.001"), Decimal("0.006")]),
    orders_max=st.sampled_from([20, 200]),
)
STOPS = st.none() | st.decimals("1000", "90000", places=0)
ASKED = st.builds(
    GridParams,
    lower=st.decimals("0.01", "70000", places=2),
    upper=st.decimals("0.01", "80000", places=2),
    lines=st.integers(2, 250),
    spacing=st.sampled_from(Spacing),
    investment=st.decimals("1", "100000", places=1),
    stop_loss=STOPS,
    take_profit=STOPS,
)


@settings(max_examples=150, deadline=None)
@given(asked=ASKED, market=MARKETS, price=st.integers(1_000, 90_000))
def test_what_is_said_to_work_makes_the_problem_go_away(
    asked: GridParams, market: Market, price: int
) -> None:
    around = Surroundings(market, Decimal(price), ())
    for problem in problems(asked, around):
        works = int(problem.works or 0) if problem.field == "lines" else problem.works
        assert works or "leave it out" in problem.reason
        changed = GridParams.model_validate(
            {**asked.model_dump(exclude_none=True), problem.field: works}
        )
        left = [one.code for one in problems(changed, around)]
        assert problem.code not in left, (problem, left)
