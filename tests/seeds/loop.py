"""An event loop whose time passes at once, and whose order of events is drawn from a seed."""

import asyncio
import contextvars
import itertools
from collections.abc import Callable, Coroutine, Generator
from heapq import heappop, heappush
from types import coroutine
from typing import Any, TypeVarTuple

Ts = TypeVarTuple("Ts")

# Set in a simulated process's first task and inherited by all that come of it.
OWNER: contextvars.ContextVar["Owner | None"] = contextvars.ContextVar("owner", default=None)


class TooLong(Exception):  # noqa: N818  # errors are named after what is the case
    """More happened in one life than ever should: something goes round in circles."""


class Stalled(Exception):  # noqa: N818  # errors are named after what is the case
    """Everybody waits, and for nothing that will come."""


class Owner:
    """Whose work it is. While it is halted, what of it would run next is kept aside."""

    def __init__(self) -> None:
        self.halted = False
        self.parked: list[asyncio.Handle] = []


class Next(asyncio.Handle):
    """asyncio's own, made without its questions about debugging: they cost more than the work."""

    __slots__ = ()

    def __init__(
        self, callback: Callable[..., object], args: Any, context: contextvars.Context
    ) -> None:  # no super: see above
        self._callback = callback
        self._args = args
        self._context = context
        self._cancelled = False


class Numbered(asyncio.Task[Any]):
    """A task with a number for its place in sets, where others have their place in memory."""

    def __init__(self, *args: Any, number: int, **kwargs: Any) -> None:
        self._number = number
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return self._number


class SeededLoop(asyncio.BaseEventLoop):
    """asyncio's own loop but for three things: no sockets, no waiting, no order of its own.

    `draw` gives numbers from 0 up to 1; of all that could run next, it decides what does.
    """

    # asyncio's own, given other types here: a list to draw from, timers that compare fast.
    _ready: list[asyncio.Handle]

    def __init__(self, draw: Callable[[], float], *, turns_max: int = 2_000_000) -> None:
        super().__init__()
        self._draw = draw
        self._ready = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._numbers = itertools.count()
        self._now = 0.0
        self._turns_left = turns_max
        self.set_task_factory(self._task)  # type: ignore[arg-type]  # whatever the task gives

    def _task(
        self,
        _: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, Any] | Generator[Any],
        **kwargs: Any,  # a context, or none
    ) -> Numbered:
        return Numbered(work, loop=self, number=next(self._numbers), **kwargs)

    def time(self) -> float:
        return self._now

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        handle = Next(callback, args, context or contextvars.copy_context())
        self._ready.append(handle)
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._numbers), timer))
        return timer

    def release(self, owner: Owner) -> None:
        """Let its work go on where it stood still."""
        owner.halted = False
        self._ready += owner.parked
        owner.parked = []

    def _run_once(self) -> None:
        """All that is ready now, in an order that is drawn; then on to the next timer."""
        ready, draw = self._ready, self._draw
        while ready:
            last = ready.pop()
            if ready:
                at = int(draw() * (len(ready) + 1))
                if at < len(ready):
                    last, ready[at] = ready[at], last
            self._turn(last)
            if self._stopping:  # type: ignore[attr-defined]  # set by asyncio's own stop()
                return
        self._next_timer()

    def _turn(self, handle: asyncio.Handle) -> None:
        if handle._cancelled:
            return
        context: contextvars.Context = handle._context  # type: ignore[attr-defined]  # it has one
        owner = context.get(OWNER)
        if owner is not None and owner.halted:
            owner.parked.append(handle)
            return
        self._turns_left -= 1
        if self._turns_left < 0:
            raise TooLong
        context.run(handle._callback, *handle._args)  # type: ignore[attr-defined]  # and these

    def _next_timer(self) -> None:
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
        if not timers:
            raise Stalled
        self._now = timers[0][0]
        while timers and timers[0][0] <= self._now:
            timer = heappop(timers)[2]
            self._ready.append(timer)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is dropped when its time comes."""

    def _write_to_self(self) -> None:
        """Nobody sleeps in a selector."""


@coroutine
def turn() -> Generator[None]:
    """Let the others go first, or not: as it is drawn."""
    yield


def seeded(loop: asyncio.AbstractEventLoop) -> SeededLoop:
    assert isinstance(loop, SeededLoop)
    return loop
