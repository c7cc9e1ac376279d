"""Several processes trade on many accounts through a storm of refusals, and share one limit."""

import asyncio
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.adapters import rate_worker
from tests.adapters.rate_worker import Task
from tests.paper.server import running_paper_exchange
from tradingbot.kit.clock import SystemClock, milliseconds
from tradingbot.paper.limits import Limiter, LimitReached
from tradingbot.paper.options import PaperLimits
from tradingbot.paper.server import PaperExchange

RETRY_AFTER = 1  # seconds; short, for a cancel waits them out


class StormyLimiter(Limiter):
    """Refuses everything while a storm lasts; and notes what it refuses of itself."""

    def __init__(self, limits: PaperLimits) -> None:
        super().__init__(limits)
        self.storm: bool | None = None  # with a ban?
        self.refused: Counter[str] = Counter()
        self.most_used = 0
        self.begun = asyncio.Event()

    def spend(self, address: str, weight: int, now: int) -> int:
        if self.storm is not None:
            self.refused["storm"] += 1
            raise LimitReached(RETRY_AFTER, banned=self.storm)
        try:
            used = super().spend(address, weight, now)
        except LimitReached as reached:
            self.refused["418" if reached.banned else "429"] += 1
            raise
        self.most_used = max(self.most_used, used)
        self.begun.set()
        return used


@dataclass
class Outcome:
    used_share: float
    refused: Counter[str]
    done: Counter[str] = field(default_factory=Counter)
    cancel_seconds: list[float] = field(default_factory=list)

    def cancel_p99(self) -> float:
        ordered = sorted(self.cancel_seconds)
        return ordered[int(len(ordered) * 0.99)]


async def storm(
    redis_url: str,
    directory: Path,
    *,
    seconds: float = 14,
    processes: int = 4,
    accounts: int = 20,
    weight: int = 4_000,
    exchange: str = "binance",
) -> Outcome:
    """For so long after the first request everything is refused every fourth second for a moment.

    Once as too much, once as shut out. Somebody else behind the same address uses a fifth of what
    it may. To be called from a long test with more `seconds`, and `weight` in proportion.
    """
    async with stormy_exchange(directory, weight) as (paper, limiter):
        outcomes = [directory / f"outcome-{number}" for number in range(processes)]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([rate_worker.__name__])
        over = context.Event()
        workers = [
            context.Process(
                target=rate_worker.work,
                args=(Task(redis_url, paper.url, exchange, f"w{number}", accounts, out), over),
                daemon=True,
            )
            for number, out in enumerate(outcomes)
        ]
        for worker in workers:
            worker.start()
        try:
            await weather(limiter, seconds, weight)
            over.set()
            for worker in workers:
                await asyncio.to_thread(worker.join, 60)
        finally:
            for worker in workers:
                worker.kill()
                worker.join()
        outcome = Outcome(limiter.most_used / weight, limiter.refused)
        for out in outcomes:
            said = json.loads(out.read_text())
            outcome.done += Counter(said["done"])
            outcome.cancel_seconds += said["cancel_seconds"]
        return outcome


@asynccontextmanager
async def stormy_exchange(
    directory: Path, weight: int
) -> AsyncIterator[tuple[PaperExchange, StormyLimiter]]:
    limits = PaperLimits(weight_per_minute=weight, open_orders_per_market=100_000)
    async with running_paper_exchange(directory, prints_per_second=0.0, limits=limits) as paper:
        limiter = paper.gateway.limiter = StormyLimiter(limits)
        yield paper, limiter


async def weather(limiter: StormyLimiter, seconds: float, weight: int) -> None:
    """A stranger's requests at first, then a storm now and then, every second one with a ban."""
    await limiter.begun.wait()
    until = time.monotonic() + seconds
    for _ in range(20):
        Limiter.spend(limiter, "127.0.0.1", weight // 100, milliseconds(SystemClock().now()))
        await asyncio.sleep(0.05)
    banned = False
    while time.monotonic() < until:
        await asyncio.sleep(3.5)
        limiter.storm, banned = banned, not banned
        await asyncio.sleep(0.5)
        limiter.storm = None
