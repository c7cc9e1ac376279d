"""Parameters read as strictly as Binance reads them."""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from tradingbot.paper import binance_errors as errors
from tradingbot.paper.binance_errors import ApiError

DECIMAL = re.compile(r"^([0-9]{1,20})(\.[0-9]{1,20})?$")
INTEGER = re.compile(r"^[0-9]{1,20}$")
CLIENT_ID = re.compile(r"^[a-zA-Z0-9-_]{1,36}$")
SYMBOL = re.compile(r"^[A-Z0-9-_.]{1,20}$")
PLACES_MAX = 8

Choice = TypeVar("Choice", bound=StrEnum)


class Params:
    """What was sent, by name; each reader answers None for what was not sent."""

    def __init__(self, sent: Mapping[str, str]) -> None:
        self.sent = sent

    def has(self, name: str) -> bool:
        return name in self.sent

    def text(self, name: str, pattern: re.Pattern[str] | None = None) -> str | None:
        value = self.sent.get(name)
        if value is None:
            return None
        if value == "":
            raise ApiError(-1105, f"Parameter '{name}' was empty.")
        if pattern is not None and not pattern.fullmatch(value):
            raise errors.illegal(name, pattern.pattern)
        return value

    def need(self, name: str, pattern: re.Pattern[str] | None = None) -> str:
        if not self.sent.get(name):
            raise errors.missing(name)
        return self.text(name, pattern) or ""

    def integer(self, name: str) -> int | None:
        value = self.text(name, INTEGER)
        return None if value is None else int(value)

    def decimal(self, name: str) -> Decimal | None:
        value = self.text(name, DECIMAL)
        if value is None:
            return None
        if len(value.partition(".")[2].rstrip("0")) > PLACES_MAX:
            raise ApiError(-1111, f"Parameter '{name}' has too much precision.")
        return Decimal(value)

    def need_decimal(self, name: str) -> Decimal:
        if not self.sent.get(name):
            raise errors.missing(name)
        value = self.decimal(name)
        assert value is not None
        return value

    def choice(self, name: str, kind: type[Choice], code: int, msg: str) -> Choice | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return kind(value)
        except ValueError:
            raise ApiError(code, msg) from None

    def limit(self, default: int, most: int) -> int:
        value = self.integer("limit")
        if value is None:
            return default
        if value < 1:
            raise errors.invalid_data("limit")
        return min(value, most)

    def client_id(self, name: str) -> str | None:
        return self.text(name, CLIENT_ID)


def check_names(sent: Mapping[str, str], required: frozenset[str], known: frozenset[str]) -> None:
    """Raises -1104 for what nobody reads, -1102 for what is missing."""
    read = sum(name in known for name in sent)
    if read != len(sent):
        raise errors.unread(read, len(sent))
    for name in sorted(required):
        if not sent.get(name):
            raise errors.missing(name)
