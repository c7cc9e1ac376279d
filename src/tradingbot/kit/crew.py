"""Work that goes on beside its caller, all of it owned, and all of it finished before the end."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from tradingbot.kit.log import logger

log = logger(__name__)

FINISH_SECONDS = 5.0
AGAIN_SECONDS = 1.0


class Crew:
    """Tasks, at most `at_once` of them running. One that fails is logged and harms no other.

    Leaving the context waits for those in hand, then cancels what still runs.
    """

    def __init__(self, at_once: int = 64, finish_seconds: float = FINISH_SECONDS) -> None:
        self._room = asyncio.Semaphore(at_once)
        self._finish_seconds = finish_seconds
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """For an owner that is no context itself."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._finish_seconds)
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            # Again if need be: wait_for of Python 3.11, and who uses it, can swallow a cancel.
            await asyncio.wait(self._tasks, timeout=AGAIN_SECONDS)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        # The crew is what a TaskGroup is, but one member's failure must not end the others.
        task = asyncio.get_running_loop().create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        async with self._room:
            try:
                await work
            except Exception:
                log.exception("work_failed", work=getattr(work, "__qualname__", ""))


async def every(seconds: float, stopped: asyncio.Event) -> bool:
    """Wait. True to go on, False once stopped: the condition of a loop that ends well."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopped.wait()
    return not stopped.is_set()
