"""Nothing absurd gets past the door: what cannot be an amount, a time or a side is a ValueError."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tradingbot.adapters import ccxt_fields as its

NOT_AMOUNTS: list[object] = [
    "-1", "-0.1", "NaN", "-NaN", "Infinity", "sNaN", "", " 1", "1 ", "1_000", "0x10", "what?", "１",
    "1e999", "1e18", "9" * 19, "9" * 31, "0." + "0" * 30 + "1", 1, 0.1, True, None, [], {},
]  # fmt: skip
NOT_TIMES: list[object] = [
    0, -1, 1, 1_230_768_000_000, 4_102_444_800_000, 10**30, 1.5, True, None, "", "soon", "-5", "１",
]  # fmt: skip


@pytest.mark.parametrize("value", NOT_AMOUNTS, ids=repr)
def test_what_is_no_amount_is_refused_by_name(value: object) -> None:
    with pytest.raises(ValueError, match="qty is"):
        its.amount({"qty": value}, "qty")


@pytest.mark.parametrize(
    "written", ["0", "1", "0.00000000", "123.4500", "0E-8", "1e-05", "999999999999999999"]
)
def test_an_amount_keeps_every_digit_as_it_was_written(written: str) -> None:
    assert str(its.amount({"qty": written}, "qty")) == str(Decimal(written))


def test_only_what_may_be_negative_or_nothing_is() -> None:
    raw = {"fee": "-0.5", "qty": "0", "free": "-0"}
    assert its.signed(raw, "fee") == Decimal("-0.5")
    assert its.amount(raw, "free") == its.amount(raw, "qty") == 0
    with pytest.raises(ValueError, match="qty is not above zero"):
        its.positive(raw, "qty")
    with pytest.raises(ValueError, match="fee is negative"):
        its.positive(raw, "fee")


@pytest.mark.parametrize("value", NOT_TIMES, ids=repr)
def test_what_is_no_time_is_refused_by_name(value: object) -> None:
    with pytest.raises(ValueError, match="at is no time"):
        its.moment({"at": value}, "at")


@pytest.mark.parametrize("written", [1_767_225_600_123, "1767225600123"], ids=repr)
def test_a_time_is_a_number_or_its_text(written: object) -> None:
    assert its.moment({"at": written}, "at") == datetime(2026, 1, 1, 0, 0, 0, 123_000, tzinfo=UTC)


@pytest.mark.parametrize("value", ["", None, True, 1.5, [], {}], ids=repr)
def test_what_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="i is no id"):
        its.identity({"i": value}, "i")


def test_an_id_is_text_or_a_number() -> None:
    assert [its.identity({"i": value}, "i") for value in (7, "7", "a-b")] == ["7", "7", "a-b"]


@pytest.mark.parametrize("raw", [{}, None, [], "text", 5], ids=repr)
def test_what_is_not_there_is_named_and_is_no_unknown_market(raw: object) -> None:
    with pytest.raises(ValueError, match="there is no qty"):
        its.amount(raw, "qty")  # type: ignore[arg-type]  # because an exchange may send anything


@pytest.mark.parametrize("value", ["HOLD", "", 1, None], ids=repr)
def test_a_side_is_buy_or_sell(value: object) -> None:
    with pytest.raises(ValueError, match="S is n"):
        its.side({"S": value}, "S")
    assert [its.side({"S": word}, "S") for word in ("BUY", "Sell")] == ["buy", "sell"]


@pytest.mark.parametrize("value", [0, 1, "true", None], ids=repr)
def test_true_is_only_true(value: object) -> None:
    with pytest.raises(ValueError, match="m is neither true nor false"):
        its.truth({"m": value}, "m")


@pytest.mark.parametrize("value", [{}, None, "", "[]", ()], ids=repr)
def test_only_a_list_may_be_empty(value: object) -> None:
    with pytest.raises(TypeError):
        its.rows(value)


def test_a_long_value_is_told_short() -> None:
    with pytest.raises(ValueError, match="no number") as caught:
        its.amount({"qty": "x" * 10_000}, "qty")
    assert len(str(caught.value)) < 100
