"""Whose turn it is: nothing of a kind sooner than its spacing after the last of that kind."""

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Protocol

# Who has been quiet for longer than this has nothing left to wait for.
FORGOTTEN_AFTER_KEYS = 10_000


class Pace(Protocol):
    async def turn(self, keys: Sequence[tuple[str, float]]) -> float:
        """0 when it is your turn under every key: it is taken. Else nothing is.

        Each key comes with its spacing in seconds. Otherwise it says how many seconds later to ask
        again. Never raises, and never waits for long.
        """
        ...


async def wait_for_turn(pace: Pace, keys: Sequence[tuple[str, float]]) -> None:
    """Return when it is our turn, and taken."""
    while (seconds := await pace.turn(keys)) > 0:  # noqa: ASYNC110  # nobody knows whose turn ends
        await asyncio.sleep(seconds)


class OwnPace:
    """For a process that is alone. `slower`: how many times each spacing is kept."""

    def __init__(self, *, slower: float = 1.0) -> None:
        self._slower = slower
        self._next: dict[str, float] = {}

    async def turn(self, keys: Sequence[tuple[str, float]]) -> float:
        now = monotonic()
        wait = max((self._next.get(key, now) - now for key, _ in keys), default=0.0)
        if wait > 0:
            return wait
        self.took(keys)
        return 0.0

    def took(self, keys: Sequence[tuple[str, float]]) -> None:
        """A turn was taken just now, whoever gave it."""
        now = monotonic()
        if len(self._next) > FORGOTTEN_AFTER_KEYS:
            self._next = {key: free for key, free in self._next.items() if free > now}
        for key, spacing in keys:
            self._next[key] = now + spacing * self._slower
