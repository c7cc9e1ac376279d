"""Processes of ours as services: each with a home, a log and a fate of its own."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp

from tests.chaos.family import Born, Family
from tradingbot.local.child import Child
from tradingbot.local.probe import says_ok
from tradingbot.local.readiness import is_ready
from tradingbot.local.servers import PostgresServer, ValkeyServer
from tradingbot.local.service import Service

Json: TypeAlias = Mapping[str, Any]

BACK_SECONDS_MAX = 20
MONEY = {"USDT": "1000000000", "BTC": "100000", "ETH": "100000", "BNB": "100000"}
ROOMY = {
    "weight_per_minute": 1_000_000,
    "orders_per_10_seconds": 100_000,
    "orders_per_day": 100_000_000,
    "open_orders_per_market": 100_000,
    "bybit_requests_per_5_seconds": 1_000_000,
    "bybit_orders_per_second": 10_000,
    "bybit_queries_per_second": 10_000,
    "bybit_open_orders": 100_000,
}


class Held(Service):
    """One that is not started again while it is not allowed to be."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.allowed = asyncio.Event()
        self.allowed.set()

    async def start(self) -> None:
        await self.allowed.wait()
        await super().start()

    async def answers(self) -> bool:
        """Whether it does right now."""
        return self.pid is not None and await self._answers()


class HeldPostgres(Held, PostgresServer):
    pass


class HeldValkey(Held, ValkeyServer):
    pass


class Hatched(Held):
    """`threats` are what its next life is started with besides."""

    def __init__(
        self, parents: Family, kind: str, number: int, directory: Path, env: Mapping[str, str]
    ) -> None:
        super().__init__()
        self.kind = kind
        self.name = f"{kind}-{number}"
        self.log = directory / "logs" / f"{self.name}.log"
        self.threats: Sequence[str] = ()
        self.lives = 0
        self.env = {**env, "DATA_DIR": str(directory / "homes" / self.name)}
        self._family = parents

    @property
    def born(self) -> Born:
        assert isinstance(self._child, Born)
        return self._child

    async def _launch(self) -> Child:
        self.lives += 1
        seed = f"--seed={self.lives}"  # another life, another fate; the same in the same run
        return await self._family.bear([self.kind, seed, *self.threats], self.env, self.log)

    async def _answers(self) -> bool:
        return is_ready(Path(self.env["DATA_DIR"]), self.kind, self.pid)


class Api(Hatched):
    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.env['API_PORT']}"

    async def _answers(self) -> bool:
        return await says_ok(f"{self.url}/health/live")


class Exchange(Hatched):
    """The paper exchange. What it was told outside its journal it is told again after a death."""

    def __init__(
        self, parents: Family, directory: Path, urls: Sequence[str], options: Json
    ) -> None:
        super().__init__(parents, "exchange", 0, directory, {})
        self.url, self._faults_url, self._hand_url = urls
        ports = [int(url.rpartition(":")[2]) for url in urls]
        options = {
            "data_dir": str(directory),
            **dict(zip(("port", "fault_port", "hand_port"), ports, strict=True)),
            "limits": ROOMY,
            "balances": MONEY,
            **options,
        }
        self.threats = (f"--options={json.dumps(options)}",)
        self._rules: Json | None = None
        self._pace: float | None = None

    async def start(self) -> None:
        await super().start()
        if self._rules is not None:
            await post(f"{self._faults_url}/faults", self._rules)
        if self._pace is not None:
            await post(f"{self._hand_url}/pace", {"prints_per_second": self._pace})

    async def disturb(self, rules: Sequence[Json], seed: int) -> None:
        """These faults from now on, instead of those before."""
        self._rules = {"seed": seed, "rules": list(rules)}
        await post(f"{self._faults_url}/faults", self._rules)

    async def pace(self, prints_per_second: float) -> None:
        self._pace = prints_per_second
        await post(f"{self._hand_url}/pace", {"prints_per_second": prints_per_second})

    async def print(self, symbol: str, price: Decimal, quantity: Decimal) -> None:
        """The market trades there, and fills what rests on the way."""
        said = {"symbol": symbol, "price": str(price), "quantity": str(quantity)}
        await post(f"{self._hand_url}/print", said)

    async def _answers(self) -> bool:
        return await says_ok(f"{self.url}/paper/status")


async def post(url: str, body: object) -> None:
    """To the exchange; one that has just been killed is given its time to come back."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(BACK_SECONDS_MAX):
        while True:
            with suppress(aiohttp.ClientConnectionError):
                async with http.post(url, json=body) as answer:
                    assert answer.status == 200, await answer.text()
                    return
            await asyncio.sleep(0.05)
