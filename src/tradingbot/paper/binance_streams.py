"""Binance's market streams: who listens to what, and what they are told."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import orjson
from aiohttp import web

from tradingbot.paper import binance_events as events
from tradingbot.paper.binance_depth import DepthView, Levels
from tradingbot.paper.binance_shapes import id_of
from tradingbot.paper.candles import INTERVALS
from tradingbot.paper.tape import Trade
from tradingbot.paper.venue import Venue
from tradingbot.paper.wire import Wire

BEAT = 0.1  # seconds
TICKER_BEATS = 10
KLINE_BEATS = 3
STREAM = re.compile(
    r"^(?P<symbol>[a-z0-9]+)@(?:"
    r"trade|aggTrade|bookTicker|miniTicker|ticker|depth(?:5|10|20)?(?:@100ms|@1000ms)?"
    rf"|kline_(?:{'|'.join(INTERVALS)}))$"
)
ALL = {"!miniTicker@arr": events.mini_ticker, "!ticker@arr": events.ticker}


class StreamHub:
    """What nobody listens to costs nothing: each trade looks only for its own streams."""

    def __init__(self, venue: Venue, views: Mapping[str, DepthView]) -> None:
        self._venue = venue
        self._views = views
        self._listeners: dict[str, dict[Wire, bool]] = {}  # stream → wire → combined form
        self._klines: dict[str, dict[str, int]] = defaultdict(dict)  # symbol → interval → opened
        self._fresh: set[str] = set()  # symbols that traded since the last beat of each kind
        self._fresh_klines: set[str] = set()
        venue.on_trade.append(self._traded)
        for symbol, view in views.items():
            view.on_change.append(self._depth_teller(symbol))

    def known(self, stream: str) -> bool:
        if stream in ALL:
            return True
        match = STREAM.fullmatch(stream)
        return match is not None and match["symbol"].upper() in self._venue.symbols

    def subscribe(self, wire: Wire, stream: str, *, combined: bool) -> None:
        self._listeners.setdefault(stream, {})[wire] = combined
        symbol, name = self._split(stream)
        if name.startswith("kline_"):
            self._klines[symbol].setdefault(name.removeprefix("kline_"), -1)
        first = self._now(stream)
        if first is not None:
            wire.send(_wrapped(stream, orjson.dumps(first), combined=combined))

    def unsubscribe(self, wire: Wire, stream: str) -> None:
        left = self._listeners.get(stream, {})
        left.pop(wire, None)
        if not left:
            self._listeners.pop(stream, None)
            symbol, name = self._split(stream)
            self._klines[symbol].pop(name.removeprefix("kline_"), None)

    async def run(self) -> None:
        """What comes by the clock rather than by the trade."""
        beat = 0
        while True:
            await asyncio.sleep(BEAT)
            beat += 1
            if not self._listeners:
                continue
            self._beat_depth(beat)
            if beat % KLINE_BEATS == 0:
                for symbol in self._fresh_klines:
                    for interval in list(self._klines[symbol]):
                        self._publish_kline(symbol, interval)
                self._fresh_klines.clear()
            if beat % TICKER_BEATS == 0:
                self._beat_tickers()

    def _traded(self, symbol: str, trade: Trade) -> None:
        self._fresh.add(symbol)
        if not self._listeners:
            return
        self._fresh_klines.add(symbol)
        stream = id_of(symbol).lower()
        now = self._venue.now()
        if f"{stream}@trade" in self._listeners:
            self._publish(f"{stream}@trade", events.trade(symbol, trade, now))
        if f"{stream}@aggTrade" in self._listeners:
            self._publish(f"{stream}@aggTrade", events.aggregated_trade(symbol, trade, now))
        if f"{stream}@bookTicker" in self._listeners:
            self._publish(f"{stream}@bookTicker", self._now(f"{stream}@bookTicker"))
        for interval, opened in self._klines[symbol].items():
            newest = self._venue.halls[symbol].tape.chart.series(interval)[-1].opened
            if opened not in (-1, newest):
                self._publish_kline(symbol, interval, closed=True)
            self._klines[symbol][interval] = newest

    def _publish_kline(self, symbol: str, interval: str, *, closed: bool = False) -> None:
        series = self._venue.halls[symbol].tape.chart.series(interval)
        index = -2 if closed else -1
        if len(series) >= -index:
            event = events.kline(symbol, series[index], interval, self._venue.now(), closed=closed)
            self._publish(f"{id_of(symbol).lower()}@kline_{interval}", event)

    def _beat_depth(self, beat: int) -> None:
        for symbol, view in self._views.items():
            stream = id_of(symbol).lower()
            speeds = [
                speed
                for speed, every in (("@100ms", 1), ("@1000ms", 10), ("", 10))
                if beat % every == 0
            ]
            if any(f"{stream}@depth{speed}" in self._listeners for speed in speeds):
                view.refresh()
            for size in (5, 10, 20):
                for speed in speeds:
                    name = f"{stream}@depth{size}{speed}"
                    if name in self._listeners:
                        self._publish(name, self._now(name))

    def _beat_tickers(self) -> None:
        fresh, self._fresh = self._fresh, set()
        for symbol in fresh:
            for name in ("ticker", "miniTicker"):
                stream = f"{id_of(symbol).lower()}@{name}"
                if stream in self._listeners:
                    self._publish(stream, self._now(stream))
        for stream in ALL:
            if stream in self._listeners and fresh:
                self._publish(stream, self._tickers(stream, fresh))

    def _depth_teller(self, symbol: str) -> events.DepthTeller:
        stream = id_of(symbol).lower()
        names = [f"{stream}@depth{speed}" for speed in ("", "@100ms", "@1000ms")]

        def tell(first: int, last: int, bids: Levels, asks: Levels) -> None:
            for name in names:
                if name in self._listeners:
                    now = self._venue.now()
                    self._publish(name, events.depth(symbol, (first, last), bids, asks, now))

        return tell

    def _now(self, stream: str) -> object | None:
        """The present state of a stream that has one."""
        if stream in ALL:
            return self._tickers(stream, self._venue.halls)
        symbol, name = self._split(stream)
        hall, now = self._venue.halls[symbol], self._venue.now()
        if name == "bookTicker":
            return events.book_ticker(hall)
        if name in ("ticker", "miniTicker"):
            return (events.ticker if name == "ticker" else events.mini_ticker)(hall, now)
        if match := re.match(r"depth(5|10|20)", name):
            view = self._views[symbol]
            view.refresh()
            return {"lastUpdateId": view.update_id, **view.top(int(match[1]))}
        if name.startswith("kline_"):
            interval = name.removeprefix("kline_")
            series = hall.tape.chart.series(interval)
            return events.kline(symbol, series[-1], interval, now, closed=False) if series else None
        return None

    def _tickers(self, stream: str, symbols: Iterable[str]) -> list[object]:
        return [ALL[stream](self._venue.halls[name], self._venue.now()) for name in symbols]

    def _split(self, stream: str) -> tuple[str, str]:
        lower, _, name = stream.partition("@")
        return self._venue.symbols.get(lower.upper(), lower), name

    def _publish(self, stream: str, event: object) -> None:
        listeners = self._listeners.get(stream)
        if listeners:
            body = orjson.dumps(event)
            for wire, combined in listeners.items():
                wire.send(_wrapped(stream, body, combined=combined))


class StreamDoor:
    """`/ws` speaks plain events, `/stream` wraps each with the name of its stream."""

    def __init__(self, hub: StreamHub, venue: Venue) -> None:
        self._hub = hub
        self._venue = venue

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        wire = Wire(request, self._venue.flush)
        mine: set[str] = set()
        combined = "streams" in request.query or request.path.endswith("/stream")
        named = request.query.get("streams", request.match_info.get("name", ""))

        def change(method: str, streams: list[str]) -> None:
            for stream in streams:
                if method == "SUBSCRIBE":
                    mine.add(stream)
                    self._hub.subscribe(wire, stream, combined=combined)
                else:
                    mine.discard(stream)
                    self._hub.unsubscribe(wire, stream)

        async def hear(message: bytes) -> None:
            answer, method, streams = self._understood(message, mine)
            wire.send_json(answer)
            change(method, streams)

        change("SUBSCRIBE", [name for name in named.split("/") if self._hub.known(name)])
        try:
            return await wire.run(hear)
        finally:
            change("UNSUBSCRIBE", list(mine))

    def _understood(self, message: bytes, mine: set[str]) -> tuple[object, str, list[str]]:
        """The answer, and what is to be changed."""
        try:
            asked = orjson.loads(message)
        except orjson.JSONDecodeError:
            return _error(None, 3, "Invalid JSON: expected value"), "", []
        if not isinstance(asked, dict):
            return _error(None, 2, "Invalid request: request must be an object"), "", []
        asked_id, method, streams = asked.get("id"), asked.get("method"), asked.get("params")
        if method == "LIST_SUBSCRIPTIONS":
            return {"result": sorted(mine), "id": asked_id}, "", []
        if method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            return _error(asked_id, 2, f"Invalid request: unknown variant `{method}`"), "", []
        if not isinstance(streams, list) or not all(
            isinstance(stream, str) and self._hub.known(stream) for stream in streams
        ):
            return _error(asked_id, 2, "Invalid request: invalid stream"), "", []
        return {"result": None, "id": asked_id}, method, streams


def _wrapped(stream: str, body: bytes, *, combined: bool) -> bytes:
    return b'{"stream":"%b","data":%b}' % (stream.encode(), body) if combined else body


def _error(asked_id: object, code: int, msg: str) -> object:
    return {"error": {"code": code, "msg": msg}, "id": asked_id}
