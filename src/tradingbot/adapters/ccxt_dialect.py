"""What one exchange's module must know; everything else is the same for all exchanges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple, Protocol

import aiohttp

from tradingbot.adapters.ccxt_errors import CodeTable
from tradingbot.adapters.ccxt_line import Line, Message
from tradingbot.adapters.ccxt_wire import Hearing, Wire
from tradingbot.exchanges.ports import (
    AccountNews,
    Balance,
    Mode,
    OrderReport,
    OrderRequest,
    Trade,
    TradeMark,
)
from tradingbot.strategies.strategy import Candle
from tradingbot.trading.market import Market


@dataclass(frozen=True, slots=True)
class Weights:
    """What each call costs under the exchange's rate limit."""

    place: int
    cancel: int
    find: int
    open_orders: int
    all_open_orders: int
    trades: int
    trades_of_order: int
    balances: int
    time: int
    price: int
    candles: int
    markets: int
    prices_since: int
    connect: int


@dataclass(frozen=True, slots=True)
class Listing:
    """Every market that is open, the exchange's names for them, its limits.

    `weight_limit`: request weight an address may use in the dialect's `weight_window_ms`.
    `orders_by_ms`: orders an account may place, by window length in milliseconds.
    """

    markets: Mapping[str, Market]
    symbols: Mapping[str, str]  # by the exchange's own name
    weight_limit: int | None
    orders_by_ms: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Usage:
    """What response headers say was used so far, and for how long to be quiet."""

    weight: int | None
    orders_by_ms: Mapping[int, int]
    pause_seconds: float


class Print(NamedTuple):
    """A trade of the market: the exchange's name of it, the price, the exchange's time."""

    name: str
    price: Decimal
    at_ms: int


class Dialect(Protocol):
    """One exchange's own words, for ccxt's raw endpoints and streams.

    A call raises Answered when the exchange answered with an error, and anything at all when it
    did not answer well: nobody may conclude anything from that.
    """

    name: str
    codes: CodeTable
    weights: Weights
    weight_window_ms: int

    def wire(
        self, mode: Mode, paper_url: str | None, session: aiohttp.ClientSession, hearing: Hearing
    ) -> Wire: ...

    def usage(self, status: int, headers: Mapping[str, str]) -> Usage: ...

    async def place(self, wire: Wire, request: OrderRequest) -> OrderReport:
        """Exactly one POST, signed with the request's own timestamp and window."""
        ...

    async def cancel(
        self, wire: Wire, symbol: str, exchange_order_id: str
    ) -> OrderReport | None: ...

    async def find(self, wire: Wire, symbol: str, client_order_id: str) -> OrderReport | None:
        """None, or Answered with a code of `codes.absent`: the exchange knows no such order."""
        ...

    async def find_by_exchange_id(
        self, wire: Wire, symbol: str, exchange_order_id: str
    ) -> OrderReport | None:
        """As `find`."""
        ...

    async def open_orders(
        self, wire: Wire, symbol: str | None, symbols: Mapping[str, str]
    ) -> list[OrderReport]:
        """Of one market, or of all; `symbols` by the exchange's own names. All pages."""
        ...

    async def trades_of(
        self, wire: Wire, symbol: str, exchange_order_id: str, page: str | None
    ) -> tuple[list[Trade], str | None]:
        """One page and where the next begins, None when it was the last. `page` None: the first.

        Each page oldest first, the pages in any order.
        """
        ...

    async def trades_since(
        self, wire: Wire, symbol: str, mark: TradeMark, page: str | None
    ) -> tuple[list[Trade], str | None]:
        """As `trades_of`, for every order, from the mark on."""
        ...

    async def balances(self, wire: Wire) -> dict[str, Balance]: ...

    async def time_ms(self, wire: Wire) -> int: ...

    async def listing(self, wire: Wire) -> Listing: ...

    async def price(self, wire: Wire, symbol: str) -> Decimal: ...

    async def candles(
        self, wire: Wire, symbol: str, timeframe: str, limit: int, before_ms: int | None
    ) -> list[Candle]:
        """One page of at most `limit`, the newest that open before that time, oldest first."""
        ...

    async def prices_since(self, wire: Wire, symbol: str, since_ms: int) -> list[Decimal]:
        """What the market traded at since then, oldest first, so far as the exchange tells."""
        ...

    def account_line(self, wire: Wire) -> str:
        """Address of the user stream."""
        ...

    async def listen(self, line: Line) -> None:
        """Subscribe to the account's events; return when the exchange has confirmed."""
        ...

    def news(self, message: Message, symbols: Mapping[str, str]) -> Sequence[AccountNews]:
        """What a user stream message tells. Raises KeyError for a market that is not listed."""
        ...

    def market_line(self, wire: Wire) -> str:
        """Address of the public stream."""
        ...

    async def follow(self, line: Line, symbols: Sequence[str]) -> None: ...

    async def unfollow(self, line: Line, symbols: Sequence[str]) -> None: ...

    def prints_of(self, message: Message) -> Sequence[Print]:
        """The market's trades a public message tells, oldest first."""
        ...

    def answer_id(self, message: Message) -> str | None:
        """Which of our requests a message answers, None when it is an event."""
        ...

    def ended(self, message: Message) -> bool:
        """Whether the exchange says that nothing more will come on this line."""
        ...
