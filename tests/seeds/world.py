"""One life of the whole system: what there is, how it ends, and whether all was well."""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.seeds.exchange import SeededClock, Venue
from tests.seeds.invariants import Invariants
from tests.seeds.loop import SeededLoop, Stalled, TooLong
from tests.seeds.process import Bell, Post, Process
from tests.seeds.seams import installed
from tests.seeds.store import Store
from tests.seeds.weather import CALM, Weather
from tests.seeds.whim import Whim
from tradingbot.bots.repository import find_account

QUIET_SECONDS_MAX = 150.0
LOOK_SECONDS = 1.0
POST_SHARE = 0.2
CANCELS_MAX = 10
MOMENTS_TOLD = 200

Moment = tuple[float, str, str]


@dataclass(frozen=True)
class Life:
    """How one seed went. `broken`: what did not hold; None when all was well."""

    seed: int
    broken: str | None
    digest: str
    moments: int
    seconds: float
    posts: int
    fills: int
    last: tuple[str, ...]


class World:
    """Everything of one life. `trace` hears of each moment as it comes."""

    strategies = ("grid", Whim.name)
    find_account = staticmethod(find_account)

    def __init__(self, seed: int, *, trace: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        self.chance = Random(seed)
        self.loop = SeededLoop(self.chance.random)
        self.venue = Venue(self.loop, self.chance)
        self.store = Store(SeededClock(self.loop).now)
        self.invariants = Invariants(self.store, self.venue, self.break_)
        self.bell = Bell(self)
        # In some lives only, for carrying costs time: elsewhere messages wait for the end of it.
        self.post = Post(self) if self.chance.random() < POST_SHARE else None
        self.database_away = False
        self.over = False
        self.processes: list[Process] = []
        self.broken: str | None = None
        self.hurt = asyncio.Event()
        self._trace = trace
        self._moments: list[Moment] = []
        self._weather = CALM

    @property
    def weather(self) -> Weather:
        return self._weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._weather = self.venue.weather = weather

    def note(self, who: str, what: str) -> None:
        moment = (self.loop.time(), who, what)
        self._moments.append(moment)
        if self._trace is not None:
            self._trace(told(moment))

    def break_(self, what: str) -> None:
        """The first thing that did not hold ends this life."""
        if self.broken is None and not self.over:
            self.broken = what
            self.note("!", what)
            self.hurt.set()

    def begin(self, name: str, *, worker: bool, monitor: bool) -> Process:
        process = Process(self, name, worker=worker, monitor=monitor)
        self.processes.append(process)
        self.note(name, "starts")
        process.start()
        return process

    def alive(self) -> list[Process]:
        return [process for process in self.processes if not process.dead]

    def ended(self, task: asyncio.Task[None]) -> None:
        """A task of a process is over; none ends by an error of its own."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.break_(f"a task ended with {_flat(error)}")

    async def pass_(self, seconds: float) -> bool:
        """Let time pass; False when something broke meanwhile."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.hurt.wait()
        return self.broken is None

    async def settle(self) -> None:
        """Nothing goes wrong any more: everything must come to rest, and soon."""
        until = self.loop.time() + QUIET_SECONDS_MAX
        while await self.pass_(LOOK_SECONDS):
            missing = self._missing()
            if missing is None:
                return
            if self.loop.time() > until:
                self.break_(f"not settled after {QUIET_SECONDS_MAX:.0f} s of quiet: {missing}")

    def _missing(self) -> str | None:
        if self.venue.on_the_way:
            return "orders are on the way"
        if self.post is not None and (owed := self.post.owed(self.invariants.messages)):
            return f"{owed} messages were never carried"
        return next(self.invariants.unsettled(), None)

    # --- from outside

    def live(self, script: Callable[["World"], Any], *, digest: bool = False) -> Life:
        with installed(self.chance, self.loop.time, self.break_):
            self.loop.set_exception_handler(self._loose)
            try:
                self.loop.run_until_complete(script(self))
            except Stalled:
                self.break_("everybody waits, and for nothing that will come")
            except TooLong:
                self.break_("more happened than ever should")
            life = self._life(digest=digest)
            self._tear_down()
        return life

    def _loose(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.break_(f"{context['message']}: {error and _flat(error)}")

    def _life(self, *, digest: bool) -> Life:
        return Life(
            seed=self.seed,
            broken=self.broken,
            digest=self._digest() if digest else "",
            moments=len(self._moments),
            seconds=self.loop.time(),
            posts=self.invariants.posts.total(),
            fills=len(self.store.rows["fills"]),
            last=tuple(told(moment) for moment in self._moments[-MOMENTS_TOLD:])
            if self.broken
            else (),
        )

    def _digest(self) -> str:
        """Of every moment, every row and every order, and of all chance that was drawn."""
        held = [
            (order.request, order.id, order.status, order.trades)
            for account in self.venue.fake._accounts.values()
            for order in account.orders
        ]
        everything = (self._moments, self.store.rows, held, self.chance.getstate())
        return hashlib.blake2b(repr(everything).encode(), digest_size=12).hexdigest()

    def _tear_down(self) -> None:
        """Take every task apart, those of the dead too: none is left for the rubbish collector."""
        self.over = True
        for process in self.processes:
            self.loop.release(process)
        for _ in range(CANCELS_MAX):
            tasks = sorted(asyncio.all_tasks(self.loop), key=hash)
            if not tasks:
                break
            for task in tasks:
                task.cancel()
            # One may swallow it, where it comes together with something else: then once more.
            with suppress(Stalled):
                self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()


def told(moment: Moment) -> str:
    at, who, what = moment
    return f"{at:9.3f}  {who:<10}  {what}"


def _flat(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(_flat(each) for each in error.exceptions)
    return f"{type(error).__name__}: {error}"
