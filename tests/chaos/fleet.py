"""All our processes, each a real one and as many as wanted, with their servers and the exchange."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Any

from tests.chaos.actors import Api, Exchange, Hatched, Held, HeldPostgres, HeldValkey
from tests.chaos.family import Family, family
from tests.chaos.lines import Line
from tests.system.books import rows
from tradingbot.kit.crew import Crew
from tradingbot.kit.schema import migrate
from tradingbot.local.servers import free_port
from tradingbot.local.supervisor import Patience, Supervisor
from tradingbot.paper.journal import Entry, read

OURS = ("api", "bot-worker", "order-monitor")
SERVERS = ("exchange", "valkey", "postgres")
PATIENCE = Patience(pause_seconds=0.02, pause_seconds_max=0.5, healthy_seconds=5)
SECRET_KEY = "not much of a secret, but long enough"


@dataclass(frozen=True)
class Shape:
    """How many there are of each, whether lines can be cut, and what the exchange is like."""

    seed: int = 7
    apis: int = 1
    workers: int = 1
    monitors: int = 1
    lines: bool = False
    exchange: Mapping[str, object] = field(default_factory=dict)


class Fleet:
    def __init__(self, directory: Path, parents: Family, shape: Shape) -> None:
        self.directory = directory
        self.deaths = directory / "deaths.jsonl"
        self.kills: list[str] = []
        self.lines: dict[tuple[str, str], Line] = {}  # by process and variable
        self.told: list[str] = []
        self.postgres, self.valkey = HeldPostgres(directory), HeldValkey(directory)
        self.postgres.reserve()
        self.valkey.reserve()
        urls = [f"http://127.0.0.1:{free_port()}" for _ in range(3)]
        options = {"seed": shape.seed, **shape.exchange}
        self.exchange = Exchange(parents, directory, urls, options)
        self.supervisor = Supervisor(self.told.append, patience=PATIENCE)
        self.services: dict[str, Held] = {}
        self._shape = shape
        self._family = parents

    async def start(self) -> None:
        servers = (self.exchange, self.valkey, self.postgres)
        await self.supervisor.start(*servers)
        await migrate(self.postgres.url)
        counts = (self._shape.apis, self._shape.workers, self._shape.monitors)
        ours = [
            await self._hatched(kind, number)
            for kind, count in zip(OURS, counts, strict=True)
            for number in range(count)
        ]
        await self.supervisor.start(*ours)
        self.services = {service.name: service for service in (*ours, *servers)}

    async def _hatched(self, kind: str, number: int) -> Hatched:
        ways = {
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.valkey.url,
            "PAPER_EXCHANGE_URL": self.exchange.url,
        }
        if self._shape.lines:
            for name, url in ways.items():
                line = self.lines[f"{kind}-{number}", name] = Line(url)
                await line.mend()
                ways[name] = line.url
        env = {
            **ways,
            "SECRET_KEY": SECRET_KEY,
            "ACCESS_TOKEN_MINUTES": "6000",
            "API_HOST": "127.0.0.1",
            "API_PORT": str(free_port()),
        }
        make = Api if kind == "api" else Hatched
        return make(self._family, kind, number, self.directory, env)

    @property
    def api_urls(self) -> list[str]:
        return [each.url for each in self.services.values() if isinstance(each, Api)]

    def ours(self, *kinds: str) -> list[Hatched]:
        """Our own processes of these kinds."""
        every = (each for each in self.services.values() if isinstance(each, Hatched))
        return [each for each in every if each.kind in kinds]

    def names(self, kind: str) -> list[str]:
        """Of every service of a kind, servers too."""
        return [name for name in self.services if name.startswith(kind)]

    def strike(self, name: str, number: Signals = SIGKILL) -> bool:
        """Send it to the process of that name; False when it does not run right now."""
        service = self.services[name]
        if service.pid is None:
            return False
        if isinstance(service, Hatched):
            service.born.signal(number)
        else:
            os.kill(service.pid, number)
        if number == SIGKILL:
            self.kills.append(name)
        return True

    def died(self) -> list[Entry]:
        """Those who died where they were told to."""
        return list(read(self.deaths))

    @property
    def journal_path(self) -> Path:
        return self.directory / "paper" / "journal.jsonl"

    def journal(self) -> list[Entry]:
        return list(read(self.journal_path))

    async def rows(self, query: str, *values: object) -> list[Mapping[str, Any]]:
        return await rows(self.postgres.url, query, *values)


@asynccontextmanager
async def running(directory: Path, nursery: Path, shape: Shape) -> AsyncIterator[Fleet]:
    """Everything answers, and what dies is back at once; nothing is left afterwards."""
    async with family(nursery) as parents:
        fleet = Fleet(directory, parents, shape)
        try:
            await fleet.start()
            async with Crew() as crew:
                keeping = crew.spawn(fleet.supervisor.keep_running())
                try:
                    yield fleet
                    assert not keeping.done(), "nobody keeps the processes running any more"
                finally:
                    keeping.cancel()
        finally:
            await fleet.supervisor.stop()
            for line in fleet.lines.values():
                await line.close()
