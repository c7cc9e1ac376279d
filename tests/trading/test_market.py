from dataclasses import replace
from decimal import Decimal

import pytest

from tests.strategies.tiny_exchange import BTC
from tradingbot.trading.market import breach


@pytest.mark.parametrize(
    ("quantity", "price", "field", "code"),
    [
        ("0.001", "60000.001", "price", "price_off_tick"),
        ("0.001", "0", "price", "price_off_tick"),
        ("0.001", "-1", "price", "price_off_tick"),
        ("0.000015", "60000", "quantity", "quantity_off_step"),
        ("0", "60000", "quantity", "quantity_off_step"),
        ("0.00008", "60000", "quantity", "below_minimum_notional"),
        ("9000.00001", "60000", "quantity", "above_maximum_quantity"),
    ],
)
def test_a_breach_names_the_field_and_the_rule(
    quantity: str, price: str, field: str, code: str
) -> None:
    found = breach(BTC, Decimal(quantity), Decimal(price))
    assert found is not None
    assert (found.field, found.code) == (field, code)


def test_a_minimum_quantity_above_one_step_is_its_own_rule() -> None:
    market = replace(BTC, quantity_min=Decimal("0.01"))
    found = breach(market, Decimal("0.009"), Decimal(60_000))
    assert found is not None
    assert found.code == "below_minimum_quantity"
    assert "0.01" in found.reason


def test_an_order_exactly_on_every_border_passes() -> None:
    assert breach(BTC, Decimal("0.0001"), Decimal(50_000)) is None
    assert breach(BTC, Decimal(9000), Decimal("0.01")) is None


def test_a_market_rounds_prices_to_the_tick_and_quantities_down() -> None:
    assert BTC.price(Decimal("60000.016")) == Decimal("60000.02")
    assert BTC.quantity(Decimal("0.000019999")) == Decimal("0.00001")
