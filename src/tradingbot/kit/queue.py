"""Queues: plain lists of JSON that anyone may push to, and that lose nothing when a worker dies."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeAlias

from tradingbot.kit import ids
from tradingbot.kit.errors import Unavailable

Item: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[[Item], Awaitable[None]]


class QueueUnreachable(Unavailable):
    code = "queue_unreachable"


class Unprocessable(Exception):  # noqa: N818  # errors are named after what is the case
    """A handler's word that this item can never be done: it goes to the dead letters, with why."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What could not be done: the item as it came, why, and when it was given up (RFC 3339)."""

    item: str
    reason: str
    at: str


class Queue(Protocol):
    async def push(self, items: Sequence[tuple[str, str]]) -> None:
        """Put each (list, JSON) on its list, all or none. Raise QueueUnreachable."""
        ...

    async def consume(self, handlers: Mapping[str, Handler], stopping: asyncio.Event) -> None:
        """Hand each list's items to its handler, one at a time, until `stopping`.

        A handler that raises sees the item again; after the fifth time it is a dead letter. An item
        may come twice (with the same "id") when a worker dies between doing and saying so.
        Returns when the items in hand are done. Never raises for an outage.
        """
        ...

    async def dead_letters(self, name: str, limit: int) -> Sequence[DeadLetter]:
        """What the list's handler gave up, the newest first. Raise QueueUnreachable."""
        ...

    async def ping(self) -> None:
        """Raise QueueUnreachable when nobody answers."""
        ...

    async def close(self) -> None: ...


class Doorbell(Protocol):
    async def ring(self, channel: str, body: str) -> None:
        """Tell whoever listens right now. Nobody hears it while the queues are away."""
        ...

    def listen(self, channel: str) -> AsyncGenerator[str | None]:
        """What is rung, until cancelled. None: rings may have been missed, look for yourself.

        The first is None, and so is the first after each outage.
        """
        ...

    async def close(self) -> None: ...


def parse(raw: bytes) -> Item:
    """The item, its fractions as Decimals. Raise Unprocessable when it is no JSON object."""
    try:
        item = json.loads(raw.decode(), parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Unprocessable(f"not JSON: {error}") from None
    if not isinstance(item, dict):
        raise Unprocessable("not a JSON object")
    return item


def stamp(raw: bytes) -> bytes:
    """The same object with an "id" of its own: seen again, it can be told from another like it."""
    inside = raw.lstrip()[1:]
    comma = b"" if inside.lstrip().startswith(b"}") else b","
    return b'{"id":"pushed:%s"%s%s' % (ids.new_uid().encode(), comma, inside)


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")
