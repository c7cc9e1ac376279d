"""Room under an exchange's rate limits, given to what matters most first.

ccxt's own limiter wakes every millisecond for every instance; this one sleeps to the moment there
is room again. Counters start anew with each window of the clock, as the exchange's do, and follow
what its answers say, so that other processes behind the same address are counted in.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from tradingbot.kit.clock import Clock

MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
DAY_MS = 86_400_000


class Urgency(IntEnum):
    """Who may go when there is little room."""

    RESCUE = 0  # cancels and look-ups of orders in doubt
    PLACE = 1
    QUERY = 2


# How much of the limit each may use up: the rest is kept for the more urgent.
SHARE = {Urgency.RESCUE: 0.98, Urgency.PLACE: 0.8, Urgency.QUERY: 0.7}
# The less urgent come back a little later when a window opens.
STAGGER_MS = {Urgency.RESCUE: 0, Urgency.PLACE: 30, Urgency.QUERY: 60}


@dataclass(slots=True)
class Window:
    """What was used in this stretch of the clock: said by the exchange, and asked for since."""

    length_ms: int
    limit: int
    start: int = -1
    used: int = 0
    in_flight: int = 0

    def roll(self, now_ms: int) -> None:
        start = now_ms - now_ms % self.length_ms
        if start != self.start:
            self.start, self.used, self.in_flight = start, 0, 0

    def wait_ms(self, now_ms: int, cost: int, share: float) -> int:
        """0 when there is room; else how long until the next window."""
        self.roll(now_ms)
        # What costs more than the whole share still gets through an empty window.
        if self.used + self.in_flight + cost <= max(self.limit * share, cost):
            return 0
        return self.start + self.length_ms - now_ms


class Limits:
    """One address's room on one exchange: request weight a minute, orders per account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._weight = Window(MINUTE_MS, 6_000)
        self._order_limits = {TEN_SECONDS_MS: 50, DAY_MS: 160_000}
        self._orders: dict[int, dict[int, Window]] = {}
        self._paused_until = 0

    def adopt(self, weight: int | None, orders: Mapping[int, int]) -> None:
        """The limits the exchange publishes: weight a minute, orders by window length in ms."""
        if weight is not None:
            self._weight.limit = weight
        self._order_limits.update(orders)
        for windows in self._orders.values():
            for length, window in windows.items():
                window.limit = self._order_limits[length]

    async def take(self, weight: int, urgency: Urgency) -> None:
        """Return once a request of this weight may be sent; its room is taken."""
        await self._sleep_until_room(lambda: self._wait_ms(weight, urgency), urgency)
        self._weight.used += weight

    async def take_order(self, account_id: int, weight: int) -> None:
        """Return once this account may place one order; its room is taken."""

        def wait_ms() -> int:
            return max(self._wait_ms(weight, Urgency.PLACE), self._orders_wait_ms(account_id))

        await self._sleep_until_room(wait_ms, Urgency.PLACE)
        self._weight.used += weight
        for window in self._windows(account_id).values():
            window.in_flight += 1

    def weight_seen(self, used: int) -> None:
        """What the exchange says this address has used in the running minute."""
        self._weight.roll(self._now())
        self._weight.used = max(self._weight.used, used)

    def orders_seen(self, account_id: int, counts: Mapping[int, int]) -> None:
        """What the exchange has counted of this account; the order it is answering is in it.

        Filled orders leave Binance's count, so this may be less than we thought.
        """
        now = self._now()
        for length, window in self._windows(account_id).items():
            window.roll(now)
            if length in counts:
                window.used = max(0, counts[length] - 1)  # order_answered adds it

    def order_answered(self, account_id: int) -> None:
        """An order for which room was taken is out of our hands, whatever became of it."""
        for window in self._windows(account_id).values():
            window.in_flight = max(0, window.in_flight - 1)
            window.used += 1

    def pause(self, seconds: float) -> None:
        """The exchange asked this address to be quiet: all of us are."""
        self._paused_until = max(self._paused_until, self._now() + int(seconds * 1000))

    def forget(self, account_id: int) -> None:
        self._orders.pop(account_id, None)

    async def _sleep_until_room(self, wait_ms: Callable[[], int], urgency: Urgency) -> None:
        while True:
            wait = wait_ms()
            if wait <= 0:
                return
            await asyncio.sleep((wait + STAGGER_MS[urgency]) / 1000)

    def _wait_ms(self, weight: int, urgency: Urgency) -> int:
        now = self._now()
        return max(self._paused_until - now, self._weight.wait_ms(now, weight, SHARE[urgency]))

    def _orders_wait_ms(self, account_id: int) -> int:
        now = self._now()
        return max(window.wait_ms(now, 1, 1.0) for window in self._windows(account_id).values())

    def _windows(self, account_id: int) -> dict[int, Window]:
        windows = self._orders.get(account_id)
        if windows is None:
            windows = {length: Window(length, most) for length, most in self._order_limits.items()}
            self._orders[account_id] = windows
        return windows

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
