"""Waiting for what becomes of an order beside a test."""

from sqlalchemy import text

from tests.kit.waiting import until
from tests.orders.world import World
from tradingbot.orders.models import Order
from tradingbot.trading.order import OrderStatus


async def becomes(world: World, order: Order, status: OrderStatus) -> Order:
    async def reached() -> bool:
        return (await world.now(order)).status is status

    await until(reached, 15)
    return await world.now(order)


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
