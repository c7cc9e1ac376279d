"""What Binance answers to an order, for tests that play it."""

import json

from tests.adapters.rude_server import answer

ORDER = {
    "symbol": "BTCUSDT",
    "orderId": 77,
    "clientOrderId": "t-ours-1",
    "transactTime": 1_767_225_600_000,
    "price": "12345678.10",
    "origQty": "0.00010000000000000001",
    "executedQty": "0",
    "cummulativeQuoteQty": "0",
    "status": "NEW",
    "side": "BUY",
    "fills": [],
}


def placed(**change: object) -> bytes:
    return answer(200, json.dumps(ORDER | change))


def error(code: int, words: str = "words", status: int = 400) -> bytes:
    return answer(status, json.dumps({"code": code, "msg": words}))


CLOCK = {b"/api/v3/time ": answer(200, '{"serverTime": 1767225600000}')}
