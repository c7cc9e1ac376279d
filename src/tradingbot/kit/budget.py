"""Room under somebody's limits, for all who ask him from one place: counted in clock windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from time import monotonic
from typing import NamedTuple, Protocol

# A clock corrected by less than this does not begin an old window anew.
SLACK_MS = 2_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is counted together, anew in each window: an address's requests, one's orders.

    `busy`: all processes take from it all the time, so each follows what the others take.
    """

    name: str
    window_ms: int
    limit: int
    busy: bool = False

    @property
    def key(self) -> str:
        return f"{self.name}:{self.window_ms}"


class Ask(NamedTuple):
    """Some room in a bucket that may not be fuller than `ceiling` afterwards."""

    bucket: Bucket
    cost: int
    ceiling: int

    @property
    def share(self) -> int:
        """In thousandths of the limit, which may change while this does not."""
        return self.ceiling * 1000 // max(1, self.bucket.limit)

    def fits(self, used: int) -> bool:
        # What costs more than it may ever have still gets through an empty window.
        return used + self.cost <= max(self.ceiling, self.cost)


class Budget(Protocol):
    """`now_ms` is the clock of the one who limits: his windows begin with it."""

    async def take(self, asks: Sequence[Ask], now_ms: int) -> int:
        """0 when there was room for all of them: it is taken. Else nothing is.

        Then it says how many ms later to ask again. Never raises, and never takes a second.
        """
        ...

    def seen(self, bucket: Bucket, used: int, now_ms: int) -> None:
        """What the one who limits has counted in this window: our use and everybody else's."""
        ...

    def pause(self, bucket: Bucket, ms: int) -> bool:
        """He asked for quiet: nobody is given room in this bucket for so long.

        False when it is quiet for as long already.
        """
        ...


@dataclass(slots=True, eq=False)
class Window:
    """One stretch of the clock. Others follow it: it is never used for another."""

    start: int
    length: int
    used: int = 0

    def holds(self, now_ms: int) -> bool:
        return self.start - SLACK_MS <= now_ms < self.start + self.length

    def left_ms(self, now_ms: int) -> int:
        return self.start + self.length - now_ms


def start_of(bucket: Bucket, now_ms: int) -> int:
    return now_ms - now_ms % bucket.window_ms


class Pauses:
    """How long to be quiet, by bucket; no clock that is set can make it longer or shorter."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, key: str, ms: int) -> bool:
        """False when it is quiet for as long already."""
        longer = ms > self.left_ms(key)
        if longer:
            self._until[key] = monotonic() + ms / 1000
        return longer

    def left_ms(self, key: str) -> int:
        return max(0, ceil((self._until.get(key, 0.0) - monotonic()) * 1000))

    def longest_ms(self, asks: Sequence[Ask]) -> int:
        return max(self.left_ms(ask.bucket.key) for ask in asks) if self._until else 0


class OwnBudget:
    """For a process that is alone: what others use it learns only from what is seen."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._pauses = Pauses()

    async def take(self, asks: Sequence[Ask], now_ms: int) -> int:
        waits = [self._pauses.longest_ms(asks)]
        windows = [self._window(ask.bucket, now_ms) for ask in asks]
        for ask, window in zip(asks, windows, strict=True):
            waits.append(0 if ask.fits(window.used) else window.left_ms(now_ms))
        if (wait := max(waits)) == 0:
            for ask, window in zip(asks, windows, strict=True):
                window.used += ask.cost
        return wait

    def seen(self, bucket: Bucket, used: int, now_ms: int) -> None:
        window = self._window(bucket, now_ms)
        window.used = max(window.used, used)

    def pause(self, bucket: Bucket, ms: int) -> bool:
        return self._pauses.add(bucket.key, ms)

    def _window(self, bucket: Bucket, now_ms: int) -> Window:
        window = self._windows.get(bucket.key)
        if window is None or not window.holds(now_ms):
            window = Window(start_of(bucket, now_ms), bucket.window_ms)
            self._windows[bucket.key] = window
        return window
