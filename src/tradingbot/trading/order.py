"""An order's life: statuses and the table of moves between them."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tradingbot.trading.money import quotient


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"
    LIMIT_MAKER = "limit_maker"


class OrderStatus(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"  # also: sent, and no clear answer yet. There is no other "unknown".
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    NOT_PLACED = "not_placed"  # proven: the exchange can no longer accept it


_S = OrderStatus

_EXCHANGE_STATES = frozenset(
    {_S.OPEN, _S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED}
)

MOVES: dict[OrderStatus, frozenset[OrderStatus]] = {
    # A database restored from yesterday plans what the exchange has had since: that counts.
    _S.PLANNED: _EXCHANGE_STATES | {_S.SENDING},
    _S.SENDING: _EXCHANGE_STATES | {_S.NOT_PLACED},
    _S.OPEN: frozenset({_S.PARTIALLY_FILLED, _S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED}),
    _S.PARTIALLY_FILLED: frozenset({_S.FILLED, _S.CANCELLED, _S.EXPIRED}),
    _S.FILLED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.EXPIRED: frozenset(),
    # The exchange is the truth: an order proven absent and seen later all the same is adopted.
    _S.NOT_PLACED: _EXCHANGE_STATES,
}

TERMINAL = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED, _S.NOT_PLACED})
LIVE = frozenset(OrderStatus) - TERMINAL
ON_BOOK = frozenset({_S.OPEN, _S.PARTIALLY_FILLED})


def may_move(before: OrderStatus, after: OrderStatus) -> bool:
    return before == after or after in MOVES[before]


@dataclass(frozen=True, slots=True)
class Execution:
    """What an order came to so far. Quantity in base, cost in quote, fees as they were taken."""

    quantity: Decimal
    cost: Decimal
    fee_base: Decimal = Decimal(0)
    fee_quote: Decimal = Decimal(0)

    @property
    def average_price(self) -> Decimal | None:
        return quotient(self.cost, self.quantity) if self.quantity else None

    @property
    def received_base(self) -> Decimal:
        """What a buy really left in the account."""
        return self.quantity - self.fee_base

    @property
    def received_quote(self) -> Decimal:
        """What a sell really left in the account."""
        return self.cost - self.fee_quote


NOTHING = Execution(Decimal(0), Decimal(0))
