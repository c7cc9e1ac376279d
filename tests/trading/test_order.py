from decimal import Decimal

import pytest

from tradingbot.trading.order import (
    LIVE,
    MOVES,
    NOTHING,
    ON_BOOK,
    TERMINAL,
    Execution,
    OrderStatus,
    may_move,
)

S = OrderStatus


def test_every_status_has_its_row_and_is_either_live_or_terminal() -> None:
    assert set(MOVES) == set(S)
    assert set(S) == LIVE | TERMINAL
    assert set() == LIVE & TERMINAL
    assert ON_BOOK < LIVE


@pytest.mark.parametrize("status", S)
def test_staying_is_always_allowed(status: OrderStatus) -> None:
    assert may_move(status, status)


@pytest.mark.parametrize("status", sorted(TERMINAL - {S.NOT_PLACED}))
def test_what_the_exchange_has_ended_stays_ended(status: OrderStatus) -> None:
    assert [after for after in S if may_move(status, after)] == [status]


def test_an_order_thought_absent_may_still_turn_up() -> None:
    assert may_move(S.NOT_PLACED, S.OPEN)
    assert may_move(S.NOT_PLACED, S.FILLED)
    assert not may_move(S.NOT_PLACED, S.SENDING)


def test_nothing_becomes_planned_or_unsent_again() -> None:
    assert [before for before in S if S.PLANNED in MOVES[before]] == []
    assert [before for before in S if S.SENDING in MOVES[before]] == [S.PLANNED]


def test_an_execution_says_what_really_arrived() -> None:
    bought = Execution(Decimal(2), Decimal(100), fee_base=Decimal("0.002"))
    sold = Execution(Decimal(2), Decimal(100), fee_quote=Decimal("0.1"))
    assert bought.received_base == Decimal("1.998")
    assert sold.received_quote == Decimal("99.9")
    assert bought.average_price == 50
    assert NOTHING.average_price is None
