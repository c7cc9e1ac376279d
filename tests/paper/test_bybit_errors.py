"""Every refusal of Bybit reaches unmodified ccxt as the class its users know."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import ccxt.async_support as ccxt_async
import pytest

from tests.paper.bybit_clients import bybit_client, trading_on_bybit
from tests.paper.bybit_orders import RAW, S, found
from tests.paper.clock import MovableClock
from tradingbot.paper.bybit_gateway import Request
from tradingbot.paper.journal import read
from tradingbot.paper.options import PaperLimits, PaperOptions
from tradingbot.paper.server import PaperExchange, listening

pytestmark = pytest.mark.anyio


async def refused(bybit: Any, **changed: Any) -> str:
    """What a raw order answers, with ccxt's own rounding out of the way."""
    sent = {name: value for name, value in {**RAW, **changed}.items() if value is not None}
    with pytest.raises(ccxt_async.ExchangeError) as caught:
        await bybit.privatePostV5OrderCreate(sent)
    assert (await bybit.fetch_open_orders(S)) == []
    return f"{type(caught.value).__name__} {caught.value}"


@pytest.mark.parametrize(
    ("changed", "kind", "code"),
    [
        ({"qty": "10"}, "InsufficientFunds", 170131),
        ({"qty": "0.000011"}, "InvalidOrder", 170137),
        ({"qty": "0.0000001"}, "InvalidOrder", 170136),
        ({"price": "50000.001"}, "InvalidOrder", 170134),
        ({"price": "0.001"}, "InvalidOrder", 170133),
        ({"price": "1000"}, "InvalidOrder", 170133),
        ({"price": "310000"}, "InvalidOrder", 170193),
        ({"side": "Sell", "price": "1000"}, "InvalidOrder", 170194),
        ({"side": "Sell", "price": "310000"}, "InvalidOrder", 170132),
        ({"price": "9000000"}, "InvalidOrder", 170132),
        ({"qty": "0.00001"}, "InvalidOrder", 170140),
        ({"orderType": "Market", "qty": "4"}, "InvalidOrder", 170140),
        ({"orderType": "Market", "qty": "10.123456789"}, "InvalidOrder", 170148),
        ({"qty": "a lot"}, "BadRequest", 170130),
        ({"qty": "-1"}, "BadRequest", 170130),
        ({"qty": "0"}, "BadRequest", 170130),
        ({"orderType": "Market", "marketUnit": "gold"}, "BadRequest", 170130),
        ({"qty": 0.001}, "BadRequest", 10001),
        ({"qty": None}, "BadRequest", 10001),
        ({"price": None}, "BadRequest", 10001),
        ({"side": None}, "BadRequest", 10001),
        ({"category": "linear"}, "BadRequest", 10001),
        ({"orderLinkId": "with a space"}, "BadRequest", 10001),
        ({"orderLinkId": "x" * 37}, "BadRequest", 10001),
        ({"timeInForce": "SOON"}, "InvalidOrder", 170115),
        ({"orderType": "Wish"}, "InvalidOrder", 170116),
        ({"side": "BUY"}, "InvalidOrder", 170117),
        ({"symbol": "NOSUCH"}, "InvalidOrder", 170121),
        ({"orderFilter": "OcoOrder"}, "InvalidOrder", 170202),
        ({"orderFilter": "tpslOrder"}, "InvalidOrder", 170203),
    ],
)
async def test_what_is_wrong_with_an_order_is_told_at_once(
    bybit: Any, paper: PaperExchange, changed: dict[str, Any], kind: str, code: int
) -> None:
    answer = await refused(bybit, **changed)
    assert answer.startswith(f"{kind} ")
    assert f'"retCode":{code},' in answer
    (noted,) = [each for each in read(paper.venue.journal.path) if each["kind"] == "refused"]
    assert noted["code"] == str(code)


async def test_a_quantity_beyond_all_bounds_is_refused(bybit: Any) -> None:
    assert '"retCode":170381,' in await refused(bybit, qty="1000001")


@pytest.mark.parametrize("more", [{"takeProfit": "60000"}, {"stopLoss": "9"}, {"isLeverage": 1}])
async def test_what_is_not_offered_is_refused_rather_than_overlooked(
    bybit: Any, more: dict[str, Any]
) -> None:
    assert '"retCode":170227,' in await refused(bybit, **more)


async def test_a_client_id_is_taken_for_ever(bybit: Any) -> None:
    order = (S, "limit", "buy", 0.001, 50_000, {"clientOrderId": "mine"})
    first = await bybit.create_order(*order)
    with pytest.raises(ccxt_async.InvalidOrder, match="170141"):
        await bybit.create_order(*order)
    await bybit.cancel_order(first["id"], S)
    await found(bybit, first, "Cancelled")
    with pytest.raises(ccxt_async.InvalidOrder, match="170141"):
        await bybit.create_order(*order)


async def test_a_refused_order_does_not_take_its_client_id(bybit: Any) -> None:
    params = {"clientOrderId": "mine"}
    with pytest.raises(ccxt_async.InsufficientFunds):
        await bybit.create_order(S, "limit", "buy", 100, 50_000, params)
    assert (await bybit.create_order(S, "limit", "buy", 0.001, 50_000, params))["id"]


async def test_orders_that_do_not_exist_are_not_found(bybit: Any) -> None:
    for number in ("1900000000000000404", "404", "None", "order"):
        with pytest.raises(ccxt_async.OrderNotFound, match="170213"):
            await bybit.cancel_order(number, S)
        with pytest.raises(ccxt_async.OrderNotFound):
            await bybit.fetch_order(number, S, {"acknowledged": True})
    with pytest.raises(ccxt_async.OrderNotFound, match="170213"):
        await bybit.edit_order("404", S, "limit", "buy", 0.002, 50_000)
    with pytest.raises(ccxt_async.OrderNotFound, match="170213"):
        await bybit.cancel_order("²", S)
    order = await bybit.create_order(S, "market", "buy", 0.001)
    await found(bybit, order, "Filled")
    with pytest.raises(ccxt_async.OrderNotFound, match="170213"):
        await bybit.cancel_order(order["id"], S)
    with pytest.raises(ccxt_async.OrderNotFound, match="170213"):
        await bybit.cancel_order(order["id"], "ETH/USDT")
    assert await bybit.cancel_all_orders(S) == []


async def test_a_strangers_order_is_not_found(bybit: Any, paper: PaperExchange) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
    await found(bybit, order, "New")
    async with trading_on_bybit(paper.url, "a stranger") as stranger:
        with pytest.raises(ccxt_async.OrderNotFound):
            await stranger.fetch_order(order["id"], S, {"acknowledged": True})
        with pytest.raises(ccxt_async.OrderNotFound):
            await stranger.cancel_order(order["id"], S)


async def test_an_edit_that_cannot_be_is_told_at_once(bybit: Any) -> None:
    order = await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
    await found(bybit, order, "New")
    edit = {"category": "spot", "symbol": "BTCUSDT", "orderId": order["id"]}
    for change, code in (
        ({}, 10001),
        ({"qty": "100"}, 170131),
        ({"qty": "0.0010001"}, 170137),
        ({"price": "1"}, 170133),
        ({"triggerPrice": "50000"}, 170312),
    ):
        with pytest.raises(ccxt_async.ExchangeError, match=str(code)):
            await bybit.privatePostV5OrderAmend(edit | change)
    (left,) = await bybit.fetch_open_orders(S)
    assert (left["price"], left["amount"]) == (50_000, 0.001)


@pytest.mark.parametrize("shift", [-6_000, 2_000])
async def test_a_clock_that_is_off_is_refused(bybit: Any, shift: int) -> None:
    bybit.options["timeDifference"] = -shift
    with pytest.raises(ccxt_async.InvalidNonce, match="10002"):
        await bybit.fetch_balance()


async def test_the_window_ends_a_second_ahead_and_reaches_back_as_far_as_was_asked(
    bybit: Any,
) -> None:
    bybit.options["timeDifference"] = 8_000
    bybit.options["recvWindow"] = 9_000
    assert (await bybit.fetch_balance())["USDT"]
    bybit.options["timeDifference"] = -500
    assert (await bybit.fetch_balance())["USDT"]


async def test_an_order_that_was_too_long_on_its_way_is_refused(
    bybit: Any, paper: PaperExchange
) -> None:
    async def slowly(_: Request) -> None:
        await asyncio.sleep(0.2)

    paper.bybit.gateway.on_its_way = slowly
    bybit.options["recvWindow"] = 100
    with pytest.raises(ccxt_async.InvalidNonce, match="10002"):
        await bybit.create_order(S, "limit", "buy", 0.001, 50_000, {"clientOrderId": "late"})
    bybit.options["recvWindow"] = 5_000
    assert await bybit.fetch_open_orders(S) == []
    (noted,) = [each for each in read(paper.venue.journal.path) if each["kind"] == "refused"]
    assert (noted["code"], noted["cid"], noted["symbol"]) == ("10002", "late", S)


async def register(paper: PaperExchange, key: dict[str, Any]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{paper.url}/paper/keys", json=key) as answer,
    ):
        assert answer.status == 200


async def test_a_registered_keys_signature_is_checked(paper: PaperExchange) -> None:
    await register(paper, {"api_key": "known", "api_secret": "right", "balances": {"USDT": "70"}})
    async with trading_on_bybit(paper.url, "known", "right") as right:
        assert (await right.fetch_balance())["free"]["USDT"] == 70
        await right.create_order(S, "limit", "buy", 0.001, 50_000)
    async with trading_on_bybit(paper.url, "known", "wrong") as wrong:
        with pytest.raises(ccxt_async.AuthenticationError, match="10004"):
            await wrong.fetch_balance()
        with pytest.raises(ccxt_async.AuthenticationError, match="10004"):
            await wrong.create_order(S, "limit", "buy", 0.001, 50_000)


async def test_a_key_that_may_not_trade_can_only_look(paper: PaperExchange) -> None:
    permissions = {"trading": False, "withdrawals": True, "ip_restricted": True}
    await register(paper, {"api_key": "k", "api_secret": "s", "permissions": permissions})
    async with trading_on_bybit(paper.url, "k", "s") as looking:
        with pytest.raises(ccxt_async.PermissionDenied, match="10005"):
            await looking.create_order(S, "limit", "buy", 0.001, 50_000)
        rights = (await looking.privateGetV5UserQueryApi())["result"]
    assert (rights["readOnly"], rights["permissions"]["Wallet"]) == (1, ["Withdraw"])
    assert (rights["permissions"]["Spot"], rights["ips"]) == ([], ["127.0.0.1"])


async def test_a_revoked_key_is_refused(paper: PaperExchange) -> None:
    await register(paper, {"api_key": "k", "api_secret": "s", "permissions": {"revoked": True}})
    async with trading_on_bybit(paper.url, "k", "s") as revoked:
        with pytest.raises(ccxt_async.AuthenticationError, match="10003"):
            await revoked.fetch_balance()


async def test_a_missing_key_or_signature_is_refused(bybit: Any, paper: PaperExchange) -> None:
    signed = {"X-BAPI-API-KEY": "k", "X-BAPI-TIMESTAMP": "1", "X-BAPI-SIGN": "00"}
    async with aiohttp.ClientSession(f"{paper.url}/bybit/v5/") as session:
        for missing in signed:
            headers = {name: value for name, value in signed.items() if name != missing}
            async with session.get("account/info", headers=headers) as answer:
                told = await answer.json()
            assert (answer.status, told["retCode"]) == (200, 10001)
            with pytest.raises(ccxt_async.AuthenticationError):
                bybit.handle_errors(200, "", "", "GET", {}, str(told), told, {}, "")
        for timestamp, code in (("1", 10002), ("soon", 10001), ("²", 10001)):
            headers = signed | {"X-BAPI-TIMESTAMP": timestamp}
            async with session.get("account/info", headers=headers) as answer:
                assert (await answer.json())["retCode"] == code


async def test_an_unknown_path_is_not_found(paper: PaperExchange) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{paper.url}/bybit/v5/position/list") as answer,
    ):
        assert (answer.status, answer.content_type) == (404, "text/html")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("market/kline?category=spot&symbol=BTCUSDT&interval=7", 10001),
        ("market/kline?category=spot&symbol=BTCUSDT", 10001),
        ("market/kline?category=spot&symbol=BTCUSDT&interval=1&limit=1001", 10001),
        ("market/kline?category=spot&symbol=BTCUSDT&interval=1&start=yesterday", 10001),
        ("market/orderbook?category=spot&symbol=BTCUSDT&limit=0", 10001),
        ("market/orderbook?category=spot", 10001),
        ("market/orderbook?symbol=BTCUSDT", 10001),
        ("market/tickers?category=linear&symbol=BTCUSDT", 10001),
        ("market/tickers?category=spot&symbol=BTCUSDT&now=please", 0),
    ],
)
async def test_public_questions_are_read_as_bybit_reads_them(
    paper: PaperExchange, path: str, code: int
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{paper.url}/bybit/v5/{path}") as answer,
    ):
        told = await answer.json()
    assert (answer.status, told["retCode"]) == (200, code)
    assert set(told) == {"retCode", "retMsg", "result", "retExtInfo", "time"}


async def test_a_market_nobody_knows_is_a_bad_symbol(bybit: Any) -> None:
    with pytest.raises(ccxt_async.BadSymbol):
        await bybit.publicGetV5MarketTickers({"category": "spot", "symbol": "BTCEUR"})


Strict: TypeAlias = tuple[PaperExchange, MovableClock]


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Strict]:
    """Few uses of everything, and a clock that stands still."""
    limits = PaperLimits(
        bybit_requests_per_5_seconds=40,
        bybit_orders_per_second=3,
        bybit_amends_per_second=1,
        bybit_open_orders=4,
    )
    clock = MovableClock(stopped=True)
    options = PaperOptions(data_dir=tmp_path, prints_per_second=0.0, limits=limits)
    async with listening(options, clock) as paper:
        yield paper, clock


@asynccontextmanager
async def unhurried(paper: PaperExchange, key: str = "a key") -> AsyncIterator[Any]:
    """Signs in the past, so that the time that goes on does not matter."""
    async with trading_on_bybit(paper.url, key) as bybit:
        bybit.options.update(recvWindow=120_000, timeDifference=60_000)
        yield bybit


async def test_an_endpoint_has_so_many_uses_a_second(strict: Strict) -> None:
    paper, clock = strict
    order = (S, "limit", "buy", 0.001, 50_000)
    async with unhurried(paper) as bybit, unhurried(paper, "another key") as other:
        for left in ("2", "1", "0"):
            placed = await bybit.create_order(*order)
            headers = bybit.last_response_headers
            assert (headers["X-Bapi-Limit"], headers["X-Bapi-Limit-Status"]) == ("3", left)
            clock.ahead += timedelta(milliseconds=100)
        with pytest.raises(ccxt_async.RateLimitExceeded, match="10006"):
            await bybit.create_order(*order)
        headers = bybit.last_response_headers
        assert headers["X-Bapi-Limit-Status"] == "0"
        # The first of three was 300 ms ago.
        assert int(headers["X-Bapi-Limit-Reset-Timestamp"]) == paper.venue.now() + 700
        await other.create_order(*order)  # everybody has their own
        await bybit.edit_order(placed["id"], S, "limit", "buy", 0.002)
        with pytest.raises(ccxt_async.RateLimitExceeded, match="10006"):
            await bybit.edit_order(placed["id"], S, "limit", "buy", 0.003)
        await bybit.cancel_order(placed["id"], S)  # has its own
        clock.ahead += timedelta(milliseconds=700)
        await bybit.create_order(*order)
        with pytest.raises(ccxt_async.RateLimitExceeded, match="10006"):
            await bybit.create_order(*order)


async def test_too_many_open_orders_are_refused(strict: Strict) -> None:
    paper, clock = strict
    async with unhurried(paper) as bybit:
        for _ in range(4):
            await bybit.create_order(S, "limit", "buy", 0.001, 50_000)
            clock.ahead += timedelta(seconds=1)
        with pytest.raises(ccxt_async.ExchangeError, match="170810"):
            await bybit.create_order("ETH/USDT", "limit", "buy", 0.1, 2_000)


async def test_an_address_that_asks_too_often_is_shut_out_for_a_while(strict: Strict) -> None:
    paper, clock = strict
    clock.ahead += timedelta(milliseconds=5_000 - paper.venue.now() % 5_000)  # a new window
    bybit = bybit_client(paper.url)
    try:
        for _ in range(40):
            await bybit.fetch_time()
        for pause in (timedelta(), timedelta(seconds=599)):
            clock.ahead += pause
            with pytest.raises(ccxt_async.RateLimitExceeded, match="403"):
                await bybit.fetch_time()
        clock.ahead += timedelta(seconds=1)
        await bybit.fetch_time()
    finally:
        await bybit.close()
