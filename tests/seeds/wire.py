"""One process's way to the exchange: it takes time, it fails, and it ends with the process."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from tests.seeds.exchange import LATE_SECONDS_MAX, Venue, at_once
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import (
    AccountNews,
    Balance,
    Credentials,
    Mode,
    OrderReport,
    OrderRequest,
    PlaceAnswer,
    Price,
    StreamOpened,
    Trade,
    TradeMark,
    Unclear,
)
from tradingbot.kit.errors import Fact
from tradingbot.strategies.strategy import Candle
from tradingbot.trading.market import Market

T = TypeVar("T")

PATIENCE_SECONDS = 15.0
RESET_SECONDS_MAX = 0.5
TRIP_SECONDS_MAX = 0.15
SLOW_SECONDS_MAX = 4.0
REOPEN_SECONDS_MAX = 2.0
OFFSET_ERROR_MS = 250

Answer: TypeAlias = Callable[[Any], None]


@dataclass(frozen=True)
class Journey:
    """What becomes of one request: None where it never arrives, or is never answered."""

    arrives: float | None
    answered: float | None  # after it arrived
    given_up: float | None


class Wire:
    """exchanges.ports.Exchanges and MarketData of one process.

    `at` is called before each request leaves, `posting` when the request is an order.
    """

    def __init__(
        self,
        venue: Venue,
        clock_ahead_ms: int,
        at: Callable[[str], Awaitable[None]],
        posting: Callable[[int, OrderRequest], None],
    ) -> None:
        self.venue = venue
        self.at = at
        self.posting = posting
        self._offset_ms = venue.clock_ahead_ms - clock_ahead_ms
        self._streams: list[tuple[list[Any], Any]] = []
        self._hearing: dict[int, int] = {}

    # --- exchanges.ports.Exchanges

    def names(self) -> Sequence[str]:
        return self.venue.fake.names()

    def session(self, credentials: Credentials) -> "Line":
        self.venue.fake._known(credentials.exchange)
        return Line(self, credentials.account_id)

    def market_data(self, exchange: str, mode: Mode) -> "Wire":
        self.venue.fake._known(exchange)
        return self

    async def forget(self, account_id: int) -> None:
        """Nothing is kept of a session."""

    async def close(self) -> None:
        self.cut()

    # --- exchanges.ports.MarketData

    async def markets(self) -> dict[str, Market]:
        return at_once(self.venue.fake.markets())

    async def market(self, symbol: str) -> Market:
        return at_once(self.venue.fake.market(symbol))

    async def price(self, symbol: str) -> Decimal:
        return await self.asked("price", lambda: at_once(self.venue.fake.price(symbol)))

    async def candles(self, symbol: str, timeframe: str, limit: int) -> Sequence[Candle]:
        return at_once(self.venue.fake.candles(symbol, timeframe, limit))

    async def clock_offset_ms(self) -> int:
        error = int((self.venue.chance.random() * 2 - 1) * OFFSET_ERROR_MS)
        return self._offset_ms + error

    @asynccontextmanager
    async def prices(self, symbol: str) -> AsyncIterator[AsyncIterator[Price]]:
        await self.market(symbol)  # raises what is not there
        await self.at("feed")
        queue: asyncio.Queue[Price | None] = asyncio.Queue()
        tickers = self.venue.tickers.setdefault(symbol, [])
        self._listen(tickers, queue)

        async def listen() -> AsyncIterator[Price]:
            while (tick := await queue.get()) is not None:
                yield tick
            raise ExchangeUnreachable("the feed broke")

        try:
            yield listen()
        finally:
            self._unlisten(tickers, queue)

    # --- for its sessions

    async def asked(self, what: str, does: Callable[[], T]) -> T:
        """One request and its answer. Raises ExchangeUnreachable when there is none."""

        def carried(answer: Answer) -> None:
            answer(does())

        return await self.carried(what, carried)  # type: ignore[no-any-return]  # what does() gave

    async def carried(self, what: str, does: Callable[[Answer], None]) -> Any:
        await self.at(what)
        journey = self._journey()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def told(result: Any) -> None:
            if journey.answered is not None:
                self.venue.after(journey.answered, self._settle, answer, result)

        def arrive() -> None:
            self.venue.on_the_way -= 1
            try:
                does(told)
            except Fact as error:
                told(error)

        if journey.arrives is not None:
            self.venue.on_the_way += 1
            self.venue.after(journey.arrives, arrive)
        if journey.given_up is not None:
            lost = ExchangeUnreachable("no answer came")
            self.venue.after(journey.given_up, self._settle, answer, lost)
        return await answer

    @staticmethod
    def _settle(answer: asyncio.Future[Any], result: object) -> None:
        if answer.done():
            return
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    def _journey(self) -> Journey:
        weather, draw = self.venue.weather, self.venue.chance.random
        there = draw() * TRIP_SECONDS_MAX
        slow = SLOW_SECONDS_MAX if draw() < weather.slow else TRIP_SECONDS_MAX
        reset = draw() * RESET_SECONDS_MAX
        kind = draw()
        for share, journey in (
            (weather.lost_before, Journey(None, None, reset)),
            (weather.lost_after, Journey(there, None, there + reset)),
            (weather.hangs, Journey(None, None, PATIENCE_SECONDS)),
            (weather.hangs_after, Journey(there, None, PATIENCE_SECONDS)),
            (weather.late, Journey(draw() * LATE_SECONDS_MAX, None, reset)),
        ):
            if kind < share:
                return journey
            kind = (kind - share) / (1 - share)
        return Journey(there, draw() * slow, PATIENCE_SECONDS)

    # --- what ends with the process

    def _listen(self, listeners: list[Any], queue: Any) -> None:
        listeners.append(queue)
        self._streams.append((listeners, queue))

    def _unlisten(self, listeners: list[Any], queue: Any) -> None:
        if (listeners, queue) in self._streams:
            self._streams.remove((listeners, queue))
            listeners.remove(queue)

    def open_stream(self, account_id: int) -> asyncio.Queue[AccountNews | None]:
        queue: asyncio.Queue[AccountNews | None] = asyncio.Queue()
        listeners: list[Any] = self.venue.fake.account(account_id).listeners
        self._listen(listeners, queue)
        self.venue.streams.append(queue)
        self._hearing[account_id] = self._hearing.get(account_id, 0) + 1
        return queue

    def close_stream(self, account_id: int, queue: asyncio.Queue[AccountNews | None]) -> None:
        self._unlisten(self.venue.fake.account(account_id).listeners, queue)
        if queue in self.venue.streams:
            self.venue.streams.remove(queue)
        self._hearing[account_id] -= 1

    def hears(self, account_id: int) -> bool:
        return self._hearing.get(account_id, 0) > 0

    def cut(self) -> None:
        """Nothing is heard any more."""
        for listeners, queue in list(self._streams):
            self._unlisten(listeners, queue)


class Line:
    """exchanges.ports.Session of one account in one process."""

    def __init__(self, wire: Wire, account_id: int) -> None:
        self._wire = wire
        self._venue = wire.venue
        self._account_id = account_id
        self._session = wire.venue.session(account_id)

    async def ready_to_place(self) -> None:
        await self._wire.at("ready")

    async def place(self, request: OrderRequest) -> PlaceAnswer:
        self._wire.posting(self._account_id, request)
        try:
            return await self._wire.carried(  # type: ignore[no-any-return]  # what post() answers
                f"place {request.client_order_id}",
                lambda answer: self._venue.post(self._account_id, request, answer),
            )
        except ExchangeUnreachable as error:
            return Unclear(error.message)

    async def cancel(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return await self._wire.asked(
            f"cancel {exchange_order_id}",
            lambda: at_once(self._session.cancel(symbol, exchange_order_id)),
        )

    async def find(self, symbol: str, client_order_id: str) -> OrderReport | None:
        def look() -> OrderReport | None:
            return self._shown(at_once(self._session.find(symbol, client_order_id)))

        return await self._wire.asked(f"find {client_order_id}", look)

    async def find_by_exchange_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        def look() -> OrderReport | None:
            found = at_once(self._session.find_by_exchange_id(symbol, exchange_order_id))
            return self._shown(found)

        return await self._wire.asked(f"find {exchange_order_id}", look)

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderReport]:
        def look() -> Sequence[OrderReport]:
            return self._venue.open_orders(self._account_id, symbol)

        return await self._wire.asked("open orders", look)

    async def trades_of(self, symbol: str, exchange_order_id: str) -> Sequence[Trade]:
        return await self._trades(lambda: self._session.trades_of(symbol, exchange_order_id))

    async def trades_since(self, symbol: str, mark: TradeMark) -> Sequence[Trade]:
        return await self._trades(lambda: self._session.trades_since(symbol, mark))

    async def _trades(
        self, asks: Callable[[], Coroutine[Any, Any, Sequence[Trade]]]
    ) -> Sequence[Trade]:
        def look() -> Sequence[Trade]:
            return [trade for trade in at_once(asks()) if self._venue.visible(trade)]

        return await self._wire.asked("trades", look)

    async def balances(self) -> dict[str, Balance]:
        return await self._wire.asked("balances", lambda: at_once(self._session.balances()))

    def hears(self) -> bool:
        return self._wire.hears(self._account_id)

    async def news(self) -> AsyncGenerator[AccountNews]:
        while True:
            await self._wire.at("stream")
            queue = self._wire.open_stream(self._account_id)
            try:
                yield StreamOpened()
                async for item in self._told(queue):
                    yield item
            finally:
                self._wire.close_stream(self._account_id, queue)
            await asyncio.sleep(self._venue.chance.random() * REOPEN_SECONDS_MAX)

    async def _told(self, queue: asyncio.Queue[AccountNews | None]) -> AsyncGenerator[AccountNews]:
        """As it was told, but for what is lost, doubled or overtaken on the way."""
        draw, held = self._venue.chance.random, None
        while (item := await queue.get()) is not None:
            weather = self._venue.weather
            if draw() < weather.omitted:
                continue
            if held is None and draw() < weather.reordered:
                held = item
                continue
            yield item
            if draw() < weather.duplicated:
                yield item
            if held is not None:
                yield held
                held = None

    def _shown(self, report: OrderReport | None) -> OrderReport | None:
        return self._venue.shown(self._account_id, report)
