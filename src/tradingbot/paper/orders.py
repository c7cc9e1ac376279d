"""A paper order: what was asked, and how far it got."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from tradingbot.trading.order import Side

ZERO = Decimal(0)


class Status(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"  # acknowledged, and then not accepted


MOVES: dict[Status, frozenset[Status]] = {
    Status.NEW: frozenset(Status) - {Status.NEW},
    Status.PARTIALLY_FILLED: frozenset(Status) - {Status.NEW},
    Status.FILLED: frozenset(),
    Status.CANCELED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.REJECTED: frozenset(),
}


class Lasting(StrEnum):
    """How long an order waits."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


@dataclass(frozen=True, slots=True)
class Trigger:
    """Sleeps until the last price is at or above (`rising`), or at or below, `price`."""

    price: Decimal
    rising: bool
    reserves: bool = True  # holds what the order will pay while it sleeps

    def fires(self, last: Decimal) -> bool:
        return last >= self.price if self.rising else last <= self.price


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """`price` is None for a market order; of `quantity` and `budget` (quote) one is given."""

    cid: str
    symbol: str
    side: Side
    quantity: Decimal | None
    budget: Decimal | None = None
    price: Decimal | None = None
    lasting: Lasting = Lasting.GTC
    post_only: bool = False
    trigger: Trigger | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    trade_id: int
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    at: int  # ms


@dataclass(slots=True)
class PaperOrder:
    id: int
    account: str
    asked: OrderRequest
    created: int  # ms
    updated: int
    working_since: int | None  # None while its trigger sleeps, or it waits
    status: Status = Status.NEW
    executed: Decimal = ZERO
    turnover: Decimal = ZERO  # quote
    locked: Decimal = ZERO  # quote for a buy, base for a sell
    waiting: bool = False  # acknowledged, and on its way to the market
    reason: str | None = None  # why it ended, where its status does not tell
    fills: list[Fill] = field(default_factory=list)

    @property
    def open(self) -> bool:
        return bool(MOVES[self.status])

    @property
    def remaining(self) -> Decimal:
        """What is left of the quantity; nothing for an order bounded by a budget."""
        return ZERO if self.asked.quantity is None else self.asked.quantity - self.executed

    def move(self, status: Status, at: int) -> None:
        assert status in MOVES[self.status], (self.id, self.status, status)
        self.status = status
        self.updated = at
