"""Every process started, watched, restarted, stopped."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from tradingbot.kit.errors import EXIT_HOPELESS
from tradingbot.local.service import DidNotStart, Service


@dataclass(frozen=True)
class Patience:
    """How long the pauses before restarts are: doubled each time, short again after good health."""

    pause_seconds: float = 0.2
    pause_seconds_max: float = 10.0
    healthy_seconds: float = 30.0


class Supervisor:
    def __init__(
        self,
        tell: Callable[[str], None],
        on_change: Callable[[], None] = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        self._tell = tell
        self._on_change = on_change
        self._patience = patience or Patience()
        self._stages: list[tuple[Service, ...]] = []

    @property
    def pids(self) -> dict[str, int | None]:
        return {service.name: service.pid for stage in self._stages for service in stage}

    async def start(self, *stage: Service) -> None:
        """Start these together and return when all answer.

        Raises DidNotStart as soon as one does not.
        """
        self._stages.append(stage)
        await together(*(service.start() for service in stage))

    async def start_aside(self, *stage: Service) -> None:
        """As `start`, for what the others can do without: one that fails is told of and kept up."""
        self._stages.append(stage)
        await asyncio.gather(*(self._restart(service, "") for service in stage))

    async def keep_running(self) -> None:
        """Bring back whatever ends, until cancelled."""
        self._on_change()
        async with asyncio.TaskGroup() as group:
            for stage in self._stages:
                for service in stage:
                    group.create_task(self._keep(service))

    async def stop(self) -> None:
        """Stop everything, the last started first."""
        while self._stages:
            await asyncio.gather(*(service.stop() for service in self._stages.pop()))

    async def _keep(self, service: Service) -> None:
        loop = asyncio.get_running_loop()
        pause = self._patience.pause_seconds
        while True:
            begun = loop.time()
            code = await service.wait()
            self._on_change()
            if code == EXIT_HOPELESS:
                self._tell(service.farewell())
                return
            if loop.time() - begun > self._patience.healthy_seconds:
                pause = self._patience.pause_seconds
            self._tell(f"{service.name} ended ({code}); it starts again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._patience.pause_seconds_max)
            await self._restart(service, f"{service.name} is back")

    async def _restart(self, service: Service, well: str) -> None:
        try:
            await service.start()
        except DidNotStart as failure:
            self._tell(failure.message)
        else:
            if well:
                self._tell(well)
        self._on_change()


async def together(*steps: Coroutine[None, None, None]) -> None:
    """All at once; the first failure ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(step)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
