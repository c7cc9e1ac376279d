"""Bybit over real sockets: what is sent, signed how, and what is made of the answers."""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.adapters import bybit
from tests.adapters.accounts import KEY, SECRET, exchanges_at, request
from tests.adapters.bybit import CLOCK, CREDENTIALS, MARKETS
from tests.adapters.rude_server import Manner, RudeServer, answer, rude_server
from tradingbot.adapters.ccxt_session import CcxtSession
from tradingbot.exchanges.errors import ExchangeUnreachable, KeyRefused
from tradingbot.exchanges.ports import Accepted, Refused, TradeMark, Unclear
from tradingbot.trading.order import OrderStatus, OrderType

pytestmark = pytest.mark.anyio

S = "BTC/USDT"


@asynccontextmanager
async def account(*answers: bytes | Manner) -> AsyncIterator[tuple[CcxtSession, RudeServer]]:
    async with (
        rude_server(*answers, always=CLOCK) as server,
        exchanges_at(server.url) as exchanges,
    ):
        yield exchanges.session(CREDENTIALS), server


def paths(server: RudeServer) -> list[str]:
    return [target(sent).partition("?")[0] for sent in asked(server)]


def asked(server: RudeServer) -> list[bytes]:
    """All but the questions for the time."""
    return [sent for sent in server.requests if b"/market/time " not in sent]


def target(sent: bytes) -> str:
    return sent.split()[1].decode().removeprefix("/bybit/v5/")


def params(sent: bytes) -> dict[str, str]:
    return dict(parse_qsl(target(sent).partition("?")[2]))


def headers(sent: bytes) -> dict[str, str]:
    lines = sent.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.upper(): value for name, _, value in (line.partition(": ") for line in lines)}


def signature(sent: bytes, text: str) -> str:
    head = headers(sent)
    signed = head["X-BAPI-TIMESTAMP"] + KEY + head["X-BAPI-RECV-WINDOW"] + text
    return hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()


async def test_an_order_goes_out_once_signed_with_its_own_time_and_every_digit() -> None:
    async with account(bybit.acknowledged()) as (session, server):
        result = await session.place(request())
    assert isinstance(result, Accepted)
    assert (result.report.status, result.report.exchange_order_id) == (OrderStatus.OPEN, "15")
    (sent,) = server.requests
    (body,) = server.bodies
    assert sent.startswith(b"POST /bybit/v5/order/create HTTP/1.1\r\n")
    assert json.loads(body) == {
        "category": "spot",
        "symbol": "BTCUSDT",
        "side": "Buy",
        "orderType": "Limit",
        "qty": "0.00010000000000000001",
        "price": "12345678.1",
        "timeInForce": "GTC",
        "orderLinkId": "t-ours-1",
        "orderFilter": "Order",
        "isLeverage": 0,
    }
    head = headers(sent)
    assert (head["X-BAPI-API-KEY"], head["X-BAPI-TIMESTAMP"]) == (KEY, "1767225600000")
    assert head["X-BAPI-RECV-WINDOW"] == "4321"
    assert head["X-BAPI-SIGN"] == signature(sent, body)


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        (OrderType.MARKET, {"orderType": "Market", "marketUnit": "baseCoin"}),
        (OrderType.LIMIT_MAKER, {"orderType": "Limit", "timeInForce": "PostOnly"}),
    ],
)
async def test_other_types_send_what_they_need(kind: OrderType, sent: dict[str, str]) -> None:
    async with account(bybit.acknowledged()) as (session, server):
        await session.place(request(type=kind))
    body = json.loads(server.bodies[0])
    assert sent.items() <= body.items()
    assert ("price" in body) == (kind is OrderType.LIMIT_MAKER)
    assert ("timeInForce" in body) == (kind is OrderType.LIMIT_MAKER)


async def test_an_orders_time_is_its_own_and_nobody_elses() -> None:
    async with account(Manner.HANG) as (session, server):
        vars(session._wire)["timeout"] = 300
        await told(session.balances)
        async with asyncio.TaskGroup() as tasks:
            earlier = replace(request(), sign_timestamp_ms=bybit.AT - 1_234)
            placing = tasks.create_task(session.place(earlier))
            tasks.create_task(told(session.balances))
    assert isinstance(placing.result(), Unclear)
    signed = {target(sent).partition("?")[0]: headers(sent) for sent in asked(server)}
    assert int(signed["order/create"]["X-BAPI-TIMESTAMP"]) == bybit.AT - 1_234
    query = signed["account/wallet-balance"]
    assert query["X-BAPI-RECV-WINDOW"] == "5000"
    # The exchange's time, and neither ours nor the order's.
    assert abs(int(query["X-BAPI-TIMESTAMP"]) - bybit.AT) < 1_000


async def told(question: Callable[[], Any]) -> None:
    with pytest.raises(ExchangeUnreachable) as caught:
        await question()
    assert KEY not in str(caught.value)


async def test_an_order_is_looked_for_where_it_is_first_then_where_it_was() -> None:
    cancelled = bybit.ORDER | {"orderStatus": "Cancelled"}
    everywhere = ["order/realtime", "order/history", "execution/list"]
    for place, (row, status) in enumerate(
        [
            (bybit.ORDER, OrderStatus.OPEN),
            (cancelled, OrderStatus.CANCELLED),
            (bybit.EXECUTION, OrderStatus.FILLED),
        ]
    ):
        nothing = [bybit.listed()] * place
        async with account(*nothing, bybit.listed(row)) as (session, server):
            found = await session.find(S, "t-ours-1")
        assert found is not None
        assert (found.status, found.exchange_order_id) == (status, "15")
        assert paths(server) == everywhere[: place + 1]
        for sent in asked(server):
            said = params(sent)
            assert (said["category"], said["symbol"]) == ("spot", "BTCUSDT")
            assert said["orderLinkId"] == "t-ours-1"
            assert "orderId" not in said
            assert headers(sent)["X-BAPI-SIGN"] == signature(sent, target(sent).partition("?")[2])


async def test_an_order_that_is_nowhere_is_clearly_not_found() -> None:
    async with account(bybit.listed()) as (session, server):
        assert await session.find(S, "t-ours-1") is None
    assert paths(server) == ["order/realtime", "order/history", "execution/list"]


@pytest.mark.parametrize(
    "rows",
    [
        [bybit.ORDER | {"orderLinkId": "t-other"}],
        [bybit.ORDER, bybit.ORDER | {"orderLinkId": "t-other"}],
        [bybit.ORDER | {"symbol": "ETHUSDT"}],
        [bybit.ORDER | {"orderStatus": "NeverSeen"}],
        [bybit.ORDER | {"cumExecQty": "-1"}],
    ],
)
async def test_an_answer_about_another_order_is_no_answer(rows: list[dict[str, Any]]) -> None:
    async with account(bybit.listed(*rows)) as (session, _):
        with pytest.raises(ExchangeUnreachable):
            await session.find(S, "t-ours-1")


async def test_cancelling_is_acknowledged_and_then_looked_at() -> None:
    async with account(bybit.acknowledged(), bybit.listed(bybit.ORDER)) as (
        session,
        server,
    ):
        after = await session.cancel(S, "15")
    assert after is not None
    assert after.status is OrderStatus.OPEN  # as it may still be for a moment
    assert paths(server) == ["order/cancel", "order/realtime"]
    post, look = asked(server)
    assert json.loads(post.partition(b"\r\n\r\n")[2]) == {
        "category": "spot",
        "symbol": "BTCUSDT",
        "orderId": "15",
        "orderFilter": "Order",
    }
    assert params(look) == {"category": "spot", "symbol": "BTCUSDT", "orderId": "15"}


async def test_an_order_is_found_by_bybits_own_id_as_well() -> None:
    async with account(bybit.listed(bybit.ORDER)) as (session, server):
        found = await session.find_by_exchange_id(S, "15")
    assert found is not None
    assert found.client_order_id == "t-ours-1"
    assert params(asked(server)[0]) == {"category": "spot", "symbol": "BTCUSDT", "orderId": "15"}


@pytest.mark.parametrize("code", [10014, 12141, 110072, 170141])
async def test_an_id_used_before_is_unclear_and_said_to_be_so(code: int) -> None:
    async with account(bybit.error(code)) as (session, _):
        answer = await session.place(request())
    assert isinstance(answer, Unclear)
    assert answer.duplicate


@pytest.mark.parametrize("code", [110001, 110008, 110010, 170139, 170142, 170143, 170190, 170213])
async def test_cancelling_what_is_not_open_says_so(code: int) -> None:
    async with account(bybit.error(code)) as (session, server):
        assert await session.cancel(S, "15") is None
    assert paths(server) == ["order/cancel"]


async def test_open_orders_come_from_all_pages() -> None:
    other = bybit.ORDER | {"orderId": "16", "orderLinkId": ""}
    pages = [bybit.listed(bybit.ORDER, cursor="a%3Db%2Cc"), bybit.listed(other)]
    async with account(MARKETS, *pages) as (session, server):
        found = await session.open_orders()
    assert [row.client_order_id for row in found] == ["t-ours-1", ""]
    first, second = (target(sent) for sent in asked(server)[1:])
    assert first == "order/realtime?category=spot&openOnly=0&limit=50"
    assert second == first + "&cursor=a%3Db%2Cc"


async def test_open_orders_of_a_market_are_only_its_own() -> None:
    stranger = bybit.ORDER | {"symbol": "ETHUSDT"}
    async with account(MARKETS, bybit.listed(stranger)) as (session, server):
        with pytest.raises(ExchangeUnreachable):
            await session.open_orders(S)
    assert params(asked(server)[1])["symbol"] == "BTCUSDT"


async def test_the_trades_of_an_order_come_from_all_pages_oldest_first() -> None:
    rows = [
        bybit.EXECUTION
        | {"execId": str(number), "execTime": str(bybit.AT + number), "execQty": "0.004"}
        for number in range(5)
    ]
    rows[2]["execType"] = "Funding"
    pages = [bybit.listed(rows[4], rows[3], cursor="x"), bybit.listed(*rows[2::-1], cursor="y")]
    async with account(*pages, bybit.listed(cursor="y")) as (session, server):
        trades = await session.trades_of(S, "15")
    assert [trade.trade_id for trade in trades] == ["0", "1", "3", "4"]
    assert [params(sent).get("cursor") for sent in asked(server)] == [None, "x", "y"]
    assert all(params(sent)["orderId"] == "15" for sent in asked(server))


async def test_trades_since_a_mark_overlap_and_go_on_from_week_to_week() -> None:
    week, pages = 7 * 86_400_000, [bybit.listed(bybit.EXECUTION, cursor="x"), bybit.listed()]
    async with account(*pages) as (session, server):
        mark = TradeMark(datetime.fromtimestamp((bybit.AT - week) / 1000, UTC), "1")
        assert [trade.trade_id for trade in await session.trades_since(S, mark)] == ["1"]
    begin = bybit.AT - week - 300_000
    assert [
        (said["startTime"], said["endTime"], said.get("cursor"), said.get("orderId"))
        for said in map(params, asked(server))
    ] == [
        (str(begin), str(begin + week), None, None),
        (str(begin), str(begin + week), "x", None),
        (str(begin + week), str(begin + 2 * week), None, None),
    ]


async def test_a_trade_on_the_edge_of_two_weeks_comes_once() -> None:
    week, page = 7 * 86_400_000, bybit.listed(bybit.EXECUTION)
    async with account(page, page) as (session, server):
        mark = TradeMark(datetime.fromtimestamp((bybit.AT - week) / 1000, UTC), "1")
        assert [trade.trade_id for trade in await session.trades_since(S, mark)] == ["1"]
    assert len(asked(server)) == 2


@pytest.mark.parametrize("code", [-2015, 10003, 10004, 10005, 10007, 10010, 33004])
async def test_a_key_bybit_does_not_accept_is_said_to_be_so(code: int) -> None:
    async with account(bybit.error(code)) as (session, _):
        with pytest.raises(KeyRefused):
            await session.balances()


NO_ANSWERS: dict[str, bytes | Manner] = {
    "nothing": answer(200, ""),
    "no fields": answer(200, "{}"),
    "a list": answer(200, "[]"),
    "no code": answer(200, '{"result": {"list": []}}'),
    "no result": answer(200, '{"retCode": 0}'),
    "a page": answer(502, "<html>", kind="text/html"),
    "timeout": bybit.error(10000),
    "not found, with 503": bybit.error(110001, status=503),
    "a reset": Manner.RESET,
}


@pytest.mark.parametrize("reply", NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_no_clear_answer_is_never_taken_for_one(reply: bytes | Manner) -> None:
    async with account(MARKETS, reply) as (session, _):
        mark = TradeMark(datetime.fromtimestamp(bybit.AT / 1000, UTC))
        await session.ready_to_place()
        questions: list[Callable[[], Any]] = [
            lambda: session.find(S, "t-ours-1"),
            lambda: session.cancel(S, "1"),
            lambda: session.open_orders(S),
            lambda: session.trades_of(S, "1"),
            lambda: session.trades_since(S, mark),
            session.balances,
        ]
        for question in questions:
            await told(question)


async def test_a_stale_clock_is_measured_again_and_the_question_asked_once_more() -> None:
    wallet = bybit.listed({"coin": [{"coin": "BTC", "walletBalance": "1.5", "locked": "0"}]})
    async with account(bybit.error(10002), wallet) as (session, server):
        held = await session.balances()
    assert str(held["BTC"].free) == "1.5"
    measured = [b"/market/time " in sent for sent in server.requests]
    first, second = (place for place, is_time in enumerate(measured) if not is_time)
    assert any(measured[:first])
    assert any(measured[first:second])


def heard(session: CcxtSession) -> list[tuple[int, Mapping[str, str]]]:
    """Status and headers of every answer, as they are told to whoever counts."""
    told: list[tuple[int, Mapping[str, str]]] = []

    def hear(_: int | None, __: str, status: int, headers: Mapping[str, str]) -> None:
        told.append((status, headers))

    wire = vars(session._wire)
    wire["hearing"] = replace(wire["hearing"], headers=hear)
    return told


async def test_bybit_says_how_many_orders_any_second_has_left() -> None:
    room = {"X_Bapi_Limit": "20", "X_Bapi_Limit_Status": "3"}
    placed = bybit.said({"orderId": "15", "orderLinkId": "t-ours-1"}, **room)
    async with account(placed, placed, bybit.listed()) as (session, _):
        usage, told = session._dialect.usage, heard(session)
        await session.place(request())
        await session.cancel(S, "15")
    ordered, cancelled, *_ = (usage(*answer) for answer in told)
    # 17 of any second's 20, of which a second of the clock may have half.
    assert ordered.orders_by_ms == {1_000: 9}
    assert cancelled.orders_by_ms == {}  # each endpoint has a limit of its own
    assert ordered.weight is None


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [(403, None, 600), (429, None, 5), (429, "30", 30), (200, None, 0), (500, None, 0)],
)
async def test_an_address_that_came_too_often_is_asked_to_be_quiet(
    status: int, retry_after: str | None, seconds: int
) -> None:
    page = answer(status, "<html>access too frequent</html>", kind="text/html")
    if retry_after is not None:
        page = page.replace(b"\r\n", f"\r\nRetry-After: {retry_after}\r\n".encode(), 1)
    async with account(page) as (session, _):
        usage, told = session._dialect.usage, heard(session)
        result = await session.place(request())
    assert isinstance(result, Unclear)  # it may have gone through all the same
    assert [usage(*answer).pause_seconds for answer in told] == [seconds]


async def test_too_many_visits_is_a_no() -> None:
    async with account(bybit.error(10006, "Too many visits!")) as (session, _):
        result = await session.place(request())
    assert result == Refused("rate_limited", "10006", "Too many visits!")


async def test_no_key_and_no_signature_is_told_logged_or_kept(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"bad: X-BAPI-SIGN signature=0123456789abcdef api_key={KEY}"
    said: list[object] = []
    for reply in (bybit.acknowledged(), bybit.error(10001, echo), bybit.error(0, echo, 500)):
        async with account(reply) as (session, _):
            said += [await session.place(request()), session, session.keys]
            said += vars(session._wire).values()
    text = "\n".join([repr(said), caplog.text])
    assert KEY not in text
    assert SECRET not in text
    assert "0123456789abcdef" not in text
