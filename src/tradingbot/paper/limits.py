"""How much an address may ask, and how many unfilled orders an account may send."""

from collections import defaultdict
from dataclasses import dataclass, field

from tradingbot.paper.options import PaperLimits

TEN_SECONDS = 10_000
MINUTE = 60_000
DAY = 86_400_000
# Who goes on after so many refusals in a minute is shut out.
REFUSALS_BEFORE_BAN = 50
BAN = 120_000


@dataclass(slots=True)
class Window:
    """A count that starts anew with each whole interval of the clock."""

    length: int  # ms
    begun: int = -1
    used: int = 0

    def count(self, now: int) -> int:
        begun = now // self.length
        if begun != self.begun:
            self.begun, self.used = begun, 0
        return self.used

    def add(self, now: int, amount: int) -> int:
        self.used = max(0, self.count(now) + amount)
        return self.used

    def left(self, now: int) -> int:
        """Seconds until it starts anew."""
        return (self.length - now % self.length) // 1000 + 1


@dataclass(slots=True)
class Address:
    weight: Window = field(default_factory=lambda: Window(MINUTE))
    refused: Window = field(default_factory=lambda: Window(MINUTE))
    banned_until: int = 0


@dataclass(slots=True)
class OrderCounts:
    ten_seconds: Window = field(default_factory=lambda: Window(TEN_SECONDS))
    day: Window = field(default_factory=lambda: Window(DAY))


class LimitReached(Exception):  # noqa: N818  # errors are named after what is the case
    def __init__(self, retry_after: int, *, banned: bool = False) -> None:
        super().__init__()
        self.retry_after = retry_after
        self.banned = banned


class OrderLimitReached(Exception):  # noqa: N818  # errors are named after what is the case
    def __init__(self, limit: int, interval: str, retry_after: int) -> None:
        super().__init__(f"Too many new orders; current limit is {limit} orders per {interval}.")
        self.retry_after = retry_after


class Limiter:
    def __init__(self, limits: PaperLimits) -> None:
        self.limits = limits
        self._addresses: dict[str, Address] = defaultdict(Address)
        self._orders: dict[str, OrderCounts] = defaultdict(OrderCounts)

    def spend(self, address: str, weight: int, now: int) -> int:
        """The weight used this minute. Raises LimitReached, as a ban when it goes on."""
        known = self._addresses[address]
        if now < known.banned_until:
            raise LimitReached((known.banned_until - now) // 1000 + 1, banned=True)
        if known.weight.count(now) + weight > self.limits.weight_per_minute:
            if known.refused.add(now, 1) > REFUSALS_BEFORE_BAN:
                known.banned_until = now + BAN
                raise LimitReached(BAN // 1000, banned=True)
            raise LimitReached(known.weight.left(now))
        return known.weight.add(now, weight)

    def used(self, address: str, now: int) -> int:
        return self._addresses[address].weight.count(now)

    def order(self, account: str, now: int) -> None:
        """Room for one more order? Raises OrderLimitReached."""
        counts, limits = self._orders[account], self.limits
        if counts.ten_seconds.count(now) >= limits.orders_per_10_seconds:
            left = counts.ten_seconds.left(now)
            raise OrderLimitReached(limits.orders_per_10_seconds, "10 SECOND", left)
        if counts.day.count(now) >= limits.orders_per_day:
            raise OrderLimitReached(limits.orders_per_day, "1 DAY", counts.day.left(now))

    def ordered(self, account: str, now: int, amount: int = 1) -> None:
        """One more order; minus one when an order is filled for the first time."""
        counts = self._orders[account]
        counts.ten_seconds.add(now, amount)
        counts.day.add(now, amount)

    def orders(self, account: str, now: int) -> tuple[int, int]:
        """Unfilled orders of these 10 seconds and of this day."""
        counts = self._orders[account]
        return counts.ten_seconds.count(now), counts.day.count(now)
