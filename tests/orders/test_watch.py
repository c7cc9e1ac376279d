"""How often an account is compared: at once when in doubt, rarely when heard, often when not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest

from tests.fake_session import FakeSession
from tests.kit.waiting import until
from tests.orders.waiting import becomes
from tests.orders.world import SYMBOL, World
from tradingbot.exchanges.errors import ExchangeUnreachable
from tradingbot.orders import watch
from tradingbot.orders.watch import Watch
from tradingbot.trading.order import OrderStatus

D = Decimal
S = OrderStatus


@asynccontextmanager
async def watched(world: World) -> AsyncIterator[Watch]:
    async with world.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE exchange_accounts SET monitor_id = 'm1'")
    async with asyncio.TaskGroup() as group:
        world.monitor._stopped = asyncio.Event()
        watching = world.monitor._watch(world.account_id)
        running = group.create_task(watching.run())
        yield watching
        world.monitor._stopped.set()
        running.cancel()


@pytest.fixture
def comparisons(world: World, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Each comparison there was, and whether the trades were read for it."""
    made: list[bool] = []
    compare = world.reconciliation.compare

    async def counted(account_id: int, *, trades: bool) -> bool:
        made.append(trades)
        return await compare(account_id, trades=trades)

    monkeypatch.setattr(world.reconciliation, "compare", counted)
    return made


async def silence(_: FakeSession) -> AsyncIterator[Any]:
    await asyncio.Event().wait()
    yield


async def reaches(comparisons: list[bool], count: int) -> None:
    async def so_many() -> bool:
        return len(comparisons) >= count

    await until(so_many)


async def test_an_open_stream_is_followed_by_one_comparison_trades_and_all(
    world: World, comparisons: list[bool]
) -> None:
    await world.placed()
    async with watched(world) as watching:
        await reaches(comparisons, 1)
        await asyncio.sleep(0.3)
        assert comparisons == [True]
        assert watching.compared


async def test_while_the_stream_is_silent_orders_and_trades_are_asked_for(
    world: World, comparisons: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(FakeSession, "news", silence)
    order = await world.placed()
    async with watched(world):
        await reaches(comparisons, 3)
        world.exchange.move(SYMBOL, D(50_000))
        await becomes(world, order, S.FILLED)
    assert all(comparisons)


async def test_while_it_is_heard_orders_are_compared_now_and_then_and_trades_more_rarely(
    world: World, comparisons: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(watch, "ORDERS_SECONDS", 0.1)
    monkeypatch.setattr(watch, "TRADES_SECONDS", 0.5)
    await world.placed()
    async with watched(world):
        await reaches(comparisons, 12)
    assert comparisons[:3] == [True, False, False]
    assert 1 < sum(comparisons) < 6


async def test_something_odd_is_followed_by_a_comparison(
    world: World, comparisons: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SILENT_SECONDS", 0.05)
    await world.placed()
    async with watched(world) as watching:
        await reaches(comparisons, 1)
        watching._hearing.suspicious = True
        await reaches(comparisons, 2)
    assert comparisons == [True, True]


async def test_a_comparison_that_fails_is_made_again(
    world: World, comparisons: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "RETRY_SECONDS", 0.05)
    order = await world.placed()
    async with watched(world) as watching:
        await reaches(comparisons, 1)
        world.exchange.unreachable = True
        watching.distrust()
        assert not watching.compared
        await reaches(comparisons, 4)
        assert not watching.compared
        # The one under way may be the first to find the exchange again.
        world.exchange.unreachable = False

        async def compared() -> bool:
            return watching.compared

        await until(compared)
    assert (await world.now(order)).status is S.OPEN


async def test_an_account_without_live_orders_is_let_go(world: World) -> None:
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000))
    async with watched(world):
        await becomes(world, order, S.FILLED)

        async def let_go() -> bool:
            async with world.database.begin() as connection:
                query = "SELECT monitor_id FROM exchange_accounts"
                return (await connection.exec_driver_sql(query)).scalar_one() is None

        # The order ended in the comparison; the one after it finds nothing live.
        world.exchange.cut_streams()
        await until(let_go)


async def test_an_unreachable_exchange_is_no_reason_to_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(watch, "RETRY_SECONDS", 0.01)

    async def unreachable(_: FakeSession) -> AsyncIterator[Any]:
        raise ExchangeUnreachable("away")
        yield

    monkeypatch.setattr(FakeSession, "news", unreachable)
    order = await world.placed()
    async with watched(world):
        world.exchange.move(SYMBOL, D(50_000))
        await becomes(world, order, S.FILLED)
