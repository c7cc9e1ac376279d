"""Every refusal reaches unmodified ccxt as the class its users know."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import ccxt.async_support as ccxt_async
import pytest

from tests.paper.clients import client, trading
from tests.paper.market import move
from tests.paper.server import running_paper_exchange
from tradingbot.paper.binance_gateway import Request
from tradingbot.paper.journal import read
from tradingbot.paper.options import PaperLimits
from tradingbot.paper.server import PaperExchange

pytestmark = pytest.mark.anyio

S = "BTC/USDT"
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}


async def refused(ccxt: Any, **changed: Any) -> str:
    """What a raw order answers, with ccxt's own rounding out of the way."""
    order = {**ORDER, "quantity": "0.001", "price": "50000", **changed}
    sent = {name: value for name, value in order.items() if value is not None}
    with pytest.raises(ccxt_async.ExchangeError) as caught:
        await ccxt.privatePostOrder(sent)
    assert (await ccxt.fetch_open_orders(S)) == []
    return f"{type(caught.value).__name__} {caught.value}"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"quantity": "0.000011"}, "InvalidOrder Filter failure: LOT_SIZE -1013"),
        ({"price": "50000.001"}, "InvalidOrder Filter failure: PRICE_FILTER -1013"),
        ({"price": "1000"}, "InvalidOrder Filter failure: PERCENT_PRICE_BY_SIDE"),
        ({"price": "50000", "quantity": "0.00001"}, "BadRequest Filter failure: NOTIONAL -1013"),
        ({"quantity": "0.0010000001"}, "BadRequest too much precision -1111"),
        ({"quantity": "a lot"}, "BadRequest Illegal characters -1100"),
        ({"quantity": ""}, "BadRequest Mandatory parameter 'quantity' -1102"),
        ({"price": None}, "BadRequest Mandatory parameter 'price' -1102"),
        ({"acknowledged": "true"}, "BadRequest Not all sent parameters were read -1104"),
        ({"stopPrice": "1"}, "BadRequest sent when not required -1106"),
        ({"timeInForce": "SOON"}, "BadRequest Invalid timeInForce -1115"),
        ({"type": "WISH"}, "BadRequest Invalid orderType -1116"),
        ({"side": "HOLD"}, "BadRequest Invalid side -1117"),
        ({"symbol": "NOSUCH"}, "BadSymbol Invalid symbol -1121"),
        ({"selfTradePreventionMode": "DECREMENT"}, "BadRequest -1130"),
        ({"newClientOrderId": "with a space"}, "BadRequest newClientOrderId -1100"),
        ({"newClientOrderId": "x" * 37}, "BadRequest newClientOrderId -1100"),
        ({"quantity": "10"}, "InsufficientFunds insufficient balance"),
    ],
)
async def test_what_is_wrong_with_an_order_is_told(
    ccxt: Any, changed: dict[str, Any], told: str
) -> None:
    kind, _, words = told.partition(" ")
    answer = await refused(ccxt, **changed)
    assert answer.startswith(f"{kind} ")
    message, _, code = words.rpartition(" -")
    assert (message or words) in answer
    # ccxt keeps the code to itself where it knows the words.
    assert not message or f'"code":-{code}' in answer


async def test_a_post_only_order_that_would_take_is_refused(ccxt: Any) -> None:
    with pytest.raises(ccxt_async.OrderImmediatelyFillable):
        await ccxt.create_order(S, "limit", "buy", 0.001, 61_000, {"postOnly": True})


async def test_a_stop_beyond_the_market_is_refused(ccxt: Any) -> None:
    with pytest.raises(ccxt_async.ExchangeError, match="trigger immediately"):
        await ccxt.create_order(S, "market", "sell", 0.1, params={"stopLossPrice": 61_000})


async def test_a_client_id_is_taken_while_its_order_is_open_and_free_again_afterwards(
    ccxt: Any, paper: PaperExchange
) -> None:
    order = (S, "limit", "buy", 0.001, 59_000, {"newClientOrderId": "mine"})
    first = await ccxt.create_order(*order)
    with pytest.raises(ccxt_async.InvalidOrder, match=r"Duplicate order sent\."):
        await ccxt.create_order(*order)
    await ccxt.cancel_order(first["id"], S)
    second = await ccxt.create_order(*order)
    move(paper, S, "58000")
    third = await ccxt.create_order(*order[:4], 57_000, order[5])
    assert len({first["id"], second["id"], third["id"]}) == 3
    found = await ccxt.fetch_order(None, S, {"origClientOrderId": "mine"})
    assert found["id"] == third["id"]


async def test_orders_that_do_not_exist_are_not_found(ccxt: Any) -> None:
    with pytest.raises(ccxt_async.OrderNotFound, match="-2013"):
        await ccxt.fetch_order("404", S)
    with pytest.raises(ccxt_async.OrderNotFound, match="-2013"):
        await ccxt.fetch_order(None, S, {"origClientOrderId": "never"})
    with pytest.raises(ccxt_async.OrderNotFound, match="-2011"):
        await ccxt.cancel_order("404", S)
    with pytest.raises(ccxt_async.OrderNotFound, match="-2011"):
        await ccxt.cancel_all_orders(S)
    order = await ccxt.create_order(S, "market", "buy", 0.001)
    with pytest.raises(ccxt_async.OrderNotFound, match="-2011"):
        await ccxt.cancel_order(order["id"], S)


async def test_a_strangers_order_is_not_found(ccxt: Any, paper: PaperExchange) -> None:
    order = await ccxt.create_order(S, "limit", "buy", 0.001, 50_000)
    async with trading(paper.url, "a stranger") as stranger:
        with pytest.raises(ccxt_async.OrderNotFound):
            await stranger.fetch_order(order["id"], S)


@pytest.mark.parametrize("shift", [-6_000, 2_000])
async def test_a_clock_that_is_off_is_refused(ccxt: Any, shift: int) -> None:
    ccxt.options["timeDifference"] = -shift
    with pytest.raises(ccxt_async.InvalidNonce, match="-1021"):
        await ccxt.fetch_balance()


async def test_an_order_that_was_too_long_on_its_way_is_refused(
    ccxt: Any, paper: PaperExchange
) -> None:
    async def slowly(_: Request) -> None:
        await asyncio.sleep(0.2)

    paper.gateway.on_its_way = slowly
    ccxt.options["recvWindow"] = 100
    with pytest.raises(ccxt_async.InvalidNonce, match="-1021"):
        await ccxt.create_order(S, "limit", "buy", 0.001, 50_000, {"newClientOrderId": "late"})
    ccxt.options["recvWindow"] = 5_000
    assert await ccxt.fetch_open_orders(S) == []
    (noted,) = [each for each in read(paper.venue.journal.path) if each["kind"] == "refused"]
    assert (noted["code"], noted["cid"], noted["symbol"]) == ("-1021", "late", S)


async def test_a_window_of_more_than_a_minute_is_refused(ccxt: Any) -> None:
    ccxt.options["recvWindow"] = 60_001
    with pytest.raises(ccxt_async.BadRequest, match="-1131"):
        await ccxt.fetch_balance()


async def register(paper: PaperExchange, key: dict[str, Any]) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{paper.url}/paper/keys", json=key) as answer,
    ):
        assert answer.status == 200


async def test_a_registered_keys_signature_is_checked(paper: PaperExchange) -> None:
    await register(paper, {"api_key": "known", "api_secret": "right", "balances": {"USDT": "7"}})
    async with trading(paper.url, "known", "right") as right:
        assert (await right.fetch_balance())["free"]["USDT"] == 7
    wrong = client(paper.url, "known", "wrong")
    with pytest.raises(ccxt_async.AuthenticationError, match="-1022"):
        await wrong.fetch_balance()
    await wrong.close()


async def test_a_key_that_may_not_trade_can_only_look(paper: PaperExchange) -> None:
    permissions = {"trading": False, "withdrawals": True}
    await register(paper, {"api_key": "k", "api_secret": "s", "permissions": permissions})
    async with trading(paper.url, "k", "s") as looking:
        with pytest.raises(ccxt_async.AuthenticationError, match="-2015"):
            await looking.create_order(S, "limit", "buy", 0.001, 50_000)
        assert (await looking.sapiGetAccountApiRestrictions())["enableWithdrawals"] is True


async def test_a_missing_key_or_signature_is_refused(paper: PaperExchange) -> None:
    async with aiohttp.ClientSession(f"{paper.url}/binance/api/v3/") as session:
        for headers, query, code in (
            ({}, "timestamp=1&signature=00", -2014),
            ({"X-MBX-APIKEY": "k"}, "timestamp=1", -1102),
            ({"X-MBX-APIKEY": "k"}, "timestamp=1&signature=00", -1022),
            ({"X-MBX-APIKEY": "k"}, "timestamp=1&timestamp=1", -1101),
        ):
            async with session.get(f"account?{query}", headers=headers) as answer:
                assert (await answer.json())["code"] == code


async def attempt(ccxt: Any) -> bool:
    try:
        await ccxt.create_order(S, "limit", "buy", 0.001, 50_000)
    except ccxt_async.DDoSProtection as refusal:
        assert "-1015" in str(refusal)  # noqa: PT017  # because which of several fails is open
        return False
    return True


async def test_too_many_unfilled_orders_are_refused(tmp_path: Path) -> None:
    limits = PaperLimits(orders_per_10_seconds=2, orders_per_day=3)
    async with (
        running_paper_exchange(tmp_path, prints_per_second=0.0, limits=limits) as paper,
        trading(paper.url) as ccxt,
    ):
        for _ in range(5):
            await ccxt.create_order(S, "market", "buy", 0.001)  # filled: does not count
        placed = sum([await attempt(ccxt) for _ in range(5)])
        assert placed in (2, 3)  # two windows of ten seconds may be touched, and one day
        published = (await ccxt.publicGetExchangeInfo())["rateLimits"]
        assert [limit["limit"] for limit in published] == [6_000, 2, 3]


async def test_too_many_open_orders_are_refused(tmp_path: Path) -> None:
    limits = PaperLimits(open_orders_per_market=1)
    async with (
        running_paper_exchange(tmp_path, prints_per_second=0.0, limits=limits) as paper,
        trading(paper.url) as ccxt,
    ):
        await ccxt.create_order(S, "limit", "buy", 0.001, 50_000)
        with pytest.raises(ccxt_async.BadRequest, match="MAX_NUM_ORDERS"):
            await ccxt.create_order(S, "limit", "buy", 0.001, 50_000)


async def test_too_much_weight_is_refused_and_going_on_is_banned(tmp_path: Path) -> None:
    limits = PaperLimits(weight_per_minute=100)
    async with (
        running_paper_exchange(tmp_path, prints_per_second=0.0, limits=limits) as paper,
        aiohttp.ClientSession(f"{paper.url}/binance/api/v3/") as session,
    ):
        seen = []
        for _ in range(160):
            async with session.get("ping") as answer:
                seen.append((answer.status, answer.headers.get("Retry-After")))
        assert [status for status, _ in seen[:100]] == [200] * 100
        assert seen[100][0] == 429
        assert 1 <= int(seen[100][1] or 0) <= 60
        assert seen[-1][0] == 418
        ccxt = client(paper.url)
        with pytest.raises(ccxt_async.DDoSProtection):
            await ccxt.fetch_time()
        await ccxt.close()


async def test_answers_carry_what_was_used(ccxt: Any) -> None:
    await ccxt.create_order(S, "limit", "buy", 0.001, 50_000)
    headers = ccxt.last_response_headers
    assert headers["X-MBX-USED-WEIGHT-1M"] == "21"  # exchangeInfo 20, order 1
    assert (headers["X-MBX-ORDER-COUNT-10S"], headers["X-MBX-ORDER-COUNT-1D"]) == ("1", "1")


async def test_replacing_tells_which_half_failed(ccxt: Any) -> None:
    with pytest.raises(ccxt_async.BadResponse, match="-2022"):
        await ccxt.edit_order("404", S, "limit", "buy", 0.001, 50_000)
    order = await ccxt.create_order(S, "limit", "buy", 0.001, 50_000)
    with pytest.raises(ccxt_async.BadResponse, match="-2021"):
        await ccxt.edit_order(order["id"], S, "limit", "buy", 100, 50_000)
    assert (await ccxt.fetch_order(order["id"], S))["status"] == "canceled"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("klines?symbol=BTCUSDT&interval=7m", -1120),
        ("klines?symbol=BTCUSDT", -1102),
        ("depth?symbol=btc", -1100),
        ("depth?symbol=BTCEUR", -1121),
        ("depth?symbol=BTCUSDT&limit=none", -1100),
        ("ticker/24hr?symbols=BTCUSDT", -1100),
        ('ticker/24hr?symbol=BTCUSDT&symbols=["BTCUSDT"]', -1128),
        ("time?now=please", -1104),
        ("trades?symbol=BTCUSDT&limit=", -1105),
        ("trades?symbol=BTCUSDT&limit=0", -1130),
    ],
)
async def test_public_questions_are_read_strictly(
    paper: PaperExchange, path: str, code: int
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{paper.url}/binance/api/v3/{path}") as answer,
    ):
        assert (answer.status, (await answer.json())["code"]) == (400, code)
