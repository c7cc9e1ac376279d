"""A bot taken through the events that wait for it: what it decides, gathered. Pure."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tradingbot.bots import codec
from tradingbot.strategies.step import step
from tradingbot.strategies.strategy import Params, Strategy
from tradingbot.trading.event import Event, OrderRefused, Started
from tradingbot.trading.intent import (
    CancelOrder,
    Finish,
    Intent,
    Notify,
    PlaceOrder,
    UnwatchPrice,
    WatchPrice,
)
from tradingbot.trading.risk import Limits

# A strategy that answers each refusal with the same order again would never come to an end.
STEPS_MAX = 500


class StrategyFailed(Exception):  # noqa: N818  # errors are named after what is the case
    """The strategy raised, or went round in circles. Nothing of this walk is kept."""


@dataclass(slots=True)
class Walk:
    """Where the walk has led so far."""

    state: Any
    watches: dict[str, WatchPrice]
    steps: list[tuple[Event, tuple[Intent, ...]]] = field(default_factory=list)
    places: list[PlaceOrder] = field(default_factory=list)
    cancels: list[CancelOrder] = field(default_factory=list)
    notes: list[Notify] = field(default_factory=list)
    finish: Finish | None = None


def walk(
    strategy: Strategy[Any, Any],
    params: Params,
    start: Walk,
    events: Iterable[Event],
    limits: Limits,
) -> Walk:
    """Every event a step; refusals by our own gate are events as well. Raises StrategyFailed."""
    waiting = deque(events)
    while waiting:
        event = waiting.popleft()
        if isinstance(event, Started):
            start.finish = None  # started again after its end: that end no longer counts
        try:
            taken = step(strategy, params, start.state, event, limits)
        except Exception as error:
            raise StrategyFailed(f"{type(error).__name__} on {type(event).__name__}") from error
        start.state = taken.state
        start.steps.append((event, taken.approved))
        limits = limits.after(taken.approved)
        for intent in taken.approved:
            gather(start, intent)
        waiting.extend(
            OrderRefused(event.at, no.intent.slot, no.intent.round, no.code, no.reason)
            for no in taken.refused
        )
        if len(start.steps) > STEPS_MAX:
            raise StrategyFailed(f"more than {STEPS_MAX} steps without an end")
    return start


def gather(so_far: Walk, intent: Intent) -> None:
    match intent:
        case PlaceOrder():
            so_far.places.append(intent)
        case CancelOrder():
            so_far.cancels.append(intent)
        case WatchPrice():
            so_far.watches[intent.trigger] = intent
        case UnwatchPrice():
            so_far.watches.pop(intent.trigger, None)
        case Notify():
            so_far.notes.append(intent)
        case Finish():
            so_far.finish = intent


def dump_watches(watches: dict[str, WatchPrice]) -> list[dict[str, Any]]:
    return [codec.adapter(WatchPrice).dump_python(watch, mode="json") for watch in watches.values()]


def load_watches(raw: list[dict[str, Any]]) -> dict[str, WatchPrice]:
    found = [codec.adapter(WatchPrice).validate_python(item) for item in raw]
    return {watch.trigger: watch for watch in found}
