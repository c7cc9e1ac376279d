"""What an order through our API costs, against a bare ccxt call to the same paper exchange."""

import asyncio
from statistics import median
from time import perf_counter
from typing import Any

from bench.report import Result
from bench.whole_system import create_bot, paper_price, system
from tests.paper.clients import trading
from tests.system.running import System

SYMBOL = "BTC/USDT"
QUANTITY = 0.001
WARM = 10
# What goes on behind an answer (events, queues) must not weigh on the other's turn.
PAUSE = 0.03


async def measure(pairs: int = 150) -> list[Result]:
    """Taken in turns. The order rests far from the market and is cancelled outside the timing."""
    async with system() as started, trading(started.facts["paper_exchange_url"], "bare") as bare:
        await started.sign_in()
        bot = await create_bot(started, start=False)
        price = round(await paper_price(started, SYMBOL) * 0.9, 2)
        ours: list[float] = []
        theirs: list[float] = []
        for _ in range(WARM + pairs):
            ours.append(await _through_the_api(started, bot["id"], price))
            await asyncio.sleep(PAUSE)
            theirs.append(await _through_ccxt(bare, price))
            await asyncio.sleep(PAUSE)
    value, baseline = (median(times[WARM:]) * 1000 for times in (ours, theirs))
    note = f"p50 of {pairs} pairs in turns; baseline: bare ccxt create_order"
    return [
        Result(
            "post_order_over_bare_ccxt", value, "ms", baseline, "≤ 2.5 ×", ratio_max=2.5, note=note
        )
    ]


async def _through_the_api(started: System, bot_id: int, price: float) -> float:
    body = {
        "bot_id": bot_id,
        "symbol": SYMBOL,
        "side": "buy",
        "type": "limit",
        "quantity": QUANTITY,
        "price": price,
    }
    begun = perf_counter()
    status, order = await started.call("POST", "/api/orders", body)
    took = perf_counter() - begun
    assert (status, order["status"]) == (201, "open"), order
    status, order = await started.call("DELETE", f"/api/orders/{order['id']}")
    assert status == 200, order
    return took


async def _through_ccxt(bare: Any, price: float) -> float:
    begun = perf_counter()
    order = await bare.create_order(SYMBOL, "limit", "buy", QUANTITY, price)
    took = perf_counter() - begun
    await bare.cancel_order(order["id"], SYMBOL)
    return took
