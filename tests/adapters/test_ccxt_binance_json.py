"""Binance's messages become reports only when they make sense."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.accounts import named
from tradingbot.adapters import ccxt_binance_json as shapes
from tradingbot.adapters.ccxt_sense import candle
from tradingbot.exchanges.ports import Balance, BalancesChanged, OrderReport
from tradingbot.trading.order import OrderStatus, Side

SYMBOLS = {"BTCUSDT": "BTC/USDT"}
AT = 1_767_225_600_000
ORDER: dict[str, Any] = {
    "symbol": "BTCUSDT", "orderId": 77, "clientOrderId": "t-1", "transactTime": AT, "side": "BUY",
    "price": "50000", "origQty": "0.02", "executedQty": "0.01", "cummulativeQuoteQty": "500",
    "status": "PARTIALLY_FILLED",
    "fills": [
        {"tradeId": 5, "qty": "0.01", "price": "50000", "commission": "0.00001",
         "commissionAsset": "BTC"},
    ],
}  # fmt: skip
TRADE: dict[str, Any] = {
    "id": 5, "orderId": 77, "isBuyer": True, "isMaker": False, "qty": "0.01", "price": "50000",
    "commission": "0.00001", "commissionAsset": "BTC", "time": AT,
}  # fmt: skip
EVENT: dict[str, Any] = {
    "e": "executionReport", "s": "BTCUSDT", "c": "t-1", "C": "", "S": "BUY", "i": 77, "x": "TRADE",
    "X": "PARTIALLY_FILLED", "r": "NONE", "q": "0.02", "p": "50000", "z": "0.01", "Z": "500",
    "T": AT, "t": 5, "l": "0.01", "L": "50000", "n": "0.00001", "N": "BTC", "m": False,
}  # fmt: skip
POSITION: dict[str, Any] = {
    "e": "outboundAccountPosition", "B": [{"a": "BTC", "f": "1.5", "l": "0"}]
}  # fmt: skip


def placed(**change: Any) -> OrderReport:
    return shapes.order_report("BTC/USDT", ORDER | change)


def fill(**change: Any) -> OrderReport:
    return placed(fills=[ORDER["fills"][0] | change])


def heard(**change: Any) -> Any:
    return shapes.news(EVENT | change, SYMBOLS)


def listed(**change: Any) -> Any:
    return shapes.my_trade("BTC/USDT", TRADE | change)


def held(**change: Any) -> Any:
    return shapes.balances({"balances": [{"asset": "BTC", "free": "1", "locked": "0", **change}]})


def told_held(**change: Any) -> Any:
    return shapes.news(POSITION | {"B": [POSITION["B"][0] | change]}, SYMBOLS)


def test_an_answer_an_event_and_a_listed_trade_tell_the_same_fill() -> None:
    (event,) = heard()
    answer = placed()
    assert isinstance(event, OrderReport)
    for report in (event, answer):
        assert (report.status, report.filled_quantity) == (
            OrderStatus.PARTIALLY_FILLED,
            Decimal("0.01"),
        )
        assert (report.side, report.quantity, report.price) == (
            Side.BUY,
            Decimal("0.02"),
            Decimal(50_000),
        )
        assert report.trades == (listed(),)


def test_what_was_not_asked_for_is_told_as_nothing() -> None:
    report = placed(price="0.00000000", origQty="0.00000000")
    assert (report.price, report.quantity) == (None, None)


def test_balances_are_told_as_they_are_and_empty_ones_left_out() -> None:
    assert shapes.news(POSITION, SYMBOLS) == (
        BalancesChanged({"BTC": Balance(Decimal("1.5"), Decimal(0))}),
    )
    assert held(free="0") == {}


def test_an_event_of_a_market_that_is_not_listed_is_a_key_error_and_nothing_else_is() -> None:
    with pytest.raises(KeyError):
        heard(s="NOTHERE")


@pytest.mark.parametrize(
    ("read", "change"),
    [
        (placed, {"status": "NEVER_SEEN"}),
        (placed, {"status": None}),
        (placed, {"side": "HOLD"}),
        (placed, {"orderId": None}),
        (placed, {"clientOrderId": None}),
        (placed, {"executedQty": "-0.01"}),
        (placed, {"executedQty": "NaN"}),
        (placed, {"executedQty": "0.03"}),  # of 0.02
        (placed, {"executedQty": "0.005"}),  # and a fill of 0.01
        (placed, {"cummulativeQuoteQty": "-1"}),
        (placed, {"cummulativeQuoteQty": 1e300}),
        (placed, {"transactTime": 5}),
        (placed, {"price": "-1"}),
        (fill, {"qty": "-0.01"}),
        (fill, {"qty": "0"}),
        (fill, {"price": "Infinity"}),
        (fill, {"commission": "-0.00001"}),
        (fill, {"commission": "0.02"}),  # BTC for a trade of 0.01 BTC
        (fill, {"commission": "501", "commissionAsset": "USDT"}),
        (fill, {"commissionAsset": None}),
        (heard, {"X": "NEVER_SEEN"}),
        (heard, {"X": 5}),
        (heard, {"x": None}),
        (heard, {"S": "HOLD"}),
        (heard, {"i": ""}),
        (heard, {"c": ""}),
        (heard, {"z": "-0.01"}),
        (heard, {"z": "1e99"}),
        (heard, {"z": "0.03"}),
        (heard, {"l": "-5"}),
        (heard, {"l": "0"}),
        (heard, {"L": "0"}),
        (heard, {"n": "12"}),
        (heard, {"T": -1}),
        (heard, {"t": None}),
        (heard, {"m": "no"}),
        (heard, {"r": None}),
        (listed, {"qty": "-1"}),
        (listed, {"price": "0"}),
        (listed, {"isBuyer": 1}),
        (listed, {"isMaker": None}),
        (listed, {"id": "five"}),
        (listed, {"time": 0}),
        (held, {"free": "-1"}),
        (held, {"locked": "NaN"}),
        (held, {"asset": ""}),
        (told_held, {"f": "-1"}),
        (told_held, {"l": "1e99"}),
    ],
    ids=named,
)
def test_what_makes_no_sense_is_a_value_error(
    read: Callable[..., Any], change: dict[str, Any]
) -> None:
    assert read()
    with pytest.raises(ValueError):  # noqa: PT011  # each for a reason of its own
        read(**change)


@pytest.mark.parametrize("name", sorted(EVENT.keys() - {"e", "C"}))
def test_an_event_that_lacks_a_field_is_a_value_error(name: str) -> None:
    event = {key: value for key, value in EVENT.items() if key != name}
    with pytest.raises(ValueError, match=f"there is no {name}"):
        shapes.news(event, SYMBOLS)


def test_a_market_whose_rules_make_no_sense_is_left_out_and_the_others_are_offered() -> None:
    def row(base: str, tick: str) -> dict[str, Any]:
        return {
            "symbol": base + "USDT", "status": "TRADING", "baseAsset": base, "quoteAsset": "USDT",
            "filters": [
                {"filterType": "PRICE_FILTER", "tickSize": tick},
                {"filterType": "LOT_SIZE", "stepSize": "0.1", "minQty": "0.1", "maxQty": "9"},
            ],
        }  # fmt: skip

    symbols = [row("BTC", "0.01"), row("ETH", "0"), row("SOL", "-1"), row("BNB", "NaN")]
    listing = shapes.listing({"symbols": symbols, "rateLimits": []})
    assert list(listing.markets) == ["BTC/USDT"]
    assert set(listing.symbols.values()) == {"BTC/USDT", "ETH/USDT", "SOL/USDT", "BNB/USDT"}


@pytest.mark.parametrize(
    "amounts",
    [
        ("100", "99", "98", "98.5", "1"),  # its highest below its first
        ("100", "101", "100.5", "101", "1"),  # its lowest above its first
        ("0", "1", "0", "1", "1"),
        ("100", "101", "99", "-100", "1"),
        ("100", "101", "99", "100", "NaN"),
        ("100", "101", "99", "100"),
    ],
)
def test_a_candle_that_could_not_have_been_is_a_value_error(amounts: tuple[str, ...]) -> None:
    assert candle([AT, "100", "101", "99", "100", "1", "more"]).close == 100
    with pytest.raises(ValueError):  # noqa: PT011  # each for a reason of its own
        candle([AT, *amounts])
