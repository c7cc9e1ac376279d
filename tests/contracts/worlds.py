"""Exchanges to hold against the contract: the one in memory, and ccxt on the paper exchange."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

from tests.fakes import FakeExchange
from tests.paper.server import running_paper_exchange
from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.exchanges.ports import (
    Credentials,
    Exchanges,
    MarketData,
    Mode,
    OrderRequest,
    Session,
)
from tradingbot.kit.clock import Clock, SystemClock
from tradingbot.trading.order import OrderType, Side

SYMBOL = "BTC/USDT"
RECV_WINDOW_MS = 5_000


def sealed(text: str) -> str:
    return text[::-1]


@dataclass
class World:
    """One exchange with a market that stands at 60,000 until it is moved."""

    exchanges: Exchanges
    clock: Clock
    print: Callable[[Decimal, Decimal], None]
    orders_made: int = 0

    @property
    def market_data(self) -> MarketData:
        return self.exchanges.market_data("binance", Mode.PAPER)

    def session(self, account_id: int = 1) -> Session:
        key, secret = sealed(f"key {account_id}"), sealed("a secret")
        return self.exchanges.session(Credentials(account_id, "binance", Mode.PAPER, key, secret))

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

    def move(self, price: str, quantity: str = "1000") -> None:
        self.print(Decimal(price), Decimal(quantity))


Opening: TypeAlias = Callable[[Path], AbstractAsyncContextManager[World]]


@asynccontextmanager
async def in_memory(_: Path) -> AsyncIterator[World]:
    exchange = FakeExchange()
    yield World(
        exchange, exchange.clock, lambda price, quantity: exchange.move(SYMBOL, price, quantity)
    )


@asynccontextmanager
async def on_paper(directory: Path) -> AsyncIterator[World]:
    async with running_paper_exchange(directory, prints_per_second=0.0) as paper:
        tape = paper.venue.halls[SYMBOL].tape

        def move(price: Decimal, quantity: Decimal) -> None:
            paper.venue.print(SYMBOL, price, quantity, tape.at + 1, buyer_is_maker=False)
            paper.venue.flush()

        exchanges = CcxtExchanges(paper.url, lambda text: text[::-1], SystemClock())
        try:
            yield World(exchanges, SystemClock(), move)
        finally:
            await exchanges.close()


WORLDS: dict[str, Opening] = {"in_memory": in_memory, "ccxt_on_paper": on_paper}
