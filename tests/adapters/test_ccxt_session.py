"""Questions, the user stream and what is shared between accounts."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from tests.adapters.accounts import CREDENTIALS, KEY, SECRET, exchanges_at, request
from tests.adapters.rude_server import Manner, answer, rude_server
from tradingbot.adapters import ccxt_binance
from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.exchanges.errors import ExchangeUnreachable, KeyRefused
from tradingbot.exchanges.ports import (
    Credentials,
    Mode,
    OrderReport,
    StreamOpened,
    TradeMark,
    Unreadable,
)
from tradingbot.kit.clock import SystemClock

pytestmark = pytest.mark.anyio

TIME = answer(200, '{"serverTime": 1767225600000}')
CLOCK = (TIME,) * 5
INFO = {
    "rateLimits": [],
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTC",
            "quoteAsset": "USDT",
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": "0.01000000"},
                {"filterType": "LOT_SIZE", "stepSize": "0.1", "minQty": "0.1", "maxQty": "9"},
            ],
        }
    ],
}


def error(status: int, code: int, words: str = "words") -> bytes:
    return answer(status, json.dumps({"code": code, "msg": words}))


@pytest.mark.parametrize("code", [-1022, -2008, -2014, -2015])
async def test_a_key_the_exchange_does_not_accept_is_said_to_be_so(code: int) -> None:
    async with (
        rude_server(*CLOCK, error(401, code)) as server,
        exchanges_at(server.url) as exchanges,
    ):
        with pytest.raises(KeyRefused):
            await exchanges.session(CREDENTIALS).balances()


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, ""),
        answer(200, "{}"),
        answer(200, "[1]"),
        answer(502, "<html>", kind="text/html"),
        error(400, -1007),
        error(503, -2013),
        Manner.RESET,
    ],
    ids=["nothing", "no fields", "a list", "a page", "timeout", "503", "reset"],
)
async def test_no_clear_answer_is_never_taken_for_one(
    reply: bytes | Manner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with rude_server(*CLOCK, reply) as server, exchanges_at(server.url) as exchanges:
        session = exchanges.session(CREDENTIALS)
        questions: list[Callable[[], Any]] = [
            lambda: session.find("BTC/USDT", "t-ours-1"),
            lambda: session.cancel("BTC/USDT", "1"),
            lambda: session.open_orders("BTC/USDT"),
            lambda: session.trades_of("BTC/USDT", "1"),
            session.balances,
        ]
        for question in questions:
            with pytest.raises(ExchangeUnreachable) as failure:
                await question()
            assert "signature" not in str(failure.value)
    assert KEY not in caplog.text


TRADE = {
    "symbol": "BTCUSDT",
    "id": 1,
    "orderId": 1,
    "price": "50000",
    "qty": "0.01",
    "commission": "0",
    "commissionAsset": "BTC",
    "time": 1_767_225_600_000,
    "isBuyer": True,
    "isMaker": False,
}


async def test_a_page_that_ends_between_the_two_sides_of_a_trade_loses_neither(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ccxt_binance, "PAGE", 2)
    bought, sold = TRADE | {"id": 2}, TRADE | {"id": 2, "orderId": 2, "isBuyer": False}
    pages = ([TRADE, bought], [bought, sold], [TRADE | {"id": 3}])
    async with (
        rude_server(*CLOCK, *(answer(200, json.dumps(page)) for page in pages)) as server,
        exchanges_at(server.url) as exchanges,
    ):
        mark = TradeMark(SystemClock().now())
        trades = await exchanges.session(CREDENTIALS).trades_since("BTC/USDT", mark)
    assert [(trade.trade_id, trade.side) for trade in trades] == [
        ("1", "buy"),
        ("2", "buy"),
        ("2", "sell"),
        ("3", "buy"),
    ]
    wanted = [b"startTime=", b"fromId=2&", b"fromId=3&"]
    assert all(each in sent for each, sent in zip(wanted, server.requests[-3:], strict=True))


async def test_a_stale_clock_is_measured_again_and_the_question_asked_once_more() -> None:
    good = answer(200, '{"balances": [{"asset": "BTC", "free": "1.5", "locked": "0"}]}')
    async with (
        rude_server(*CLOCK, error(400, -1021), *CLOCK, good) as server,
        exchanges_at(server.url) as exchanges,
    ):
        held = await exchanges.session(CREDENTIALS).balances()
    assert str(held["BTC"].free) == "1.5"
    paths = [request.split()[1].partition(b"?")[0] for request in server.requests]
    assert [path.rpartition(b"/")[2] for path in paths] == ([b"time"] * 5 + [b"account"]) * 2
    signed = int(server.requests[-1].partition(b"timestamp=")[2][:13])
    assert abs(signed - 1_767_225_600_000) < 2_000  # the exchange's time, not ours


async def test_an_account_costs_little_and_shares_the_socket_pool() -> None:
    async with rude_server(TIME) as server, exchanges_at(server.url) as exchanges:
        sessions = [
            exchanges.session(Credentials(number, "binance", Mode.PAPER, "k", "s"))
            for number in range(3)
        ]
        one, other, _ = (vars(session._wire) for session in sessions)
        assert one["session"] is other["session"]
        own = {name for name in one if one[name] is not other[name]}
        assert own == {"keys", "clients"}


async def test_a_session_is_made_once_until_its_keys_change() -> None:
    async with rude_server(TIME) as server, exchanges_at(server.url) as exchanges:
        first = exchanges.session(CREDENTIALS)
        assert exchanges.session(CREDENTIALS) is first
        changed = Credentials(1, "binance", Mode.PAPER, "other", "keys")
        assert exchanges.session(changed) is not first
        await exchanges.forget(1)
        assert exchanges.session(CREDENTIALS) is not first


async def test_paper_mode_reaches_nothing_but_the_paper_exchange() -> None:
    async with rude_server(TIME) as server, exchanges_at(server.url) as exchanges:
        wire = exchanges.session(CREDENTIALS)._wire
    addresses: list[str] = []

    def gather(urls: dict[str, Any]) -> None:
        for value in urls.values():
            gather(value) if isinstance(value, dict) else addresses.append(value)

    gather(wire.urls["api"])
    mine = server.url.removeprefix("http")
    assert all(url.endswith("/blocked") or mine in url for url in addresses)
    assert sum(mine in url for url in addresses) == 4


async def test_modes_differ_by_address_only() -> None:
    exchanges = CcxtExchanges(None, str, SystemClock())
    try:
        live = exchanges.session(Credentials(1, "binance", Mode.LIVE, "", ""))._wire
        test = exchanges.session(Credentials(2, "binance", Mode.TESTNET, "", ""))._wire
        assert live.urls["api"]["private"] == "https://api.binance.com/api/v3"
        assert live.urls["api"]["ws"]["ws-api"]["spot"].startswith("wss://ws-api.binance.com")
        assert test.urls["api"]["private"] == "https://testnet.binance.vision/api/v3"
        assert "testnet" in test.urls["api"]["ws"]["ws-api"]["spot"]
        assert type(live) is type(test)
        with pytest.raises(ExchangeUnreachable):
            exchanges.session(CREDENTIALS)
    finally:
        await exchanges.close()


class StreamServer:
    """A user stream that behaves as told: `lives` says what each subscription is answered."""

    def __init__(self, *lives: dict[str, Any]) -> None:
        self.lives = list(lives)
        self.subscriptions: list[dict[str, Any]] = []
        self.sockets: list[web.WebSocketResponse] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/time"):
            return web.json_response({"serverTime": 1_767_225_600_000})
        if request.path.endswith("/exchangeInfo"):
            return web.json_response(INFO)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                asked = json.loads(message.data)
                self.subscriptions.append(asked)
                life = self.lives.pop(0) if len(self.lives) > 1 else self.lives[0]
                await socket.send_json({"id": asked["id"], **life})
        return socket


@asynccontextmanager
async def stream_server(*lives: dict[str, Any]) -> AsyncIterator[tuple[StreamServer, str]]:
    stream = StreamServer(*lives)
    app = web.Application()
    app.router.add_get("/{path:.*}", stream.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield stream, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


YES = {"status": 200, "result": {"subscriptionId": 0}}
NO_KEY = {"status": 401, "error": {"code": -2015, "msg": "Invalid API-key"}}
STALE = {"status": 400, "error": {"code": -1021, "msg": "Timestamp outside"}}
EVENT: dict[str, Any] = {
    "subscriptionId": 0,
    "event": {
        "e": "executionReport", "s": "BTCUSDT", "c": "t-1", "C": "", "S": "BUY", "i": 5, "x": "NEW",
        "X": "NEW", "r": "NONE", "q": "1", "p": "2", "z": "0", "Z": "0", "T": 1_767_225_600_000,
    },
}  # fmt: skip


async def test_a_stream_that_ends_is_opened_anew_and_says_so() -> None:
    async with (
        asyncio.timeout(10),
        stream_server(YES) as (stream, url),
        exchanges_at(url) as exchanges,
        aclosing(exchanges.session(CREDENTIALS).news()) as news,
    ):
        assert await anext(news) == StreamOpened()
        await stream.sockets[0].close()
        assert await anext(news) == StreamOpened()
        await stream.sockets[1].send_json(
            {"subscriptionId": 0, "event": {"e": "eventStreamTerminated"}}
        )
        assert await anext(news) == StreamOpened()
        await stream.sockets[2].send_json(EVENT)
        assert isinstance(await anext(news), OrderReport)
    assert all(asked["params"]["apiKey"] == KEY for asked in stream.subscriptions)
    assert SECRET not in json.dumps(stream.subscriptions)


@pytest.mark.parametrize(
    "frame",
    [
        '{"event": {"e": "executionRep',
        "[1, 2",
        "pardon?",
        "[]",
        '"text"',
        "42",
        '{"event": "text"}',
        json.dumps({**EVENT, "event": {**EVENT["event"], "s": "NOTHERE"}}),
        json.dumps({**EVENT, "event": {**EVENT["event"], "X": "NEVER_SEEN"}}),
        json.dumps({**EVENT, "event": {**EVENT["event"], "z": "a lot"}}),
        json.dumps({**EVENT, "event": {**EVENT["event"], "T": None}}),
    ],
)
async def test_a_frame_that_makes_no_sense_is_told_as_such_and_the_stream_goes_on(
    frame: str,
) -> None:
    async with (
        asyncio.timeout(10),
        stream_server(YES) as (stream, url),
        exchanges_at(url) as exchanges,
        aclosing(exchanges.session(CREDENTIALS).news()) as news,
    ):
        assert await anext(news) == StreamOpened()
        await stream.sockets[0].send_str(frame)
        await stream.sockets[0].send_json(EVENT)
        told = await anext(news)
        assert isinstance(told, Unreadable)
        assert told.why
        assert isinstance(await anext(news), OrderReport)
    assert len(stream.sockets) == 1


async def test_an_event_of_another_kind_is_no_news() -> None:
    async with (
        asyncio.timeout(10),
        stream_server(YES) as (stream, url),
        exchanges_at(url) as exchanges,
        aclosing(exchanges.session(CREDENTIALS).news()) as news,
    ):
        assert await anext(news) == StreamOpened()
        await stream.sockets[0].send_json({**EVENT, "event": {"e": "somethingNew"}})
        await stream.sockets[0].send_json(EVENT)
        assert isinstance(await anext(news), OrderReport)


async def until_true(so: Callable[[], bool]) -> None:
    while not so():  # noqa: ASYNC110  # a socket's end rings no event of ours
        await asyncio.sleep(0.001)


async def test_a_session_knows_whether_it_is_hearing() -> None:
    async with (
        asyncio.timeout(10),
        stream_server(YES) as (stream, url),
        exchanges_at(url) as exchanges,
    ):
        session = exchanges.session(CREDENTIALS)
        assert not session.hears()
        async with aclosing(session.news()) as news:
            assert await anext(news) == StreamOpened()
            assert session.hears()
            await stream.sockets[0].close()
            coming = asyncio.ensure_future(anext(news))
            await until_true(lambda: not session.hears())
            assert await coming == StreamOpened()
            assert session.hears()
        assert not session.hears()


async def test_a_peer_that_answers_no_ping_is_given_up() -> None:
    async with stream_server(YES) as (stream, url), exchanges_at(url) as exchanges:
        session = exchanges.session(CREDENTIALS)
        vars(session._access.wire)["streaming"] = {"keepAlive": 100, "maxPingPongMisses": 1.9}
        async with asyncio.timeout(5), aclosing(session.news()) as news:
            assert await anext(news) == StreamOpened()
            assert await anext(news) == StreamOpened()
    assert len(stream.sockets) == 2


async def test_a_refused_key_ends_the_stream_and_a_stale_clock_does_not() -> None:
    async with stream_server(STALE, NO_KEY) as (stream, url), exchanges_at(url) as exchanges:
        with pytest.raises(KeyRefused):
            async with asyncio.timeout(10):
                await anext(exchanges.session(CREDENTIALS).news())
    assert len(stream.subscriptions) == 2


async def test_forgetting_an_account_ends_its_stream() -> None:
    async with stream_server(YES) as (_, url), exchanges_at(url) as exchanges:
        news = exchanges.session(CREDENTIALS).news()
        assert await anext(news) == StreamOpened()
        await exchanges.forget(1)
        with pytest.raises(StopAsyncIteration):
            async with asyncio.timeout(5):
                await anext(news)


async def test_an_exchange_away_at_first_is_waited_for() -> None:
    async with stream_server(YES) as (_, url):
        pass
    async with exchanges_at(url) as exchanges:
        news = exchanges.session(CREDENTIALS).news()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await anext(news)
        with pytest.raises(ExchangeUnreachable):
            await exchanges.session(CREDENTIALS).ready_to_place()
        assert (await exchanges.session(CREDENTIALS).place(request())) is not None
