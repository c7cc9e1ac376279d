"""Everything a strategy can ask for."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from tradingbot.trading.order import OrderType, Side


class Direction(StrEnum):
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    # Names the order's role in the strategy ("grid:07:buy"). Slot and round together are asked for
    # once in a bot's life: asking twice places once.
    slot: str
    round: int
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None  # None for a market order
    reason: str


@dataclass(frozen=True, slots=True)
class CancelOrder:
    slot: str
    round: int
    reason: str


@dataclass(frozen=True, slots=True)
class WatchPrice:
    """Wake me once when the price is at or beyond `price`. Same trigger again: replaced."""

    trigger: str
    price: Decimal
    direction: Direction
    reason: str


@dataclass(frozen=True, slots=True)
class UnwatchPrice:
    trigger: str
    reason: str


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell the owner: `type` is an event type people can be told about, such as target_reached.

    `profit`, in quote, where the news is that something was earned or lost.
    """

    type: str
    reason: str
    profit: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """The bot is done: nothing more will be asked. `failed` when it ended against its will."""

    reason: str
    failed: bool = False


Intent: TypeAlias = PlaceOrder | CancelOrder | WatchPrice | UnwatchPrice | Notify | Finish
