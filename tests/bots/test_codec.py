from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tradingbot.bots import codec
from tradingbot.trading.event import (
    Event,
    OnStop,
    OrderCancelled,
    OrderFilled,
    OrderRefused,
    ParamsChanged,
    PriceCrossed,
    Started,
    StopRequested,
)
from tradingbot.trading.market import Market
from tradingbot.trading.order import Execution

D = Decimal
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
MARKET = Market(
    "BTC/USDT",
    "BTC",
    "USDT",
    D("0.01"),
    D("0.00001"),
    D("0.00001"),
    D(9000),
    D(5),
    D("0.001"),
    D(0),
)
PART = Execution(D("0.10000000"), D("6012.340"), fee_base=D("0.0001"))

EVENTS: list[Event] = [
    Started(AT, MARKET, D("60000.10")),
    PriceCrossed(AT, "goal", D(1)),
    OrderFilled(AT, "grid:01:buy", 3, PART),
    OrderCancelled(AT, "grid:01:buy", 3, PART, "by hand"),
    OrderRefused(AT, "grid:01:buy", 3, "insufficient_funds", "no"),
    ParamsChanged(AT, MARKET, D(1)),
    StopRequested(AT, OnStop.SELL),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_comes_back_exactly_as_it_was(event: Event) -> None:
    text = codec.dump_event(event)

    assert codec.load_event(text) == event
    assert codec.dump_event(codec.load_event(text)) == text  # decimals to the last zero


def test_every_kind_of_event_can_be_kept() -> None:
    assert set(codec.EVENTS) == {type(event).__name__ for event in EVENTS}
