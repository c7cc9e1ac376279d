"""Parameters as Bybit reads them: what it does not know it ignores, and text is text."""

import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from tradingbot.paper import bybit_errors as errors
from tradingbot.paper.bybit_errors import ApiError

DECIMAL = re.compile(r"^[0-9]{1,20}(\.[0-9]{1,20})?$")
INTEGER = re.compile(r"^[0-9]{1,18}$")
CLIENT_ID = re.compile(r"^[a-zA-Z0-9-_]{1,36}$")

Choice = TypeVar("Choice", bound=StrEnum)


class Params:
    """What was sent, by name. An absent one, a null and an empty text are the same, mostly."""

    def __init__(self, sent: Mapping[str, object]) -> None:
        self.sent = sent

    def given(self, name: str) -> str | None:
        """As it was sent, even empty: what looks an order up does not overlook that."""
        value = self.sent.get(name)
        if value is not None and not isinstance(value, str):
            raise errors.wrong(f"{name} is not a string.")
        return value

    def text(self, name: str) -> str | None:
        return self.given(name) or None

    def need(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise errors.missing(name)
        return value

    def integer(self, name: str) -> int | None:
        value = self.sent.get(name)
        if value in (None, ""):
            return None
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
        if isinstance(value, str) and INTEGER.fullmatch(value):
            return int(value)
        raise errors.wrong(f"{name} is not a number.")

    def decimal(self, name: str) -> Decimal | None:
        value = self.text(name)
        if value is None:
            return None
        if not DECIMAL.fullmatch(value) or not (number := Decimal(value)):
            raise errors.invalid_data(name)
        return number

    def choice(self, name: str, kind: type[Choice], refusal: tuple[int, str]) -> Choice | None:
        value = self.text(name)
        if value is None:
            return None
        try:
            return kind(value)
        except ValueError:
            raise ApiError(*refusal) from None

    def limit(self, default: int, most: int) -> int:
        value = self.integer("limit")
        if value is None:
            return default
        if not 1 <= value <= most:
            raise errors.wrong(f"limit is not between 1 and {most}.")
        return value

    def client_id(self) -> str:
        """Empty when none was sent."""
        value = self.text("orderLinkId") or ""
        if value and not CLIENT_ID.fullmatch(value):
            raise errors.wrong("orderLinkId has up to 36 letters, digits, dashes and underscores.")
        return value

    def spot(self) -> None:
        if self.text("category") != "spot":
            raise errors.illegal_category()
