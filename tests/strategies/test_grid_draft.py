from dataclasses import replace

import pytest

from tests.strategies.test_grid import started
from tradingbot.strategies.grid_draft import Draft
from tradingbot.strategies.grid_state import Errand, Status
from tradingbot.trading.intent import CancelOrder, Notify


def a_draft() -> Draft:
    """Buys on 90 and 95, nothing on 100, sells on 105 and 110."""
    x = started()
    return Draft.of(x.params, x.market, x.state)


def test_a_line_is_busy_while_an_order_of_either_side_rests_on_it() -> None:
    draft = a_draft()
    assert [draft.busy(line) for line in range(5)] == [True, True, False, True, True]


def test_free_money_is_what_no_order_may_still_take() -> None:
    draft = a_draft()
    assert draft.free_money() == 510 - 2 * 97 - 90 - 95
    draft.state = replace(draft.state, start=Errand(2, draft.state.quantity, draft.state.quantity))
    assert draft.free_money() == 510 - 2 * 97 - 90 - 95 - 1


def test_everything_that_is_out_can_be_called_back() -> None:
    draft = a_draft()
    draft.cancel_all("stop")
    assert draft.intents == [
        CancelOrder(slot, 1, "stop")
        for slot in ("grid:01:buy", "grid:02:buy", "grid:04:sell", "grid:05:sell")
    ]


def test_a_cell_cannot_jump_from_buying_to_selling() -> None:
    draft = a_draft()
    with pytest.raises(AssertionError):
        draft.put(0, draft.cells[0]._replace(status=Status.SELLING))


def test_a_trouble_is_told_once() -> None:
    draft = a_draft()
    draft.alarm(0, "insufficient_funds", "no money")
    draft.alarm(0, "insufficient_funds", "no money")
    assert draft.intents == [Notify("bot_error", "no money")]
    assert draft.cells[0].trouble == "insufficient_funds"


def test_a_draft_nobody_touched_is_the_state_it_was_made_of() -> None:
    x = started()
    draft = Draft.of(x.params, x.market, x.state)
    assert draft.decision().state == x.state
    assert draft.decision().intents == ()
