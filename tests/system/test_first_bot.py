"""The requester's own bodies, word for word, on a fresh system."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.clients import trading
from tests.system.books import assert_nothing_lost_or_doubled
from tests.system.running import running, until

BOT = {
    "name": "My Bot",
    "exchange": "binance",
    "strategy": "grid",
    "api_key": "…",
    "api_secret": "…",
}
ORDER = {
    "bot_id": 1,
    "symbol": "BTC/USDT",
    "side": "buy",
    "type": "limit",
    "quantity": 0.001,
    "price": 50000,
}


async def known_to_binance(url: str, order: Any) -> Any:
    keys = {"api_key": BOT["api_key"], "secret": BOT["api_secret"]}
    async with trading(url, **keys) as client:
        return await client.fetch_order(
            None, "BTC/USDT", {"origClientOrderId": order["client_order_id"]}
        )


async def known_to_bybit(url: str, order: Any) -> Any:
    async with trading_on_bybit(url, BOT["api_key"], BOT["api_secret"]) as client:
        (found,) = await client.fetch_open_orders(
            "BTC/USDT", params={"orderLinkId": order["client_order_id"]}
        )
        return found


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("exchange", "known"), [("binance", known_to_binance), ("bybit", known_to_bybit)]
)
async def test_the_specs_own_bodies_make_a_bot_that_trades_and_an_order_that_rests(
    tmp_path: Path, exchange: str, known: Callable[[str, Any], Awaitable[Any]]
) -> None:
    async with running(tmp_path / "data", "--speed=60") as system:
        await system.sign_in()
        status, bot = await system.call("POST", "/api/bots", BOT | {"exchange": exchange})
        assert status == 201, bot
        assert (bot["id"], bot["symbol"], bot["mode"]) == (1, "BTC/USDT", "paper")
        assert bot["exchange"] == exchange
        assert not {"api_key", "api_secret"} & set(bot)

        status, order = await system.call("POST", "/api/orders", ORDER)
        assert (status, order["status"]) == (201, "open"), order

        found = await known(system.facts["paper_exchange_url"], order)
        assert found["id"] == order["exchange_order_id"]
        assert (found["status"], found["price"], found["amount"]) == ("open", 50000, 0.001)

        async def traded() -> Any:
            return (await system.get("/api/orders?status=filled"))["items"]

        filled = await until(traded, 60, "the bot's first fill")
        assert all(Decimal(order["filled_quantity"]) > 0 for order in filled)
        assert (await system.get("/api/bots/1"))["status"] == "running"

        status, _ = await system.call("DELETE", f"/api/orders/{order['id']}")
        assert status == 200

        async def cancelled() -> Any:
            return (await system.get(f"/api/orders/{order['id']}"))["status"] == "cancelled"

        await until(cancelled, 10, "the order's end")

        status, _ = await system.call("POST", "/api/bots/1/stop")
        assert status in (200, 202)

        async def stopped() -> Any:
            return (await system.get("/api/bots/1"))["status"] == "stopped"

        await until(stopped, 30, "the bot's stop")
        await assert_nothing_lost_or_doubled(
            system.facts["database_url"], system.journal(), BOT["api_key"]
        )
