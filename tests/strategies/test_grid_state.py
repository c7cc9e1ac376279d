from decimal import Decimal

import pytest

from tests.strategies.tiny_exchange import BTC, STATES, TinyExchange
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.grid_state import (
    MOVES,
    Cell,
    Errand,
    GridState,
    Status,
    cell_of,
    slot,
)
from tradingbot.trading.order import Side


@pytest.mark.parametrize(
    ("line", "side", "lines", "name"),
    [
        (0, Side.BUY, 9, "grid:01:buy"),
        (8, Side.SELL, 9, "grid:09:sell"),
        (98, Side.SELL, 99, "grid:99:sell"),
        (6, Side.BUY, 100, "grid:007:buy"),
        (99, Side.SELL, 100, "grid:100:sell"),
    ],
)
def test_a_slot_names_line_and_side(line: int, side: Side, lines: int, name: str) -> None:
    assert slot(line, side, lines) == name
    assert cell_of(name, lines) == (line if side is Side.BUY else line - 1, side)


@pytest.mark.parametrize(
    "name",
    [
        "grid:01:sell",  # nothing is bought below the lowest line
        "grid:09:buy",  # nor sold above the highest
        "grid:00:buy",
        "grid:10:sell",
        "grid:1:buy",
        "grid:001:buy",
        "grid:01:hold",
        "grid:-1:buy",
        "grid:²:buy",
        "grid:start",
        "dca:01:buy",
        "",
    ],
)
def test_a_slot_this_grid_does_not_have_is_no_cell(name: str) -> None:
    assert cell_of(name, 9) is None


def test_every_status_has_its_row_and_a_way_back_to_empty() -> None:
    assert set(MOVES) == set(Status)
    assert all(Status.EMPTY in after for before, after in MOVES.items() if before != "empty")


def test_holding_counts_cells_loose_coins_and_what_is_being_sold_out() -> None:
    state = GridState(
        cells=(Cell(Status.HOLDING, Decimal(1)), Cell(Status.BUYING, Decimal(50))),
        loose=Decimal("0.25"),
        exit=Errand(1, Decimal(2)),
    )
    assert state.holding == Decimal("3.25")


def test_reserved_is_what_open_buys_and_the_start_would_cost() -> None:
    state = GridState(
        lines=(Decimal(10), Decimal(20), Decimal(30)),
        cells=(Cell(Status.BUYING, Decimal(2)), Cell(Status.SELLING, Decimal(2))),
        start=Errand(1, Decimal(1), reserved=Decimal(7)),
    )
    assert state.reserved == 27


def test_a_state_of_fifty_lines_is_short_and_comes_back_exactly() -> None:
    params = GridParams(
        lower=Decimal(50_000), upper=Decimal(70_000), lines=50, investment=Decimal("5000.37")
    )
    x = TinyExchange(params, Decimal(60_000), BTC)
    x.start()
    for price in (58_000, 62_000, 57_000, 64_000, 55_000):
        x.move(price)
    text = STATES.dump_json(x.state)
    assert len(text) < 6_000
    assert STATES.validate_json(text) == x.state
    assert STATES.dump_json(STATES.validate_json(text)) == text
