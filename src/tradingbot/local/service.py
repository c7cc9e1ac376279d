"""A program that is started until it answers, watched, and stopped."""

import asyncio
import signal
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from tradingbot.kit.errors import Fact
from tradingbot.local.child import Child, log_tail

PROBE_SECONDS = 0.03
READY_SECONDS_MAX = 60.0


class DidNotStart(Fact):
    """It ended, or never answered; the message holds the last words of its log."""

    code = "did_not_start"
    status = 503


class Service(ABC):
    """Started and stopped any number of times; its address stays."""

    name: str
    log: Path
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    # How long an early end is answered with another try instead of DidNotStart.
    patience_seconds: ClassVar[float] = 0.0
    last_words: ClassVar[int] = 1

    def __init__(self) -> None:
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return None if self._child is None or self._child.exit_code is not None else self._child.pid

    async def start(self) -> None:
        """Return when it answers. Raise DidNotStart when it does not."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        self._child = await self._launch()
        while not await self._answers():
            waited = loop.time() - begun
            if self._child.exit_code is not None:
                if waited > self.patience_seconds:
                    raise self._failure(f"ended with {self._child.exit_code}")
                await asyncio.sleep(PROBE_SECONDS * 5)
                self._child = await self._launch()
            elif waited > READY_SECONDS_MAX:
                await self.stop()
                raise self._failure(f"gave no answer within {READY_SECONDS_MAX:.0f} s")
            await asyncio.sleep(PROBE_SECONDS)

    async def wait(self) -> int:
        """Its exit code, once it has ended."""
        assert self._child is not None, "start() comes first"
        return await self._child.wait()

    async def stop(self) -> None:
        """Ask, then insist. Nothing to do when it does not run."""
        if self._child is not None:
            await self._child.stop(self.stop_signal)

    def farewell(self) -> str:
        """Why it is not started again."""
        return self._failure("stays down").message

    @abstractmethod
    async def _launch(self) -> Child: ...

    @abstractmethod
    async def _answers(self) -> bool: ...

    def _failure(self, what: str) -> DidNotStart:
        return DidNotStart(
            f"{self.name} {what}: {log_tail(self.log, self.last_words) or 'it said nothing'}"
        )
