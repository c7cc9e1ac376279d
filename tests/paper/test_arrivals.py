"""Every request is known for what it is, and every order request is noted when it arrives."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.paper.faults import ACCOUNT, S, entries, place
from tests.paper.server import running_paper_exchange
from tradingbot.paper.arrivals import BINANCE, BYBIT, Arrival, Post, arrival, posts
from tradingbot.paper.faults import On
from tradingbot.paper.journal import arrivals
from tradingbot.paper.server import PaperExchange


@pytest.mark.parametrize(
    ("asked", "exchange", "on"),
    [
        ("POST /binance/api/v3/order", BINANCE, On.PLACE),
        ("POST /binance/api/v3/order/cancelReplace", BINANCE, On.PLACE),
        ("POST /binance/api/v3/order/test", BINANCE, On.OTHER),
        ("DELETE /binance/api/v3/order", BINANCE, On.CANCEL),
        ("DELETE /binance/api/v3/openOrders", BINANCE, On.CANCEL_ALL),
        ("GET /binance/api/v3/order", BINANCE, On.FIND),
        ("GET /binance/api/v3/openOrders", BINANCE, On.OPEN_ORDERS),
        ("GET /binance/api/v3/myTrades", BINANCE, On.TRADES),
        ("GET /binance/api/v3/account", BINANCE, On.BALANCES),
        ("GET /binance/api/v3/account/commission", BINANCE, On.OTHER),
        ("GET /binance/api/v3/time", BINANCE, On.TIME),
        ("GET /binance/api/v3/klines", BINANCE, On.MARKET),
        ("GET /binance/api/v3/ticker/24hr", BINANCE, On.MARKET),
        ("GET /binance/stream/ws/0", BINANCE, On.MARKET_STREAM),
        ("GET /binance/ws-api/v3", BINANCE, On.USER_STREAM),
        ("POST /bybit/v5/order/create", BYBIT, On.PLACE),
        ("POST /bybit/v5/order/create-batch", BYBIT, On.PLACE),
        ("POST /bybit/v5/order/amend", BYBIT, On.OTHER),
        ("POST /bybit/v5/order/cancel", BYBIT, On.CANCEL),
        ("POST /bybit/v5/order/cancel-all", BYBIT, On.CANCEL_ALL),
        ("GET /bybit/v5/order/realtime", BYBIT, On.OPEN_ORDERS),
        ("GET /bybit/v5/order/realtime?orderLinkId=x", BYBIT, On.FIND),
        ("GET /bybit/v5/order/history", BYBIT, On.FIND),
        ("GET /bybit/v5/execution/list", BYBIT, On.TRADES),
        ("GET /bybit/v5/account/wallet-balance", BYBIT, On.BALANCES),
        ("GET /bybit/v5/market/time", BYBIT, On.TIME),
        ("GET /bybit/v5/market/kline", BYBIT, On.MARKET),
        ("GET /bybit/v5/public/spot", BYBIT, On.MARKET_STREAM),
        ("GET /bybit/v5/private", BYBIT, On.USER_STREAM),
    ],
)
def test_a_request_is_known_for_what_it_is(asked: str, exchange: str, on: On) -> None:
    method, _, place = asked.partition(" ")
    path, _, query = place.partition("?")
    assert arrival(method, path, query) == Arrival(exchange, on)


def test_our_own_doors_are_no_exchanges() -> None:
    assert arrival("GET", "/paper/journal", "") is None


@pytest.mark.parametrize(
    ("exchange", "query", "body", "asked"),
    [
        (BINANCE, "", b"symbol=BTCUSDT&newClientOrderId=a", [Post("a", "BTCUSDT")]),
        (BINANCE, "newClientOrderId=a", b"symbol=BTCUSDT", [Post("a", "BTCUSDT")]),
        (BINANCE, "", b"oldnewClientOrderId=b&newClientOrderId=a%2Fb", [Post("a/b", "")]),
        (BINANCE, "", b"\xff", [Post("", "")]),
        (BYBIT, "", b'{"symbol":"BTCUSDT","orderLinkId":"a"}', [Post("a", "BTCUSDT")]),
        (BYBIT, "", b'{"request":[{"orderLinkId":"a"},7]}', [Post("a", ""), Post("", "")]),
        (BYBIT, "", b"nonsense", [Post("", "")]),
        (BYBIT, "", b'{"orderLinkId":7}', [Post("", "")]),
    ],
)
def test_the_orders_of_a_request_are_read_before_it_is_checked(
    exchange: str, query: str, body: bytes, asked: list[Post]
) -> None:
    assert posts(exchange, query, body) == asked


@pytest.mark.anyio
async def test_what_arrives_is_noted_first_and_survives_a_restart(tmp_path: Path) -> None:
    async with running_paper_exchange(tmp_path, prints_per_second=0.0) as paper:
        order = {"symbol": "BTCUSDT", "newClientOrderId": "unsigned"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{paper.url}/binance/api/v3/order", data=order) as answer,
        ):
            assert answer.status == 401
        assert arrivals(entries(paper)).posts == {("", "unsigned"): 1}
        kept = [(e["kind"], e["account"], e["cid"], e["symbol"]) for e in entries(paper)]
        assert kept == [("post", None, "unsigned", S), ("refused", None, "unsigned", S)]
        seq = entries(paper)[-1]["seq"]
    async with running_paper_exchange(tmp_path, prints_per_second=0.0) as paper:
        assert paper.venue.journal.seq > seq


@pytest.mark.anyio
async def test_requests_and_orders_are_counted_by_account_and_client_id(
    ccxt: Any, paper: PaperExchange
) -> None:
    for cid in ("once", "twice", "twice"):
        await place(ccxt, cid)
    await place(ccxt, "refused", price=1)
    counted = arrivals(entries(paper))
    assert counted.posts == {(ACCOUNT, "once"): 1, (ACCOUNT, "twice"): 2, (ACCOUNT, "refused"): 1}
    assert counted.accepted == {(ACCOUNT, "once"): 1, (ACCOUNT, "twice"): 1}


@pytest.mark.anyio
async def test_an_order_that_comes_by_socket_is_noted_too(pro: Any, paper: PaperExchange) -> None:
    named = {"newClientOrderId": "by-socket"}
    await pro.create_order_ws(S, "limit", "buy", 0.001, 50_000, named)
    kinds = [entry["kind"] for entry in entries(paper) if entry.get("cid") == "by-socket"]
    assert kinds == ["post", "order"]
