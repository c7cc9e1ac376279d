"""An exchange in memory, in full: for tests of the order path that need no socket.

It fulfils the same contract as the real adapter (tests/contracts), and it can be told to lose
answers, to deliver them late, to fall silent. `posts` is every order that reached it.
"""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

from tests.fake_account import Account, HeldOrder
from tests.fake_manners import CODES, NUMBERS, Fault, Manner
from tests.fake_session import FakeSession
from tradingbot.exchanges.errors import ExchangeUnknown, ExchangeUnreachable, SymbolUnknown
from tradingbot.exchanges.ports import (
    Accepted,
    Balance,
    BalancesChanged,
    Credentials,
    Mode,
    OrderReport,
    OrderRequest,
    PlaceAnswer,
    Price,
    Refused,
    Trade,
    Unclear,
)
from tradingbot.kit.clock import Clock
from tradingbot.strategies.strategy import Candle
from tradingbot.trading.market import Market, breach
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import ON_BOOK, TERMINAL, OrderStatus, OrderType, Side

BTC_USDT = Market(
    symbol="BTC/USDT",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.01"),
    step_size=Decimal("0.00001"),
    quantity_min=Decimal("0.00001"),
    quantity_max=Decimal(9000),
    notional_min=Decimal(5),
    maker_fee=Decimal("0.001"),
    taker_fee=Decimal("0.001"),
)
PURSE = {"USDT": Decimal(100_000), "BTC": Decimal(1)}


class FakeClock:
    """Stands still until told."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class FakeExchange:
    """The exchange and, at once, exchanges.ports.Exchanges and MarketData of it.

    One that acknowledges decides in the order of arrival, as soon as the loop turns, or when told.
    """

    def __init__(
        self, clock: Clock | None = None, *markets: Market, manner: Manner = Manner.DECIDES
    ) -> None:
        self.clock = clock or FakeClock()
        self.manner = manner
        self.posts: list[OrderRequest] = []
        self.faults: list[Fault] = []
        self.unreachable = False
        self.offset_ms = 0
        self.fee_coin: str | None = None  # None: fees are taken of what is received
        self._markets = {market.symbol: market for market in markets or (BTC_USDT,)}
        self._prices = dict.fromkeys(self._markets, Decimal(60_000))
        self._accounts: dict[int, Account] = {}
        self._late: list[tuple[Account, OrderRequest]] = []
        self._undecided: list[Callable[[], None]] = []
        self._numbers = itertools.count(1)
        self._listeners: defaultdict[str, list[asyncio.Queue[Price]]] = defaultdict(list)

    # --- what a test does to it

    def move(self, symbol: str, price: Decimal, quantity: Decimal | None = None) -> None:
        """One print of the surrounding market: resting orders it reaches are filled.

        Best price first, then oldest, `quantity` in all (None: as much as there is).
        """
        self._prices[symbol] = price
        for listener in self._listeners[symbol]:
            listener.put_nowait(Price(symbol, price))
        for account, order in self._reached(symbol, price):
            if quantity == ZERO:
                break
            amount = order.remaining if quantity is None else min(order.remaining, quantity)
            assert order.request.price is not None
            self._fill(account, order, amount, order.request.price, maker=True)
            quantity = None if quantity is None else quantity - amount

    def fail_next(self, *faults: Fault) -> None:
        self.faults += faults

    def deliver(self) -> list[PlaceAnswer]:
        """What was late arrives now, and finds the clock as it is."""
        late, self._late = self._late, []
        return [self._judge(account, request) for account, request in late]

    def decide(self) -> None:
        """What was only acknowledged happens, or does not."""
        while self._undecided:
            self._undecided.pop(0)()

    def cut_streams(self) -> None:
        """Every user stream breaks: it opens anew, and tells nothing of what was before."""
        for account in self._accounts.values():
            for listener in account.listeners:
                listener.put_nowait(None)
            account.listeners.clear()

    def account(self, account_id: int) -> Account:
        return self._accounts.setdefault(
            account_id, Account({asset: Balance(free, ZERO) for asset, free in PURSE.items()})
        )

    # --- exchanges.ports.Exchanges

    def names(self) -> Sequence[str]:
        return [self.manner.value]

    def session(self, credentials: Credentials) -> FakeSession:
        self._known(credentials.exchange)
        return FakeSession(self, self.account(credentials.account_id))

    def market_data(self, exchange: str, mode: Mode) -> "FakeExchange":
        self._known(exchange)
        return self

    async def forget(self, account_id: int) -> None:
        """Nothing is kept of a session."""

    async def close(self) -> None:
        """Nothing is open."""

    # --- exchanges.ports.MarketData

    async def markets(self) -> dict[str, Market]:
        self.answer()
        return dict(self._markets)

    async def market(self, symbol: str) -> Market:
        self.answer()
        if symbol not in self._markets:
            raise SymbolUnknown(f"no market {symbol}", field="symbol")
        return self._markets[symbol]

    async def price(self, symbol: str) -> Decimal:
        await self.market(symbol)
        return self._prices[symbol]

    async def candles(self, symbol: str, timeframe: str, limit: int) -> Sequence[Candle]:
        """Flat hours at the present price."""
        price = await self.price(symbol)
        hour = int(self.clock.now().timestamp()) // 3_600
        hours = range(hour - limit + 1, hour + 1)
        return [Candle(at * 3_600_000, price, price, price, price, Decimal(1)) for at in hours]

    async def clock_offset_ms(self) -> int:
        self.answer()
        return self.offset_ms

    @asynccontextmanager
    async def prices(self, symbol: str) -> AsyncIterator[AsyncIterator[Price]]:
        await self.market(symbol)
        queue: asyncio.Queue[Price] = asyncio.Queue()

        async def listen() -> AsyncIterator[Price]:
            self._listeners[symbol].append(queue)
            while True:
                yield await queue.get()

        try:
            yield listen()
        finally:
            if queue in self._listeners[symbol]:
                self._listeners[symbol].remove(queue)

    # --- for its sessions

    def answer(self) -> None:
        if self.unreachable:
            raise ExchangeUnreachable("the fake is told to be silent")

    def post(self, account: Account, request: OrderRequest) -> PlaceAnswer:
        fault = self.faults.pop(0) if self.faults else None
        if self.unreachable or fault is Fault.LOST_BEFORE:
            return Unclear("nothing arrived")
        self.posts.append(request)
        if fault is Fault.LATE:
            self._late.append((account, request))
            return Unclear("no answer yet")
        answer = self._judge(account, request)
        if fault is Fault.KILLED_AFTER:
            raise asyncio.CancelledError
        return Unclear("the answer was lost") if fault is Fault.LOST_AFTER else answer

    def cancel(self, account: Account, exchange_order_id: str) -> OrderReport | None:
        order = next((each for each in account.orders if each.id == exchange_order_id), None)
        if order is None or order.status not in ON_BOOK:
            return None
        if self.manner is Manner.ACKNOWLEDGES:
            self._later(partial(self._withdraw, account, order))
        else:
            self._withdraw(account, order)
        return order.report()

    def _later(self, act: Callable[[], None]) -> None:
        self._undecided.append(act)
        with suppress(RuntimeError):  # without a loop it is decided when told
            asyncio.get_running_loop().call_soon(self.decide)

    def _withdraw(self, account: Account, order: HeldOrder, reason: str = "") -> None:
        if order.status not in ON_BOOK:
            return  # filled in the meantime
        order.status, order.at, order.reason = OrderStatus.CANCELLED, self.clock.now(), reason
        asset, amount = self._price_of(order.request, order.remaining)
        account.change(asset, amount, -amount)
        account.tell(order.report(), BalancesChanged({asset: account.balances[asset]}))

    def _judge(self, account: Account, request: OrderRequest) -> PlaceAnswer:
        refused = self._stale(request) or self._against(account, request)
        if refused is not None:
            return refused
        if self._is_taken(account, request.client_order_id):
            return Unclear("Duplicate order sent.", duplicate=True)
        order = HeldOrder(request, str(next(self._numbers)), OrderStatus.OPEN, self.clock.now())
        account.ids.add(request.client_order_id)
        if self.manner is Manner.ACKNOWLEDGES:
            self._later(partial(self._work, account, order))
            return Accepted(order.acknowledgement())
        self._accept(account, order)
        return Accepted(order.report(order.trades))

    def _is_taken(self, account: Account, client_order_id: str) -> bool:
        if self.manner is Manner.ACKNOWLEDGES:
            return client_order_id in account.ids
        return any(
            order.request.client_order_id == client_order_id and order.status not in TERMINAL
            for order in account.orders
        )

    def _stale(self, request: OrderRequest) -> Refused | None:
        now = int(self.clock.now().timestamp() * 1000) + self.offset_ms
        if now - request.recv_window_ms <= request.sign_timestamp_ms < now + 1_000:
            return None
        return self._no("stale_timestamp", "outside of the recvWindow")

    def _no(self, code: str, message: str) -> Refused:
        return Refused(code, NUMBERS[self.manner].get(code, "-1013"), message)

    def _against(self, account: Account, request: OrderRequest) -> Refused | None:
        market = self._markets.get(request.symbol)
        if market is None:
            return self._no("symbol_unknown", "Invalid symbol.")
        price = request.price or self._prices[request.symbol]
        if (broken := breach(market, request.quantity, price)) is not None:
            return self._no(CODES[broken.code], broken.reason)
        if not self._affords(account, request):
            return self._no("insufficient_funds", "insufficient balance")
        if self.manner is Manner.DECIDES and self._would_match(request):
            return self._no("would_match", "would immediately match and take")
        return None

    def _affords(self, account: Account, request: OrderRequest) -> bool:
        asset, amount = self._price_of(request, request.quantity)
        return account.balances.get(asset, Balance(ZERO, ZERO)).free >= amount

    def _would_match(self, request: OrderRequest) -> bool:
        return request.type is OrderType.LIMIT_MAKER and self._takes(request)

    def _work(self, account: Account, order: HeldOrder) -> None:
        """What becomes of an order that was acknowledged, as things stand by now."""
        if not self._affords(account, order.request):
            order.status, order.reason = OrderStatus.REJECTED, "insufficient_funds"
            account.orders.append(order)
            account.tell(order.report())
            return
        post_only = self._would_match(order.request)
        self._accept(account, order, rests=post_only)
        if post_only:
            self._withdraw(account, order, "would_match")

    def _accept(self, account: Account, order: HeldOrder, *, rests: bool = False) -> None:
        request = order.request
        account.orders.append(order)
        asset, amount = self._price_of(request, request.quantity)
        account.change(asset, -amount, amount)
        account.tell(order.report(), BalancesChanged({asset: account.balances[asset]}))
        if not rests and self._takes(request):
            price = self._prices[request.symbol]
            self._fill(account, order, request.quantity, price, maker=False)

    def _takes(self, request: OrderRequest) -> bool:
        price = self._prices[request.symbol]
        if request.price is None:
            return True
        return request.price >= price if request.side is Side.BUY else request.price <= price

    def _reached(self, symbol: str, price: Decimal) -> list[tuple[Account, HeldOrder]]:
        found: list[tuple[Decimal, Account, HeldOrder]] = []
        for account in self._accounts.values():
            for order in account.orders:
                limit = order.request.price
                if order.status not in ON_BOOK or order.request.symbol != symbol or limit is None:
                    continue
                distance = limit - price if order.request.side is Side.BUY else price - limit
                if distance >= 0:
                    found.append((distance, account, order))
        found.sort(key=lambda row: (-row[0], int(row[2].id)))
        return [(account, order) for _, account, order in found]

    def _fill(
        self, account: Account, order: HeldOrder, quantity: Decimal, price: Decimal, *, maker: bool
    ) -> None:
        request, market = order.request, self._markets[order.request.symbol]
        bought = request.side is Side.BUY
        received = quantity if bought else quantity * price
        coin = market.base if bought else market.quote
        fee, fee_coin = self._fee(market, coin, received, quantity * price, maker=maker)
        trade = Trade(
            trade_id=str(next(self._numbers)),
            exchange_order_id=order.id,
            symbol=request.symbol,
            side=request.side,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=fee_coin,
            maker=maker,
            at=self.clock.now(),
        )
        held, locked = self._price_of(request, quantity)
        spent = quantity * price if bought else quantity
        account.change(held, locked - spent, -locked)
        account.change(coin, received)
        account.change(fee_coin, -fee)
        order.trades.append(trade)
        order.quantity += quantity
        order.cost += quantity * price
        order.at = trade.at
        order.status = OrderStatus.PARTIALLY_FILLED if order.remaining else OrderStatus.FILLED
        coins = (market.base, market.quote, fee_coin)
        changed = {asset: account.balances[asset] for asset in coins}
        account.tell(order.report([trade]))
        if self.manner is Manner.ACKNOWLEDGES:
            account.tell(order.report())  # fills and states come in messages of their own
        account.tell(BalancesChanged(changed))

    def _fee(
        self, market: Market, coin: str, received: Decimal, worth: Decimal, *, maker: bool
    ) -> tuple[Decimal, str]:
        """Of what is received, or at a price of 500 of another coin, to eight places."""
        rate = market.maker_fee if maker else market.taker_fee
        if self.fee_coin is None:
            return received * rate, coin
        return (worth * rate / 500).quantize(Decimal("1e-8")), self.fee_coin

    def _price_of(self, request: OrderRequest, quantity: Decimal) -> tuple[str, Decimal]:
        """What an order holds back for this much of it."""
        market = self._markets[request.symbol]
        if request.side is Side.SELL:
            return market.base, quantity
        return market.quote, quantity * (request.price or self._prices[request.symbol])

    def _known(self, exchange: str) -> None:
        if exchange not in self.names():
            raise ExchangeUnknown(f"there is no exchange {exchange!r}", field="exchange")
