"""A grid's state while one decision changes it, and what the decision asks for."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.grid_state import (
    EXIT,
    MOVES,
    ON_BUY,
    ON_ORDER,
    START,
    Cell,
    GridState,
    Status,
    promised,
    slot,
)
from tradingbot.strategies.strategy import Decision
from tradingbot.trading.intent import CancelOrder, Intent, Notify
from tradingbot.trading.market import Market
from tradingbot.trading.order import Side


@dataclass(slots=True)
class Draft:
    params: GridParams
    market: Market
    state: GridState
    cells: list[Cell]
    intents: list[Intent] = field(default_factory=list)
    # What just happened in a cell, for the reason of the order that follows from it.
    causes: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, params: GridParams, market: Market, state: GridState) -> "Draft":
        return cls(params, market, state, list(state.cells))

    def snapshot(self) -> GridState:
        return replace(self.state, market=self.market, cells=tuple(self.cells))

    def decision(self) -> Decision[GridState]:
        return Decision(self.snapshot(), tuple(self.intents))

    def put(self, index: int, cell: Cell) -> None:
        before = self.cells[index].status
        assert cell.status is before or cell.status in MOVES[before], (before, cell.status)
        self.cells[index] = cell

    def loosen(self, quantity: Decimal, cost: Decimal) -> None:
        """Base that no cell owns any more (or, if negative, that went as a fee)."""
        self.state = replace(
            self.state,
            loose=self.state.loose + quantity,
            loose_cost=self.state.loose_cost + cost,
        )

    def earn(self, quote: Decimal) -> None:
        self.state = replace(self.state, cash=self.state.cash + quote)

    def free_money(self) -> Decimal:
        open_buys = promised(self.cells, self.state.lines)
        return self.state.cash - open_buys - self.state.start.reserved

    def busy(self, line: int) -> bool:
        """Whether an order rests on this line already."""
        buys = line < len(self.cells) and self.cells[line].status in ON_BUY
        return buys or (line > 0 and self.cells[line - 1].status is Status.SELLING)

    def out(self) -> list[tuple[str, int]]:
        """Slot and round of every order that has not come back."""
        state = self.state
        errands = ((START, state.start), (EXIT, state.exit))
        orders = [(name, errand.round) for name, errand in errands if errand.quantity]
        return orders + [self.order(i) for i, cell in enumerate(self.cells) if _is_out(cell)]

    def order(self, index: int) -> tuple[str, int]:
        """Slot and round of a cell's order."""
        cell, lines = self.cells[index], len(self.state.lines)
        if cell.status is Status.SELLING:
            return slot(index + 1, Side.SELL, lines), cell.sells
        return slot(index, Side.BUY, lines), cell.buys

    def cancel_all(self, reason: str) -> None:
        self.intents += [CancelOrder(name, round_, reason) for name, round_ in self.out()]

    def alarm(self, index: int, code: str, reason: str) -> None:
        """Note a cell's trouble, and tell the owner of it once."""
        if self.cells[index].trouble != code:
            self.intents.append(Notify("bot_error", reason))
        self.put(index, self.cells[index]._replace(trouble=code))


def _is_out(cell: Cell) -> bool:
    return cell.status in ON_ORDER
