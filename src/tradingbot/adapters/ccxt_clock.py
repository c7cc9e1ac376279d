"""An exchange's clock: measured beside the orders, and doubted when it, or ours, has jumped.

What counts is how it runs against the monotonic clock. When somebody sets the clock of this
machine, nothing changes in what we know of the exchange's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeAlias

from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.kit.clock import Clock, milliseconds
from tradingbot.kit.log import logger

MEASURE_SECONDS = 30.0
RETRY_SECONDS = 2.0
SAMPLES = 5
SAMPLE_SECONDS_MAX = 2.0
OLD_SECONDS = 120.0
JUMP_MS = 1_000
SENSIBLE_MS = range(1_000_000_000_000, 10_000_000_000_000)  # 2001 to 2286

Spawn: TypeAlias = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the exchange's clock showed, and ours, at a moment of the monotonic clock."""

    at: float
    theirs_ms: float
    ours_ms: int
    uncertainty_ms: float

    def theirs_at(self, moment: float) -> float:
        return self.theirs_ms + (moment - self.at) * 1000


class ExchangeClock:
    """`ask` is one request for the exchange's time; `spawn` owns the measuring in between."""

    def __init__(
        self,
        name: str,
        ask: Callable[[], Awaitable[int]],
        clock: Clock,
        spawn: Spawn,
        monotonic: Callable[[], float] = monotonic,
    ) -> None:
        self._name = name
        self._ask = ask
        self._clock = clock
        self._spawn = spawn
        self._monotonic = monotonic
        self._reading: Reading | None = None
        self._jumped_ms = 0.0
        self._stale = False
        self._rounds = 0
        self._measured = float("-inf")
        self._answers = False
        self._measuring = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._trouble: str | None = None

    def now_ms(self) -> int:
        """As well as we know it; by our own clock while nothing is known."""
        if self._reading is None:
            return milliseconds(self._clock.now())
        return round(self._reading.theirs_at(self._monotonic()))

    def offset_ms(self) -> int:
        """The exchange's clock less ours."""
        return self.now_ms() - milliseconds(self._clock.now())

    def doubt(self) -> None:
        """The exchange found a timestamp stale: measure before the next request."""
        self._stale = True
        self._wake.set()

    async def known(self) -> None:
        """Return once there is a reading to ask by; an old one is better than none."""
        self._keep()
        if self._reading is None:
            await self._measure_now()
        elif self._stale:
            with suppress(ExchangeUnreachable):
                await self._measure_now()

    async def sure(self) -> None:
        """Return if orders may be signed by it. Raises ExchangeUnreachable."""
        self._keep()
        if self._doubts() is not None:
            await self._measure_now()
        if (doubts := self._doubts()) is not None:
            raise ExchangeUnreachable(f"no order can be signed by {self._name}'s clock: {doubts}")

    def _doubts(self) -> str | None:
        reading, moment = self._reading, self._monotonic()
        if reading is None:
            return "it was never measured"
        if moment - reading.at > OLD_SECONDS:
            return f"it was last measured {moment - reading.at:.0f} s ago"
        if self._stale:
            return "the exchange found a timestamp stale"
        if self._jumped_ms:
            return f"it has jumped by {self._jumped_ms / 1000:.1f} s"
        ours_passed_ms = milliseconds(self._clock.now()) - reading.ours_ms
        strayed_ms = ours_passed_ms - (moment - reading.at) * 1000
        if abs(strayed_ms) > JUMP_MS:
            return f"this machine's own clock has jumped by {strayed_ms / 1000:.1f} s"
        return None

    def _keep(self) -> None:
        if self._keeping is None:
            self._keeping = self._spawn(self._measure_forever())

    async def _measure_forever(self) -> None:
        while True:
            well = self._answers and self._trouble is None
            due = self._measured + (MEASURE_SECONDS if well else RETRY_SECONDS)
            # Not wait_for: in Python 3.11 it can swallow the cancelling of this task.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, due - self._monotonic())):
                    await self._wake.wait()
            self._wake.clear()
            with suppress(ExchangeUnreachable):
                await self._measure_now()

    async def _measure_now(self) -> None:
        """Raises ExchangeUnreachable. Who comes while it is being measured waits for that."""
        rounds = self._rounds
        async with self._measuring:
            if self._rounds == rounds:
                self._answers = False
                try:
                    self._adopt(await self._best_of(SAMPLES))
                    self._answers = True
                finally:
                    self._rounds += 1
                    self._measured = self._monotonic()
                    self._say()

    async def _best_of(self, samples: int) -> Reading:
        """The quickest answer leaves the least room for error."""
        readings: list[Reading] = []
        for _ in range(samples):
            try:
                readings.append(await self._read())
            except (ExchangeUnreachable, TimeoutError) as error:
                if not readings:
                    raise ExchangeUnreachable(f"{self._name} did not tell the time") from error
                break
        return min(readings, key=lambda reading: reading.uncertainty_ms)

    async def _read(self) -> Reading:
        began = self._monotonic()
        async with asyncio.timeout(SAMPLE_SECONDS_MAX):
            theirs_ms = await self._ask()
        ended = self._monotonic()
        if theirs_ms not in SENSIBLE_MS:
            raise ExchangeUnreachable(f"{self._name} told a time that makes no sense")
        ours_ms = milliseconds(self._clock.now())
        middle = (began + ended) / 2
        half_ms = (ended - began) * 500
        return Reading(middle, theirs_ms, round(ours_ms - half_ms), half_ms)

    def _adopt(self, reading: Reading) -> None:
        before = self._reading or reading
        jumped_ms = reading.theirs_ms - before.theirs_at(reading.at)
        unsure_ms = reading.uncertainty_ms + before.uncertainty_ms
        # The next one that agrees with this one confirms it.
        self._jumped_ms = jumped_ms if abs(jumped_ms) > JUMP_MS + unsure_ms else 0.0
        self._reading = reading
        self._stale = False

    def _say(self) -> None:
        """Once when it begins, and once when it is over."""
        before, self._trouble = self._trouble, self._doubts()
        if self._trouble is not None and before is None:
            log.warning("clock_unsure", exchange=self._name, why=self._trouble)
        elif self._trouble is None and before is not None:
            log.info("clock_sure", exchange=self._name, offset_ms=self.offset_ms())
