"""One account's session: orders out once each, questions, and its stream."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from tradingbot.adapters.ccxt_access import Access
from tradingbot.adapters.ccxt_dialect import Listing
from tradingbot.adapters.ccxt_errors import Answered, absent, doubled, failure, refusal
from tradingbot.adapters.ccxt_limits import Urgency
from tradingbot.adapters.ccxt_line import UNREADABLE, Line, LineLost, Message
from tradingbot.adapters.ccxt_wire import Keys, told
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import (
    Accepted,
    AccountNews,
    Balance,
    OrderReport,
    OrderRequest,
    PlaceAnswer,
    StreamOpened,
    Trade,
    TradeMark,
    Unclear,
    Unreadable,
)
from tradingbot.kit.ids import jitter
from tradingbot.trading.order import Side

Answer = TypeVar("Answer")

UNREADABLE_LENGTH_MAX = 2_000
BACKOFF_SECONDS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_log = logging.getLogger(__name__)


class CcxtSession:
    """See exchanges.ports.Session."""

    def __init__(self, access: Access, keys: Keys) -> None:
        self.keys = keys
        self._access = access
        self._dialect = access.dialect
        self._wire = access.wire_for(keys)
        self._account_id = keys.credentials.account_id
        self._closed = False
        self._lines: set[Line] = set()
        self._heard: set[Line] = set()  # those of them that are subscribed

    async def ready_to_place(self) -> None:
        await self._access.clock.sure()
        await self._access.limits_known()
        await self._access.limits.take_order(self._account_id, self._dialect.weights.place)

    async def place(self, request: OrderRequest) -> PlaceAnswer:
        try:
            report = await self._dialect.place(self._wire, request)
        except Answered as answer:
            self._note(answer)
            codes = self._dialect.codes
            return refusal(codes, answer) or Unclear(told(answer), doubled(codes, answer))
        except Exception as error:  # noqa: BLE001  # after any failure the order may exist
            return Unclear(told(error))
        finally:
            self._access.limits.order_answered(self._account_id)
        if report.client_order_id != request.client_order_id:
            return Unclear("the answer is about another order")
        return Accepted(report)

    async def cancel(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return await self._ask(
            self._dialect.weights.cancel,
            lambda: self._dialect.cancel(self._wire, symbol, exchange_order_id),
            Urgency.RESCUE,
        )

    async def find(self, symbol: str, client_order_id: str) -> OrderReport | None:
        return await self._ask(
            self._dialect.weights.find,
            lambda: self._dialect.find(self._wire, symbol, client_order_id),
            Urgency.RESCUE,
        )

    async def find_by_exchange_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        return await self._ask(
            self._dialect.weights.find,
            lambda: self._dialect.find_by_exchange_id(self._wire, symbol, exchange_order_id),
        )

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderReport]:
        weights, symbols = self._dialect.weights, (await self._access.listing()).symbols
        weight = weights.all_open_orders if symbol is None else weights.open_orders
        call = partial(self._dialect.open_orders, self._wire, symbol, symbols)
        return await self._ask(weight, call) or []

    async def trades_of(self, symbol: str, exchange_order_id: str) -> Sequence[Trade]:
        return await self._pages(
            self._dialect.weights.trades_of_order,
            partial(self._dialect.trades_of, self._wire, symbol, exchange_order_id),
        )

    async def trades_since(self, symbol: str, mark: TradeMark) -> Sequence[Trade]:
        return await self._pages(
            self._dialect.weights.trades,
            partial(self._dialect.trades_since, self._wire, symbol, mark),
        )

    async def _pages(
        self, weight: int, read: Callable[[str | None], Awaitable[tuple[list[Trade], str | None]]]
    ) -> list[Trade]:
        """Each trade once, for pages may overlap; one of an account with itself has two sides."""
        found: dict[tuple[str, Side], Trade] = {}
        page: str | None = None
        while True:
            answer = await self._ask(weight, partial(read, page))
            trades, page = answer or ([], None)
            found |= {(trade.trade_id, trade.side): trade for trade in trades}
            if page is None:
                return sorted(found.values(), key=lambda trade: trade.at)

    async def balances(self) -> dict[str, Balance]:
        weight = self._dialect.weights.balances
        return await self._ask(weight, lambda: self._dialect.balances(self._wire)) or {}

    async def news(self) -> AsyncGenerator[AccountNews]:
        failures = 0
        while not self._closed and not self._access.closed:
            try:
                async with aclosing(self._one_life()) as life:
                    async for item in life:
                        failures = 0
                        yield item
            except (LineLost, ExchangeUnreachable) as error:
                _log.info("user stream of account %d lost: %s", self._account_id, told(error))
            pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
            failures += 1
            await asyncio.sleep(pause / 2 + jitter(pause / 2))

    def hears(self) -> bool:
        return any(not line.is_lost for line in self._heard)

    async def close(self) -> None:
        """Ends whatever news() is running."""
        self._closed = True
        for line in list(self._lines):
            await line.close()

    async def _one_life(self) -> AsyncGenerator[AccountNews]:
        """From one subscription to its end, which is LineLost."""
        arrived: deque[Message] = deque()
        bell = asyncio.Event()

        def hear(message: Message) -> None:
            arrived.append(message)
            bell.set()

        listing = await self._access.listing()
        wire = self._access.wire_for(self.keys)
        line = Line(wire, self._dialect.account_line(wire), self._dialect, hear, bell.set)
        self._lines.add(line)
        try:
            await self._listen(line)
            self._heard.add(line)
            yield StreamOpened()
            while arrived or not line.is_lost:
                while arrived:
                    message = arrived.popleft()
                    for item in await self._read(message, listing):
                        yield item
                bell.clear()
                if not arrived and not line.is_lost:
                    await bell.wait()
            raise LineLost
        finally:
            self._lines.discard(line)
            self._heard.discard(line)
            await line.close()

    async def _listen(self, line: Line) -> None:
        await self._access.clock.known()
        await self._access.limits.take(self._dialect.weights.connect, Urgency.RESCUE)
        await line.open()
        try:
            await self._dialect.listen(line)
        except Answered as answer:
            self._note(answer)
            raise failure(self._dialect.codes, answer) from None

    async def _read(self, message: Message, listing: Listing) -> Sequence[AccountNews]:
        """What a message tells; Unreadable when it makes no sense."""
        if UNREADABLE in message:
            return (_unreadable(message[UNREADABLE], "no JSON object"),)
        for known in (listing, None):
            symbols = (known or await self._access.listing(newer_than=listing)).symbols
            try:
                return self._dialect.news(message, symbols)
            except KeyError:
                continue  # perhaps a market listed since
            except Exception as error:  # noqa: BLE001  # whatever a broken one makes of a parser
                return (_unreadable(message, f"{type(error).__name__}: {error}"),)
        return (_unreadable(message, "of a market that is not listed, or with fields missing"),)

    async def _ask(
        self,
        weight: int,
        call: Callable[[], Awaitable[Answer]],
        urgency: Urgency = Urgency.QUERY,
    ) -> Answer | None:
        """One signed query; None when the exchange knows no such order."""
        codes = self._dialect.codes
        for last_try in (False, True):
            await self._access.clock.known()
            try:
                return await self._access.ask(weight, call, urgency)
            except Answered as answer:
                if absent(codes, answer):
                    return None
                self._note(answer)
                if answer.code not in codes.stale or last_try:
                    raise failure(codes, answer) from None
        raise AssertionError("the last try answers or raises")

    def _note(self, answer: Answered) -> None:
        if answer.code in self._dialect.codes.stale:
            self._access.clock.doubt()


def _unreadable(message: object, why: str) -> Unreadable:
    return Unreadable(str(message)[:UNREADABLE_LENGTH_MAX], why[:UNREADABLE_LENGTH_MAX])
