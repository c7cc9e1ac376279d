"""What becomes of an order when the exchange, or the way to it, misbehaves."""

import asyncio
import hashlib
import hmac
import json
import logging
from urllib.parse import parse_qsl

import pytest

from tests.adapters.accounts import CREDENTIALS, KEY, SECRET, exchanges_at, request
from tests.adapters.binance import ORDER as GOOD
from tests.adapters.binance import placed as good
from tests.adapters.rude_server import Manner, RudeServer, answer, rude_server
from tradingbot.exchanges.ports import Accepted, PlaceAnswer, Refused, Unclear
from tradingbot.trading.order import OrderStatus, OrderType

pytestmark = pytest.mark.anyio

UNLISTED = (-1000, -1001, -1006, -1007, -1008, -1016, -9999)
HTML = "<html><h1>502 Bad Gateway</h1></html>"


def error(status: int, code: int, words: str = "words") -> bytes:
    return answer(status, json.dumps({"code": code, "msg": words}))


UNCLEAR: dict[str, bytes | Manner] = {
    "nothing": answer(200, ""),
    "a page": answer(200, HTML, kind="text/html"),
    "an empty object": answer(200, "{}"),
    "a list": answer(200, "[]"),
    "null": answer(200, "null"),
    "no id": answer(200, json.dumps({"symbol": "BTCUSDT"})),
    "half": answer(200, json.dumps(GOOD)[:-9]),
    "cut off": answer(200, json.dumps(GOOD)[:-9], cut=9),
    "empty id": good(orderId=None),
    "another order": good(clientOrderId="t-not-ours"),
    "a status never seen": good(status="NEVER_SEEN"),
    "an amount that is none": good(executedQty="what?"),
    "a refusal that says 200": error(200, -2010, "insufficient balance"),
    "a duplicate": error(400, -2010, "Duplicate order sent."),
    **{f"code {code}": error(400, code) for code in UNLISTED},
    "engine timeout": error(408, -1007, "Timeout waiting for response from backend server."),
    **{f"a refusal that says {status}": error(status, -2010) for status in (500, 502, 503, 524)},
    "overloaded": error(503, -1008, "Server is currently overloaded with other requests."),
    **{f"a page with {status}": answer(status, HTML) for status in (403, 404, 451, 500, 502, 524)},
    "a reset": Manner.RESET,
}


async def asked(
    *answers: bytes | Manner, timeout_ms: int = 15_000
) -> tuple[PlaceAnswer, RudeServer]:
    async with rude_server(*answers) as server, exchanges_at(server.url) as exchanges:
        session = exchanges.session(CREDENTIALS)
        vars(session._wire)["timeout"] = timeout_ms
        return await session.place(request()), server


async def test_an_order_goes_out_once_signed_with_its_own_time_and_every_digit() -> None:
    result, server = await asked(good())
    assert isinstance(result, Accepted)
    assert result.report.status is OrderStatus.OPEN
    (sent,) = server.requests
    (body,) = server.bodies
    assert sent.startswith(b"POST /binance/api/v3/order HTTP/1.1\r\n")
    assert f"X-MBX-APIKEY: {KEY}".encode() in sent
    query, _, signature = body.partition("&signature=")
    assert signature == hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
    assert dict(parse_qsl(query)) == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "0.00010000000000000001",
        "price": "12345678.1",
        "timeInForce": "GTC",
        "newClientOrderId": "t-ours-1",
        "newOrderRespType": "FULL",
        "timestamp": "1767225600000",
        "recvWindow": "4321",
    }


@pytest.mark.parametrize("kind", [OrderType.MARKET, OrderType.LIMIT_MAKER])
async def test_other_types_send_only_what_they_need(kind: OrderType) -> None:
    async with rude_server(good()) as server, exchanges_at(server.url) as exchanges:
        await exchanges.session(CREDENTIALS).place(request(type=kind))
    sent = dict(parse_qsl(server.bodies[0]))
    assert sent["type"] == kind.value.upper()
    assert ("price" in sent) == (kind is OrderType.LIMIT_MAKER)
    assert "timeInForce" not in sent


@pytest.mark.parametrize("reply", UNCLEAR.values(), ids=UNCLEAR)
async def test_whatever_is_not_a_definite_no_is_unclear_and_never_sent_again(
    reply: bytes | Manner,
) -> None:
    result, server = await asked(reply, good())
    assert isinstance(result, Unclear), result
    assert len(server.requests) == 1


async def test_an_order_that_reached_nobody_is_unclear_all_the_same() -> None:
    async with rude_server(good()) as server:
        pass
    async with exchanges_at(server.url) as exchanges:
        assert isinstance(await exchanges.session(CREDENTIALS).place(request()), Unclear)


async def test_silence_is_unclear() -> None:
    result, server = await asked(Manner.HANG, timeout_ms=200)
    assert result == Unclear("RequestTimeout (TimeoutError)")
    assert len(server.requests) == 1


async def test_a_kept_connection_that_broke_does_not_send_twice() -> None:
    async with (
        rude_server(good(), Manner.RESET, good()) as server,
        exchanges_at(server.url) as exchanges,
    ):
        session = exchanges.session(CREDENTIALS)
        assert isinstance(await session.place(request()), Accepted)
        assert isinstance(await session.place(request()), Unclear)
    assert len(server.requests) == 2


async def test_being_cancelled_is_passed_on() -> None:
    async with rude_server(Manner.HANG) as server, exchanges_at(server.url) as exchanges:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await exchanges.session(CREDENTIALS).place(request())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "code", "words", "name"),
    [
        (
            400,
            -2010,
            "Account has insufficient balance for requested action.",
            "insufficient_funds",
        ),
        (400, -2010, "Order would immediately match and take.", "would_match"),
        (400, -2010, "Stop price would trigger immediately.", "would_trigger"),
        (400, -2010, "Market is closed.", "market_closed"),
        (400, -2010, "This action is disabled on this account.", "account_restricted"),
        (400, -2010, "Something new.", "order_refused"),
        (400, -1013, "Filter failure: PRICE_FILTER", "price_not_allowed"),
        (400, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE", "price_out_of_bounds"),
        (400, -1013, "Filter failure: LOT_SIZE", "quantity_not_allowed"),
        (400, -1013, "Filter failure: MARKET_LOT_SIZE", "quantity_not_allowed"),
        (400, -1013, "Filter failure: NOTIONAL", "below_minimum_notional"),
        (400, -1013, "Filter failure: MIN_NOTIONAL", "below_minimum_notional"),
        (400, -1013, "Filter failure: MAX_NUM_ORDERS", "too_many_open_orders"),
        (400, -1013, "Filter failure: MAX_POSITION", "position_too_large"),
        (400, -1013, "Invalid quantity.", "invalid_order"),
        (400, -1015, "Too many new orders.", "rate_limited"),
        (429, -1003, "Too much request weight used.", "rate_limited"),
        (418, -1003, "Way too much request weight used; IP banned.", "rate_limited"),
        (400, -1021, "Timestamp for this request is outside of the recvWindow.", "stale_timestamp"),
        (400, -1022, "Signature for this request is not valid.", "invalid_key"),
        (401, -2014, "API-key format invalid.", "invalid_key"),
        (401, -2015, "Invalid API-key, IP, or permissions for action.", "invalid_key"),
        (400, -1111, "Precision is over the maximum.", "invalid_precision"),
        (400, -1121, "Invalid symbol.", "symbol_unknown"),
        (400, -1100, "Illegal characters found.", "invalid_order"),
        (400, -1130, "Invalid data sent for a parameter.", "invalid_order"),
    ],
)
async def test_a_code_on_the_list_is_a_definite_no(
    status: int, code: int, words: str, name: str
) -> None:
    result, server = await asked(error(status, code, words), good())
    assert result == Refused(name, str(code), words)
    assert len(server.requests) == 1


async def test_a_status_of_too_many_needs_no_code() -> None:
    result, _ = await asked(answer(429, HTML, kind="text/html", Retry_After="1"))
    assert isinstance(result, Refused)
    assert (result.code, result.exchange_code) == ("rate_limited", "429")


async def test_no_key_and_no_signature_is_told_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    echo = f"bad: signature=0123456789abcdef&apiKey={KEY} x"
    told = [
        (await asked(reply, timeout_ms=200))[0]
        for reply in (
            good(),
            error(400, -1100, echo),
            error(500, 0, echo),
            Manner.HANG,
            b"\x00\r\n",
        )
    ]
    text = "\n".join([repr(told), caplog.text])
    assert KEY not in text
    assert SECRET not in text
    assert "0123456789abcdef" not in text


async def test_keys_are_opened_for_a_signature_and_kept_nowhere() -> None:
    async with rude_server(good()) as server, exchanges_at(server.url) as exchanges:
        session = exchanges.session(CREDENTIALS)
        await session.place(request())
        held = [repr(value) for value in (*vars(session._wire).values(), session, session.keys)]
    assert not [text for text in held if KEY in text or SECRET in text]
    assert SECRET not in repr(session._wire.__dict__)
