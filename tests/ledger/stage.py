"""Bots, their orders and their money; no worker, no monitor: a test moves each piece itself."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from tests.fakes import BTC_USDT, FakeClock, FakeExchange
from tradingbot.bots import repository as bots
from tradingbot.bots import runner_repository
from tradingbot.bots.inbox import Inbox
from tradingbot.bots.runner import Outcome, Runner
from tradingbot.bots.schemas import NewBot
from tradingbot.bots.service import BotDesk
from tradingbot.exchanges.ports import Credentials, Mode, Session
from tradingbot.exchanges.service import AccountDesk
from tradingbot.kit.crew import Crew
from tradingbot.kit.database import Database
from tradingbot.kit.vault import Vault
from tradingbot.ledger import repository
from tradingbot.ledger.auditor import Auditor
from tradingbot.ledger.balances import by_coin, open_books, totals
from tradingbot.ledger.moves import NOBODY, Pocket
from tradingbot.orders.applier import Applier
from tradingbot.orders.executor import Executor, attempt
from tradingbot.orders.models import Order
from tradingbot.orders.purse_repository import counted_late, in_flight
from tradingbot.orders.repository import page
from tradingbot.orders.service import OrderDesk
from tradingbot.orders.sessions import Sessions
from tradingbot.strategies.catalogue import CATALOGUE
from tradingbot.trading.order import LIVE

SYMBOL = BTC_USDT.symbol
GRID = {"lower": "57000", "upper": "63000", "lines": 7, "investment": "7000"}
USER = 1
WORKER = "w1"


class Silence:
    """A doorbell nobody needs."""

    async def ring(self, channel: str, body: str) -> None:
        """Nobody listens."""

    async def listen(self, channel: str) -> AsyncGenerator[str | None]:
        yield None

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class Stage:
    database: Database
    clock: FakeClock
    exchange: FakeExchange
    desk: BotDesk
    orders: OrderDesk
    runner: Runner
    executor: Executor
    auditor: Auditor
    account_id: int = 1

    async def create(self, **changes: Any) -> int:
        body: dict[str, Any] = {
            "name": "My Bot",
            "exchange": "binance",
            "strategy": "grid",
            "params": GRID,
            "api_key": SecretStr("key-1234"),
            "api_secret": SecretStr("…"),
        }
        made = await self.desk.create(USER, NewBot(**body | changes), None)
        self.account_id = made.account_id
        return made.id

    async def advance(self, bot_id: int) -> Outcome:
        """One step of its worker, and its orders sent."""
        async with self.database.asking() as driver:
            await runner_repository.claim(driver, WORKER, ["grid"], 100)
            row = await driver.fetchrow("SELECT lease_token FROM bots WHERE id = $1", bot_id)
        assert row is not None
        token = row["lease_token"]
        price = await self.exchange.price(SYMBOL)
        outcome = await self.runner.advance(bot_id, token, BTC_USDT, price)
        for order in [*outcome.to_place, *outcome.to_cancel]:
            await attempt(self.executor, order)
        return outcome

    async def hear(self) -> None:
        """Every fill the exchange knows of is in the books."""
        for order in await self.live():
            await self.executor.look_up(order)

    async def calm(self) -> None:
        """Everything heard, and everything decided that follows from it."""
        for _ in range(200):
            await self.hear()
            waiting = await self.waiting()
            if not waiting:
                return
            for bot_id in waiting:
                await self.advance(bot_id)
        raise AssertionError("it never comes to rest")

    async def waiting(self) -> list[int]:
        """Bots that should run and have something to decide on."""
        query = text(
            "SELECT id FROM bots WHERE status NOT IN ('stopped', 'error') AND (command IS NOT NULL "
            "OR EXISTS (SELECT FROM bot_inbox WHERE bot_id = bots.id)) ORDER BY id"
        )
        async with self.database.begin() as connection:
            return list((await connection.execute(query)).scalars())

    async def live(self) -> list[Order]:
        async with self.database.begin() as connection:
            newest_first = await page(connection, USER, limit=10_000)
        return [order for order in reversed(newest_first) if order.status in LIVE]

    async def owned(self) -> Mapping[Pocket, Decimal]:
        async with self.database.begin() as connection:
            return await repository.of_account(connection, self.account_id)

    async def of(self, bot_id: int) -> dict[str, Decimal]:
        """What a bot owns, by coin; 0 is nobody."""
        mine = {p: a for p, a in (await self.owned()).items() if p.bot_id == bot_id}
        return {asset: held for asset, held in by_coin(mine).items() if held}

    async def free(self, asset: str) -> Decimal:
        return (await self.of(NOBODY)).get(asset, Decimal(0))

    async def status(self, bot_id: int) -> tuple[str, str]:
        query = text("SELECT status, status_reason FROM bots WHERE id = :id")
        async with self.database.begin() as connection:
            row = (await connection.execute(query, {"id": bot_id})).one()
        return row.status, row.status_reason

    async def warnings(self) -> list[str]:
        query = text("SELECT message FROM events WHERE type = 'account_warning' ORDER BY id")
        async with self.database.begin() as connection:
            return list((await connection.execute(query)).scalars())

    def session(self) -> Session:
        return self.exchange.session(Credentials(self.account_id, "binance", Mode.PAPER, "", ""))

    async def assert_books_equal_balances(self) -> None:
        there = totals(self.exchange.account(self.account_id).balances)
        ours = {asset: held for asset, held in by_coin(await self.owned()).items() if held}
        assert ours == {asset: held for asset, held in there.items() if held}


@asynccontextmanager
async def a_stage(database_url: str) -> AsyncIterator[Stage]:
    database, clock = Database(database_url, connections_max=4), FakeClock()
    exchange = FakeExchange(clock)
    sessions = Sessions(database, exchange)
    applier = Applier(database, Inbox(Silence(), _nothing), clock)
    executor = Executor(database, sessions, applier, clock)
    vault = Vault("a secret key for tests, long enough")
    accounts = AccountDesk(
        database, vault, exchange, Mode.PAPER, bots.uses_account, exchange.forget, open_books
    )
    async with database.begin() as connection:
        await connection.execute(
            text("INSERT INTO users (email, password_hash) VALUES ('a@b.co', 'x')")
        )
    try:
        async with Crew() as crew:
            yield Stage(
                database,
                clock,
                exchange,
                BotDesk(database, accounts, exchange, CATALOGUE, _nothing),
                OrderDesk(database, sessions, executor, bots.find_account, crew.spawn),
                Runner(WORKER, database, clock),
                executor,
                Auditor(database, clock, in_flight, counted_late, bots.names),
            )
    finally:
        await database.close()


def _nothing() -> None:
    """Nobody waits."""
