"""One field out of an exchange's JSON, or a ValueError that names it: nothing absurd gets past."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from tradingbot.trading.order import Side

Raw: TypeAlias = Mapping[str, Any]

# As exchanges write amounts. Decimal itself would also read "NaN", "1_000" and " 1".
NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")
# No market counts as far as this; what does is not an amount.
AMOUNT_MAX = Decimal(10) ** 18
# 2009 to 2100, in milliseconds: outside of it there is nothing to trade.
FIRST_MS, LAST_MS = 1_230_768_000_000, 4_102_444_800_000
VALUE_LENGTH_MAX = 40


def required(raw: Raw, name: str) -> Any:
    """What stands under this name. A KeyError would mean something else: an unknown market."""
    if not isinstance(raw, Mapping) or name not in raw:
        raise ValueError(f"there is no {name}")
    return raw[name]


def text(raw: Raw, name: str) -> str:
    value = required(raw, name)
    if not isinstance(value, str):
        raise _wrong(name, value, "no text")
    return value


def identity(raw: Raw, name: str) -> str:
    """An id, which an exchange writes as text or as a number; never empty."""
    value = required(raw, name)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise _wrong(name, value, "no id")
    return str(value)


def truth(raw: Raw, name: str) -> bool:
    value = required(raw, name)
    if not isinstance(value, bool):
        raise _wrong(name, value, "neither true nor false")
    return value


def number(value: object, name: str) -> Decimal:
    """Exact, from its text: never through a float."""
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise _wrong(name, value, "no number")
    found = Decimal(value)
    if abs(found) >= AMOUNT_MAX:
        raise _wrong(name, value, "absurdly large")
    return found


def signed(raw: Raw, name: str) -> Decimal:
    """May be negative, as a fee is that was paid to us."""
    return number(required(raw, name), name)


def amount(raw: Raw, name: str) -> Decimal:
    return not_negative(required(raw, name), name)


def not_negative(value: object, name: str) -> Decimal:
    found = number(value, name)
    if found < 0:
        raise _wrong(name, value, "negative")
    return found


def positive(raw: Raw, name: str) -> Decimal:
    found = amount(raw, name)
    if not found:
        raise _wrong(name, raw[name], "not above zero")
    return found


def moment(raw: Raw, name: str) -> datetime:
    """A time in milliseconds, which an exchange writes as a number or as text."""
    return datetime.fromtimestamp(at_ms(required(raw, name), name) / 1000, UTC)


def at_ms(value: object, name: str) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not FIRST_MS < value < LAST_MS:
        raise _wrong(name, value, "no time")
    return value


def side(raw: Raw, name: str) -> Side:
    value = text(raw, name).lower()
    if value not in set(Side):
        raise _wrong(name, value, "neither buy nor sell")
    return Side(value)


def rows(value: object) -> Sequence[Any]:
    """Nothing else may pass for an empty list: that says there are no orders, no trades."""
    if not isinstance(value, list):
        raise TypeError("a list was asked for")
    return value


def _wrong(name: str, value: object, what: str) -> ValueError:
    return ValueError(f"{name} is {what}: {str(value)[:VALUE_LENGTH_MAX]}")
