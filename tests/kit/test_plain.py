"""What is written as JSON is read back to the last digit."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradingbot.kit.plain import dumps, plain


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_keeps_every_digit(value: Decimal) -> None:
    assert Decimal(json.loads(dumps({"price": value}))["price"]) == value


def test_moments_are_in_utc() -> None:
    at = datetime(2026, 11, 23, 8, 0, tzinfo=timezone(timedelta(hours=3)))
    assert plain(at) == plain(at.astimezone(UTC)) == "2026-11-23T05:00:00.000000Z"


@given(st.text(st.characters()))
def test_any_text_becomes_one_that_can_be_stored(text: str) -> None:
    shown = plain(text)
    assert "\x00" not in shown
    assert shown.encode().decode() == shown


def test_what_has_no_json_form_is_refused() -> None:
    with pytest.raises(TypeError):
        plain({"it": object()})
    with pytest.raises(ValueError, match="JSON"):
        dumps(float("nan"))
