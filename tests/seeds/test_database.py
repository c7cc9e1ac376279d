"""Two at once: the database in memory and PostgreSQL keep the same people waiting."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest
from asyncpg.exceptions import ForeignKeyViolationError, UniqueViolationError

from tests.orders.world import an_account
from tests.seeds.database import SeededDatabase
from tests.seeds.store import Store
from tradingbot.bots import runner_repository
from tradingbot.kit import outbox
from tradingbot.kit.database import Database, DatabaseUnreachable
from tradingbot.kit.statement import Driver
from tradingbot.orders import monitor_repository, repository
from tradingbot.orders.models import Order
from tradingbot.orders.repository import NewOrder
from tradingbot.trading.money import ZERO
from tradingbot.trading.order import OrderStatus, OrderType, Side

pytestmark = pytest.mark.anyio

S = OrderStatus
Opening: TypeAlias = Callable[[str], AbstractAsyncContextManager[Database]]
# Long enough for PostgreSQL to have answered if it were going to.
MOMENT_SECONDS = 0.3


@asynccontextmanager
async def in_memory(_: str) -> AsyncIterator[Database]:
    store = Store(lambda: datetime.now(UTC))  # noqa: TID251  # as PostgreSQL's own
    user = store.put("users", email="ann@example.com", password_hash="-")
    store.put(
        "exchange_accounts",
        user_id=user["id"],
        exchange="binance",
        mode="paper",
        name="mine",
        api_key_encrypted="sealed",
        api_secret_encrypted="sealed",
        api_key_hint="abcd",
        api_key_fingerprint="f",
    )
    yield SeededDatabase(store, at)


async def at(_: str) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def postgres(url: str) -> AsyncIterator[Database]:
    database = Database(url, connections_max=4)
    async with database.begin() as connection:
        await an_account(connection)
    yield database
    await database.close()


@pytest.fixture(params=[in_memory, postgres], ids=lambda opening: opening.__name__)
async def database(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Database]:
    opening: Opening = request.param
    async with opening(database_url) as found:
        yield found


def new(slot: str = "one") -> NewOrder:
    return NewOrder(
        user_id=1,
        bot_id=1,
        account_id=1,
        symbol="BTC/USDT",
        slot=slot,
        round=1,
        origin="bot",
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=ZERO,
        price=None,
        client_order_id=f"cid {slot}",
        reason="",
    )


async def planned(database: Database, slot: str = "one") -> Order:
    async with database.driving() as driver:
        [order] = await repository.plan(driver, [new(slot)])
    return order


BOT = (
    "INSERT INTO bots (uid, user_id, account_id, name, exchange, strategy, symbol, mode, wanted, "
    "status) VALUES ('u', 1, 1, 'a bot', 'binance', 'grid', 'BTC/USDT', 'paper', 'running', "
    "'running') RETURNING id"
)


async def a_bot(database: Database) -> int:
    async with database.asking() as driver:
        row = await driver.fetchrow(BOT)
    assert row is not None
    return int(row["id"])


async def status_of(database: Database, order: Order) -> OrderStatus:
    async with database.asking() as driver:
        found = await repository.by_id(driver, order.id)
    assert found is not None
    return found.status


class Beside:
    """Work in a transaction of its own, which is held open until told to end."""

    def __init__(self, database: Database, work: Callable[[Driver], Coroutine[Any, Any, Any]]):
        self._database, self._work = database, work
        self._end = asyncio.Event()
        self._fails = False
        self.done = asyncio.Event()
        self.task = asyncio.ensure_future(self._run())

    async def _run(self) -> Any:
        async with self._database.driving() as driver:
            found = await self._work(driver)
            self.done.set()
            await self._end.wait()
            if self._fails:
                raise ZeroDivisionError
        return found

    async def commits(self) -> Any:
        self._end.set()
        return await self.task

    async def rolls_back(self) -> None:
        self._fails = True
        self._end.set()
        with pytest.raises(ZeroDivisionError):
            await self.task

    async def waits(self) -> bool:
        await asyncio.wait({self.task}, timeout=MOMENT_SECONDS)
        return not self.done.is_set() and not self.task.done()


async def started(database: Database, work: Callable[[Driver], Coroutine[Any, Any, Any]]) -> Beside:
    beside = Beside(database, work)
    await beside.done.wait()
    return beside


def claim(order: Order) -> Callable[[Driver], Coroutine[Any, Any, Order | None]]:
    return lambda driver: repository.claim_to_send(driver, order.id, 1, 5_000)


async def test_of_two_who_claim_one_order_the_second_waits_and_gets_nothing(
    database: Database,
) -> None:
    order = await planned(database)
    first = await started(database, claim(order))
    second = Beside(database, claim(order))
    assert await second.waits()
    assert (await first.commits()) is not None
    assert await second.commits() is None


async def test_a_claim_undone_is_free_for_who_waited(database: Database) -> None:
    order = await planned(database)
    first = await started(database, claim(order))
    second = Beside(database, claim(order))
    assert await second.waits()
    await first.rolls_back()
    assert (await second.commits()) is not None


async def test_nobody_sees_what_is_not_committed(database: Database) -> None:
    order = await planned(database)
    first = await started(database, claim(order))
    assert await status_of(database, order) is S.PLANNED
    await first.commits()
    assert await status_of(database, order) is S.SENDING


async def test_who_waited_for_a_row_sees_it_as_it_is_by_then(database: Database) -> None:
    order = await planned(database)
    first = await started(
        database, lambda driver: repository.end(driver, order.id, S.CANCELLED, "c", "r")
    )
    second = Beside(database, lambda driver: repository.lock_by_id(driver, order.id))
    assert await second.waits()
    await first.commits()
    locked = await second.commits()
    assert locked.status is S.CANCELLED


async def test_a_change_of_many_rows_finds_each_as_it_is_when_its_turn_comes(
    database: Database,
) -> None:
    one, two = await planned(database), await planned(database, "two")
    first = await started(database, lambda driver: repository.lock_by_id(driver, one.id))
    touch = "UPDATE orders SET reason = reason || 'a' WHERE status = 'planned' RETURNING id"
    second = Beside(database, lambda driver: driver.fetch(touch))
    assert await second.waits()
    async with database.asking() as driver:
        await driver.fetch("UPDATE orders SET reason = 'changed', code = 'c' WHERE id = $1", two.id)
    await first.commits()
    assert [row["id"] for row in await second.commits()] == [one.id, two.id]
    async with database.asking() as driver:
        after = await repository.by_id(driver, two.id)
    assert after is not None
    assert (after.reason, after.code) == ("changeda", "c")


async def test_one_order_planned_by_two_is_planned_once(database: Database) -> None:
    first = await started(database, lambda driver: repository.plan(driver, [new()]))
    second = Beside(database, lambda driver: repository.plan(driver, [new()]))
    assert await second.waits()
    assert len(await first.commits()) == 1
    assert await second.commits() == []


async def test_one_order_planned_by_two_is_the_seconds_when_the_first_thinks_better_of_it(
    database: Database,
) -> None:
    first = await started(database, lambda driver: repository.plan(driver, [new()]))
    second = Beside(database, lambda driver: repository.plan(driver, [new()]))
    assert await second.waits()
    await first.rolls_back()
    [order] = await second.commits()
    assert order.id == 2  # a number given is not given again


async def test_the_same_client_order_id_in_another_slot_is_an_error(database: Database) -> None:
    await planned(database)
    with pytest.raises(UniqueViolationError):
        async with database.driving() as driver:
            await repository.plan(driver, [{**new(), "slot": "another"}])


async def test_a_row_of_nobody_is_an_error(database: Database) -> None:
    with pytest.raises(ForeignKeyViolationError):
        async with database.driving() as driver:
            await runner_repository.put(driver, 99, "{}")


async def test_sweepers_share_the_work(database: Database) -> None:
    one, two = await planned(database), await planned(database, "two")
    async with database.asking() as driver:
        await driver.fetch(
            "UPDATE orders SET status = 'sending', check_after = now() - interval '1 second'"
        )
    holder = await started(database, lambda driver: repository.lock_by_id(driver, one.id))
    async with database.asking() as driver:
        due = await monitor_repository.take_due(driver, [1], 10)
    assert [order.id for order in due] == [two.id]
    await holder.commits()


async def test_news_for_a_bot_waits_for_the_step_it_is_taking(database: Database) -> None:
    bot_id = await a_bot(database)
    lock = "SELECT id FROM bots WHERE id = $1 FOR UPDATE"
    step = await started(database, lambda driver: driver.fetch(lock, bot_id))
    news = Beside(database, lambda driver: runner_repository.put(driver, bot_id, "{}"))
    assert await news.waits()
    await step.commits()
    await news.commits()
    async with database.driving() as driver:
        assert await runner_repository.take(driver, bot_id, 10) == ["{}"]


async def test_a_bot_may_be_told_of_while_its_row_is_only_changed(database: Database) -> None:
    bot_id = await a_bot(database)
    change = "UPDATE bots SET status = 'stopping' WHERE id = $1"
    changing = await started(database, lambda driver: driver.fetch(change, bot_id))
    async with database.driving() as driver:
        await runner_repository.put(driver, bot_id, "{}")
    await changing.commits()


async def test_of_two_who_wait_for_each_other_one_is_thrown_out(database: Database) -> None:
    one, two = await planned(database), await planned(database, "two")

    async def crosswise(first: Order, second: Order, met: asyncio.Barrier) -> None:
        async with database.driving() as driver:
            await repository.lock_by_id(driver, first.id)
            await met.wait()
            await repository.lock_by_id(driver, second.id)

    met = asyncio.Barrier(2)
    ends = await asyncio.gather(
        crosswise(one, two, met), crosswise(two, one, met), return_exceptions=True
    )
    assert sorted(map(type, ends), key=repr) == sorted([type(None), DatabaseUnreachable], key=repr)


async def test_messages_being_carried_are_left_alone(database: Database) -> None:
    async with database.driving() as driver:
        await outbox.post(driver, "q", {"n": 1})
    carried: list[str] = []

    async def push(items: Any) -> None:
        carried.extend(queue for queue, _ in items)

    take = str(outbox._TAKE)
    first = await started(database, lambda driver: driver.fetch(take, 500))
    assert await outbox.Relay(database, push).send() == 0
    await first.rolls_back()
    assert await outbox.Relay(database, push).send() == 1
    assert carried == ["q"]
