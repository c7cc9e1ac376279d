"""Waiting for what becomes of an order beside a test."""

from tests.kit.waiting import until
from tests.orders.world import World
from tradingbot.orders.models import Order
from tradingbot.trading.order import OrderStatus


async def becomes(world: World, order: Order, status: OrderStatus) -> Order:
    async def reached() -> bool:
        return (await world.now(order)).status is status

    await until(reached, 15)
    return await world.now(order)
