"""Every trade's price to all who listen, from one socket however many they are.

No task of its own: whoever waits for a price keeps the socket open for all.
"""

import asyncio
import time
from collections import defaultdict, deque

from tradingbot.adapters.ccxt_access import Access
from tradingbot.adapters.ccxt_errors import Answered
from tradingbot.adapters.ccxt_line import Line, LineLost, Message
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import Price
from tradingbot.kit.ids import jitter

BEHIND_MAX = 512
SURPLUS_MAX = 20  # markets still followed that nobody listens to any more
SECONDS_BETWEEN_MESSAGES = 0.25  # Binance cuts who sends more than five a second
BACKOFF_SECONDS = (0.0, 0.2, 0.5, 1.0, 3.0, 10.0)


class Listener:
    """Prices of one market as they come.

    One who falls behind is spared the prices between the extremes, never an extreme.
    """

    def __init__(self, feed: "Feed", symbol: str) -> None:
        self.symbol = symbol
        self._feed = feed
        self._waiting: deque[Price] = deque()
        self._bell = asyncio.Event()

    def __aiter__(self) -> "Listener":
        return self

    async def __anext__(self) -> Price:
        while not self._waiting:
            self._bell.clear()
            if not await self._feed.keep_open():
                raise StopAsyncIteration
            if not self._waiting:
                await self._bell.wait()
        return self._waiting.popleft()

    def hear(self, price: Price) -> None:
        self._waiting.append(price)
        if len(self._waiting) > BEHIND_MAX:
            self._waiting = extremes(self._waiting)
        self._bell.set()

    def wake(self) -> None:
        self._bell.set()


def extremes(prices: deque[Price]) -> deque[Price]:
    """The lowest, the highest and the last, in the order they came."""
    places = range(len(prices))
    kept = {
        min(places, key=lambda place: prices[place].price),
        max(places, key=lambda place: prices[place].price),
        len(prices) - 1,
    }
    return deque(prices[place] for place in sorted(kept))


class Feed:
    def __init__(self, access: Access) -> None:
        self._access = access
        self._dialect = access.dialect
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)
        self._names: dict[str, str] = {}
        self._seen_ms: dict[str, int] = {}  # when each market was last heard, by its own clock
        self._line: Line | None = None
        self._followed: set[str] = set()
        self._opening = asyncio.Lock()
        self._failures = 0
        self._retry_at = 0.0
        self._spoke = 0.0
        self._closed = False

    async def join(self, symbol: str) -> Listener:
        """Followed from now on, if the exchange can be reached; else as soon as it can."""
        listener = Listener(self, symbol)
        self._listeners[symbol].add(listener)
        async with self._opening:
            if not self._healthy() and time.monotonic() >= self._retry_at:
                await self._try_repair()
        return listener

    async def leave(self, listener: Listener) -> None:
        listeners = self._listeners[listener.symbol]
        listeners.discard(listener)
        if listeners:
            return
        del self._listeners[listener.symbol]
        self._seen_ms.pop(listener.symbol, None)
        async with self._opening:
            if not self._listeners:
                await self._drop()
            elif len(self._surplus()) >= SURPLUS_MAX:
                await self._try_repair()

    async def keep_open(self) -> bool:
        """Return once the socket is open and follows every market wanted; False when closed."""
        while not self._closed and not self._access.closed:
            async with self._opening:
                pause = self._retry_at - time.monotonic()
                if self._healthy():
                    return True
                if pause <= 0:
                    await self._try_repair()
                    continue
            await asyncio.sleep(pause)
        return False

    async def _try_repair(self) -> None:
        try:
            await self._repair()
            self._failures = 0
        except (LineLost, Answered, ExchangeUnreachable):
            await self._drop()
            pause = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
            self._retry_at = time.monotonic() + pause + jitter(pause)
            self._failures += 1

    async def close(self) -> None:
        self._closed = True
        self._wake_all()
        await self._drop()

    def _missing(self) -> list[str]:
        return sorted(self._listeners.keys() - self._followed)

    def _surplus(self) -> list[str]:
        return sorted(self._followed - self._listeners.keys())

    def _healthy(self) -> bool:
        line = self._line
        return line is not None and not line.is_lost and not self._missing()

    async def _repair(self) -> None:
        if self._line is not None and self._line.is_lost:
            await self._drop()
        if self._line is None:
            self._names = dict((await self._access.listing()).symbols)
            wire = self._access.wire_for(None)
            url = self._dialect.market_line(wire)
            self._line = Line(wire, url, self._dialect, self._hear, self._wake_all)
            await self._line.open()
        if surplus := self._surplus():
            await self._pace()
            await self._dialect.unfollow(self._line, surplus)
            self._followed -= set(surplus)
        if self._missing():
            await self._pace()
            missing = self._missing()  # those who joined meanwhile go along
            await self._dialect.follow(self._line, missing)
            self._followed |= set(missing)
            for symbol in missing:
                await self._catch_up(symbol)

    async def _pace(self) -> None:
        pause = self._spoke + SECONDS_BETWEEN_MESSAGES - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        self._spoke = time.monotonic()

    async def _catch_up(self, symbol: str) -> None:
        """What was traded while we were away reaches the listeners all the same."""
        since = self._seen_ms.get(symbol)
        if since is None:
            return
        wire, weight = self._access.wire, self._dialect.weights.prices_since
        missed = await self._access.public(
            weight, lambda: self._dialect.prices_since(wire, symbol, since)
        )
        for price in missed:
            self._tell(Price(symbol, price))

    async def _drop(self) -> None:
        line, self._line = self._line, None
        self._followed.clear()
        if line is not None:
            await line.close()

    def _hear(self, message: Message) -> None:
        for seen in self._dialect.prints_of(message):
            symbol = self._names.get(seen.name, "")
            if symbol in self._listeners:
                self._seen_ms[symbol] = seen.at_ms
                self._tell(Price(symbol, seen.price))

    def _tell(self, price: Price) -> None:
        for listener in self._listeners.get(price.symbol, ()):
            listener.hear(price)

    def _wake_all(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake()
