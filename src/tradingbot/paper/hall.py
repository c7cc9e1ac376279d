"""One market of the venue: its book, its sleeping orders, its tape and the depth around it."""

from bisect import bisect_left, insort
from collections.abc import Callable
from decimal import Decimal

from tradingbot.paper.candles import History
from tradingbot.paper.orders import PaperOrder
from tradingbot.paper.tape import Tape
from tradingbot.simulation.matching import Book, Level
from tradingbot.trading.market import Market
from tradingbot.trading.money import floor_to
from tradingbot.trading.order import Side

LEVELS = 40
HALF_SPREAD = Decimal("0.00002")
LEVEL_GAP = Decimal("0.0001")
# A level's value as a multiple of the smallest order; deeper levels hold more.
LEVEL_VALUE = 600


class Hall:
    def __init__(
        self, market: Market, price: Decimal, at: int, history: Callable[[], History]
    ) -> None:
        self.market = market
        self.book = Book()
        self.tape = Tape(price, at, history)
        # (trigger price, order id): falling ones are woken from the top, rising from the bottom.
        self._rising: list[tuple[Decimal, int]] = []
        self._falling: list[tuple[Decimal, int]] = []
        self._stale = True

    def moved(self) -> None:
        self._stale = True

    def refresh(self) -> None:
        """Offer depth around the last price, the same for the same trade."""
        if not self._stale:
            return
        self._stale = False
        last, tick = self.tape.last, self.market.tick_size
        half = max(tick, floor_to(tick, last * HALF_SPREAD))
        gap = max(tick, floor_to(tick, last * LEVEL_GAP))
        unit = max(
            self.market.step_size,
            floor_to(self.market.step_size, self.market.notional_min * LEVEL_VALUE / last),
        )
        bids: list[Level] = []
        asks: list[Level] = []
        for index in range(LEVELS):
            away = half + gap * index
            # Any mixing does: it only has to look uneven and be repeatable.
            weight = index + 1 + (self.tape.last_id * 7 + index * 13) % 5
            if last > away:
                bids.append((last - away, unit * weight))
            asks.append((last + away, unit * (weight + index % 3)))
        self.book.quote(bids, asks)

    def best(self, side: Side) -> Level:
        """The best price on offer and how much of it; the last price when there is nothing."""
        return next(self.book.levels(side), (self.tape.last, Decimal(0)))

    def sleep(self, order: PaperOrder) -> None:
        trigger = order.asked.trigger
        assert trigger is not None
        insort(self._rising if trigger.rising else self._falling, (trigger.price, order.id))

    def forget(self, order: PaperOrder) -> None:
        trigger = order.asked.trigger
        assert trigger is not None
        sleeping = self._rising if trigger.rising else self._falling
        index = bisect_left(sleeping, (trigger.price, order.id))
        assert sleeping[index][1] == order.id
        del sleeping[index]

    def woken(self) -> int | None:
        """The id of the next order whose trigger the last price has reached."""
        if self._rising and self._rising[0][0] <= self.tape.last:
            return self._rising.pop(0)[1]
        if self._falling and self._falling[-1][0] >= self.tape.last:
            return self._falling.pop()[1]
        return None
