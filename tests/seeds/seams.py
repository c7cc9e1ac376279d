"""Where the system takes time, chance and words from: one world's, for as long as it lives."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from types import MappingProxyType
from typing import Any, TypeAlias

import structlog

from tests.seeds.whim import Whim
from tradingbot.bots import worker
from tradingbot.kit import ids
from tradingbot.kit.errors import Fact
from tradingbot.orders import invariants_repository, monitor, service, sessions, watch
from tradingbot.strategies import catalogue

CATALOGUE = MappingProxyType({**catalogue.CATALOGUE, Whim.name: Whim()})

Unexpected: TypeAlias = Callable[[str], None]


class Words:
    """A logger that keeps nothing, but tells of errors nobody expected."""

    unexpected: Unexpected

    def __init__(self, *_: object, **__: object) -> None: ...

    def bind(self, **_: object) -> "Words":
        return self

    def nothing(self, event: str, **_: object) -> None: ...

    debug = info = warning = nothing

    def exception(self, event: str, **_: object) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, Fact):
            self.unexpected(f"{event}: {type(error).__name__}: {error}")

    error = exception


async def no_breach(*_: object) -> list[object]:
    return []


async def nothing_came(*_: object) -> None:
    """No money comes to an account, or leaves it, but by its orders."""


def knobs(chance: Random) -> dict[tuple[Any, str], Any]:
    """What is a matter of patience, and not of being right, may be anything: it is, by chance."""
    return {
        (watch, "ORDERS_SECONDS"): chance.choice((3.0, 8.0, 20.0)),
        (watch, "TRADES_SECONDS"): chance.choice((5.0, 30.0)),
        (monitor, "SWEEP_SECONDS"): chance.choice((0.5, 1.0, 2.0)),
        (monitor, "CLAIM_SECONDS"): chance.choice((1.0, 2.0)),
        (monitor, "AUDIT_SECONDS"): chance.choice((1.0, 3.0)),
        (worker, "CLAIM_SECONDS"): chance.choice((1.0, 2.0)),
    }


@contextmanager
def installed(chance: Random, now: Callable[[], float], unexpected: Unexpected) -> Iterator[None]:
    wanted: dict[tuple[Any, str], Any] = {
        (ids, "new_uid"): lambda: f"{chance.getrandbits(128):032x}",
        (ids, "jitter"): lambda spread: chance.random() * spread,
        (sessions, "monotonic"): now,
        (catalogue, "CATALOGUE"): CATALOGUE,
        # Questions about our own books, in SQL of their own; here the exchange's are asked.
        (invariants_repository, "breaches"): no_breach,
        (service, "recount"): nothing_came,
        (Words, "unexpected"): staticmethod(unexpected),
        **knobs(chance),
    }
    before = {place: vars(place[0]).get(place[1]) for place in wanted}
    said = structlog.get_config()
    structlog.configure(
        processors=[],
        wrapper_class=Words,  # type: ignore[arg-type]  # it is never asked for more
        logger_factory=lambda *_: None,
        cache_logger_on_first_use=False,
    )
    _set(wanted)
    try:
        with warnings.catch_warnings():
            # What a crew had not begun when it was told to stop.
            warnings.filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            yield
    finally:
        _set(before)
        structlog.configure(**said)


def _set(values: dict[tuple[Any, str], Any]) -> None:
    for (place, name), value in values.items():
        setattr(place, name, value)
