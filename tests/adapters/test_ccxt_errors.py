"""Every line of docs/error-codes.md, through a real session against a socket that answers so."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.adapters import accounts, binance, bybit
from tests.adapters.accounts import exchanges_at, request
from tests.adapters.rude_server import Manner, answer, rude_server
from tradingbot.adapters.ccxt_error_table import NO_CODE, STATUSES, Row, page, rows
from tradingbot.adapters.ccxt_errors import BINANCE, BYBIT, CodeTable
from tradingbot.exchanges.errors import ExchangeUnreachable, KeyRefused, SymbolUnknown
from tradingbot.exchanges.ports import (
    Accepted,
    Credentials,
    Mode,
    PlaceAnswer,
    Refused,
    TradeMark,
    Unclear,
)

pytestmark = pytest.mark.anyio

DOCUMENT = Path(__file__).parents[2] / "docs" / "error-codes.md"
HTML = "<html><h1>Bad Gateway</h1></html>"
S = "BTC/USDT"


@dataclass(frozen=True)
class Exchange:
    """One that is played: how it says yes to an order, and how no."""

    credentials: Credentials
    table: CodeTable
    yes: Callable[..., bytes]
    error: Callable[..., bytes]
    status: int  # with which it says no
    ids: tuple[str, str]  # what it calls the order's own id and ours
    clock: dict[bytes, bytes]

    def __str__(self) -> str:
        return self.credentials.exchange


EXCHANGES = [
    Exchange(
        accounts.CREDENTIALS, BINANCE, binance.placed, binance.error, 400,
        ("orderId", "clientOrderId"), binance.CLOCK,
    ),
    Exchange(
        bybit.CREDENTIALS, BYBIT, bybit.acknowledged, bybit.error, 200,
        ("orderId", "orderLinkId"), bybit.CLOCK,
    ),
]  # fmt: skip
LINES = [
    (exchange, row, code)
    for exchange in EXCHANGES
    for row in rows(exchange.table)
    for code in row.codes
]
EVERY = pytest.mark.parametrize("exchange", EXCHANGES, ids=str)
EVERY_LINE = pytest.mark.parametrize(
    ("exchange", "row", "code"), LINES, ids=[f"{e} {c} {r.words}" for e, r, c in LINES]
)


async def sent(
    exchange: Exchange, reply: bytes | Manner, *, timeout_ms: int = 15_000
) -> PlaceAnswer:
    """What an order comes to that is answered so; it must have been sent once."""
    async with (
        rude_server(reply, exchange.yes()) as server,
        exchanges_at(server.url) as exchanges,
    ):
        session = exchanges.session(exchange.credentials)
        vars(session._wire)["timeout"] = timeout_ms
        result = await session.place(request())
        assert len(server.requests) == 1
        return result


def test_the_document_is_what_the_code_says() -> None:
    assert DOCUMENT.read_text() == page(), "run `make docs`"


@EVERY
async def test_a_good_answer_is_taken_for_one(exchange: Exchange) -> None:
    assert isinstance(await sent(exchange, exchange.yes()), Accepted)


@EVERY_LINE
async def test_an_order_answered_with_a_code_is_refused_by_name_or_unclear(
    exchange: Exchange, row: Row, code: int
) -> None:
    words = f"Well: {row.words.lower()}."
    result = await sent(exchange, exchange.error(code, words))
    if row.placing == "refused":
        assert result == Refused(row.name, str(code), words)
    else:
        assert isinstance(result, Unclear), result
        assert result.duplicate == (row.name == "duplicate")


ASKED: dict[str, tuple[type[Exception], ...]] = {
    "no answer": (ExchangeUnreachable,),
    "no such market": (ExchangeUnreachable,),
    "the clock is measured, then asked again": (ExchangeUnreachable,),
    "the key is refused": (KeyRefused,),
}


@EVERY_LINE
async def test_what_else_is_answered_with_a_code_learns_what_the_document_says(
    exchange: Exchange, row: Row, code: int
) -> None:
    reply = exchange.error(code, row.words)
    async with (
        rude_server(reply, always=exchange.clock) as server,
        exchanges_at(server.url) as exchanges,
    ):
        session = exchanges.session(exchange.credentials)
        if row.asking == "no such open order":
            assert await session.cancel(S, "15") is None
        else:
            with pytest.raises(ASKED[row.asking]):
                await session.cancel(S, "15")
    asked = [sent for sent in server.requests if b"/time " not in sent.partition(b"\r\n")[0]]
    assert len(asked) == (2 if "asked again" in row.asking else 1)


@EVERY_LINE
async def test_only_a_market_that_is_not_there_is_said_not_to_be(
    exchange: Exchange, row: Row, code: int
) -> None:
    reply = exchange.error(code, row.words)
    async with rude_server(reply) as server, exchanges_at(server.url) as exchanges:
        market_data = exchanges.market_data(str(exchange), Mode.PAPER)
        gone = row.asking == "no such market"
        other = KeyRefused if row.asking == "the key is refused" else ExchangeUnreachable
        with pytest.raises(SymbolUnknown if gone else other):
            await market_data.price(S)


@EVERY
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("coded", [False, True])
async def test_a_status_counts_for_what_the_document_says(
    exchange: Exchange, status: int, *, coded: bool
) -> None:
    definite = exchange.table.refusals[-1]
    code = definite.codes[0]
    reply = exchange.error(code, "no", status) if coded else answer(status, HTML, kind="text/html")
    result = await sent(exchange, reply)
    if status in exchange.table.statuses:
        assert isinstance(result, Refused)
        assert result.code == exchange.table.statuses[status]
    elif coded and (status == exchange.status or 400 <= status < 500):
        assert result == Refused(definite.name, str(code), "no")
    else:
        assert isinstance(result, Unclear), result


def without_code(exchange: Exchange) -> dict[str, bytes | Manner]:
    own, ours = exchange.ids
    body = exchange.yes().partition(b"\r\n\r\n")[2].decode()
    spoilt = body.replace("1767225600000", "17").replace(
        '"executedQty": "0"', '"executedQty": "-1"'
    )
    return {
        "an empty body": answer(200, ""),
        "a page of HTML": answer(200, HTML, kind="text/html"),
        "a body cut off on the way": answer(200, body[:-9], cut=9),
        "half an object": answer(200, body[:-9]),
        "an empty object": answer(200, "{}"),
        "a list where an object should be": answer(200, "[]"),
        "null": answer(200, "null"),
        "an answer without an order id": exchange.yes(**{own: None}),
        "an answer about another order": exchange.yes(**{ours: "t-not-ours"}),
        "a number that cannot be": answer(200, spoilt),
        "a connection reset": Manner.RESET,
        "no answer in time": Manner.HANG,
    }


@EVERY
@pytest.mark.parametrize("what", [what for what in NO_CODE if what != "nobody there"])
async def test_an_order_answered_without_a_code_is_unclear(exchange: Exchange, what: str) -> None:
    result = await sent(exchange, without_code(exchange)[what], timeout_ms=500)
    assert isinstance(result, Unclear), result


@EVERY
async def test_an_order_that_reached_nobody_is_unclear_all_the_same(exchange: Exchange) -> None:
    async with rude_server(exchange.yes()) as server:
        pass
    async with exchanges_at(server.url) as exchanges:
        result = await exchanges.session(exchange.credentials).place(request())
    assert isinstance(result, Unclear)


@EVERY
@pytest.mark.parametrize("code", [1, -1, -9999, 20003, 170099, 179999, 999999, 0.5, "x", True])
async def test_a_code_nobody_has_heard_of_is_unclear(exchange: Exchange, code: Any) -> None:
    assert isinstance(await sent(exchange, exchange.error(code)), Unclear)


# Measured against ccxt and read in both exchanges' documents before any of this was built.
DEFINITE = {
    "binance": [
        -1013, -1015, -1021, -1022, *range(-1130, -1099), -1003, -2010, -2014, -2015,
    ],
    "bybit": [
        *range(10001, 10008), 10010, 10018, 10024, *range(10027, 10030), 33004, 110007, 170005,
        *range(170115, 170125), *range(170130, 170138), 170140, 170148, *range(170192, 170201),
        170213, 170131, 170222,
    ],
}  # fmt: skip
IN_DOUBT = {
    "binance": [-1000, -1001, -1006, -1007, -1008, -1016],
    "bybit": [
        10000, 10016, 170001, 170007, 170032, 170035, 170146, 170149, 170234, 429, 10429, 10019,
        170141, 110072, 12141, 10014,
    ],
}  # fmt: skip
NOT_FOUND = {"binance": [-2013, -2011], "bybit": [110001, 170213, 170143]}
SAME = {
    "insufficient_funds": {"binance": (-2010, "insufficient balance"), "bybit": (170131, "")},
    "stale_timestamp": {"binance": (-1021, ""), "bybit": (10002, "")},
    "rate_limited": {"binance": (-1015, ""), "bybit": (170005, "")},
    "invalid_key": {"binance": (-2014, ""), "bybit": (10003, "")},
    "below_minimum_notional": {"binance": (-1013, "NOTIONAL"), "bybit": (170140, "")},
    "price_not_allowed": {"binance": (-1013, "PRICE_FILTER"), "bybit": (170134, "")},
    "price_out_of_bounds": {"binance": (-1013, "PERCENT_PRICE"), "bybit": (170193, "")},
    "quantity_not_allowed": {"binance": (-1013, "LOT_SIZE"), "bybit": (170136, "")},
    "too_many_open_orders": {"binance": (-1013, "MAX_NUM_ORDERS"), "bybit": (170810, "")},
    "symbol_unknown": {"binance": (-1121, ""), "bybit": (170121, "")},
    "market_closed": {"binance": (-1013, "market is closed"), "bybit": (170151, "")},
    "would_match": {"binance": (-2010, "immediately match"), "bybit": (170218, "")},
    "invalid_order": {"binance": (-1100, ""), "bybit": (170116, "")},
}


@EVERY
def test_every_code_that_was_measured_is_in_its_class(exchange: Exchange) -> None:
    name = str(exchange)
    told = {code: row for row in rows(exchange.table) if not row.words for code in row.codes}
    assert {code: told[code].placing for code in DEFINITE[name]} == dict.fromkeys(
        DEFINITE[name], "refused"
    )
    assert {code: told[code].placing for code in IN_DOUBT[name]} == dict.fromkeys(
        IN_DOUBT[name], "unclear"
    )
    assert {told[code].asking for code in NOT_FOUND[name]} == {"no such open order"}


@EVERY
@pytest.mark.parametrize("name", SAME)
async def test_a_name_means_the_same_on_every_exchange(exchange: Exchange, name: str) -> None:
    code, words = SAME[name][str(exchange)]
    result = await sent(exchange, exchange.error(code, words))
    assert isinstance(result, Refused)
    assert result.code == name


@EVERY
async def test_a_list_that_is_refused_is_not_an_empty_list(exchange: Exchange) -> None:
    reply = exchange.error(next(iter(exchange.table.refusals[-1].codes)))
    mark = TradeMark(datetime(2026, 1, 1, tzinfo=UTC))
    async with (
        rude_server(reply, always=exchange.clock) as server,
        exchanges_at(server.url) as exchanges,
    ):
        with pytest.raises(ExchangeUnreachable):
            await exchanges.session(exchange.credentials).trades_since(S, mark)
