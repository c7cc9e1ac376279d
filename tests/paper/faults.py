"""Ordering faults as an outsider does, and a trader who does not mind them."""

from typing import Any

import aiohttp

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.clients import trading
from tradingbot.paper import journal
from tradingbot.paper.accounts import account_of
from tradingbot.paper.server import PaperExchange

S = "BTC/USDT"
TRADERS = {"binance": trading, "bybit": trading_on_bybit}
ACCOUNT = account_of("a key")


async def faulty(paper: PaperExchange, *rules: dict[str, Any], seed: int = 7) -> Any:
    """These rules instead of those before."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{paper.faults_url}/faults", json={"seed": seed, "rules": rules}) as answer,
    ):
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def told(paper: PaperExchange) -> Any:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{paper.faults_url}/faults") as answer,
    ):
        return await answer.json()


async def place(client: Any, cid: str, price: int = 50_000) -> str:
    """The order's id, or what its sender learned instead."""
    try:
        order = await client.create_order(S, "limit", "buy", 0.001, price, {"clientOrderId": cid})
    except Exception as error:  # noqa: BLE001  # because any way to fail will do
        return type(error).__name__
    return str(order["id"])


def entries(paper: PaperExchange) -> list[journal.Entry]:
    paper.venue.flush()
    return list(journal.read(paper.venue.journal.path))


def posted(paper: PaperExchange) -> list[tuple[str, str | None]]:
    """Client id and fault of every order request that arrived."""
    return [(e["cid"], e.get("fault")) for e in entries(paper) if e["kind"] == "post"]


def accepted(paper: PaperExchange) -> set[str]:
    return {e["cid"] for e in entries(paper) if e["kind"] == "order"}
