"""The public side of an exchange: markets, prices, candles, the clock."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TypeVar

from tradingbot.adapters.ccxt_access import Access
from tradingbot.adapters.ccxt_errors import Answered, failure, no_such_market
from tradingbot.adapters.ccxt_feed import Feed
from tradingbot.exchanges.errors import SymbolUnknown
from tradingbot.exchanges.ports import Price
from tradingbot.strategies.strategy import Candle
from tradingbot.trading.market import Market

Answer = TypeVar("Answer")

CANDLES_A_PAGE = 1_000


class CcxtMarketData:
    """See exchanges.ports.MarketData."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._dialect = access.dialect
        self._feed = Feed(access)

    async def markets(self) -> dict[str, Market]:
        return dict((await self._access.listing()).markets)

    async def market(self, symbol: str) -> Market:
        listing = await self._access.listing()
        if symbol not in listing.markets:
            raise SymbolUnknown(f"{self._dialect.name} has no market {symbol}", field="symbol")
        return listing.markets[symbol]

    async def price(self, symbol: str) -> Decimal:
        weight = self._dialect.weights.price
        return await self._of(
            symbol, weight, lambda: self._dialect.price(self._access.wire, symbol)
        )

    async def candles(self, symbol: str, timeframe: str, limit: int) -> Sequence[Candle]:
        found: list[Candle] = []
        while len(found) < limit:
            count = min(limit - len(found), CANDLES_A_PAGE)
            page = await self._candles(symbol, timeframe, count, found[0].at if found else None)
            found = page + found
            if len(page) < count:
                break
        return found

    async def _candles(
        self, symbol: str, timeframe: str, limit: int, before_ms: int | None
    ) -> list[Candle]:
        wire = self._access.wire
        return await self._of(
            symbol,
            self._dialect.weights.candles,
            lambda: self._dialect.candles(wire, symbol, timeframe, limit, before_ms),
        )

    async def clock_offset_ms(self) -> int:
        await self._access.clock.sure()
        return self._access.clock.offset_ms()

    @asynccontextmanager
    async def prices(self, symbol: str) -> AsyncIterator[AsyncIterator[Price]]:
        await self.market(symbol)
        listener = await self._feed.join(symbol)
        try:
            yield listener
        finally:
            await self._feed.leave(listener)

    async def close(self) -> None:
        await self._feed.close()

    async def _of(self, symbol: str, weight: int, call: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            return await self._access.ask(weight, call)
        except Answered as answer:
            if no_such_market(self._dialect.codes, answer):
                raise SymbolUnknown(
                    f"{self._dialect.name} has no market {symbol}", field="symbol"
                ) from None
            raise failure(self._dialect.codes, answer) from None
