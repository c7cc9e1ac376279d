"""What the exchange in memory keeps of an account."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tradingbot.exchanges.ports import AccountNews, Balance, OrderReport, OrderRequest, Trade
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import OrderStatus


@dataclass(slots=True)
class HeldOrder:
    request: OrderRequest
    id: str
    status: OrderStatus
    at: datetime
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    reason: str = ""
    trades: list[Trade] = field(default_factory=list)

    @property
    def remaining(self) -> Decimal:
        return self.request.quantity - self.quantity

    def report(self, trades: Sequence[Trade] = ()) -> OrderReport:
        return OrderReport(
            symbol=self.request.symbol,
            client_order_id=self.request.client_order_id,
            exchange_order_id=self.id,
            status=self.status,
            filled_quantity=self.quantity,
            filled_cost=self.cost,
            at=self.at,
            trades=tuple(trades),
            reason=self.reason,
            side=self.request.side,
            quantity=self.request.quantity,
            price=self.request.price,
        )

    def acknowledgement(self) -> OrderReport:
        """That it was taken, and nothing else."""
        request = self.request
        return OrderReport(
            symbol=request.symbol,
            client_order_id=request.client_order_id,
            exchange_order_id=self.id,
            status=OrderStatus.OPEN,
            filled_quantity=ZERO,
            filled_cost=ZERO,
            at=self.at,
        )


@dataclass(slots=True)
class Account:
    """`ids`: every client order id it ever used."""

    balances: dict[str, Balance]
    ids: set[str] = field(default_factory=set)
    orders: list[HeldOrder] = field(default_factory=list)
    listeners: list[asyncio.Queue[AccountNews | None]] = field(default_factory=list)

    def change(self, asset: str, free: Decimal, locked: Decimal = ZERO) -> None:
        held = self.balances.get(asset, Balance(ZERO, ZERO))
        self.balances[asset] = Balance(held.free + free, held.locked + locked)

    def tell(self, *news: AccountNews) -> None:
        for listener in self.listeners:
            for item in news:
                listener.put_nowait(item)
