"""Streams that lie, stutter, fall silent or break, seen from the other end of the socket."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from ccxt.async_support import NetworkError

from tests.paper.clients import trading
from tests.paper.faults import S, faulty, place, told
from tests.paper.market import move
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio

EVENTS = ["NEW", "position", "CANCELED", "position"]  # of an order placed and cancelled


@pytest.fixture
async def binance(faults: PaperExchange) -> AsyncIterator[Any]:
    async with trading(faults.url) as client:
        yield client


@asynccontextmanager
async def listening(paper: PaperExchange, **options: Any) -> AsyncIterator[ClientWebSocketResponse]:
    """To an account's own news."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{paper.url}/binance/ws-api/v3", **options) as socket,
    ):
        signed = {"apiKey": "a key", "timestamp": paper.venue.now(), "signature": "0" * 64}
        method = "userDataStream.subscribe.signature"
        await socket.send_json({"id": 1, "method": method, "params": signed})
        assert (await socket.receive_json(timeout=5))["status"] == 200
        yield socket


async def come_and_go(binance: Any, cid: str = "mine") -> None:
    await binance.cancel_order(await place(binance, cid), S)


async def frames(socket: ClientWebSocketResponse, count: int) -> list[str]:
    return [(await socket.receive(timeout=5)).data for _ in range(count)]


def named(frame: str) -> str:
    """What a frame tells: the state of an order, or a position."""
    event = orjson.loads(frame)["event"]
    return str(event.get("X", "position"))


@pytest.mark.parametrize(
    ("fault", "heard"),
    [
        ("duplicate", [name for name in EVENTS for _ in range(2)]),
        ("reorder", ["position", "NEW", "position", "CANCELED"]),
    ],
)
async def test_news_comes_twice_or_in_another_order(
    faults: PaperExchange, binance: Any, fault: str, heard: list[str]
) -> None:
    await faulty(faults, {"on": "user_stream", "fault": fault})
    async with listening(faults) as socket:
        await come_and_go(binance)
        assert [named(frame) for frame in await frames(socket, len(heard))] == heard


async def test_a_last_event_is_held_back_no_longer_than_told(
    faults: PaperExchange, binance: Any
) -> None:
    rules = [
        {"on": "user_stream", "fault": "omit", "times": 1},
        {"on": "user_stream", "fault": "reorder", "seconds": 0.1},
    ]
    await faulty(faults, *rules)
    async with listening(faults) as socket:
        await place(binance, "mine")
        assert [named(frame) for frame in await frames(socket, 1)] == ["position"]
    assert (await told(faults))["done"] == {"user_stream omit": 1, "user_stream reorder": 1}


async def test_what_is_omitted_never_comes_and_answers_are_not_news(
    faults: PaperExchange, binance: Any
) -> None:
    await faulty(faults, {"on": "user_stream", "fault": "omit"})
    async with listening(faults) as socket:
        await come_and_go(binance)
        await socket.send_json({"id": 7, "method": "time"})
        assert (await socket.receive_json(timeout=5))["id"] == 7
    assert (await told(faults))["done"] == {"user_stream omit": len(EVENTS)}


async def test_a_silent_stream_answers_nothing_and_comes_back_with_a_gap(
    faults: PaperExchange, binance: Any
) -> None:
    async with listening(faults, autoping=False) as socket:
        await faulty(faults, {"on": "user_stream", "fault": "silence", "seconds": 1_000})
        await socket.ping()
        await socket.send_json({"id": 7, "method": "time"})
        await come_and_go(binance, "unheard")
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.1)
        await faulty(faults)
        await socket.ping()
        assert (await socket.receive(timeout=5)).type is WSMsgType.PONG
        await place(binance, "heard")
        (first, _) = await frames(socket, 2)
        assert orjson.loads(first)["event"]["c"] == "heard"


async def test_a_cut_takes_open_sockets_at_once_as_many_as_told(
    faults: PaperExchange, binance: Any
) -> None:
    async with listening(faults) as first, listening(faults) as second:
        await faulty(faults, {"on": "user_stream", "fault": "cut", "times": 1})
        ended = await first.receive(timeout=5)
        assert ended.type in (WSMsgType.CLOSED, WSMsgType.ERROR)
        await place(binance, "mine")
        assert [named(frame) for frame in await frames(second, 2)] == ["NEW", "position"]


async def test_what_happens_while_a_stream_is_cut_is_not_told_later(faults: PaperExchange) -> None:
    async with trading(faults.url, pro=True) as pro:
        watching = asyncio.ensure_future(pro.watch_orders(S))
        async with asyncio.timeout(5):
            while not faults.venue.ledger.accounts:  # noqa: ASYNC110  # no event tells of it
                await asyncio.sleep(0.01)
        await faulty(faults, {"on": "user_stream", "fault": "cut", "times": 1})
        with pytest.raises(NetworkError):
            await watching
        await place(pro, "unheard")
        watching = asyncio.ensure_future(pro.watch_orders(S))
        number = 0
        while not watching.done():  # from when on it listens again is not known
            number += 1
            await place(pro, f"perhaps-{number}")
        assert "unheard" not in [order["clientOrderId"] for order in await watching]


async def test_garbage_comes_on_top_and_takes_nothing_away(
    faults: PaperExchange, binance: Any
) -> None:
    await faulty(faults, {"on": "user_stream", "fault": "garbage"})
    async with listening(faults) as socket:
        await come_and_go(binance)
        seen = await frames(socket, 2 * len(EVENTS))
    assert [named(frame) for frame in seen[1::2]] == EVENTS
    assert all('"event":{' not in frame or not frame.endswith("}}") for frame in seen[::2])


async def test_absurd_news_comes_on_top_the_same_for_the_same_seed(
    faults: PaperExchange, binance: Any
) -> None:
    async with listening(faults) as socket:
        kinds = []
        for number in range(2):
            await faulty(faults, {"on": "user_stream", "fault": "absurd"}, seed=5)
            await come_and_go(binance, f"order-{number}")
            seen = await frames(socket, 2 * len(EVENTS))
            assert [named(frame) for frame in seen[1::2]] == EVENTS
            wrong = [orjson.loads(frame)["event"] for frame in seen[::2]]
            assert all(
                a != orjson.loads(b)["event"] for a, b in zip(wrong, seen[1::2], strict=True)
            )
            kinds.append([(each.get("X"), each.get("z"), each.get("t")) for each in wrong])
    assert kinds[0] == kinds[1]


async def test_market_streams_have_faults_of_their_own(faults: PaperExchange) -> None:
    await faulty(
        faults,
        {"on": "market_stream", "fault": "absurd", "times": 1},
        {"on": "market_stream", "fault": "duplicate", "times": 1},
        {"on": "market_stream", "fault": "omit", "times": 1},
        {"on": "user_stream", "fault": "cut"},
    )
    stream = f"{faults.url}/binance/stream/ws/btcusdt@trade"
    async with aiohttp.ClientSession() as session, session.ws_connect(stream) as socket:
        for price in range(60_001, 60_005):
            move(faults, S, str(price))
        prices = [orjson.loads(frame)["p"][:5] for frame in await frames(socket, 5)]
    true = [price for price in prices if price.isdecimal()]
    assert Counter(true) == {"60001": 1, "60002": 2, "60004": 1}
    assert len(prices) == len(true) + 1
