"""Events, states and intents as text, and back, exactly."""

import json
from typing import Any, TypeVar

from pydantic import TypeAdapter

from tradingbot.trading import event as events
from tradingbot.trading.event import Event
from tradingbot.trading.intent import Intent

T = TypeVar("T")

EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        events.Started,
        events.PriceCrossed,
        events.OrderFilled,
        events.OrderCancelled,
        events.OrderRefused,
        events.ParamsChanged,
        events.StopRequested,
    )
}


_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def adapter(kind: type[T]) -> TypeAdapter[T]:
    known = _adapters.get(kind)
    if known is None:
        known = _adapters[kind] = TypeAdapter(kind)  # costs milliseconds to build
    return known


def dump(value: object) -> str:
    return adapter(type(value)).dump_json(value).decode()


def load(kind: type[T], text: str) -> T:
    return adapter(kind).validate_json(text)


def dump_event(event: Event) -> str:
    return _tagged(event)


def load_event(text: str) -> Event:
    raw: dict[str, Any] = json.loads(text)
    kind: type[Any] = EVENTS[raw["kind"]]
    event: Event = adapter(kind).validate_python(raw["value"])
    return event


def dump_intents(intents: tuple[Intent, ...]) -> str:
    return f"[{','.join(_tagged(intent) for intent in intents)}]"


def _tagged(value: object) -> str:
    return f'{{"kind":"{type(value).__name__}","value":{dump(value)}}}'
