"""What became of a cell's order, entered in the books."""

from dataclasses import replace
from decimal import Decimal
from typing import TypeAlias

from tradingbot.strategies.grid_draft import Draft
from tradingbot.strategies.grid_orders import COST_PLACES
from tradingbot.strategies.grid_state import ON_BUY, Cell, Phase, Status, cell_of
from tradingbot.trading.event import OrderCancelled, OrderFilled, OrderRefused
from tradingbot.trading.intent import Notify
from tradingbot.trading.market import breach
from tradingbot.trading.money import ZERO, spoken
from tradingbot.trading.order import Execution, Side

MISSES_MAX = 3
NOT_PLACED = "not_placed"

Executed: TypeAlias = OrderFilled | OrderCancelled
Outcome: TypeAlias = Executed | OrderRefused


def cell_order_ended(draft: Draft, event: Outcome) -> bool:
    """Enter the outcome of a line's order; False when no such order is out."""
    found = cell_of(event.slot, len(draft.state.lines))
    if found is None:
        return False
    index, side = found
    cell = draft.cells[index]
    expected = cell.status in ON_BUY if side is Side.BUY else cell.status is Status.SELLING
    if not expected or draft.order(index) != (event.slot, event.round):
        return False
    if isinstance(event, OrderRefused):
        _refused(draft, index, event)
    elif side is Side.BUY:
        _bought(draft, index, event)
    else:
        _sold(draft, index, event)
    return True


def _bought(draft: Draft, index: int, event: Executed) -> None:
    cell, execution = draft.cells[index], event.execution
    cost, received = execution.cost + execution.fee_quote, execution.received_base
    draft.earn(-cost)
    if _sellable(draft, received, index):
        at = spoken(_price(draft, execution))
        part = "a part " if isinstance(event, OrderCancelled) else ""
        draft.put(index, _well(cell, Status.HOLDING, received, cost))
        draft.causes[index] = f"line {index + 1} bought {part}at {at}"
        return
    draft.loosen(received, cost)
    draft.put(index, cell._replace(status=Status.EMPTY, quantity=ZERO, cost=ZERO))
    _lost(draft, index, event, asked=cell.status is Status.LEAVING)


def _sold(draft: Draft, index: int, event: Executed) -> None:
    cell, execution = draft.cells[index], event.execution
    draft.earn(execution.received_quote)
    share = min(execution.quantity / cell.quantity, Decimal(1))
    cost = (cell.cost * share).quantize(COST_PLACES)
    rest, rest_cost = cell.quantity - execution.quantity - execution.fee_base, cell.cost - cost
    earned = execution.received_quote - cost
    draft.state = replace(draft.state, grid_profit=draft.state.grid_profit + earned)
    if isinstance(event, OrderCancelled) and _sellable(draft, rest, index):
        draft.put(index, cell._replace(status=Status.HOLDING, quantity=rest, cost=rest_cost))
        _lost(draft, index, event, asked=False)
        return
    draft.loosen(rest, rest_cost)
    if execution.quantity:
        draft.state = replace(draft.state, cells_completed=draft.state.cells_completed + 1)
        _close(draft, index, execution, earned)
    draft.put(index, _well(cell, Status.EMPTY, ZERO, ZERO))


def _close(draft: Draft, index: int, execution: Execution, earned: Decimal) -> None:
    """A cell that bought and has sold is a deal: its owner hears of it, and the next order too."""
    sold = spoken(_price(draft, execution))
    deal = f"sold at {sold} after buying at {spoken(draft.state.lines[index])}"
    result = f"{'earned' if earned >= 0 else 'lost'} {spoken(abs(earned))} {draft.market.quote}"
    draft.intents.append(Notify("deal_closed", deal, earned))
    draft.causes[index] = f"{deal}, {result}, buying again one line lower"


def _refused(draft: Draft, index: int, event: OrderRefused) -> None:
    cell = draft.cells[index]
    if cell.status in ON_BUY:
        draft.put(index, cell._replace(status=Status.EMPTY, quantity=ZERO))
    else:
        draft.put(index, cell._replace(status=Status.HOLDING))
    if event.code == NOT_PLACED:
        _lost(draft, index, event, asked=False)
    elif draft.state.phase is Phase.RUNNING:
        reason = f"{_named(event.slot)} was refused ({event.reason}): it waits for the next fill"
        draft.alarm(index, event.code, reason)


def _lost(draft: Draft, index: int, event: Outcome, *, asked: bool) -> None:
    """An order came back that nobody here called back: placed again, but not for ever."""
    if asked or draft.state.phase is not Phase.RUNNING:
        return
    cell = draft.cells[index]
    draft.put(index, cell._replace(misses=cell.misses + 1))
    why = "" if isinstance(event, OrderFilled) else f" ({event.reason})"
    draft.causes[index] = f"{_named(event.slot)} was lost{why}, placing it again"
    if cell.misses >= MISSES_MAX:
        reason = (
            f"{_named(event.slot)} was lost {cell.misses + 1} times in a row{why}: "
            "it waits for the next fill"
        )
        draft.alarm(index, "order_lost", reason)


def _well(cell: Cell, status: Status, quantity: Decimal, cost: Decimal) -> Cell:
    """The cell after an order that came to something: past troubles are over."""
    return cell._replace(status=status, quantity=quantity, cost=cost, misses=0, trouble="")


def _price(draft: Draft, execution: Execution) -> Decimal:
    average = execution.average_price
    return ZERO if average is None else draft.market.price(average)


def _named(slot: str) -> str:
    _, number, side = slot.split(":")
    return f"the {side} on line {int(number)}"


def _sellable(draft: Draft, quantity: Decimal, index: int) -> bool:
    price = draft.state.lines[index + 1]
    return breach(draft.market, draft.market.quantity(quantity), price) is None
