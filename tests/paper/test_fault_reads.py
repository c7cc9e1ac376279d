"""Questions that are answered too late, from yesterday, by a wrong clock, or not at all."""

import asyncio
import errno
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import ccxt.async_support as ccxt_async
import pytest

from tests.paper.clients import trading
from tests.paper.faults import ACCOUNT, S, accepted, faulty, place, told
from tests.paper.market import move
from tradingbot.paper.fault_lag import before
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio


@pytest.fixture
async def binance(faults: PaperExchange) -> AsyncIterator[Any]:
    async with trading(faults.url) as client:
        yield client


async def test_who_is_behind_does_not_see_the_latest_orders(
    faults: PaperExchange, binance: Any
) -> None:
    await place(binance, "old", price=49_000)
    balance = await binance.fetch_balance()
    await asyncio.sleep(0.002)
    await faulty(faults, {"on": "any", "fault": "lag", "seconds": 0.001})
    young = await place(binance, "young", price=61_000)  # filled
    await faulty(faults, {"on": "any", "fault": "lag", "seconds": 5})
    faults.venue.ledger.accounts[ACCOUNT].by_cid["old"].created -= 60_000
    with pytest.raises(ccxt_async.OrderNotFound, match="-2013"):
        await binance.fetch_order(young, S)
    with pytest.raises(ccxt_async.OrderNotFound, match="-2013"):
        await binance.fetch_order(None, S, {"origClientOrderId": "young"})
    assert [order["clientOrderId"] for order in await binance.fetch_orders(S)] == ["old"]
    assert await binance.fetch_my_trades(S) == []
    assert (await binance.fetch_balance())["total"] == balance["total"]
    await binance.cancel_order(None, S, {"clientOrderId": "old"})  # what acts is never behind
    assert await binance.fetch_open_orders(S) == []
    await faulty(faults)
    assert (await binance.fetch_order(young, S))["status"] == "closed"
    assert len(await binance.fetch_my_trades(S)) > 0


@pytest.mark.parametrize("fee_coin", ["", "BNB"])
async def test_an_account_of_before_adds_up(
    faults: PaperExchange, binance: Any, fee_coin: str
) -> None:
    await place(binance, "old", price=49_000)
    account = faults.venue.ledger.accounts[ACCOUNT]
    account.fee_coin = fee_coin
    was = {asset: (held.free, held.locked) for asset, held in account.balances.items()}
    moment = account.by_cid["old"].created
    for number, price in enumerate((61_000, 50_000, 51_000)):
        await place(binance, f"young-{number}", price)
    await binance.create_order(S, "limit", "sell", 0.003, 62_000)
    move(faults, S, "62500", "0.001")
    for order in account.orders[S].values():
        order.created += order.asked.cid != "old"  # younger by a millisecond at least
    paid = {fill.fee_asset for _, fill in account.fills[S]}
    assert paid == ({fee_coin} if fee_coin else {"BTC", "USDT"})
    seen = before(account, moment)
    assert {asset: (held.free, held.locked) for asset, held in seen.balances.items()} == was
    assert [order.asked.cid for order in seen.orders[S].values()] == ["old"]
    assert (list(seen.by_cid), seen.fills[S], len(seen.open[S])) == (["old"], [], 1)
    assert account.balances["BTC"].free != Decimal(1)  # the account itself is as it was
    assert before(account, moment + 60_000) is account


async def test_a_clock_that_is_off_is_off_for_everybody(
    faults: PaperExchange, binance: Any
) -> None:
    await faulty(faults, {"on": "any", "fault": "clock", "seconds": -60})
    assert 59_000 < binance.milliseconds() - await binance.fetch_time() < 62_000
    assert await place(binance, "early") == "InvalidNonce"
    await binance.load_time_difference()
    assert (await place(binance, "adjusted")).isdigit()
    await faulty(faults)
    assert abs(binance.milliseconds() - await binance.fetch_time()) < 2_000
    assert await place(binance, "again-wrong") == "InvalidNonce"
    assert accepted(faults) == {"adjusted"}


async def test_a_lost_cancel_has_happened_or_not(faults: PaperExchange, binance: Any) -> None:
    first, second = await place(binance, "one"), await place(binance, "two")
    await faulty(
        faults,
        {"on": "cancel", "fault": "status", "times": 1},
        {"on": "cancel", "fault": "status_after", "times": 1},
    )
    for order in (first, second):
        with pytest.raises(ccxt_async.ExchangeNotAvailable):
            await binance.cancel_order(order, S)
    assert [order["id"] for order in await binance.fetch_open_orders(S)] == [first]
    assert (await told(faults))["done"] == {"cancel status": 1, "cancel status_after": 1}


@pytest.mark.parametrize(
    ("on", "method", "path"),
    [
        ("find", "GET", "order?symbol=BTCUSDT"),
        ("open_orders", "GET", "openOrders"),
        ("trades", "GET", "myTrades?symbol=BTCUSDT"),
        ("balances", "GET", "account"),
        ("time", "GET", "time"),
        ("market", "GET", "exchangeInfo"),
        ("cancel", "DELETE", "order?symbol=BTCUSDT"),
        ("cancel_all", "DELETE", "openOrders?symbol=BTCUSDT"),
    ],
)
async def test_each_kind_of_request_can_be_met(
    faults: PaperExchange, on: str, method: str, path: str
) -> None:
    await faulty(faults, {"on": on, "fault": "status", "status": 524, "exchange": "binance"})
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{faults.url}/binance/api/v3/{path}") as answer,
    ):
        assert (answer.status, answer.content_type) == (524, "text/html")
    assert (await told(faults))["seen"] == {on: 1}


async def test_storms_say_how_long_they_last(faults: PaperExchange) -> None:
    await faulty(
        faults,
        {"on": "any", "fault": "rate_limited", "seconds": 7, "times": 1},
        {"on": "any", "fault": "banned", "seconds": 90, "times": 1},
    )
    async with aiohttp.ClientSession() as session:
        told_of = []
        for _ in range(3):
            async with session.get(f"{faults.url}/binance/api/v3/ping") as answer:
                body = await answer.json()
                retry = answer.headers.get("Retry-After")
                told_of.append((answer.status, retry, body.get("code")))
    assert told_of == [(429, "7", -1003), (418, "90", -1003), (200, None, None)]


async def test_a_reset_is_a_reset_and_a_cut_is_a_cut(faults: PaperExchange) -> None:
    async with aiohttp.ClientSession() as session:
        ping = f"{faults.url}/binance/api/v3/time"
        await faulty(faults, {"on": "time", "fault": "drop_after"})
        with pytest.raises(aiohttp.ClientOSError) as reset:
            await session.get(ping)
        assert reset.value.errno == errno.ECONNRESET
        await faulty(faults, {"on": "time", "fault": "cut"})
        async with session.get(ping) as answer:
            assert int(answer.headers["Content-Length"]) > 20
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()
