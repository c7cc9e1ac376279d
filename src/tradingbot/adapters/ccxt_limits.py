"""Room under an exchange's rate limits, given to what matters most first.

ccxt's own limiter wakes every millisecond for every instance; this one sleeps to the moment there
is room again. Windows begin with the exchange's clock, as its own do; what its answers say of the
use so far is counted in; and the budget may be one for all processes behind the same address.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from enum import IntEnum
from time import monotonic

from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.kit.budget import Ask, Bucket, Budget, start_of

MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
DAY_MS = 86_400_000

# All processes of one machine leave it by one address.
EGRESS = "ip:default"


class Urgency(IntEnum):
    """Who may go when there is little room."""

    RESCUE = 0  # cancels and look-ups of orders in doubt
    PLACE = 1
    QUERY = 2


# Weight a second, before the exchange has said how much it allows.
WEIGHT_UNTIL_KNOWN = 100
UNBOUNDED = 10**12
# How much of the limit each may use up: the rest is kept for the more urgent.
SHARE = {Urgency.RESCUE: 0.98, Urgency.PLACE: 0.8, Urgency.QUERY: 0.7}
# The less urgent come back a little later when a window opens.
STAGGER_MS = {Urgency.RESCUE: 0, Urgency.PLACE: 30, Urgency.QUERY: 60}
# Who would wait longer is told so: a hundred waiting orders must not hold up a cancel.
PATIENCE_SECONDS = {Urgency.RESCUE: 5.0, Urgency.PLACE: 1.5, Urgency.QUERY: 5.0}
# An order sent in one window may arrive in the next: until it is answered, or this long.
LATE_MS = 20_000

# When the request in hand took its room, by the exchange's clock.
_taken_ms: ContextVar[int | None] = ContextVar("taken_ms", default=None)


class Limits:
    """One address's room on one exchange: request weight in a window, orders per account.

    `place` names the exchange among those the budget is for.
    """

    def __init__(
        self, budget: Budget, place: str, weight_window_ms: int, now_ms: Callable[[], int]
    ) -> None:
        self._budget = budget
        self._place = place
        self._now_ms = now_ms
        self._window_ms = weight_window_ms
        self._weight = self._weight_bucket(weight_window_ms * WEIGHT_UNTIL_KNOWN // 1000)
        self._order_limits: Mapping[int, int] = {}
        self._in_flight: defaultdict[int, list[int]] = defaultdict(list)

    def adopt(self, weight: int | None, orders: Mapping[int, int]) -> None:
        """The limits the exchange publishes: weight in its window, orders by window length."""
        if weight is not None:
            self._weight = self._weight_bucket(weight)
        self._order_limits = dict(orders)

    async def take(self, weight: int, urgency: Urgency) -> None:
        """Return once a request of this weight may be sent; its room is taken.

        Raises ExchangeUnreachable when that would be too long a wait.
        """
        await self._take(lambda _: [self._ask(weight, urgency)], urgency)

    async def take_first(self, weight: int) -> None:
        """Room for a question from before the limits are known. Raises as `take`, in a pause only.

        Those who know them may have used more than there is in our eyes, for they are wider.
        """
        await self._take(lambda _: [Ask(self._weight, weight, UNBOUNDED)], Urgency.QUERY)

    async def take_order(self, account_id: int, weight: int) -> None:
        """Return once this account may place one order; its room is taken. Raises as `take`."""

        def asks(now_ms: int) -> Sequence[Ask]:
            return [self._ask(weight, Urgency.PLACE), *self._order_asks(account_id, now_ms)]

        await self._take(asks, Urgency.PLACE)
        self._in_flight[account_id].append(self._now_ms())

    def weight_seen(self, used: int) -> None:
        """What the exchange says this address has used in the window of the request in hand."""
        self._seen(self._weight, used)

    def orders_seen(self, account_id: int, counts: Mapping[int, int]) -> None:
        """What the exchange has counted of this account; the order it is answering is in it."""
        for bucket in self._order_buckets(account_id):
            if bucket.window_ms in counts:
                self._seen(bucket, counts[bucket.window_ms])

    def order_answered(self, account_id: int) -> None:
        """An order for which room was taken is out of our hands, whatever became of it."""
        if in_flight := self._in_flight[account_id]:
            del in_flight[0]

    def pause(self, seconds: float) -> bool:
        """The exchange asked this address to be quiet: all of us are. False: we are already."""
        return self._budget.pause(self._weight, int(seconds * 1000))

    async def _take(self, asks: Callable[[int], Sequence[Ask]], urgency: Urgency) -> None:
        patience = monotonic() + PATIENCE_SECONDS[urgency]
        while True:
            now_ms = self._now_ms()
            asked = asks(now_ms)
            wait_ms = await self._budget.take(asked, now_ms)
            if wait_ms == 0:
                if all(_same_window(ask.bucket, now_ms, self._now_ms()) for ask in asked):
                    _taken_ms.set(now_ms)
                    return
                continue  # its windows ended while it was being taken
            if wait_ms / 1000 > patience - monotonic():
                raise ExchangeUnreachable(
                    f"the rate limits of {self._place} leave no room for {wait_ms / 1000:.0f} s"
                )
            await asyncio.sleep((wait_ms + STAGGER_MS[urgency]) / 1000)

    def _ask(self, weight: int, urgency: Urgency) -> Ask:
        return Ask(self._weight, weight, int(self._weight.limit * SHARE[urgency]))

    def _order_asks(self, account_id: int, now_ms: int) -> Sequence[Ask]:
        in_flight = [at for at in self._in_flight[account_id] if now_ms - at < LATE_MS]
        self._in_flight[account_id] = in_flight
        return [
            Ask(bucket, 1, bucket.limit - sum(at < start_of(bucket, now_ms) for at in in_flight))
            for bucket in self._order_buckets(account_id)
        ]

    def _order_buckets(self, account_id: int) -> Sequence[Bucket]:
        name = f"{self._place}:account:{account_id}"
        return [Bucket(name, length, most) for length, most in self._order_limits.items()]

    def _weight_bucket(self, limit: int) -> Bucket:
        return Bucket(f"{self._place}:{EGRESS}", self._window_ms, limit, busy=True)

    def _seen(self, bucket: Bucket, used: int) -> None:
        now_ms, taken_ms = self._now_ms(), _taken_ms.get()
        # Of a request that took its room in an earlier window, the count may be of that one.
        if taken_ms is None or _same_window(bucket, taken_ms, now_ms):
            self._budget.seen(bucket, used, now_ms)


def _same_window(bucket: Bucket, one_ms: int, other_ms: int) -> bool:
    return start_of(bucket, one_ms) == start_of(bucket, other_ms)
