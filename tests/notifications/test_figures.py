"""Figures as people are used to read them."""

from decimal import Decimal

import pytest

from tradingbot.notifications.english import ENGLISH
from tradingbot.notifications.figures import gain, sums
from tradingbot.notifications.russian import RUSSIAN

D = Decimal


@pytest.mark.parametrize(
    ("value", "english", "russian"),
    [
        ("1234.567", "+1,234.57", "+1 234,57"),
        ("-3.2", "-3.20", "-3,20"),
        ("0.0001234567", "+0.000123", "+0,000123"),
        ("-0.00000001", "0", "0"),
        ("0", "0", "0"),
    ],
)
def test_a_gain_is_short_and_shows_its_sign(value: str, english: str, russian: str) -> None:
    assert (gain(D(value), ENGLISH), gain(D(value), RUSSIAN)) == (english, russian)


def test_each_sum_of_several_is_written_as_the_reader_is_used_to() -> None:
    assert sums("1234.5 EUR, -0.1 BTC", RUSSIAN) == "1 234,50 EUR, -0,10 BTC"
    assert sums("1234.5 EUR", ENGLISH) == "1,234.50 EUR"
    assert sums("nothing at all, 3", RUSSIAN) == "nothing at all, 3,00"
