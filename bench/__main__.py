"""`python -m bench [NAME…]`: measure, print one JSON line each, and the budgets beside them."""

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bench import (
    bot_memory,
    calm_tick,
    counter_order,
    demo_memory,
    list_bots,
    post_order,
    restart,
    start,
)
from bench.report import Result, people, show
from tradingbot.kit.log import configure

SECONDS_MAX = 240
BENCHMARKS: Mapping[str, Callable[[], Awaitable[list[Result]]]] = {
    "start": start.measure,
    "counter_order": counter_order.measure,
    "post_order": post_order.measure,
    "list_bots": list_bots.measure,
    "demo_memory": demo_memory.measure,
    "calm_tick": calm_tick.measure,
    "bot_memory": bot_memory.measure,
    "restart": restart.measure,
}


async def run(names: Sequence[str]) -> int:
    """How many of them could not be measured; a budget that is missed is a result like any."""
    results: list[Result] = []
    failed = 0
    for name in names:
        try:
            with people.status(f"measuring {name}"):
                async with asyncio.timeout(SECONDS_MAX):
                    found = await BENCHMARKS[name]()
        except Exception:  # noqa: BLE001  # because one that fails must not take the others along
            traceback.print_exc()
            failed += 1
            continue
        for result in found:
            sys.stdout.write(result.line() + "\n")
        sys.stdout.flush()
        results += found
    show(results)
    return failed


def main(arguments: Sequence[str]) -> int:
    unknown = [name for name in arguments if name not in BENCHMARKS]
    if unknown:
        people.print(f"bench: no {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    configure("WARNING", "console", "bench")
    return 1 if asyncio.run(run(arguments or list(BENCHMARKS))) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
