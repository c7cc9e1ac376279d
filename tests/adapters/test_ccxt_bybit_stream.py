"""Bybit's private stream: signed with the exchange's time, kept alive, opened anew when lost."""

import asyncio
import hashlib
import hmac
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.adapters import bybit
from tests.adapters.accounts import KEY, SECRET, exchanges_at
from tests.adapters.bybit import CREDENTIALS
from tradingbot.adapters.ccxt_errors import Answered
from tradingbot.adapters.ccxt_line import Line
from tradingbot.adapters.ccxt_session import CcxtSession
from tradingbot.exchanges.errors import KeyRefused
from tradingbot.exchanges.ports import BalancesChanged, Mode, OrderReport, StreamOpened
from tradingbot.trading.order import OrderStatus

pytestmark = pytest.mark.anyio

YES = {"success": True, "ret_msg": "", "conn_id": "c"}
NO = {"success": False, "ret_msg": "Params Error", "conn_id": "c"}
COIN = {"coin": "BTC", "walletBalance": "1", "locked": "0"}


class StreamServer:
    """`auth` is what each greeting is answered, the last for ever; `wallet` what REST answers."""

    def __init__(self, auth: list[dict[str, Any]], wallet: dict[str, Any] | None) -> None:
        self.auth = auth
        self.wallet = wallet or bybit.envelope({"list": [{"coin": [COIN]}]})
        self.asked: list[str] = []
        self.heard: list[dict[str, Any]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.agreed = YES
        self.pongs = True
        self.pings = 0
        self.pinged_often = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        answers = {
            "time": bybit.envelope({"timeNano": f"{bybit.AT}000000"}),
            "instruments-info": bybit.envelope({"list": [bybit.MARKET]}),
            "wallet-balance": self.wallet,
        }
        what = request.path.rpartition("/")[2]
        answer = answers.get(what)
        self.asked.append(what)
        if answer is not None:
            return web.json_response(answer)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._answer(socket, json.loads(message.data))
        return socket

    async def _answer(self, socket: web.WebSocketResponse, asked: dict[str, Any]) -> None:
        if asked["op"] == "ping":
            self.pings += 1
            if self.pings == 10:
                self.pinged_often.set()
            if self.pongs:
                await socket.send_json({"op": "pong", "args": ["1"], "conn_id": "c"})
            return
        self.heard.append(asked)
        self.asked.append(asked["op"])
        if asked["op"] == "auth":
            said = self.auth.pop(0) if len(self.auth) > 1 else self.auth[0]
            await socket.send_json({**said, "op": "auth"})
        else:
            await socket.send_json({**self.agreed, "op": asked["op"]})

    async def tell(self, topic: str, *rows: dict[str, Any], life: int = 0) -> None:
        message = {"topic": topic, "id": "1", "creationTime": bybit.AT, "data": list(rows)}
        await self.sockets[life].send_json(message)


@asynccontextmanager
async def stream_server(
    *auth: dict[str, Any], wallet: dict[str, Any] | None = None
) -> AsyncIterator[tuple[StreamServer, str]]:
    stream = StreamServer(list(auth) or [YES], wallet)
    app = web.Application()
    app.router.add_get("/{path:.*}", stream.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield stream, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_it_is_signed_in_with_the_exchanges_time_and_told_everything_once() -> None:
    async with (
        asyncio.timeout(10),
        stream_server() as (stream, url),
        exchanges_at(url) as exchanges,
        aclosing(exchanges.session(CREDENTIALS).news()) as news,
    ):
        assert await anext(news) == StreamOpened()
        await stream.tell("order", bybit.ORDER, bybit.ORDER | {"category": "linear"})
        await stream.tell("execution", bybit.EXECUTION)
        await stream.tell("wallet", {"coin": [COIN]})
        placed, filled, held = [await anext(news) for _ in range(3)]
    assert isinstance(placed, OrderReport)
    assert isinstance(filled, OrderReport)
    assert [placed.status, filled.status] == [OrderStatus.OPEN, OrderStatus.FILLED]
    assert isinstance(held, BalancesChanged)
    auth, subscribe = stream.heard
    key, expires, signature = auth["args"]
    assert key == KEY
    assert abs(expires - bybit.AT - 10_000) < 1_000  # far from our own clock
    assert (
        signature
        == hmac.new(SECRET.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
    )
    assert subscribe == {"op": "subscribe", "args": ["order", "execution", "wallet"]}


async def test_a_stream_that_ends_is_opened_anew_and_says_so() -> None:
    async with (
        asyncio.timeout(10),
        stream_server() as (stream, url),
        exchanges_at(url) as exchanges,
        aclosing(exchanges.session(CREDENTIALS).news()) as news,
    ):
        assert await anext(news) == StreamOpened()
        await stream.sockets[0].close()
        assert await anext(news) == StreamOpened()
        await stream.tell("order", bybit.ORDER, life=1)
        assert isinstance(await anext(news), OrderReport)


async def test_a_key_refused_in_a_word_that_could_mean_anything_is_asked_about() -> None:
    refused = bybit.envelope({}, 10003, "API key is invalid.")
    async with stream_server(NO, wallet=refused) as (stream, url), exchanges_at(url) as exchanges:
        with pytest.raises(KeyRefused):
            async with asyncio.timeout(10):
                await anext(exchanges.session(CREDENTIALS).news())
    assert [asked["op"] for asked in stream.heard] == ["auth"]


async def test_with_a_good_key_it_was_the_clock_which_is_measured_again() -> None:
    async with stream_server(NO, YES) as (stream, url), exchanges_at(url) as exchanges:
        session = exchanges.session(CREDENTIALS)
        async with asyncio.timeout(10), aclosing(session.news()) as news:
            assert await anext(news) == StreamOpened()
    first, second = (place for place, what in enumerate(stream.asked) if what == "auth")
    assert "time" in stream.asked[:first]
    assert "time" in stream.asked[first:second]


async def test_when_nobody_can_say_why_it_is_tried_again() -> None:
    async with (
        stream_server(NO, YES, wallet={"what": "?"}) as (stream, url),
        exchanges_at(url) as exchanges,
        asyncio.timeout(10),
        aclosing(exchanges.session(CREDENTIALS).news()) as news,
    ):
        assert await anext(news) == StreamOpened()
    assert [asked["op"] for asked in stream.heard] == ["auth", "auth", "subscribe"]


def ignored(*_: object) -> None: ...


async def test_markets_are_followed_ten_at_a_time_and_a_refusal_is_told() -> None:
    symbols = [f"C{number}/USDT" for number in range(23)]
    async with stream_server() as (stream, url), exchanges_at(url) as exchanges:
        access = exchanges._access("bybit", Mode.PAPER)
        dialect, wire = access.dialect, access.wire_for(None)
        line = Line(wire, dialect.market_line(wire), dialect, ignored, ignored)
        await line.open()
        await dialect.follow(line, symbols)
        await dialect.unfollow(line, symbols[:1])
        stream.agreed = NO
        with pytest.raises(Answered):
            await dialect.follow(line, symbols)
        await line.close()
    assert [(each["op"], len(each["args"])) for each in stream.heard] == [
        *(("subscribe", count) for count in (10, 10, 3)),
        ("unsubscribe", 1),
        ("subscribe", 10),
    ]
    assert stream.heard[3]["args"] == ["publicTrade.C0USDT"]


async def test_a_key_of_its_owners_own_making_signs_with_rsa() -> None:
    key = rsa.generate_private_key(65537, 2_048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    credentials = replace(CREDENTIALS, api_secret_sealed=pem[::-1])
    async with exchanges_at("http://127.0.0.1:9") as exchanges:
        wire: Any = exchanges.session(credentials)._wire
        _, expires, signature = wire.greeting()["args"]
    signed = f"GET/realtime{expires}".encode()
    key.public_key().verify(b64decode(signature), signed, PKCS1v15(), SHA256())
    with pytest.raises(InvalidSignature):
        key.public_key().verify(b64decode(signature), signed + b"0", PKCS1v15(), SHA256())


def impatient(session: CcxtSession, misses: float) -> CcxtSession:
    wire = vars(session._access.wire)
    wire["streaming"] = {**wire["streaming"], "keepAlive": 100, "maxPingPongMisses": misses}
    return session


async def test_a_peer_that_answers_no_ping_is_given_up() -> None:
    async with stream_server() as (stream, url), exchanges_at(url) as exchanges:
        stream.pongs = False
        session = impatient(exchanges.session(CREDENTIALS), 1.9)
        async with asyncio.timeout(5), aclosing(session.news()) as news:
            assert await anext(news) == StreamOpened()
            assert await anext(news) == StreamOpened()


async def test_a_peer_that_answers_in_its_own_way_is_kept_and_its_pongs_are_no_news() -> None:
    async with stream_server() as (stream, url), exchanges_at(url) as exchanges:
        session = impatient(exchanges.session(CREDENTIALS), 5)
        async with asyncio.timeout(10), aclosing(session.news()) as news:
            assert await anext(news) == StreamOpened()
            await stream.pinged_often.wait()
            await stream.tell("order", bybit.ORDER)
            assert isinstance(await anext(news), OrderReport)
    assert len(stream.sockets) == 1
