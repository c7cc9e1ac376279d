"""What a tick costs that crosses nobody's price, with few running bots and with many."""

import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

from bench.held_bots import database_with, postgres, until_held, working
from bench.report import Result

BUDGET = "≤ 1.5 × (10,000 bots against 100)"


async def measure(
    few: int = 100, many: tuple[int, ...] = (2_000, 10_000), rounds: int = 25, ticks: int = 20_000
) -> list[Result]:
    """Through a real worker's own loop over its feed; rounds alternate between the workers."""
    counts = (few, *many)
    async with AsyncExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        server = await stack.enter_async_context(postgres(Path(directory)))
        feeds = []
        for count in counts:
            url = await database_with(server.url, count)
            exchange = await stack.enter_async_context(working(url))
            await until_held(url, count)
            feeds.append(exchange.ticks)
        costs: list[list[float]] = [[] for _ in counts]
        for _ in range(rounds):
            for feed, cost in zip(feeds, costs, strict=True):
                cost.append(await feed.seconds(ticks) / ticks * 1e6)
    typical = [median(cost) for cost in costs]
    return [
        Result(
            f"calm_tick_{count}_bots",
            value,
            "µs",
            typical[0],
            BUDGET,
            ratio_max=1.5,
            note=f"baseline: {few} bots; {rounds} rounds of {ticks:,} ticks",
        )
        for count, value in zip(many, typical[1:], strict=True)
    ]
