"""The sockets of the paper Bybit: signing in, commands, pings, silence, orders by socket."""

import asyncio
from typing import Any

import aiohttp
import ccxt.pro
import pytest
from aiohttp import WSMsgType

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.bybit_orders import RAW, WAIT, S, found
from tests.paper.test_bybit_streams import ask, listen, news, socket, soon, watching
from tradingbot.paper import bybit_wire
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio


async def test_what_is_no_longer_listened_to_is_not_told(bybit: Any, paper: PaperExchange) -> None:
    async with socket(paper, "private") as opened:
        await listen(paper, opened, "order", "wallet")
        assert (await ask(opened, op="unsubscribe", args=["wallet"]))["success"] is True
        for price in (50_000, 51_000):
            await bybit.create_order(S, "limit", "buy", 0.001, price)
        assert [topic for topic, _ in await news(opened, 2)] == ["order", "order"]


async def test_a_registered_keys_stream_is_checked_too(paper: PaperExchange) -> None:
    key = {"api_key": "k", "api_secret": "s"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{paper.url}/paper/keys", json=key),
    ):
        pass
    async with trading_on_bybit(paper.url, "k", "wrong", pro=True) as wrong:
        with pytest.raises(ccxt.pro.ExchangeError, match="Params Error"):
            await soon(wrong.watch_orders(S))
        with pytest.raises(ccxt.pro.AuthenticationError, match="10004"):
            await soon(wrong.create_order_ws(S, "limit", "buy", 0.001, 50_000))
    async with trading_on_bybit(paper.url, "k", "s", pro=True) as right:
        async with watching(paper, right.watch_orders(S)) as seen:
            await right.create_order(S, "limit", "buy", 0.001, 50_000)
        assert seen[0][0]["status"] == "open"


async def test_signing_in_needs_a_moment_that_has_not_passed(paper: PaperExchange) -> None:
    now = paper.venue.now()
    async with socket(paper, "private") as opened:
        for args in (["k", now - 1, "00"], ["k", "soon", "00"], ["k", now + 10_000], "k", None):
            told = await ask(opened, op="auth", args=args)
            assert (told["success"], told["ret_msg"]) == (False, "Params Error")
        told = await ask(opened, op="subscribe", args=["order"], req_id="7")
        assert (told["success"], told["req_id"]) == (False, "7")
        assert told["ret_msg"]


@pytest.mark.parametrize("path", ["public/spot", "private"])
async def test_a_refused_command_says_why_and_does_no_harm(paper: PaperExchange, path: str) -> None:
    async with socket(paper, path) as opened:
        if path == "private":
            await listen(paper, opened)
        good = "order" if path == "private" else "tickers.BTCUSDT"
        for message in (
            {"op": "subscribe", "args": ["nosuch"]},
            {"op": "subscribe", "args": [good, "orderbook.7.BTCUSDT"]},
            {"op": "subscribe", "args": ["kline.7.BTCUSDT"]},
            {"op": "subscribe", "args": ["tickers.NOSUCH"]},
            {"op": "subscribe", "args": ["order.spot", "order"] if path == "private" else [""]},
            {"op": "subscribe", "args": []},
            {"op": "subscribe", "args": "order"},
            {"op": "subscribe", "args": [7]},
            {"op": "no such thing"},
            {"op": ["subscribe"]},
            {},
        ):
            told = await ask(opened, **message)
            assert told["success"] is False, message
            assert told["ret_msg"], message
        for text in ("not json", "[]", "7"):
            await opened.send_str(text)
            assert (await opened.receive_json(timeout=WAIT))["success"] is False
        assert (await ask(opened, op="subscribe", args=[good]))["success"] is True


async def test_a_command_has_ten_topics_at_most(paper: PaperExchange) -> None:
    kinds = ("tickers", "publicTrade", "orderbook.1", "orderbook.50")
    topics = [f"{kind}.{coin}USDT" for kind in kinds for coin in ("BTC", "ETH", "SOL")][:11]
    async with socket(paper, "public/spot") as opened:
        told = await ask(opened, op="subscribe", args=topics)
        assert (told["success"], told["ret_msg"]) == (False, "args size >10")
        assert (await ask(opened, op="subscribe", args=topics[:10]))["success"] is True


async def test_pings_are_answered_as_each_socket_answers_them(paper: PaperExchange) -> None:
    async with socket(paper, "public/spot") as opened:
        told = await ask(opened, op="ping", req_id="7")
        assert (told["success"], told["ret_msg"], told["op"]) == (True, "pong", "ping")
        assert told["req_id"] == "7"
    async with socket(paper, "private") as opened:
        told = await ask(opened, op="ping", req_id="7")
        assert (told["op"], told["req_id"]) == ("pong", "7")
        assert told["args"][0].isdecimal()
    async with socket(paper, "trade") as opened:
        assert (await ask(opened, op="ping", reqId="7"))["op"] == "pong"


async def test_who_is_silent_and_hears_nothing_is_cut_off(
    paper: PaperExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bybit_wire, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(bybit_wire, "IDLE_MAX", 0.3)
    async with socket(paper, "private") as idle, socket(paper, "private") as lively:
        async with asyncio.TaskGroup() as tasks:
            closed = tasks.create_task(idle.receive(timeout=WAIT))
            while not closed.done():
                assert (await ask(lively, op="ping"))["op"] == "pong"
                await asyncio.sleep(0.05)
        assert closed.result().type is WSMsgType.CLOSE
        assert (await ask(lively, op="ping"))["op"] == "pong"


async def test_orders_can_be_placed_over_the_socket(bybit_pro: Any) -> None:
    params = {"clientOrderId": "mine"}
    placed = await soon(bybit_pro.create_order_ws(S, "limit", "buy", 0.001, 50_000, params))
    assert placed["clientOrderId"] == "mine"
    await found(bybit_pro, {**placed, "symbol": S}, "New")
    edited = await soon(bybit_pro.edit_order_ws(placed["id"], S, "limit", "buy", 0.002, 51_000))
    assert edited["id"] == placed["id"]
    cancelled = await soon(bybit_pro.cancel_order_ws(placed["id"], S))
    assert cancelled["id"] == placed["id"]
    gone = await found(bybit_pro, {**placed, "symbol": S}, "Cancelled")
    assert (gone["amount"], gone["price"]) == (0.002, 51_000)
    with pytest.raises(ccxt.pro.OrderNotFound):
        await soon(bybit_pro.cancel_order_ws(placed["id"], S))
    with pytest.raises(ccxt.pro.InsufficientFunds):
        await soon(bybit_pro.create_order_ws(S, "limit", "buy", 100, 50_000))


async def test_an_order_over_the_socket_needs_all_that_belongs_to_it(
    paper: PaperExchange,
) -> None:
    now = paper.venue.now()
    header = {"X-BAPI-TIMESTAMP": str(now), "X-BAPI-RECV-WINDOW": "5000"}
    order: dict[str, Any] = {"op": "order.create", "args": [RAW], "header": header}
    async with socket(paper, "trade") as opened:
        assert (await ask(opened, **order))["retCode"] == 10003
        signed = {"op": "auth", "args": ["a key", now + 10_000, "00"]}
        assert (await ask(opened, **signed))["retCode"] == 0
        assert (await ask(opened, **signed))["retCode"] == 20001
        for change, code in (
            ({"op": "order.wish"}, 10404),
            ({"args": []}, 10001),
            ({"args": [RAW, RAW]}, 10001),
            ({"args": RAW}, 10001),
            ({"header": None}, 10001),
            ({"header": {}}, 10001),
            ({"header": {"X-BAPI-TIMESTAMP": str(now - 60_000)}}, 10002),
            ({"reqId": "7"}, 0),
            ({"reqId": "7"}, 20006),
            ({}, 0),
        ):
            told = await ask(opened, **(order | change))
            assert told["retCode"] == code, change
            assert told["retMsg"]
        assert told["header"]["X-Bapi-Limit"] == "20"
        assert "reqId" not in told
