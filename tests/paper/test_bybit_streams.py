"""Unmodified ccxt.pro on Bybit's sockets: the market and the account, as they happen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.paper.bybit_clients import trading_on_bybit
from tests.paper.bybit_orders import WAIT, S, eventually, found
from tests.paper.market import move
from tradingbot.paper import bybit_topics
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio


async def soon(awaited: Any) -> Any:
    async with asyncio.timeout(WAIT):
        return await awaited


def listened_to(paper: PaperExchange) -> int:
    """How many topics are, on all sockets together."""
    private = [
        wires for topics in paper.bybit.private._listeners.values() for wires in topics.values()
    ]
    public = [channel.wires for channel in paper.bybit.hub._channels.values()]
    return sum(map(len, private + public))


@asynccontextmanager
async def watching(
    paper: PaperExchange, *awaited: Any, new: int | None = None
) -> AsyncIterator[list[Any]]:
    """What is awaited, listened to before the block begins; its results once it has ended.

    `new` says how many topics nobody listened to before.
    """
    results: list[Any] = []
    before = listened_to(paper)

    async def added() -> int:
        return listened_to(paper) - before

    async with asyncio.TaskGroup() as tasks:
        begun = [tasks.create_task(soon(each)) for each in awaited]
        await eventually(added, len(awaited) if new is None else new)
        await asyncio.sleep(0.1)  # and for the client to wait for what it listens to
        yield results
    results += [task.result() for task in begun]


@asynccontextmanager
async def socket(paper: PaperExchange, path: str) -> AsyncIterator[Any]:
    url = f"{paper.url}/bybit/v5/{path}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as opened:
        yield opened


async def ask(opened: Any, **message: Any) -> Any:
    await opened.send_json(message)
    return await opened.receive_json(timeout=WAIT)


async def test_a_ticker_is_watched(bybit_pro: Any, paper: PaperExchange) -> None:
    assert (await soon(bybit_pro.watch_ticker(S)))["last"] == 60_000
    move(paper, S, "61000")
    assert (await soon(bybit_pro.watch_ticker(S)))["last"] == 61_000


async def test_tickers_and_best_prices_are_watched(bybit_pro: Any, paper: PaperExchange) -> None:
    names = [S, "ETH/USDT"]
    async with watching(paper, bybit_pro.watch_tickers(names), new=2):
        pass  # both have told where they stand
    for name, price in ((S, "60500"), ("ETH/USDT", "3100")):
        async with watching(paper, bybit_pro.watch_tickers(names), new=0) as seen:
            move(paper, name, price)
        assert {symbol: told["last"] for symbol, told in seen[0].items()} == {name: float(price)}
    best = (await soon(bybit_pro.watch_bids_asks([S])))[S]
    assert best["bid"] < 60_500 < best["ask"]
    move(paper, S, "61000")
    best = (await soon(bybit_pro.watch_bids_asks([S])))[S]
    assert 60_500 < best["bid"] < 61_000 < best["ask"]


@pytest.mark.parametrize("depth", [50, 200, 1_000])
async def test_the_watched_book_is_the_real_one(
    bybit_pro: Any, paper: PaperExchange, depth: int
) -> None:
    await soon(bybit_pro.watch_order_book(S, depth))
    order = await bybit_pro.create_order(S, "limit", "buy", 0.123, 59_998.9)
    await found(bybit_pro, order, "New")
    for above in range(30):  # more levels than the smallest depth shows
        await bybit_pro.create_order(S, "limit", "sell", 0.001, 60_002 + above)
        await asyncio.sleep(0.06)  # twenty a second are allowed
    for price in ("59999", "60002", "60001"):
        move(paper, S, price, "0.00001")
        await soon(bybit_pro.watch_order_book(S, depth))
    asked = await bybit_pro.fetch_order_book(S, depth)

    async def watched() -> list[Any]:
        book = bybit_pro.orderbooks[S]
        return [[list(level) for level in book[side]] for side in ("bids", "asks")]

    await eventually(watched, [asked["bids"], asked["asks"]])


async def test_a_second_listener_begins_with_the_same_book(paper: PaperExchange) -> None:
    topic = "orderbook.50.BTCUSDT"
    async with socket(paper, "public/spot") as first, socket(paper, "public/spot") as second:
        await ask(first, op="subscribe", args=[topic])
        begun = await first.receive_json(timeout=WAIT)
        move(paper, S, "60100", "0.00001")
        await ask(second, op="subscribe", args=[topic])
        snapshot = await second.receive_json(timeout=WAIT)
        delta = await first.receive_json(timeout=WAIT)
        assert (begun["type"], delta["type"], snapshot["type"]) == ("snapshot", "delta", "snapshot")
        assert begun["data"]["u"] < delta["data"]["u"] == snapshot["data"]["u"]
        bids = {price: float(left) for price, left in begun["data"]["b"]}
        bids |= {price: float(left) for price, left in delta["data"]["b"]}
        shown = {price: float(left) for price, left in snapshot["data"]["b"]}
        assert {price: left for price, left in bids.items() if left} == shown


async def test_the_best_level_is_told_again_when_nothing_happens(
    paper: PaperExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bybit_topics, "REPEAT_AFTER", 0.2)
    async with socket(paper, "public/spot") as opened:
        await ask(opened, op="subscribe", args=["orderbook.1.BTCUSDT"])
        first = await opened.receive_json(timeout=WAIT)
        again = await opened.receive_json(timeout=WAIT)
        assert (first["type"], again["type"]) == ("snapshot", "snapshot")
        assert first["data"] == again["data"]
        assert len(first["data"]["b"]) == len(first["data"]["a"]) == 1


async def test_trades_are_watched(bybit_pro: Any, paper: PaperExchange) -> None:
    async with watching(paper, bybit_pro.watch_trades(S)) as seen:
        move(paper, S, "60123", "0.25")
    (trades,) = seen
    assert (trades[-1]["price"], trades[-1]["amount"]) == (60_123, 0.25)
    assert trades[-1]["side"] == "buy"


async def test_candles_are_watched(bybit_pro: Any, paper: PaperExchange) -> None:
    await soon(bybit_pro.watch_ohlcv(S, "1m"))
    move(paper, S, "60500")
    assert (await soon(bybit_pro.watch_ohlcv(S, "1m")))[-1][4] == 60_500


async def test_a_closed_candle_is_confirmed_before_the_next_one_begins(
    paper: PaperExchange,
) -> None:
    async with socket(paper, "public/spot") as opened:
        await ask(opened, op="subscribe", args=["kline.1.BTCUSDT"])
        (open_now,) = (await opened.receive_json(timeout=WAIT))["data"]
        assert open_now["confirm"] is False
        tape = paper.venue.halls[S].tape
        tape.at += 60_000
        move(paper, S, "60500")
        (closed,) = (await opened.receive_json(timeout=WAIT))["data"]
        (begun,) = (await opened.receive_json(timeout=WAIT))["data"]
    assert (closed["confirm"], closed["start"]) == (True, open_now["start"])
    assert (begun["confirm"], begun["start"], begun["close"]) == (
        False,
        closed["end"] + 1,
        "60500",
    )


async def test_own_orders_and_trades_and_balances_are_watched(
    bybit_pro: Any, paper: PaperExchange
) -> None:
    async with watching(paper, bybit_pro.watch_orders(S)) as seen:
        params = {"clientOrderId": "mine"}
        await bybit_pro.create_order(S, "limit", "buy", 0.001, 59_000, params)
    ((order,),) = seen
    assert (order["status"], order["clientOrderId"]) == ("open", "mine")
    both = bybit_pro.watch_my_trades(S), bybit_pro.watch_balance()
    async with watching(paper, bybit_pro.watch_orders(S), *both, new=2) as seen:
        move(paper, S, "58000")
    orders, (trade,), balance = seen
    assert (orders[-1]["status"], orders[-1]["filled"]) == ("closed", 0.001)
    assert (trade["price"], trade["takerOrMaker"]) == (59_000, "maker")
    assert trade["fee"] == {"currency": "BTC", "cost": 1e-6, "rate": 0.001}
    assert balance["BTC"]["total"] == 1.000999
    assert balance["USDT"] == {**balance["USDT"], "total": 99_941, "used": 0}


async def test_a_cancelled_order_is_told(bybit_pro: Any, paper: PaperExchange) -> None:
    order = await bybit_pro.create_order(S, "limit", "buy", 0.001, 59_000)
    await found(bybit_pro, order, "New")
    async with watching(paper, bybit_pro.watch_orders()) as seen:
        await bybit_pro.cancel_order(order["id"], S)
    assert seen[0][-1]["status"] == "canceled"


async def listen(paper: PaperExchange, opened: Any, *topics: str, key: str = "a key") -> None:
    expires = paper.venue.now() + 10_000
    told = await ask(opened, op="auth", args=[key, expires, "00"], req_id="1")
    assert (told["success"], told["ret_msg"], told["req_id"]) == (True, "", "1")
    for topic in topics:
        told = await ask(opened, op="subscribe", args=[topic], req_id=topic)
        assert (told["success"], told["op"], told["req_id"]) == (True, "subscribe", topic)


async def news(opened: Any, count: int) -> list[tuple[str, Any]]:
    told = [await opened.receive_json(timeout=WAIT) for _ in range(count)]
    return [(message["topic"], message["data"][0]) for message in told]


async def test_a_post_only_order_that_would_take_is_told_as_cancelled(
    bybit: Any, paper: PaperExchange
) -> None:
    async with socket(paper, "private") as opened:
        await listen(paper, opened, "order", "wallet")
        params = {"postOnly": True}
        order = await bybit.create_order(S, "limit", "buy", 0.001, 61_000, params)
        (topic, told), (_, wallet) = await news(opened, 2)
    assert (topic, told["orderId"], told["category"]) == ("order", order["id"], "spot")
    assert told["orderStatus"] == "Cancelled"
    assert told["rejectReason"] == "EC_PostOnlyWillTakeLiquidity"
    assert {coin["coin"]: coin["locked"] for coin in wallet["coin"]} == {"BTC": "0", "USDT": "0"}


async def test_a_triggered_order_is_told_at_every_step(bybit: Any, paper: PaperExchange) -> None:
    async with socket(paper, "private") as opened:
        await listen(paper, opened, "order.spot", "execution.fast")
        await bybit.create_order(S, "limit", "buy", 0.1, 61_500, {"triggerPrice": 62_000})
        ((_, told),) = await news(opened, 1)
        assert told["orderStatus"] == "Untriggered"
        move(paper, S, "63000")
        steps = [told["orderStatus"] for _, told in await news(opened, 2)]
        assert steps == ["Triggered", "New"]
        move(paper, S, "61000")
        (_, execution), (_, order) = await news(opened, 2)
    assert (execution["execPrice"], order["orderStatus"]) == ("61500", "Filled")
    assert "execFee" not in execution


async def test_each_execution_is_told_once_and_in_full(bybit: Any, paper: PaperExchange) -> None:
    async with socket(paper, "private") as opened:
        await listen(paper, opened, "execution.spot", "order.spot")
        order = await bybit.create_order(S, "market", "buy", 0.4)
        told = await news(opened, 1)
        while told[-1][1].get("orderStatus") != "Filled":
            told += await news(opened, 1)
    streamed = [told for topic, told in told if topic == "execution.spot"]
    asked = await bybit.fetch_order_trades(order["id"], S)
    listed = {trade["id"]: trade["info"] for trade in asked}
    assert len(streamed) == len(listed) > 1
    for execution in streamed:
        told_later = listed[execution["execId"]]
        assert {**told_later, "category": "spot"} == {
            **execution,
            **({"nextPageCursor": ""} if "nextPageCursor" in told_later else {}),
        }


async def test_nobody_hears_of_another_accounts_orders(bybit: Any, paper: PaperExchange) -> None:
    async with (
        trading_on_bybit(paper.url, "somebody else") as other,
        socket(paper, "private") as opened,
    ):
        await listen(paper, opened, "order")
        theirs = await other.create_order(S, "limit", "buy", 0.001, 50_000)
        await found(other, theirs, "New")
        mine = await bybit.create_order(S, "limit", "buy", 0.001, 51_000)
        ((_, told),) = await news(opened, 1)
    assert told["orderId"] == mine["id"]
