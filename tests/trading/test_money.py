from decimal import Decimal, Inexact, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingbot.trading.money import UNROUNDED, ceil_to, floor_to, nearest, plain, spoken

STEPS = st.sampled_from([Decimal(text) for text in ("1", "0.5", "0.01", "0.00001", "10")])
VALUES = st.decimals("-1000000", "1000000", places=8)


@given(step=STEPS, value=VALUES)
def test_rounding_stays_within_one_step_and_on_the_grid(step: Decimal, value: Decimal) -> None:
    low, high, near = floor_to(step, value), ceil_to(step, value), nearest(step, value)
    assert low <= value <= high
    assert high - low in {0, step}
    assert near in {low, high}
    assert abs(near - value) <= step / 2
    assert low % step == high % step == near % step == 0


def test_of_two_equally_close_the_even_one_is_nearest() -> None:
    assert nearest(Decimal(1), Decimal("2.5")) == 2
    assert nearest(Decimal(1), Decimal("3.5")) == 4


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E-8", "0.00000001"), ("10", "10"), ("1E+3", "1000"), ("0.500", "0.5"), ("0.00", "0")],
)
def test_a_plain_decimal_has_no_exponent_and_no_trailing_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("61250.00", "61,250"),
        ("0.00016", "0.00016"),
        ("1234567.5", "1,234,567.5"),
        ("-0.000000001", "0"),
        ("100", "100"),
    ],
)
def test_a_spoken_decimal_has_its_thousands_apart(value: str, text: str) -> None:
    assert spoken(Decimal(value)) == text


def test_money_that_changes_hands_is_never_rounded() -> None:
    price, quantity = Decimal("98765432109876543210.123456789"), Decimal("0.123456789012345678")
    with localcontext(UNROUNDED):
        cost = price * quantity
        assert cost / quantity == price
        with pytest.raises(Inexact):
            cost / 7
