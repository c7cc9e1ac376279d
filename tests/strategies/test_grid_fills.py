from decimal import Decimal

import pytest

from tests.strategies.test_grid import started
from tests.strategies.tiny_exchange import BTC, TinyExchange
from tradingbot.strategies.grid_fills import MISSES_MAX
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.grid_state import Status

LOT = BTC.step_size


def bitcoins() -> TinyExchange:
    """Six buys of 0.00016 below 60,000, four sells above."""
    x = TinyExchange(GridParams(), Decimal(60_000))
    x.start()
    x.calm()
    return x


def latest(x: TinyExchange, slot: str) -> tuple[str, int]:
    return max(key for key in x.book if key[0] == slot)


def test_what_was_really_received_is_sold_one_line_higher() -> None:
    x = bitcoins()
    x.fill(("grid:06:buy", 1))
    order = x.book["grid:07:sell", 1]
    assert order.price == x.state.lines[6]
    assert order.quantity <= Decimal("0.00016") * (1 - BTC.maker_fee) + LOT
    assert "line 6 bought at 59,924.95" in order.reason


def test_a_part_large_enough_is_sold_when_the_rest_is_cancelled() -> None:
    x = bitcoins()
    x.fill_part(("grid:06:buy", 1), 10 * LOT)
    x.cancel(("grid:06:buy", 1))
    assert x.book["grid:07:sell", 1].quantity == 10 * LOT
    assert "bought a part" in x.book["grid:07:sell", 1].reason


def test_a_part_too_small_to_sell_goes_into_the_next_sale() -> None:
    x = bitcoins()
    loose = x.state.loose
    x.fill_part(("grid:06:buy", 1), 3 * LOT)
    x.cancel(("grid:06:buy", 1))
    assert x.state.loose == loose + 3 * LOT * (1 - BTC.maker_fee)
    assert latest(x, "grid:06:buy") == ("grid:06:buy", 2)
    x.fill(("grid:06:buy", 2))
    sale = x.book["grid:07:sell", 1]
    assert sale.quantity >= 17 * LOT
    assert x.state.loose < LOT


def test_a_sale_cancelled_half_way_goes_on_with_the_other_half() -> None:
    x = started()
    y = bitcoins()
    y.fill_part(("grid:08:sell", 1), 5 * LOT)
    y.cancel(("grid:08:sell", 1))
    # Whatever fractions lie about go along.
    assert y.book["grid:08:sell", 2].quantity in {11 * LOT, 12 * LOT}
    assert x.state.cells_completed == y.state.cells_completed == 0


def test_a_rest_too_small_to_sell_is_carried_and_the_line_buys_again() -> None:
    x = bitcoins()
    x.fill_part(("grid:08:sell", 1), 14 * LOT)
    x.cancel(("grid:08:sell", 1))
    assert x.state.loose >= 2 * LOT
    assert x.state.cells_completed == 1
    assert x.state.cells[6].status is Status.BUYING


def test_an_order_somebody_else_cancels_comes_back_but_not_for_ever() -> None:
    x = bitcoins()
    for round_ in range(1, MISSES_MAX + 2):
        x.cancel(("grid:03:buy", round_), "cancelled by hand")
    assert all(slot != "grid:03:buy" for slot, _ in x.book)
    (note,) = x.notified
    assert note.type == "bot_error"
    assert note.reason == (
        "the buy on line 3 was lost 4 times in a row (cancelled by hand): "
        "it waits for the next fill"
    )
    x.fill(("grid:06:buy", 1))
    assert latest(x, "grid:03:buy") == ("grid:03:buy", 5)
    x.cancel(("grid:03:buy", 5))
    assert len(x.notified) == 1  # told once


def test_a_fill_forgives_what_was_lost_before() -> None:
    x = bitcoins()
    for round_ in range(1, MISSES_MAX + 1):
        x.cancel(("grid:06:buy", round_))
    x.fill(("grid:06:buy", MISSES_MAX + 1))
    assert (x.state.cells[5].misses, x.state.cells[5].trouble) == (0, "")


@pytest.mark.parametrize("code", ["insufficient_funds", "below_minimum_notional"])
def test_a_refused_order_waits_for_the_next_fill_and_is_told_once(code: str) -> None:
    x = bitcoins()
    x.refuse(("grid:03:buy", 1), code)
    assert all(slot != "grid:03:buy" for slot, _ in x.book)
    assert x.state.cells[2].trouble == code
    x.fill(("grid:06:buy", 1))
    x.refuse(("grid:03:buy", 2), code)
    assert [note.type for note in x.notified] == ["bot_error"]
    assert "the buy on line 3 was refused" in x.notified[0].reason
    x.start()
    assert latest(x, "grid:03:buy") == ("grid:03:buy", 3)


def test_a_refused_sale_keeps_its_coins_and_tries_again() -> None:
    x = bitcoins()
    held = x.state.holding
    x.refuse(("grid:09:sell", 1), "insufficient_funds")
    assert x.state.holding == held
    x.fill(("grid:06:buy", 1))
    assert latest(x, "grid:09:sell") == ("grid:09:sell", 2)


def test_an_order_that_never_arrived_is_placed_again_at_once() -> None:
    x = bitcoins()
    x.refuse(("grid:05:buy", 1), "not_placed")
    assert latest(x, "grid:05:buy") == ("grid:05:buy", 2)
    assert x.notified == []


def test_the_first_sale_counts_one_step_however_far_the_start_lay_below() -> None:
    x = started(91)
    x.move(111)
    # Bought at 91 for lines from 95 on; only the steps are the grid's, the rest is the trend's.
    assert int(x.state.grid_profit) == 5 * x.state.cells_completed
    assert x.state.cash - x.state.investment > x.state.grid_profit
