"""The one step live, paper and backtest all take."""

from dataclasses import dataclass
from decimal import localcontext
from typing import Generic, TypeVar

from tradingbot.strategies.strategy import Params, Strategy
from tradingbot.trading import risk
from tradingbot.trading.event import Event
from tradingbot.trading.intent import Intent
from tradingbot.trading.money import EXACT

P = TypeVar("P", bound=Params)
State = TypeVar("State")


@dataclass(frozen=True, slots=True)
class Step(Generic[State]):
    state: State
    approved: tuple[Intent, ...]
    refused: tuple[risk.Refused, ...]


def step(
    strategy: Strategy[P, State],
    params: P,
    state: State,
    event: Event,
    limits: risk.Limits,
) -> Step[State]:
    with localcontext(EXACT):
        decision = strategy.decide(params, state, event)
        approved, refused = risk.check(decision.intents, limits)
    return Step(decision.state, approved, refused)
