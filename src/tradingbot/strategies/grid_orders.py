"""Which orders a grid wants now: what is held goes up for sale, what is empty is bought."""

from dataclasses import replace
from decimal import Decimal

from tradingbot.strategies.grid_draft import Draft
from tradingbot.strategies.grid_levels import (
    SLIPPAGE,
    order_value_max,
    resellable,
    start_quantity,
)
from tradingbot.strategies.grid_state import START, Cell, Status
from tradingbot.trading.intent import CancelOrder, PlaceOrder
from tradingbot.trading.market import breach
from tradingbot.trading.money import ZERO, spoken
from tradingbot.trading.order import OrderType, Side

COST_PLACES = Decimal("1e-10")


def settle(draft: Draft, *, retry: bool) -> None:
    """Place what is missing; cells in trouble only when `retry`. Never two orders on one line."""
    _withdraw_unpaid(draft)
    cells = range(len(draft.cells))
    for index in cells:
        if _ready(draft.cells[index], Status.HOLDING, retry=retry):
            _sell(draft, index)
    for index in reversed(cells):
        if _ready(draft.cells[index], Status.EMPTY, retry=retry):
            _buy(draft, index)


def _ready(cell: Cell, status: Status, *, retry: bool) -> bool:
    return cell.status is status and (retry or not cell.trouble)


def _withdraw_unpaid(draft: Draft) -> None:
    # The start order may have cost more than was reserved for it.
    short = -draft.free_money()
    leaving = (i for i, cell in enumerate(draft.cells) if cell.status is Status.LEAVING)
    short -= sum((draft.cells[i].quantity * draft.state.lines[i] for i in leaving), ZERO)
    for index, cell in enumerate(draft.cells):
        if short > 0 and cell.status is Status.BUYING:
            short -= cell.quantity * draft.state.lines[index]
            name, round_ = draft.order(index)
            reason = f"the start cost more than planned: line {index + 1} waits for money"
            draft.intents.append(CancelOrder(name, round_, reason))
            draft.put(index, cell._replace(status=Status.LEAVING))


def _sell(draft: Draft, index: int) -> None:
    if draft.busy(index + 1):
        return
    cell, state, price = draft.cells[index], draft.state, draft.state.lines[index + 1]
    held, cost = cell.quantity + state.loose, cell.cost + state.loose_cost
    quantity = min(draft.market.quantity(held), sale_max(draft, price))
    if breach(draft.market, quantity, price) is not None:
        draft.loosen(cell.quantity, cell.cost)
        draft.put(index, cell._replace(status=Status.EMPTY, quantity=ZERO, cost=ZERO))
        return
    share = (cost * quantity / held).quantize(COST_PLACES)
    draft.state = replace(state, loose=held - quantity, loose_cost=cost - share)
    sells = cell.sells + 1
    draft.put(
        index,
        cell._replace(status=Status.SELLING, quantity=quantity, cost=share, sells=sells),
    )
    cause = draft.causes.get(index, f"line {index + 2}")
    amount = f"{spoken(quantity)} {draft.market.base}"
    _place(draft, index, price, f"{cause}: selling {amount} at {spoken(price)}")


def sale_max(draft: Draft, price: Decimal) -> Decimal:
    """The most one order may sell at `price`, in base."""
    most = min(order_value_max(draft.params) / price, draft.market.quantity_max)
    return draft.market.quantity(most)


def _buy(draft: Draft, index: int) -> None:
    if draft.busy(index):
        return
    cell, (low, high) = draft.cells[index], draft.state.lines[index : index + 2]
    free = draft.free_money()
    quantity = min(draft.state.quantity, draft.market.quantity(free / low))
    if not resellable(draft.market, quantity, low, high):
        money = f"{spoken(free)} {draft.market.quote}"
        reason = f"line {index + 1} waits: with {money} free no buy at {spoken(low)} would pass"
        draft.alarm(index, "waiting_for_money", reason)
        return
    buys = cell.buys + 1
    draft.put(index, cell._replace(status=Status.BUYING, quantity=quantity, cost=ZERO, buys=buys))
    cause = draft.causes.get(index, f"line {index + 1}")
    amount = f"{spoken(quantity)} {draft.market.base}"
    less = "" if quantity == draft.state.quantity else ", as much as the free money allows"
    reason = f"{cause}: buying {amount} at {spoken(low)}{less}, to sell at {spoken(high)}"
    _place(draft, index, low, reason)


def _place(draft: Draft, index: int, price: Decimal, reason: str) -> None:
    cell = draft.cells[index]
    name, round_ = draft.order(index)
    side = Side.SELL if cell.status is Status.SELLING else Side.BUY
    draft.intents.append(
        PlaceOrder(name, round_, side, OrderType.LIMIT, cell.quantity, price, reason)
    )


def take_up(draft: Draft) -> None:
    """Fill the cells above the price: first from coins that lie loose, then with a market order."""
    _allot(draft)
    if not draft.state.start.quantity:
        _start(draft)


def _allot(draft: Draft) -> None:
    price, lines = draft.state.price, draft.state.lines
    above = [i for i in range(len(draft.cells)) if lines[i] > price]
    # The cell the price is in, or the highest below it: coins beyond what is needed sell there.
    below = [i for i in range(len(draft.cells)) if lines[i] <= price][-1:]
    for index in above + below:
        cell, loose = draft.cells[index], draft.state.loose
        if cell.status is not Status.EMPTY:
            continue
        quantity = min(draft.state.quantity, loose)
        sold = draft.market.quantity(quantity)
        if breach(draft.market, sold, lines[index + 1]) is not None:
            return
        cost = (draft.state.loose_cost * quantity / loose).quantize(COST_PLACES)
        draft.loosen(-quantity, -cost)
        draft.put(index, cell._replace(status=Status.HOLDING, quantity=quantity, cost=cost))


def _start(draft: Draft) -> None:
    price, lines = draft.state.price, draft.state.lines
    empty = [
        index
        for index, cell in enumerate(draft.cells)
        if cell.status is Status.EMPTY and lines[index] > price
    ]
    quantity = start_quantity(draft.state.quantity * len(empty), draft.market)
    reserved = quantity * price * SLIPPAGE
    whole = breach(draft.market, quantity, draft.market.price(price)) is None
    if not empty or not whole or reserved > draft.free_money():
        return  # each cell then buys for itself, at its own line's price or better
    for index in empty:
        cell = draft.cells[index]
        draft.put(index, cell._replace(status=Status.STARTING, quantity=draft.state.quantity))
    errand = draft.state.start
    draft.state = replace(
        draft.state,
        start=errand._replace(round=errand.round + 1, quantity=quantity, reserved=reserved),
    )
    amount = f"{spoken(quantity)} {draft.market.base}"
    reason = f"{len(empty)} lines above {spoken(price)} need coins to sell: buying {amount}"
    draft.intents.append(
        PlaceOrder(START, errand.round + 1, Side.BUY, OrderType.MARKET, quantity, None, reason)
    )
