"""What became of a bot's orders, kept until the bot has decided on it."""

from collections.abc import Callable

from tradingbot.bots import codec
from tradingbot.bots import runner_repository as repository
from tradingbot.kit.queue import Doorbell
from tradingbot.kit.statement import Driver
from tradingbot.orders.models import Order
from tradingbot.orders.ports import Ending
from tradingbot.trading.order import TERMINAL

# The channel that carries the ids of bots with something to decide on.
WAKE = "bots:wake"


class Inbox:
    """The orders' listener: the bot hears of an ending by the commit that makes it one."""

    def __init__(self, doorbell: Doorbell, nudge: Callable[[], None]) -> None:
        self._doorbell = doorbell
        self._nudge = nudge

    async def order_ended(self, driver: Driver, order: Order, ending: Ending) -> None:
        if order.origin == "bot":
            await repository.put(driver, order.bot_id, codec.dump_event(ending))

    async def committed(self, order: Order) -> None:
        if order.origin == "bot" and order.status in TERMINAL:
            await self._doorbell.ring(WAKE, str(order.bot_id))
        self._nudge()
