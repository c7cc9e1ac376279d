"""What became of an order nobody answered for."""

import asyncio
from collections.abc import Callable
from math import ceil

from tradingbot.kit.clock import Clock, milliseconds
from tradingbot.kit.database import Database
from tradingbot.kit.log import logger
from tradingbot.orders import monitor_repository
from tradingbot.orders.applier import Applier
from tradingbot.orders.elsewhere import Elsewhere
from tradingbot.orders.executor import Executor
from tradingbot.orders.models import Order
from tradingbot.orders.quarantine import Quarantine
from tradingbot.orders.sessions import Sessions
from tradingbot.trading.order import OrderStatus

# An exchange gives a request it let in up to 10 s in its engine; 5 s more for its read replicas.
ENGINE_SECONDS = 10
LAG_SECONDS = 5
MISSES_MIN = 3
REMEMBERED_MAX = 10_000

log = logger(__name__)


def seconds_passed() -> float:
    """Of a clock that nobody can set."""
    return asyncio.get_running_loop().time()


class Resolver:
    """Looks up by client order id, until found or provably never placed. Sends nothing, ever."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        executor: Executor,
        applier: Applier,
        clock: Clock,
        passed: Callable[[], float] = seconds_passed,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._executor = executor
        self._applier = applier
        self._clock = clock
        self._passed = passed
        self._quarantine = Quarantine(database)
        self._elsewhere = Elsewhere(database, sessions, executor)
        self._first_seen: dict[int, float] = {}

    async def meet(self) -> None:
        """Every order in doubt begins its wait now, whenever the first look at it will be.

        Raises DatabaseUnreachable.
        """
        async with self._database.asking() as driver:
            for order_id in await monitor_repository.in_doubt(driver):
                self._see(order_id)

    async def resolve(self, order: Order) -> None:
        """One look. Raises ExchangeUnreachable: then nothing was learnt."""
        assert order.status is OrderStatus.SENDING
        # Before the look: only one begun after the fence can prove anything.
        left_ms = await self._ms_to_fence(order)
        if 0 <= left_ms <= _wait_ms(order):  # and not until a clock that jumped is right again
            async with self._database.asking() as driver:
                await monitor_repository.look_by(driver, order.id, ceil(left_ms) + 1)
            if self._asked_enough(order):
                return
        if await self._executor.look_up(order) is not None:
            self._first_seen.pop(order.id, None)
            return
        async with self._database.asking() as driver:
            missed = await monitor_repository.count_miss(driver, order.id)
        if left_ms < 0 and missed >= MISSES_MIN and not await self._shows_elsewhere(order):
            await self._applier.prove_absent(order.id)
            self._first_seen.pop(order.id, None)
            log.warning("order_not_placed", order_id=order.id, lookups=missed)

    def _asked_enough(self, order: Order) -> bool:
        """Whether asking again before the fence would only use up what others need to ask.

        It was missed often enough, and for longer than what is late takes to show itself.
        """
        assert order.recv_window_ms is not None
        over_ms = _signed_ms(order) + order.recv_window_ms + LAG_SECONDS * 1000
        return order.lookups_missed >= MISSES_MIN and milliseconds(self._clock.now()) > over_ms

    async def _ms_to_fence(self, order: Order) -> float:
        """Below 0: the exchange, by its own clock, can no longer accept what was signed then.

        As much must have passed on a clock of our own that nobody sets: when the exchange's jumps,
        its engine is not done sooner.
        """
        waited_ms = (self._passed() - self._see(order.id)) * 1000
        left_ms = _wait_ms(order) - waited_ms
        return left_ms if left_ms >= 0 else _fence_ms(order) - await self._exchange_ms(order)

    def _see(self, order_id: int) -> float:
        """When it was first seen."""
        if len(self._first_seen) >= REMEMBERED_MAX:
            self._first_seen.clear()  # then their wait begins anew
        return self._first_seen.setdefault(order_id, self._passed())

    async def _exchange_ms(self, order: Order) -> int:
        """Raises ExchangeUnreachable while its clock is not known."""
        market = await self._sessions.market_data(order.account_id)
        return milliseconds(self._clock.now()) + await market.clock_offset_ms()

    async def _shows_elsewhere(self, order: Order) -> bool:
        """Whether another source knows it, or told something of it that could not be right."""
        if await self._quarantine.is_about(order.account_id, order.client_order_id):
            return True
        now_ms = await self._exchange_ms(order)
        return await self._elsewhere.shows(order, _fence_ms(order), now_ms)


def _signed_ms(order: Order) -> int:
    assert order.sign_timestamp_ms is not None
    return order.sign_timestamp_ms


def _wait_ms(order: Order) -> int:
    assert order.recv_window_ms is not None
    return order.recv_window_ms + (ENGINE_SECONDS + LAG_SECONDS) * 1000


def _fence_ms(order: Order) -> int:
    return _signed_ms(order) + _wait_ms(order)
