import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest
from sqlalchemy import text

from tests.fakes import Fault
from tests.orders.world import SYMBOL, World
from tradingbot.kit.lease import show_alive
from tradingbot.kit.queue import Unprocessable
from tradingbot.orders.models import Order
from tradingbot.trading.order import OrderStatus

D = Decimal
S = OrderStatus


@asynccontextmanager
async def watching(world: World) -> AsyncIterator[None]:
    async with world.database.begin() as connection:
        await show_alive(connection, "m1", "order-monitor")
    stopped = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(world.monitor.run(stopped))
        try:
            yield
        finally:
            stopped.set()


async def becomes(world: World, order: Order, status: OrderStatus) -> Order:
    async def reached() -> bool:
        return (await world.now(order)).status is status

    await until(reached)
    return await world.now(order)


async def until(happens: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while True:
            if await happens():
                return
            await asyncio.sleep(0.05)


async def listened_to(world: World) -> None:
    async def so() -> bool:
        return bool(world.exchange.account(world.account_id).listeners)

    await until(so)


async def test_a_fill_on_the_stream_reaches_the_order(world: World) -> None:
    order = await world.placed()
    async with watching(world):
        await listened_to(world)
        world.exchange.move(SYMBOL, D(50_000))

        order = await becomes(world, order, S.FILLED)
    assert order.filled_quantity == D("0.01")


async def test_what_happened_while_nobody_listened_is_found_when_the_stream_opens(
    world: World,
) -> None:
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000))

    async with watching(world):
        await becomes(world, order, S.FILLED)


async def test_what_happened_while_the_stream_was_cut_is_found_when_it_opens_again(
    world: World,
) -> None:
    order = await world.placed()
    async with watching(world):
        await listened_to(world)
        world.exchange.cut_streams()
        world.exchange.move(SYMBOL, D(50_000))

        await becomes(world, order, S.FILLED)


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


async def test_a_wish_to_cancel_is_carried_out_when_its_process_died(world: World) -> None:
    order = await world.asked_to_cancel(await world.placed())
    await aged(world, order)
    async with watching(world):
        await becomes(world, order, S.CANCELLED)


async def test_an_account_of_a_living_monitor_is_left_to_it(world: World) -> None:
    await world.placed()
    async with world.database.begin() as connection:
        await show_alive(connection, "another", "order-monitor")
        await connection.execute(text("UPDATE exchange_accounts SET monitor_id = 'another'"))

    async with watching(world):
        await asyncio.sleep(1.5)
        assert world.exchange.account(world.account_id).listeners == []


async def test_an_account_of_a_dead_monitor_is_taken_over(world: World) -> None:
    await world.placed()
    async with world.database.begin() as connection:
        await connection.execute(text("UPDATE exchange_accounts SET monitor_id = 'dead'"))

    async with watching(world):
        await listened_to(world)


@pytest.mark.parametrize(
    "item", [{}, {"order_id": "1", "action": "monitor"}, {"order_id": 77, "action": "monitor"}]
)
async def test_an_item_that_means_nothing_is_refused_with_a_reason(
    world: World, item: dict[str, object]
) -> None:
    with pytest.raises(Unprocessable):
        await world.monitor.handle(item)


async def test_an_item_has_its_order_looked_at(world: World) -> None:
    order = await world.placed()
    world.exchange.move(SYMBOL, D(50_000))

    await world.monitor.handle({"order_id": order.id, "action": "monitor"})

    assert (await world.now(order)).status is S.FILLED


async def aged(world: World, order: Order) -> None:
    """As if it had been left a while ago: the sweep's times are the database's own."""
    async with world.database.begin() as connection:
        await connection.execute(
            text(
                "UPDATE orders SET created_at = created_at - interval '1 minute', "
                "check_after = check_after - interval '1 minute' WHERE id = :id"
            ),
            {"id": order.id},
        )
