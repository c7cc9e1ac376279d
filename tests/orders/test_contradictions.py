from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.orders.test_next_status import an_order
from tradingbot.exchanges.ports import OrderReport, Trade
from tradingbot.orders.contradictions import contradiction, facts, miscounted, overfilled
from tradingbot.trading.order import OrderStatus, Side

D = Decimal
S = OrderStatus
AT = datetime(2026, 1, 1, tzinfo=UTC)
TRADE = Trade("t1", "7", "BTC/USDT", Side.BUY, D(4), D(100), D("0.004"), "BTC", maker=True, at=AT)
REPORT = OrderReport(
    symbol="BTC/USDT",
    client_order_id="tb-1",
    exchange_order_id="7",
    status=S.PARTIALLY_FILLED,
    filled_quantity=D(4),
    filled_cost=D(400),
    at=AT,
    trades=(TRADE,),
    side=Side.BUY,
    quantity=D(10),
    price=D(100),
)
ORDER = an_order(S.OPEN)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"side": None, "quantity": None, "price": None},
        {"client_order_id": ""},
        {"quantity": D("10.000"), "price": D("1E+2")},
        {"filled_quantity": D(10), "status": S.FILLED},
        {"filled_quantity": D(0), "status": S.OPEN, "trades": ()},
        {"trades": (replace(TRADE, fee=D("-0.04")),)},
        {"trades": (replace(TRADE, fee=D("0.0001"), fee_currency="BNB"),)},
        {"trades": (replace(TRADE, fee=D(0)),)},
    ],
)
def test_nothing_is_held_against_what_can_be_true(change: dict[str, Any]) -> None:
    assert contradiction(ORDER, replace(REPORT, **change)) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"symbol": "ETH/USDT", "trades": ()}, "ETH/USDT"),
        ({"client_order_id": "tb-2"}, "client order id"),
        ({"exchange_order_id": "8", "trades": ()}, "number 7"),
        ({"side": Side.SELL}, "sell"),
        ({"quantity": D(11)}, "for 11"),
        ({"quantity": D("NaN")}, "NaN"),
        ({"quantity": D("sNaN")}, "no numbers"),
        ({"price": D(101)}, "101"),
        ({"filled_quantity": D(-1)}, "no amounts"),
        ({"filled_quantity": D("Infinity")}, "no amounts"),
        ({"filled_cost": D(-1)}, "no amounts"),
        ({"filled_cost": D("NaN")}, "no amounts"),
        ({"filled_quantity": D(11)}, "11 filled of 10"),
        ({"filled_quantity": D(9), "status": S.FILLED}, "only 9"),
    ],
)
def test_a_report_that_cannot_be_true_says_why(change: dict[str, Any], said: str) -> None:
    why = contradiction(ORDER, replace(REPORT, **change))
    assert why is not None
    assert said in why


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"symbol": "ETH/USDT"}, "another market or side"),
        ({"side": Side.SELL}, "another market or side"),
        ({"exchange_order_id": "8"}, "another order"),
        ({"quantity": D(0)}, "no quantity"),
        ({"quantity": D(-4)}, "no quantity"),
        ({"price": D(0)}, "no quantity or no price"),
        ({"price": D("NaN")}, "no price"),
        ({"fee": D("-0.05")}, "fee"),
        ({"fee": D("0.5")}, "fee"),
        ({"fee": D("NaN")}, "fee"),
        ({"fee": D("-0.0001"), "fee_currency": "BNB"}, "fee"),
        ({"fee": D(41), "fee_currency": "USDT"}, "fee"),
    ],
)
def test_a_trade_that_cannot_be_true_says_why(change: dict[str, Any], said: str) -> None:
    why = contradiction(ORDER, replace(REPORT, trades=(replace(TRADE, **change),)))
    assert why is not None
    assert said in why


def test_an_end_with_less_than_was_filled_is_none() -> None:
    order = replace(ORDER, filled_quantity=D(6))
    ended = replace(REPORT, status=S.CANCELLED, trades=())

    assert contradiction(order, ended) is not None
    # Told later than what came after it, it is only old.
    assert contradiction(order, replace(ended, status=S.PARTIALLY_FILLED)) is None


def test_a_market_order_is_not_held_to_a_price() -> None:
    assert contradiction(replace(ORDER, price=None), REPORT) is None


def test_more_than_was_ordered_is_not_filled() -> None:
    assert overfilled(ORDER, D(10)) is None
    assert overfilled(ORDER, D("10.00000001")) is not None


def test_a_trade_counts_again_only_as_what_it_was() -> None:
    known = {"order_id": 1, "quantity": D("4.0"), "price": D(100)}

    assert miscounted(ORDER, TRADE, None) is None
    assert miscounted(ORDER, TRADE, known) is None
    for name, other in (("order_id", 2), ("quantity", D(5)), ("price", D(99))):
        assert miscounted(ORDER, TRADE, {**known, name: other}) is not None


def test_what_was_said_is_kept_as_text_of_bounded_length() -> None:
    absurd = replace(REPORT, filled_quantity=D("1E+999999"), reason="x" * 10_000)
    kept = facts(replace(absurd, trades=(TRADE,) * 1_000))

    assert kept["filled_quantity"] == "1E+999999"
    assert max(map(len, kept.values())) <= 400
    assert "t1:buy:4:100:0.004:BTC" in kept["trades"]
