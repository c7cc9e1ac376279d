"""Buy low, sell one line higher, on a ladder of prices."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import assert_never

from tradingbot.strategies import grid_levels, grid_problems, grid_range, grid_state
from tradingbot.strategies.grid_course import advance, change, give_up_selling, start, stop
from tradingbot.strategies.grid_draft import Draft
from tradingbot.strategies.grid_errands import exit_ended, exit_hopeless, start_ended
from tradingbot.strategies.grid_fills import Outcome, cell_order_ended
from tradingbot.strategies.grid_params import GridParams
from tradingbot.strategies.grid_preview import GridPreview, preview
from tradingbot.strategies.grid_state import GridState, Phase
from tradingbot.strategies.grid_watches import range_crossed, stop_reached
from tradingbot.strategies.strategy import Decision, Problem, Surroundings
from tradingbot.trading.event import (
    Event,
    OnStop,
    OrderCancelled,
    OrderFilled,
    OrderRefused,
    ParamsChanged,
    PriceCrossed,
    Started,
    StopRequested,
)
from tradingbot.trading.funds import Funds
from tradingbot.trading.intent import Finish, Notify
from tradingbot.trading.money import UNROUNDED


class Grid:
    name = "grid"
    title = "Grid"
    params_type = GridParams
    state_type = GridState
    funds_field = "investment"

    def complete(self, params: GridParams, around: Surroundings) -> GridParams:
        return grid_range.complete(params, around)

    def problems(self, params: GridParams, around: Surroundings) -> Sequence[Problem]:
        return grid_problems.problems(params, around)

    def preview(self, params: GridParams, around: Surroundings) -> GridPreview:
        return preview(params, around)

    def order_value_max(self, params: GridParams) -> Decimal:
        return grid_levels.order_value_max(params)

    def funds(self, params: GridParams, state: GridState) -> Funds:
        with localcontext(UNROUNDED):
            # Another investment counts at once, not only when the grid is built anew with it.
            return Funds(state.holding, state.cash + params.investment - state.investment)

    def results(self, state: GridState) -> Mapping[str, Decimal]:
        return {
            "grid_profit": state.grid_profit,
            "cells_completed": Decimal(state.cells_completed),
        }

    def begin(self, params: GridParams) -> GridState:
        return GridState()

    def decide(self, params: GridParams, state: GridState, event: Event) -> Decision[GridState]:
        market = event.market if isinstance(event, Started | ParamsChanged) else state.market
        if market is None:
            never = (Finish("stopped before it had started"),)
            return Decision(state, never if isinstance(event, StopRequested) else ())
        draft = Draft.of(params, market, state)
        return draft.decision() if _take(draft, event) else Decision(state)


def _take(draft: Draft, event: Event) -> bool:
    """Act on an event; False when it is none of this grid's business (any more)."""
    match event:
        case OrderFilled() | OrderCancelled() | OrderRefused():
            return _order_ended(draft, event)
        case PriceCrossed():
            return _price_crossed(draft, event)
        case StopRequested():
            stop(draft, event.on_stop, "stopped by its owner")
        case ParamsChanged():
            change(draft, event)
        case Started():
            start(draft, event)
        case _:
            assert_never(event)
    return True


def _order_ended(draft: Draft, event: Outcome) -> bool:
    match event.slot:
        case grid_state.START:
            known = start_ended(draft, event)
        case grid_state.EXIT:
            known = exit_ended(draft, event)
        case _:
            known = cell_order_ended(draft, event)
    if not known:
        return False
    if isinstance(event, OrderFilled):  # a part of a cancelled order may be from long ago
        heard = event.execution.average_price
        if heard is not None:
            draft.state = replace(draft.state, price=draft.market.price(heard))
        advance(draft, retry=True)
    elif event.slot == grid_state.EXIT and exit_hopeless(draft, event):
        give_up_selling(draft, event)
    else:
        advance(draft)
    return True


def _price_crossed(draft: Draft, event: PriceCrossed) -> bool:
    if draft.state.phase not in {Phase.RUNNING, Phase.REBUILDING}:
        return False
    draft.state = replace(draft.state, price=event.price)
    reason = stop_reached(draft, event)
    if reason is None:
        return draft.state.phase is Phase.RUNNING and range_crossed(draft, event)
    draft.intents.append(Notify("target_reached", reason))
    stop(draft, OnStop.SELL, reason)
    return True
