"""What we need from an exchange: one account's session, and the market everybody sees."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, TypeAlias

from tradingbot.strategies.strategy import Candle
from tradingbot.trading.market import Market
from tradingbot.trading.order import OrderStatus, OrderType, Side


class Mode(StrEnum):
    """How far an account may go; the order is the order of danger."""

    PAPER = "paper"
    TESTNET = "testnet"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account's keys, still sealed. Opened by the session, for one signature at a time."""

    account_id: int
    exchange: str
    mode: Mode
    api_key_sealed: str
    api_secret_sealed: str


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """One order as it will be signed. Quantity in base, price in quote per base.

    `sign_timestamp_ms` was fixed before the commit; the exchange refuses the request once
    `recv_window_ms` have passed since, so that a process that stalled cannot place late.
    """

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None
    client_order_id: str
    sign_timestamp_ms: int
    recv_window_ms: int


@dataclass(frozen=True, slots=True)
class Trade:
    """One fill as the exchange tells it. Exact digits: never through a float."""

    trade_id: str
    exchange_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    maker: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderReport:
    """What an exchange says of one order: from an answer, a look-up or the user stream.

    `filled_quantity` and `filled_cost` are totals so far. `trades` holds those fills that came
    with the report; it may lack some, then `filled_quantity` shows it. `side`, `quantity` and
    `price` are what the exchange has the order down for, None where it does not say. A report that
    is a fill and no more may count only that fill in `filled_cost`. `reason` is why it ended: where
    that would have been a refusal, had it been decided at once, the name of it (see Refused).
    """

    symbol: str
    client_order_id: str
    exchange_order_id: str
    status: OrderStatus
    filled_quantity: Decimal
    filled_cost: Decimal
    at: datetime
    trades: tuple[Trade, ...] = ()
    reason: str = ""
    side: Side | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TradeMark:
    """Up to where an account's trades on a market were read: the last one's time, and its id."""

    at: datetime
    trade_id: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The exchange has the order, and says so; what becomes of it may still be a refusal."""

    report: OrderReport


@dataclass(frozen=True, slots=True)
class Refused:
    """A definite no, by a code on the allow-list: this order does not and will not exist.

    `code` is ours and stable (`insufficient_funds`, `below_minimum_notional`, `would_match`,
    `invalid_key`, `rate_limited`, `stale_timestamp`, `price_out_of_bounds`, `invalid_order`, …);
    `exchange_code` the exchange's own number.
    """

    code: str
    exchange_code: str
    message: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """Anything else: the order may exist. Look it up, never send it again.

    `duplicate`: the exchange says that it has one under this client id already.
    """

    message: str
    duplicate: bool = False


PlaceAnswer: TypeAlias = Accepted | Refused | Unclear


@dataclass(frozen=True, slots=True)
class Balance:
    free: Decimal
    locked: Decimal


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """A new life of the user stream: what happened before it is not in it."""


@dataclass(frozen=True, slots=True)
class BalancesChanged:
    balances: dict[str, Balance]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message of the user stream that makes no sense. `raw` is its text, cut short."""

    raw: str
    why: str


AccountNews: TypeAlias = OrderReport | StreamOpened | BalancesChanged | Unreadable


class Session(Protocol):
    """One account on one exchange.

    Every call but `place` raises ExchangeUnreachable when no answer came, and KeyRefused when the
    exchange does not accept the key.
    """

    async def ready_to_place(self) -> None:
        """Return once the rate limits have room for one order; take that room.

        Raises ExchangeUnreachable when there will be none soon, and while the exchange's clock is
        not known well enough to sign by.
        """
        ...

    async def place(self, request: OrderRequest) -> PlaceAnswer:
        """One POST, never repeated; never raises for anything the network or exchange does."""
        ...

    async def cancel(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        """The order after the cancel, or None when the exchange knows no such open order.

        Where a cancel is only acknowledged the order may still be open in the answer.
        """
        ...

    async def find(self, symbol: str, client_order_id: str) -> OrderReport | None:
        """One look-up by client order id; None is a clear 'not found'."""
        ...

    async def find_by_exchange_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        """As `find`, by the exchange's own id: to learn whose order that was."""
        ...

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderReport]:
        """Of one market or of the whole account, whoever placed them; all pages."""
        ...

    async def trades_of(self, symbol: str, exchange_order_id: str) -> Sequence[Trade]:
        """The trades of one order, oldest first, all pages."""
        ...

    async def trades_since(self, symbol: str, mark: TradeMark) -> Sequence[Trade]:
        """The account's trades after the mark, oldest first, all pages; some from before may come.

        Each is listed once; where the account traded with itself, once for either side.
        """
        ...

    async def balances(self) -> dict[str, Balance]: ...

    def news(self) -> AsyncGenerator[AccountNews]:
        """The user stream; reconnects by itself and says so. No burst loses an item.

        What cannot be read is told as Unreadable, and the stream goes on.
        """
        ...

    def hears(self) -> bool:
        """Whether the user stream is subscribed right now."""
        ...


@dataclass(frozen=True, slots=True)
class Price:
    symbol: str
    price: Decimal


class MarketData(Protocol):
    """The public side of one exchange, shared by every bot in the process.

    Calls raise ExchangeUnreachable when no answer came, SymbolUnknown for a market not there.
    """

    async def markets(self) -> dict[str, Market]:
        """By symbol. Loaded once and kept; refreshed hourly."""
        ...

    async def market(self, symbol: str) -> Market: ...

    async def price(self, symbol: str) -> Decimal: ...

    async def candles(self, symbol: str, timeframe: str, limit: int) -> Sequence[Candle]: ...

    async def clock_offset_ms(self) -> int:
        """The exchange's clock less ours.

        Raises ExchangeUnreachable when nobody should sign or judge by it: it was measured too long
        ago, or has jumped.
        """
        ...

    def prices(self, symbol: str) -> AbstractAsyncContextManager[AsyncIterator[Price]]:
        """Every trade's price while the context is open; one socket however many listen."""
        ...


class Exchanges(Protocol):
    """The way to any exchange: sessions and market data, made once and shared in the process."""

    def names(self) -> Sequence[str]: ...

    def session(self, credentials: Credentials) -> Session: ...

    def market_data(self, exchange: str, mode: Mode) -> MarketData: ...

    async def forget(self, account_id: int) -> None:
        """Close this account's session, for example because its keys changed."""
        ...

    async def close(self) -> None: ...
