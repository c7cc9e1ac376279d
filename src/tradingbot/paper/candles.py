"""Candles of every length, made from trades."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

INTERVALS: dict[str, int] = {
    "1s": SECOND,
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": WEEK,
    "1M": 30 * DAY,
}
# 1970-01-01 was a Thursday; weeks begin on Mondays.
_FIRST_MONDAY = 4 * DAY
# A series longer than this forgets its older half.
CANDLES_MAX = 600_000


@dataclass(slots=True)
class Candle:
    opened: int  # ms
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal  # base
    turnover: Decimal  # quote
    trades: int = 1

    def absorb(self, later: "Candle") -> None:
        self.high = max(self.high, later.high)
        self.low = min(self.low, later.low)
        self.close = later.close
        self.volume += later.volume
        self.turnover += later.turnover
        self.trades += later.trades


def opening(at: int, interval: str) -> int:
    """When the candle that holds the moment `at` opened, ms."""
    length = INTERVALS[interval]
    if interval == "1w":
        return (at - _FIRST_MONDAY) // length * length + _FIRST_MONDAY
    if interval == "1M":
        month = datetime.fromtimestamp(at / 1000, UTC)
        return int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp() * 1000)
    return at // length * length


def closing(opened: int, interval: str) -> int:
    """The last millisecond of the candle that opened then."""
    if interval == "1M":
        return opening(opened + 32 * DAY, interval) - 1
    return opened + INTERVALS[interval] - 1


# Past candles and how many ms each spans, oldest and longest first.
History: TypeAlias = Sequence[tuple[int, Sequence[Candle]]]


class Chart:
    """All candles of one market. Series are made when first asked for, then kept up to date."""

    def __init__(self, history: Callable[[], History]) -> None:
        self._history = history
        self._minutes: list[Candle] = []  # since the start; the 1m series has the past as well
        self._series: dict[str, list[Candle]] = {}

    def add(self, at: int, price: Decimal, quantity: Decimal) -> None:
        traded = Candle(at, price, price, price, price, quantity, price * quantity)
        _extend(self._minutes, traded, "1m")
        for interval, series in self._series.items():
            _extend(series, traded, interval)

    def series(self, interval: str) -> list[Candle]:
        known = self._series.get(interval)
        if known is None:
            known = self._series[interval] = []
            for length, candles in self._history():
                # A day cannot be taken apart into minutes again.
                if length <= INTERVALS[interval]:
                    for candle in candles:
                        _extend(known, candle, interval)
            for candle in self._minutes:
                _extend(known, candle, interval)
        return known

    def between(
        self, interval: str, start: int | None, end: int | None, limit: int
    ) -> list[Candle]:
        """Oldest first; with a start the first `limit` from there, otherwise the last `limit`."""
        series = self.series(interval)
        low = 0 if start is None else bisect_left(series, start, key=_opened)
        high = len(series) if end is None else bisect_left(series, end + 1, key=_opened)
        if start is None:
            return series[max(low, high - limit) : high]
        return series[low : min(high, low + limit)]


def _opened(candle: Candle) -> int:
    return candle.opened


def _extend(series: list[Candle], candle: Candle, interval: str) -> None:
    opened = opening(candle.opened, interval)
    # A price that was replayed after a crash must not write the past anew.
    if series and opened <= series[-1].opened:
        series[-1].absorb(candle)
        return
    series.append(replace(candle, opened=opened))
    if len(series) > CANDLES_MAX:
        del series[: CANDLES_MAX // 2]


def merged(candles: Iterable[Candle]) -> Candle | None:
    """One candle over all of them."""
    total: Candle | None = None
    for candle in candles:
        if total is None:
            total = replace(candle)
        else:
            total.absorb(candle)
    return total
