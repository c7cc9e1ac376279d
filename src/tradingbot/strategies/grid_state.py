"""What a grid remembers between two events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from tradingbot.trading.event import OnStop
from tradingbot.trading.market import Market
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import Side

START = "grid:start"  # buys at market what the sell lines need
EXIT = "grid:exit"  # sells at market what is held at the end


class Phase(StrEnum):
    NEW = "new"
    RUNNING = "running"
    REBUILDING = "rebuilding"  # old orders are being cancelled, new lines come after
    STOPPING = "stopping"
    STOPPED = "stopped"


class Status(StrEnum):
    EMPTY = "empty"
    STARTING = "starting"  # its coins come with the start order
    BUYING = "buying"
    LEAVING = "leaving"  # its buy is being cancelled for want of money
    HOLDING = "holding"
    SELLING = "selling"


_S = Status

MOVES: Mapping[Status, frozenset[Status]] = {
    _S.EMPTY: frozenset({_S.STARTING, _S.BUYING, _S.HOLDING}),
    _S.STARTING: frozenset({_S.HOLDING, _S.EMPTY}),
    _S.BUYING: frozenset({_S.HOLDING, _S.EMPTY, _S.LEAVING}),
    _S.LEAVING: frozenset({_S.HOLDING, _S.EMPTY}),
    _S.HOLDING: frozenset({_S.SELLING, _S.EMPTY}),
    _S.SELLING: frozenset({_S.HOLDING, _S.EMPTY}),
}

ON_BUY = frozenset({_S.BUYING, _S.LEAVING})
ON_ORDER = ON_BUY | {_S.SELLING}
HELD = frozenset({_S.HOLDING, _S.SELLING})


# A tuple, so that it is written as a short JSON list: a bot has hundreds of these.
class Cell(NamedTuple):
    """The room between two neighbouring lines: bought at the lower one, sold at the upper.

    `quantity` in base: on order when buying, held when holding or selling. `cost` in quote: what
    is held was bought for. `buys` and `sells` count the rounds. `misses`: orders lost in a row.
    `trouble`: why no order could be placed, as told to the owner; empty when all is well.
    """

    status: Status = Status.EMPTY
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    buys: int = 0
    sells: int = 0
    misses: int = 0
    trouble: str = ""


class Errand(NamedTuple):
    """A market order beside the ladder; none is out while `quantity` is zero.

    `reserved` in quote, for a buy. `most` in base: the next one may be no larger; zero: no limit.
    """

    round: int = 0
    quantity: Decimal = ZERO
    reserved: Decimal = ZERO
    misses: int = 0
    most: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Ending:
    on_stop: OnStop
    reason: str


@dataclass(frozen=True, slots=True)
class GridState:
    """`cash`: the investment, less what buys took, plus what sales brought, in quote.

    `loose`: base that belongs to no cell (fees leave fractions, cancelled orders leave parts); it
    goes into the next sale. `grid_profit`: what completed cells earned after fees, in quote; coins
    bought at the start count there as bought on their cell's lower line.
    """

    phase: Phase = Phase.NEW
    market: Market | None = None  # None while new
    price: Decimal = ZERO  # the last one heard of
    lines: tuple[Decimal, ...] = ()
    quantity: Decimal = ZERO
    investment: Decimal = ZERO
    cells: tuple[Cell, ...] = ()
    cash: Decimal = ZERO
    loose: Decimal = ZERO
    loose_cost: Decimal = ZERO
    start: Errand = Errand()  # noqa: RUF009  # a tuple cannot change
    exit: Errand = Errand()  # noqa: RUF009  # a tuple cannot change
    ending: Ending | None = None
    outside: str = ""  # "below" or "above" while the price is out of the range
    cells_completed: int = 0
    grid_profit: Decimal = ZERO

    @property
    def holding(self) -> Decimal:
        """All base the grid owns."""
        in_cells = sum((cell.quantity for cell in self.cells if cell.status in HELD), ZERO)
        return in_cells + self.loose + self.exit.quantity

    @property
    def reserved(self) -> Decimal:
        """Quote promised to orders that are out."""
        return promised(self.cells, self.lines) + self.start.reserved


def promised(cells: Sequence[Cell], lines: Sequence[Decimal]) -> Decimal:
    """What the cells' open buys would cost, in quote."""
    buys = (i for i, cell in enumerate(cells) if cell.status in ON_BUY)
    return sum((cells[i].quantity * lines[i] for i in buys), ZERO)


def slot(line: int, side: Side, lines: int) -> str:
    """The name of an order's role; lines are counted from 0 here and from 1 in the name."""
    width = 3 if lines >= 100 else 2
    return f"grid:{line + 1:0{width}d}:{side}"


def cell_of(name: str, lines: int) -> tuple[int, Side] | None:
    """The cell a slot trades for and its side; None for a slot this grid does not have."""
    match name.split(":"):
        case ["grid", number, ("buy" | "sell") as side] if number.isdecimal():
            line = int(number) - 1
            cell = line if side == "buy" else line - 1
            which = Side(side)
            known = 0 <= cell < lines - 1 and slot(line, which, lines) == name
            return (cell, which) if known else None
        case _:
            return None
