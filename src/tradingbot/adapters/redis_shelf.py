"""What one process knows and holds of the budget all of them share."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic

from tradingbot.kit.budget import Ask, Bucket, Window, start_of

# At most so much is taken in advance: this part of a bucket, or what it gives in so long.
BLOCKS = 20
BLOCK_MS = 2_000
BLOCKS_MOST = 200  # and at least this part
# So much of each window is everybody's own: an account's first orders need not be asked for.
FREE = 2
# What others took since they were last heard of is taken to be this part of a bucket, or what it
# gives in so long: a process that is busy elsewhere may not have heard of anybody meanwhile.
UNHEARD = 10
UNHEARD_MS = 1_000


@dataclass(slots=True, eq=False)
class Shelf(Window):
    """A window as this process knows it; `used` is everybody's use.

    `held` is room paid for and not needed yet, `had` what this process was given, both by the
    share of the limit under which it was. `unseen` was taken while nobody kept the common count,
    and the exchange has not shown it in its own. `spent` is what this process has had of its fair
    part since `lost`, of what `base` left. `began` and `lost` are monotonic.
    """

    key: str = ""
    held: dict[int, int] = field(default_factory=dict)
    had: dict[int, int] = field(default_factory=dict)
    unseen: int = 0
    began: float = 0.0
    lost: float = 0.0
    base: int = 0
    spent: int = 0

    def draw(self, cost: int, share: int) -> int:
        """Up to so much of what is held. What only the urgent may have goes to them first."""
        drawn = 0
        for under in sorted(self.held, reverse=True):
            if under <= share and drawn < cost:
                part = min(self.held[under], cost - drawn)
                self.held[under] -= part
                drawn += part
        return drawn

    def hold(self, amount: int, share: int) -> None:
        self.held[share] = self.held.get(share, 0) + amount

    def is_fair(self, ask: Ask, processes: int, lost: float) -> bool:
        """Whether it is within one process's part of what was left when the count was lost."""
        if self.lost != lost:
            self.lost, self.base, self.spent = lost, self.used, 0
        unheard = unheard_of(ask.bucket) if self.began < lost else 0
        part = max(ask.ceiling - self.base - unheard, 0) // processes
        # In a window nobody has touched, one may be had even where the parts are less than one.
        return self.spent + ask.cost <= part or self.base == self.spent == 0

    def see(self, used: int) -> bool:
        """What the exchange has counted; whether that is more than we knew."""
        more, self.used, self.unseen = used > self.used, max(used, self.used), 0
        return more

    def settle(self, told: int, count: int) -> None:
        """The common count has it now."""
        self.unseen -= told
        self.used = max(self.used, count)


def shelf_of(bucket: Bucket, now_ms: int) -> Shelf:
    start = start_of(bucket, now_ms)
    began = monotonic() - (now_ms - start) / 1000
    return Shelf(start, bucket.window_ms, key=f"budget:{bucket.key}:{start}", began=began)


def free_of(bucket: Bucket) -> int:
    return 0 if bucket.busy else min(FREE, bucket.limit // BLOCKS)


def unheard_of(bucket: Bucket) -> int:
    return max(bucket.limit // UNHEARD, bucket.limit * UNHEARD_MS // bucket.window_ms)


def block_of(ask: Ask, shelf: Shelf) -> int:
    """How much more than it needs: in proportion to what it has needed in this window."""
    bucket = ask.bucket
    most = min(bucket.limit // BLOCKS, bucket.limit * BLOCK_MS // bucket.window_ms)
    return min(most, max(bucket.limit // BLOCKS_MOST, shelf.had.get(ask.share, 0) // 2))


class Asking:
    """Somebody who asks: what of it is paid, and what is still to be had."""

    def __init__(self, asks: Sequence[Ask], shelves: Sequence[Shelf], now_ms: int) -> None:
        self.asks = asks
        self.shelves = shelves
        self._now_ms = now_ms
        self._paid = [0] * len(asks)
        self._claimed: Sequence[tuple[Ask, Shelf]] = ()
        self._answer: asyncio.Future[int | None] | None = None

    def rank(self) -> int:
        """The more urgent, who may fill a bucket further, come first."""
        return -min(ask.share for ask in self.asks)

    def pay(self) -> bool:
        """From what is held; False when that is not enough for all of it."""
        for at, (ask, shelf) in enumerate(zip(self.asks, self.shelves, strict=True)):
            self._paid[at] += shelf.draw(ask.cost - self._paid[at], ask.share)
        enough = not any(self.lacking())
        if enough:
            self.grant()
        return enough

    def grant(self) -> None:
        for at, (ask, shelf) in enumerate(zip(self.asks, self.shelves, strict=True)):
            self._paid[at] = ask.cost
            shelf.had[ask.share] = shelf.had.get(ask.share, 0) + ask.cost

    def give_back(self) -> None:
        for at, (ask, shelf) in enumerate(zip(self.asks, self.shelves, strict=True)):
            shelf.hold(self._paid[at], ask.share)
            self._paid[at] = 0

    def lacking(self) -> Iterator[tuple[Ask, Shelf]]:
        for ask, shelf, paid in zip(self.asks, self.shelves, self._paid, strict=True):
            if ask.cost > paid:
                yield ask._replace(cost=ask.cost - paid), shelf

    def full_ms(self) -> int:
        """How long there will be no room, as far as is known; 0 when there may be some."""
        return self._longest(shelf for ask, shelf in self.lacking() if not ask.fits(shelf.used))

    def claim(self, processes: int, lost: float) -> int:
        """Of this process's fair part: 0, or how many ms to wait."""
        lacking = list(self.lacking())
        wait = self._longest(
            shelf for ask, shelf in lacking if not shelf.is_fair(ask, processes, lost)
        )
        if not wait:
            self._claimed = lacking
            for ask, shelf in lacking:
                shelf.spent += ask.cost
        return wait

    def renounce(self) -> None:
        for ask, shelf in self._claimed:
            shelf.spent -= ask.cost
        self._claimed = ()

    def take_unseen(self) -> None:
        for ask, shelf in self.lacking():
            shelf.unseen += ask.cost

    async def answered(self) -> int | None:
        """0 when all of it is paid, else how many ms to wait; None when nobody answers."""
        self._answer = asyncio.get_running_loop().create_future()
        return await self._answer

    def settled(self) -> bool:
        """Answered without a round trip, for what is held or known by now may be enough."""
        if self._gone():
            self.give_back()
        elif self.pay():
            self.answer(0)
        elif wait := self.full_ms():
            self.answer(wait)
        else:
            return False
        return True

    def answer(self, wait_ms: int | None) -> None:
        if wait_ms != 0 or self._gone():
            self.give_back()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(wait_ms)

    def _gone(self) -> bool:
        """Whether he did not wait for the answer."""
        return self._answer is None or self._answer.done()

    def _longest(self, shelves: Iterator[Shelf]) -> int:
        return max((shelf.left_ms(self._now_ms) for shelf in shelves), default=0)
