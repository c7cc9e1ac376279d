"""A process that asks for room without end, and writes down every bit of it that it was given."""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import uvloop

from tradingbot.adapters.ccxt_limits import Limits, Urgency
from tradingbot.adapters.redis_budget import RedisBudget
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.kit.budget import Ask, start_of
from tradingbot.kit.clock import SystemClock, milliseconds
from tradingbot.kit.crew import Crew

WEIGHT = 4_000
ORDERS = 200
WINDOW_MS = 2_000
ACCOUNTS = 5
ASKERS = 8  # of each urgency
COSTS = {Urgency.RESCUE: (1, 4), Urgency.QUERY: (2, 6, 20)}
CLOCK = SystemClock()


class Noting(RedisBudget):
    """A line for each bucket: bucket, window, what was taken, the ceiling, how long it took."""

    def __init__(self, url: str, me: str, path: Path) -> None:
        super().__init__(url, me)
        self._notes = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    async def take(self, asks: Sequence[Ask], now_ms: int) -> int:
        began = time.perf_counter()
        wait = await super().take(asks, now_ms)
        took = round((time.perf_counter() - began) * 1000)
        if wait == 0:
            for bucket, cost, ceiling in asks:
                row = (bucket.name, start_of(bucket, now_ms), cost, ceiling, took)
                os.write(self._notes, (" ".join(map(str, row)) + "\n").encode())
        return wait


def work(url: str, me: str, directory: Path) -> None:
    uvloop.run(_work(url, me, directory))


async def _work(url: str, me: str, directory: Path) -> None:
    budget = Noting(url, me, directory / me)
    limits = Limits(budget, "exchange:paper", WINDOW_MS, lambda: milliseconds(CLOCK.now()))
    limits.adopt(WEIGHT, {WINDOW_MS: ORDERS})
    chance = random.Random(me)  # noqa: S311  # nobody has to guess it
    async with Crew(finish_seconds=0) as crew:
        crew.spawn(budget.run())
        for number in range(ASKERS):
            for urgency in Urgency:
                crew.spawn(_ask_on(limits, urgency, number % ACCOUNTS, chance))
        await asyncio.Event().wait()


async def _ask_on(limits: Limits, urgency: Urgency, account_id: int, chance: random.Random) -> None:
    while True:
        await asyncio.sleep(chance.uniform(0, 0.02))
        with suppress(ExchangeUnreachable):
            if urgency is Urgency.PLACE:
                await limits.take_order(account_id, 1)
                limits.order_answered(account_id)
            else:
                await limits.take(chance.choice(COSTS[urgency]), urgency)
