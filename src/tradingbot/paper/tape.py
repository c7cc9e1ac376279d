"""What the public sees of one market: its trades, its candles, its last day."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from tradingbot.paper.candles import DAY, Candle, Chart, History, merged

TRADES_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Trade:
    id: int
    price: Decimal
    quantity: Decimal
    at: int  # ms, by the feed's clock
    buyer_is_maker: bool


class Tape:
    def __init__(self, price: Decimal, at: int, history: Callable[[], History]) -> None:
        self.last = price
        self.at = at
        self.last_id = 0
        self.trades: deque[Trade] = deque(maxlen=TRADES_KEPT)
        self.chart = Chart(history)
        self._closed: tuple[int, Candle | None] = (-1, None)

    def add(self, price: Decimal, quantity: Decimal, at: int, *, buyer_is_maker: bool) -> Trade:
        self.last_id += 1
        self.last = price
        self.at = max(at, self.at)
        trade = Trade(self.last_id, price, quantity, self.at, buyer_is_maker)
        self.trades.append(trade)
        self.chart.add(self.at, price, quantity)
        return trade

    def day(self) -> Candle:
        """The last 24 hours as one candle."""
        minutes = self.chart.series("1m")
        if not minutes:
            zero = Decimal(0)
            return Candle(self.at, self.last, self.last, self.last, self.last, zero, zero, 0)
        newest = minutes[-1]
        # Closed minutes do not change: added up once a minute, not once a question.
        if self._closed[0] != newest.opened:
            past = self.chart.between("1m", newest.opened - DAY, newest.opened - 1, 1_440)
            self._closed = (newest.opened, merged(past))
        day = merged(candle for candle in (self._closed[1], newest) if candle is not None)
        assert day is not None
        return day
