"""What crosses the API."""

import unicodedata
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr
from pydantic.config import JsonDict

from tradingbot.exchanges.ports import Mode

KEY_CHARACTERS_MAX = 512


def _writable(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if not value:
        raise ValueError("is empty")
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError("may not contain control characters such as line breaks")
    return secret


def legible(text: str) -> str:
    """Refuse what no screen shows and PostgreSQL cannot keep."""
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("may not contain control characters")
    return text


ApiKey = Annotated[
    SecretStr,
    Field(min_length=1, max_length=KEY_CHARACTERS_MAX),
    AfterValidator(_writable),
]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(legible)]
ExchangeName = Annotated[
    str, Field(min_length=1, max_length=40, examples=["binance", "bybit"]), AfterValidator(legible)
]

KEYS: JsonDict = {"api_key": "…", "api_secret": "…"}


class NewAccount(BaseModel):
    """An account on an exchange, by its API key. The keys are kept encrypted, and never shown."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"exchange": "binance", "name": "Main", **KEYS}},
    )

    exchange: ExchangeName
    name: Name | None = Field(default=None, description="Left out: the exchange's name.")
    api_key: ApiKey
    api_secret: ApiKey
    mode: Mode = Mode.PAPER


class NewKeys(BaseModel):
    """Other keys for the same account: every bot on it goes on with them."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": KEYS})

    api_key: ApiKey
    api_secret: ApiKey


class AccountView(BaseModel):
    """Of the keys, only the last four characters of the public one are ever shown."""

    id: int
    exchange: str
    mode: Mode
    name: str
    api_key_hint: str
    created_at: datetime
    held_since: datetime | None = Field(
        default=None, description="Since when nothing new is sent on it."
    )
    held_reason: str | None = None


class ExchangeView(BaseModel):
    id: str
    modes: list[Mode] = Field(description="How far a bot may go there, on this installation.")


class MarketView(BaseModel):
    """The rules of a market. Prices in quote per base; fees as fractions, 0.001 is 0.1 %."""

    symbol: str
    base: str
    quote: str
    tick_size: str
    step_size: str
    quantity_min: str
    quantity_max: str
    notional_min: str
    maker_fee: str
    taker_fee: str
