"""What Bybit's public topics tell: a ticker, a book of some depth, trades, candles."""

from time import monotonic
from typing import Any, Protocol

from tradingbot.paper.bybit_engine import Engine
from tradingbot.paper.bybit_market import INTERVALS, day, levels, update_number, written
from tradingbot.paper.bybit_shapes import id_of
from tradingbot.paper.candles import Candle, closing
from tradingbot.paper.hall import Hall
from tradingbot.paper.tape import Trade
from tradingbot.simulation.matching import Level
from tradingbot.trading.money import plain

DEPTHS = frozenset({"1", "50", "200", "1000"})
# A book of one level that stays as it is is told again after so long.
REPEAT_AFTER = 3.0  # seconds

Message = dict[str, Any]


class Topic(Protocol):
    """What is told, None when there is nothing.

    `now` is for who has just come, `beat` for everybody every tenth of a second, `traded` at once.
    """

    def now(self) -> Message | None: ...

    def beat(self) -> Message | None: ...

    def traded(self, trade: Trade) -> Message | None: ...


class TickerTopic:
    def __init__(self, name: str, engine: Engine, hall: Hall) -> None:
        self._name, self._engine, self._hall = name, engine, hall
        self._fresh = False

    def now(self) -> Message:
        at = self._engine.venue.now()
        body = {"topic": self._name, "ts": at, "type": "snapshot", "cs": self._hall.tape.last_id}
        return body | {"data": day(self._engine.venue, self._hall)}

    def beat(self) -> Message | None:
        fresh, self._fresh = self._fresh, False
        return self.now() if fresh else None

    def traded(self, _: Trade) -> None:
        self._fresh = True


class BookTopic:
    """Everybody who listens has the same book: changes follow from what was told last."""

    def __init__(self, name: str, engine: Engine, hall: Hall, depth: int) -> None:
        self._name, self._engine, self._hall, self._depth = name, engine, hall, depth
        self._told = levels(hall, depth)
        self._number = update_number(engine, hall)
        self._told_at = monotonic()

    def now(self) -> Message:
        bids, asks = self._told
        return self._message("snapshot", bids, asks)

    def beat(self) -> Message | None:
        self._hall.refresh()
        number = update_number(self._engine, self._hall)
        if number == self._number:
            return self._again()
        self._number = number
        before, self._told = self._told, levels(self._hall, self._depth)
        bids, asks = (_changes(*sides) for sides in zip(before, self._told, strict=True))
        if not bids and not asks:
            return self._again()
        self._told_at = monotonic()
        return self.now() if self._depth == 1 else self._message("delta", bids, asks)

    def traded(self, _: Trade) -> None:
        return None

    def _again(self) -> Message | None:
        if self._depth > 1 or monotonic() - self._told_at < REPEAT_AFTER:
            return None
        self._told_at = monotonic()
        return self.now()

    def _message(self, kind: str, bids: list[Level], asks: list[Level]) -> Message:
        at = self._engine.venue.now()
        data = {
            "s": id_of(self._hall.market.symbol),
            "b": written(bids),
            "a": written(asks),
            "u": self._number,
            "seq": self._number,
        }
        return {"topic": self._name, "ts": at, "type": kind, "data": data, "cts": at}


class TradeTopic:
    def __init__(self, name: str, engine: Engine, hall: Hall) -> None:
        self._name, self._engine, self._hall = name, engine, hall

    def now(self) -> None:
        return None

    def beat(self) -> None:
        return None

    def traded(self, trade: Trade) -> Message:
        told = {
            "T": trade.at,
            "s": id_of(self._hall.market.symbol),
            "S": "Sell" if trade.buyer_is_maker else "Buy",
            "v": plain(trade.quantity),
            "p": plain(trade.price),
            "i": str(trade.id),
            "BT": False,
            "RPI": False,
            "seq": trade.id,
        }
        at = self._engine.venue.now()
        return {"topic": self._name, "ts": at, "type": "snapshot", "data": [told]}


class KlineTopic:
    def __init__(self, name: str, engine: Engine, hall: Hall, interval: str) -> None:
        self._name, self._engine, self._hall = name, engine, hall
        self._shown, self._interval = interval, INTERVALS[interval]
        self._opened = -1
        self._fresh = False

    def now(self) -> Message | None:
        series = self._series()
        if not series:
            return None
        self._opened = series[-1].opened
        return self._message(series[-1], closed=False)

    def beat(self) -> Message | None:
        fresh, self._fresh = self._fresh, False
        return self.now() if fresh else None

    def traded(self, _: Trade) -> Message | None:
        """A candle that has just closed."""
        self._fresh = True
        series = self._series()
        before, self._opened = self._opened, series[-1].opened
        if before in (-1, self._opened) or len(series) < 2:
            return None
        return self._message(series[-2], closed=True)

    def _series(self) -> list[Candle]:
        return self._hall.tape.chart.series(self._interval)

    def _message(self, candle: Candle, *, closed: bool) -> Message:
        told = {
            "start": candle.opened,
            "end": closing(candle.opened, self._interval),
            "interval": self._shown,
            "open": plain(candle.open),
            "close": plain(candle.close),
            "high": plain(candle.high),
            "low": plain(candle.low),
            "volume": plain(candle.volume),
            "turnover": plain(candle.turnover),
            "confirm": closed,
            "timestamp": self._hall.tape.at,
        }
        at = self._engine.venue.now()
        return {"topic": self._name, "data": [told], "ts": at, "type": "snapshot"}


def topic(name: str, engine: Engine) -> Topic | None:
    """None when there is none of that name."""
    kind, *middle, symbol = name.split(".") if "." in name else (name, "")
    hall = engine.venue.halls.get(engine.venue.symbols.get(symbol, ""))
    if hall is None or len(middle) > 1:
        return None
    detail = middle[0] if middle else ""
    if kind == "orderbook" and detail in DEPTHS:
        return BookTopic(name, engine, hall, int(detail))
    if kind == "kline" and detail in INTERVALS:
        return KlineTopic(name, engine, hall, detail)
    if not middle and kind == "tickers":
        return TickerTopic(name, engine, hall)
    if not middle and kind == "publicTrade":
        return TradeTopic(name, engine, hall)
    return None


def _changes(before: list[Level], after: list[Level]) -> list[Level]:
    """New quantities; zero where a price is gone, or is too deep now."""
    old, new = dict(before), dict(after)
    changed = [(price, left) for price, left in new.items() if old.get(price) != left]
    return changed + [(price, left * 0) for price, left in old.items() if price not in new]
