"""Everything that can reach a strategy."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from tradingbot.trading.market import Market
from tradingbot.trading.order import Execution


class OnStop(StrEnum):
    """What becomes of a bot's orders and coins when it stops."""

    KEEP = "keep"
    CANCEL = "cancel"
    SELL = "sell"


@dataclass(frozen=True, slots=True)
class Started:
    """Given at every start, the first and later ones: the market as it stands."""

    at: datetime
    market: Market
    price: Decimal


@dataclass(frozen=True, slots=True)
class PriceCrossed:
    at: datetime
    trigger: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """The whole order is filled; parts are told only with the whole."""

    at: datetime
    slot: str
    round: int
    execution: Execution


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """Cancelled or expired, perhaps after a part was filled."""

    at: datetime
    slot: str
    round: int
    execution: Execution
    reason: str


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """Never reached the book: the exchange or our last gate said no, or it never arrived."""

    at: datetime
    slot: str
    round: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ParamsChanged:
    at: datetime
    market: Market
    price: Decimal


@dataclass(frozen=True, slots=True)
class StopRequested:
    at: datetime
    on_stop: OnStop


Event: TypeAlias = (
    Started
    | PriceCrossed
    | OrderFilled
    | OrderCancelled
    | OrderRefused
    | ParamsChanged
    | StopRequested
)
