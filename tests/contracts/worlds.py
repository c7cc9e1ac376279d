"""Exchanges to hold against the contract: those in memory, and ccxt's on the paper exchange.

They may differ in one thing: whether an answer to an order says what became of it, or only that it
was taken. So tests place with `placed`, which waits for the end of the beginning.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from collections.abc import Set as AbstractSet
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeAlias, TypeVar

from tests.fake_manners import Manner
from tests.fakes import FakeExchange
from tests.paper.server import running_paper_exchange
from tests.seeds.exchange import Venue
from tests.seeds.wire import Wire
from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.exchanges.ports import (
    Accepted,
    Credentials,
    Exchanges,
    MarketData,
    Mode,
    OrderReport,
    OrderRequest,
    Session,
)
from tradingbot.kit.clock import Clock, SystemClock
from tradingbot.trading.order import TERMINAL, OrderStatus, OrderType, Side

Found = TypeVar("Found")

SYMBOL = "BTC/USDT"
RECV_WINDOW_MS = 5_000


def sealed(text: str) -> str:
    return text[::-1]


@dataclass
class World:
    """One exchange with a market that stands at 60,000 until it is moved."""

    exchange: str
    exchanges: Exchanges
    clock: Clock
    print: Callable[[Decimal, Decimal], None]
    orders_made: int = 0

    @property
    def market_data(self) -> MarketData:
        return self.exchanges.market_data(self.exchange, Mode.PAPER)

    def session(self, account_id: int = 1) -> Session:
        keys = sealed(f"key {account_id}"), sealed("a secret")
        return self.exchanges.session(Credentials(account_id, self.exchange, Mode.PAPER, *keys))

    def now_ms(self) -> int:
        return int(self.clock.now().timestamp() * 1000)

    def order(self, **change: Any) -> OrderRequest:
        """A buy of 0.01 that rests far below the market, but for what `change` says."""
        self.orders_made += 1
        request = OrderRequest(
            symbol=SYMBOL,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=Decimal("0.01"),
            price=Decimal(50_000),
            client_order_id=f"t-contract-{self.orders_made}",
            sign_timestamp_ms=self.now_ms(),
            recv_window_ms=RECV_WINDOW_MS,
        )
        return replace(request, **change)

    async def placed(self, request: OrderRequest, account_id: int = 1) -> OrderReport:
        """The order once the exchange has decided about it: it rests, or has ended."""
        session = self.session(account_id)
        await session.ready_to_place()
        answer = await session.place(request)
        assert isinstance(answer, Accepted), answer
        assert answer.report.client_order_id == request.client_order_id
        ended = request.type is OrderType.MARKET
        report = await became(session, request, TERMINAL if ended else frozenset(OrderStatus))
        assert report.exchange_order_id == answer.report.exchange_order_id
        return report

    def move(self, price: str, quantity: str = "1000") -> None:
        self.print(Decimal(price), Decimal(quantity))


async def became(
    session: Session, request: OrderRequest, statuses: AbstractSet[OrderStatus]
) -> OrderReport:
    """The order once it can be seen, and stands as one of these."""

    async def seen() -> OrderReport | None:
        report = await session.find(request.symbol, request.client_order_id)
        return report if report is not None and report.status in statuses else None

    return await soon(seen)


async def soon(look: Callable[[], Awaitable[Found | None]]) -> Found:
    """What it finds at last."""
    async with asyncio.timeout(10):
        while True:
            if (found := await look()) is not None:
                return found
            await asyncio.sleep(0.01)


Opening: TypeAlias = Callable[[Path], AbstractAsyncContextManager[World]]


@asynccontextmanager
async def in_memory(_: Path, manner: Manner = Manner.DECIDES) -> AsyncIterator[World]:
    exchange = FakeExchange(manner=manner)
    yield World(
        manner,
        exchange,
        exchange.clock,
        lambda price, quantity: exchange.move(SYMBOL, price, quantity),
    )


@asynccontextmanager
async def on_paper(directory: Path, exchange: str) -> AsyncIterator[World]:
    async with running_paper_exchange(directory, prints_per_second=0.0) as paper:
        tape = paper.venue.halls[SYMBOL].tape

        def move(price: Decimal, quantity: Decimal) -> None:
            paper.venue.print(SYMBOL, price, quantity, tape.at + 1, buyer_is_maker=False)
            paper.venue.flush()

        exchanges = CcxtExchanges(paper.url, lambda text: text[::-1], SystemClock())
        try:
            yield World(exchange, exchanges, SystemClock(), move)
        finally:
            await exchanges.close()


@asynccontextmanager
async def in_a_seed(_: Path, manner: Manner) -> AsyncIterator[World]:
    """The way simulated processes go (tests/seeds), in fair weather and in real time."""
    venue = Venue(asyncio.get_running_loop(), Random(1), manner)

    async def at(_: str) -> None:
        """Nothing happens to who asks."""

    wire = Wire(venue, venue.clock_ahead_ms, at, lambda *_: None)
    yield World(
        manner, wire, venue.clock, lambda price, quantity: venue.move(SYMBOL, price, quantity)
    )


IN_MEMORY: dict[str, Opening] = {
    "in_memory": in_memory,
    "in_memory_acknowledging": partial(in_memory, manner=Manner.ACKNOWLEDGES),
}
WORLDS: dict[str, Opening] = {
    **IN_MEMORY,
    **{f"in_a_seed_as_{manner}": partial(in_a_seed, manner=manner) for manner in Manner},
    "binance_on_paper": partial(on_paper, exchange="binance"),
    "bybit_on_paper": partial(on_paper, exchange="bybit"),
}
