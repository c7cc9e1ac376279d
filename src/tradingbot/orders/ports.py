"""What orders need from outside: whose account it is, and who hears what became of an order."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from tradingbot.kit.statement import Driver
from tradingbot.orders.models import Order
from tradingbot.trading.event import OrderCancelled, OrderFilled, OrderRefused

Ending: TypeAlias = OrderFilled | OrderCancelled | OrderRefused


class Listener(Protocol):
    async def order_ended(self, driver: Driver, order: Order, ending: Ending) -> None:
        """Called inside the transaction that ends the order: kept or lost together with it."""
        ...

    async def committed(self, order: Order) -> None:
        """Called after the commit: ring, so that nobody waits for a sweep."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """The account a bot trades on, and the random name its client order ids are made from.

    `held_reason`: why nothing is sent on it at present.
    `resting`: its strategy does not run.
    """

    account_id: int
    bot_uid: str
    held_reason: str | None = None
    resting: bool = True


class FindAccount(Protocol):
    async def __call__(
        self, driver: Driver, user_id: int, bot_id: int, *, lock: bool = False
    ) -> Account | None:
        """None when there is no such bot, or it is somebody else's.

        `lock`: until the transaction ends nobody else changes it or plans for it.
        """
        ...
