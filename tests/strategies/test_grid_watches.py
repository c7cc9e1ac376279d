from decimal import Decimal

import pytest

from tests.strategies.test_grid import EGG_PARAMS, started
from tests.strategies.tiny_exchange import EGGS, NOW, TinyExchange
from tradingbot.strategies.grid_state import Phase
from tradingbot.trading.event import OnStop, PriceCrossed
from tradingbot.trading.intent import Direction, Notify, WatchPrice

STOPS = EGG_PARAMS.model_copy(update={"stop_loss": Decimal(80), "take_profit": Decimal(120)})


def with_stops() -> TinyExchange:
    x = TinyExchange(STOPS, Decimal(97), EGGS)
    x.start()
    x.calm()
    return x


def test_it_listens_for_its_stops_and_the_ends_of_its_range() -> None:
    watched = {
        trigger: (int(watch.price), watch.direction)
        for trigger, watch in with_stops().watches.items()
    }
    assert watched == {
        "grid:stop_loss": (80, Direction.BELOW),
        "grid:take_profit": (120, Direction.ABOVE),
        "grid:below": (90, Direction.BELOW),
        "grid:above": (110, Direction.ABOVE),
    }


def test_at_the_stop_loss_it_sells_everything_tells_and_ends() -> None:
    x = with_stops()
    x.move(79)
    assert x.shown() == []
    assert x.state.holding == 0
    assert x.notified == [
        Notify("target_reached", "price 79 reached the stop loss at 80"),
    ]
    (finish,) = x.finished
    assert finish.reason.startswith("price 79 reached the stop loss at 80: no orders, no EGG left")
    assert not finish.failed


def test_at_the_take_profit_it_ends_with_the_money() -> None:
    x = with_stops()
    x.move(121)
    assert x.shown() == []
    assert x.state.cash == 510 + 8 + 13
    assert x.finished[0].reason.startswith("price 121 reached the take profit at 120")


def test_an_ended_grid_listens_for_nothing() -> None:
    for x in (with_stops(), started()):
        x.stop(OnStop.SELL)
        x.calm()
        assert x.watches == {}


@pytest.mark.parametrize(("trigger", "price"), [("grid:stop_loss", 85), ("grid:take_profit", 115)])
def test_a_crossing_of_a_stop_that_was_moved_since_is_old_news(trigger: str, price: int) -> None:
    x = with_stops()
    decision = x.grid.decide(x.params, x.state, PriceCrossed(NOW, trigger, Decimal(price)))
    assert decision.state is x.state
    assert decision.intents == ()


def test_leaving_the_range_is_said_once_and_coming_back_takes_a_whole_line() -> None:
    x = started()
    said = len(x.said)
    x.move(89)
    assert any("left the range below 90: the grid waits" in reason for reason in x.said[said:])
    assert x.watches["grid:inside"] == WatchPrice(
        "grid:inside",
        Decimal(95),
        Direction.ABOVE,
        "price 89 left the range below 90: the grid waits until it is back at 95",
    )
    said = len(x.said)
    for price in (91, 89, 92, 88, 90):  # knocking at the border
        x.move(price)
    assert x.said[said:] == []
    assert x.state.outside == "below"
    x.move(95)
    assert x.state.outside == ""
    assert x.watches["grid:below"].price == 90
    assert x.notified == []


def test_above_the_range_it_waits_too() -> None:
    x = started()
    x.move(112)
    assert x.state.outside == "above"
    x.move(104)
    assert x.state.outside == ""
    assert x.state.phase is Phase.RUNNING


def test_the_same_crossing_told_twice_is_heard_once() -> None:
    x = started()
    x.move(89)
    decision = x.grid.decide(x.params, x.state, PriceCrossed(NOW, "grid:below", Decimal(88)))
    assert decision.state is x.state


def test_a_stopped_grid_does_not_hear_its_old_stop() -> None:
    x = with_stops()
    x.stop(OnStop.KEEP)
    decision = x.grid.decide(x.params, x.state, PriceCrossed(NOW, "grid:stop_loss", Decimal(70)))
    assert decision.state is x.state
