"""Unmodified ccxt.pro: the market and the account, as they happen."""

import asyncio
from typing import Any

import aiohttp
import ccxt.pro
import pytest

from tests.paper.clients import trading
from tests.paper.market import move
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio

S = "BTC/USDT"
WAIT = 10


async def soon(awaited: Any) -> Any:
    async with asyncio.timeout(WAIT):
        return await awaited


async def held(client: Any, asset: str) -> tuple[str, str]:
    # ccxt leaves the parsed form of this answer empty for spot.
    told = (await soon(client.fetch_balance_ws()))["info"]["balances"]
    return next((each["free"], each["locked"]) for each in told if each["asset"] == asset)


async def meanwhile(awaited: Any, act: Any) -> Any:
    """What is awaited, when `act` happens again and again until it comes."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(soon(awaited))
        while not task.done():
            await asyncio.sleep(0.1)
            result = act()
            if asyncio.iscoroutine(result):
                await result
    return task.result()


async def test_a_ticker_is_watched(pro: Any, paper: PaperExchange) -> None:
    assert (await soon(pro.watch_ticker(S)))["last"] == 60_000
    move(paper, S, "61000")
    assert (await soon(pro.watch_ticker(S)))["last"] == 61_000


async def test_tickers_are_watched(pro: Any) -> None:
    assert set(await soon(pro.watch_tickers())) == set(pro.markets)
    full = await soon(pro.watch_ticker(S, {"name": "ticker"}))
    assert full["bid"] < full["ask"]
    best = (await soon(pro.watch_bids_asks([S])))[S]
    assert best["bid"] < best["ask"]


async def test_the_watched_book_is_the_real_one(pro: Any, paper: PaperExchange) -> None:
    await soon(pro.watch_order_book(S))
    await pro.create_order(S, "limit", "buy", 0.123, 59_998.9)
    for price in ("59999", "60002", "60001"):
        move(paper, S, price, "0.00001")
        await soon(pro.watch_order_book(S))
    await asyncio.sleep(0.3)
    watched, asked = pro.orderbooks[S], await pro.fetch_order_book(S, 1_000)
    assert [list(level) for level in watched["bids"]] == asked["bids"]
    assert [list(level) for level in watched["asks"]] == asked["asks"]


async def test_trades_are_watched(pro: Any, paper: PaperExchange) -> None:
    seen = await meanwhile(pro.watch_trades(S), lambda: move(paper, S, "60123", "0.25"))
    assert (seen[-1]["price"], seen[-1]["amount"]) == (60_123, 0.25)


async def test_candles_are_watched(pro: Any, paper: PaperExchange) -> None:
    await soon(pro.watch_ohlcv(S, "1m"))
    move(paper, S, "60500")
    assert (await soon(pro.watch_ohlcv(S, "1m")))[-1][4] == 60_500


async def test_own_orders_and_trades_and_balances_are_watched(
    pro: Any, paper: PaperExchange
) -> None:
    async def place() -> None:
        await pro.create_order(S, "limit", "buy", 0.001, 59_000, {"newClientOrderId": "mine"})

    async with asyncio.TaskGroup() as tasks:
        watched = tasks.create_task(soon(pro.watch_orders(S)))
        await asyncio.sleep(0.3)
        await place()
    (order,) = watched.result()
    assert (order["status"], order["clientOrderId"]) == ("open", "mine")
    async with asyncio.TaskGroup() as tasks:
        orders = tasks.create_task(soon(pro.watch_orders(S)))
        trades = tasks.create_task(soon(pro.watch_my_trades(S)))
        balance = tasks.create_task(soon(pro.watch_balance()))
        await asyncio.sleep(0.2)
        move(paper, S, "58000")
    assert orders.result()[-1]["status"] == "closed"
    (trade,) = trades.result()
    assert (trade["price"], trade["takerOrMaker"]) == (59_000, "maker")
    assert trade["fee"] == {"currency": "BTC", "cost": 1e-6}
    assert balance.result()["BTC"]["free"] == 1.000999
    assert balance.result()["USDT"]["used"] == 0


async def test_a_cancelled_order_keeps_its_own_client_id_on_the_stream(pro: Any) -> None:
    async with asyncio.TaskGroup() as tasks:
        watched = tasks.create_task(soon(pro.watch_orders(S)))
        await asyncio.sleep(0.3)
        placed = await pro.create_order(
            S, "limit", "buy", 0.001, 59_000, {"newClientOrderId": "mine"}
        )
    watched.result()
    async with asyncio.TaskGroup() as tasks:
        watched = tasks.create_task(soon(pro.watch_orders(S)))
        await asyncio.sleep(0.1)
        await pro.cancel_order(placed["id"], S)
    cancelled = watched.result()[-1]
    assert (cancelled["status"], cancelled["clientOrderId"]) == ("canceled", "mine")


async def test_orders_can_be_placed_over_the_socket(pro: Any) -> None:
    params = {"newClientOrderId": "mine"}
    placed = await soon(pro.create_order_ws(S, "limit", "buy", 0.001, 50_000, params))
    assert (placed["status"], placed["clientOrderId"]) == ("open", "mine")
    assert (await soon(pro.fetch_order_ws(placed["id"], S)))["status"] == "open"
    assert len(await soon(pro.fetch_open_orders_ws(S))) == 1
    assert await held(pro, "USDT") == ("99950.00000000", "50.00000000")
    assert (await soon(pro.cancel_order_ws(placed["id"], S)))["status"] == "canceled"
    with pytest.raises(ccxt.pro.OrderNotFound):
        await soon(pro.cancel_order_ws(placed["id"], S))
    with pytest.raises(ccxt.pro.InsufficientFunds):
        await soon(pro.create_order_ws(S, "limit", "buy", 100, 50_000))


async def test_a_registered_keys_stream_is_checked_too(paper: PaperExchange) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{paper.url}/paper/keys", json={"api_key": "k…", "api_secret": "s"}),
    ):
        pass
    async with trading(paper.url, "k…", "wrong", pro=True) as wrong:
        with pytest.raises(ccxt.pro.AuthenticationError):
            await soon(wrong.fetch_balance_ws())
    async with trading(paper.url, "k…", "s", pro=True) as right:
        assert await held(right, "USDT") == ("100000.00000000", "0.00000000")


async def test_nobody_hears_of_another_accounts_orders(pro: Any, paper: PaperExchange) -> None:
    async with trading(paper.url, "somebody else") as other, asyncio.TaskGroup() as tasks:
        watched = tasks.create_task(soon(pro.watch_orders(S)))
        await asyncio.sleep(0.3)
        await other.create_order(S, "limit", "buy", 0.001, 50_000)
        mine = await pro.create_order(S, "limit", "buy", 0.001, 51_000)
    assert [order["id"] for order in watched.result()] == [mine["id"]]


async def test_streams_are_listed_and_left_and_unknown_ones_refused(paper: PaperExchange) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{paper.url}/binance/stream?streams=btcusdt@trade") as socket,
    ):
        await socket.send_json({"id": 1, "method": "LIST_SUBSCRIPTIONS"})
        assert await socket.receive_json(timeout=WAIT) == {"result": ["btcusdt@trade"], "id": 1}
        move(paper, S, "60001")
        told = await socket.receive_json(timeout=WAIT)
        assert (told["stream"], told["data"]["p"]) == ("btcusdt@trade", "60001.00000000")
        await socket.send_json({"id": 2, "method": "SUBSCRIBE", "params": ["nosuch@trade"]})
        assert "error" in await socket.receive_json(timeout=WAIT)
        await socket.send_json({"id": 3, "method": "UNSUBSCRIBE", "params": ["btcusdt@trade"]})
        assert await socket.receive_json(timeout=WAIT) == {"result": None, "id": 3}
        await socket.send_json({"id": 4, "method": "LIST_SUBSCRIPTIONS"})
        assert await socket.receive_json(timeout=WAIT) == {"result": [], "id": 4}
