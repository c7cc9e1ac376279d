"""A running fleet with people in front of it, and the moment when all of it must be in order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from tests.chaos import oracle
from tests.chaos.customers import Crowd, Desk
from tests.chaos.fleet import Fleet, Shape, running
from tests.chaos.oracle import Books, Witness
from tests.chaos.verdict import Verdict
from tradingbot.kit.crew import Crew
from tradingbot.kit.database import GONE

QUIET_SECONDS = 60.0
# A healthy stream's open orders are compared once a minute: what it left out is found then.
SETTLED_SECONDS = 80.0
LOOK_SECONDS = 0.5

OLDEST = """
SELECT max(extract(epoch FROM now()) - coalesce(sign_timestamp_ms / 1000.0,
    extract(epoch FROM created_at))) AS age
FROM orders WHERE status IN ('planned', 'sending')
"""
IN_DOUBT = "SELECT FROM orders WHERE status IN ('planned', 'sending') LIMIT 1"
LIVE_BOTS = "SELECT id FROM bots WHERE status NOT IN ('stopped', 'error')"


@dataclass(frozen=True)
class Stage:
    """What a test is given: where, on which exchange, from which seed, and at what length."""

    nursery: Path
    directory: Path
    exchanges: Sequence[str] = ("binance",)
    seed: int = 7
    long: bool = False
    orders: int | None = None
    tell: Callable[[str], None] = print

    def within(self, seconds: float) -> float:
        """The mark for how long something may take: twice that on a machine that tests share."""
        return seconds if self.long else 2 * seconds

    def size(self, short: int, long: int) -> int:
        return self.orders or (long if self.long else short)


@dataclass
class Scene:
    stage: Stage
    fleet: Fleet
    desk: Desk
    crowd: Crowd
    oldest: float = 0.0  # seconds the longest doubt lasted
    bots: list[int] = field(default_factory=list)

    def verdict(self, test: int, asked: str) -> Verdict:
        return Verdict(test, "+".join(self.stage.exchanges), self.stage.seed, asked)

    async def watch(self) -> None:
        """How long an order may hang in doubt; a database just being killed says nothing."""
        while True:
            with suppress(*GONE, TimeoutError, asyncpg.PostgresError):
                [row] = await self.fleet.rows(OLDEST)
                self.oldest = max(self.oldest, float(row["age"] or 0))
            await asyncio.sleep(LOOK_SECONDS)

    async def grids(self, count: int, lines: int = 45) -> None:
        """Bots at work, lines dense enough for this market."""
        await self.crowd.look()
        for _ in range(count):
            symbol = ("BTC/USDT", "ETH/USDT")[len(self.bots) % 2]
            price = float(self.crowd.prices[symbol])
            params = {
                "lower": f"{price * 0.94:.2f}",
                "upper": f"{price * 1.06:.2f}",
                "lines": lines,
                "investment": "20000",
            }
            name = f"grid-{len(self.bots)}"
            exchange = self.stage.exchanges[len(self.bots) % len(self.stage.exchanges)]
            bot = await self.crowd.bot(exchange, name, symbol=symbol, params=params)
            self.bots.append(bot["id"])

    async def quiet(self) -> None:
        """No more faults, no more trades in the market, no more bots at work."""
        await self.fleet.exchange.disturb([], self.stage.seed)
        await self.fleet.exchange.pace(0)
        for bot in await self.fleet.rows(LIVE_BOTS):
            await self.desk.insist("POST", f"/api/bots/{bot['id']}/stop", {"on_stop": "cancel"})

    async def settled(self) -> "Settled":
        """Once nothing is wrong with the books any more, or as they are when it is too late."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        # The books of a long run take seconds to read, and a core: not before there is a reason.
        while await self.fleet.rows(IN_DOUBT) and loop.time() - begun < 2 * SETTLED_SECONDS:  # noqa: ASYNC110  # seen in a table
            await asyncio.sleep(LOOK_SECONDS)
        resolved = round(loop.time() - begun, 1)
        witness = Witness(self.fleet.journal_path)
        while True:
            found = await oracle.books(self.fleet, witness)
            waited = round(loop.time() - begun, 1)
            done = found.clean and not await self.fleet.rows(LIVE_BOTS)
            if done or waited > 2 * SETTLED_SECONDS:
                return Settled(found, resolved, waited)
            await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True)
class Settled:
    """The books at last: after how long nothing was in doubt, and all of it was right."""

    books: Books
    resolved: float
    clean: float


def judge(verdict: Verdict, settled: Settled, seconds: float = QUIET_SECONDS) -> None:
    """The marks every test has: nothing lost, nothing doubled, nothing in doubt after `seconds`."""
    found = settled.books
    verdict.exactly("lost", len(found.lost) + len(found.denied), 0)
    verdict.exactly("doubled", len(found.doubled), 0)
    verdict.at_most("POSTs per id", found.posts_max, 1)
    verdict.exactly("unresolved", len(found.unresolved), 0)
    verdict.in_time("resolved after", settled.resolved, seconds)
    verdict.exactly("other", _rest(found), {})
    verdict.in_time("all right after", settled.clean, SETTLED_SECONDS)
    verdict.at_least("POSTs", found.posts, found.accepted)


def _rest(found: Books) -> Mapping[str, Any]:
    named = {"lost", "denied", "doubled", "reposted", "unresolved"}
    return {name: ids[:3] for name, ids in found.problems.items() if name not in named}


@asynccontextmanager
async def opened(stage: Stage, shape: Shape, customers: int) -> AsyncIterator[Scene]:
    """Everything runs, everybody has signed in and has an account."""
    async with (
        running(stage.directory, stage.nursery, shape) as fleet,
        aiohttp.ClientSession() as http,
        Crew() as crew,
    ):
        desk = Desk(http, fleet.api_urls)
        await desk.sign_in()
        crowd = Crowd(fleet, desk, stage.exchanges, stage.seed)
        await crowd.arrive(customers)
        scene = Scene(stage, fleet, desk, crowd)
        watching = crew.spawn(scene.watch())
        try:
            yield scene
        finally:
            watching.cancel()
