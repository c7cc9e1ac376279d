"""The order path on a real database, with an exchange in memory that can misbehave."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, text

from tests.fake_session import FakeSession
from tests.fakes import FakeClock, FakeExchange
from tradingbot.bots import repository as bots
from tradingbot.exchanges.models import exchange_accounts
from tradingbot.exchanges.ports import OrderRequest
from tradingbot.kit.clock import milliseconds
from tradingbot.kit.crew import Crew
from tradingbot.kit.database import Connection, Database
from tradingbot.kit.statement import Driver
from tradingbot.ledger.auditor import Auditor
from tradingbot.orders import quarantine_repository, repository
from tradingbot.orders.applier import Applier
from tradingbot.orders.executor import Executor
from tradingbot.orders.models import Order
from tradingbot.orders.monitor import Monitor
from tradingbot.orders.ports import Account, Ending
from tradingbot.orders.purse_repository import counted_late, in_flight
from tradingbot.orders.quarantine_repository import Quarantined
from tradingbot.orders.reconciliation import Reconciliation
from tradingbot.orders.resolver import Resolver
from tradingbot.orders.service import OrderDesk, client_order_id
from tradingbot.orders.sessions import Sessions
from tradingbot.trading.order import OrderType, Side
from tradingbot.users.models import users

SYMBOL = "BTC/USDT"
FORGET = "DELETE FROM orders WHERE id = :id"
FORGET_SENDING = """
UPDATE orders SET status = 'planned', exchange_order_id = NULL, sign_timestamp_ms = NULL,
    recv_window_ms = NULL, check_after = NULL, filled_quantity = 0, filled_cost = 0,
    created_at = :at
WHERE id = :id
"""
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
    reconciliation: Reconciliation
    auditor: Auditor
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

    async def session(self) -> FakeSession:
        return self.exchange.session(await self.executor._sessions._credentials(self.account_id))

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

    async def quarantined(self) -> list[Quarantined]:
        """The oldest first."""
        async with self.database.asking() as driver:
            page = await quarantine_repository.page(
                driver, self.user_id, self.account_id, before=2**63 - 1, limit=1000
            )
        return page[::-1]

    async def held_reason(self) -> str | None:
        async with self.database.asking() as driver:
            return (await quarantine_repository.owner(driver, self.account_id)).held_reason

    async def hold(self, reason: str = "because") -> None:
        async with self.database.asking() as driver:
            await quarantine_repository.hold(driver, self.account_id, reason)

    async def release(self) -> None:
        async with self.database.driving() as driver:
            await quarantine_repository.release(driver, self.account_id)

    async def forget(self, order: Order) -> None:
        """As if the database were an older one, which does not have it yet."""
        async with self.database.begin() as connection:
            for query in ("DELETE FROM fills WHERE order_id = :id", FORGET):
                await connection.execute(text(query), {"id": order.id})

    async def forget_sending(self, order: Order) -> None:
        """As if the database were an older one, in which it is only planned."""
        async with self.database.begin() as connection:
            values = {"id": order.id, "at": self.clock.now()}
            await connection.execute(text(FORGET_SENDING), values)

    async def fills(self) -> list[Decimal]:
        async with self.database.begin() as connection:
            query = text("SELECT quantity FROM fills ORDER BY id")
            return list((await connection.execute(query)).scalars())


def by_hand(clock: FakeClock, client_order_id: str = "by-hand") -> OrderRequest:
    """An order nobody here has planned, sent past all of it."""
    return OrderRequest(
        symbol=SYMBOL,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.02"),
        price=Decimal(50_000),
        client_order_id=client_order_id,
        sign_timestamp_ms=milliseconds(clock.now()),
        recv_window_ms=5_000,
    )


async def find_account(
    driver: Driver, user_id: int, bot_id: int, *, lock: bool = False
) -> Account | None:
    query = "SELECT id, held_reason FROM exchange_accounts WHERE user_id = $1"
    row = await driver.fetchrow(query + (" FOR NO KEY UPDATE" if lock else ""), user_id)
    if row is None or bot_id != BOT:
        return None
    return Account(row["id"], "uid", row["held_reason"])


@asynccontextmanager
async def a_world(database_url: str) -> AsyncIterator[World]:
    database, clock = Database(database_url, connections_max=4), FakeClock()
    exchange, ear = FakeExchange(clock), Ear()
    sessions = Sessions(database, exchange)
    applier = Applier(database, ear, clock)
    executor = Executor(database, sessions, applier, clock)
    resolver = Resolver(
        database, sessions, executor, applier, clock, passed=lambda: clock.now().timestamp()
    )
    async with database.begin() as connection:
        user_id, account_id = await an_account(connection)
    try:
        async with Crew() as crew:
            auditor = Auditor(database, clock, in_flight, counted_late, bots.names)
            monitor = Monitor("m1", database, sessions, executor, resolver, crew, clock, auditor)
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
                monitor._reconciliation,
                auditor,
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
