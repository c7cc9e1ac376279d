"""What crosses the API."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from tradingbot.exchanges.ports import Mode
from tradingbot.exchanges.schemas import ApiKey, ExchangeName, Name, legible
from tradingbot.trading.event import OnStop

PAIR = "BTC/USDT"

Symbol = Annotated[
    str, Field(min_length=3, max_length=40, examples=[PAIR]), AfterValidator(legible)
]
StrategyName = Annotated[
    str, Field(min_length=1, max_length=40, examples=["grid"]), AfterValidator(legible)
]
GivenParams = Annotated[
    dict[str, Any],
    Field(max_length=100, description="See GET /api/strategies; what is left out has a default."),
]


class NewBot(BaseModel):
    """A bot, with the keys of the account it trades on, or the id of one connected before."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "name": "My Bot",
                "exchange": "binance",
                "strategy": "grid",
                "api_key": "…",
                "api_secret": "…",
            }
        },
    )

    name: Name
    exchange: ExchangeName | None = Field(default=None, description="Of the account, if given.")
    strategy: StrategyName
    symbol: Symbol = PAIR
    params: GivenParams = Field(default_factory=dict)
    api_key: ApiKey | None = None
    api_secret: ApiKey | None = None
    account_id: int | None = Field(default=None, ge=1, lt=2**63)
    mode: Mode | None = Field(default=None, description="Left out: the account's, else paper.")
    start: bool = True
    on_stop: OnStop = OnStop.CANCEL

    @model_validator(mode="after")
    def _one_way_to_an_account(self) -> Self:
        keys = (self.api_key, self.api_secret)
        if self.account_id is not None and keys != (None, None):
            raise ValueError("account_id: give either this or api_key and api_secret")
        if self.account_id is None:
            for field in ("exchange", "api_key", "api_secret"):
                if getattr(self, field) is None:
                    raise ValueError(f"{field}: is needed, unless account_id is given")
        return self


class BotChanges(BaseModel):
    """What to change. `params` are merged into the saved ones; null means: the default again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"name": "Calmer", "params": {"lines": 10}}}
    )

    name: Name | None = None
    params: GivenParams | None = None
    on_stop: OnStop | None = None


class StopBot(BaseModel):
    """What becomes of its orders and coins; left out: what the bot was set to."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"on_stop": "cancel"}})

    on_stop: OnStop | None = None


class BotView(BaseModel):
    """A bot as it stands. `wanted` is what its owner asked for, `status` how far it got."""

    id: int
    name: str
    exchange: str
    account_id: int
    api_key_hint: str
    strategy: str
    symbol: str
    params: dict[str, Any]
    mode: Mode
    wanted: str
    status: str = Field(description="stopped, starting, running, stopping, paused or error")
    status_reason: str
    on_stop: OnStop
    started_at: datetime | None
    created_at: datetime
    updated_at: datetime


class PerformanceView(BaseModel):
    """What a bot's fills came to: amounts in base, values in quote, profit by average cost."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "bot_id": 1,
                "symbol": PAIR,
                "base": "BTC",
                "quote": "USDT",
                "holdings": {"BTC": "0.0007992", "USDT": "51.968"},
                "holding": "0.0007992",
                "average_price": "60060.06",
                "price": "60100",
                "value": "48.03192",
                "realised": "0",
                "unrealised": "0.03192",
                "fees": {"BTC": "0.0000008"},
                "fills": 1,
                "orders_open": 9,
                "completed": 0,
                "strategy": {"grid_profit": "0", "cells_completed": "0"},
            }
        }
    )

    bot_id: int
    symbol: str
    base: str
    quote: str
    holdings: dict[str, str] = Field(
        description="What it owns of its account's money, by coin; nothing once it has stopped and "
        "no order of it is open."
    )
    holding: str = Field(description="What its fills left it, before anything was given back.")
    average_price: str | None
    price: str | None = Field(description="Now; null while the exchange does not answer.")
    value: str | None
    realised: str
    unrealised: str | None
    fees: dict[str, str] = Field(description="Paid so far, by currency.")
    fills: int
    orders_open: int
    completed: int = Field(description="Sales that were filled: each closes a purchase.")
    strategy: dict[str, str] = Field(
        description="What the strategy counts by itself, such as a grid's profit from its steps."
    )


class Draft(BaseModel):
    """Parameters to try out. Nothing is created."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"exchange": "binance", "symbol": PAIR, "params": {}}},
    )

    exchange: ExchangeName = "binance"
    mode: Mode = Mode.PAPER
    symbol: Symbol = PAIR
    params: GivenParams = Field(default_factory=dict)


class RefusalView(BaseModel):
    field: str
    code: str
    message: str


class DraftView(BaseModel):
    """The completed parameters, what stands against them, and what they would do."""

    params: dict[str, Any]
    problems: list[RefusalView]
    preview: dict[str, Any] | None = Field(description="Null while there are problems.")


class StrategyView(BaseModel):
    name: str
    title: str
    params_schema: dict[str, Any] = Field(description="JSON Schema of `params`.")


class StatsView(BaseModel):
    """Everything of this user's at a glance."""

    bots: dict[str, int] = Field(description="How many, by status.")
    orders_open: int
    orders: int
    fills: int
    realised: dict[str, str] = Field(description="Profit so far, by quote currency.")
    fees: dict[str, str]
