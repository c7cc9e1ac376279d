"""Our own processes: `tradingbot api` and the rest, as children."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tradingbot.local.child import LIBC, Child, Program, spawn
from tradingbot.local.probe import says_ok
from tradingbot.local.readiness import is_ready
from tradingbot.local.service import Service


class OwnProcess(Service):
    """Ready when `ready_url` answers 200 or, without one, when it has said so itself."""

    def __init__(
        self,
        command: tuple[str, ...],
        data_dir: Path,
        env: Mapping[str, str],
        ready_url: str | None = None,
    ) -> None:
        super().__init__()
        self.name = command[0]
        self.log = data_dir / "logs" / f"{self.name}.log"
        self._command = command
        self._data_dir = data_dir
        self._env = env
        self._ready_url = ready_url

    async def _launch(self) -> Child:
        orphaned = [] if LIBC else [f"--parent={os.getpid()}"]
        argv = [sys.executable, "-m", "tradingbot", *orphaned, *self._command]
        return await spawn(Program(argv, self.log, self._env))

    async def _answers(self) -> bool:
        if self._ready_url is None:
            return is_ready(self._data_dir, self.name, self.pid)
        return await says_ok(self._ready_url)


class Task(OwnProcess):
    """A command that ends by itself: it is done when it has ended well."""

    async def run(self) -> None:
        """Raise DidNotStart, with its last words, when it ends otherwise."""
        self.log.unlink(missing_ok=True)
        self._child = await self._launch()
        try:
            if await self._child.wait() != 0:
                raise self._failure("failed")
        finally:
            await self.stop()
