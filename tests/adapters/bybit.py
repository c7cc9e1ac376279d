"""What Bybit answers, for tests that play it: its envelope, its clock, its rows."""

import json
from typing import Any

from tests.adapters.accounts import KEY, SECRET
from tests.adapters.rude_server import answer
from tradingbot.exchanges.ports import Credentials, Mode

CREDENTIALS = Credentials(2, "bybit", Mode.PAPER, KEY[::-1], SECRET[::-1])
AT = 1_767_225_600_000
ORDER: dict[str, Any] = {
    "category": "spot", "symbol": "BTCUSDT", "orderId": "15", "orderLinkId": "t-ours-1",
    "side": "Buy", "orderType": "Limit", "price": "50000", "qty": "0.02", "orderStatus": "New",
    "rejectReason": "EC_NoError", "cumExecQty": "0", "cumExecValue": "0", "updatedTime": str(AT),
}  # fmt: skip
EXECUTION: dict[str, Any] = {
    "category": "spot", "symbol": "BTCUSDT", "orderId": "15", "orderLinkId": "t-ours-1",
    "side": "Buy", "orderType": "Limit", "orderPrice": "50000", "orderQty": "0.02",
    "leavesQty": "0", "execId": "1", "execPrice": "50000", "execQty": "0.02", "execFee": "0.00002",
    "feeCurrency": "BTC", "isMaker": False, "execType": "Trade", "execTime": str(AT),
}  # fmt: skip
MARKET: dict[str, Any] = {
    "symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "status": "Trading",
    "lotSizeFilter": {
        "basePrecision": "0.000001", "minOrderQty": "0.00001", "maxOrderQty": "83",
        "minOrderAmt": "5",
    },
    "priceFilter": {"tickSize": "0.1"},
}  # fmt: skip


def envelope(result: object, code: int = 0, words: str = "OK") -> dict[str, Any]:
    return {"retCode": code, "retMsg": words, "result": result, "retExtInfo": {}, "time": AT}


def said(result: object, **headers: str) -> bytes:
    return answer(200, json.dumps(envelope(result)), kind="application/json", cut=0, **headers)


def listed(*rows: dict[str, Any], cursor: str = "") -> bytes:
    return said({"category": "spot", "list": list(rows), "nextPageCursor": cursor})


def error(code: int, words: str = "words", status: int = 200) -> bytes:
    return answer(status, json.dumps(envelope({}, code, words)))


def acknowledged(**change: object) -> bytes:
    return said({"orderId": "15", "orderLinkId": "t-ours-1", **change})


MARKETS = listed(MARKET)
TIME = said({"timeSecond": str(AT // 1000), "timeNano": f"{AT}000000"})
CLOCK = {b"/v5/market/time ": TIME}
