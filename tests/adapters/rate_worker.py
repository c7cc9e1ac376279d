"""A process that trades on many accounts as fast as it is let, and tells how it fared."""

import asyncio
import json
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from multiprocessing.synchronize import Event
from pathlib import Path

import uvloop

from tradingbot.adapters.ccxt_exchange import CcxtExchanges
from tradingbot.adapters.redis_budget import RedisBudget
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.exchanges.ports import Accepted, Credentials, Mode, OrderRequest
from tradingbot.kit.clock import SystemClock, milliseconds
from tradingbot.kit.crew import Crew
from tradingbot.trading.order import OrderType, Side

SYMBOL = "BTC/USDT"
CLOCK = SystemClock()


@dataclass
class Fortunes:
    """What became of what this process tried."""

    done: Counter[str] = field(default_factory=Counter)
    cancel_seconds: list[float] = field(default_factory=list)


class Trader:
    """One account: it places and asks without end, and cancels every few seconds."""

    def __init__(
        self, exchanges: CcxtExchanges, keys: Credentials, name: str, fortunes: Fortunes
    ) -> None:
        self._session = exchanges.session(keys)
        self._market = exchanges.market_data(keys.exchange, keys.mode)
        self._name = name
        self._fortunes = fortunes
        self._chance = random.Random(name)  # noqa: S311  # nobody has to guess it
        self._orders: list[str] = []
        self._number = 0

    async def trade(self, over: Event) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._cancel_some(over))
            while not over.is_set():
                try:
                    await self._chance.choice((self._place, self._place, self._ask))()
                except ExchangeUnreachable:
                    self._fortunes.done["told to wait"] += 1
                await asyncio.sleep(self._chance.uniform(0.05, 0.5))

    async def _place(self) -> None:
        await self._session.ready_to_place()
        signed_at = milliseconds(CLOCK.now()) + await self._market.clock_offset_ms()
        answer = await self._session.place(self._order(signed_at))
        self._fortunes.done[type(answer).__name__] += 1
        if isinstance(answer, Accepted):
            self._orders.append(answer.report.exchange_order_id)

    async def _ask(self) -> None:
        await self._chance.choice((self._session.balances, self._open_orders))()

    async def _open_orders(self) -> object:
        return await self._session.open_orders(SYMBOL)

    async def _cancel_some(self, over: Event) -> None:
        while not over.is_set():
            await asyncio.sleep(self._chance.uniform(4, 8))
            if self._orders:
                began = time.monotonic()
                await self._cancel(self._orders.pop(0))
                self._fortunes.cancel_seconds.append(time.monotonic() - began)

    async def _cancel(self, exchange_order_id: str) -> None:
        """Again and again, as the sweep would."""
        while True:
            with suppress(ExchangeUnreachable):
                await self._session.cancel(SYMBOL, exchange_order_id)
                return
            await asyncio.sleep(0.1)

    def _order(self, signed_at: int) -> OrderRequest:
        self._number += 1
        return OrderRequest(
            symbol=SYMBOL,
            side=Side.BUY,
            type=OrderType.LIMIT,
            quantity=Decimal("0.0002"),
            price=Decimal(30_000),
            client_order_id=f"t-{self._name}-{self._number}",
            sign_timestamp_ms=signed_at,
            recv_window_ms=5_000,
        )


@dataclass(frozen=True)
class Task:
    """What a process is to do, and where it leaves its fortunes."""

    redis_url: str
    paper_url: str
    exchange: str
    me: str
    accounts: int
    out: Path


def work(task: Task, over: Event) -> None:
    fortunes = uvloop.run(traded(task, over))
    task.out.write_text(json.dumps(vars(fortunes)))


async def traded(task: Task, over: Event) -> Fortunes:
    budget = RedisBudget(task.redis_url, task.me)
    exchanges = CcxtExchanges(task.paper_url, lambda sealed: sealed, CLOCK, budget)
    fortunes = Fortunes()
    async with Crew(finish_seconds=0) as crew, asyncio.TaskGroup() as group:
        crew.spawn(budget.run())
        for number in range(1, task.accounts + 1):
            keys = Credentials(number, task.exchange, Mode.PAPER, f"key {number}", "a secret")
            trader = Trader(exchanges, keys, f"{task.me}-{number}", fortunes)
            group.create_task(trader.trade(over))
    await exchanges.close()
    await budget.close()
    return fortunes
