"""Bybit's messages become reports only when they make sense, and then to the last digit."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.accounts import named, request
from tradingbot.adapters import ccxt_bybit_json as shapes
from tradingbot.adapters.ccxt_errors import BYBIT
from tradingbot.exchanges.ports import Balance, BalancesChanged, OrderReport
from tradingbot.strategies.strategy import Candle
from tradingbot.trading.order import OrderStatus, Side

SYMBOLS = {"BTCUSDT": "BTC/USDT"}
AT = "1767225600123"
# As they stand in Bybit's documents, less what we do not read.
ORDER: dict[str, Any] = {
    "category": "spot", "symbol": "BTCUSDT", "orderId": "1523347543495541248",
    "orderLinkId": "t-1", "side": "Buy", "orderType": "Limit", "price": "50000", "qty": "0.02",
    "timeInForce": "GTC", "orderStatus": "PartiallyFilled", "cancelType": "UNKNOWN",
    "rejectReason": "EC_NoError", "avgPrice": "50000", "leavesQty": "0.01", "cumExecQty": "0.01",
    "cumExecValue": "500", "marketUnit": "", "createdTime": AT, "updatedTime": AT,
}  # fmt: skip
EXECUTION: dict[str, Any] = {
    "category": "spot", "symbol": "BTCUSDT", "orderId": "1523347543495541248",
    "orderLinkId": "t-1", "side": "Buy", "orderType": "Limit", "orderPrice": "50000",
    "orderQty": "0.02", "leavesQty": "0.01", "execId": "2100000000055555", "execPrice": "50000",
    "execQty": "0.01", "execValue": "500", "execFee": "0.00001", "feeCurrency": "BTC",
    "isMaker": True, "execType": "Trade", "execTime": AT, "marketUnit": "",
}  # fmt: skip
COIN: dict[str, Any] = {"coin": "USDT", "walletBalance": "1000.5", "locked": "500.25"}


def envelope(held: object) -> dict[str, Any]:
    return {"retCode": 0, "retMsg": "OK", "result": held, "retExtInfo": {}, "time": int(AT)}


def heard(topic: str, *rows: dict[str, Any]) -> Any:
    return shapes.news({"topic": topic, "creationTime": int(AT), "data": list(rows)}, SYMBOLS)


def order(**change: Any) -> OrderReport:
    (report,) = heard("order", ORDER | change)
    assert isinstance(report, OrderReport)
    return report


def fill(**change: Any) -> OrderReport:
    (report,) = heard("execution", EXECUTION | change)
    assert isinstance(report, OrderReport)
    return report


def wallet(**change: Any) -> Any:
    return heard("wallet", {"accountType": "UNIFIED", "coin": [COIN | change]})


def acknowledged(**change: Any) -> OrderReport:
    held = {"orderId": "15", "orderLinkId": "t-ours-1", **change}
    return shapes.acknowledged(request(), envelope(held))


def test_what_is_only_acknowledged_is_open_and_nothing_more_is_known() -> None:
    report = acknowledged()
    assert (report.status, report.filled_quantity) == (OrderStatus.OPEN, Decimal(0))
    assert report.trades == ()
    assert (report.client_order_id, report.exchange_order_id) == ("t-ours-1", "15")
    assert (report.side, report.quantity, report.price) == (None, None, None)


def test_an_order_tells_its_state_and_an_execution_its_fill() -> None:
    state, filled = order(), fill()
    for report in (state, filled):
        assert report.status is OrderStatus.PARTIALLY_FILLED
        assert (report.filled_quantity, report.filled_cost) == (Decimal("0.01"), Decimal(500))
        assert (report.side, report.quantity, report.price) == (
            Side.BUY,
            Decimal("0.02"),
            Decimal(50_000),
        )
        assert (report.client_order_id, report.symbol) == ("t-1", "BTC/USDT")
        assert report.exchange_order_id == "1523347543495541248"
    assert state.trades == ()
    (trade,) = filled.trades
    assert (trade.trade_id, trade.quantity, trade.price) == (
        "2100000000055555",
        Decimal("0.01"),
        Decimal(50_000),
    )
    assert (trade.fee, trade.fee_currency, trade.maker) == (Decimal("0.00001"), "BTC", True)


def test_the_last_fill_of_an_order_fills_it() -> None:
    report = fill(execQty="0.005", leavesQty="0")
    assert (report.status, report.filled_quantity) == (OrderStatus.FILLED, Decimal("0.02"))


def test_one_message_may_hold_several_fills() -> None:
    reports = heard(
        "execution",
        EXECUTION,
        EXECUTION | {"execId": "2", "leavesQty": "0.005", "execQty": "0.005", "execFee": "0"},
    )
    assert [row.filled_quantity for row in reports] == [Decimal("0.01"), Decimal("0.015")]


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ("New", OrderStatus.OPEN),
        ("Untriggered", OrderStatus.OPEN),
        ("PartiallyFilled", OrderStatus.PARTIALLY_FILLED),
        ("Filled", OrderStatus.FILLED),
        ("Cancelled", OrderStatus.CANCELLED),
        ("Deactivated", OrderStatus.CANCELLED),
        ("Rejected", OrderStatus.REJECTED),
    ],
)
def test_each_of_bybits_statuses_is_one_of_ours(told: str, status: OrderStatus) -> None:
    assert order(orderStatus=told).status is status


def test_cancelled_after_a_part_was_filled_is_cancelled_with_that_part() -> None:
    report = order(orderStatus="PartiallyFilledCanceled", leavesQty="0")
    assert (report.status, report.filled_quantity) == (OrderStatus.CANCELLED, Decimal("0.01"))


@pytest.mark.parametrize("reason", BYBIT.endings)
def test_why_an_order_ended_has_our_name(reason: str) -> None:
    report = order(orderStatus="Cancelled", rejectReason=reason, cumExecQty="0", cumExecValue="0")
    assert report.reason == BYBIT.endings[reason]


@pytest.mark.parametrize(
    ("status", "told", "reason"),
    [
        ("Cancelled", "EC_PerCancelRequest", ""),
        ("Cancelled", "EC_NoError", ""),
        ("Rejected", "EC_Others", "EC_Others"),
        # The second message about an order that was filled while its cancel was on the way.
        ("Filled", "EC_OrigClOrdIDDoesNotExist", ""),
    ],
)
def test_a_reason_is_given_only_where_something_needs_one(
    status: str, told: str, reason: str
) -> None:
    assert order(orderStatus=status, rejectReason=told).reason == reason


def test_a_market_order_has_no_price_and_by_value_no_quantity() -> None:
    ours = {"orderType": "Market", "price": "52500", "marketUnit": "baseCoin"}
    assert (order(**ours).price, order(**ours).quantity) == (None, Decimal("0.02"))
    for unit in ("", "quoteCoin"):
        theirs = {"orderType": "Market", "qty": "1000", "marketUnit": unit}
        assert order(**theirs).quantity is None
    by_value = fill(orderType="Market", orderQty="1000", marketUnit="quoteCoin", leavesQty="0")
    assert (by_value.quantity, by_value.filled_quantity) == (None, Decimal("0.01"))


def test_what_other_programs_do_on_the_account_is_read_and_other_products_are_not() -> None:
    assert order(orderLinkId="").client_order_id == ""
    assert heard("order", ORDER | {"category": "linear", "symbol": "BTCUSD", "price": "?"}) == []
    assert heard("execution", EXECUTION | {"execType": "Funding", "execQty": "0"}) == []
    assert heard("position", {"category": "linear"}) == ()


@pytest.mark.parametrize(
    ("change", "currency"),
    [
        ({"side": "Buy"}, "BTC"),
        ({"side": "Sell"}, "USDT"),
        ({"side": "Buy", "execFee": "-0.001"}, "USDT"),
        ({"side": "Sell", "execFee": "-0.000001"}, "BTC"),
        ({"side": "Buy", "execFee": "-0.001", "isMaker": False}, "BTC"),
        ({"side": "Sell", "feeCurrency": "MNT", "execFee": "99"}, "MNT"),
    ],
)
def test_a_fee_is_in_the_coin_told_or_else_in_the_one_the_documents_say(
    change: dict[str, Any], currency: str
) -> None:
    (trade,) = fill(**{"feeCurrency": "", **change}).trades
    assert (trade.fee_currency, trade.fee) == (
        currency,
        Decimal(change.get("execFee", "0.00001")),
    )


def test_a_wallet_tells_what_is_free_and_what_is_held_back() -> None:
    held = {"USDT": Balance(Decimal("500.25"), Decimal("500.25"))}
    assert wallet() == [BalancesChanged(held)]
    empty = {"coin": "BTC", "walletBalance": "0", "locked": "0"}
    assert shapes.balances(envelope({"list": [{"coin": [COIN, empty]}]})) == held


def test_an_order_that_only_its_fills_remember_is_told_from_them() -> None:
    last = EXECUTION | {"execId": "2", "execQty": "0.004", "leavesQty": "0.006", "execFee": "0"}
    report = shapes.from_executions("BTC/USDT", [last, EXECUTION])
    assert (report.status, report.filled_quantity, report.filled_cost) == (
        OrderStatus.PARTIALLY_FILLED,
        Decimal("0.014"),
        Decimal(700),
    )
    assert [trade.trade_id for trade in report.trades] == ["2100000000055555", "2"]
    by_value = {"orderType": "Market", "marketUnit": "quoteCoin", "orderQty": "700"}
    report = shapes.from_executions("BTC/USDT", [last | by_value, EXECUTION | by_value])
    assert report.filled_quantity == Decimal("0.014")


def test_an_event_of_a_market_that_is_not_listed_is_a_key_error_and_nothing_else_is() -> None:
    for read in (order, fill):
        with pytest.raises(KeyError):
            read(symbol="NOTHERE")


@pytest.mark.parametrize(
    ("read", "change"),
    [
        (acknowledged, {"orderId": ""}),
        (acknowledged, {"orderId": None}),
        (acknowledged, {"orderLinkId": ""}),
        (order, {"orderStatus": "NeverSeen"}),
        (order, {"orderStatus": None}),
        (order, {"side": "Hold"}),
        (order, {"side": ""}),
        (order, {"orderId": ""}),
        (order, {"orderLinkId": None}),
        (order, {"cumExecQty": "-0.01"}),
        (order, {"cumExecQty": ""}),
        (order, {"cumExecQty": "NaN"}),
        (order, {"cumExecQty": 0.01}),
        (order, {"cumExecQty": "0.03"}),  # of 0.02
        (order, {"cumExecValue": "-500"}),
        (order, {"cumExecValue": "1e99"}),
        (order, {"updatedTime": "0"}),
        (order, {"price": "0"}),
        (order, {"price": "-1"}),
        (order, {"qty": "-1"}),
        (order, {"orderType": None}),
        (order, {"category": None}),
        (order, {"rejectReason": None}),
        (fill, {"execId": ""}),
        (fill, {"execQty": "0"}),
        (fill, {"execQty": "-0.01"}),
        (fill, {"execPrice": "0"}),
        (fill, {"execPrice": "Infinity"}),
        (fill, {"execFee": "a lot"}),
        (fill, {"execFee": "0.02"}),  # BTC for a trade of 0.01 BTC
        (fill, {"execFee": "-501", "feeCurrency": "USDT"}),
        (fill, {"isMaker": "true"}),
        (fill, {"execTime": "tomorrow"}),
        (fill, {"leavesQty": "0.03"}),  # of 0.02
        (fill, {"leavesQty": "0.015"}),  # and a fill of 0.01
        (fill, {"leavesQty": "-0.01"}),
        (fill, {"side": "None"}),
        (fill, {"execType": None}),
        (wallet, {"walletBalance": "-1"}),
        (wallet, {"walletBalance": ""}),
        (wallet, {"locked": "-1"}),
        (wallet, {"locked": "1000.51"}),  # of 1000.5
        (wallet, {"coin": ""}),
    ],
    ids=named,
)
def test_what_makes_no_sense_is_a_value_error(
    read: Callable[..., Any], change: dict[str, Any]
) -> None:
    assert read()
    with pytest.raises(ValueError):  # noqa: PT011  # each for a reason of its own
        read(**change)


READ_OF_ORDER = {
    "category", "symbol", "orderId", "orderLinkId", "side", "orderType", "price", "qty",
    "orderStatus", "rejectReason", "cumExecQty", "cumExecValue", "updatedTime",
}  # fmt: skip
READ_OF_EXECUTION = EXECUTION.keys() - {"execValue", "feeCurrency", "marketUnit"}


@pytest.mark.parametrize(
    ("topic", "name"),
    [
        *(("order", name) for name in sorted(READ_OF_ORDER)),
        *(("execution", name) for name in sorted(READ_OF_EXECUTION)),
    ],
)
def test_an_event_that_lacks_a_field_is_a_value_error(topic: str, name: str) -> None:
    whole = ORDER if topic == "order" else EXECUTION
    with pytest.raises(ValueError, match=f"there is no {name}"):
        heard(topic, {key: value for key, value in whole.items() if key != name})


@pytest.mark.parametrize("topic", ["order", "execution", "wallet"])
@pytest.mark.parametrize("data", [None, {}, "text", [None], [[]], ["text"]], ids=repr)
def test_an_event_of_another_form_is_an_error(topic: str, data: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        shapes.news({"topic": topic, "data": data}, SYMBOLS)


@pytest.mark.parametrize(
    "answer",
    [
        {"result": {"list": []}},
        {"retCode": None, "result": {"list": []}},
        {"retCode": "0", "result": {"list": []}},
        {"retCode": 0},
        {"retCode": 0, "result": {}},
        {"retCode": 0, "result": None},
        {"retCode": 0, "result": {"list": None}},
        {"retCode": 0, "result": {"list": {}}},
        [],
        None,
    ],
    ids=repr,
)
def test_only_a_whole_envelope_may_say_that_there_is_nothing(answer: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        shapes.listed(answer)


def test_a_list_about_something_else_is_an_error() -> None:
    answer = envelope({"list": [ORDER, ORDER | {"orderLinkId": "t-2"}]})
    assert len(shapes.listed(answer, symbol="BTCUSDT")) == 2
    with pytest.raises(ValueError, match="another orderLinkId"):
        shapes.listed(answer, symbol="BTCUSDT", orderLinkId="t-1")


def test_pages_end_where_bybit_says_so_or_has_nothing_more() -> None:
    def page(cursor: str | None, *rows: dict[str, Any]) -> dict[str, Any]:
        return envelope({"list": list(rows), "nextPageCursor": cursor})

    assert shapes.following(page("next%3D1", ORDER), None) == "next%3D1"
    assert shapes.following(page("next%3D1"), None) is None
    assert shapes.following(page("", ORDER), "next%3D1") is None
    assert shapes.following(envelope({"list": [ORDER]}), None) is None
    with pytest.raises(ValueError, match="follows itself"):
        shapes.following(page("next%3D1", ORDER), "next%3D1")


MARKET: dict[str, Any] = {
    "symbol": "BTCUSDT", "baseCoin": "BTC", "quoteCoin": "USDT", "status": "Trading",
    "lotSizeFilter": {
        "basePrecision": "0.000001", "quotePrecision": "0.0000001", "minOrderQty": "0.000011",
        "maxOrderQty": "83", "minOrderAmt": "5", "maxOrderAmt": "8000000",
        "maxLimitOrderQty": "82", "maxMarketOrderQty": "41.5",
    },
    "priceFilter": {"tickSize": "0.10"},
}  # fmt: skip


def test_a_market_is_known_by_its_rules() -> None:
    listing = shapes.listing(envelope({"category": "spot", "list": [MARKET]}))
    market = listing.markets["BTC/USDT"]
    assert (market.base, market.quote, market.orders_max) == ("BTC", "USDT", 500)
    assert (str(market.tick_size), str(market.step_size)) == ("0.1", "0.000001")
    assert (market.quantity_min, market.quantity_max) == (Decimal("0.000011"), Decimal(82))
    assert (market.notional_min, market.maker_fee) == (Decimal(5), Decimal("0.001"))
    assert (listing.weight_limit, listing.orders_by_ms) == (100, {1_000: 10})
    assert listing.symbols == {"BTCUSDT": "BTC/USDT"}


def test_only_markets_that_are_open_and_make_sense_are_offered() -> None:
    def named(base: str, **change: Any) -> dict[str, Any]:
        return MARKET | {"symbol": base + "USDT", "baseCoin": base} | change

    rows = [
        MARKET,
        named("ETH", status="PreLaunch"),
        named("SOL", priceFilter={"tickSize": "0"}),
        named("BNB", lotSizeFilter=MARKET["lotSizeFilter"] | {"basePrecision": "-1"}),
        named("FIL", priceFilter=None),
    ]
    listing = shapes.listing(envelope({"list": rows}))
    assert list(listing.markets) == ["BTC/USDT"]
    assert len(listing.symbols) == 5


def test_minutes_tell_what_a_market_passed_through_since_a_moment() -> None:
    def minute(at: int, *prices: int) -> Candle:
        first, high, low, last = map(Decimal, prices)
        return Candle(at, first, high, low, last, Decimal(1))

    minutes = [
        minute(60_000, 100, 900, 1, 110),  # it began before: its extremes may be older
        minute(120_000, 110, 120, 105, 115),
        minute(180_000, 115, 130, 90, 95),
    ]
    assert shapes.prices_within(minutes, 90_000) == [
        110, 110, 105, 120, 115, 115, 130, 90, 95,
    ]  # fmt: skip
    assert shapes.prices_within(minutes[1:], 120_000)[:4] == [110, 105, 120, 115]
