from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tradingbot.bots.walk import StrategyFailed, Walk, dump_watches, load_watches, walk
from tradingbot.strategies.strategy import Decision, Params
from tradingbot.trading.event import Event, OnStop, OrderRefused, Started, StopRequested
from tradingbot.trading.funds import Funds
from tradingbot.trading.intent import (
    Direction,
    Finish,
    Intent,
    PlaceOrder,
    UnwatchPrice,
    WatchPrice,
)
from tradingbot.trading.market import Market
from tradingbot.trading.order import OrderType, Side
from tradingbot.trading.risk import Limits

D = Decimal
MARKET = Market(
    "BTC/USDT", "BTC", "USDT", D("0.01"), D("0.001"), D("0.001"), D(100), D(5), D(0), D(0)
)
STARTED = Started(datetime(2026, 1, 1, tzinfo=UTC), MARKET, D(100))
LIMITS = Limits(MARKET, D(100), order_value_max=D(50))


@dataclass(frozen=True)
class Seen:
    events: tuple[str, ...] = ()


class Scripted:
    """Answers the first event of each kind with what it was given for it."""

    name = "scripted"
    title = "Scripted"
    params_type = Params
    state_type = Seen

    def __init__(self, answers: Mapping[str, Sequence[Intent]], *, stubborn: bool = False) -> None:
        self.answers = answers
        self.stubborn = stubborn

    def decide(self, params: Params, state: Seen, event: Event) -> Decision[Seen]:
        kind = type(event).__name__
        if kind in state.events and not self.stubborn:
            return Decision(state)
        return Decision(
            replace(state, events=(*state.events, kind)), tuple(self.answers.get(kind, ()))
        )


def order(quantity: str) -> PlaceOrder:
    return PlaceOrder("a", 1, Side.BUY, OrderType.LIMIT, D(quantity), D(100), "because")


def taken(strategy: Any, *events: Event, limits: Limits = LIMITS) -> Walk:
    return walk(strategy, Params(), Walk(Seen(), {}), events, limits)


def test_what_the_last_gate_refuses_reaches_the_strategy_as_an_event() -> None:
    led = taken(Scripted({"Started": (order("0.2"), order("0.6"))}), STARTED)

    assert led.places == [order("0.2")]
    assert led.state.events == ("Started", "OrderRefused")
    refusal = led.steps[1][0]
    assert isinstance(refusal, OrderRefused)
    assert refusal.code == "above_order_value_max"


def test_a_strategy_that_insists_for_ever_is_stopped() -> None:
    insists = {"Started": (order("0.6"),), "OrderRefused": (order("0.6"),)}

    with pytest.raises(StrategyFailed, match="without an end"):
        taken(Scripted(insists, stubborn=True), STARTED)


def test_a_strategy_that_raises_fails_with_the_kind_of_error_and_event_only() -> None:
    class Broken(Scripted):
        def decide(self, params: Params, state: Seen, event: Event) -> Decision[Seen]:
            raise KeyError("secret")

    with pytest.raises(StrategyFailed, match=r"^KeyError on Started$"):
        taken(Broken({}), STARTED)


def test_watches_are_replaced_by_name_dropped_and_survive_being_saved() -> None:
    goal = WatchPrice("goal", D("110.10"), Direction.ABOVE, "why")
    stop = WatchPrice("stop", D(90), Direction.BELOW, "why")
    moved = replace(goal, price=D(120))

    led = taken(Scripted({"Started": (goal, stop, moved, UnwatchPrice("stop", "why"))}), STARTED)

    assert led.watches == {"goal": moved}
    assert load_watches(dump_watches(led.watches)) == led.watches


def test_the_end_is_noted() -> None:
    assert taken(Scripted({"Started": (Finish("done"),)}), STARTED).finish == Finish("done")


def test_a_start_after_the_end_in_the_same_walk_goes_on() -> None:
    stopped = StopRequested(STARTED.at, OnStop.CANCEL)

    led = taken(Scripted({"StopRequested": (Finish("done"),)}), stopped, STARTED)

    assert led.finish is None


def test_money_an_order_was_approved_for_is_not_there_for_the_next_step() -> None:
    rich = replace(LIMITS, funds=Funds(quote=D(60)))
    again = {"Started": (order("0.4"),), "StopRequested": (replace(order("0.4"), round=2),)}
    led = taken(Scripted(again), STARTED, StopRequested(STARTED.at, OnStop.CANCEL), limits=rich)
    assert [place.round for place in led.places] == [1]
    refused = led.steps[-1][0]
    assert isinstance(refused, OrderRefused)
    assert (refused.code, refused.round) == ("insufficient_funds", 2)
