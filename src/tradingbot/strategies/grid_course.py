"""A grid's course: build, run, rebuild with other parameters, stop and say what is left."""

from dataclasses import replace
from decimal import Decimal

from tradingbot.strategies.grid_draft import Draft
from tradingbot.strategies.grid_errands import sell_out
from tradingbot.strategies.grid_levels import ladder, quantity_for
from tradingbot.strategies.grid_orders import settle, take_up
from tradingbot.strategies.grid_problems import problems
from tradingbot.strategies.grid_state import HELD, Cell, Ending, Phase
from tradingbot.strategies.grid_watches import arm, disarm, forget_unset
from tradingbot.strategies.strategy import Surroundings
from tradingbot.trading.event import OnStop, OrderCancelled, OrderRefused, ParamsChanged, Started
from tradingbot.trading.intent import Finish
from tradingbot.trading.money import ZERO, spoken


def start(draft: Draft, event: Started) -> None:
    """First start: build. Later ones: put back what is missing, nothing twice."""
    state = draft.state
    draft.state = replace(state, price=event.price, ending=None, phase=Phase.RUNNING)
    draft.cells = [cell._replace(misses=0, trouble="") for cell in draft.cells]
    if _other_shape(draft):
        rebuild(draft, "the parameters changed while stopped")
    else:
        _resume(draft)


def change(draft: Draft, event: ParamsChanged) -> None:
    draft.state = replace(draft.state, price=event.price)
    if draft.state.phase not in {Phase.RUNNING, Phase.REBUILDING}:
        return  # a stopped grid takes them up when it is started
    forget_unset(draft)
    if draft.state.phase is Phase.REBUILDING or _other_shape(draft):
        rebuild(draft, "the parameters changed")
    else:
        arm(draft)


def _other_shape(draft: Draft) -> bool:
    state = draft.state
    wanted = ladder(draft.params, draft.market)
    return (state.lines, state.investment) != (wanted, draft.params.investment)


def rebuild(draft: Draft, reason: str) -> None:
    draft.state = replace(draft.state, phase=Phase.REBUILDING)
    draft.cancel_all(f"{reason}: the grid is built anew")
    advance(draft)


def advance(draft: Draft, *, retry: bool = False) -> None:
    """Go on from where the last event left the grid."""
    match draft.state.phase:
        case Phase.RUNNING:
            settle(draft, retry=retry)
        case Phase.REBUILDING if not draft.out():
            _build(draft)
        case Phase.STOPPING if not draft.out():
            _wind_up(draft)
        case _:
            pass


def _build(draft: Draft) -> None:
    around = Surroundings(draft.market, draft.state.price, ())
    if found := problems(draft.params, around):
        _finish(draft, "; ".join(problem.reason for problem in found), failed=True)
        return
    for cell in draft.cells:
        if cell.status in HELD:
            draft.loosen(cell.quantity, cell.cost)
    lines, state = ladder(draft.params, draft.market), draft.state
    # Slots may come back with other lines: their rounds must not.
    rounds = max((max(cell.buys, cell.sells) for cell in draft.cells), default=0)
    draft.cells = [Cell(buys=rounds, sells=rounds) for _ in lines[1:]]
    draft.state = replace(
        state,
        phase=Phase.RUNNING,
        lines=lines,
        quantity=quantity_for(lines, draft.params.investment, draft.market),
        investment=draft.params.investment,
        cash=state.cash + draft.params.investment - state.investment,
    )
    _resume(draft)


def _resume(draft: Draft) -> None:
    draft.state = replace(draft.state, outside="")
    take_up(draft)
    settle(draft, retry=True)
    arm(draft)


def stop(draft: Draft, on_stop: OnStop, reason: str) -> None:
    """Cancel, wait for the answers, sell if asked, finish; `keep` finishes at once."""
    ending = Ending(on_stop, reason)
    if on_stop is OnStop.KEEP and draft.state.phase is not Phase.STOPPING:
        draft.state = replace(draft.state, ending=ending)
        _finish(draft, f"{reason}: {_left(draft)}")
        return
    if draft.state.phase is not Phase.STOPPING:
        draft.cancel_all(reason)
    draft.state = replace(draft.state, phase=Phase.STOPPING, ending=ending)
    advance(draft)


def _wind_up(draft: Draft) -> None:
    ending = draft.state.ending
    if ending is not None and ending.on_stop is OnStop.SELL and sell_out(draft):
        return
    why = ending.reason if ending else "stopped"
    _finish(draft, f"{why}: {_left(draft)}")


def give_up_selling(draft: Draft, event: OrderCancelled | OrderRefused) -> None:
    too_little = isinstance(event, OrderRefused) and event.code.startswith("below_minimum")
    reason = f"the last sale failed ({event.reason}): {_left(draft)}"
    _finish(draft, reason, failed=not too_little)


def _finish(draft: Draft, reason: str, *, failed: bool = False) -> None:
    draft.state = replace(draft.state, phase=Phase.STOPPED)
    disarm(draft)
    draft.intents.append(Finish(reason, failed))


def _left(draft: Draft) -> str:
    state, market = draft.snapshot(), draft.market
    coins = _coins(state.holding, state.price, market.base, market.quote)
    orders = len(draft.out())
    resting = f"{orders} orders stay on the exchange, " if orders else "no orders, "
    cells = "cell" if state.cells_completed == 1 else "cells"
    profit = f"{spoken(state.grid_profit)} {market.quote} earned in {state.cells_completed} {cells}"
    return f"{resting}{coins}; {profit}"


def _coins(holding: Decimal, price: Decimal, base: str, quote: str) -> str:
    if holding <= ZERO:
        return f"no {base} left"
    value = (holding * price).quantize(Decimal("0.01"))
    return f"{spoken(holding)} {base} left, worth about {spoken(value)} {quote}"
