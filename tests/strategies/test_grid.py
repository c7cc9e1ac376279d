"""A grid's life, told with eggs: lines at 90, 95, 100, 105, 110, one egg each, no fees."""

from decimal import Decimal

import pytest

from tests.strategies.tiny_exchange import BTC, EGGS, NOW, TinyExchange
from tradingbot.strategies.grid import Grid
from tradingbot.strategies.grid_params import GridParams, Spacing
from tradingbot.strategies.grid_state import GridState
from tradingbot.trading.event import (
    Event,
    OnStop,
    OrderCancelled,
    OrderFilled,
    OrderRefused,
    ParamsChanged,
    PriceCrossed,
    StopRequested,
)
from tradingbot.trading.intent import Finish
from tradingbot.trading.order import NOTHING, Execution

EGG_PARAMS = GridParams(
    lower=Decimal(90),
    upper=Decimal(110),
    lines=5,
    spacing=Spacing.ARITHMETIC,
    investment=Decimal(510),
)


def eggs(price: int = 97) -> TinyExchange:
    return TinyExchange(EGG_PARAMS, Decimal(price), EGGS)


def started(price: int = 97) -> TinyExchange:
    x = eggs(price)
    x.start()
    x.calm()
    return x


def test_it_buys_what_the_upper_lines_will_sell_and_rests_buys_below() -> None:
    x = eggs()
    x.start()
    assert x.shown() == ["market buy 2", "95 buy 1", "90 buy 1"]
    x.calm()
    assert x.shown() == ["110 sell 1", "105 sell 1", "95 buy 1", "90 buy 1"]


def test_a_price_going_down_and_up_earns_one_step_and_leaves_the_grid_as_it_was() -> None:
    x = started()
    x.move(94)
    assert x.shown() == ["110 sell 1", "105 sell 1", "100 sell 1", "90 buy 1"]
    x.move(101)
    assert x.shown() == ["110 sell 1", "105 sell 1", "95 buy 1", "90 buy 1"]
    assert (x.state.cells_completed, int(x.state.grid_profit)) == (1, 5)
    assert Grid().results(x.state) == {"grid_profit": 5, "cells_completed": 1}
    assert x.said[-1].startswith(
        "sold at 100 after buying at 95, earned 5 COIN, buying again one line lower"
    )


def test_through_the_whole_range_and_back() -> None:
    x = started()
    x.move(111)
    assert x.shown() == ["105 buy 1", "100 buy 1", "95 buy 1", "90 buy 1"]
    assert x.state.holding == 0
    x.move(89)
    assert x.shown() == ["110 sell 1", "105 sell 1", "100 sell 1", "95 sell 1"]
    assert x.state.holding == 4
    x.move(111)
    assert x.state.cells_completed == 6
    # 2 eggs of 97 sold at 105 and 110, then four steps of 5 each.
    assert x.state.cash - x.state.investment == 8 + 13 + 20
    assert x.state.grid_profit == 6 * 5


@pytest.mark.parametrize(
    ("price", "book"),
    [
        (80, ["110 sell 1", "105 sell 1", "100 sell 1", "95 sell 1"]),
        (90, ["110 sell 1", "105 sell 1", "100 sell 1", "90 buy 1"]),
        (120, ["105 buy 1", "100 buy 1", "95 buy 1", "90 buy 1"]),
    ],
)
def test_it_may_start_outside_of_its_range_or_on_a_line(price: int, book: list[str]) -> None:
    assert started(price).shown() == book


def test_nothing_to_buy_at_the_start_places_no_market_order() -> None:
    x = eggs(120)
    x.start()
    assert all("market" not in row for row in x.shown())


def test_fees_in_base_leave_fractions_that_later_sales_take_along() -> None:
    x = TinyExchange(GridParams(), Decimal(60_000))
    x.start()
    x.calm()
    sold = []
    for _ in range(70):
        x.move(59_000)
        x.move(61_000)
        sold.append(x.fills[-1].quantity)
        # Never more than a lot lies about: it is sold as soon as it is one.
        assert 0 <= x.state.loose < BTC.step_size
    assert set(sold) == {Decimal("0.00015"), Decimal("0.00016")}


def test_the_same_start_told_twice_changes_nothing() -> None:
    x = started()
    book = dict(x.book)
    x.start()
    assert x.book == book


ODD: list[Event] = [
    OrderFilled(NOW, "grid:09:buy", 1, Execution(Decimal(1), Decimal(95))),
    OrderFilled(NOW, "grid:02:buy", 7, Execution(Decimal(1), Decimal(95))),
    OrderFilled(NOW, "grid:02:sell", 1, Execution(Decimal(1), Decimal(95))),
    OrderFilled(NOW, "grid:start", 1, Execution(Decimal(2), Decimal(194))),
    OrderFilled(NOW, "grid:exit", 1, Execution(Decimal(2), Decimal(194))),
    OrderCancelled(NOW, "manual:1", 1, NOTHING, "cancelled"),
    OrderRefused(NOW, "grid:03:sell", 1, "not_placed", "never arrived"),
    PriceCrossed(NOW, "grid:inside", Decimal(97)),
    PriceCrossed(NOW, "grid:stop_loss", Decimal(1)),
    PriceCrossed(NOW, "somebody:else", Decimal(1)),
]


@pytest.mark.parametrize("event", ODD)
def test_late_and_odd_events_are_harmless(event: Event) -> None:
    x = started()
    decision = x.grid.decide(x.params, x.state, event)
    assert decision.state is x.state
    assert decision.intents == ()


def test_before_its_first_start_it_only_hears_a_stop() -> None:
    grid = Grid()
    for event in ODD:
        assert grid.decide(EGG_PARAMS, GridState(), event).intents == ()
    changed = ParamsChanged(NOW, EGGS, Decimal(97))
    assert grid.decide(EGG_PARAMS, GridState(), changed).intents == ()
    stopped = grid.decide(EGG_PARAMS, GridState(), StopRequested(NOW, OnStop.SELL))
    assert stopped.intents == (Finish("stopped before it had started"),)


def test_every_intent_says_why() -> None:
    x = started()
    for price in (94, 101, 89, 112, 97):
        x.move(price)
    x.stop(OnStop.SELL)
    x.calm()
    assert all(len(reason) > 10 for reason in x.said)
