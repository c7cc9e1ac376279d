from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.strategies.test_grid import eggs, started
from tests.strategies.tiny_exchange import BTC, TinyExchange
from tradingbot.strategies.grid_fills import MISSES_MAX
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.grid_state import EXIT, START, Phase
from tradingbot.trading.event import OnStop


@given(price=st.integers(50_000, 70_000))
def test_after_the_start_and_its_fee_every_sell_line_is_covered(price: int) -> None:
    x = TinyExchange(GridParams(), Decimal(price))
    lower, upper = x.state.lines[:1], x.state.lines[-1:]
    assert lower == upper == ()
    x.start()
    x.calm()
    expected = {line for line in x.state.lines[1:] if line > price} - {
        min((line for line in x.state.lines if line > price), default=None)
    }
    sells = {order.price: order.quantity for order in x.book.values() if order.side == "sell"}
    assert set(sells) == expected
    assert all(quantity == x.state.quantity for quantity in sells.values())


def test_a_part_of_the_start_serves_the_nearest_lines_and_the_rest_is_bought_again() -> None:
    x = eggs(91)
    x.start()
    assert x.shown()[0] == "market buy 3"
    x.fill_part((START, 1), Decimal(2))
    x.cancel((START, 1), "expired")
    assert x.shown() == ["market buy 1", "105 sell 1", "100 sell 1", "90 buy 1"]
    x.calm()
    assert x.shown() == ["110 sell 1", "105 sell 1", "100 sell 1", "90 buy 1"]


def test_a_start_that_is_lost_again_and_again_is_given_up_and_told() -> None:
    x = eggs()
    x.start()
    for round_ in range(1, MISSES_MAX + 2):
        x.refuse((START, round_), "not_placed")
    assert x.shown() == ["95 buy 1", "90 buy 1"]
    (note,) = x.notified
    assert note.type == "bot_error"


def test_a_refused_start_is_not_asked_again_until_something_fills_or_it_starts_anew() -> None:
    x = eggs()
    x.start()
    x.refuse((START, 1), "insufficient_funds")
    assert x.shown() == ["95 buy 1", "90 buy 1"]
    assert len(x.notified) == 1
    x.start()
    assert x.shown() == ["market buy 2", "95 buy 1", "90 buy 1"]
    x.refuse((START, 2), "insufficient_funds")
    x.move(94)
    # Each line now buys for itself, at its own price or better; on 100 a sale is in the way.
    assert x.shown() == ["110 sell 1", "100 sell 1", "90 buy 1"]


def test_a_last_sale_worth_too_much_at_once_goes_in_halves() -> None:
    x = started(91)
    x.stop(OnStop.SELL)
    x.price = Decimal(300)  # unheard: three eggs are worth 900, an order may be 685
    x.answer_cancels()
    assert x.shown() == ["market sell 1"]
    x.calm()
    assert x.state.holding == 0
    assert not x.finished[0].failed


def test_selling_out_sells_everything_in_one_order() -> None:
    x = started()
    x.stop(OnStop.SELL)
    x.answer_cancels()
    assert x.shown() == ["market sell 2"]
    x.calm()
    assert x.state.holding == 0
    assert x.state.cash == 510 - 194 + 2 * 97
    assert x.finished[0].reason.startswith("stopped by its owner: no orders, no EGG left")
    assert not x.finished[0].failed


def test_a_last_sale_cut_short_goes_on() -> None:
    x = started()
    x.stop(OnStop.SELL)
    x.answer_cancels()
    x.fill_part((EXIT, 1), Decimal(1))
    x.cancel((EXIT, 1), "expired")
    assert x.shown() == ["market sell 1"]
    x.calm()
    assert x.state.holding == 0


def test_a_last_sale_that_is_refused_ends_the_grid_and_says_what_is_left() -> None:
    x = started()
    x.stop(OnStop.SELL)
    x.answer_cancels()
    x.refuse((EXIT, 1), "insufficient_funds")
    (finish,) = x.finished
    assert finish.failed
    assert "2 EGG left" in finish.reason
    assert x.state.phase is Phase.STOPPED


def test_a_last_sale_that_never_arrives_is_tried_a_few_times() -> None:
    x = started()
    x.stop(OnStop.SELL)
    x.answer_cancels()
    for round_ in range(1, MISSES_MAX + 2):
        x.refuse((EXIT, round_), "not_placed")
    assert x.shown() == []
    assert x.finished[0].failed


def test_coins_too_few_to_be_sold_are_left_and_that_is_no_failure() -> None:
    x = TinyExchange(GridParams(), Decimal(60_000))
    x.start()
    x.calm()
    x.stop(OnStop.SELL)
    x.calm()
    assert 0 < x.state.holding < BTC.step_size
    assert not x.finished[0].failed
    assert "BTC left, worth about" in x.finished[0].reason


def test_a_start_while_the_last_sale_is_out_loses_no_coin() -> None:
    x = started()
    x.stop(OnStop.SELL)
    x.answer_cancels()
    x.start()
    assert x.state.holding == 2
    x.calm()
    x.start()
    x.calm()
    assert x.shown() == ["110 sell 1", "105 sell 1", "95 buy 1", "90 buy 1"]
