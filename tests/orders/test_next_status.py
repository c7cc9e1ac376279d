from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tradingbot.exchanges.ports import OrderReport
from tradingbot.orders.applier import next_status
from tradingbot.orders.models import Order
from tradingbot.trading.order import OrderStatus, OrderType, Side

D = Decimal
AT = datetime(2026, 1, 1, tzinfo=UTC)
S = OrderStatus


def an_order(status: OrderStatus) -> Order:
    return Order(
        id=1,
        user_id=1,
        bot_id=1,
        account_id=1,
        symbol="BTC/USDT",
        slot="grid:01:buy",
        round=1,
        origin="bot",
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=D(10),
        price=D(100),
        status=status,
        filled_quantity=D(0),
        filled_cost=D(0),
        fee=D(0),
        fee_currency=None,
        client_order_id="tb-1",
        exchange_order_id="7",
        reason="",
        code=None,
        sign_timestamp_ms=None,
        recv_window_ms=None,
        lookups_missed=0,
        cancel_requested_at=None,
        created_at=AT,
        updated_at=AT,
    )


# before, what the exchange says, its total, what we have counted, after
CASES = [
    (S.SENDING, S.OPEN, 0, 0, S.OPEN),
    (S.SENDING, S.FILLED, 10, 10, S.FILLED),
    (S.SENDING, S.REJECTED, 0, 0, S.REJECTED),
    (S.SENDING, S.EXPIRED, 0, 0, S.EXPIRED),
    (S.OPEN, S.PARTIALLY_FILLED, 4, 4, S.PARTIALLY_FILLED),
    # An ending is believed only once every fill behind it is here.
    (S.OPEN, S.FILLED, 10, 0, S.OPEN),
    (S.OPEN, S.FILLED, 10, 4, S.PARTIALLY_FILLED),
    (S.OPEN, S.CANCELLED, 4, 0, S.OPEN),
    (S.PARTIALLY_FILLED, S.CANCELLED, 4, 4, S.CANCELLED),
    # All fills here say more than an older report.
    (S.OPEN, S.OPEN, 0, 10, S.FILLED),
    # Old news moves nothing.
    (S.PARTIALLY_FILLED, S.OPEN, 0, 4, S.PARTIALLY_FILLED),
    (S.FILLED, S.OPEN, 0, 10, S.FILLED),
    (S.FILLED, S.CANCELLED, 4, 10, S.FILLED),
    (S.CANCELLED, S.OPEN, 0, 0, S.CANCELLED),
    # The exchange is the truth, even about an order proven absent.
    (S.NOT_PLACED, S.OPEN, 0, 0, S.OPEN),
    (S.NOT_PLACED, S.FILLED, 10, 10, S.FILLED),
]


@pytest.mark.parametrize(("before", "told", "total", "counted", "after"), CASES)
def test_the_next_status_follows_what_is_told_and_what_is_counted(
    before: OrderStatus, told: OrderStatus, total: int, counted: int, after: OrderStatus
) -> None:
    report = OrderReport("BTC/USDT", "tb-1", "7", told, D(total), D(0), AT)

    assert next_status(an_order(before), report, D(counted)) is after
