"""A market's book as watched from outside: numbered states, and what changed between them."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice

from tradingbot.paper.binance_shapes import money
from tradingbot.paper.hall import Hall
from tradingbot.simulation.matching import Book, Level
from tradingbot.trading.order import Side

Levels = list[Level]
# Deeper levels are not shown, however many orders rest there.
LEVELS_KEPT = 1_000


class DepthView:
    def __init__(self, hall: Hall, first_id: int) -> None:
        self.hall = hall
        self.update_id = first_id
        # Called with the first and last number of a change, and the changed bids and asks.
        self.on_change: list[Callable[[int, int, Levels, Levels], None]] = []
        self._version = -1
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def refresh(self) -> None:
        self.hall.refresh()
        book = self.hall.book
        if book.version == self._version:
            return
        self._version = book.version
        bids, asks = dict(_best(book, Side.BUY)), dict(_best(book, Side.SELL))
        changed_bids, changed_asks = _changed(self._bids, bids), _changed(self._asks, asks)
        if not changed_bids and not changed_asks:
            return
        self._bids, self._asks = bids, asks
        self.update_id += 1
        for tell in self.on_change:
            tell(self.update_id, self.update_id, changed_bids, changed_asks)

    def top(self, limit: int) -> dict[str, list[list[str]]]:
        """The best levels of the state last refreshed."""
        return {
            "bids": written(list(self._bids.items())[:limit]),
            "asks": written(list(self._asks.items())[:limit]),
        }


def written(levels: Levels) -> list[list[str]]:
    return [[money(price), money(quantity)] for price, quantity in levels]


def _best(book: Book, side: Side) -> Iterator[Level]:
    return islice(book.levels(side), LEVELS_KEPT)


def _changed(before: dict[Decimal, Decimal], after: dict[Decimal, Decimal]) -> Levels:
    """New quantities; zero where a price is gone."""
    changed = [(price, left) for price, left in after.items() if before.get(price) != left]
    return changed + [(price, Decimal(0)) for price in before if price not in after]
