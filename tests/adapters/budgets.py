"""Budgets as several processes hold them, each with its own connection."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tradingbot.adapters.redis_budget import RedisBudget
from tradingbot.kit.budget import Ask, Bucket, Budget
from tradingbot.kit.crew import Crew

ADDRESS = Bucket("somewhere:ip", 60_000, 1_000, busy=True)
NOON = 1_767_268_800_000


class Counting(RedisBudget):
    """Knows how many round trips it made for others."""

    trips = 0

    async def _speak(self) -> None:
        self.trips += bool(self._waiting)
        await super()._speak()


@asynccontextmanager
async def budgets(url: str, count: int) -> AsyncIterator[list[Counting]]:
    """All of them know how many they are."""
    made = [Counting(url, f"process {number}") for number in range(count)]
    async with AsyncExitStack() as stack:
        for budget in made:
            stack.push_async_callback(budget.close)
        crew = await stack.enter_async_context(Crew(finish_seconds=0))
        for budget in made:
            await budget._speak()
            await budget._speak()
        for budget in made:
            await budget._speak()
            crew.spawn(budget.run())
        yield made


async def taken(budget: Budget, ask: Ask, now_ms: int = NOON, most: int = 10_000) -> int:
    """How many of these, up to `most`, there is room for."""
    count = 0
    while count < most and await budget.take([ask], now_ms) == 0:
        count += 1
    return count
