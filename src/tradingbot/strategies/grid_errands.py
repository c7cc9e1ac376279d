"""The market orders beside the ladder: the first buy, the last sale."""

from dataclasses import replace
from decimal import Decimal

from tradingbot.strategies.grid_draft import Draft
from tradingbot.strategies.grid_fills import MISSES_MAX, NOT_PLACED, Outcome
from tradingbot.strategies.grid_orders import COST_PLACES, sale_max, take_up
from tradingbot.strategies.grid_state import EXIT, HELD, Errand, Phase, Status
from tradingbot.trading.event import OrderCancelled, OrderFilled, OrderRefused
from tradingbot.trading.intent import Notify, PlaceOrder
from tradingbot.trading.market import breach
from tradingbot.trading.money import ZERO, spoken
from tradingbot.trading.order import NOTHING, Execution, OrderType, Side

TOO_LARGE = "above_order_value_max"
WORTH_ANOTHER_TRY = frozenset({NOT_PLACED, TOO_LARGE})


def start_ended(draft: Draft, event: Outcome) -> bool:
    """Share out what the start order brought; False when it is not out."""
    errand = draft.state.start
    if not errand.quantity or event.round != errand.round:
        return False
    execution = NOTHING if isinstance(event, OrderRefused) else event.execution
    draft.state = replace(draft.state, start=_back(errand, event))
    draft.earn(-execution.cost - execution.fee_quote)
    _share_out(draft, execution)
    if draft.state.phase is Phase.RUNNING and not isinstance(event, OrderFilled):
        _start_missed(draft, event)
    return True


def _back(errand: Errand, event: Outcome) -> Errand:
    if isinstance(event, OrderFilled):
        return Errand(errand.round)
    # The price has risen unheard: half as much may pass.
    too_large = isinstance(event, OrderRefused) and event.code == TOO_LARGE
    most = errand.quantity / 2 if too_large else errand.most
    return Errand(errand.round, misses=errand.misses + 1, most=most)


def _share_out(draft: Draft, execution: Execution) -> None:
    lines, left, average = draft.state.lines, execution.received_base, execution.average_price
    for index, cell in enumerate(draft.cells):
        if cell.status is not Status.STARTING:
            continue
        share = min(cell.quantity, left)
        sellable = breach(draft.market, draft.market.quantity(share), lines[index + 1]) is None
        if not sellable:
            draft.put(index, cell._replace(status=Status.EMPTY, quantity=ZERO, cost=ZERO))
            continue
        # As if bought on its own line: the rest of what these coins gain is trend, not grid.
        cost = share * lines[index]
        draft.put(
            index, cell._replace(status=Status.HOLDING, quantity=share, cost=cost, trouble="")
        )
        draft.causes[index] = f"bought at the start for line {index + 2}"
        left -= share
    cost = (left * average).quantize(COST_PLACES) if average else ZERO
    draft.loosen(left, cost)


def _start_missed(draft: Draft, event: Outcome) -> None:
    lost = not isinstance(event, OrderRefused) or event.code == NOT_PLACED
    if lost and draft.state.start.misses <= MISSES_MAX:
        take_up(draft)
        return
    code = event.code if isinstance(event, OrderRefused) else "order_lost"
    why = "" if isinstance(event, OrderFilled) else event.reason
    reason = f"the first buy was refused ({why}): lines above the price wait for the next fill"
    draft.intents.append(Notify("bot_error", reason))
    price = draft.state.price
    for index, cell in enumerate(draft.cells):
        if cell.status is Status.EMPTY and draft.state.lines[index] > price:
            draft.put(index, cell._replace(trouble=code))


def sell_out(draft: Draft) -> bool:
    """Put everything held up for sale at market; False when that is too little to be sold."""
    for index, cell in enumerate(draft.cells):
        if cell.status in HELD:
            draft.loosen(cell.quantity, cell.cost)
            draft.put(index, cell._replace(status=Status.EMPTY, quantity=ZERO, cost=ZERO))
    state, errand = draft.state, draft.state.exit
    most = min(sale_max(draft, state.price), errand.most or state.loose)
    quantity = draft.market.quantity(min(state.loose, most))
    if breach(draft.market, quantity, draft.market.price(state.price)) is not None:
        return False
    draft.state = replace(
        state,
        loose=state.loose - quantity,
        exit=errand._replace(round=errand.round + 1, quantity=quantity),
    )
    why = state.ending.reason if state.ending else "stopping"
    reason = f"{why}: selling {spoken(quantity)} {draft.market.base} at market"
    draft.intents.append(
        PlaceOrder(EXIT, errand.round + 1, Side.SELL, OrderType.MARKET, quantity, None, reason)
    )
    return True


def exit_ended(draft: Draft, event: Outcome) -> bool:
    """Enter what the last sale brought; False when it is not out."""
    errand = draft.state.exit
    if not errand.quantity or event.round != errand.round:
        return False
    execution = NOTHING if isinstance(event, OrderRefused) else event.execution
    given = execution.quantity + execution.fee_base
    draft.state = replace(draft.state, exit=_back(errand, event))
    all_loose = draft.state.loose + errand.quantity
    sold_cost = draft.state.loose_cost * min(given / all_loose, Decimal(1))
    draft.loosen(errand.quantity - given, -sold_cost.quantize(COST_PLACES))
    draft.earn(execution.received_quote)
    return True


def exit_hopeless(draft: Draft, event: OrderCancelled | OrderRefused) -> bool:
    """Whether trying the last sale again would only meet the same answer."""
    if draft.state.phase is not Phase.STOPPING:
        return False
    refused = isinstance(event, OrderRefused) and event.code not in WORTH_ANOTHER_TRY
    return refused or draft.state.exit.misses > MISSES_MAX
