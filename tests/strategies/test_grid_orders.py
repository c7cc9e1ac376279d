from decimal import Decimal

from tests.strategies.test_grid import EGG_PARAMS, eggs, started
from tests.strategies.tiny_exchange import EGGS, TinyExchange
from tradingbot.strategies.grid_draft import Draft
from tradingbot.strategies.grid_orders import sale_max
from tradingbot.strategies.grid_params import GridParams
from tradingbot.trading.event import OnStop


def test_two_orders_never_share_a_line_even_when_fills_are_told_out_of_turn() -> None:
    x = started()
    x.fill(("grid:01:buy", 1))  # told before the one on 95, which must have come first
    assert x.shown() == ["110 sell 1", "105 sell 1", "95 buy 1"]
    x.fill(("grid:02:buy", 1))
    assert x.shown() == ["110 sell 1", "105 sell 1", "100 sell 1", "95 sell 1"]


def test_a_start_dearer_than_planned_withdraws_the_lowest_buys() -> None:
    x = eggs(97)
    x.slippage = Decimal("0.8")
    x.start()
    x.fill(("grid:start", 1))
    assert x.asked == {("grid:01:buy", 1)}
    x.calm()
    assert x.shown() == ["110 sell 1", "105 sell 1", "95 buy 1"]
    assert [note.type for note in x.notified] == ["bot_error"]
    assert "line 1 waits" in x.notified[0].reason
    x.move(111)
    assert x.shown() == ["105 buy 1", "100 buy 1", "95 buy 1"]
    for _ in range(2):  # what it earns closes the gap
        x.move(99)
        x.move(111)
    assert x.shown() == ["105 buy 1", "100 buy 1", "95 buy 1", "90 buy 1"]


def test_after_a_stop_only_what_is_missing_comes_back() -> None:
    x = started()
    x.stop(OnStop.CANCEL)
    x.calm()
    assert x.shown() == []
    fills = len(x.fills)
    x.start()
    assert x.shown() == ["110 sell 1", "105 sell 1", "95 buy 1", "90 buy 1"]
    assert len(x.fills) == fills


def test_a_restart_below_buys_only_what_the_new_place_lacks() -> None:
    x = started(107)
    assert x.state.holding == 0
    x.stop(OnStop.CANCEL)
    x.calm()
    x.price = Decimal(97)
    x.start()
    assert x.shown()[0] == "market buy 2"
    x.calm()
    assert x.shown() == ["110 sell 1", "105 sell 1", "95 buy 1", "90 buy 1"]


def test_a_restart_above_sells_what_the_new_place_has_too_much() -> None:
    x = started(97)
    x.stop(OnStop.CANCEL)
    x.calm()
    x.price = Decimal(112)
    x.start()
    x.calm()
    assert x.state.holding == 0
    assert x.shown() == ["105 buy 1", "100 buy 1", "95 buy 1", "90 buy 1"]


def test_one_sale_is_never_worth_more_than_an_order_may_be() -> None:
    x = started()
    most = sale_max(Draft.of(x.params, EGGS, x.state), Decimal(100))
    assert most * 100 <= x.grid.order_value_max(EGG_PARAMS)
    assert (most + 1) * 100 > x.grid.order_value_max(EGG_PARAMS)


def test_a_buy_short_of_money_is_smaller_and_says_so() -> None:
    x = TinyExchange(GridParams(), Decimal(60_000))
    x.slippage = Decimal("0.2")
    x.start()
    x.fill(("grid:start", 1))
    x.calm()
    assert "as much as the free money allows" in " ".join(x.said)
    assert x.state.reserved <= x.state.cash
