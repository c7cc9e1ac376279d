"""A worker with real bots on a real database, and an exchange in memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from tests.fakes import FakeExchange
from tests.orders.world import SYMBOL, an_account
from tradingbot.bots import repository, runner_repository
from tradingbot.bots.inbox import Inbox
from tradingbot.bots.models import bots
from tradingbot.bots.runner import LeaseLost, Runner
from tradingbot.bots.worker import Worker
from tradingbot.kit.clock import SystemClock
from tradingbot.kit.crew import Crew
from tradingbot.kit.database import Database, DatabaseUnreachable
from tradingbot.kit.lease import show_alive
from tradingbot.kit.queue import Unprocessable
from tradingbot.kit.statement import Driver
from tradingbot.ledger.auditor import Auditor
from tradingbot.orders.applier import Applier
from tradingbot.orders.executor import Executor
from tradingbot.orders.monitor import Monitor
from tradingbot.orders.purse_repository import counted_late, in_flight
from tradingbot.orders.resolver import Resolver
from tradingbot.orders.sessions import Sessions

D = Decimal
GRID = {"lower": "57000", "upper": "63000", "lines": 7, "investment": "7000"}


class Bell:
    """A doorbell inside one process."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[str | None] = asyncio.Queue()
        self._heard.put_nowait(None)

    async def ring(self, channel: str, body: str) -> None:
        self._heard.put_nowait(body)

    async def listen(self, channel: str) -> AsyncGenerator[str | None]:
        while True:
            yield await self._heard.get()

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class House:
    database: Database
    exchange: FakeExchange
    worker: Worker
    runner: Runner
    account_id: int
    user_id: int

    async def new_bot(self, **changes: Any) -> int:
        values: dict[str, Any] = {
            "uid": f"uid-{changes.get('name')}",
            "user_id": self.user_id,
            "account_id": self.account_id,
            "name": "a grid",
            "exchange": "binance",
            "strategy": "grid",
            "symbol": SYMBOL,
            "mode": "paper",
            "params": GRID,
            "wanted": "running",
            "status": "starting",
            "command": "start",
        }
        async with self.database.begin() as connection:
            made = insert(bots).values(values | changes).returning(bots.c.id)
            return int((await connection.execute(made)).scalar_one())

    async def column(self, bot_id: int, name: str) -> Any:
        async with self.database.begin() as connection:
            query = select(bots.c[name]).where(bots.c.id == bot_id)
            return (await connection.execute(query)).scalar_one()

    async def orders(self, status: str) -> list[tuple[str, Decimal]]:
        query = text("SELECT slot, price FROM orders WHERE status = :status ORDER BY price")
        async with self.database.begin() as connection:
            rows = await connection.execute(query, {"status": status})
            return [(row.slot, row.price) for row in rows]

    async def until_open(self, count: int) -> list[tuple[str, Decimal]]:
        async def so() -> bool:
            return len(await self.orders("open")) == count

        await until(so, f"{count} open orders")
        return await self.orders("open")

    async def until_listening(self) -> None:
        async def so() -> bool:
            return bool(self.exchange._listeners[SYMBOL])

        await until(so, "listening to prices")

    async def until_status(self, bot_id: int, status: str) -> None:
        async def so() -> bool:
            return bool(await self.column(bot_id, "status") == status)

        await until(so, status)


async def until(happens: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(15):
            while True:
                if await happens():
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"never: {what}")


@asynccontextmanager
async def a_house(database_url: str) -> AsyncIterator[House]:
    database, clock, bell = Database(database_url), SystemClock(), Bell()
    exchange = FakeExchange(clock)
    sessions = Sessions(database, exchange)
    applier = Applier(database, Inbox(bell, lambda: None), clock)
    executor = Executor(database, sessions, applier, clock)
    resolver = Resolver(database, sessions, executor, applier, clock)
    runner = Runner("w1", database, clock)
    async with database.begin() as connection:
        user_id, account_id = await an_account(connection)
    async with database.asking() as driver:
        await show_alive(driver, "w1", "bot-worker")
    stopped = asyncio.Event()
    async with Crew() as stepping, Crew() as sending, asyncio.TaskGroup() as group:
        worker = Worker(
            "w1", ["grid"], database, exchange, runner, executor, bell, stepping, sending
        )
        auditor = Auditor(database, clock, in_flight, counted_late, repository.names)
        monitor = Monitor("w1", database, sessions, executor, resolver, sending, clock, auditor)
        group.create_task(worker.run(stopped))
        group.create_task(monitor.run(stopped))
        try:
            yield House(database, exchange, worker, runner, account_id, user_id)
        finally:
            stopped.set()
    await database.close()


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    async with a_house(database_url) as house:
        yield house


async def test_a_grid_rests_its_orders_and_answers_a_fill_with_the_other_side(
    house: House,
) -> None:
    bot_id = await house.new_bot()
    resting = await house.until_open(6)
    await house.until_status(bot_id, "running")
    buys = [(slot, price) for slot, price in resting if slot.endswith("buy")]

    house.exchange.move(SYMBOL, buys[-1][1])

    async def answered() -> bool:
        sells = [slot for slot, _ in await house.orders("open") if slot.endswith("sell")]
        return len(sells) == len(resting) - len(buys) + 1

    await until(answered, "a sell one line up")


async def test_a_stopped_bot_leaves_no_order_and_may_start_again(house: House) -> None:
    bot_id = await house.new_bot()
    await house.until_open(6)

    await house.worker.handle({"bot_id": bot_id, "action": "stop"})
    await house.until_status(bot_id, "stopped")
    assert await house.orders("open") == []
    assert await house.column(bot_id, "worker_id") is None

    await house.worker.handle({"bot_id": bot_id, "action": "start"})
    await house.until_open(6)


async def test_every_step_is_kept_with_its_event_and_intents(house: House) -> None:
    bot_id = await house.new_bot()
    await house.until_open(6)

    async with house.database.begin() as connection:
        rows = (
            await connection.execute(
                text("SELECT number, event, intents FROM bot_steps ORDER BY number")
            )
        ).all()
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert '"kind":"Started"' in rows[0].event
    assert '"kind":"PlaceOrder"' in rows[0].intents
    assert await house.column(bot_id, "steps_taken") == len(rows)


async def test_who_lost_the_lease_can_no_longer_step(house: House) -> None:
    bot_id = await house.new_bot()
    await house.until_open(6)
    token = await house.column(bot_id, "lease_token")
    market = await house.exchange.market(SYMBOL)

    with pytest.raises(LeaseLost):
        await house.runner.advance(bot_id, token - 1, market, D(60_000))
    with pytest.raises(LeaseLost):
        await Runner("w2", house.database, SystemClock()).advance(bot_id, token, market, D(60_000))


async def test_a_living_workers_bots_are_left_to_it_and_a_dead_ones_are_taken(
    house: House,
) -> None:
    async with house.database.asking() as driver:
        await show_alive(driver, "w2", "bot-worker")
    busy = await house.new_bot(name="busy", worker_id="w2")
    orphan = await house.new_bot(name="orphan", worker_id="dead")

    await house.until_status(orphan, "running")
    assert await house.column(busy, "status") == "starting"
    async with house.database.asking() as driver:
        assert await runner_repository.claim(driver, "w3", ["grid"], 10) == []


async def test_a_bot_whose_claim_was_kept_though_its_answer_was_lost_is_claimed_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, lost = runner_repository.claim, 0

    async def unanswered(driver: Driver, *asked: Any) -> list[runner_repository.Claimed]:
        nonlocal lost
        if lost == 0 and await claim(driver, *asked):
            lost += 1
            await driver.fetch("COMMIT")
            raise DatabaseUnreachable("the connection broke")
        return await claim(driver, *asked)

    monkeypatch.setattr(runner_repository, "claim", unanswered)
    async with house.database.asking() as driver:  # as if it showed itself all the while
        await driver.fetch("UPDATE workers SET alive_until = now() + interval '1 hour'")
    bot_id = await house.new_bot()

    await house.until_status(bot_id, "running")
    assert lost == 1


async def test_a_bot_lost_to_a_claim_of_our_own_that_we_never_heard_of_comes_back(
    house: House,
) -> None:
    bot_id = await house.new_bot()
    await house.until_open(6)
    async with house.database.asking() as driver:
        await driver.fetch("UPDATE workers SET alive_until = now() + interval '1 hour'")
        await driver.fetch("UPDATE bots SET lease_token = lease_token + 1")

    await house.worker.handle({"bot_id": bot_id, "action": "stop"})
    await house.until_status(bot_id, "stopped")


async def test_a_price_waited_for_wakes_the_bot(house: House) -> None:
    bot_id = await house.new_bot(params=GRID | {"stop_loss": "55000"})
    await house.until_open(6)
    await house.until_listening()

    house.exchange.move(SYMBOL, D(54_000))

    await house.until_status(bot_id, "stopped")
    assert await house.orders("open") == []


async def test_a_bot_whose_parameters_no_longer_fit_ends_in_error_and_says_why(
    house: House,
) -> None:
    bot_id = await house.new_bot(params={"lines": "many"})

    await house.until_status(bot_id, "error")
    assert "parameters" in await house.column(bot_id, "status_reason")


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"bot_id": "1", "action": "stop"},
        {"bot_id": 1, "action": "fly"},
        {"bot_id": 99, "action": "stop"},
    ],
)
async def test_a_command_that_means_nothing_is_refused_with_a_reason(
    house: House, item: dict[str, Any]
) -> None:
    with pytest.raises(Unprocessable):
        await house.worker.handle(item)
