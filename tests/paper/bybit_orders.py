"""Orders on Bybit, waited for: what was acknowledged is not there yet."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

S = "BTC/USDT"
WAIT = 30  # a busy machine takes its time
RAW = {
    "category": "spot",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "qty": "0.001",
    "price": "50000",
}


async def found(bybit: Any, order: Any, *statuses: str) -> Any:
    """The order, once real-time queries show it, in one of these states if any are named."""
    return await _listed(bybit, bybit.privateGetV5OrderRealtime, order, statuses)


async def in_history(bybit: Any, order: Any) -> Any:
    return await _listed(bybit, bybit.privateGetV5OrderHistory, order, ())


async def _listed(bybit: Any, ask: Any, order: Any, statuses: tuple[str, ...]) -> Any:
    async with asyncio.timeout(WAIT):
        while True:
            answer = await ask({"category": "spot", "orderId": order["id"]})
            listed = answer["result"]["list"]
            if listed and (not statuses or listed[0]["orderStatus"] in statuses):
                return bybit.parse_order(listed[0], bybit.market(order["symbol"] or S))
            await asyncio.sleep(0.03)  # fifty a second are allowed


async def eventually(seen: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """Until it is so."""
    async with asyncio.timeout(WAIT):
        while True:
            if await seen() == wanted:
                return
            await asyncio.sleep(0.03)
