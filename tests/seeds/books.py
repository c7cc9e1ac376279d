"""What a bot believes: read off its own state, to be held against its orders."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from tests.seeds.shapes import Row
from tests.seeds.whim import Whim, WhimState, slot
from tradingbot.bots import codec
from tradingbot.strategies import grid_state
from tradingbot.strategies.grid_state import GridState, Status
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import Side

Out = tuple[str, int]


@dataclass(frozen=True)
class Beliefs:
    """`holding` in base; `out`: slot and round of each order it waits for."""

    holding: Decimal
    out: set[Out]


def beliefs(bot: Row) -> Beliefs:
    if bot["state"] is None:
        return Beliefs(ZERO, set())
    if bot["strategy"] == Whim.name:
        whim = codec.load(WhimState, bot["state"])
        return Beliefs(whim.bought, {(slot(n), out) for n, out in enumerate(whim.out) if out})
    grid = codec.load(GridState, bot["state"])
    return Beliefs(grid.holding, set(_grid_out(grid)))


def _grid_out(grid: GridState) -> Iterator[Out]:
    lines = len(grid.lines)
    for index, cell in enumerate(grid.cells):
        if cell.status in grid_state.ON_BUY:
            yield grid_state.slot(index, Side.BUY, lines), cell.buys
        elif cell.status is Status.SELLING:
            yield grid_state.slot(index + 1, Side.SELL, lines), cell.sells
    for name, errand in ((grid_state.START, grid.start), (grid_state.EXIT, grid.exit)):
        if errand.quantity:
            yield name, errand.round
