"""From typing the command in an empty place to the demo's first filled order."""

from time import perf_counter
from typing import Any

from bench.report import Result, within
from bench.whole_system import sign_in_to_demo, system
from tests.system.running import until

LIMIT = 30.0
BUDGET = "≤ 30 s"


async def measure() -> list[Result]:
    """A grid's first order buys at the market; the first limit order filled is a trade of it."""
    begun = perf_counter()
    async with system("--demo") as demo:
        await sign_in_to_demo(demo)
        answering = perf_counter() - begun

        async def filled() -> Any:
            return (await demo.get("/api/orders?status=filled"))["items"]

        async def traded() -> Any:
            return any(order["type"] != "market" for order in await filled())

        await until(filled, 60, "a filled order")
        first = perf_counter() - begun
        await until(traded, 120, "a filled limit order")
        limit = perf_counter() - begun
    return [
        within("start_to_api", answering, "s", LIMIT, BUDGET, "the demo user can sign in"),
        within("start_to_first_fill", first, "s", LIMIT, BUDGET, "seen through the API"),
        within("start_to_first_limit_fill", limit, "s", LIMIT, BUDGET, "a line of a grid"),
    ]
