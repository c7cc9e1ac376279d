from dataclasses import replace
from decimal import Decimal

import pytest

from tests.strategies.test_grid import EGG_PARAMS, eggs, started
from tests.strategies.tiny_exchange import TinyExchange
from tradingbot.strategies.grid_state import Phase
from tradingbot.trading.event import OnStop
from tradingbot.trading.intent import CancelOrder, PlaceOrder


def changed(x: TinyExchange, **changes: object) -> None:
    x.change(EGG_PARAMS.model_copy(update=changes))


def test_keep_leaves_everything_as_it_is_and_says_so() -> None:
    x = started()
    x.stop(OnStop.KEEP)
    assert x.shown() == ["110 sell 1", "105 sell 1", "95 buy 1", "90 buy 1"]
    assert x.asked == set()
    assert "4 orders stay on the exchange, 2 EGG left" in x.finished[0].reason


def test_a_kept_order_that_fills_while_stopped_is_counted_and_answered_at_the_next_start() -> None:
    x = started()
    x.stop(OnStop.KEEP)
    x.move(94)
    assert x.shown() == ["110 sell 1", "105 sell 1", "90 buy 1"]
    x.start()
    assert x.shown() == ["110 sell 1", "105 sell 1", "100 sell 1", "90 buy 1"]


def test_cancel_waits_for_every_answer_and_keeps_the_coins() -> None:
    x = started()
    x.stop(OnStop.CANCEL)
    assert x.finished == []
    x.answer_cancels()
    assert x.shown() == []
    assert x.state.holding == 2
    assert "no orders, 2 EGG left, worth about 194 COIN" in x.finished[0].reason


def test_an_order_that_fills_although_it_was_to_be_cancelled_counts() -> None:
    x = started()
    x.stop(OnStop.CANCEL)
    x.fill(("grid:02:buy", 1))
    x.answer_cancels()
    assert x.state.holding == 3
    assert x.state.phase is Phase.STOPPED


def test_stopping_twice_asks_nothing_twice() -> None:
    x = started()
    x.stop(OnStop.CANCEL)
    x.asked.clear()
    x.stop(OnStop.CANCEL)
    assert x.asked == set()


def test_stopping_twice_does_not_call_the_last_sale_back() -> None:
    x = started()
    x.stop(OnStop.SELL)
    x.answer_cancels()
    x.stop(OnStop.SELL)
    assert x.asked == set()
    x.calm()
    assert x.state.holding == 0
    assert len(x.finished) == 1


@pytest.mark.parametrize("on_stop", OnStop)
def test_a_stop_of_what_has_stopped_is_answered_again(on_stop: OnStop) -> None:
    x = started()
    for times in (1, 2):
        x.stop(on_stop)
        x.calm()
        assert x.state.phase is Phase.STOPPED
        assert len(x.finished) == times


def test_a_stop_may_become_a_sale_while_it_waits() -> None:
    x = started()
    x.stop(OnStop.CANCEL)
    x.stop(OnStop.SELL)
    x.calm()
    assert x.state.holding == 0


def test_a_start_while_stopping_goes_on_with_the_grid() -> None:
    x = started()
    x.stop(OnStop.CANCEL)
    x.start()
    x.calm()
    assert x.shown() == ["110 sell 1", "105 sell 1", "95 buy 1", "90 buy 1"]
    assert x.finished == []


def test_new_parameters_cancel_and_rebuild_and_keep_the_coins() -> None:
    x = started()
    changed(x, lower=Decimal(80), upper=Decimal(120), investment=Decimal(600))
    assert x.state.phase is Phase.REBUILDING
    x.calm()
    # Of the two eggs one sells at 110, one at 120: none was sold or bought for the change.
    assert x.shown() == ["120 sell 1", "110 sell 1", "90 buy 1", "80 buy 1"]
    assert x.position.realised == 0
    assert x.state.cash == 600 - 194


def test_a_change_of_the_stops_only_cancels_nothing() -> None:
    x = started()
    changed(x, stop_loss=Decimal(80))
    assert x.asked == set()
    assert x.watches["grid:stop_loss"].price == 80
    changed(x)
    assert "grid:stop_loss" not in x.watches


def test_parameters_changed_while_stopped_count_from_the_next_start() -> None:
    x = started()
    x.stop(OnStop.CANCEL)
    x.calm()
    changed(x, lower=Decimal(80), upper=Decimal(120), investment=Decimal(600))
    assert x.shown() == []
    x.start()
    x.calm()
    assert x.shown() == ["120 sell 1", "110 sell 1", "90 buy 1", "80 buy 1"]


def test_a_slot_that_comes_back_with_other_lines_never_repeats_a_round() -> None:
    x = started()
    for lines in (3, 5, 4, 5):
        changed(x, lines=lines)
        x.calm()
    placed = [
        (intent.slot, intent.round)
        for _, _, taken in x.history
        for intent in taken.approved
        if isinstance(intent, PlaceOrder)
    ]
    assert len(placed) == len(set(placed))


def test_a_shrunken_grid_keeps_more_coins_than_it_needs_for_the_next_sales() -> None:
    x = started(91)
    assert x.state.holding == 3
    changed(x, lines=2, investment=Decimal(260))
    x.calm()
    assert x.state.holding == 3
    assert x.state.reserved == 0 or x.state.reserved <= x.state.cash
    x.stop(OnStop.SELL)
    x.calm()
    assert x.state.holding == 0


def test_what_cannot_work_is_finished_at_the_start_and_says_why() -> None:
    x = eggs()
    x.params = EGG_PARAMS.model_copy(update={"investment": Decimal(100)})
    x.start()
    assert x.shown() == []
    (finish,) = x.finished
    assert finish.failed
    assert "investment" in finish.reason


def test_a_rebuild_for_new_market_rules_happens_at_the_start() -> None:
    x = started()
    x.market = replace(x.market, tick_size=Decimal(3))
    intents = x.start()
    assert sum(isinstance(intent, CancelOrder) for intent in intents) == 4
    x.calm()
    assert all(order.price is None or order.price % 3 == 0 for order in x.book.values())
