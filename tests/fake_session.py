"""One account's way to the exchange in memory."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.fake_account import Account
from tests.fake_manners import Manner
from tradingbot.exchanges.ports import (
    AccountNews,
    Balance,
    OrderReport,
    OrderRequest,
    PlaceAnswer,
    StreamOpened,
    Trade,
    TradeMark,
)
from tradingbot.trading.order import ON_BOOK

if TYPE_CHECKING:
    from tests.fakes import FakeExchange

OVERLAP = timedelta(minutes=5)


class FakeSession:
    """exchanges.ports.Session on the fake."""

    def __init__(self, exchange: "FakeExchange", account: Account) -> None:
        self._exchange = exchange
        self._account = account

    async def ready_to_place(self) -> None:
        self._exchange.answer()

    async def place(self, request: OrderRequest) -> PlaceAnswer:
        return self._exchange.post(self._account, request)

    async def cancel(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        self._exchange.answer()
        return self._exchange.cancel(self._account, exchange_order_id)

    async def find(self, symbol: str, client_order_id: str) -> OrderReport | None:
        self._exchange.answer()
        for order in reversed(self._account.orders):
            if order.request.client_order_id == client_order_id:
                return order.report()
        return None

    async def find_by_exchange_id(self, symbol: str, exchange_order_id: str) -> OrderReport | None:
        self._exchange.answer()
        for order in self._account.orders:
            if (order.request.symbol, order.id) == (symbol, exchange_order_id):
                return order.report()
        return None

    async def open_orders(self, symbol: str | None = None) -> Sequence[OrderReport]:
        self._exchange.answer()
        return [
            order.report()
            for order in self._account.orders
            if order.status in ON_BOOK and symbol in {None, order.request.symbol}
        ]

    async def trades_of(self, symbol: str, exchange_order_id: str) -> Sequence[Trade]:
        return [
            trade for trade in self._trades(symbol) if trade.exchange_order_id == exchange_order_id
        ]

    async def trades_since(self, symbol: str, mark: TradeMark) -> Sequence[Trade]:
        if self._exchange.manner is Manner.ACKNOWLEDGES:  # it knows of times only
            return [row for row in self._trades(symbol) if row.at >= mark.at - OVERLAP]
        after = int(mark.trade_id) if mark.trade_id is not None else 0
        return [
            trade
            for trade in self._trades(symbol)
            if trade.at >= mark.at and int(trade.trade_id) > after
        ]

    def _trades(self, symbol: str) -> list[Trade]:
        self._exchange.answer()
        found = [
            trade
            for order in self._account.orders
            for trade in order.trades
            if order.request.symbol == symbol
        ]
        return sorted(found, key=lambda trade: int(trade.trade_id))

    async def balances(self) -> dict[str, Balance]:
        self._exchange.answer()
        return {
            asset: replace(held)
            for asset, held in self._account.balances.items()
            if held.free or held.locked
        }

    def hears(self) -> bool:
        return bool(self._account.listeners)

    async def news(self) -> AsyncGenerator[AccountNews]:
        while True:
            queue: asyncio.Queue[AccountNews | None] = asyncio.Queue()
            self._account.listeners.append(queue)
            try:
                yield StreamOpened()
                while (item := await queue.get()) is not None:
                    yield item
            finally:
                if queue in self._account.listeners:
                    self._account.listeners.remove(queue)
