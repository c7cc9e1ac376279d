"""The order path on a real database, with an exchange in memory that can misbehave."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, text

from tests.fakes import FakeClock, FakeExchange
from tradingbot.exchanges.models import exchange_accounts
from tradingbot.kit.crew import Crew
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.statement import Driver
from tradingbot.orders import repository
from tradingbot.orders.applier import Applier
from tradingbot.orders.executor import Executor
from tradingbot.orders.models import Order
from tradingbot.orders.monitor import Monitor
from tradingbot.orders.ports import Account, Ending
from tradingbot.orders.resolver import Resolver
from tradingbot.orders.service import OrderDesk, client_order_id
from tradingbot.orders.sessions import Sessions
from tradingbot.trading.order import OrderType, Side
from tradingbot.users.models import users

SYMBOL = "BTC/USDT"
BOT = 5


@dataclass
class Ear:
    """Hears of endings inside the transaction, as a bot's inbox does."""

    endings: list[Ending] = field(default_factory=list)

    async def order_ended(self, driver: Driver, order: Order, ending: Ending) -> None:
        self.endings.append(ending)

    async def committed(self, order: Order) -> None:
        """Nobody waits."""


@dataclass
class World:
    database: Database
    clock: FakeClock
    exchange: FakeExchange
    ear: Ear
    applier: Applier
    executor: Executor
    resolver: Resolver
    monitor: Monitor
    desk: OrderDesk
    user_id: int
    account_id: int

    async def plan(self, **changes: Any) -> Order:
        [order] = await self.plan_again(**changes)
        return order

    async def plan_again(
        self, slot: str = "grid:01:buy", round_: int = 1, **changes: Any
    ) -> list[Order]:
        """Those that were not planned before."""
        new: Any = {
            "user_id": self.user_id,
            "bot_id": BOT,
            "account_id": self.account_id,
            "symbol": SYMBOL,
            "slot": slot,
            "round": round_,
            "origin": "bot",
            "side": Side.BUY,
            "type": OrderType.LIMIT,
            "quantity": Decimal("0.01"),
            "price": Decimal(50_000),
            "client_order_id": client_order_id("uid", slot, round_),
            "reason": "because",
        }
        async with self.database.driving() as driver:
            return await repository.plan(driver, [new | changes])

    async def now(self, order: Order) -> Order:
        async with self.database.driving() as driver:
            found = await repository.by_id(driver, order.id)
        assert found is not None
        return found

    async def placed(self, **changes: Any) -> Order:
        order = await self.plan(**changes)
        await self.executor.place(order)
        return await self.now(order)

    async def asked_to_cancel(self, order: Order) -> Order:
        async with self.database.driving() as driver:
            wished = await repository.ask_to_cancel_one(driver, order.id)
        assert wished is not None
        return wished

    async def event_types(self) -> list[str]:
        async with self.database.begin() as connection:
            return list(
                (await connection.execute(text("SELECT type FROM events ORDER BY id"))).scalars()
            )

    async def fills(self) -> list[Decimal]:
        async with self.database.begin() as connection:
            query = text("SELECT quantity FROM fills ORDER BY id")
            return list((await connection.execute(query)).scalars())


async def find_account(driver: Driver, user_id: int, bot_id: int) -> Account | None:
    query = "SELECT id FROM exchange_accounts WHERE user_id = $1"
    row = await driver.fetchrow(query, user_id)
    return None if row is None or bot_id != BOT else Account(row["id"], "uid")


@asynccontextmanager
async def a_world(database_url: str) -> AsyncIterator[World]:
    database, clock = Database(database_url, connections_max=4), FakeClock()
    exchange, ear = FakeExchange(clock), Ear()
    sessions = Sessions(database, exchange)
    applier = Applier(database, ear, clock)
    executor = Executor(database, sessions, applier, clock)
    resolver = Resolver(database, sessions, executor, applier, clock)
    async with database.begin() as connection:
        user_id, account_id = await an_account(connection)
    try:
        async with Crew() as crew:
            monitor = Monitor("m1", database, sessions, executor, resolver, crew)
            desk = OrderDesk(database, sessions, executor, find_account, crew.spawn)
            yield World(
                database,
                clock,
                exchange,
                ear,
                applier,
                executor,
                resolver,
                monitor,
                desk,
                user_id,
                account_id,
            )
    finally:
        await database.close()


async def an_account(connection: Connection) -> tuple[int, int]:
    person = insert(users).values(email="ann@example.com", password_hash="-").returning(users.c.id)
    user_id = (await connection.execute(person)).scalar_one()
    account = insert(exchange_accounts).values(
        user_id=user_id,
        exchange="binance",
        mode="paper",
        name="mine",
        api_key_encrypted="sealed",
        api_secret_encrypted="sealed",
        api_key_hint="abcd",
        api_key_fingerprint="f",
    )
    account_id = (await connection.execute(account.returning(exchange_accounts.c.id))).scalar_one()
    return user_id, account_id
