"""The same faults, in Bybit's own words and frames."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from ccxt.async_support import ExchangeNotAvailable

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.faults import ACCOUNT, S, entries, faulty, place, told
from tests.paper.market import move
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio

SPOT = {"category": "spot", "symbol": "BTCUSDT"}


@pytest.fixture
async def trader(faults: PaperExchange) -> AsyncIterator[Any]:
    async with trading_on_bybit(faults.url) as client:
        yield client


async def settled(paper: PaperExchange, count: int) -> None:
    """So many orders have reached the market: an acknowledgement comes before that."""
    await paper.venue.wait_for_orders(count)


async def links(asking: Any) -> list[str]:
    return [each["orderLinkId"] for each in (await asking)["result"]["list"]]


async def test_who_is_behind_does_not_see_the_latest_orders(
    faults: PaperExchange, trader: Any
) -> None:
    await place(trader, "old", price=49_000)
    await settled(faults, 1)
    faults.venue.ledger.accounts[ACCOUNT].by_cid["old"].created -= 60_000
    balance = await trader.fetch_balance()
    young = await place(trader, "young", price=61_000)  # filled
    await place(trader, "open", price=50_000)
    await settled(faults, 3)

    async def seen() -> list[list[str]]:
        ask, closed = trader.privateGetV5OrderRealtime, {**SPOT, "openOnly": 1}
        return [
            await links(ask(SPOT)),
            await links(ask(closed)),
            await links(ask({**SPOT, "orderLinkId": "young"})),
            await links(ask({**SPOT, "orderId": young})),
            await links(trader.privateGetV5ExecutionList(SPOT)),
        ]

    assert await seen() == [["open", "old"], ["young"], ["young"], ["young"], ["young"]]
    await faulty(faults, {"on": "any", "fault": "lag", "seconds": 30, "exchange": "bybit"})
    assert await seen() == [["old"], [], [], [], []]
    assert (await trader.fetch_balance())["total"] == balance["total"]
    await trader.cancel_order(None, S, {"orderLinkId": "open"})  # what acts is never behind
    assert (await told(faults))["done"]["find lag"] == 2


async def test_storms_are_told_the_way_bybit_tells_them(faults: PaperExchange) -> None:
    rule = {"on": "market", "seconds": 7, "times": 1}
    await faulty(faults, {**rule, "fault": "rate_limited"}, {**rule, "fault": "banned"})
    place = f"{faults.url}/bybit/v5/market/tickers?category=spot"
    async with aiohttp.ClientSession() as session:
        async with session.get(place) as answer:
            assert (answer.status, (await answer.json())["retCode"]) == (200, 10006)
            again = int(answer.headers["X-Bapi-Limit-Reset-Timestamp"])
            assert 5_000 < again - faults.venue.now() <= 7_000
        async with session.get(place) as answer:
            assert (answer.status, answer.content_type) == (403, "text/html")
            assert "access too frequent" in await answer.text()
        async with session.get(place) as answer:
            assert (await answer.json())["retCode"] == 0


async def test_each_order_of_a_batch_is_noted(faults: PaperExchange, trader: Any) -> None:
    await faulty(faults, {"on": "place", "fault": "drop_before"})
    order = {"symbol": S, "type": "limit", "side": "buy", "amount": 0.001, "price": 50_000}
    with pytest.raises(ExchangeNotAvailable):
        await trader.create_orders([order | {"params": {"orderLinkId": cid}} for cid in "ab"])
    noted = [entry for entry in entries(faults) if entry["kind"] == "post"]
    assert [(each["cid"], each["symbol"], each["account"]) for each in noted] == [
        ("a", S, ACCOUNT),
        ("b", S, ACCOUNT),
    ]
    assert {(each["exchange"], each["fault"]) for each in noted} == {("bybit", "drop_before")}


async def test_an_order_that_comes_by_socket_is_noted_too(faults: PaperExchange) -> None:
    async with trading_on_bybit(faults.url, pro=True) as pro:
        named = {"clientOrderId": "by-socket"}
        await pro.create_order_ws(S, "limit", "buy", 0.001, 50_000, named)
    kinds = [entry["kind"] for entry in entries(faults) if entry.get("cid") == "by-socket"]
    assert kinds[:2] == ["post", "order"]


@asynccontextmanager
async def listening(
    paper: PaperExchange, *topics: str, **options: Any
) -> AsyncIterator[ClientWebSocketResponse]:
    """To an account's own news."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{paper.url}/bybit/v5/private", **options) as socket,
    ):
        for asked in (
            {"op": "auth", "args": ["a key", paper.venue.now() + 10_000, "0"]},
            {"op": "subscribe", "args": topics},
        ):
            await socket.send_json(asked)
            assert (await socket.receive_json(timeout=5))["success"]
        yield socket


async def frames(socket: ClientWebSocketResponse, count: int) -> list[Any]:
    return [(await socket.receive(timeout=5)).data for _ in range(count)]


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        ("duplicate", ["New", "New", "wallet", "wallet"]),
        ("reorder", ["wallet", "New"]),
    ],
)
async def test_news_comes_twice_or_in_another_order(
    faults: PaperExchange, trader: Any, fault: str, heard: list[str]
) -> None:
    await faulty(faults, {"on": "user_stream", "fault": fault})
    async with listening(faults, "order", "wallet") as socket:
        await place(trader, "mine")
        told_of = [orjson.loads(frame) for frame in await frames(socket, len(heard))]
    assert [each["data"][0].get("orderStatus", each["topic"]) for each in told_of] == heard


async def test_absurd_news_comes_on_top_and_takes_nothing_away(
    faults: PaperExchange, trader: Any
) -> None:
    await faulty(faults, {"on": "user_stream", "fault": "absurd"})
    async with listening(faults, "execution", "order", "wallet") as socket:
        await place(trader, "mine", price=61_000)
        read = [orjson.loads(frame) for frame in await frames(socket, 8)]
    wrong, right = read[::2], read[1::2]
    topics = ["order", "wallet", "execution", "order"]
    assert [frame["topic"] for frame in wrong] == [frame["topic"] for frame in right] == topics
    assert all(a["data"] != b["data"] for a, b in zip(wrong, right, strict=True))
    assert wrong[2]["data"][0]["execId"] != right[2]["data"][0]["execId"]


async def test_a_silent_stream_answers_no_ping_of_either_kind(faults: PaperExchange) -> None:
    async with listening(faults, "order", autoping=False) as socket:
        await faulty(faults, {"on": "user_stream", "fault": "silence", "seconds": 1_000})
        await socket.send_json({"op": "ping"})
        await socket.ping()
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.1)
        await faulty(faults, {"on": "user_stream", "fault": "cut"})
        assert (await socket.receive(timeout=5)).type in (WSMsgType.CLOSED, WSMsgType.ERROR)


async def test_market_streams_have_faults_of_their_own(faults: PaperExchange) -> None:
    await faulty(faults, {"on": "market_stream", "fault": "omit", "times": 2, "exchange": "bybit"})
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{faults.url}/bybit/v5/public/spot") as socket,
    ):
        await socket.send_json({"op": "subscribe", "args": ["publicTrade.BTCUSDT"]})
        assert (await socket.receive_json(timeout=5))["success"]
        for price in range(60_001, 60_004):
            move(faults, S, str(price))
        (only,) = await frames(socket, 1)
        assert orjson.loads(only)["data"][0]["p"].startswith("60003")
