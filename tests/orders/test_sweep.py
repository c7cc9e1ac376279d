"""What a process left undone is finished by the sweep: in time, once, and no more than it can."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.fake_manners import Fault
from tests.fake_session import FakeSession
from tests.kit.waiting import until
from tests.orders.test_monitor import watching
from tests.orders.waiting import aged, becomes
from tests.orders.world import World
from tradingbot.exchanges.ports import OrderReport
from tradingbot.orders import monitor, monitor_repository
from tradingbot.orders.models import Order
from tradingbot.trading.order import OrderStatus

D = Decimal
S = OrderStatus


async def test_a_planned_order_whose_process_died_is_sent(world: World) -> None:
    order = await world.plan()
    await aged(world, order)
    async with watching(world):
        await becomes(world, order, S.OPEN)


async def test_an_order_whose_sender_died_before_hearing_the_answer_is_looked_up(
    world: World,
) -> None:
    world.exchange.fail_next(Fault.KILLED_AFTER)
    order = await world.plan()
    with pytest.raises(asyncio.CancelledError):
        await world.executor.place(order)
    await aged(world, order)

    async with watching(world):
        await becomes(world, order, S.OPEN)
    assert len(world.exchange.posts) == 1


@dataclass
class Slow:
    """The exchange does not say yet whether it has an order."""

    asked: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    slow, find = Slow(), FakeSession.find

    async def finds(self: FakeSession, symbol: str, client_order_id: str) -> OrderReport | None:
        slow.asked += 1
        await slow.answers.wait()
        return await find(self, symbol, client_order_id)

    monkeypatch.setattr(FakeSession, "find", finds)
    monkeypatch.setattr(monitor, "SWEEP_SECONDS", 0.05)
    return slow


async def lost(world: World, slot: str) -> Order:
    world.exchange.fail_next(Fault.LOST_BEFORE)
    return await world.placed(slot=slot)


async def test_an_order_that_is_being_looked_up_is_not_looked_up_beside_it(
    world: World, slow: Slow
) -> None:
    order = await lost(world, "grid:01:buy")
    async with watching(world):
        for _ in range(10):
            await aged(world, order)
            await asyncio.sleep(0.1)
        assert slow.asked == 1
        slow.answers.set()
        await aged(world, order)
        await until(lambda: slow.asked > 1)


async def test_no_more_orders_are_taken_than_are_looked_up_at_once(
    world: World, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor, "SWEEP_ORDERS_MAX", 3)
    in_doubt = [await lost(world, f"grid:{number:02}:buy") for number in range(5)]
    for order in in_doubt:
        await aged(world, order)
    async with watching(world):
        await until(lambda: slow.asked == 3)
        await asyncio.sleep(0.5)
        assert slow.asked == 3
        async with world.database.asking() as driver:  # the rest is another's to take
            assert len(await monitor_repository.take_due(driver, [], 10)) >= 2
        slow.answers.set()


async def test_a_wish_to_cancel_is_carried_out_when_its_process_died(world: World) -> None:
    order = await world.asked_to_cancel(await world.placed())
    await aged(world, order)
    async with watching(world):
        await becomes(world, order, S.CANCELLED)


@pytest.mark.parametrize(("age", "pause"), [(0.5, 0.5), (1, 1), (2, 2), (4, 4), (8, 5), (30, 5)])
async def test_an_order_in_doubt_is_looked_up_at_twice_its_age_again(
    world: World, age: float, pause: float
) -> None:
    world.exchange.fail_next(Fault.LOST_BEFORE)
    order = await world.placed()
    async with world.database.asking() as driver:
        query = """
            UPDATE orders SET updated_at = now() - $1::interval, check_after = now() - $1::interval
        """
        await driver.fetch(query, timedelta(seconds=age))
        [due] = await monitor_repository.take_due(driver, [], 10)
        [row] = await driver.fetch("SELECT check_after - now() AS rest FROM orders")
    assert due.id == order.id
    assert abs(row["rest"].total_seconds() - pause) < 0.2


async def test_after_an_answer_that_was_none_the_first_look_comes_soon(world: World) -> None:
    world.exchange.fail_next(Fault.LOST_BEFORE)
    await world.placed()
    async with world.database.asking() as driver:
        [row] = await driver.fetch("SELECT check_after - now() AS rest FROM orders")
    assert timedelta(0) < row["rest"] <= timedelta(seconds=0.5)


async def test_the_wait_of_what_is_in_doubt_begins_as_a_monitor_comes(world: World) -> None:
    world.exchange.fail_next(Fault.LOST_BEFORE)
    order = await world.placed()
    async with world.database.asking() as driver:
        await driver.fetch("UPDATE orders SET check_after = now() + interval '1 hour'")

    async def met() -> bool:
        return order.id in world.resolver._first_seen

    async with watching(world):
        await until(met)
